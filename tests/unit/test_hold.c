// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/input-event-codes.h>

#include "hold.h"
#include "unit.h"

#define S 1000000000ULL

/* What came out: a letter and a number for each item. */
static struct {
	char kind[65536];
	uint64_t seq[65536];
	struct hold_item last;
	struct candor_value value[3000];
	size_t count;
	int answer;
} out;

static struct hold *hold;

static void setup(void)
{
	memset(&out, 0, sizeof(out));
	hold = hold_new();
}

static void teardown(void)
{
	hold_free(hold);
}

static int take(const struct hold_item *item, void *ctx)
{
	static const char letters[] = "?ptdgf";

	out.kind[out.count] = letters[item->kind];
	if (item->kind == HOLD_PACKET) {
		out.seq[out.count] = item->packet.seq;
		memcpy(out.value, item->packet.values,
		       item->packet.count * sizeof(out.value[0]));
	} else if (item->kind == HOLD_FORGOTTEN) {
		out.seq[out.count] = item->forgotten.seq;
	}
	out.last = *item;
	out.count++;
	return out.answer;
}

static void packet(uint64_t seq, uint64_t time_ns, uint16_t count)
{
	static struct candor_value values[3000];
	struct hold_item item = { .kind = HOLD_PACKET };

	for (int i = 0; i < count; i++)
		values[i] = (struct candor_value){ EV_REL, REL_X,
						   (int32_t)seq + i };
	item.packet = (struct packet){ .time_ns = time_ns,
				       .seq = seq,
				       .device = 3,
				       .held = 0x81,
				       .is_virtual = true,
				       .count = count,
				       .gap = { .unknown = seq % 3 },
				       .values = values };
	ck_assert_int_eq(hold_push(hold, &item, time_ns), 0);
}

static void release(uint64_t now_ns)
{
	ck_assert_int_eq(hold_release(hold, now_ns, HOLD_AGE_NS, take, NULL),
			 0);
}

START_TEST(gives_what_is_five_seconds_old)
{
	packet(1, 10 * S, 2);
	packet(2, 11 * S, 2);
	ck_assert_uint_eq(hold_next_deadline(hold, HOLD_AGE_NS), 15 * S);
	release(15 * S - 1);
	ck_assert_str_eq(out.kind, "");
	release(15 * S);
	ck_assert_str_eq(out.kind, "p");
	ck_assert_uint_eq(hold_next_deadline(hold, HOLD_AGE_NS), 16 * S);
	release(100 * S);
	ck_assert_str_eq(out.kind, "pp");
	ck_assert_uint_eq(hold_next_deadline(hold, HOLD_AGE_NS), UINT64_MAX);
	ck_assert_uint_eq(hold_bytes(hold), 0);
}
END_TEST

START_TEST(a_packet_comes_out_as_it_went_in)
{
	static const uint16_t counts[] = { 0, 1, 7, 9, 250, 2295 };

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		packet(i + 1, i * S, counts[i]);
		ck_assert_int_eq(hold_release(hold, 0, 0, take, NULL), 0);
		ck_assert_uint_eq(out.last.packet.time_ns, i * S);
		ck_assert_uint_eq(out.last.packet.seq, i + 1);
		ck_assert_uint_eq(out.last.packet.device, 3);
		ck_assert_uint_eq(out.last.packet.held, 0x81);
		ck_assert(out.last.packet.is_virtual);
		ck_assert_uint_eq(out.last.packet.count, counts[i]);
		ck_assert_uint_eq(out.last.packet.gap.suppressed, 0);
		ck_assert_uint_eq(out.last.packet.gap.unknown, (i + 1) % 3);
		for (int j = 0; j < counts[i]; j++)
			ck_assert_int_eq(out.value[j].value, (int)i + 1 + j);
	}
}
END_TEST

static void push_others(void)
{
	struct device device = { .id = 9, .kind = CANDOR_KIND_PEN, .axes = 2 };
	struct hold_item item = { .kind = HOLD_DEVICE,
				  .device = { &device, CANDOR_DEVICE_OPENED } };

	device.axis[1] = (struct device_axis){ ABS_Y, 40, -1, 1000 };
	ck_assert_int_eq(hold_push(hold, &item, 0), 0);
	item = (struct hold_item){ .kind = HOLD_GATE, .gate = { 1, 2, 3 } };
	ck_assert_int_eq(hold_push(hold, &item, 0), 0);
	item = (struct hold_item){ .kind = HOLD_TAIL,
				   .tail = { 3, 70, { 1, 2, 3 } } };
	ck_assert_int_eq(hold_push(hold, &item, 0), 0);
}

