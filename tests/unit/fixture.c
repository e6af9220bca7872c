// SPDX-License-Identifier: GPL-2.0-only
#include <linux/input.h>
#include <stdlib.h>
#include <string.h>

#include "column.h"
#include "encode.h"
#include "fixture.h"
#include "unit.h"

static void *copy(const void *from, size_t len)
{
	void *to = malloc(len + 1);

	ck_assert_ptr_nonnull(to);
	if (len)
		memcpy(to, from, len);
	return to;
}

int kept_add(const struct row *row, void *ctx)
{
	struct kept *kept = ctx;
	struct row *to;

	if (column_grow(&kept->row, &kept->cap, kept->len + 1,
			sizeof(*kept->row)) < 0)
		abort();
	to = &kept->row[kept->len++];
	*to = *row;
	if (row->kind == ROW_PACKET)
		to->packet.values =
			copy(row->packet.values,
			     row->packet.count * sizeof(struct candor_value));
	if (row->kind == ROW_DEVICE)
		to->device_info =
			copy(row->device_info, sizeof(*row->device_info));
	return 0;
}

void kept_free(struct kept *kept)
{
	for (size_t i = 0; i < kept->len; i++) {
		if (kept->row[i].kind == ROW_PACKET)
			free((void *)kept->row[i].packet.values);
		if (kept->row[i].kind == ROW_DEVICE)
			free((void *)kept->row[i].device_info);
	}
	free(kept->row);
	*kept = (struct kept){0};
}

static void packet_same(const struct row *have, const struct row *want)
{
	ck_assert_uint_eq(have->packet.count, want->packet.count);
	for (int i = 0; i < want->packet.count; i++) {
		const struct candor_value *a = &have->packet.values[i];
		const struct candor_value *b = &want->packet.values[i];

		ck_assert_uint_eq(a->type, b->type);
		ck_assert_uint_eq(a->code, b->code);
		ck_assert_int_eq(a->value, b->value);
	}
}

static void device_same(const struct device *have, const struct device *want)
{
	ck_assert_uint_eq(have->id, want->id);
	ck_assert_uint_eq(have->bus, want->bus);
	ck_assert_uint_eq(have->vendor, want->vendor);
	ck_assert_uint_eq(have->product, want->product);
	ck_assert_uint_eq(have->version, want->version);
	ck_assert_uint_eq(have->kind, want->kind);
	ck_assert_uint_eq(have->prop, want->prop);
	ck_assert_uint_eq(have->is_virtual, want->is_virtual);
	ck_assert_uint_eq(have->axes, want->axes);
	for (int i = 0; i < want->axes; i++) {
		ck_assert_uint_eq(have->axis[i].code, want->axis[i].code);
		ck_assert_int_eq(have->axis[i].resolution,
				 want->axis[i].resolution);
		ck_assert_int_eq(have->axis[i].min, want->axis[i].min);
		ck_assert_int_eq(have->axis[i].max, want->axis[i].max);
	}
}

static void content_same(const struct row *have, const struct row *want)
{
	switch (want->kind) {
	case ROW_MOTION:
		ck_assert_int_eq(have->motion.dx, want->motion.dx);
		ck_assert_int_eq(have->motion.dy, want->motion.dy);
		return;
	case ROW_POSITION:
		ck_assert_int_eq(have->position.x, want->position.x);
		ck_assert_int_eq(have->position.y, want->position.y);
		return;
	case ROW_BUTTON:
		ck_assert_uint_eq(have->button.code, want->button.code);
		ck_assert_uint_eq(have->button.down, want->button.down);
		return;
	case ROW_WHEEL:
		ck_assert_int_eq(have->wheel.vertical, want->wheel.vertical);
		ck_assert_int_eq(have->wheel.horizontal,
				 want->wheel.horizontal);
		return;
	case ROW_KEY:
		ck_assert_uint_eq(have->key.code, want->key.code);
		ck_assert_uint_eq(have->key.repeats, want->key.repeats);
		return;
	case ROW_TEXT:
		ck_assert_uint_eq(have->text.length, want->text.length);
		ck_assert_uint_eq(have->text.duration_ns,
				  want->text.duration_ns);
		return;
	case ROW_TOUCH:
		ck_assert_uint_eq(have->touch.cell, want->touch.cell);
		ck_assert_uint_eq(have->touch.contacts, want->touch.contacts);
		ck_assert_uint_eq(have->touch.duration_ns,
				  want->touch.duration_ns);
		return;
	case ROW_PACKET:
		packet_same(have, want);
		return;
	case ROW_DEVICE:
		device_same(have->device_info, want->device_info);
		return;
	case ROW_REMOVED:
		return;
	case ROW_ANCHOR:
		ck_assert_int_eq(have->anchor.realtime_ns,
				 want->anchor.realtime_ns);
		ck_assert_int_eq(have->anchor.boottime_ns,
				 want->anchor.boottime_ns);
		return;
	case ROW_GAP:
		ck_assert_int_eq(have->gap.start_min, want->gap.start_min);
		ck_assert_int_eq(have->gap.end_min, want->gap.end_min);
		ck_assert_int_eq(have->gap.why, want->gap.why);
		return;
	}
}

