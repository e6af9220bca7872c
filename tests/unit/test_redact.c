// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/input-event-codes.h>

#include "hold.h"
#include "redact.h"
#include "source.h"
#include "unit.h"

#define MS UINT64_C(1000000)
#define S (1000 * MS)
#define T0 (1000 * S) /* on the grid */

/* Rows as text, one a line: what the tests compare. */
static char rows[1 << 16];
static size_t rows_used;
static uint64_t rows_count[ROW_GAP + 1];
static int64_t sum_dx, sum_dy;

static struct ledger *ledger;
static struct redact *redact;
static uint64_t seq[32];

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	rows_used += (size_t)vsnprintf(rows + rows_used,
				       sizeof(rows) - rows_used, format, args);
	va_end(args);
	ck_assert_uint_lt(rows_used, sizeof(rows));
}

/* Milliseconds since T0. */
static uint64_t ms(uint64_t time_ns)
{
	return (time_ns - T0) / MS;
}

static void note_row(const struct row *row)
{
	switch (row->kind) {
	case ROW_MOTION:
		note("motion %d %d", row->motion.dx, row->motion.dy);
		break;
	case ROW_POSITION:
		note("position %d %d", row->position.x, row->position.y);
		break;
	case ROW_BUTTON:
		note("button %#x %s", row->button.code,
		     row->button.down ? "down" : "up");
		break;
	case ROW_WHEEL:
		note("wheel %d %d", row->wheel.vertical, row->wheel.horizontal);
		break;
	case ROW_KEY:
		note("key %u x%u", row->key.code, row->key.repeats);
		break;
	case ROW_TEXT:
		note("text %u %" PRIu64 "ms", row->text.length,
		     row->text.duration_ns / MS);
		break;
	case ROW_TOUCH:
		note("touch cell %u by %u %" PRIu64 "ms", row->touch.cell,
		     row->touch.contacts, row->touch.duration_ns / MS);
		break;
	case ROW_PACKET:
		note("packet of %u", row->packet.count);
		break;
	case ROW_REMOVED:
		note("removed");
		break;
	case ROW_DEVICE:
	case ROW_ANCHOR:
	case ROW_GAP:
		break;
	}
}

static int take_row(const struct row *row, void *ctx)
{
	rows_count[row->kind]++;
	if (row->kind == ROW_MOTION) {
		sum_dx += row->motion.dx;
		sum_dy += row->motion.dy;
	}
	if (ctx || row->kind == ROW_DEVICE)
		return 0;
	note("%" PRIu64 " d%u ", ms(row->time_ns), row->device);
	note_row(row);
	if (row->held)
		note(" held %#x", row->held);
	note("\n");
	return 0;
}

static void begin(enum level level)
{
	rows_used = 0;
	rows[0] = '\0';
	memset(rows_count, 0, sizeof(rows_count));
	memset(seq, 0, sizeof(seq));
	sum_dx = sum_dy = 0;
	ledger = ledger_new();
	redact = redact_new(level, ledger, take_row, NULL);
	ck_assert_ptr_nonnull(redact);
}

static void end(void)
{
	redact_free(redact);
	ledger_free(ledger);
}

static void announce(uint32_t id, uint8_t kind)
{
	struct device device = { .id = id, .kind = kind, .axes = 4 };

	device.axis[0] = (struct device_axis){ ABS_X, 0, 0, 799 };
	device.axis[1] = (struct device_axis){ ABS_Y, 0, 0, 799 };
	device.axis[2] =
		(struct device_axis){ ABS_MT_POSITION_X, 0, -800, 799 };
	device.axis[3] =
		(struct device_axis){ ABS_MT_POSITION_Y, 0, -800, 799 };
	ck_assert_int_eq(
		redact_device(redact, &device, CANDOR_DEVICE_OPENED, T0), 0);
}

/* A packet of up to 16 values: type, code, value ..., -1. */
static void packet_held(uint32_t id, uint64_t at_ms, uint8_t held, ...)
{
	struct candor_value values[16];
	struct packet packet = { .time_ns = T0 + at_ms * MS,
				 .seq = ++seq[id],
				 .device = id,
				 .held = held,
				 .values = values };
	va_list args;
	int type;

	va_start(args, held);
	while ((type = va_arg(args, int)) >= 0) {
		values[packet.count].type = (uint16_t)type;
		values[packet.count].code = (uint16_t)va_arg(args, int);
		values[packet.count++].value = va_arg(args, int);
	}
	va_end(args);
	ck_assert_int_eq(redact_packet(redact, &packet), 0);
}
#define packet(id, at_ms, ...) packet_held(id, at_ms, 0, __VA_ARGS__, -1)

static void key(uint32_t id, uint64_t at_ms, int code, int value)
{
	packet(id, at_ms, EV_KEY, code, value);
}

static void text(uint32_t id, uint64_t at_ms)
{
	key(id, at_ms, CANDOR_CODE_TEXT, 1);
}

static void finish(const char *want)
{
	ck_assert_int_eq(redact_finish(redact), 0);
	ck_assert_str_eq(rows, want);
	ck_assert(ledger_balances(ledger));
	end();
}

static void counts(uint32_t id, uint64_t written, uint64_t merged,
		   uint64_t suppressed)
{
	const struct ledger_row *row;

	ck_assert_int_eq(redact_finish(redact), 0);
	row = ledger_get(ledger, id);
	ck_assert_uint_eq(row->written, written);
	ck_assert_uint_eq(row->merged, merged);
	ck_assert_uint_eq(row->suppressed, suppressed);
	ck_assert(ledger_row_balances(row));
}

