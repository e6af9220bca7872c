// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control.h"
#include "exit.h"
#include "grant.h"
#include "unit.h"

#define SEC 1000000000ULL
#define NOW (1000 * SEC)
#define BOOT "6f1d0a52-0000-4000-8000-000000000001"

static char folder[] = "/tmp/candor-grant-XXXXXX";
static char path[sizeof(folder) + 16];

static void make_folder(void)
{
	strcpy(strrchr(folder, '-') + 1, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/grant", folder);
}

static void remove_folder(void)
{
	unlink(path);
	ck_assert_int_eq(rmdir(folder), 0);
}

static void put(const char *text)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
	chmod(path, 0600);
}

static int load(struct grant *grant)
{
	return grant_load(path, NOW, BOOT, grant);
}

START_TEST(test_stored_is_loaded)
{
	const struct grant given = { LEVEL_DEMONSTRATION, 1000,
				     NOW + 600 * SEC };
	struct grant found;
	struct stat st;

	ck_assert_int_eq(grant_store(path, BOOT, &given), 0);
	ck_assert_int_eq(load(&found), 1);
	ck_assert_int_eq(found.level, LEVEL_DEMONSTRATION);
	ck_assert_uint_eq(found.uid, 1000);
	ck_assert_uint_eq(found.end_ns, given.end_ns);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
}
END_TEST

START_TEST(test_stored_replaces_and_clear_ends)
{
	struct grant given = { LEVEL_DEMONSTRATION, 1000, NOW + 600 * SEC };
	struct grant found;

	ck_assert_int_eq(grant_store(path, BOOT, &given), 0);
	given.end_ns += SEC;
	ck_assert_int_eq(grant_store(path, BOOT, &given), 0);
	ck_assert_int_eq(load(&found), 1);
	ck_assert_uint_eq(found.end_ns, given.end_ns);
	ck_assert_int_eq(grant_clear(path), 0);
	ck_assert_int_eq(load(&found), 0);
	ck_assert_int_eq(grant_clear(path), 0);
}
END_TEST

START_TEST(test_store_into_nowhere_says_why)
{
	const struct grant given = { LEVEL_DEMONSTRATION, 1000, NOW + SEC };

	ck_assert_int_eq(grant_store("/nonexistent/grant", BOOT, &given),
			 -ENOENT);
	ck_assert_int_eq(grant_store(path, "", &given), -EINVAL);
}
END_TEST

START_TEST(test_it_ends_with_its_time_and_with_the_boot)
{
	const struct grant given = { LEVEL_DEMONSTRATION, 1000, NOW + SEC };
	struct grant found;

	ck_assert_int_eq(grant_store(path, BOOT, &given), 0);
	ck_assert_int_eq(grant_load(path, NOW + SEC - 1, BOOT, &found), 1);
	ck_assert_int_eq(grant_load(path, NOW + SEC, BOOT, &found), 0);
	ck_assert_int_eq(grant_load(path, NOW, "another-boot", &found), 0);
}
END_TEST

#define LINE(level, uid, end) \
	"candor-grant 1 " level " " uid " " end " " BOOT "\n"

START_TEST(test_well_formed_line_is_loaded)
{
	struct grant found;

	put(LINE("demonstration", "1000", "1600000000000"));
	ck_assert_int_eq(load(&found), 1);
	put(LINE("timing", "1000", "29800000000000"));
	ck_assert_int_eq(load(&found), 1);
}
END_TEST

static const char *const malformed[] = {
	"",
	"\n",
	"candor-grant 1",
	"candor-grant 2 demonstration 1000 1600000000000 " BOOT "\n",
	"candor-grant 1 demonstration 1000 1600000000000 " BOOT,
	LINE("demonstration", "1000", "1600000000000") "more\n",
	LINE("actions", "1000", "1600000000000"),
	LINE("everything", "1000", "1600000000000"),
	LINE("demonstration", "-1", "1600000000000"),
	LINE("demonstration", "5294968296", "1600000000000"),
	LINE("demonstration", "01000", "1600000000000"),
	LINE("demonstration", "user1", "1600000000000"),
	LINE("demonstration", "1000", "-1"),
	LINE("demonstration", "1000", "18446744073709551616000000000"),
	/* longer than any grant may be */
	LINE("demonstration", "1000", "4600000000001"),
	LINE("timing", "1000", "29800000000001"),
};

