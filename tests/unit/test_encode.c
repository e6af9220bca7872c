// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/input-event-codes.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "encode.h"
#include "fixture.h"
#include "unit.h"

/* --- what goes in comes out */

struct got {
	struct kept rows;
	struct header_info header;
	char recorder[64], layout[64];
	struct ledger_row ledger[8];
	bool balanced[8], recovered;
	size_t ledger_rows;
	uint64_t end_ns;
};

static int got_header(const struct header_info *info, void *ctx)
{
	struct got *got = ctx;

	got->header = *info;
	strcpy(got->recorder, info->recorder);
	strcpy(got->layout, info->layout);
	return 0;
}

static int got_row(const struct row *row, void *ctx)
{
	return kept_add(row, &((struct got *)ctx)->rows);
}

static int got_trailer(const struct trailer_info *info, void *ctx)
{
	struct got *got = ctx;

	got->ledger_rows = info->rows;
	memcpy(got->ledger, info->ledger, info->rows * sizeof(got->ledger[0]));
	memcpy(got->balanced, info->balanced, info->rows * sizeof(bool));
	got->recovered = info->recovered;
	got->end_ns = info->end_ns;
	return 0;
}

static const struct decode_ops got_ops = {got_header, got_row, got_trailer};

static void round_trip(enum level level)
{
	struct bytes frames = {0};
	struct got got = {0};
	struct kept want = {0};

	fixture_frames(level, &frames);
	fixture_rows(level, &want);
	ck_assert_int_eq(
		decode_segment(frames.data, frames.len, &got_ops, &got), 0);
	kept_same(&got.rows, &want);
	ck_assert_uint_eq(got.end_ns, 104250000000);
	ck_assert(!got.recovered);
	kept_free(&got.rows);
	kept_free(&want);
	bytes_free(&frames);
}

/* Rows of @devices devices, one each, as one batch of a segment. */
static int decode_many(unsigned int devices)
{
	struct encode *encode = encode_new(LEVEL_DEMONSTRATION);
	struct bytes frames = {0};
	int r;

	ck_assert_int_eq(encode_header(&fixture_demonstration, &frames), 0);
	for (unsigned int i = 0; i < devices; i++) {
		const struct row row = {.kind = ROW_MOTION,
					.device = i,
					.seq = 1,
					.time_ns = 100250000000 + i,
					.motion = {1, 1}};

		ck_assert_int_eq(encode_row(encode, &row), 0);
	}
	ck_assert_int_eq(encode_batch(encode, &frames), 0);
	ck_assert_int_eq(encode_trailer(NULL, 0, false, 104250000000, &frames),
			 0);
	r = decode_segment(frames.data, frames.len, &(struct decode_ops){0},
			   NULL);
	bytes_free(&frames);
	encode_free(encode);
	return r;
}

START_TEST(a_segment_of_more_devices_than_the_limit_is_refused)
{
	ck_assert_int_eq(decode_many(SEGMENT_DEVICES_MAX), 0);
	ck_assert_int_eq(decode_many(SEGMENT_DEVICES_MAX + 1), -EBADMSG);
}
END_TEST

START_TEST(rows_of_every_level_come_back_in_order)
{
	round_trip(LEVEL_ACTIONS);
	round_trip(LEVEL_DEMONSTRATION);
}
END_TEST