START_TEST(levels_of_later_versions_are_refused)
{
	ck_assert_ptr_null(redact_new(LEVEL_TIMING, NULL, take_row, NULL));
	ck_assert_int_eq(errno, ENOTSUP);
	ck_assert_ptr_null(redact_new(LEVEL_TOTALS, NULL, take_row, NULL));
	ck_assert_int_eq(errno, ENOTSUP);
}
END_TEST

/* --- keys */

START_TEST(presses_stand_on_the_grid_and_releases_leave_nothing)
{
	begin(LEVEL_ACTIONS);
	announce(1, CANDOR_KIND_KEYBOARD);
	key(1, 260, KEY_ENTER, 1);
	key(1, 330, KEY_ENTER, 0);
	key(1, 999, KEY_TAB, 1);
	counts(1, 2, 0, 1);
	ck_assert(!ledger_get(ledger, 1)->exact);
	finish("250 d1 key 28 x0\n750 d1 key 15 x0\n");
}
END_TEST

START_TEST(repeats_merge_into_their_press_as_a_bucket)
{
	static const struct {
		int repeats, bucket;
	} table[] = {
		{ 0, 0 },  { 1, 1 },   { 3, 1 },   { 4, 4 },   { 7, 4 },
		{ 15, 8 }, { 16, 16 }, { 31, 16 }, { 32, 32 }, { 500, 32 }
	};
	char want[64];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		begin(LEVEL_ACTIONS);
		announce(1, CANDOR_KIND_KEYBOARD);
		key(1, 0, KEY_DOWN, 1);
		for (int j = 0; j < table[i].repeats; j++)
			key(1, 500 + 33 * (uint64_t)j, KEY_DOWN, 2);
		counts(1, 1, (uint64_t)table[i].repeats, 0);
		snprintf(want, sizeof(want), "0 d1 key 108 x%d\n",
			 table[i].bucket);
		finish(want);
	}
}
END_TEST

START_TEST(a_repeat_without_its_press_leaves_nothing)
{
	begin(LEVEL_ACTIONS);
	announce(1, CANDOR_KIND_KEYBOARD);
	key(1, 0, KEY_DOWN, 1);
	key(1, 2600, KEY_DOWN, 2); /* its row ended after 2 s */
	key(1, 2700, KEY_UP, 2);
	counts(1, 1, 0, 2);
	finish("0 d1 key 108 x0\n");
}
END_TEST

START_TEST(chords_carry_their_modifiers)
{
	begin(LEVEL_ACTIONS);
	announce(1, CANDOR_KIND_KEYBOARD);
	key(1, 0, KEY_LEFTCTRL, 1);
	packet_held(1, 300, CANDOR_LEFTCTRL, EV_KEY, KEY_C, 1, -1);
	packet_held(1, 600, CANDOR_LEFTCTRL, EV_KEY, KEY_LEFTCTRL, 0, -1);
	key(1, 900, KEY_ENTER, 1);
	finish("0 d1 key 29 x0\n250 d1 key 46 x0 held 0x1\n"
	       "750 d1 key 28 x0\n");
}
END_TEST

START_TEST(text_is_runs_of_bucketed_length)
{
	static const struct {
		int presses, bucket;
	} table[] = { { 1, 1 },	  { 3, 1 },   { 4, 4 },	  { 8, 8 },
		      { 16, 16 }, { 31, 16 }, { 32, 32 }, { 400, 32 } };
	char want[64];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		begin(LEVEL_ACTIONS);
		announce(1, CANDOR_KIND_KEYBOARD);
		for (int j = 0; j < table[i].presses; j++)
			text(1, 100 + 100 * (uint64_t)j);
		counts(1, 0, (uint64_t)table[i].presses, 0);
		snprintf(want, sizeof(want), "0 d1 text %d %dms\n",
			 table[i].bucket, 100 * table[i].presses / 250 * 250);
		finish(want);
	}
}
END_TEST

START_TEST(a_run_ends_with_a_key_a_button_or_two_seconds)
{
	begin(LEVEL_ACTIONS);
	announce(1, CANDOR_KIND_KEYBOARD);
	announce(2, CANDOR_KIND_KEYBOARD);
	announce(3, CANDOR_KIND_MOUSE);
	text(1, 0);
	text(1, 300);
	key(1, 500, KEY_ENTER, 1);
	text(1, 750);
	key(2, 1000, KEY_TAB, 1); /* of another keyboard */
	text(1, 1250);
	key(3, 1501, BTN_LEFT, 1);
	text(1, 1750);
	key(3, 1800, BTN_LEFT, 0); /* a release ends none */
	packet(3, 1900, EV_REL, REL_X, 1); /* nor does motion */
	text(1, 2000);
	text(1, 4000);
	finish("0 d1 text 1 250ms\n"
	       "500 d1 key 28 x0\n"
	       "750 d1 text 1 0ms\n"
	       "1250 d1 text 1 0ms\n"
	       "1501 d3 button 0x110 down\n"
	       "1800 d3 button 0x110 up\n"
	       "1900 d3 motion 1 0\n"
	       "1750 d1 text 1 250ms\n"
	       "1000 d2 key 15 x0\n"
	       "4000 d1 text 1 0ms\n");
}
END_TEST

