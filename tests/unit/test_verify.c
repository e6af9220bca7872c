// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/input.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "encode.h"
#include "fixture.h"
#include "segment.h"
#include "unit.h"
#include "verify.h"

/* A segment of @frames, read by verify. */
static void verify_frames(const struct bytes *frames,
			  struct verify_report *report)
{
	int fd = memfd_create("segment", MFD_CLOEXEC);
	struct segment *segment = segment_new(dup(fd));

	ck_assert_int_eq(segment_append(segment, frames->data, frames->len), 0);
	ck_assert_int_eq(segment_seal(segment), 0);
	segment_free(segment);
	ck_assert_int_eq(verify_file(fd, report), 0);
	close(fd);
}

struct plan {
	enum level level;      /* of the header */
	enum level rows_level; /* of the encoder, 0: the same */
	const struct row *rows;
	size_t count;
	const struct ledger_row *ledger;
	size_t ledger_rows;
	bool recovered;
	uint64_t end_ns;
};

static void verify_plan(const struct plan *plan, struct verify_report *report)
{
	enum level level = plan->rows_level ? plan->rows_level : plan->level;
	struct header_info header = fixture_actions;
	struct encode *encode = encode_new(level);
	struct bytes frames = {0};

	header.level = plan->level;
	encode_header(&header, &frames);
	for (size_t i = 0; i < plan->count; i++)
		ck_assert_int_eq(encode_row(encode, &plan->rows[i]), 0);
	ck_assert_int_eq(encode_batch(encode, &frames), 0);
	encode_trailer(plan->ledger, plan->ledger_rows, plan->recovered,
		       plan->end_ns, &frames);
	verify_frames(&frames, report);
	encode_free(encode);
	bytes_free(&frames);
}

START_TEST(i4_segments_that_are_right_verify)
{
	static const enum level levels[] = {LEVEL_ACTIONS, LEVEL_DEMONSTRATION};

	for (int i = 0; i < 2; i++) {
		struct verify_report report;
		struct bytes frames = {0};

		fixture_frames(levels[i], &frames);
		verify_frames(&frames, &report);
		ck_assert_msg(report.ok, "%s", report.what);
		ck_assert_int_eq(report.level, levels[i]);
		ck_assert_uint_eq(report.seq, i ? 8 : 7);
		verify_report_free(&report);
		bytes_free(&frames);
	}
}
END_TEST

START_TEST(missing_numbers_are_listed_as_runs)
{
	struct verify_report report;
	struct bytes frames = {0};

	fixture_frames(LEVEL_DEMONSTRATION, &frames);
	verify_frames(&frames, &report);
	ck_assert(report.ok);
	ck_assert_uint_eq(report.devices, 3);
	ck_assert_uint_eq(report.runs, 1);
	ck_assert_uint_eq(report.packets_missing, 2);
	ck_assert_uint_eq(report.missing[0].device, 5);
	ck_assert_uint_eq(report.missing[0].first, 43);
	ck_assert_uint_eq(report.missing[0].last, 44);
	verify_report_free(&report);
	bytes_free(&frames);
}
END_TEST

#define S 1000000000ULL

static const struct candor_value press[] = {{EV_KEY, KEY_A, 1}};
static const struct candor_value scan[] = {{EV_MSC, MSC_SCAN, 30}};
static const struct device keyboard = {.id = 5, .kind = CANDOR_KIND_KEYBOARD};

#define KEY(code_, held_)                                         \
	{                                                         \
		.kind = ROW_KEY, .device = 5, .time_ns = 101 * S, \
		.held = (held_),                                  \
		.key = {.code = (code_) }                         \
	}
#define PACKET(seq_, values_)                                        \
	{                                                            \
		.kind = ROW_PACKET, .device = 5, .time_ns = 101 * S, \
		.seq = (seq_), .packet = {                           \
			1,                                           \
			(values_)                                    \
		}                                                    \
	}

static const struct row text_key[] = {KEY(KEY_A, 0)};
static const struct row shift_key[] = {KEY(KEY_A, CANDOR_LEFTSHIFT)};
static const struct row chord[] = {KEY(KEY_A, CANDOR_LEFTCTRL)};
static const struct row ctrl_alt[] = {
	KEY(KEY_A, CANDOR_LEFTCTRL | CANDOR_LEFTALT)};
static const struct row altgr[] = {
	KEY(KEY_A, CANDOR_LEFTCTRL | CANDOR_RIGHTALT)};
