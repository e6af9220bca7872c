/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * verify.h - whether a segment is what FORMAT.md says
 *
 * LZ4 checksums, schema, what the level allows, the ledger, and the packet
 * sequences where they are stored.
 */
#ifndef CANDOR_VERIFY_H
#define CANDOR_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "level.h"

#define VERIFY_WHAT 192

/* Packets @first to @last of @device have no row. */
struct verify_missing {
	uint32_t device;
	uint64_t first, last;
};

struct verify_report {
	bool ok;
	char what[VERIFY_WHAT]; /* the first thing that is wrong */
	uint64_t offset;	/* of the file, where it is */
	bool header;		/* and with it these: */
	enum level level;
	uint64_t seq;
	bool recovered;
	uint64_t rows;
	size_t devices; /* with rows */
	/*
	 * Not wrong by themselves: the ledger says what became of them. At
	 * most VERIFY_RUNS runs are kept; all are counted.
	 */
	struct verify_missing *missing;
	size_t runs, runs_kept;
	uint64_t packets_missing;
};

#define VERIFY_RUNS 1000

/*
 * Reads @fd from its start. 0 and the report, which is to be freed with
 * verify_report_free(), or -errno when reading failed.
 */
int verify_file(int fd, struct verify_report *report);
void verify_report_free(struct verify_report *report);

#endif