void kept_same(const struct kept *have, const struct kept *want)
{
	ck_assert_uint_eq(have->len, want->len);
	for (size_t i = 0; i < want->len; i++) {
		const struct row *a = &have->row[i], *b = &want->row[i];

		ck_assert_int_eq(a->kind, b->kind);
		ck_assert_uint_eq(a->device, b->device);
		ck_assert_uint_eq(a->time_ns, b->time_ns);
		ck_assert_uint_eq(a->seq, b->seq);
		ck_assert_uint_eq(a->held, b->held);
		content_same(a, b);
	}
}

#define S 1000000000ULL
#define MS 1000000ULL
#define US 1000ULL

#define IDENTITY                                                     \
	.recorder = "candor golden",                                 \
	.host = {0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,     \
		 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f},    \
	.subject = {0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27,  \
		    0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f}, \
	.boot = {0xb0, 0x07, 0x1d, 0x33, 0x34, 0x35, 0x36, 0x37,     \
		 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f},    \
	.policy = {0x40, 0x41, 0x42}, .layout = "us",                \
	.anchor = {.monotonic_ns = 100 * S,                          \
		   .realtime_ns = 1767225600 * (int64_t)S,           \
		   .boottime_ns = 130 * S},                          \
	.expires_at = 1767225600 + 7 * 86400, .schema = STORED_SCHEMA

const struct header_info fixture_actions = {IDENTITY, .level = LEVEL_ACTIONS,
					    .seq = 7, .units = {MS, GRID_NS}};

const struct header_info fixture_demonstration = {
	IDENTITY, .level = LEVEL_DEMONSTRATION, .seq = 8, .units = {US, US}};

static const struct device keyboard = {
	.id = 5,
	.bus = BUS_USB,
	.vendor = 0x046d,
	.product = 0xc31c,
	.version = 0x0111,
	.kind = CANDOR_KIND_KEYBOARD,
};

static const struct device mouse = {
	.id = 6,
	.bus = BUS_USB,
	.vendor = 0x0627,
	.product = 1,
	.kind = CANDOR_KIND_MOUSE,
	.is_virtual = true,
	.prop = 1,
};

static const struct device tablet = {
	.id = 7,
	.bus = BUS_VIRTUAL,
	.vendor = 0x0627,
	.product = 3,
	.kind = CANDOR_KIND_TABLET,
	.axes = 2,
	.axis = {{.code = ABS_X, .max = 32767},
		 {.code = ABS_Y, .resolution = 12, .min = -5, .max = 99}},
};

static const struct device screen = {
	.id = 9,
	.bus = BUS_I2C,
	.vendor = 0x04f3,
	.product = 0x2a03,
	.kind = CANDOR_KIND_TOUCH,
	.prop = 2,
};