START_TEST(text_that_is_no_press_leaves_nothing)
{
	begin(LEVEL_ACTIONS);
	announce(1, CANDOR_KIND_KEYBOARD);
	key(1, 0, CANDOR_CODE_TEXT, 0);
	key(1, 100, CANDOR_CODE_TEXT, 2);
	counts(1, 0, 0, 2);
	finish("");
}
END_TEST

START_TEST(a_seal_ends_what_is_open)
{
	begin(LEVEL_ACTIONS);
	announce(1, CANDOR_KIND_KEYBOARD);
	text(1, 0);
	counts(1, 0, 1, 0);
	ck_assert_uint_eq(rows_count[ROW_DEVICE], 1);
	ledger_reset(ledger);
	text(1, 250);
	counts(1, 0, 1, 0);
	ck_assert_uint_eq(rows_count[ROW_DEVICE], 2);
	finish("0 d1 text 1 0ms\n250 d1 text 1 0ms\n");
}
END_TEST

/* --- pointers */

START_TEST(motion_is_summed_in_windows_of_8_ms)
{
	begin(LEVEL_ACTIONS);
	announce(1, CANDOR_KIND_MOUSE);
	packet(1, 0, EV_REL, REL_X, 1, EV_REL, REL_Y, -1);
	packet(1, 7, EV_REL, REL_X, 2);
	packet(1, 8, EV_REL, REL_Y, 5);
	packet(1, 30, EV_REL, REL_X, 7);
	packet(1, 31, EV_REL, REL_X, -7);
	counts(1, 1, 4, 0);
	ck_assert(ledger_get(ledger, 1)->exact);
	finish("7 d1 motion 3 -1\n8 d1 motion 0 5\n31 d1 motion 0 0\n");
}
END_TEST

START_TEST(windows_end_by_themselves)
{
	begin(LEVEL_ACTIONS);
	announce(1, CANDOR_KIND_MOUSE);
	ck_assert_uint_eq(redact_deadline(redact), UINT64_MAX);
	packet(1, 100, EV_REL, REL_X, 1);
	ck_assert_uint_eq(redact_deadline(redact), T0 + 108 * MS);
	ck_assert_int_eq(redact_flush(redact, T0 + 108 * MS - 1), 0);
	ck_assert_str_eq(rows, "");
	ck_assert_int_eq(redact_flush(redact, T0 + 108 * MS), 0);
	ck_assert_str_eq(rows, "100 d1 motion 1 0\n");
	ck_assert_uint_eq(redact_deadline(redact), UINT64_MAX);
	end();
}
END_TEST

START_TEST(buttons_and_wheel_keep_their_order_to_the_path)
{
	begin(LEVEL_ACTIONS);
	announce(1, CANDOR_KIND_MOUSE);
	packet(1, 0, EV_REL, REL_X, 1);
	packet(1, 1, EV_REL, REL_X, 1, EV_KEY, BTN_LEFT, 1);
	packet(1, 2, EV_REL, REL_X, 4);
	packet(1, 3, EV_REL, REL_WHEEL, -1);
	packet(1, 4, EV_REL, REL_X, 8, EV_KEY, BTN_LEFT, 0);
	counts(1, 4, 1, 0);
	finish("1 d1 motion 2 0\n1 d1 button 0x110 down\n2 d1 motion 4 0\n"
	       "3 d1 wheel -120 0\n4 d1 motion 8 0\n4 d1 button 0x110 up\n");
}
END_TEST

START_TEST(fine_wheels_count_their_notches_once)
{
	begin(LEVEL_ACTIONS);
	announce(1, CANDOR_KIND_MOUSE);
	packet(1, 0, EV_REL, REL_WHEEL, 2);
	packet(1, 10, EV_REL, REL_WHEEL_HI_RES, 90);
	packet(1, 20, EV_REL, REL_WHEEL_HI_RES, 30, EV_REL, REL_WHEEL, 1);
	packet(1, 30, EV_REL, REL_WHEEL, 1);
	packet(1, 40, EV_REL, REL_HWHEEL, -1);
	packet(1, 50, EV_REL, REL_HWHEEL_HI_RES, -15);
	counts(1, 5, 0, 1);
	finish("0 d1 wheel 240 0\n10 d1 wheel 90 0\n20 d1 wheel 30 0\n"
	       "40 d1 wheel 0 -120\n50 d1 wheel 0 -15\n");
}
END_TEST

START_TEST(pointer_rows_carry_modifiers_of_any_keyboard)
{
	begin(LEVEL_ACTIONS);
	announce(1, CANDOR_KIND_MOUSE);
	announce(2, CANDOR_KIND_KEYBOARD);
	packet(1, 0, EV_REL, REL_X, 1);
	key(2, 1, KEY_LEFTSHIFT, 1);
	packet(1, 2, EV_REL, REL_X, 1);
	packet(1, 3, EV_KEY, BTN_LEFT, 1);
	packet_held(2, 4, CANDOR_LEFTSHIFT, EV_KEY, KEY_LEFTSHIFT, 0, -1);
	packet(1, 5, EV_KEY, BTN_LEFT, 0);
	finish("0 d1 motion 1 0\n2 d1 motion 1 0 held 0x2\n"
	       "3 d1 button 0x110 down held 0x2\n0 d2 key 42 x0\n"
	       "5 d1 button 0x110 up\n");
}
END_TEST