static const struct row enter[] = {KEY(KEY_ENTER, 0)};
static const struct row unknown_key[] = {KEY(0x2ff, 0)};
static const struct row hidden_key[] = {KEY(CANDOR_CODE_TEXT, 0)};
static const struct row repeats[] = {
	{.kind = ROW_KEY,
	 .device = 5,
	 .time_ns = 101 * S,
	 .key = {.code = KEY_ENTER, .repeats = 5}}};
static const struct row key_button[] = {
	{.kind = ROW_BUTTON,
	 .device = 5,
	 .time_ns = 101 * S,
	 .button = {.code = KEY_A, .down = true}}};
static const struct row length[] = {{.kind = ROW_TEXT,
				     .device = 5,
				     .time_ns = 101 * S,
				     .text = {.length = 7}}};
static const struct row packets[] = {PACKET(3, press), PACKET(4, press)};
static const struct row again[] = {PACKET(3, press), PACKET(3, press)};
static const struct row unnumbered[] = {PACKET(0, press)};
static const struct row scan_code[] = {PACKET(3, scan)};
static const struct row announced[] = {
	{.kind = ROW_DEVICE,
	 .device = 5,
	 .time_ns = 100 * S,
	 .device_info = &keyboard},
	KEY(KEY_ENTER, 0),
};

static const struct ledger_row balanced = {.device = 5};
static const struct ledger_row unbalanced = {.device = 5, .seen = 2};
static const struct ledger_row exact_unbalanced = {
	.device = 5, .exact = true, .seen = 3, .written = 2};
static const struct ledger_row exact2 = {
	.device = 5, .exact = true, .seen = 2, .written = 2};
static const struct ledger_row exact1 = {
	.device = 5, .exact = true, .seen = 2, .written = 1, .suppressed = 1};
static const struct ledger_row twice[] = {{.device = 5}, {.device = 5}};

#define ROWS(rows_) .rows = (rows_), .count = sizeof(rows_) / sizeof(*(rows_))
#define A .level = LEVEL_ACTIONS
#define D .level = LEVEL_DEMONSTRATION
#define LEDGER(row_) .ledger = &(row_), .ledger_rows = 1