START_TEST(header_comes_back_whole)
{
	const struct header_info *want = &fixture_actions;
	struct bytes frames = {0};
	struct got got = {0};

	fixture_frames(LEVEL_ACTIONS, &frames);
	ck_assert_int_eq(
		decode_segment(frames.data, frames.len, &got_ops, &got), 0);
	ck_assert_uint_eq(got.header.schema, STORED_SCHEMA);
	ck_assert_str_eq(got.recorder, want->recorder);
	ck_assert_str_eq(got.layout, want->layout);
	ck_assert_mem_eq(got.header.host, want->host, 16);
	ck_assert_mem_eq(got.header.subject, want->subject, 16);
	ck_assert_mem_eq(got.header.boot, want->boot, 16);
	ck_assert_mem_eq(got.header.policy, want->policy, 32);
	ck_assert_int_eq(got.header.level, LEVEL_ACTIONS);
	ck_assert_uint_eq(got.header.anchor.monotonic_ns,
			  want->anchor.monotonic_ns);
	ck_assert_int_eq(got.header.anchor.realtime_ns,
			 want->anchor.realtime_ns);
	ck_assert_uint_eq(got.header.anchor.boottime_ns,
			  want->anchor.boottime_ns);
	ck_assert_uint_eq(got.header.expires_at, want->expires_at);
	ck_assert_uint_eq(got.header.units.pointer_ns, 1000000);
	ck_assert_uint_eq(got.header.units.key_ns, GRID_NS);
	ck_assert_uint_eq(got.header.seq, 7);
	kept_free(&got.rows);
	bytes_free(&frames);
}
END_TEST

START_TEST(i4_ledger_publishes_counts_only_where_exact)
{
	struct ledger_row want[4];
	struct bytes frames = {0};
	struct got got = {0};

	fixture_frames(LEVEL_ACTIONS, &frames);
	fixture_ledger(LEVEL_ACTIONS, want);
	decode_segment(frames.data, frames.len, &got_ops, &got);
	ck_assert_uint_eq(got.ledger_rows, 4);
	for (int i = 0; i < 4; i++) {
		ck_assert(got.balanced[i]);
		ck_assert_int_eq(got.ledger[i].exact, want[i].exact);
		if (!want[i].exact)
			want[i] = (struct ledger_row){.device = want[i].device};
		ck_assert_mem_eq(&got.ledger[i], &want[i], sizeof(want[i]));
	}
	kept_free(&got.rows);
	bytes_free(&frames);
}
END_TEST

/* A random number that is often small, sometimes as large as it can be. */
static int32_t wild(void)
{
	uint32_t n = (uint32_t)random() << 1 ^ (uint32_t)random();

	return (int32_t)(n >> (random() % 4 ? 24 : random() % 32));
}

static void wild_row(struct row *row, uint64_t *time, uint64_t *seq,
		     struct candor_value *values)
{
	*row = (struct row){.device = 3 + (uint32_t)(random() % 4)};
	*time += random() % 3 ? (uint64_t)random() % 3 * 1000000
			      : (uint64_t)random() % 5000000 / 1000 * 1000;
	row->time_ns = *time;
	row->seq = seq[row->device - 3] += random() % 9 ? 1 : 7;
	switch (random() % 3) {
	case 0:
		row->kind = ROW_MOTION;
		row->motion.dx = wild();
		row->motion.dy = wild();
		return;
	case 1:
		row->kind = ROW_POSITION;
		row->position.x = wild();
		row->position.y = wild();
		return;
	}
	row->kind = ROW_PACKET;
	row->packet.count = (uint16_t)(random() % 50 ? random() % 12 : 250);
	for (int i = 0; i < row->packet.count; i++)
		values[i] = (struct candor_value){(uint16_t)wild(),
						  (uint16_t)wild(), wild()};
	row->packet.values = values;
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	if (x->device != y->device)
		return x->device < y->device ? -1 : 1;
	return (x->seq > y->seq) - (x->seq < y->seq);
}