START_TEST(positions_need_both_axes_since_the_gate_opened)
{
	begin(LEVEL_ACTIONS);
	announce(1, CANDOR_KIND_TABLET);
	packet(1, 0, EV_ABS, ABS_X, 10);
	packet(1, 10, EV_ABS, ABS_Y, 20);
	packet(1, 11, EV_ABS, ABS_X, 30);
	packet(1, 12, EV_ABS, ABS_X, 40);
	ck_assert_int_eq(redact_gate_closed(redact), 0);
	packet(1, 100, EV_ABS, ABS_X, 50);
	packet(1, 200, EV_ABS, ABS_Y, 60);
	counts(1, 1, 3, 2);
	finish("12 d1 position 40 20\n200 d1 position 50 60\n");
}
END_TEST

START_TEST(unknown_devices_leave_nothing)
{
	struct device bare = { .id = 3, .kind = CANDOR_KIND_TABLET };

	begin(LEVEL_ACTIONS);
	announce(1, 0);
	ck_assert_int_eq(redact_device(redact, &bare, CANDOR_DEVICE_OPENED, 0),
			 0);
	for (uint32_t id = 1; id <= 3; id++) {
		packet(id, 0, EV_ABS, ABS_X, 1, EV_ABS, ABS_Y, 1);
		packet(id, 500, EV_ABS, ABS_X, 2, EV_ABS, ABS_Y, 2);
	}
	key(1, 600, KEY_ENTER, 1);
	key(2, 600, KEY_ENTER, 1);
	counts(1, 0, 0, 3);
	counts(2, 0, 0, 3);
	counts(3, 0, 0, 2);
	finish("");
}
END_TEST

START_TEST(decimation_keeps_the_sum_and_the_rate)
{
	int64_t dx = 0, dy = 0;
	uint64_t at = 0;

	begin(LEVEL_ACTIONS);
	announce(1, CANDOR_KIND_MOUSE);
	redact_free(redact);
	redact = redact_new(LEVEL_ACTIONS, ledger, take_row, &redact);
	announce(1, CANDOR_KIND_MOUSE);
	srand(3);
	for (int i = 0; i < 20000; i++) {
		int x = rand() % 2001 - 1000, y = rand() % 2001 - 1000;

		at += (uint64_t)rand() % 3;
		dx += x;
		dy += y;
		packet(1, at, EV_REL, REL_X, x, EV_REL, REL_Y, y);
	}
	ck_assert_int_eq(redact_finish(redact), 0);
	ck_assert_int_eq(sum_dx, dx);
	ck_assert_int_eq(sum_dy, dy);
	ck_assert_uint_le(rows_count[ROW_MOTION], at / 8 + 1);
	ck_assert(ledger_balances(ledger));
	end();
}
END_TEST

START_TEST(a_sum_does_not_overflow)
{
	begin(LEVEL_ACTIONS);
	announce(1, CANDOR_KIND_MOUSE);
	for (int i = 0; i < 3; i++)
		packet(1, 0, EV_REL, REL_X, INT32_MAX, EV_REL, REL_Y,
		       INT32_MIN);
	ck_assert_int_eq(redact_finish(redact), 0);
	ck_assert_int_eq(sum_dx, 3LL * INT32_MAX);
	ck_assert_int_eq(sum_dy, 3LL * INT32_MIN);
	end();
}
END_TEST

/* --- touch */

START_TEST(a_touch_is_a_cell_and_a_duration)
{
	begin(LEVEL_ACTIONS);
	announce(1, CANDOR_KIND_TOUCH);
	packet(1, 260, EV_ABS, ABS_MT_TRACKING_ID, 5, EV_ABS, ABS_MT_POSITION_X,
	       799, EV_ABS, ABS_MT_POSITION_Y, -800, EV_KEY, BTN_TOUCH, 1,
	       EV_ABS, ABS_X, 1, EV_ABS, ABS_Y, 1);
	packet(1, 280, EV_ABS, ABS_MT_POSITION_X, -800);
	packet(1, 300, EV_ABS, ABS_MT_SLOT, 1, EV_ABS, ABS_MT_TRACKING_ID, 6,
	       EV_ABS, ABS_MT_POSITION_X, 0, EV_ABS, ABS_MT_POSITION_Y, 0);
	packet(1, 900, EV_ABS, ABS_MT_TRACKING_ID, -1);
	packet(1, 1010, EV_ABS, ABS_MT_SLOT, 0, EV_ABS, ABS_MT_TRACKING_ID, -1,
	       EV_KEY, BTN_TOUCH, 0);
	/* The same place again: only the id is sent. */
	packet(1, 2000, EV_ABS, ABS_MT_TRACKING_ID, 7);
	packet(1, 2100, EV_ABS, ABS_MT_TRACKING_ID, -1);
	counts(1, 0, 6, 1);
	finish("250 d1 touch cell 7 by 2 500ms\n"
	       "2000 d1 touch cell 0 by 1 0ms\n");
}
END_TEST

START_TEST(pen_strokes_are_touches_without_path_or_buttons)
{
	begin(LEVEL_ACTIONS);
	announce(1, CANDOR_KIND_PEN | CANDOR_KIND_TABLET | CANDOR_KIND_MOUSE);
	packet(1, 0, EV_KEY, BTN_TOOL_PEN, 1, EV_ABS, ABS_X, 0, EV_ABS, ABS_Y,
	       799);
	packet(1, 10, EV_KEY, BTN_TOUCH, 1, EV_ABS, ABS_PRESSURE, 7);
	packet(1, 20, EV_ABS, ABS_X, 700);
	packet(1, 30, EV_REL, REL_X, 7, EV_REL, REL_WHEEL, 1);
	packet(1, 40, EV_KEY, BTN_STYLUS, 1);
	packet(1, 50, EV_KEY, BTN_LEFT, 1);
	packet(1, 1300, EV_KEY, BTN_TOUCH, 0);
	counts(1, 0, 2, 5);
	finish("0 d1 touch cell 56 by 1 1000ms\n");
}
END_TEST

