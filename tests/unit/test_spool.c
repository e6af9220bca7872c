// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/acl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <acl/libacl.h>

#include "encode.h"
#include "fixture.h"
#include "pseudonym.h"
#include "reader.h"
#include "spool.h"
#include "unit.h"
#include "verify.h"

#define OTHER 12345

static char dir[64];

static void setup(void)
{
	char base[] = "/tmp/candor-unit-XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(base));
	snprintf(dir, sizeof(dir), "%s/spool", base);
}

static void remove_tree(const char *path)
{
	DIR *open = opendir(path);
	struct dirent *entry;
	char name[512];

	while (open && (entry = readdir(open))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (unlink(name) < 0)
			remove_tree(name);
	}
	if (open)
		closedir(open);
	rmdir(path);
}

static void teardown(void)
{
	*strrchr(dir, '/') = '\0';
	remove_tree(dir);
}

struct found {
	int recovered, quarantined, left;
};

static void on_found(const char *name, enum spool_found what, int error,
		     void *ctx)
{
	struct found *found = ctx;

	found->recovered += what == SPOOL_RECOVERED;
	found->quarantined += what == SPOOL_QUARANTINED;
	found->left += what == SPOOL_LEFT;
}

static struct spool *open_found(struct found *found)
{
	struct spool_options options = {
		.dir = dir,
		.subject = OTHER,
		.found = on_found,
		.ctx = found,
	};

	*found = (struct found){0};
	return spool_open(&options);
}

static struct spool *open_spool(void)
{
	struct found found;
	struct spool *spool = open_found(&found);

	ck_assert_msg(spool, "spool_open: %s", strerror(errno));
	return spool;
}

/* A batch of the fixture's rows, without header and trailer. */
static void batch(enum level level, struct bytes *out)
{
	struct encode *encode = encode_new(level);
	struct kept rows = {0};

	fixture_rows(level, &rows);
	for (size_t i = 0; i < rows.len; i++)
		ck_assert_int_eq(encode_row(encode, &rows.row[i]), 0);
	ck_assert_int_eq(encode_batch(encode, out), 0);
	encode_free(encode);
	kept_free(&rows);
}

static void begin(struct spool *spool, enum level level)
{
	struct bytes frames = {0};

	ck_assert_int_eq(spool_begin(spool, level == LEVEL_ACTIONS
						    ? &fixture_actions
						    : &fixture_demonstration),
			 0);
	batch(level, &frames);
	ck_assert_int_eq(spool_append(spool, frames.data, frames.len), 0);
	ck_assert_int_eq(spool_flush(spool), 0);
	bytes_free(&frames);
}

static void seal(struct spool *spool, enum level level)
{
	struct ledger_row ledger[4];
	size_t rows = fixture_ledger(level, ledger);

	ck_assert_int_eq(spool_seal(spool, ledger, rows, 104250000000), 0);
}

static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static bool exists(const char *name)
{
	struct stat st;

	return !lstat(path_of(name), &st);
}

struct read {
	struct kept rows;
	uint64_t seq, end_ns;
	bool recovered;
	size_t ledger_rows;
	struct ledger_row ledger[8];
};

static int read_header(const struct header_info *info, void *ctx)
{
	((struct read *)ctx)->seq = info->seq;
	return 0;
}

static int read_row(const struct row *row, void *ctx)
{
	return kept_add(row, &((struct read *)ctx)->rows);
}

static int read_trailer(const struct trailer_info *info, void *ctx)
{
	struct read *got = ctx;

	got->recovered = info->recovered;
	got->end_ns = info->end_ns;
	got->ledger_rows = info->rows;
	memcpy(got->ledger, info->ledger, info->rows * sizeof(*info->ledger));
	return 0;
}

static int read_file(const char *name, struct read *got)
{
	static const struct reader_ops ops = {
		.decode = {read_header, read_row, read_trailer},
	};
	int r, fd = open(path_of(name), O_RDONLY);
	const char *why;
	uint64_t offset;

	ck_assert_msg(fd >= 0, "%s: %s", name, strerror(errno));
	memset(got, 0, sizeof(*got));
	r = reader_all(fd, &ops, got, &why, &offset);
	close(fd);
	return r;
}