START_TEST(demonstration_keeps_each_packet_once_and_exactly)
{
	struct encode *encode = encode_new(LEVEL_DEMONSTRATION);
	struct kept want = {0};
	struct got got = {0};
	struct bytes frames = {0};
	struct candor_value values[250];
	uint64_t time = 5000000000, seq[4] = {0};
	struct row row;
	size_t sorted = 0;

	srandom(7);
	encode_header(&fixture_demonstration, &frames);
	for (int i = 0; i < 20000; i++) {
		wild_row(&row, &time, seq, values);
		ck_assert_int_eq(encode_row(encode, &row), 0);
		kept_add(&row, &want);
		if (i % 3000 && !encode_full(encode))
			continue;
		ck_assert_int_eq(encode_batch(encode, &frames), 0);
		qsort(want.row + sorted, want.len - sorted, sizeof(row),
		      compare_rows);
		sorted = want.len;
	}
	ck_assert_int_eq(encode_batch(encode, &frames), 0);
	qsort(want.row + sorted, want.len - sorted, sizeof(row), compare_rows);
	encode_trailer(NULL, 0, false, time, &frames);
	ck_assert_int_eq(
		decode_segment(frames.data, frames.len, &got_ops, &got), 0);
	kept_same(&got.rows, &want);
	encode_free(encode);
	kept_free(&want);
	kept_free(&got.rows);
	bytes_free(&frames);
}
END_TEST

/* --- what a batch gives away, and what it costs */

static void one_batch(struct encode *encode, const struct row *rows, size_t n,
		      struct bytes *out)
{
	out->len = 0;
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(encode_row(encode, &rows[i]), 0);
	ck_assert_int_eq(encode_batch(encode, out), 0);
}

/* Rows of one 250 ms cell, in two orders of which only one was true. */
START_TEST(actions_stores_no_order_within_a_cell)
{
	static const struct row one[] = {
		{.kind = ROW_KEY,
		 .device = 5,
		 .time_ns = 1000000000,
		 .key = {.code = KEY_ENTER}},
		{.kind = ROW_BUTTON,
		 .device = 6,
		 .time_ns = 1100000000,
		 .button = {.code = BTN_LEFT, .down = true}},
		{.kind = ROW_TEXT,
		 .device = 5,
		 .time_ns = 1000000000,
		 .text = {.length = 1}},
		{.kind = ROW_MOTION,
		 .device = 6,
		 .time_ns = 1150000000,
		 .motion = {1, 1}},
		{.kind = ROW_KEY,
		 .device = 3,
		 .time_ns = 1000000000,
		 .key = {.code = KEY_TAB}},
		{.kind = ROW_TOUCH,
		 .device = 9,
		 .time_ns = 1000000000,
		 .touch = {.cell = 3, .contacts = 1}},
		{.kind = ROW_TOUCH,
		 .device = 9,
		 .time_ns = 1000000000,
		 .touch = {.cell = 1, .contacts = 1}},
	};
	static const int order[] = {6, 4, 5, 3, 2, 1, 0};
	struct encode *encode = encode_new(LEVEL_ACTIONS);
	struct bytes a = {0}, b = {0};
	struct row other[7];

	for (int i = 0; i < 7; i++)
		other[i] = one[order[i]];
	one_batch(encode, one, 7, &a);
	one_batch(encode, other, 7, &b);
	ck_assert_uint_eq(a.len, b.len);
	ck_assert_mem_eq(a.data, b.data, a.len);
	encode_free(encode);
	bytes_free(&a);
	bytes_free(&b);
}
END_TEST

START_TEST(actions_stores_no_sequence)
{
	struct row row = {.kind = ROW_BUTTON,
			  .device = 6,
			  .time_ns = 1000000000,
			  .button = {.code = BTN_LEFT, .down = true}};
	struct encode *encode = encode_new(LEVEL_ACTIONS);
	struct bytes a = {0}, b = {0};

	one_batch(encode, &row, 1, &a);
	row.seq = 123456;
	one_batch(encode, &row, 1, &b);
	ck_assert_uint_eq(a.len, b.len);
	ck_assert_mem_eq(a.data, b.data, a.len);
	encode_free(encode);
	bytes_free(&a);
	bytes_free(&b);
}
END_TEST