START_TEST(touch_cells_divide_the_axis_by_eight)
{
	static const struct {
		int x, y, cell;
	} table[] = {
		{ 0, 0, 0 },	   { 99, 0, 0 },     { 100, 0, 1 },
		{ 799, 0, 7 },	   { 0, 100, 8 },    { 799, 799, 63 },
		{ -50, 5000, 56 }, { 5000, -50, 7 }, { 400, 400, 36 },
	};
	char want[64];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		begin(LEVEL_ACTIONS);
		announce(1, CANDOR_KIND_TOUCH);
		packet(1, 0, EV_ABS, ABS_X, table[i].x, EV_ABS, ABS_Y,
		       table[i].y, EV_KEY, BTN_TOUCH, 1);
		packet(1, 100, EV_KEY, BTN_TOUCH, 0);
		snprintf(want, sizeof(want), "0 d1 touch cell %d by 1 0ms\n",
			 table[i].cell);
		finish(want);
	}
}
END_TEST

START_TEST(touch_durations_are_buckets)
{
	static const struct {
		uint64_t at, cells;
	} table[] = { { 249, 0 },   { 250, 1 },	  { 500, 2 },	{ 999, 2 },
		      { 1000, 4 },  { 1999, 4 },  { 2000, 8 },	{ 4000, 16 },
		      { 7999, 16 }, { 8000, 32 }, { 99000, 32 } };
	char want[64];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		begin(LEVEL_ACTIONS);
		announce(1, CANDOR_KIND_TOUCH);
		packet(1, 0, EV_ABS, ABS_X, 0, EV_ABS, ABS_Y, 0, EV_KEY,
		       BTN_TOUCH, 1);
		packet(1, table[i].at, EV_KEY, BTN_TOUCH, 0);
		snprintf(want, sizeof(want),
			 "0 d1 touch cell 0 by 1 %" PRIu64 "ms\n",
			 table[i].cells * 250);
		finish(want);
	}
}
END_TEST

START_TEST(a_touch_over_a_seal_or_a_gate_leaves_one_row)
{
	begin(LEVEL_ACTIONS);
	announce(1, CANDOR_KIND_TOUCH);
	packet(1, 0, EV_ABS, ABS_X, 0, EV_ABS, ABS_Y, 0, EV_KEY, BTN_TOUCH, 1);
	ck_assert_int_eq(redact_finish(redact), 0);
	packet(1, 500, EV_ABS, ABS_X, 500);
	packet(1, 600, EV_KEY, BTN_TOUCH, 0);
	packet(1, 1000, EV_KEY, BTN_TOUCH, 1);
	ck_assert_int_eq(redact_gate_closed(redact), 0);
	packet(1, 2000, EV_ABS, ABS_X, 0, EV_ABS, ABS_Y, 0);
	packet(1, 2100, EV_KEY, BTN_TOUCH, 0);
	finish("0 d1 touch cell 0 by 1 0ms\n1000 d1 touch cell 5 by 1 0ms\n");
}
END_TEST

/* --- demonstration */

START_TEST(demonstration_keeps_every_value)
{
	begin(LEVEL_DEMONSTRATION);
	announce(1, CANDOR_KIND_MOUSE);
	packet(1, 0, EV_REL, REL_X, 1);
	packet(1, 1, EV_REL, REL_X, 1, EV_REL, REL_Y, 2);
	packet(1, 2, EV_REL, REL_Y, 2);
	packet(1, 3, EV_REL, REL_Y, 2, EV_REL, REL_X, 1);
	packet(1, 4, EV_REL, REL_X, 0);
	packet(1, 5, EV_REL, REL_X, 1, EV_REL, REL_X, 1);
	packet(1, 6, EV_REL, REL_X, 1, EV_KEY, BTN_LEFT, 1);
	packet_held(1, 7, CANDOR_LEFTCTRL, EV_KEY, KEY_A, 0, -1);
	packet_held(1, 8, 0, -1);
	counts(1, 8, 0, 1);
	finish("0 d1 motion 1 0\n1 d1 motion 1 2\n2 d1 motion 0 2\n"
	       "3 d1 packet of 2\n4 d1 packet of 1\n5 d1 packet of 2\n"
	       "6 d1 packet of 2\n7 d1 packet of 1\n");
}
END_TEST