static const struct row actions_rows[] = {
	{.kind = ROW_GAP,
	 .gap = {.start_min = 29453758,
		 .end_min = 29453760,
		 .why = GAP_BLOCKED}},
	{.kind = ROW_ANCHOR,
	 .time_ns = 100 * S,
	 .anchor = {.realtime_ns = 1767225600 * (int64_t)S,
		    .boottime_ns = 130 * (int64_t)S}},
	{.kind = ROW_DEVICE,
	 .device = 5,
	 .time_ns = 100 * S,
	 .device_info = &keyboard},
	{.kind = ROW_DEVICE,
	 .device = 6,
	 .time_ns = 100 * S,
	 .device_info = &mouse},
	{.kind = ROW_DEVICE,
	 .device = 7,
	 .time_ns = 100 * S,
	 .device_info = &tablet},
	{.kind = ROW_DEVICE,
	 .device = 9,
	 .time_ns = 100 * S,
	 .device_info = &screen},
	{.kind = ROW_TEXT,
	 .device = 5,
	 .time_ns = 100500 * MS,
	 .text = {.length = 8, .duration_ns = 1750 * MS}},
	{.kind = ROW_MOTION,
	 .device = 6,
	 .time_ns = 100501 * MS,
	 .motion = {3, -1}},
	{.kind = ROW_MOTION,
	 .device = 6,
	 .time_ns = 100509 * MS,
	 .motion = {5, -2}},
	{.kind = ROW_POSITION,
	 .device = 7,
	 .time_ns = 100511 * MS,
	 .position = {16000, 9000}},
	{.kind = ROW_MOTION,
	 .device = 6,
	 .time_ns = 100517 * MS,
	 .held = CANDOR_LEFTSHIFT,
	 .motion = {4, 0}},
	{.kind = ROW_POSITION,
	 .device = 7,
	 .time_ns = 100519 * MS,
	 .position = {16010, 8990}},
	{.kind = ROW_BUTTON,
	 .device = 6,
	 .time_ns = 100600 * MS,
	 .held = CANDOR_LEFTSHIFT,
	 .button = {.code = BTN_LEFT, .down = true}},
	{.kind = ROW_BUTTON,
	 .device = 6,
	 .time_ns = 100720 * MS,
	 .button = {.code = BTN_LEFT, .down = false}},
	{.kind = ROW_KEY,
	 .device = 5,
	 .time_ns = 102250 * MS,
	 .held = CANDOR_LEFTCTRL,
	 .key = {.code = KEY_C}},
	{.kind = ROW_KEY,
	 .device = 5,
	 .time_ns = 102250 * MS,
	 .key = {.code = KEY_ENTER}},
	{.kind = ROW_KEY,
	 .device = 5,
	 .time_ns = 102500 * MS,
	 .key = {.code = KEY_BACKSPACE, .repeats = 4}},
	{.kind = ROW_TOUCH,
	 .device = 9,
	 .time_ns = 103 * S,
	 .touch = {.cell = 27, .contacts = 1, .duration_ns = 250 * MS}},
	{.kind = ROW_WHEEL,
	 .device = 6,
	 .time_ns = 103001 * MS,
	 .wheel = {.vertical = -120}},
	{.kind = ROW_REMOVED, .device = 7, .time_ns = 104 * S},
};

static const struct candor_value a_down[] = {{EV_KEY, KEY_A, 1}};
static const struct candor_value a_up[] = {{EV_KEY, KEY_A, 0}};
static const struct candor_value b_repeat[] = {{EV_KEY, KEY_B, 2}};
static const struct candor_value click[] = {
	{EV_KEY, BTN_LEFT, 1},
	{EV_REL, REL_X, 1},
	{EV_REL, REL_WHEEL_HI_RES, -120},
	{EV_REL, 40, 7},
};
static const struct candor_value place[] = {{EV_ABS, ABS_X, 16000},
					    {EV_ABS, ABS_Y, 9000}};

#define PACKET(v)                                                  \
	{                                                          \
		.count = sizeof(v) / sizeof((v)[0]), .values = (v) \
	}

static const struct row demonstration_rows[] = {
	{.kind = ROW_DEVICE,
	 .device = 5,
	 .time_ns = 100 * S,
	 .device_info = &keyboard},
	{.kind = ROW_DEVICE,
	 .device = 6,
	 .time_ns = 100 * S,
	 .device_info = &mouse},
	{.kind = ROW_DEVICE,
	 .device = 7,
	 .time_ns = 100 * S,
	 .device_info = &tablet},
	{.kind = ROW_PACKET,
	 .device = 5,
	 .time_ns = 100500123 * US,
	 .seq = 41,
	 .packet = PACKET(a_down)},
	{.kind = ROW_MOTION,
	 .device = 6,
	 .time_ns = 100500200 * US,
	 .seq = 1,
	 .motion = {3, -1}},
	{.kind = ROW_MOTION,
	 .device = 6,
	 .time_ns = 100501201 * US,
	 .seq = 2,
	 .motion = {5, -2}},
	{.kind = ROW_MOTION,
	 .device = 6,
	 .time_ns = 100502199 * US,
	 .seq = 3,
	 .motion = {6, -2}},
	{.kind = ROW_PACKET,
	 .device = 6,
	 .time_ns = 100502199 * US,
	 .seq = 4,
	 .packet = PACKET(click)},
	{.kind = ROW_PACKET,
	 .device = 7,
	 .time_ns = 100502199 * US,
	 .seq = 9,
	 .packet = PACKET(place)},
	{.kind = ROW_POSITION,
	 .device = 7,
	 .time_ns = 100502300 * US,
	 .seq = 10,
	 .position = {16010, 9000}},
	{.kind = ROW_MOTION,
	 .device = 6,
	 .time_ns = 100503200 * US,
	 .seq = 5,
	 .motion = {0, 1}},
	{.kind = ROW_PACKET,
	 .device = 5,
	 .time_ns = 100600000 * US,
	 .seq = 42,
	 .packet = PACKET(a_up)},
	{.kind = ROW_PACKET,
	 .device = 5,
	 .time_ns = 100600001 * US,
	 .seq = 45,
	 .packet = PACKET(b_repeat)},
	{.kind = ROW_REMOVED, .device = 7, .time_ns = 100600001 * US},
};