START_TEST(i10_a_level_refuses_the_rows_it_does_not_store)
{
	static const struct {
		enum level level;
		enum row_kind kind;
		int r;
	} cases[] = {
		{LEVEL_TOTALS, ROW_MOTION, -EINVAL},
		{LEVEL_TOTALS, ROW_KEY, -EINVAL},
		{LEVEL_TOTALS, ROW_GAP, 0},
		{LEVEL_ACTIONS, ROW_PACKET, -EINVAL},
		{LEVEL_ACTIONS, ROW_TEXT, 0},
		{LEVEL_TIMING, ROW_PACKET, -EINVAL},
		{LEVEL_DEMONSTRATION, ROW_PACKET, 0},
		{LEVEL_DEMONSTRATION, ROW_KEY, -EINVAL},
		{LEVEL_DEMONSTRATION, ROW_TEXT, -EINVAL},
		{LEVEL_ACTIONS, 0, -EINVAL},
		{LEVEL_ACTIONS, 77, -EINVAL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct row row = {.kind = cases[i].kind, .device = 1};
		struct encode *encode = encode_new(cases[i].level);

		ck_assert_int_eq(encode_row(encode, &row), cases[i].r);
		ck_assert_int_eq(encode_empty(encode), cases[i].r < 0);
		encode_free(encode);
	}
}
END_TEST

START_TEST(each_batch_decodes_by_itself)
{
	struct encode *encode = encode_new(LEVEL_DEMONSTRATION);
	struct row row = {.kind = ROW_POSITION,
			  .device = 7,
			  .time_ns = 9000000,
			  .seq = 3,
			  .position = {100, 200}};
	struct bytes first = {0}, second = {0};

	one_batch(encode, &row, 1, &first);
	one_batch(encode, &row, 1, &second);
	ck_assert_uint_eq(first.len, second.len);
	ck_assert_mem_eq(first.data, second.data, first.len);
	encode_free(encode);
	bytes_free(&first);
	bytes_free(&second);
}
END_TEST

START_TEST(a_batch_in_steady_state_allocates_nothing)
{
	struct encode *encode = encode_new(LEVEL_ACTIONS);
	struct kept rows = {0};
	struct bytes out = {0};
	size_t before;

	fixture_rows(LEVEL_ACTIONS, &rows);
	/* a removal gives storage back, which is not the steady state */
	rows.len--;
	one_batch(encode, rows.row, rows.len, &out);
	before = mallinfo2().uordblks;
	for (int i = 0; i < 100; i++)
		one_batch(encode, rows.row, rows.len, &out);
	ck_assert_uint_eq(mallinfo2().uordblks, before);
	encode_free(encode);
	rows.len++;
	kept_free(&rows);
	bytes_free(&out);
}
END_TEST

START_TEST(a_full_batch_says_so_and_still_fits_a_frame)
{
	static struct candor_value values[60000];
	struct encode *encode = encode_new(LEVEL_DEMONSTRATION);
	struct row row = {.kind = ROW_PACKET,
			  .device = 1,
			  .packet = {.count = 60000, .values = values}};
	struct bytes out = {0};
	int r, rows = 0;

	for (size_t i = 0; i < 60000; i++)
		values[i] = (struct candor_value){0xffff, 0xffff, INT32_MIN};
	while (!(r = encode_row(encode, &row)))
		rows++;
	ck_assert_int_eq(r, -ENOBUFS);
	ck_assert(encode_full(encode));
	ck_assert_int_gt(rows, 3);
	ck_assert_int_eq(encode_batch(encode, &out), 0);
	ck_assert_uint_lt(out.len, FRAME_MAX);
	ck_assert(!encode_full(encode) && encode_empty(encode));
	encode_free(encode);
	bytes_free(&out);
}
END_TEST

START_TEST(no_rows_make_no_frame)
{
	struct encode *encode = encode_new(LEVEL_ACTIONS);
	struct bytes out = {0};

	ck_assert_int_eq(encode_batch(encode, &out), 0);
	ck_assert_uint_eq(out.len, 0);
	encode_free(encode);
	bytes_free(&out);
}
END_TEST

/* --- hostile frames */

static int decode_with(const uint8_t *frame, size_t len, const char **why)
{
	static const struct decode_ops none;
	struct decode *decode = decode_new(&none, NULL);
	struct bytes header = {0};
	ssize_t n;

	encode_header(&fixture_demonstration, &header);
	ck_assert_int_gt(decode_frame(decode, header.data, header.len), 0);
	n = decode_frame(decode, frame, len);
	*why = decode_why(decode);
	decode_free(decode);
	bytes_free(&header);
	return n > 0 ? 0 : n ? (int)n : 1;
}

START_TEST(hostile_frames_are_refused_with_a_reason)
{
	static const struct {
		const char *why;
		uint8_t frame[48];
		size_t len;
		int r;
	} cases[] = {
		{"bytes that are no frame", {0x89, 'P', 'N', 'G'}, 4, -EBADMSG},
		{"a frame larger than 4 MiB",
		 {0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f},
		 6,
		 -EFBIG},
		{"a frame without length",
		 {0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		  0xff, 0xff},
		 12,
		 -EBADMSG},
		{"a frame that is not protobuf",
		 {0x0a, 2, 0x12, 9},
		 4,
		 -EBADMSG},
		/* motion { time {} ddx: 0 ddy: 0 0 } */
		{"columns of unequal length",
		 {0x0a, 13, 0x12, 11, 0x12, 9, 0x1a, 0, 0x3a, 1, 0, 0x42, 2, 0,
		  0},
		 15,
		 -EBADMSG},
		/* motion { ddx: 0 ddy: 0 } */
		{"a column without times or sequence",
		 {0x0a, 10, 0x12, 8, 0x12, 6, 0x3a, 1, 0, 0x42, 1, 0},
		 12,
		 -EBADMSG},
		/* time { gap: 0 run: 2^32-1 } for two rows */
		{"runs of more rows than there are",
		 {0x0a, 24, 0x12, 22, 0x12, 20,	  0x1a, 10,   0x1a,
		  1,	0,  0x22, 5,  0xff, 0xff, 0xff, 0xff, 0x0f,
		  0x3a, 2,  0,	  0,  0x42, 2,	  0,	0},
		 26,
		 -EBADMSG},
		/* time { gap: 0 run: 0 } for two rows */
		{"a run of no rows",
		 {0x0a, 20, 0x12, 18,	0x12, 16, 0x1a, 6,    0x1a, 1, 0,
		  0x22, 1,  0,	  0x3a, 2,    0,  0,	0x42, 2,    0, 0},
		 22,
		 -EBADMSG},
		/* time { gap: -1 run: 1 } from 0 */
		{"a time or sequence out of range",
		 {0x0a, 20, 0x12, 18,	0x12, 16, 0x1a, 6,    0x1a, 1, 1,
		  0x22, 1,  1,	  0x3a, 2,    0,  0,	0x42, 2,    0, 0},
		 22,
		 -EBADMSG},
		/* time { first: 2^63 } in microseconds */
		{"a time or sequence out of range",
		 {0x0a, 23,   0x12, 21,	  0x12, 19,   0x1a, 11,	  0x08,
		  0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
		  0x01, 0x3a, 1,    0,	  0x42, 1,    0},
		 25,
		 -EBADMSG},
		/* the same motion twice */
		{"two columns of one kind and device",
		 {0x0a, 22, 0x12, 20, 0x12, 8, 0x1a, 0, 0x3a, 1,    0, 0x42,
		  1,	0,  0x12, 8,  0x1a, 0, 0x3a, 1, 0,    0x42, 1, 0},
		 24,
		 -EBADMSG},
		/* packets { time {} count: 9 } without values */
		{"columns of unequal length",
		 {0x0a, 9, 0x12, 7, 0x42, 5, 0x12, 0, 0x22, 1, 9},
		 11,
		 -EBADMSG},
		{"a frame with more than one content",
		 {0x0a, 4, 0x12, 0, 0x1a, 0},
		 6,
		 -EBADMSG},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *why;

		ck_assert_int_eq(
			decode_with(cases[i].frame, cases[i].len, &why),
			cases[i].r);
		ck_assert_str_eq(why, cases[i].why);
	}
}
END_TEST

START_TEST(a_frame_of_a_million_parts_is_refused_before_it_is_parsed)
{
	struct bytes frame = {0};
	const char *why;

	bytes_append(
		&frame,
		(uint8_t[]){0x0a, 0xc4, 0x84, 0x3d, 0x12, 0xc0, 0x84, 0x3d}, 8);
	bytes_reserve(&frame, 1000000);
	for (int i = 0; i < 500000; i++)
		bytes_append(&frame, (uint8_t[]){0x4a, 0}, 2);
	ck_assert_int_eq(decode_with(frame.data, frame.len, &why), -EFBIG);
	ck_assert_str_eq(why, "a frame of too many parts");
	bytes_free(&frame);
}
END_TEST

START_TEST(unknown_fields_and_frames_are_ignored)
{
	static const uint8_t later[] = {
		0x0a, 4, 0xfa, 0x01, 1,	   'x',	    /* Frame field 31 */
		0x0a, 5, 0x12, 3,    0xd8, 0x05, 7, /* Batch field 91 */
	};
	const char *why;

	ck_assert_int_eq(decode_with(later, 6, &why), 0);
	ck_assert_int_eq(decode_with(later + 6, 7, &why), 0);
}
END_TEST

START_TEST(every_flipped_byte_and_cut_is_survived)
{
	static const struct decode_ops ops = {.row = kept_add};
	struct bytes frames = {0};
	int good = 0;

	fixture_frames(LEVEL_DEMONSTRATION, &frames);
	for (size_t i = 0; i < frames.len * 8; i++) {
		struct kept kept = {0};

		frames.data[i / 8] ^= (uint8_t)(1 << i % 8);
		good += !decode_segment(frames.data, frames.len, &ops, &kept);
		frames.data[i / 8] ^= (uint8_t)(1 << i % 8);
		kept_free(&kept);
	}
	ck_assert_int_gt(good, 0); /* protobuf has no checksum: LZ4 does */
	for (size_t i = 0; i < frames.len; i++) {
		struct kept kept = {0};

		ck_assert_int_lt(decode_segment(frames.data, i, &ops, &kept),
				 0);
		kept_free(&kept);
	}
	bytes_free(&frames);
}
END_TEST

static Suite *encode_suite(void)
{
	Suite *suite = suite_create("encode");
	TCase *tcase = tcase_create("encode");

	tcase_add_test(tcase, rows_of_every_level_come_back_in_order);
	tcase_add_test(tcase, header_comes_back_whole);
	tcase_add_test(tcase, i4_ledger_publishes_counts_only_where_exact);
	tcase_add_test(tcase, demonstration_keeps_each_packet_once_and_exactly);
	tcase_add_test(tcase, actions_stores_no_order_within_a_cell);
	tcase_add_test(tcase, actions_stores_no_sequence);
	tcase_add_test(tcase, i10_a_level_refuses_the_rows_it_does_not_store);
	tcase_add_test(tcase, each_batch_decodes_by_itself);
	tcase_add_test(tcase, a_batch_in_steady_state_allocates_nothing);
	tcase_add_test(tcase, a_full_batch_says_so_and_still_fits_a_frame);
	tcase_add_test(tcase, no_rows_make_no_frame);
	tcase_add_test(tcase,
		       a_segment_of_more_devices_than_the_limit_is_refused);
	tcase_add_test(tcase, hostile_frames_are_refused_with_a_reason);
	tcase_add_test(
		tcase,
		a_frame_of_a_million_parts_is_refused_before_it_is_parsed);
	tcase_add_test(tcase, unknown_fields_and_frames_are_ignored);
	tcase_add_test(tcase, every_flipped_byte_and_cut_is_survived);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_SUITE(encode_suite)