START_TEST(what_is_wrong_is_said)
{
	static const struct {
		const char *what; /* NULL: nothing */
		struct plan plan;
	} cases[] = {
		{NULL, {A, ROWS(chord), LEDGER(balanced)}},
		{NULL, {A, ROWS(enter), LEDGER(balanced)}},
		{NULL, {D, ROWS(packets), LEDGER(exact2)}},
		{NULL, {A, ROWS(enter), .recovered = true}},
		{"input5: a text key outside a chord",
		 {A, ROWS(text_key), LEDGER(balanced)}},
		{"input5: a text key outside a chord",
		 {A, ROWS(shift_key), LEDGER(balanced)}},
		{"input5: a text key outside a chord",
		 {A, ROWS(ctrl_alt), LEDGER(balanced)}},
		{"input5: a text key outside a chord",
		 {A, ROWS(altgr), LEDGER(balanced)}},
		{"input5: a text key outside a chord",
		 {A, ROWS(unknown_key), LEDGER(balanced)}},
		{"input5: a text key outside a chord",
		 {A, ROWS(hidden_key), LEDGER(balanced)}},
		{"input5: a button that is a key",
		 {A, ROWS(key_button), LEDGER(balanced)}},
		{"input5: a count that is no bucket",
		 {A, ROWS(repeats), LEDGER(balanced)}},
		{"input5: a count that is no bucket",
		 {A, ROWS(length), LEDGER(balanced)}},
		{"a packet, which level actions does not store",
		 {A, .rows_level = LEVEL_DEMONSTRATION, ROWS(packets),
		  LEDGER(balanced)}},
		{"a key, which level demonstration does not store",
		 {D, .rows_level = LEVEL_ACTIONS, ROWS(enter),
		  LEDGER(balanced)}},
		{"input5: packet 3 after 3", {D, ROWS(again), LEDGER(exact2)}},
		{"input5: a row without its packet's number",
		 {D, ROWS(unnumbered), LEDGER(exact2)}},
		{"input5: a value of type 4, which is never stored",
		 {D, ROWS(scan_code), LEDGER(exact2)}},
		{"input5: the recorder's ledger did not balance",
		 {A, ROWS(enter), LEDGER(unbalanced)}},
		{"input5: the recorder's ledger did not balance",
		 {D, ROWS(packets), LEDGER(exact_unbalanced)}},
		{"input5: the ledger has 1 packets written, the rows have 2",
		 {D, ROWS(packets), LEDGER(exact1)}},
		{"input5: rows without a ledger", {A, ROWS(enter)}},
		{"input5: rows without a ledger",
		 {D, ROWS(packets), .recovered = true}},
		{"input5: two ledgers",
		 {A, ROWS(enter), .ledger = twice, .ledger_rows = 2}},
		{"input5: a count of a keyboard, which the level does not "
		 "store",
		 {A, ROWS(announced), LEDGER(exact2)}},
		{"the segment's end is not on the grid",
		 {A, ROWS(enter), LEDGER(balanced), .end_ns = 7}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct verify_report report;

		verify_plan(&cases[i].plan, &report);
		ck_assert_msg(report.ok == !cases[i].what, "case %zu: %s", i,
			      report.what);
		ck_assert_str_eq(report.what,
				 cases[i].what ? cases[i].what : "");
		verify_report_free(&report);
	}
}
END_TEST

/* Written by somebody who says `actions` and stores microseconds. */
START_TEST(finer_times_than_the_level_allows_are_wrong)
{
	struct verify_report report;
	struct bytes frames = {0};
	uint8_t *unit;

	fixture_frames(LEVEL_ACTIONS, &frames);
	/* pointer_unit_ns: tag 0x58, varint 1000000 */
	unit = memmem(frames.data, frames.len, "\x58\xc0\x84\x3d", 4);
	ck_assert_ptr_nonnull(unit);
	memcpy(unit + 1, "\xbf\x84\x3d", 3);
	verify_frames(&frames, &report);
	ck_assert(!report.ok);
	ck_assert_str_eq(report.what,
			 "times are finer than level actions allows");
	verify_report_free(&report);
	bytes_free(&frames);
}
END_TEST

START_TEST(frames_out_of_place_are_wrong)
{
	struct verify_report report;
	struct bytes frames = {0}, header = {0};
	size_t len;

	encode_header(&fixture_actions, &header);
	fixture_frames(LEVEL_ACTIONS, &frames);
	len = frames.len;
	bytes_append(&frames, header.data, header.len);
	verify_frames(&frames, &report);
	ck_assert_str_eq(report.what, "a frame after the trailer");
	verify_report_free(&report);

	frames.len = len;
	memmove(frames.data, frames.data + header.len, len - header.len);
	frames.len = len - header.len;
	verify_frames(&frames, &report);
	ck_assert_str_eq(report.what, "a frame before the header");
	verify_report_free(&report);

	verify_frames(&header, &report);
	ck_assert_str_eq(report.what, "it has no trailer");
	verify_report_free(&report);

	encode_header(&fixture_actions, &header);
	verify_frames(&header, &report);
	ck_assert_str_eq(report.what, "a second header");
	verify_report_free(&report);

	header.len -= 3;
	verify_frames(&header, &report);
	ck_assert_str_eq(report.what, "its last frame is not whole");
	verify_report_free(&report);
	bytes_free(&frames);
	bytes_free(&header);
}
END_TEST

/* LZ4's checksums are made anew here, so that the parser meets the damage. */
START_TEST(every_damaged_frame_is_survived)
{
	struct bytes frames = {0};

	fixture_frames(LEVEL_ACTIONS, &frames);
	for (size_t i = 0; i < frames.len; i++) {
		uint8_t old = frames.data[i];

		for (int bit = 0; bit < 8; bit += 3) {
			struct verify_report report;

			frames.data[i] = (uint8_t)(old ^ 1 << bit);
			verify_frames(&frames, &report);
			ck_assert(report.ok || *report.what);
			verify_report_free(&report);
		}
		frames.data[i] = old;
	}
	bytes_free(&frames);
}
END_TEST

static Suite *verify_suite(void)
{
	Suite *suite = suite_create("verify");
	TCase *tcase = tcase_create("verify");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, i4_segments_that_are_right_verify);
	tcase_add_test(tcase, missing_numbers_are_listed_as_runs);
	tcase_add_test(tcase, what_is_wrong_is_said);
	tcase_add_test(tcase, finer_times_than_the_level_allows_are_wrong);
	tcase_add_test(tcase, frames_out_of_place_are_wrong);
	tcase_add_test(tcase, every_damaged_frame_is_survived);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_SUITE(verify_suite)