START_TEST(demonstration_positions_say_what_changed)
{
	begin(LEVEL_DEMONSTRATION);
	announce(1, CANDOR_KIND_TABLET);
	announce(2, CANDOR_KIND_TOUCHPAD);
	packet(1, 0, EV_ABS, ABS_X, 1);
	packet(1, 1, EV_ABS, ABS_Y, 1);
	packet(1, 2, EV_ABS, ABS_Y, 2);
	packet(1, 3, EV_ABS, ABS_X, 5, EV_ABS, ABS_Y, 5);
	packet(1, 4, EV_ABS, ABS_X, 5); /* unchanged: cannot be told */
	packet(1, 5, EV_ABS, ABS_X, 6, EV_KEY, BTN_LEFT, 1);
	packet(1, 6, EV_ABS, ABS_Y, 7);
	packet(2, 7, EV_ABS, ABS_X, 1, EV_ABS, ABS_Y, 1);
	packet(2, 8, EV_ABS, ABS_X, 2, EV_ABS, ABS_Y, 2);
	ck_assert_int_eq(redact_finish(redact), 0);
	packet(1, 9, EV_ABS, ABS_X, 8, EV_ABS, ABS_Y, 8);
	packet(1, 10, EV_ABS, ABS_X, 9);
	ck_assert_int_eq(redact_gate_closed(redact), 0);
	packet(1, 11, EV_ABS, ABS_X, 10);
	finish("0 d1 packet of 1\n1 d1 packet of 1\n2 d1 position 1 2\n"
	       "3 d1 position 5 5\n4 d1 packet of 1\n5 d1 packet of 2\n"
	       "6 d1 position 6 7\n7 d2 packet of 2\n8 d2 packet of 2\n"
	       "9 d1 packet of 2\n10 d1 position 9 8\n11 d1 packet of 1\n");
}
END_TEST

/* --- devices and the ledger */

START_TEST(a_removed_device_ends_its_rows)
{
	struct device device = { .id = 1 };
	struct packet_gap gap = { .suppressed = 2, .unknown = 1 };

	begin(LEVEL_ACTIONS);
	announce(1, CANDOR_KIND_MOUSE);
	announce(2, CANDOR_KIND_MOUSE);
	packet(1, 1, EV_REL, REL_X, 1);
	redact_device(redact, &device, CANDOR_DEVICE_REMOVED, T0 + 300 * MS);
	device.id = 2; /* not in this segment: nobody need know */
	redact_device(redact, &device, CANDOR_DEVICE_REMOVED, T0 + 300 * MS);
	ck_assert_int_eq(redact_tail(redact, 1, seq[1] + 3, &gap, T0), 0);
	counts(1, 1, 0, 2);
	ck_assert_uint_eq(ledger_get(ledger, 1)->lost[LOST_UNKNOWN], 1);
	finish("1 d1 motion 1 0\n250 d1 removed\n");
}
END_TEST

/*
 * The kernel's side of the property test: devices with a sequence, a program
 * that suppresses and a ring that is full at random, pieces, gates. What it
 * did is the truth that the ledger must tell.
 */
#define DEVICES 4

static struct {
	struct candor_device_state state[DEVICES + 1];
	uint64_t ring_full, lost_silently, arrived, suppressed;
	uint64_t now;
	bool torn[DEVICES + 1];
} kernel;

static struct {
	struct source *source;
	struct hold *hold;
	struct ledger_row total;
	bool demonstration;
} user;

static int push(const struct hold_item *item)
{
	return hold_push(user.hold, item, kernel.now);
}

static int from_packet(const struct packet *one, void *ctx)
{
	struct hold_item item = { .kind = HOLD_PACKET, .packet = *one };

	return push(&item);
}

static int from_device(const struct device *device,
		       enum candor_device_event event, void *ctx)
{
	struct hold_item item = { .kind = HOLD_DEVICE,
				  .device = { device, event } };

	return push(&item);
}

static int from_gate(uint32_t old_mask, uint32_t new_mask, uint64_t boottime,
		     void *ctx)
{
	struct hold_item item = { .kind = HOLD_GATE,
				  .gate = { old_mask, new_mask, boottime } };

	return push(&item);
}

static const struct source_ops from_ring = { from_packet, from_device,
					     from_gate };

static int to_redact(const struct hold_item *item, void *ctx)
{
	switch (item->kind) {
	case HOLD_PACKET:
		return redact_packet(redact, &item->packet);
	case HOLD_TAIL:
		return redact_tail(redact, item->tail.device, item->tail.seq,
				   &item->tail.gap, item->time_ns);
	case HOLD_DEVICE:
		return redact_device(redact, item->device.device,
				     item->device.event, item->time_ns);
	case HOLD_GATE:
		return item->gate.new_mask ? redact_gate_closed(redact) : 0;
	case HOLD_FORGOTTEN:
		return redact_forgotten(redact, item->forgotten.device,
					item->forgotten.seq);
	}
	return -EINVAL;
}

static const uint8_t kinds[DEVICES + 1] = {
	0,
	CANDOR_KIND_KEYBOARD,
	CANDOR_KIND_MOUSE,
	CANDOR_KIND_TABLET,
	CANDOR_KIND_TOUCH,
};

static void kernel_opened(uint32_t id)
{
	struct candor_record_device record = {
		.kind = CANDOR_RECORD_DEVICE,
		.count = 4,
		.flags = CANDOR_FIRST | CANDOR_LAST,
		.device = id,
		.flags_word =
			CANDOR_DEVICE_FLAGS(CANDOR_DEVICE_OPENED, 0, kinds[id]),
		.seq = kernel.state[id].seq,
		.a = { ABS_X, 1000ULL << 32, ABS_Y, 1000ULL << 32 },
	};

	ck_assert_int_eq(source_record(user.source, &record, sizeof(record)),
			 0);
}

static void kernel_gate(uint32_t mask)
{
	struct candor_record_gate record = { .kind = CANDOR_RECORD_GATE,
					     .old_mask = mask ? 0 : 4,
					     .new_mask = mask };

	ck_assert_int_eq(source_record(user.source, &record, sizeof(record)),
			 0);
	for (uint32_t id = 1; !mask && id <= DEVICES; id++)
		kernel_opened(id);
}

