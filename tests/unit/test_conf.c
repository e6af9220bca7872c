// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf.h"
#include "unit.h"

static char root[64];
static char said[4096];

static void listen_to(const char *line, void *ctx)
{
	strncat(said, line, sizeof(said) - strlen(said) - 2);
	strcat(said, "\n");
}

static void setup(void)
{
	strcpy(root, "/tmp/candor-conf-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	said[0] = '\0';
}

static void teardown(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	ck_assert_int_eq(system(command), 0);
}

static void put(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	for (const char *p = strchr(name + 1, '/'); p; p = strchr(p + 1, '/')) {
		snprintf(path, sizeof(path), "%s%.*s", root, (int)(p - name),
			 name);
		mkdir(path, 0755);
	}
	snprintf(path, sizeof(path), "%s%s", root, name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

static int load(struct conf *conf)
{
	return conf_load(conf, root, listen_to, NULL);
}

START_TEST(without_files_the_defaults_hold)
{
	struct conf conf;

	ck_assert_int_eq(load(&conf), 0);
	ck_assert_str_eq(said, "");
	ck_assert_str_eq(conf.subject, "");
	ck_assert_int_eq(conf.level, LEVEL_ACTIONS);
	ck_assert_str_eq(conf.spool, "/var/spool/candor");
	ck_assert_uint_eq(conf.flush_interval_s, 10);
	ck_assert_uint_eq(conf.segment_max_bytes, 1048576);
	ck_assert_uint_eq(conf.segment_max_s, 600);
	ck_assert_uint_eq(conf.demonstration_max_s, 3600);
	ck_assert_uint_eq(conf.virtual_count, 0);
	ck_assert_str_eq(conf.layout, "us");
}
END_TEST

START_TEST(every_key_is_read)
{
	struct conf conf;

	put("/etc/candor/candor.conf",
	    "# a comment\n[Candor]\nSubject=user1\n  Level = actions ; so be "
	    "it\n"
	    "SpoolDirectory=/out/spool\nFlushIntervalSec=1s\n"
	    "SegmentMaxSize=64K\nSegmentMaxSec=1min 30s\n"
	    "VirtualDevices=0006:1234:ABcd 3:46d:c52b\n"
	    "DemonstrationMaxSec=0\nLayout=de(nodeadkeys)");
	ck_assert_int_eq(load(&conf), 0);
	ck_assert_str_eq(said, "");
	ck_assert_str_eq(conf.subject, "user1");
	ck_assert_str_eq(conf.spool, "/out/spool");
	ck_assert_uint_eq(conf.flush_interval_s, 1);
	ck_assert_uint_eq(conf.segment_max_bytes, 65536);
	ck_assert_uint_eq(conf.segment_max_s, 90);
	ck_assert_uint_eq(conf.demonstration_max_s, 0);
	ck_assert_uint_eq(conf.virtual_count, 2);
	ck_assert_uint_eq(conf.virtual_device[0].vendor, 0x46d);
	ck_assert_uint_eq(conf.virtual_device[1].product, 0xabcd);
	ck_assert_str_eq(conf.layout, "de(nodeadkeys)");
}
END_TEST

START_TEST(later_files_replace_and_etc_masks_usr)
{
	struct conf conf;

	put("/usr/lib/candor/candor.conf",
	    "[Candor]\nLayout=a\nSubject=a\nSegmentMaxSec=11s\n");
	put("/etc/candor/candor.conf", "[Candor]\nLayout=b\nSubject=b\n");
	put("/usr/lib/candor/candor.conf.d/10-x.conf", "[Candor]\nLayout=c\n");
	put("/etc/candor/candor.conf.d/05-x.conf", "[Candor]\nLayout=d\n");
	put("/usr/lib/candor/candor.conf.d/20-x.conf",
	    "[Candor]\nSubject=masked\n");
	put("/etc/candor/candor.conf.d/20-x.conf", "");
	put("/etc/candor/candor.conf.d/30-x.conf.bak", "[Candor]\nLayout=e\n");
	put("/etc/candor/candor.conf.d/.hidden.conf", "[Candor]\nLayout=f\n");
	ck_assert_int_eq(load(&conf), 0);
	ck_assert_str_eq(said, "");
	ck_assert_str_eq(conf.layout, "c");
	ck_assert_str_eq(conf.subject, "b");
	ck_assert_uint_eq(conf.segment_max_s, 11);
}
END_TEST

/* %s stands for the path of the file. */
static const struct {
	const char *text;
	int err;
	const char *line; /* its number and what the complaint holds */
} complaints[] = {
	{ "[Candor]\nColour=red\n", 0, ":2: unknown key Colour=" },
	{ "[Candor]\n\nsubject=x\n", 0, ":3: unknown key subject=" },
	{ "[Other]\nLayout=de\nX=1\n", 0, ":1: unknown section [Other]" },
	{ "[candor]\n", 0, ":1: unknown section [candor]" },
	{ "Layout=de\n", 0, ":1: Layout= stands outside of [Candor]" },
	{ "[Candor]\nLayout\n", -EINVAL, ":2: neither" },
	{ "[Candor]\nLevel=timing\n", -EINVAL,
	  ":2: Level=timing: expected actions: timing cannot be started by" },
	{ "[Candor]\nLevel=demonstration\n", -EINVAL, "by policy" },
	{ "[Candor]\nLevel=totals\n", -EINVAL, "does not record totals" },
	{ "[Candor]\nLevel=all\n", -EINVAL, ":2: Level=all: expected actions" },
	{ "[Candor]\nFlushIntervalSec=0\n", -EINVAL, "from 1s to 1m" },
	{ "[Candor]\nFlushIntervalSec=61\n", -EINVAL, "from 1s to 1m" },
	{ "[Candor]\nFlushIntervalSec=-1\n", -EINVAL, "from 1s to 1m" },
	{ "[Candor]\nDemonstrationMaxSec=61min\n", -EINVAL, "from 0s to 1h" },
	{ "[Candor]\nSegmentMaxSec=abc\n", -EINVAL, "from 10s to 1h" },
	{ "[Candor]\nSegmentMaxSize=1T\n", -EINVAL, "from 4K to 16M" },
	{ "[Candor]\nSegmentMaxSize=-1\n", -EINVAL, "from 4K to 16M" },
	{ "[Candor]\nSegmentMaxSize=99999999999999999999\n", -EINVAL, "4K" },
	{ "[Candor]\nSpoolDirectory=spool\n", -EINVAL, "absolute" },
	{ "[Candor]\nSpoolDirectory=/var/../etc\n", -EINVAL, "without .." },
	{ "[Candor]\nSubject=-rf /\n", -EINVAL, "user name" },
	{ "[Candor]\nLayout=\n", -EINVAL, "layout" },
	{ "[Candor]\nVirtualDevices=1:2\n", -EINVAL, "bus:vendor:product" },
	{ "[Candor]\nVirtualDevices=1:2:3x\n", -EINVAL, "bus:vendor:product" },
	{ "[Candor]\nVirtualDevices=1:2:12345\n", -EINVAL, "hexadecimal" },
	{ "[Candor]\nVirtualDevices=1:1:1 1:1:1 1:1:1 1:1:1 1:1:1 1:1:1 "
	  "1:1:1 1:1:1 1:1:1\n",
	  -EINVAL, "at most 8" },
};

START_TEST(complains_with_file_and_line)
{
	struct conf conf;
	char path[128];

	put("/etc/candor/candor.conf", complaints[_i].text);
	snprintf(path, sizeof(path), "%s/etc/candor/candor.conf:", root);
	ck_assert_int_eq(load(&conf), complaints[_i].err);
	ck_assert_msg(!strncmp(said, path, strlen(path)), "%s", said);
	ck_assert_msg(strstr(said, complaints[_i].line) != NULL, "%s", said);
	ck_assert_msg(strchr(said, '\n') == strrchr(said, '\n'), "%s", said);
}
END_TEST

START_TEST(every_bad_line_is_reported)
{
	struct conf conf;
	char line[512] = "[Candor]\nLayout=";

	memset(line + strlen(line), 'x', 300);
	strcat(line, "\nSegmentMaxSec=1\nColour=red\nLevel=x\n");
	put("/etc/candor/candor.conf", line);
	ck_assert_int_eq(load(&conf), -EINVAL);
	ck_assert_ptr_nonnull(strstr(said, ":2: line of more than"));
	ck_assert_ptr_nonnull(strstr(said, ":3: SegmentMaxSec=1:"));
	ck_assert_ptr_nonnull(strstr(said, ":4: unknown key"));
	ck_assert_ptr_nonnull(strstr(said, ":5: Level=x:"));
}
END_TEST

START_TEST(a_folder_in_place_of_the_file_is_an_error)
{
	struct conf conf;

	put("/etc/candor/candor.conf/x", "");
	ck_assert_int_eq(load(&conf), -EISDIR);
	ck_assert_ptr_nonnull(strstr(said, "cannot read"));
}
END_TEST

START_TEST(the_digest_is_of_what_is_in_force)
{
	struct conf a, b;
	uint8_t x[32], y[32];
	char text[CONF_CANONICAL_MAX];

	conf_defaults(&a);
	put("/etc/candor/candor.conf",
	    "[Candor]\nSegmentMaxSize=1024K\nSegmentMaxSec=600\nSubject=u\n");
	ck_assert_int_eq(load(&b), 0);
	ck_assert_int_eq(conf_digest(&a, x), 0);
	ck_assert_int_eq(conf_digest(&b, y), 0);
	ck_assert_mem_eq(x, y, 32);
	conf_canonical(&b, text);
	ck_assert_ptr_null(strstr(text, "Subject"));

	put("/etc/candor/candor.conf",
	    "[Candor]\nVirtualDevices=1:2:3 4:5:6\n");
	ck_assert_int_eq(load(&a), 0);
	put("/etc/candor/candor.conf",
	    "[Candor]\nVirtualDevices=4:5:6 1:2:3\n");
	ck_assert_int_eq(load(&b), 0);
	ck_assert_int_eq(conf_digest(&a, y), 0);
	ck_assert_mem_ne(x, y, 32);
	ck_assert_int_eq(conf_digest(&b, x), 0);
	ck_assert_mem_eq(x, y, 32);
}
END_TEST

START_TEST(the_subject_is_a_name_or_a_uid)
{
	struct conf conf;
	uid_t uid = 4711;

	conf_defaults(&conf);
	ck_assert_int_eq(conf_subject(&conf, &uid), -ENODATA);
	strcpy(conf.subject, "1000");
	ck_assert_int_eq(conf_subject(&conf, &uid), 0);
	ck_assert_uint_eq(uid, 1000);
	strcpy(conf.subject, "root");
	ck_assert_int_eq(conf_subject(&conf, &uid), 0);
	ck_assert_uint_eq(uid, 0);
	strcpy(conf.subject, "nobody-of-this-name");
	ck_assert_int_eq(conf_subject(&conf, &uid), -ENOENT);
	strcpy(conf.subject, "4294967295");
	ck_assert_int_eq(conf_subject(&conf, &uid), -ENOENT);
}
END_TEST

static Suite *conf_suite(void)
{
	Suite *suite = suite_create("conf");
	TCase *tcase = tcase_create("conf");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, without_files_the_defaults_hold);
	tcase_add_test(tcase, every_key_is_read);
	tcase_add_test(tcase, later_files_replace_and_etc_masks_usr);
	tcase_add_loop_test(tcase, complains_with_file_and_line, 0,
			    sizeof(complaints) / sizeof(complaints[0]));
	tcase_add_test(tcase, every_bad_line_is_reported);
	tcase_add_test(tcase, a_folder_in_place_of_the_file_is_an_error);
	tcase_add_test(tcase, the_digest_is_of_what_is_in_force);
	tcase_add_test(tcase, the_subject_is_a_name_or_a_uid);
	suite_add_tcase(suite, tcase);
	return suite;
}
UNIT_SUITE(conf_suite)
