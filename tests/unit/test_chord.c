// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the BPF program lets through at level actions, as a table of presses:
 * the same functions, compiled for here.
 */
#include <linux/input-event-codes.h>
#include <stdlib.h>

#include "unit.h"

#include "../../bpf/redact.h"

#define MOVED 0x100 /* beside `held`: a modifier moved in this packet */

static const unsigned char class_of[KEY_CNT] = {
#include "../../bpf/classes.def"
};

struct press {
	unsigned int held; /* CANDOR_LEFTCTRL ... | MOVED */
	unsigned short code;
	int shown;
};

#define CTRL CANDOR_LEFTCTRL
#define ALT CANDOR_LEFTALT
#define META CANDOR_LEFTMETA
#define PRESSES_MAX 8

/* Each is one hold after another of one real keyboard; 0 ends a row. */
static const struct {
	const char *name;
	struct press press[PRESSES_MAX];
} cases[] = {
	{ "a letter alone", { { 0, KEY_A, 0 } } },
	{ "Shift and a letter", { { CANDOR_LEFTSHIFT, KEY_A, 0 } } },
	{ "AltGr and a letter", { { CANDOR_RIGHTALT, KEY_Q, 0 } } },
	{ "right Ctrl and a letter", { { CANDOR_RIGHTCTRL, KEY_C, 0 } } },
	{ "Ctrl+C", { { CTRL, KEY_C, 1 } } },
	{ "Alt+F, Meta+L", { { ALT, KEY_F, 1 }, { 0, KEY_A, 0 },
			     { META, KEY_L, 1 } } },
	{ "Ctrl+Shift+T", { { CTRL | CANDOR_LEFTSHIFT, KEY_T, 1 } } },
	{ "Ctrl+Alt+Q", { { CTRL | ALT, KEY_Q, 0 } } },
	{ "right Ctrl+Alt+Q", { { CANDOR_RIGHTCTRL | ALT, KEY_Q, 0 } } },
	{ "Ctrl+AltGr+E", { { CTRL | CANDOR_RIGHTALT, KEY_E, 0 } } },
	{ "Meta+AltGr+E", { { META | CANDOR_RIGHTALT, KEY_E, 0 } } },
	{ "the fifth press of a hold",
	  { { CTRL, KEY_A, 1 }, { CTRL, KEY_B, 1 }, { CTRL, KEY_C, 1 },
	    { CTRL, KEY_D, 1 }, { CTRL, KEY_E, 0 }, { CTRL, KEY_F, 0 } } },
	{ "a new hold begins anew",
	  { { CTRL, KEY_A, 1 }, { CTRL, KEY_B, 1 }, { CTRL, KEY_C, 1 },
	    { CTRL, KEY_D, 1 }, { 0, KEY_X, 0 }, { CTRL, KEY_E, 1 } } },
	{ "presses that show nothing count too",
	  { { CTRL | ALT, KEY_A, 0 }, { CTRL | ALT, KEY_B, 0 },
	    { CTRL | ALT, KEY_C, 0 }, { CTRL | ALT, KEY_D, 0 },
	    { CTRL, KEY_E, 0 } } },
	{ "Ctrl+Shift+U and what follows",
	  { { CTRL | CANDOR_LEFTSHIFT, KEY_U, 0 }, { CTRL, KEY_2, 0 },
	    { CTRL, KEY_0, 0 }, { 0, KEY_A, 0 }, { CTRL, KEY_C, 1 } } },
	{ "Shift that goes down in the packet of U",
	  { { CTRL | MOVED, KEY_U, 0 }, { CTRL, KEY_2, 0 } } },
	{ "AltGr that goes down or up in the packet of the key",
	  { { CTRL | MOVED, KEY_E, 0 } } },
	{ "Alt and the keypad", { { ALT, KEY_KP1, 0 }, { ALT, KEY_KP6, 0 } } },
	{ "Ctrl and the keypad", { { CTRL, KEY_KPPLUS, 1 } } },
	{ "keys outside the usual ones",
	  { { 0, KEY_102ND, 0 }, { 0, KEY_RO, 0 }, { 0, KEY_YEN, 0 },
	    { 0, KEY_KPCOMMA, 0 }, { 0, KEY_KPENTER, 0 },
	    { 0, KEY_SPACE, 0 } } },
	{ "keys that type nothing",
	  { { 0, KEY_ENTER, 1 }, { 0, KEY_TAB, 1 }, { 0, KEY_F5, 1 },
	    { 0, KEY_LEFT, 1 }, { 0, KEY_BACKSPACE, 1 },
	    { 0, KEY_VOLUMEUP, 1 } } },
};

