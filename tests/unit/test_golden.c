// SPDX-License-Identifier: GPL-2.0-only
/*
 * Segments that were stored once must be read for ever, and the words about
 * them must be true. GOLDEN_WRITE=1 writes tests/golden/ anew: only with a
 * change of the format, told in FORMAT.md's changelog.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"
#include "print.h"
#include "segment.h"
#include "unit.h"
#include "verify.h"

#define GOLDEN "tests/golden/"

static void load(const char *path, struct bytes *out)
{
	FILE *file = fopen(path, "re");
	size_t n;

	ck_assert_msg(file, "%s: run from the top of the tree", path);
	out->len = 0;
	do {
		ck_assert_int_eq(bytes_reserve(out, 65536), 0);
		n = fread(out->data + out->len, 1, 65536, file);
		out->len += n;
	} while (n);
	fclose(file);
}

static void store(const char *path, const void *data, size_t len)
{
	FILE *file = fopen(path, "we");

	ck_assert_msg(file, "%s: run from the top of the tree", path);
	ck_assert_uint_eq(fwrite(data, 1, len, file), len);
	fclose(file);
}

static void make_frames(const char *name, struct bytes *out)
{
	if (!strcmp(name, "actions"))
		fixture_frames(LEVEL_ACTIONS, out);
	else if (!strcmp(name, "demonstration"))
		fixture_frames(LEVEL_DEMONSTRATION, out);
	else
		fixture_example(out);
}

static void make_segment(const char *name, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	struct segment *segment = segment_new(fd);
	struct bytes frames = {0};

	make_frames(name, &frames);
	ck_assert_int_eq(segment_append(segment, frames.data, frames.len), 0);
	ck_assert_int_eq(segment_seal(segment), 0);
	segment_free(segment);
	bytes_free(&frames);
}

static void print_segment(const char *path, enum print_style style,
			  struct bytes *out)
{
	char *text;
	size_t len;
	FILE *file = open_memstream(&text, &len);
	struct print *print = print_new(file, style);
	int fd = open(path, O_RDONLY);
	const char *why;
	uint64_t offset;

	ck_assert_int_eq(reader_all(fd, &print_ops, print, &why, &offset), 0);
	ck_assert_int_eq(print_end(print), 0);
	print_free(print);
	fclose(file);
	close(fd);
	out->len = 0;
	bytes_append(out, text, len);
	free(text);
}

static const struct {
	const char *suffix;
	enum print_style style;
} prints[] = {
	{".json", PRINT_JSON},
	{".txt", PRINT_LINES},
	{".count", PRINT_COUNT},
	{".count.json", PRINT_COUNT_JSON},
};

static const char *const names[] = {"actions", "demonstration", "example"};

static void same(const struct bytes *have, const struct bytes *want,
		 const char *path)
{
	ck_assert_msg(have->len == want->len &&
			      !memcmp(have->data, want->data, want->len),
		      "%s has changed: %.*s", path, (int)have->len,
		      (char *)have->data);
}

static void check_prints(const char *name, const char *segment)
{
	struct bytes have = {0}, want = {0};
	char path[128];

	for (size_t i = 0; i < sizeof(prints) / sizeof(prints[0]); i++) {
		print_segment(segment, prints[i].style, &have);
		snprintf(path, sizeof(path), GOLDEN "%s%s", name,
			 prints[i].suffix);
		if (getenv("GOLDEN_WRITE"))
			store(path, have.data, have.len);
		load(path, &want);
		same(&have, &want, path);
	}
	bytes_free(&have);
	bytes_free(&want);
}

START_TEST(golden_segments_print_as_they_did)
{
	const char *name = names[_i];
	struct verify_report report;
	char path[128];
	int fd;

	setenv("TZ", "UTC", 1);
	tzset();
	snprintf(path, sizeof(path), GOLDEN "%s.pb.lz4", name);
	if (getenv("GOLDEN_WRITE"))
		make_segment(name, path);
	check_prints(name, path);
	fd = open(path, O_RDONLY);
	ck_assert_int_eq(verify_file(fd, &report), 0);
	ck_assert_msg(report.ok, "%s: %s", path, report.what);
	verify_report_free(&report);
	close(fd);
}
END_TEST

static int append_frame(const uint8_t *frame, size_t len, void *ctx)
{
	return bytes_append(ctx, frame, len);
}

/* The bytes LZ4 makes may change with its version; the frames may not. */
START_TEST(golden_frames_are_what_encode_makes)
{
	static const struct reader_ops ops = {.frame = append_frame};
	struct bytes have = {0}, want = {0};
	char path[128];
	const char *why;
	uint64_t offset;
	int fd;

	snprintf(path, sizeof(path), GOLDEN "%s.pb.lz4", names[_i]);
	fd = open(path, O_RDONLY);
	ck_assert_int_eq(reader_all(fd, &ops, &want, &why, &offset), 0);
	close(fd);
	make_frames(names[_i], &have);
	ck_assert_uint_eq(have.len, want.len);
	ck_assert_mem_eq(have.data, want.data, want.len);
	bytes_free(&have);
	bytes_free(&want);
}
END_TEST

/* Bytes in hex up to the bar of each line between two marks in FORMAT.md. */
static void documented(const char *mark, struct bytes *out)
{
	FILE *file = fopen("proto/FORMAT.md", "re");
	char line[512], begin[64];
	bool in = false;
	unsigned int byte;
	int n;

	ck_assert_msg(file, "run from the top of the tree");
	snprintf(begin, sizeof(begin), "<!-- bytes: %s -->\n", mark);
	while (fgets(line, sizeof(line), file)) {
		if (!strcmp(line, begin))
			in = true;
		else if (!strcmp(line, "<!-- end -->\n"))
			in = false;
		for (char *at = line;
		     in && sscanf(at, " %2x%n", &byte, &n) == 1 &&
		     (at[n] == ' ' || at[n] == '\n');
		     at += n)
			bytes_append(out, &(uint8_t){(uint8_t)byte}, 1);
	}
	fclose(file);
}

START_TEST(the_worked_example_is_what_encode_makes)
{
	struct bytes have = {0}, want = {0};

	documented("frames", &have);
	fixture_example(&want);
	ck_assert_uint_eq(have.len, want.len);
	for (size_t i = 0; i < want.len; i++)
		ck_assert_msg(have.data[i] == want.data[i],
			      "byte %zu of the example is %02x, not %02x", i,
			      want.data[i], have.data[i]);
	bytes_free(&have);
	bytes_free(&want);
}
END_TEST

START_TEST(the_worked_example_is_the_golden_file)
{
	struct bytes have = {0}, want = {0};

	documented("lz4", &have);
	load(GOLDEN "example.pb.lz4", &want);
	ck_assert_uint_ge(have.len, 11);
	ck_assert_uint_le(have.len, want.len);
	/* the beginning, up to the first block's content, is documented */
	ck_assert_mem_eq(have.data, want.data, have.len);
	bytes_free(&have);
	bytes_free(&want);
}
END_TEST

static Suite *golden_suite(void)
{
	Suite *suite = suite_create("golden");
	TCase *tcase = tcase_create("golden");

	tcase_add_loop_test(tcase, golden_segments_print_as_they_did, 0, 3);
	tcase_add_loop_test(tcase, golden_frames_are_what_encode_makes, 0, 3);
	tcase_add_test(tcase, the_worked_example_is_what_encode_makes);
	tcase_add_test(tcase, the_worked_example_is_the_golden_file);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_SUITE(golden_suite)
