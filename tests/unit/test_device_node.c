// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "device_node.h"
#include "unit.h"

START_TEST(test_reasons_are_named_in_order)
{
	char text[128];

	device_node_reasons(0, text, sizeof(text));
	ck_assert_str_eq(text, "");
	device_node_reasons(CANDOR_PAUSE, text, sizeof(text));
	ck_assert_str_eq(text, "pause");
	device_node_reasons(CANDOR_SHIELD | CANDOR_UNLEASED, text,
			    sizeof(text));
	ck_assert_str_eq(text, "unleased, shield");
	/* what a newer module may add is passed over */
	device_node_reasons(1u << 31 | CANDOR_POWER, text, sizeof(text));
	ck_assert_str_eq(text, "power");
}
END_TEST

START_TEST(test_all_reasons_are_cut_not_overrun)
{
	char text[24];

	memset(text, 'x', sizeof(text));
	device_node_reasons(~0u, text, 16);
	ck_assert_uint_eq(strlen(text), 15);
	ck_assert_int_eq(text[16], 'x');
}
END_TEST

START_TEST(test_every_bit_has_a_name)
{
	unsigned int bit;

	for (bit = 0; bit < CANDOR_REASON_COUNT; bit++)
		ck_assert_ptr_nonnull(candor_reason_name(bit));
	ck_assert_ptr_null(candor_reason_name(CANDOR_REASON_COUNT));
	ck_assert_str_eq(device_node_state_name(CANDOR_STATE_CAPTURING),
			 "capturing");
	ck_assert_str_eq(device_node_state_name(99), "unknown");
}
END_TEST

static Suite *device_node_suite(void)
{
	Suite *suite = suite_create("device_node");
	TCase *names = tcase_create("names");

	tcase_add_test(names, test_reasons_are_named_in_order);
	tcase_add_test(names, test_all_reasons_are_cut_not_overrun);
	tcase_add_test(names, test_every_bit_has_a_name);
	suite_add_tcase(suite, names);
	return suite;
}
UNIT_SUITE(device_node_suite)
