/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ledger.h - the counts that must balance (invariant I4)
 *
 * For each device and segment, by the module's packet sequence:
 *	seen = written + merged + suppressed + sum of lost[]
 * exactly. A packet counts once, first match: lost; written (a value of it
 * stands in a row of its own); merged (only in an aggregated row); suppressed.
 */
#ifndef CANDOR_LEDGER_H
#define CANDOR_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Values are the schema's. */
enum lost_reason {
	LOST_RING_FULL = 1,
	LOST_UNKNOWN,
	LOST_REASONS, /* one past the last */
};

struct ledger_row {
	uint32_t device;
	bool exact; /* false: published only as "balanced" (keys below timing) */
	uint64_t seen;
	uint64_t written;
	uint64_t merged;
	uint64_t suppressed;
	uint64_t lost[LOST_REASONS];
};

/* Whether it balances. */
bool ledger_row_balances(const struct ledger_row *row);

#endif
