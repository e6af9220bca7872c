// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/input-event-codes.h>

#include "source.h"
#include "unit.h"

#define SEEN_MAX 64

static struct {
	struct packet packet[SEEN_MAX];
	struct candor_value value[SEEN_MAX][CANDOR_PIECES_MAX * 9];
	size_t packets;
	struct device device;
	enum candor_device_event event;
	size_t devices, gates;
	int answer;
} got;

static int take_packet(const struct packet *packet, void *ctx)
{
	ck_assert_uint_lt(got.packets, SEEN_MAX);
	memcpy(got.value[got.packets], packet->values,
	       packet->count * sizeof(*packet->values));
	got.packet[got.packets++] = *packet;
	return got.answer;
}

static int take_device(const struct device *device,
		       enum candor_device_event event, void *ctx)
{
	got.device = *device;
	got.event = event;
	got.devices++;
	return 0;
}

static int take_gate(uint32_t old_mask, uint32_t new_mask, uint64_t boottime,
		     void *ctx)
{
	got.gates++;
	return 0;
}

static const struct source_ops ops = { take_packet, take_device, take_gate };
static struct source *source;

static void setup(void)
{
	memset(&got, 0, sizeof(got));
	source = source_new(&ops, NULL);
}

static void teardown(void)
{
	source_free(source);
}

static void gate(uint32_t old_mask, uint32_t new_mask)
{
	struct candor_record_gate record = { .kind = CANDOR_RECORD_GATE,
					     .old_mask = old_mask,
					     .new_mask = new_mask };

	ck_assert_int_eq(source_record(source, &record, sizeof(record)), 0);
}

static void device(uint32_t id, enum candor_device_event event, uint64_t seq)
{
	struct candor_record_device record = {
		.kind = CANDOR_RECORD_DEVICE,
		.flags = CANDOR_FIRST | CANDOR_LAST,
		.device = id,
		.flags_word = CANDOR_DEVICE_FLAGS(event, 0, CANDOR_KIND_MOUSE),
		.seq = seq,
	};

	ck_assert_int_eq(source_record(source, &record, sizeof(record)), 0);
}

/* A piece of @count values numbered from @first. */
static int piece(uint32_t id, uint64_t seq, uint8_t number, uint8_t flags,
		 uint8_t count, int32_t first, uint32_t suppressed,
		 uint32_t ring_full)
{
	struct {
		struct candor_record_packet head;
		struct candor_value value[CANDOR_PACKET_VALUES];
	} record = {
		.head = { .kind = CANDOR_RECORD_PACKET,
			  .count = count,
			  .piece = number,
			  .flags = flags,
			  .device = id,
			  .time_ns = seq * 1000,
			  .seq_held = CANDOR_SEQ_HELD(seq, CANDOR_LEFTALT),
			  .suppressed = suppressed,
			  .ring_full = ring_full },
	};

	for (int i = 0; i < count; i++)
		record.value[i] =
			(struct candor_value){ EV_ABS, ABS_X, first + i };
	return source_record(source, &record, sizeof(record));
}

static void whole(uint32_t id, uint64_t seq, uint32_t suppressed,
		  uint32_t ring_full)
{
	ck_assert_int_eq(piece(id, seq, 0, CANDOR_FIRST | CANDOR_LAST, 1, 0,
			       suppressed, ring_full),
			 0);
}

static void check_gap(const struct packet_gap *gap, uint64_t suppressed,
		      uint64_t ring_full, uint64_t unknown)
{
	ck_assert_uint_eq(gap->suppressed, suppressed);
	ck_assert_uint_eq(gap->ring_full, ring_full);
	ck_assert_uint_eq(gap->unknown, unknown);
}

