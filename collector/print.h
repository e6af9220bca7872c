/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * print.h - what a segment holds, for people and for programs
 *
 * People get one line a row with the local wall clock; lines about the segment
 * itself begin with '#'. Programs get one JSON object a line (FORMAT.md).
 */
#ifndef CANDOR_PRINT_H
#define CANDOR_PRINT_H

#include <stdio.h>

#include "reader.h"

struct print;

enum print_style {
	PRINT_LINES,
	PRINT_JSON,
	PRINT_COUNT, /* rows by device and kind, at print_end() */
	PRINT_COUNT_JSON,
};

/* NULL and errno. @file stays the caller's. */
struct print *print_new(FILE *file, enum print_style style);
void print_free(struct print *print);

/*
 * For reader_new(), with a struct print as context; segments may follow each
 * other. They return -EPIPE or another errno when @file takes no more.
 */
extern const struct reader_ops print_ops;

/* After the last segment. 0 or -errno. */
int print_end(struct print *print);

/* "motion" ...; "?" for what is no kind. */
const char *print_kind(enum row_kind kind);

#endif
