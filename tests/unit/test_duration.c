// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "duration.h"
#include "unit.h"

static const struct {
	const char *text;
	int err;
	uint64_t seconds;
} cases[] = {
	{ "30", 0, 30 },
	{ "0", 0, 0 },
	{ "15m", 0, 900 },
	{ "90s", 0, 90 },
	{ "10min", 0, 600 },
	{ "1h30m", 0, 5400 },
	{ "1h 30m", 0, 5400 },
	{ " 2 hours ", 0, 7200 },
	{ "1d", 0, 86400 },
	{ "2weeks", 0, 1209600 },
	{ "18446744073709551615", 0, UINT64_MAX },
	{ "18446744073709551616", -ERANGE, 0 },
	{ "1000000000000000000000000000000", -ERANGE, 0 },
	{ "1000000000000000000000000000000h", -ERANGE, 0 },
	{ "18446744073709551615h", -ERANGE, 0 },
	{ "18446744073709551615s1s", -ERANGE, 0 },
	{ "1000000000000000000000000000000x", -EINVAL, 0 },
	{ "10^30", -EINVAL, 0 },
	{ "1e30", -EINVAL, 0 },
	{ "", -EINVAL, 0 },
	{ " ", -EINVAL, 0 },
	{ "-1", -EINVAL, 0 },
	{ "+1", -EINVAL, 0 },
	{ "1.5h", -EINVAL, 0 },
	{ "abc", -EINVAL, 0 },
	{ "m", -EINVAL, 0 },
	{ "15M", -EINVAL, 0 },
	{ "15mx", -EINVAL, 0 },
	{ "1h30", -EINVAL, 0 },
	{ "30 30", -EINVAL, 0 },
	{ "0x10", -EINVAL, 0 },
};

START_TEST(parses_as_the_table_says)
{
	uint64_t seconds = 4711;
	int err = duration_parse(cases[_i].text, &seconds);

	ck_assert_msg(err == cases[_i].err, "\"%s\": %d", cases[_i].text, err);
	ck_assert_uint_eq(seconds, err ? 4711 : cases[_i].seconds);
}
END_TEST

START_TEST(formats_the_shortest_text)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} table[] = {
		{ 0, "0s" },	   { 30, "30s" },
		{ 90, "1m30s" },   { 900, "15m" },
		{ 5400, "1h30m" }, { 86400, "1d" },
		{ 3601, "1h1s" },  { UINT64_MAX, "213503982334601d7h15s" },
	};
	char text[DURATION_TEXT];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		ck_assert_str_eq(duration_format(table[i].seconds, text),
				 table[i].text);
}
END_TEST

START_TEST(parses_what_it_formats)
{
	char text[DURATION_TEXT];
	uint64_t seconds, back;

	srand(1);
	for (int i = 0; i < 10000; i++) {
		seconds = (uint64_t)rand() << (rand() % 33);
		ck_assert_int_eq(
			duration_parse(duration_format(seconds, text), &back),
			0);
		ck_assert_uint_eq(back, seconds);
	}
}
END_TEST

static Suite *duration_suite(void)
{
	Suite *suite = suite_create("duration");
	TCase *tcase = tcase_create("duration");

	tcase_add_loop_test(tcase, parses_as_the_table_says, 0,
			    sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tcase, formats_the_shortest_text);
	tcase_add_test(tcase, parses_what_it_formats);
	suite_add_tcase(suite, tcase);
	return suite;
}
UNIT_SUITE(duration_suite)
