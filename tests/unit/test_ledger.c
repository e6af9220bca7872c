// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>

#include "ledger.h"
#include "unit.h"

START_TEST(I4_balances_only_when_every_part_is_counted)
{
	struct ledger_row row = { .seen = 15,
				  .written = 1,
				  .merged = 2,
				  .suppressed = 3,
				  .lost = { 0, 4, 5 } };

	ck_assert(ledger_row_balances(&row));
	row.lost[LOST_UNKNOWN]--;
	ck_assert(!ledger_row_balances(&row));
	row.suppressed++;
	ck_assert(ledger_row_balances(&row));
	/* A sum that wraps around to what was seen is no balance. */
	row.lost[LOST_RING_FULL] = UINT64_MAX;
	row.written += 5;
	ck_assert(!ledger_row_balances(&row));
}
END_TEST

START_TEST(I4_seen_is_the_rise_of_the_sequence)
{
	struct ledger *ledger = ledger_new();
	const struct ledger_row *row;
	size_t count;

	ck_assert_int_eq(ledger_seen(ledger, 7, 5), -ENOENT);
	ck_assert_int_eq(ledger_start(ledger, 7, 100), 0);
	ck_assert_int_eq(ledger_start(ledger, 7, 50), 0);
	ck_assert_int_eq(ledger_seen(ledger, 7, 103), 0);
	ck_assert_int_eq(ledger_seen(ledger, 7, 110), 0);
	row = ledger_rows(ledger, &count);
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(row->seen, 10);
	ck_assert(!ledger_balances(ledger));
	ledger_get(ledger, 7)->written = 10;
	ck_assert(ledger_balances(ledger));
	ledger_free(ledger);
}
END_TEST

START_TEST(a_reset_keeps_places_and_drops_rows)
{
	struct ledger *ledger = ledger_new();
	size_t count;

	for (uint32_t device = 1; device <= 20; device++) {
		ledger_start(ledger, device, 10);
		ledger_seen(ledger, device, 11);
	}
	ledger_gone(ledger, 2);
	ledger_rows(ledger, &count);
	ck_assert_uint_eq(count, 20);
	ledger_reset(ledger);
	ledger_rows(ledger, &count);
	ck_assert_uint_eq(count, 0);
	ck_assert(ledger_balances(ledger));

	ledger_seen(ledger, 20, 13);
	ck_assert_uint_eq(ledger_get(ledger, 20)->seen, 2);
	ck_assert_int_eq(ledger_seen(ledger, 2, 12), -ENOENT);
	ledger_free(ledger);
}
END_TEST

START_TEST(what_was_forgotten_counts_nowhere)
{
	struct ledger *ledger = ledger_new();

	ledger_start(ledger, 1, 0);
	ledger_seen(ledger, 1, 3);
	ledger_skip(ledger, 1, 1000);
	ledger_seen(ledger, 1, 1001);
	ck_assert_uint_eq(ledger_get(ledger, 1)->seen, 4);
	/* Also when it was all there ever was of a device. */
	ledger_skip(ledger, 2, 50);
	ledger_seen(ledger, 2, 51);
	ck_assert_uint_eq(ledger_get(ledger, 2)->seen, 1);
	ledger_free(ledger);
}
END_TEST

static Suite *ledger_suite(void)
{
	Suite *suite = suite_create("ledger");
	TCase *tcase = tcase_create("ledger");

	tcase_add_test(tcase, I4_balances_only_when_every_part_is_counted);
	tcase_add_test(tcase, I4_seen_is_the_rise_of_the_sequence);
	tcase_add_test(tcase, a_reset_keeps_places_and_drops_rows);
	tcase_add_test(tcase, what_was_forgotten_counts_nowhere);
	suite_add_tcase(suite, tcase);
	return suite;
}
UNIT_SUITE(ledger_suite)
