// SPDX-License-Identifier: GPL-2.0-only
/*
 * All unit tests in one program; CK_RUN_SUITE=name and CK_FORK=no as usual.
 */
#include <stdlib.h>

#include "unit.h"

#define SUITES_MAX 64

static Suite *(*makers[SUITES_MAX])(void);
static size_t count;

void unit_add(Suite *(*make)(void))
{
	if (count == SUITES_MAX)
		abort();
	makers[count++] = make;
}

int main(void)
{
	SRunner *runner = srunner_create(NULL);
	int failed;

	for (size_t i = 0; i < count; i++)
		srunner_add_suite(runner, makers[i]());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