START_TEST(test_malformed_is_none)
{
	struct grant found;

	put(malformed[_i]);
	ck_assert_int_eq(load(&found), 0);
}
END_TEST

START_TEST(test_file_others_may_write_is_none)
{
	struct grant found;

	put(LINE("demonstration", "1000", "1600000000000"));
	chmod(path, 0620);
	ck_assert_int_eq(load(&found), 0);
}
END_TEST

START_TEST(test_link_and_folder_are_none)
{
	struct grant found;
	char target[sizeof(path) + 8];

	snprintf(target, sizeof(target), "%s.real", path);
	put(LINE("demonstration", "1000", "1600000000000"));
	ck_assert_int_eq(rename(path, target), 0);
	ck_assert_int_eq(symlink(target, path), 0);
	ck_assert_int_eq(load(&found), 0);
	unlink(path);
	unlink(target);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(load(&found), 0);
	rmdir(path);
}
END_TEST

static const struct {
	const char *name;
	uid_t subject;
	uint32_t max;
	uid_t uid;
	uint32_t seconds;
	int code;
} asked[] = {
	{ "the subject", 1000, 3600, 1000, 600, 0 },
	{ "the subject, all of it", 1000, 3600, 1000, 3600, 0 },
	{ "the subject, too long", 1000, 3600, 1000, 3601, EXIT_USAGE },
	{ "policy beyond an hour", 1000, 9999, 1000, 3601, EXIT_USAGE },
	{ "no time at all", 1000, 3600, 1000, 0, EXIT_USAGE },
	{ "somebody else", 1000, 3600, 1001, 600, EXIT_DENIED },
	{ "root for the subject", 1000, 3600, 0, 600, EXIT_DENIED },
	{ "root as the subject", 0, 3600, 0, 600, EXIT_DENIED },
	{ "no subject", (uid_t)-1, 3600, (uid_t)-1, 600, EXIT_DENIED },
	{ "forbidden by policy", 1000, 0, 1000, 600, EXIT_DENIED },
};

START_TEST(test_who_may_demonstrate)
{
	const struct grant_policy policy = { asked[_i].subject, asked[_i].max };
	struct json_object *reply = json_object_new_object(), *seconds;
	struct grant grant;
	const char *why = "";
	int r;

	r = grant_demonstration(&policy, asked[_i].uid, asked[_i].seconds, NOW,
				&grant, reply);
	ck_assert_msg(r == asked[_i].code, "%s: %d", asked[_i].name, r);
	ck_assert_int_eq(control_refusal(reply, &why), r);
	if (!r) {
		ck_assert_int_eq(grant.level, LEVEL_DEMONSTRATION);
		ck_assert_uint_eq(grant.end_ns, NOW + asked[_i].seconds * SEC);
		ck_assert(json_object_object_get_ex(reply, "seconds",
						    &seconds));
	}
	json_object_put(reply);
}
END_TEST

static Suite *grant_suite(void)
{
	Suite *suite = suite_create("grant");
	TCase *file = tcase_create("file");
	TCase *policy = tcase_create("policy");

	tcase_add_checked_fixture(file, make_folder, remove_folder);
	tcase_add_test(file, test_stored_is_loaded);
	tcase_add_test(file, test_stored_replaces_and_clear_ends);
	tcase_add_test(file, test_store_into_nowhere_says_why);
	tcase_add_test(file, test_it_ends_with_its_time_and_with_the_boot);
	tcase_add_test(file, test_well_formed_line_is_loaded);
	tcase_add_loop_test(file, test_malformed_is_none, 0,
			    sizeof(malformed) / sizeof(*malformed));
	tcase_add_test(file, test_file_others_may_write_is_none);
	tcase_add_test(file, test_link_and_folder_are_none);
	suite_add_tcase(suite, file);
	tcase_add_loop_test(policy, test_who_may_demonstrate, 0,
			    sizeof(asked) / sizeof(*asked));
	suite_add_tcase(suite, policy);
	return suite;
}
UNIT_SUITE(grant_suite)
