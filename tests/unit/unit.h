/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * unit.h - how a file of tests joins the one unit-test program
 *
 *	static Suite *encode_suite(void) { ... }
 *	UNIT_SUITE(encode_suite)
 */
#ifndef CANDOR_UNIT_H
#define CANDOR_UNIT_H

#include <check.h>

void unit_add(Suite *(*make)(void));

#define UNIT_SUITE(make)                                      \
	__attribute__((constructor)) static void make##_add(void) \
	{                                                     \
		unit_add(make);                               \
	}

#endif