/* --- the folder */

START_TEST(the_subject_may_read_and_nobody_else)
{
	static const acl_type_t types[] = {ACL_TYPE_ACCESS, ACL_TYPE_DEFAULT};
	struct spool *spool = open_spool();
	struct stat st;
	acl_t list;
	char *text;

	for (int i = 0; i < 2; i++) {
		list = acl_get_file(dir, types[i]);
		text = acl_to_any_text(list, NULL, ',', TEXT_NUMERIC_IDS);
		ck_assert_str_eq(text, "user::rwx,user:12345:r-x,group::---,"
				       "mask::r-x,other::---");
		acl_free(text);
		acl_free(list);
	}
	begin(spool, LEVEL_ACTIONS);
	seal(spool, LEVEL_ACTIONS);
	list = acl_get_file(path_of("1-b0071d33.pb.lz4"), ACL_TYPE_ACCESS);
	text = acl_to_any_text(list, NULL, ',',
			       TEXT_NUMERIC_IDS | TEXT_ALL_EFFECTIVE);
	ck_assert_str_eq(text, "user::rw-,user:12345:r-x\t#effective:r--,"
			       "group::---\t#effective:---,mask::r--,"
			       "other::---");
	ck_assert_int_eq(stat(dir, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0707, 0700);
	acl_free(text);
	acl_free(list);
	spool_free(spool);
}
END_TEST

START_TEST(a_spool_is_open_once)
{
	struct spool *spool = open_spool();
	struct found found;

	ck_assert_ptr_null(open_found(&found));
	ck_assert_int_eq(errno, EBUSY);
	spool_free(spool);
	spool_free(open_spool());
}
END_TEST

START_TEST(a_link_or_a_missing_parent_is_no_spool)
{
	struct found found;

	ck_assert_int_eq(symlink("/tmp", dir), 0);
	ck_assert_ptr_null(open_found(&found));
	ck_assert(errno == ELOOP || errno == ENOTDIR);
	ck_assert_int_eq(unlink(dir), 0);
	strcat(dir, "/deeper");
	ck_assert_ptr_null(open_found(&found));
	ck_assert_int_eq(errno, ENOENT);
	*strrchr(dir, '/') = '\0';
}
END_TEST

START_TEST(names_are_read_only_as_they_are_written)
{
	static const struct {
		const char *text;
		int kind;
	} cases[] = {
		{"1-b0071d33.pb.lz4", SPOOL_SEALED},
		{"9223372036854775807-00000000.part", SPOOL_PART},
		{"9223372036854775808-00000000.part", 0},
		{"18446744073709551616-00000000.part", 0},
		{"7-b0071d33.new", SPOOL_NEW},
		{"01-b0071d33.pb.lz4", 0},
		{"1-B0071D33.pb.lz4", 0},
		{"1-b0071d3.pb.lz4", 0},
		{"1-b0071d33.pb.lz4~", 0},
		{"-1-b0071d33.part", 0},
		{" 1-b0071d33.part", 0},
		{"1.part", 0},
		{"next", 0},
		{"", 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct spool_name name;
		bool ok = spool_name_parse(cases[i].text, &name);

		ck_assert_msg(ok == !!cases[i].kind, "%s", cases[i].text);
		if (ok)
			ck_assert_int_eq((int)name.kind, cases[i].kind);
	}
}
END_TEST

/* --- sealing */

START_TEST(a_sealed_segment_has_its_name_and_its_number)
{
	struct spool *spool = open_spool();
	struct read got;

	ck_assert_str_eq(spool_last(spool), "");
	begin(spool, LEVEL_DEMONSTRATION);
	ck_assert(exists("1-b0071d33.part"));
	ck_assert(!exists("1-b0071d33.pb.lz4"));
	ck_assert_uint_gt(spool_bytes(spool), 100);
	ck_assert_uint_eq(spool_age(spool, 103000000000), 3000000000);
	ck_assert_uint_eq(spool_age(spool, 1), 0);
	seal(spool, LEVEL_DEMONSTRATION);
	ck_assert(!exists("1-b0071d33.part"));
	ck_assert(!spool_is_open(spool));
	ck_assert_str_eq(spool_last(spool), "1-b0071d33.pb.lz4");
	ck_assert_int_eq(read_file("1-b0071d33.pb.lz4", &got), 0);
	ck_assert_uint_eq(got.seq, 1);
	ck_assert(!got.recovered);
	kept_free(&got.rows);
	spool_free(spool);
}
END_TEST

START_TEST(numbers_rise_across_openings_even_when_all_was_shipped)
{
	struct spool *spool = open_spool();

	begin(spool, LEVEL_ACTIONS);
	seal(spool, LEVEL_ACTIONS);
	begin(spool, LEVEL_ACTIONS);
	seal(spool, LEVEL_ACTIONS);
	spool_free(spool);
	unlink(path_of("1-b0071d33.pb.lz4"));
	unlink(path_of("2-b0071d33.pb.lz4"));
	spool = open_spool();
	begin(spool, LEVEL_ACTIONS);
	seal(spool, LEVEL_ACTIONS);
	ck_assert_str_eq(spool_last(spool), "3-b0071d33.pb.lz4");
	spool_free(spool);
	/* without the number's file the names tell it */
	unlink(path_of("next"));
	spool = open_spool();
	begin(spool, LEVEL_ACTIONS);
	seal(spool, LEVEL_ACTIONS);
	ck_assert_str_eq(spool_last(spool), "4-b0071d33.pb.lz4");
	spool_free(spool);
}
END_TEST

static void write_file(const char *name, const char *text)
{
	int fd = open(path_of(name), O_CREAT | O_WRONLY | O_TRUNC, 0600);

	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* None of them may make the numbers wrap, and so come again. */
START_TEST(a_damaged_next_number_is_not_believed)
{
	static const char *const texts[] = {
		"",	 "-1\n", "18446744073709551615\n", "\n",
		"99x\n", "99",	 "99999999999999999999999999999999999999\n",
	};
	struct spool *spool = open_spool();

	begin(spool, LEVEL_ACTIONS);
	seal(spool, LEVEL_ACTIONS);
	spool_free(spool);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char want[SPOOL_NAME_MAX];

		write_file("next", texts[i]);
		spool = open_spool();
		begin(spool, LEVEL_ACTIONS);
		seal(spool, LEVEL_ACTIONS);
		snprintf(want, sizeof(want), "%zu-b0071d33.pb.lz4", i + 2);
		ck_assert_str_eq(spool_last(spool), want);
		spool_free(spool);
	}
}
END_TEST

START_TEST(after_the_last_number_comes_none)
{
	struct spool *spool = open_spool();

	spool_free(spool);
	write_file("9223372036854775807-b0071d33.pb.lz4", "");
	spool = open_spool();
	ck_assert_int_eq(spool_begin(spool, &fixture_actions), -EOVERFLOW);
	ck_assert(!spool_is_open(spool));
	spool_free(spool);
}
END_TEST

START_TEST(one_segment_is_open_at_a_time)
{
	struct spool *spool = open_spool();

	ck_assert_int_eq(spool_flush(spool), -EBADF);
	ck_assert_int_eq(spool_append(spool, "", 0), -EBADF);
	ck_assert_int_eq(spool_seal(spool, NULL, 0, 0), -EBADF);
	begin(spool, LEVEL_ACTIONS);
	ck_assert_int_eq(spool_begin(spool, &fixture_actions), -EBUSY);
	spool_free(spool);
}
END_TEST

/* --- recovery */

/* A part as kill -9 leaves it, in a spool that is closed. */
static void leave_part(enum level level)
{
	struct spool *spool = open_spool();

	begin(spool, level);
	spool_abandon(spool);
	spool_free(spool);
	ck_assert(exists("1-b0071d33.part"));
}

START_TEST(i5_a_part_becomes_a_sealed_segment)
{
	struct kept want = {0};
	struct found found;
	struct read got;

	leave_part(LEVEL_DEMONSTRATION);
	spool_free(open_found(&found));
	ck_assert_int_eq(found.recovered, 1);
	ck_assert(!exists("1-b0071d33.part"));
	ck_assert(!exists("1-b0071d33.new"));
	ck_assert_int_eq(read_file("1-b0071d33.pb.lz4", &got), 0);
	fixture_rows(LEVEL_DEMONSTRATION, &want);
	kept_same(&got.rows, &want);
	ck_assert(got.recovered);
	ck_assert_uint_eq(got.end_ns % GRID_NS, 0);
	ck_assert_uint_ge(got.end_ns, want.row[want.len - 1].time_ns);
	kept_free(&got.rows);
	kept_free(&want);
}
END_TEST

START_TEST(i4_a_recovered_ledger_counts_what_the_sequences_tell)
{
	struct found found;
	struct read got;

	leave_part(LEVEL_DEMONSTRATION);
	spool_free(open_found(&found));
	ck_assert_int_eq(read_file("1-b0071d33.pb.lz4", &got), 0);
	ck_assert_uint_eq(got.ledger_rows, 3);
	/* device 5 has rows 41, 42 and 45 */
	ck_assert_uint_eq(got.ledger[0].device, 5);
	ck_assert_uint_eq(got.ledger[0].seen, 5);
	ck_assert_uint_eq(got.ledger[0].written, 3);
	ck_assert_uint_eq(got.ledger[0].lost[LOST_UNKNOWN], 2);
	kept_free(&got.rows);
}
END_TEST

START_TEST(i4_a_recovered_ledger_claims_nothing_without_sequences)
{
	struct found found;
	struct read got;

	leave_part(LEVEL_ACTIONS);
	spool_free(open_found(&found));
	ck_assert_int_eq(read_file("1-b0071d33.pb.lz4", &got), 0);
	ck_assert(got.recovered);
	ck_assert_uint_eq(got.ledger_rows, 0);
	kept_free(&got.rows);
}
END_TEST

/* The crash came between the last byte and the name. */
START_TEST(i5_a_whole_part_keeps_its_ledger)
{
	struct spool *spool = open_spool();
	struct found found;
	struct read got;

	begin(spool, LEVEL_ACTIONS);
	seal(spool, LEVEL_ACTIONS);
	spool_free(spool);
	rename(path_of("1-b0071d33.pb.lz4"), "/tmp/candor-unit-moved");
	rename("/tmp/candor-unit-moved", path_of("1-b0071d33.part"));
	spool_free(open_found(&found));
	ck_assert_int_eq(found.recovered, 1);
	ck_assert_int_eq(read_file("1-b0071d33.pb.lz4", &got), 0);
	ck_assert(got.recovered);
	ck_assert_uint_eq(got.ledger_rows, 4);
	ck_assert_uint_eq(got.ledger[1].written, 6);
	ck_assert_uint_eq(got.end_ns, 104250000000);
	kept_free(&got.rows);
}
END_TEST

START_TEST(i5_a_crash_during_recovery_is_recovered_from)
{
	struct found found;
	struct read got;
	int fd;

	/* while the new file was written */
	leave_part(LEVEL_ACTIONS);
	fd = open(path_of("1-b0071d33.new"), O_CREAT | O_WRONLY, 0600);
	ck_assert_int_eq(write(fd, "half", 4), 4);
	close(fd);
	/* and one whose part was gone already */
	close(open(path_of("9-b0071d33.new"), O_CREAT | O_WRONLY, 0600));
	spool_free(open_found(&found));
	ck_assert_int_eq(found.recovered, 1);
	ck_assert(!exists("1-b0071d33.new"));
	ck_assert(!exists("9-b0071d33.new"));
	/* after the new file had its name */
	close(open(path_of("1-b0071d33.part"), O_CREAT | O_WRONLY, 0600));
	spool_free(open_found(&found));
	ck_assert_int_eq(found.recovered, 1);
	ck_assert(!exists("1-b0071d33.part"));
	ck_assert_int_eq(read_file("1-b0071d33.pb.lz4", &got), 0);
	ck_assert_uint_gt(got.rows.len, 10);
	kept_free(&got.rows);
}
END_TEST

START_TEST(i5_a_part_stays_while_its_name_is_taken_by_no_segment)
{
	struct found found;

	leave_part(LEVEL_ACTIONS);
	write_file("1-b0071d33.pb.lz4", "no segment");
	spool_free(open_found(&found));
	ck_assert_int_eq(found.left, 1);
	ck_assert(exists("1-b0071d33.part"));
	unlink(path_of("1-b0071d33.pb.lz4"));
	ck_assert_int_eq(mkdir(path_of("1-b0071d33.pb.lz4"), 0700), 0);
	spool_free(open_found(&found));
	ck_assert_int_eq(found.left, 1);
	ck_assert(exists("1-b0071d33.part"));
	rmdir(path_of("1-b0071d33.pb.lz4"));
	spool_free(open_found(&found));
	ck_assert_int_eq(found.recovered, 1);
}
END_TEST

START_TEST(a_part_without_a_header_is_put_aside)
{
	struct found found;
	struct spool *spool = open_spool();
	int fd = open(path_of("3-b0071d33.part"), O_CREAT | O_WRONLY, 0600);
	acl_t list;
	char *text;

	ck_assert_int_eq(write(fd, "no segment", 10), 10);
	close(fd);
	close(open(path_of("4-b0071d33.part"), O_CREAT | O_WRONLY, 0600));
	spool_free(spool);
	spool = open_found(&found);
	ck_assert_int_eq(found.quarantined, 2);
	list = acl_get_file(path_of("quarantine"), ACL_TYPE_ACCESS);
	text = acl_to_any_text(list, NULL, ',', TEXT_NUMERIC_IDS);
	ck_assert_str_eq(text, "user::rwx,user:12345:r-x,group::---,"
			       "mask::r-x,other::---");
	acl_free(text);
	acl_free(list);
	ck_assert(exists("quarantine/3-b0071d33.part"));
	ck_assert(exists("quarantine/4-b0071d33.part"));
	begin(spool, LEVEL_ACTIONS);
	seal(spool, LEVEL_ACTIONS);
	ck_assert_str_eq(spool_last(spool), "5-b0071d33.pb.lz4");
	spool_free(spool);
}
END_TEST

static void write_part(const uint8_t *data, size_t len)
{
	int fd = open(path_of("1-b0071d33.part"), O_CREAT | O_WRONLY | O_TRUNC,
		      0600);

	ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
	close(fd);
}

/* Whatever the part holds: the daemon starts, and what it makes is whole. */
static void survive(const uint8_t *data, size_t len)
{
	struct found found;
	struct verify_report report;

	write_part(data, len);
	spool_free(open_found(&found));
	ck_assert_int_eq(found.recovered + found.quarantined, 1);
	ck_assert(!exists("1-b0071d33.part"));
	if (found.recovered) {
		int fd = open(path_of("1-b0071d33.pb.lz4"), O_RDONLY);

		ck_assert_int_eq(verify_file(fd, &report), 0);
		ck_assert_msg(report.ok, "%s", report.what);
		ck_assert(report.recovered);
		verify_report_free(&report);
		close(fd);
		unlink(path_of("1-b0071d33.pb.lz4"));
	} else {
		unlink(path_of("quarantine/1-b0071d33.part"));
	}
}

START_TEST(i5_every_cut_and_flip_of_a_part_is_survived)
{
	uint8_t data[4096];
	size_t len;
	int fd;

	leave_part(LEVEL_DEMONSTRATION);
	fd = open(path_of("1-b0071d33.part"), O_RDONLY);
	len = (size_t)read(fd, data, sizeof(data));
	close(fd);
	ck_assert_uint_gt(len, 200);
	for (size_t i = 0; i <= len; i++)
		survive(data, i);
	for (size_t i = 0; i < len; i++) {
		data[i] ^= 0x11;
		survive(data, len);
		data[i] ^= 0x11;
	}
}
END_TEST

/* --- pseudonyms */

START_TEST(pseudonyms_last_a_month)
{
	uint8_t host[4][16], subject[4][16];
	struct stat st;

	ck_assert_int_eq(mkdir(dir, 0700), 0);
	pseudonym_get(path_of("p"), 1000, 202611, host[0], subject[0]);
	pseudonym_get(path_of("p"), 1000, 202611, host[1], subject[1]);
	pseudonym_get(path_of("p"), 1001, 202611, host[2], subject[2]);
	pseudonym_get(path_of("p"), 1000, 202612, host[3], subject[3]);
	ck_assert_mem_eq(host[0], host[1], 16);
	ck_assert_mem_eq(host[0], host[2], 16);
	ck_assert_mem_ne(host[0], host[3], 16);
	ck_assert_mem_eq(subject[0], subject[1], 16);
	ck_assert_mem_ne(subject[0], subject[2], 16);
	ck_assert_mem_ne(subject[0], subject[3], 16);
	ck_assert_mem_ne(host[0], subject[0], 16);
	ck_assert_int_eq(stat(path_of("p"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert(!exists("p.tmp"));
	/* the month before is gone */
	pseudonym_get(path_of("p"), 1001, 202611, host[1], subject[1]);
	ck_assert_mem_ne(subject[1], subject[2], 16);
}
END_TEST

START_TEST(a_damaged_pseudonym_file_is_replaced)
{
	uint8_t host[2][16], subject[2][16];
	FILE *file;

	ck_assert_int_eq(mkdir(dir, 0700), 0);
	file = fopen(path_of("p"), "w");
	fputs("month 202611\nhost 00\nsubject 1000 xyz\n\n\xff", file);
	fclose(file);
	ck_assert_int_eq(
		pseudonym_get(path_of("p"), 1000, 202611, host[0], subject[0]),
		0);
	ck_assert_int_eq(
		pseudonym_get(path_of("p"), 1000, 202611, host[1], subject[1]),
		0);
	ck_assert_mem_eq(host[0], host[1], 16);
	ck_assert_mem_eq(subject[0], subject[1], 16);
	ck_assert_int_eq(pseudonym_get(path_of("no/p"), 1000, 202611, host[0],
				       subject[0]),
			 -ENOENT);
}
END_TEST

static Suite *spool_suite(void)
{
	Suite *suite = suite_create("spool");
	TCase *tcase = tcase_create("spool");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, the_subject_may_read_and_nobody_else);
	tcase_add_test(tcase, a_spool_is_open_once);
	tcase_add_test(tcase, a_link_or_a_missing_parent_is_no_spool);
	tcase_add_test(tcase, names_are_read_only_as_they_are_written);
	tcase_add_test(tcase, a_sealed_segment_has_its_name_and_its_number);
	tcase_add_test(tcase,
		       numbers_rise_across_openings_even_when_all_was_shipped);
	tcase_add_test(tcase, a_damaged_next_number_is_not_believed);
	tcase_add_test(tcase, after_the_last_number_comes_none);
	tcase_add_test(tcase, one_segment_is_open_at_a_time);
	tcase_add_test(tcase, i5_a_part_becomes_a_sealed_segment);
	tcase_add_test(tcase,
		       i4_a_recovered_ledger_counts_what_the_sequences_tell);
	tcase_add_test(tcase,
		       i4_a_recovered_ledger_claims_nothing_without_sequences);
	tcase_add_test(tcase, i5_a_whole_part_keeps_its_ledger);
	tcase_add_test(tcase, i5_a_crash_during_recovery_is_recovered_from);
	tcase_add_test(tcase,
		       i5_a_part_stays_while_its_name_is_taken_by_no_segment);
	tcase_add_test(tcase, a_part_without_a_header_is_put_aside);
	tcase_add_test(tcase, i5_every_cut_and_flip_of_a_part_is_survived);
	tcase_add_test(tcase, pseudonyms_last_a_month);
	tcase_add_test(tcase, a_damaged_pseudonym_file_is_replaced);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_SUITE(spool_suite)