static struct candor_value random_value(uint32_t id)
{
	static const uint16_t keys[] = { CANDOR_CODE_TEXT, CANDOR_CODE_TEXT,
					 KEY_ENTER, KEY_LEFTCTRL, KEY_A };
	static const uint16_t rels[] = { REL_X, REL_Y, REL_WHEEL,
					 REL_WHEEL_HI_RES, REL_MISC };
	static const uint16_t touches[] = { ABS_MT_TRACKING_ID, ABS_MT_SLOT,
					    ABS_X, ABS_Y };

	if (id == 1)
		return (struct candor_value){ EV_KEY, keys[rand() % 5],
					      rand() % 3 };
	if (rand() % 10 == 0)
		return (struct candor_value){ EV_KEY,
					      rand() % 2 ? BTN_LEFT : BTN_TOUCH,
					      rand() % 2 };
	if (id == 2)
		return (struct candor_value){ EV_REL, rels[rand() % 5],
					      rand() % 9 - 4 };
	if (id == 3)
		return (struct candor_value){ EV_ABS,
					      rand() % 2 ? ABS_X : ABS_Y,
					      rand() % 1000 };
	return (struct candor_value){ EV_ABS, touches[rand() % 4],
				      rand() % 4 - 1 };
}

/* One packet of a device, with what may happen to it on its way. */
static void kernel_packet(uint32_t id)
{
	struct candor_device_state *state = &kernel.state[id];
	struct {
		struct candor_record_packet head;
		struct candor_value value[CANDOR_PACKET_VALUES];
	} record = { .head = { .kind = CANDOR_RECORD_PACKET,
			       .device = id,
			       .time_ns = kernel.now,
			       .suppressed = state->suppressed,
			       .ring_full = state->ring_full } };
	int pieces = rand() % 8 ? 1 : 1 + rand() % 3;
	int fate = rand() % 20;

	record.head.seq_held = CANDOR_SEQ_HELD(++state->seq, rand() % 2);
	if (fate < 3) {
		state->suppressed++;
		kernel.suppressed++;
		return;
	}
	/*
	 * A run of the program that the kernel skipped. Right behind a packet
	 * that was torn by a full ring the two could not be told apart.
	 */
	if (fate == 3 && !kernel.torn[id]) {
		kernel.lost_silently++;
		return;
	}
	for (int i = 0; i < pieces; i++) {
		if (fate == 4 && rand() % pieces == 0) {
			state->ring_full++;
			kernel.ring_full++;
			kernel.torn[id] |= i > 0;
			return;
		}
		record.head.piece = (uint8_t)i;
		record.head.flags = (i ? 0 : CANDOR_FIRST) |
				    (i == pieces - 1 ? CANDOR_LAST : 0);
		record.head.count = (uint8_t)(1 + rand() % 9);
		for (int j = 0; j < record.head.count; j++)
			record.value[j] = random_value(id);
		ck_assert_int_eq(
			source_record(user.source, &record, sizeof(record)), 0);
	}
	kernel.arrived++;
	kernel.torn[id] = false;
}

static void settle_all(void)
{
	for (uint32_t id = 1; id <= DEVICES; id++) {
		struct hold_item item = { .kind = HOLD_TAIL };

		item.tail.device = id;
		item.tail.seq = kernel.state[id].seq;
		ck_assert_int_eq(source_settle(user.source, id,
					       &kernel.state[id], true,
					       &item.tail.gap),
				 0);
		ck_assert_int_eq(push(&item), 0);
	}
}

static void seal(void)
{
	const struct ledger_row *row;
	size_t count;

	ck_assert_int_eq(redact_finish(redact), 0);
	ck_assert_uint_eq(redact_deadline(redact), UINT64_MAX);
	row = ledger_rows(ledger, &count);
	for (size_t i = 0; i < count; i++) {
		ck_assert(ledger_row_balances(&row[i]));
		ck_assert_int_eq(row[i].exact,
				 user.demonstration || row[i].device != 1);
		user.total.seen += row[i].seen;
		user.total.suppressed += row[i].suppressed;
		user.total.written += row[i].written;
		user.total.merged += row[i].merged;
		user.total.lost[1] += row[i].lost[1];
		user.total.lost[2] += row[i].lost[2];
	}
	ledger_reset(ledger);
}

static void release(uint64_t age_ns)
{
	ck_assert_int_eq(
		hold_release(user.hold, kernel.now, age_ns, to_redact, NULL),
		0);
	ck_assert_int_eq(redact_flush(redact, kernel.now - age_ns), 0);
}

static void play(int steps, bool forget)
{
	kernel_gate(0);
	for (int i = 0; i < steps; i++) {
		kernel.now += (uint64_t)rand() % (20 * MS);
		kernel_packet(1 + (uint32_t)rand() % DEVICES);
		switch (rand() % 200) {
		case 0:
			kernel.now += 6 * S;
			break;
		case 1:
			seal();
			break;
		case 2:
			kernel_gate(CANDOR_PAUSE);
			settle_all();
			kernel_gate(0);
			break;
		case 3:
			if (forget)
				hold_forget_newer(user.hold,
						  kernel.now - S / 2);
			break;
		case 4:
			release(HOLD_AGE_NS);
			break;
		}
	}
	kernel_gate(CANDOR_PAUSE);
	settle_all();
	release(0);
	seal();
}