static const struct {
	const char *name;
	uint64_t opened; /* sequence announced */
	uint64_t seq[2];
	uint32_t suppressed[2], ring_full[2];
	struct packet_gap gap; /* of the second */
	uint64_t contradictions;
} gaps[] = {
	{ "none", 0, { 1, 2 }, { 0, 0 }, { 0, 0 }, { 0, 0, 0 }, 0 },
	{ "suppressed", 0, { 1, 5 }, { 0, 3 }, { 0, 0 }, { 3, 0, 0 }, 0 },
	{ "full ring", 0, { 1, 5 }, { 0, 0 }, { 0, 3 }, { 0, 3, 0 }, 0 },
	{ "unknown", 0, { 1, 5 }, { 0, 0 }, { 0, 0 }, { 0, 0, 3 }, 0 },
	{ "all three", 9, { 10, 20 }, { 0, 4 }, { 0, 3 }, { 4, 3, 2 }, 0 },
	{ "suppressed wraps",
	  0,
	  { 0x100000000, 0x100000004 },
	  { 0xffffffff, 2 },
	  { 0, 0 },
	  { 3, 0, 0 },
	  0 },
	{ "ring_full wraps",
	  0,
	  { 0x100000000, 0x100000004 },
	  { 0, 0 },
	  { 0xffffffff, 1 },
	  { 0, 2, 1 },
	  0 },
	{ "more suppressed than missing",
	  0,
	  { 1, 3 },
	  { 0, 5 },
	  { 0, 0 },
	  { 1, 0, 0 },
	  1 },
	{ "more of both than missing",
	  0,
	  { 1, 6 },
	  { 0, 3 },
	  { 0, 3 },
	  { 3, 1, 0 },
	  1 },
};

START_TEST(I4_gap_is_split_by_the_counters)
{
	device(1, CANDOR_DEVICE_OPENED, gaps[_i].opened);
	for (int i = 0; i < 2; i++)
		whole(1, gaps[_i].seq[i], gaps[_i].suppressed[i],
		      gaps[_i].ring_full[i]);
	ck_assert_uint_eq(got.packets, 2);
	check_gap(&got.packet[1].gap, gaps[_i].gap.suppressed,
		  gaps[_i].gap.ring_full, gaps[_i].gap.unknown);
	ck_assert_uint_eq(source_counts(source)->contradictions,
			  gaps[_i].contradictions);
}
END_TEST

START_TEST(I4_first_packet_counts_from_the_announcement)
{
	device(1, CANDOR_DEVICE_OPENED, 100);
	whole(1, 104, 1, 1);
	check_gap(&got.packet[0].gap, 1, 1, 1);
	/* Announced again with what is accounted, and then with more. */
	device(1, CANDOR_DEVICE_OPENED, 104);
	whole(1, 105, 1, 1);
	check_gap(&got.packet[1].gap, 0, 0, 0);
	device(1, CANDOR_DEVICE_OPENED, 107);
	whole(1, 108, 2, 1);
	check_gap(&got.packet[2].gap, 1, 0, 1);
}
END_TEST

START_TEST(I4_unannounced_device_counts_what_the_program_did)
{
	whole(1, 500, 3, 2);
	check_gap(&got.packet[0].gap, 3, 2, 0);
	ck_assert_uint_eq(source_counts(source)->contradictions, 0);
}
END_TEST

static void send_values(uint32_t id, uint64_t seq, int count)
{
	int pieces = (count + 8) / 9;

	for (int i = 0; i < pieces; i++) {
		int n = count - i * 9 < 9 ? count - i * 9 : 9;
		uint8_t flags = (i ? 0 : CANDOR_FIRST) |
				(i == pieces - 1 ? CANDOR_LAST : 0);

		ck_assert_int_eq(piece(id, seq, (uint8_t)i, flags, (uint8_t)n,
				       i * 9, 0, 0),
				 0);
	}
}