static int check_others(const struct hold_item *item, void *ctx)
{
	switch (item->kind) {
	case HOLD_DEVICE:
		ck_assert_int_eq(item->device.event, CANDOR_DEVICE_OPENED);
		ck_assert_uint_eq(item->device.device->id, 9);
		ck_assert_uint_eq(item->device.device->kind, CANDOR_KIND_PEN);
		ck_assert_uint_eq(item->device.device->axes, 2);
		ck_assert_int_eq(item->device.device->axis[1].max, 1000);
		break;
	case HOLD_GATE:
		ck_assert_uint_eq(item->gate.old_mask, 1);
		ck_assert_uint_eq(item->gate.new_mask, 2);
		ck_assert_uint_eq(item->gate.boottime_ns, 3);
		break;
	case HOLD_TAIL:
		ck_assert_uint_eq(item->tail.device, 3);
		ck_assert_uint_eq(item->tail.seq, 70);
		ck_assert_uint_eq(item->tail.gap.unknown, 3);
		break;
	case HOLD_PACKET:
	case HOLD_FORGOTTEN:
		break;
	}
	return take(item, ctx);
}

START_TEST(devices_gates_and_tails_keep_their_place)
{
	push_others();
	packet(1, 10 * S, 1);
	push_others();
	packet(2, 12 * S, 1);
	ck_assert_int_eq(
		hold_release(hold, 16 * S, HOLD_AGE_NS, check_others, NULL), 0);
	ck_assert_str_eq(out.kind, "dgtpdgt");
}
END_TEST

START_TEST(forgets_what_is_newer_and_only_that)
{
	packet(1, 10 * S, 2);
	packet(2, 11 * S, 2);
	packet(3, 11 * S + 1, 300);
	push_others();
	packet(4, 12 * S, 2);
	/* A driver's stamp may be older than one before it. */
	packet(5, 10 * S, 2);
	hold_forget_newer(hold, 11 * S);
	packet(6, 13 * S, 2);
	release(100 * S);
	ck_assert_str_eq(out.kind, "ppfdgffpp");
	ck_assert_uint_eq(out.seq[2], 3);
	ck_assert_uint_eq(out.seq[6], 4);
	ck_assert_uint_eq(out.seq[7], 5);
}
END_TEST

START_TEST(a_stamp_from_the_future_does_not_block)
{
	struct hold_item item = { .kind = HOLD_PACKET,
				  .packet = { .time_ns = 1000 * S, .seq = 1 } };

	ck_assert_int_eq(hold_push(hold, &item, 10 * S), 0);
	packet(2, 11 * S, 1);
	release(15 * S);
	ck_assert_str_eq(out.kind, "p");
	ck_assert_uint_eq(out.last.packet.time_ns, 1000 * S);
}
END_TEST

START_TEST(above_its_cap_it_gives_early_and_loses_nothing)
{
	uint64_t pushed = 0;

	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 1000; i++)
			packet(++pushed, S, 100);
		release(S);
		ck_assert_uint_le(hold_bytes(hold), HOLD_BYTES_MAX);
	}
	ck_assert_uint_gt(out.count, 0);
	release(100 * S);
	ck_assert_uint_eq(out.count, pushed);
	for (size_t i = 0; i < out.count; i++)
		ck_assert_uint_eq(out.seq[i], i + 1);
}
END_TEST

START_TEST(grows_wraps_and_shrinks_in_order)
{
	uint64_t pushed = 0, now = S;

	srand(7);
	for (int i = 0; i < 20000; i++) {
		now += (uint64_t)rand() % (S / 10);
		packet(++pushed, now, (uint16_t)(rand() % 12));
		if (rand() % 200 == 0)
			now += (uint64_t)rand() % (20 * S);
		release(now);
	}
	release(now + HOLD_AGE_NS);
	ck_assert_uint_eq(out.count, pushed);
	for (size_t i = 0; i < out.count; i++)
		ck_assert_uint_eq(out.seq[i], i + 1);
}
END_TEST

START_TEST(an_error_of_the_taker_stops_it)
{
	packet(1, S, 1);
	packet(2, S, 1);
	out.answer = -EIO;
	ck_assert_int_eq(hold_release(hold, 9 * S, HOLD_AGE_NS, take, NULL),
			 -EIO);
	ck_assert_uint_eq(out.count, 1);
	out.answer = 0;
	release(9 * S);
	ck_assert_uint_eq(out.seq[1], 2);
}
END_TEST

static Suite *hold_suite(void)
{
	Suite *suite = suite_create("hold");
	TCase *tcase = tcase_create("hold");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 30);
	tcase_add_test(tcase, gives_what_is_five_seconds_old);
	tcase_add_test(tcase, a_packet_comes_out_as_it_went_in);
	tcase_add_test(tcase, devices_gates_and_tails_keep_their_place);
	tcase_add_test(tcase, forgets_what_is_newer_and_only_that);
	tcase_add_test(tcase, a_stamp_from_the_future_does_not_block);
	tcase_add_test(tcase, above_its_cap_it_gives_early_and_loses_nothing);
	tcase_add_test(tcase, grows_wraps_and_shrinks_in_order);
	tcase_add_test(tcase, an_error_of_the_taker_stops_it);
	suite_add_tcase(suite, tcase);
	return suite;
}
UNIT_SUITE(hold_suite)