static void property(enum level level, bool forget, unsigned int seed)
{
	srand(seed);
	memset(&kernel, 0, sizeof(kernel));
	memset(&user, 0, sizeof(user));
	user.demonstration = level == LEVEL_DEMONSTRATION;
	kernel.now = T0;
	for (uint32_t id = 1; id <= DEVICES; id++)
		kernel.state[id].seq = 1 + (uint64_t)rand() % 1000;
	begin(level);
	redact_free(redact);
	redact = redact_new(level, ledger, take_row, &redact);
	user.source = source_new(&from_ring, NULL);
	user.hold = hold_new();
	play(4000, forget);
	ck_assert_uint_eq(source_counts(user.source)->malformed, 0);
	ck_assert_uint_eq(source_counts(user.source)->contradictions, 0);
	hold_free(user.hold);
	source_free(user.source);
	end();
}

START_TEST(I4_ledger_tells_what_the_kernel_did)
{
	enum level level = _i % 2 ? LEVEL_ACTIONS : LEVEL_DEMONSTRATION;

	property(level, false, 100 + (unsigned int)_i);
	ck_assert_uint_eq(user.total.seen, kernel.arrived + kernel.suppressed +
						   kernel.ring_full +
						   kernel.lost_silently);
	ck_assert_uint_eq(user.total.lost[LOST_RING_FULL], kernel.ring_full);
	ck_assert_uint_eq(user.total.lost[LOST_UNKNOWN], kernel.lost_silently);
	if (level == LEVEL_DEMONSTRATION) {
		ck_assert_uint_eq(user.total.written, kernel.arrived);
		ck_assert_uint_eq(user.total.suppressed, kernel.suppressed);
		ck_assert_uint_eq(user.total.merged, 0);
		ck_assert_uint_eq(rows_count[ROW_PACKET] +
					  rows_count[ROW_MOTION] +
					  rows_count[ROW_POSITION],
				  kernel.arrived);
	} else {
		ck_assert_uint_gt(user.total.merged, 0);
		ck_assert_uint_gt(rows_count[ROW_TEXT], 0);
		ck_assert_uint_gt(rows_count[ROW_TOUCH], 0);
	}
}
END_TEST

START_TEST(I4_ledger_balances_when_packets_are_forgotten)
{
	property(_i % 2 ? LEVEL_ACTIONS : LEVEL_DEMONSTRATION, true,
		 200 + (unsigned int)_i);
	ck_assert_uint_lt(user.total.seen, kernel.arrived + kernel.suppressed +
						   kernel.ring_full +
						   kernel.lost_silently);
}
END_TEST

static void add_keys(Suite *suite)
{
	TCase *tcase = tcase_create("keys");

	tcase_add_test(tcase, levels_of_later_versions_are_refused);
	tcase_add_test(tcase,
		       presses_stand_on_the_grid_and_releases_leave_nothing);
	tcase_add_test(tcase, repeats_merge_into_their_press_as_a_bucket);
	tcase_add_test(tcase, a_repeat_without_its_press_leaves_nothing);
	tcase_add_test(tcase, chords_carry_their_modifiers);
	tcase_add_test(tcase, text_is_runs_of_bucketed_length);
	tcase_add_test(tcase, a_run_ends_with_a_key_a_button_or_two_seconds);
	tcase_add_test(tcase, text_that_is_no_press_leaves_nothing);
	tcase_add_test(tcase, a_seal_ends_what_is_open);
	suite_add_tcase(suite, tcase);
}

static void add_pointers(Suite *suite)
{
	TCase *tcase = tcase_create("pointers");

	tcase_add_test(tcase, motion_is_summed_in_windows_of_8_ms);
	tcase_add_test(tcase, windows_end_by_themselves);
	tcase_add_test(tcase, buttons_and_wheel_keep_their_order_to_the_path);
	tcase_add_test(tcase, fine_wheels_count_their_notches_once);
	tcase_add_test(tcase, pointer_rows_carry_modifiers_of_any_keyboard);
	tcase_add_test(tcase, positions_need_both_axes_since_the_gate_opened);
	tcase_add_test(tcase, unknown_devices_leave_nothing);
	tcase_add_test(tcase, decimation_keeps_the_sum_and_the_rate);
	tcase_add_test(tcase, a_sum_does_not_overflow);
	tcase_add_test(tcase, a_touch_is_a_cell_and_a_duration);
	tcase_add_test(tcase, pen_strokes_are_touches_without_path_or_buttons);
	tcase_add_test(tcase, touch_cells_divide_the_axis_by_eight);
	tcase_add_test(tcase, touch_durations_are_buckets);
	tcase_add_test(tcase, a_touch_over_a_seal_or_a_gate_leaves_one_row);
	suite_add_tcase(suite, tcase);
}

static Suite *redact_suite(void)
{
	Suite *suite = suite_create("redact");
	TCase *tcase = tcase_create("demonstration and ledger");

	add_keys(suite);
	add_pointers(suite);
	tcase_add_test(tcase, demonstration_keeps_every_value);
	tcase_add_test(tcase, demonstration_positions_say_what_changed);
	tcase_add_test(tcase, a_removed_device_ends_its_rows);
	tcase_add_loop_test(tcase, I4_ledger_tells_what_the_kernel_did, 0, 20);
	tcase_add_loop_test(
		tcase, I4_ledger_balances_when_packets_are_forgotten, 0, 20);
	tcase_set_timeout(tcase, 30);
	suite_add_tcase(suite, tcase);
	return suite;
}
UNIT_SUITE(redact_suite)