START_TEST(packets_of_any_size_arrive_whole)
{
	static const int sizes[] = { 1, 7, 8, 9, 10, 18, 19, 250, 2295 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		send_values(1, i + 1, sizes[i]);
	ck_assert_uint_eq(got.packets, sizeof(sizes) / sizeof(sizes[0]));
	for (size_t i = 0; i < got.packets; i++) {
		ck_assert_uint_eq(got.packet[i].count, sizes[i]);
		ck_assert_uint_eq(got.packet[i].seq, i + 1);
		ck_assert_uint_eq(got.packet[i].time_ns, (i + 1) * 1000);
		ck_assert_uint_eq(got.packet[i].held, CANDOR_LEFTALT);
		for (int j = 0; j < sizes[i]; j++)
			ck_assert_int_eq(got.value[i][j].value, j);
	}
}
END_TEST

START_TEST(pieces_of_devices_interleave)
{
	piece(1, 1, 0, CANDOR_FIRST, 9, 100, 0, 0);
	piece(2, 1, 0, CANDOR_FIRST, 9, 200, 0, 0);
	piece(1, 1, 1, 0, 9, 109, 0, 0);
	whole(3, 1, 0, 0);
	piece(2, 1, 1, CANDOR_LAST, 0, 0, 0, 0);
	piece(1, 1, 2, CANDOR_LAST, 1, 118, 0, 0);
	ck_assert_uint_eq(got.packets, 3);
	ck_assert_uint_eq(got.packet[0].device, 3);
	ck_assert_uint_eq(got.packet[1].device, 2);
	ck_assert_uint_eq(got.packet[1].count, 9);
	ck_assert_uint_eq(got.packet[2].count, 19);
	ck_assert_int_eq(got.value[2][18].value, 118);
	ck_assert_uint_eq(source_counts(source)->unfinished, 0);
}
END_TEST

START_TEST(I4_a_lost_middle_piece_loses_the_packet)
{
	device(1, CANDOR_DEVICE_OPENED, 0);
	piece(1, 1, 0, CANDOR_FIRST, 9, 0, 0, 0);
	piece(1, 1, 2, CANDOR_LAST, 9, 0, 0, 0);
	ck_assert_uint_eq(got.packets, 0);
	/* The program counted it when the middle found no room. */
	whole(1, 2, 0, 1);
	check_gap(&got.packet[0].gap, 0, 1, 0);
	ck_assert_uint_eq(source_counts(source)->unfinished, 1);
	/* Its last piece found the ring full; the next packet begins. */
	piece(1, 3, 0, CANDOR_FIRST, 9, 0, 0, 1);
	whole(1, 4, 0, 2);
	check_gap(&got.packet[1].gap, 0, 1, 0);
	ck_assert_uint_eq(source_counts(source)->unfinished, 2);
	/* A piece of another packet does not go on where this one stands. */
	piece(1, 5, 0, CANDOR_FIRST, 9, 0, 0, 2);
	piece(1, 6, 1, CANDOR_LAST, 9, 0, 0, 2);
	ck_assert_uint_eq(got.packets, 2);
}
END_TEST

START_TEST(a_last_piece_that_the_core_swallowed_ends_with_the_next)
{
	struct candor_device_state state = { .seq = 4, .suppressed = 1 };
	struct packet_gap tail;

	device(1, CANDOR_DEVICE_OPENED, 0);
	piece(1, 1, 0, CANDOR_FIRST, 9, 0, 0, 0);
	ck_assert_uint_eq(got.packets, 0);
	piece(1, 3, 0, CANDOR_FIRST, 9, 0, 1, 0);
	ck_assert_uint_eq(got.packets, 1);
	ck_assert_uint_eq(got.packet[0].count, 9);
	/* The second ends with the gate, before a packet of which we know
	 * nothing. */
	gate(0, CANDOR_PAUSE);
	ck_assert_int_eq(source_settle(source, 1, &state, false, &tail),
			 -EAGAIN);
	ck_assert_uint_eq(got.packets, 1);
	ck_assert_int_eq(source_settle(source, 1, &state, true, &tail), 0);
	ck_assert_uint_eq(got.packets, 2);
	check_gap(&got.packet[1].gap, 1, 0, 0);
	check_gap(&tail, 0, 0, 1);
	ck_assert_uint_eq(source_counts(source)->unfinished, 0);
}
END_TEST

START_TEST(a_modifier_may_change_between_pieces)
{
	struct candor_record_packet last = {
		.kind = CANDOR_RECORD_PACKET,
		.piece = 1,
		.flags = CANDOR_LAST,
		.device = 1,
		.seq_held = CANDOR_SEQ_HELD(1, 0),
	};

	piece(1, 1, 0, CANDOR_FIRST, 9, 0, 0, 0);
	source_record(source, &last, sizeof(last));
	ck_assert_uint_eq(got.packets, 1);
	ck_assert_uint_eq(got.packet[0].held, CANDOR_LEFTALT);
}
END_TEST

START_TEST(axes_come_in_pieces)
{
	struct candor_record_device record = {
		.kind = CANDOR_RECORD_DEVICE,
		.count = 8,
		.flags = CANDOR_FIRST | CANDOR_VIRTUAL,
		.device = 4,
		.ids = 0x0111abcd12340006,
		.flags_word = CANDOR_DEVICE_FLAGS(
			CANDOR_DEVICE_OPENED, 0x80000001, CANDOR_KIND_TOUCH),
	};

	for (int i = 0; i < 4; i++) {
		record.a[2 * i] = (uint64_t)40 << 32 | (uint64_t)i;
		record.a[2 * i + 1] = (uint64_t)1000 << 32 | (uint32_t)-5;
	}
	source_record(source, &record, sizeof(record));
	ck_assert_uint_eq(got.devices, 0);
	record.piece = 1;
	record.flags = CANDOR_LAST | CANDOR_VIRTUAL;
	record.count = 2;
	source_record(source, &record, sizeof(record));
	ck_assert_uint_eq(got.devices, 1);
	ck_assert_uint_eq(got.device.bus, 6);
	ck_assert_uint_eq(got.device.vendor, 0x1234);
	ck_assert_uint_eq(got.device.product, 0xabcd);
	ck_assert_uint_eq(got.device.version, 0x0111);
	ck_assert_uint_eq(got.device.prop, 0x80000001);
	ck_assert_uint_eq(got.device.kind, CANDOR_KIND_TOUCH);
	ck_assert(got.device.is_virtual);
	ck_assert_uint_eq(got.device.axes, 5);
	ck_assert_uint_eq(got.device.axis[3].code, 3);
	ck_assert_int_eq(got.device.axis[3].resolution, 40);
	ck_assert_int_eq(got.device.axis[3].min, -5);
	ck_assert_int_eq(got.device.axis[3].max, 1000);
	/* A second piece without the first announces nothing. */
	source_record(source, &record, sizeof(record));
	ck_assert_uint_eq(got.devices, 1);
	ck_assert_uint_eq(source_counts(source)->malformed, 1);
}
END_TEST

START_TEST(I4_settling_accounts_the_tail)
{
	struct candor_device_state state = { .seq = 9,
					     .suppressed = 5,
					     .ring_full = 1 };
	struct packet_gap tail;

	gate(3, 0);
	device(1, CANDOR_DEVICE_OPENED, 0);
	whole(1, 2, 1, 0);
	ck_assert_int_eq(source_settle(source, 1, &state, true, &tail),
			 -EAGAIN);
	gate(0, CANDOR_PAUSE);
	ck_assert_int_eq(source_settle(source, 2, &state, true, &tail),
			 -ENOENT);
	state.seq = 1;
	ck_assert_int_eq(source_settle(source, 1, &state, true, &tail),
			 -EAGAIN);
	state.seq = 9;
	ck_assert_int_eq(source_settle(source, 1, &state, true, &tail), 0);
	check_gap(&tail, 4, 1, 2);
	ck_assert_int_eq(source_settle(source, 1, &state, true, &tail), 0);
	check_gap(&tail, 0, 0, 0);

	gate(CANDOR_PAUSE, 0);
	device(1, CANDOR_DEVICE_OPENED, 9);
	whole(1, 10, 5, 1);
	check_gap(&got.packet[1].gap, 0, 0, 0);
}
END_TEST

static int settle_one(uint32_t id, void *ctx)
{
	struct candor_device_state none = { 0 };
	struct packet_gap tail;
	int *count = ctx;

	(*count)++;
	ck_assert_int_eq(source_settle(source, id, &none, true, &tail), 0);
	return 0;
}

START_TEST(a_removed_device_is_settled_and_forgotten)
{
	int count = 0;

	for (uint32_t id = 1; id <= 5; id++) {
		device(id, CANDOR_DEVICE_OPENED, 70);
		device(id, CANDOR_DEVICE_REMOVED, 70);
	}
	gate(3, 0);
	ck_assert_int_eq(source_devices(source, settle_one, &count), 0);
	ck_assert_int_eq(count, 5);
	ck_assert_int_eq(source_devices(source, settle_one, &count), 0);
	ck_assert_int_eq(count, 5);
}
END_TEST

START_TEST(what_breaks_the_abi_is_counted)
{
	static const struct {
		uint8_t number, flags, count;
		uint64_t seq;
		size_t len;
	} table[] = {
		{ 0, CANDOR_FIRST | CANDOR_LAST, 10, 1, 32 + 80 },
		{ 0, CANDOR_LAST, 1, 1, 40 },
		{ 1, CANDOR_FIRST | CANDOR_LAST, 1, 1, 40 },
		{ 255, CANDOR_LAST, 1, 1, 40 },
		{ 0, CANDOR_FIRST | CANDOR_LAST, 2, 1, 47 },
		{ 0, CANDOR_FIRST | CANDOR_LAST, 0, 1, 31 },
		{ 0, CANDOR_FIRST | CANDOR_LAST, 1, 0, 40 },
	};
	const size_t n = sizeof(table) / sizeof(table[0]);
	uint64_t bytes[16];

	for (size_t i = 0; i < n; i++) {
		struct candor_record_packet head = {
			.kind = CANDOR_RECORD_PACKET,
			.piece = table[i].number,
			.flags = table[i].flags,
			.count = table[i].count,
			.device = 1,
			.seq_held = table[i].seq,
		};

		memset(bytes, 0, sizeof(bytes));
		memcpy(bytes, &head, sizeof(head));
		source_record(source, bytes, table[i].len);
		ck_assert_uint_eq(source_counts(source)->malformed, i + 1);
	}
	source_record(source, bytes, 0);
	memset(bytes, CANDOR_RECORD_GATE, sizeof(bytes));
	source_record(source, bytes, 23);
	memset(bytes, CANDOR_RECORD_DEVICE, sizeof(bytes));
	source_record(source, bytes, 95);
	source_record(source, bytes, 96);
	ck_assert_uint_eq(source_counts(source)->malformed, n + 4);
	/* Kinds of a later program are passed over. */
	memset(bytes, 99, sizeof(bytes));
	source_record(source, bytes, 1);
	ck_assert_uint_eq(source_counts(source)->malformed, n + 4);
	/* A sequence that does not rise. */
	whole(1, 5, 0, 0);
	whole(1, 5, 0, 0);
	whole(1, 4, 0, 0);
	ck_assert_uint_eq(source_counts(source)->malformed, n + 6);
	ck_assert_uint_eq(got.packets, 1);
}
END_TEST

static int ignore_packet(const struct packet *packet, void *ctx)
{
	volatile int32_t sum = 0;

	for (int i = 0; i < packet->count; i++)
		sum = sum ^ packet->values[i].value;
	return 0;
}

START_TEST(hostile_records_do_no_harm)
{
	static const struct source_ops quiet = { ignore_packet, take_device,
						 take_gate };
	struct source *fuzzed = source_new(&quiet, NULL);
	unsigned char *record;

	srand(20240613);
	for (int i = 0; i < 300000; i++) {
		size_t len = (size_t)rand() % 130;

		/* Of its own size, so that a read beyond it is caught. */
		record = malloc(len ? len : 1);
		for (size_t j = 0; j < len; j++)
			record[j] = (unsigned char)(rand() % 4 ? rand() % 12 :
								 rand());
		if (len > 8) {
			record[0] = (unsigned char)(rand() % 4);
			record[4] = (unsigned char)(rand() % 8);
			record[5] = record[6] = record[7] = 0;
		}
		ck_assert_int_eq(source_record(fuzzed, record, len), 0);
		free(record);
	}
	source_free(fuzzed);
}
END_TEST

START_TEST(what_an_op_returns_comes_back)
{
	got.answer = -ENOSPC;
	ck_assert_int_eq(piece(1, 1, 0, CANDOR_FIRST | CANDOR_LAST, 1, 0, 0, 0),
			 -ENOSPC);
}
END_TEST

static Suite *source_suite(void)
{
	Suite *suite = suite_create("source");
	TCase *tcase = tcase_create("source");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 30);
	tcase_add_loop_test(tcase, I4_gap_is_split_by_the_counters, 0,
			    sizeof(gaps) / sizeof(gaps[0]));
	tcase_add_test(tcase, I4_first_packet_counts_from_the_announcement);
	tcase_add_test(tcase,
		       I4_unannounced_device_counts_what_the_program_did);
	tcase_add_test(tcase, packets_of_any_size_arrive_whole);
	tcase_add_test(tcase, pieces_of_devices_interleave);
	tcase_add_test(tcase, I4_a_lost_middle_piece_loses_the_packet);
	tcase_add_test(tcase,
		       a_last_piece_that_the_core_swallowed_ends_with_the_next);
	tcase_add_test(tcase, a_modifier_may_change_between_pieces);
	tcase_add_test(tcase, axes_come_in_pieces);
	tcase_add_test(tcase, I4_settling_accounts_the_tail);
	tcase_add_test(tcase, a_removed_device_is_settled_and_forgotten);
	tcase_add_test(tcase, what_breaks_the_abi_is_counted);
	tcase_add_test(tcase, hostile_records_do_no_harm);
	tcase_add_test(tcase, what_an_op_returns_comes_back);
	suite_add_tcase(suite, tcase);
	return suite;
}
UNIT_SUITE(source_suite)