void fixture_rows(enum level level, struct kept *kept)
{
	bool all = level == LEVEL_DEMONSTRATION;
	const struct row *rows = all ? demonstration_rows : actions_rows;
	size_t n = all ? sizeof(demonstration_rows) / sizeof(*rows)
		       : sizeof(actions_rows) / sizeof(*rows);

	for (size_t i = 0; i < n; i++)
		kept_add(&rows[i], kept);
}

static const struct ledger_row actions_ledger[] = {
	{.device = 5, .seen = 30, .written = 4, .merged = 26},
	{.device = 6, .exact = true, .seen = 9, .written = 6, .merged = 3},
	{.device = 7,
	 .exact = true,
	 .seen = 5,
	 .written = 2,
	 .merged = 1,
	 .suppressed = 1,
	 .lost = {[LOST_RING_FULL] = 1}},
	{.device = 9, .seen = 12, .merged = 12},
};

static const struct ledger_row demonstration_ledger[] = {
	{.device = 5,
	 .exact = true,
	 .seen = 5,
	 .written = 3,
	 .lost = {[LOST_RING_FULL] = 1, [LOST_UNKNOWN] = 1}},
	{.device = 6, .exact = true, .seen = 5, .written = 5},
	{.device = 7, .exact = true, .seen = 2, .written = 2},
};

size_t fixture_ledger(enum level level, struct ledger_row *ledger)
{
	bool all = level == LEVEL_DEMONSTRATION;
	const struct ledger_row *rows =
		all ? demonstration_ledger : actions_ledger;
	size_t n = all ? 3 : 4;

	memcpy(ledger, rows, n * sizeof(*rows));
	return n;
}

static const struct row example_rows[] = {
	{.kind = ROW_DEVICE,
	 .device = 5,
	 .time_ns = 100 * S,
	 .device_info = &keyboard},
	{.kind = ROW_DEVICE,
	 .device = 6,
	 .time_ns = 100 * S,
	 .device_info = &mouse},
	{.kind = ROW_PACKET,
	 .device = 5,
	 .time_ns = 100500123 * US,
	 .seq = 41,
	 .packet = PACKET(a_down)},
	{.kind = ROW_MOTION,
	 .device = 6,
	 .time_ns = 100500200 * US,
	 .seq = 1,
	 .motion = {3, -1}},
	{.kind = ROW_MOTION,
	 .device = 6,
	 .time_ns = 100501201 * US,
	 .seq = 2,
	 .motion = {5, -2}},
	{.kind = ROW_MOTION,
	 .device = 6,
	 .time_ns = 100502201 * US,
	 .seq = 3,
	 .motion = {6, -2}},
	{.kind = ROW_PACKET,
	 .device = 5,
	 .time_ns = 100600000 * US,
	 .seq = 42,
	 .packet = PACKET(a_up)},
};

static const struct ledger_row example_ledger[] = {
	{.device = 5, .exact = true, .seen = 2, .written = 2},
	{.device = 6,
	 .exact = true,
	 .seen = 4,
	 .written = 3,
	 .lost = {[LOST_RING_FULL] = 1}},
};

void fixture_example(struct bytes *out)
{
	struct encode *encode = encode_new(LEVEL_DEMONSTRATION);

	ck_assert_int_eq(encode_header(&fixture_demonstration, out), 0);
	for (size_t i = 0; i < sizeof(example_rows) / sizeof(*example_rows);
	     i++)
		ck_assert_int_eq(encode_row(encode, &example_rows[i]), 0);
	ck_assert_int_eq(encode_batch(encode, out), 0);
	ck_assert_int_eq(
		encode_trailer(example_ledger, 2, false, 100750 * MS, out), 0);
	encode_free(encode);
}

void fixture_frames(enum level level, struct bytes *out)
{
	struct encode *encode = encode_new(level);
	struct ledger_row ledger[4];
	struct kept kept = {0};
	size_t n = fixture_ledger(level, ledger);

	fixture_rows(level, &kept);
	ck_assert_int_eq(encode_header(level == LEVEL_ACTIONS
					       ? &fixture_actions
					       : &fixture_demonstration,
				       out),
			 0);
	for (size_t i = 0; i < kept.len; i++)
		ck_assert_int_eq(encode_row(encode, &kept.row[i]), 0);
	ck_assert_int_eq(encode_batch(encode, out), 0);
	ck_assert_int_eq(encode_trailer(ledger, n, false, 104250 * MS, out), 0);
	encode_free(encode);
	kept_free(&kept);
}