static unsigned short after(struct candor_device_state *st,
			    const struct press *press)
{
	struct candor_value v = { EV_KEY, press->code, 1 };
	unsigned char held = (unsigned char)press->held;

	redact_hold(st, held);
	ck_assert(redact_value(REDACT_ACTIONS, st, held, press->held & MOVED,
			       class_of[press->code], &v));
	return v.code;
}

START_TEST(I2_chords_show_what_section_6_allows_and_no_more)
{
	struct candor_device_state st = { .shows_chords = 1 };
	const struct press *press = cases[_i].press;

	for (int i = 0; i < PRESSES_MAX && press[i].code; i++) {
		unsigned short code = after(&st, &press[i]);

		ck_assert_msg(code == (press[i].shown ? press[i].code :
							CANDOR_CODE_TEXT),
			      "%s: press %d", cases[_i].name, i + 1);
	}
}
END_TEST

START_TEST(I2_a_virtual_keyboard_shows_no_chord)
{
	const struct press press = { CTRL, KEY_C, 0 };
	struct candor_device_state st = { .shows_chords = 0 };

	ck_assert_uint_eq(after(&st, &press), CANDOR_CODE_TEXT);
}
END_TEST

/* Every code there is, and those that have no name yet. */
START_TEST(I2_no_code_without_a_class_is_shown)
{
	for (unsigned int code = 0; code <= UINT16_MAX; code++) {
		struct candor_device_state st = { .shows_chords = 1 };
		struct candor_value v = { EV_KEY, (unsigned short)code, 1 };
		unsigned char class = code < KEY_CNT ? class_of[code] :
						       CLASS_TEXT;

		ck_assert(redact_value(REDACT_ACTIONS, &st, 0, 0, class, &v));
		if (class == CLASS_TEXT)
			ck_assert_uint_eq(v.code, CANDOR_CODE_TEXT);
	}
}
END_TEST

START_TEST(I2_releases_and_repeats_of_text_keys_do_not_cross)
{
	for (int value = 0; value <= 2; value += 2) {
		struct candor_device_state st = { .shows_chords = 1 };
		struct candor_value v = { EV_KEY, KEY_A, value };

		ck_assert(!redact_value(REDACT_ACTIONS, &st, CTRL, 0,
					CLASS_TEXT, &v));
	}
}
END_TEST

START_TEST(I2_other_event_types_never_cross)
{
	static const unsigned int levels[] = { REDACT_ACTIONS,
					       REDACT_DEMONSTRATION, 0, 1, 3 };

	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++)
		for (unsigned short type = EV_MSC; type < EV_CNT; type++) {
			struct candor_device_state st = { 0 };
			struct candor_value v = { type, MSC_SCAN, 30 };

			ck_assert(!redact_value(levels[i], &st, 0, 0,
						CLASS_TEXT, &v));
		}
}
END_TEST

static Suite *chord_suite(void)
{
	Suite *suite = suite_create("chord");
	TCase *tcase = tcase_create("actions");

	tcase_add_loop_test(tcase,
			    I2_chords_show_what_section_6_allows_and_no_more, 0,
			    sizeof(cases) / sizeof(*cases));
	tcase_add_test(tcase, I2_a_virtual_keyboard_shows_no_chord);
	tcase_add_test(tcase, I2_no_code_without_a_class_is_shown);
	tcase_add_test(tcase, I2_releases_and_repeats_of_text_keys_do_not_cross);
	tcase_add_test(tcase, I2_other_event_types_never_cross);
	suite_add_tcase(suite, tcase);
	return suite;
}
UNIT_SUITE(chord_suite)
