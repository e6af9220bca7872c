// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fixture.h"
#include "reader.h"
#include "segment.h"
#include "unit.h"

static const struct reader_ops keep_rows = {.decode = {.row = kept_add}};

static int memory_file(const void *data, size_t len)
{
	int fd = memfd_create("segment", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	if (len)
		ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
	return fd;
}

/* A sealed segment of fixture_frames(), flushed after each third of it. */
static void sealed(enum level level, struct bytes *out)
{
	struct bytes frames = {0};
	int fd = memfd_create("segment", MFD_CLOEXEC);
	struct segment *segment = segment_new(dup(fd));
	off_t len;

	fixture_frames(level, &frames);
	for (size_t i = 0; i < 3; i++) {
		size_t from = frames.len * i / 3, to = frames.len * (i + 1) / 3;

		ck_assert_int_eq(
			segment_append(segment, frames.data + from, to - from),
			0);
		ck_assert_int_eq(segment_flush(segment), 0);
	}
	ck_assert_int_eq(segment_seal(segment), 0);
	ck_assert_uint_eq(segment_bytes(segment), frames.len);
	len = lseek(fd, 0, SEEK_END);
	ck_assert_uint_eq(segment_file_bytes(segment), (uint64_t)len);
	out->len = 0;
	ck_assert_int_eq(bytes_reserve(out, (size_t)len), 0);
	ck_assert_int_eq(pread(fd, out->data, (size_t)len, 0), len);
	out->len = (size_t)len;
	segment_free(segment);
	close(fd);
	bytes_free(&frames);
}

static int read_bytes(const void *data, size_t len, struct kept *kept,
		      const char **why, uint64_t *offset)
{
	int fd = memory_file(data, len);
	int r = reader_all(fd, &keep_rows, kept, why, offset);

	close(fd);
	return r;
}

START_TEST(a_sealed_segment_reads_back)
{
	struct kept want = {0}, have = {0};
	struct bytes file = {0};
	const char *why;
	uint64_t offset;

	sealed(LEVEL_DEMONSTRATION, &file);
	fixture_rows(LEVEL_DEMONSTRATION, &want);
	ck_assert_int_eq(read_bytes(file.data, file.len, &have, &why, &offset),
			 0);
	kept_same(&have, &want);
	kept_free(&have);
	kept_free(&want);
	bytes_free(&file);
}
END_TEST

START_TEST(i5_every_flipped_bit_of_a_segment_is_noticed)
{
	struct bytes file = {0};
	const char *why;
	uint64_t offset;

	sealed(LEVEL_ACTIONS, &file);
	for (size_t i = 0; i < file.len * 8; i++) {
		struct kept kept = {0};
		int r;

		file.data[i / 8] ^= (uint8_t)(1 << i % 8);
		r = read_bytes(file.data, file.len, &kept, &why, &offset);
		ck_assert_msg(r == -EBADMSG || r == -EAGAIN || r == -EFBIG,
			      "bit %zu: %d", i, r);
		ck_assert_str_ne(why, "nothing is wrong");
		ck_assert_uint_le(offset, file.len);
		file.data[i / 8] ^= (uint8_t)(1 << i % 8);
		kept_free(&kept);
	}
	bytes_free(&file);
}
END_TEST

START_TEST(every_cut_is_told_from_damage)
{
	struct bytes file = {0};
	const char *why;
	uint64_t offset;

	sealed(LEVEL_DEMONSTRATION, &file);
	for (size_t i = 0; i < file.len; i++) {
		struct kept kept = {0};

		ck_assert_int_eq(read_bytes(file.data, i, &kept, &why, &offset),
				 -EAGAIN);
		ck_assert_str_eq(why, i ? "it is cut off here" : "it is empty");
		kept_free(&kept);
	}
	bytes_free(&file);
}
END_TEST

START_TEST(bytes_after_the_end_are_noticed)
{
	struct kept kept = {0};
	struct bytes file = {0};
	const char *why;
	uint64_t offset;

	sealed(LEVEL_ACTIONS, &file);
	bytes_append(&file, "", 1);
	ck_assert_int_eq(read_bytes(file.data, file.len, &kept, &why, &offset),
			 -EBADMSG);
	ck_assert_str_eq(why, "there are bytes after its end");
	ck_assert_uint_eq(offset, file.len - 1);
	kept_free(&kept);
	bytes_free(&file);
}
END_TEST

static const uint8_t png[] = {0x89, 'P', 'N', 'G', 13, 10, 26, 10, 0, 0, 0};
static const uint8_t gzip[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0};
/* content size 4 GiB, with the header checksum that belongs to it */
static const uint8_t claims_4g[] = {0x04, 0x22, 0x4d, 0x18, 0x7c, 0x40, 0, 0,
				    0,	  0,	1,    0,    0,	  0,	0};
static const uint8_t big_block[] = {0x04, 0x22, 0x4d, 0x18, 0x74, 0x40, 0xbd,
				    0xff, 0xff, 0xff, 0x7f, 0,	  0};

START_TEST(foreign_files_are_refused_with_a_reason)
{
	static const struct {
		const uint8_t *data;
		size_t len;
		int r;
		const char *why;
	} cases[] = {
		{NULL, 0, -EAGAIN, "it is empty"},
		{png, sizeof(png), -EBADMSG, "it is not an LZ4 file"},
		{gzip, sizeof(gzip), -EBADMSG, "it is not an LZ4 file"},
		{claims_4g, sizeof(claims_4g), -EFBIG,
		 "it claims more than 64 MiB"},
		{big_block, sizeof(big_block), -EBADMSG,
		 "a block's size is out of range"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kept kept = {0};
		const char *why;
		uint64_t offset;

		ck_assert_int_eq(read_bytes(cases[i].data, cases[i].len, &kept,
					    &why, &offset),
				 cases[i].r);
		ck_assert_str_eq(why, cases[i].why);
		kept_free(&kept);
	}
}
END_TEST

/* 70 MiB of frames that a later version might write, in few bytes of LZ4. */
START_TEST(a_segment_that_grows_beyond_the_limit_is_refused)
{
	int fd = memfd_create("segment", MFD_CLOEXEC);
	struct segment *segment = segment_new(dup(fd));
	static uint8_t frame[1 << 20];
	struct kept kept = {0};
	struct bytes header = {0};
	const char *why;
	uint64_t offset;

	fixture_frames(LEVEL_ACTIONS, &header);
	/* the header alone: its frame is shorter than 128 bytes and more */
	header.len = (size_t)(header.data[1] & 0x7f) +
		     ((size_t)header.data[2] << 7) + 3;
	memcpy(frame,
	       (uint8_t[]){0x0a, 0xfc, 0xff, 0x3f, 0xfa, 0x01, 0xf7, 0xff,
			   0x3f},
	       9);
	segment_append(segment, header.data, header.len);
	for (int i = 0; i < 70; i++) {
		ck_assert_int_eq(segment_append(segment, frame, sizeof(frame)),
				 0);
		ck_assert_int_eq(segment_flush(segment), 0);
	}
	ck_assert_int_eq(reader_all(fd, &keep_rows, &kept, &why, &offset),
			 -EFBIG);
	ck_assert_str_eq(why, "it holds more than 64 MiB");
	segment_free(segment);
	bytes_free(&header);
	close(fd);
}
END_TEST

START_TEST(a_growing_file_is_followed)
{
	struct kept want = {0}, have = {0};
	struct bytes file = {0};
	int fd = memfd_create("segment", MFD_CLOEXEC);
	struct reader *reader = reader_new(fd, &keep_rows, &have);
	int r = -EAGAIN;

	sealed(LEVEL_ACTIONS, &file);
	fixture_rows(LEVEL_ACTIONS, &want);
	for (size_t i = 0; i < file.len; i++) {
		do
			r = reader_step(reader);
		while (r == 1);
		ck_assert_int_eq(r, -EAGAIN);
		ck_assert_int_eq(write(fd, file.data + i, 1), 1);
	}
	do
		r = reader_step(reader);
	while (r == 1);
	ck_assert_int_eq(r, 0);
	kept_same(&have, &want);
	reader_free(reader);
	close(fd);
	kept_free(&have);
	kept_free(&want);
	bytes_free(&file);
}
END_TEST

/* The disk is full for a while: nothing that was appended gets lost. */
START_TEST(i5_a_full_disk_leaves_the_segment_usable)
{
	char path[] = "/tmp/candor-unit-XXXXXX";
	struct rlimit limit = {40, RLIM_INFINITY};
	struct kept want = {0}, have = {0};
	struct bytes frames = {0};
	int fd = mkstemp(path);
	struct segment *segment = segment_new(dup(fd));
	const char *why;
	uint64_t offset;

	fixture_frames(LEVEL_DEMONSTRATION, &frames);
	fixture_rows(LEVEL_DEMONSTRATION, &want);
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	ck_assert_int_eq(segment_append(segment, frames.data, frames.len), 0);
	ck_assert_int_eq(segment_flush(segment), -EFBIG);
	ck_assert_int_eq(segment_flush(segment), -EFBIG);
	ck_assert_int_eq(segment_seal(segment), -EFBIG);
	limit.rlim_cur = RLIM_INFINITY;
	setrlimit(RLIMIT_FSIZE, &limit);
	ck_assert_int_eq(segment_seal(segment), 0);
	ck_assert_int_eq(reader_all(fd, &keep_rows, &have, &why, &offset), 0);
	kept_same(&have, &want);
	segment_free(segment);
	unlink(path);
	close(fd);
	kept_free(&have);
	kept_free(&want);
	bytes_free(&frames);
}
END_TEST

static Suite *segment_suite(void)
{
	Suite *suite = suite_create("segment");
	TCase *tcase = tcase_create("segment");

	tcase_set_timeout(tcase, 30);
	tcase_add_test(tcase, a_sealed_segment_reads_back);
	tcase_add_test(tcase, i5_every_flipped_bit_of_a_segment_is_noticed);
	tcase_add_test(tcase, every_cut_is_told_from_damage);
	tcase_add_test(tcase, bytes_after_the_end_are_noticed);
	tcase_add_test(tcase, foreign_files_are_refused_with_a_reason);
	tcase_add_test(tcase, a_segment_that_grows_beyond_the_limit_is_refused);
	tcase_add_test(tcase, a_growing_file_is_followed);
	tcase_add_test(tcase, i5_a_full_disk_leaves_the_segment_usable);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_SUITE(segment_suite)
