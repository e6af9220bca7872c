/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ledger.h - the counts that must balance (invariant I4)
 *
 * For each device and segment, by the module's packet sequence:
 *	seen = written + merged + suppressed + sum of lost[]
 * exactly. A packet counts once, first match: lost; written (a value of it
 * stands in a row of its own); merged (only in an aggregated row); suppressed.
 *
 * @seen comes from the sequence alone, the parts from what was done with each
 * packet: that they agree is what is checked before a segment is sealed.
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
	bool exact; /* false: published only as "balanced" (keys below timing)
		     */
	uint64_t seen;
	uint64_t written;
	uint64_t merged;
	uint64_t suppressed;
	uint64_t lost[LOST_REASONS];
};

/* Whether it balances. */
bool ledger_row_balances(const struct ledger_row *row);

struct ledger;

/* NULL and errno. */
struct ledger *ledger_new(void);
void ledger_free(struct ledger *ledger);

/*
 * The row of @device in this segment, made when there is none; NULL: no
 * memory. Valid until the next call that takes the ledger.
 */
struct ledger_row *ledger_get(struct ledger *ledger, uint32_t device);

/*
 * Where counting begins for a device that has no place in the sequence yet:
 * the packet after @seq is the first. Does nothing for a device that has one.
 */
int ledger_start(struct ledger *ledger, uint32_t device, uint64_t seq);
/* Everything up to @seq has been drained for this segment. */
int ledger_seen(struct ledger *ledger, uint32_t device, uint64_t seq);
/* Everything up to @seq was forgotten: it counts nowhere. */
int ledger_skip(struct ledger *ledger, uint32_t device, uint64_t seq);
/* The device is gone; its place in the sequence goes at the next reset. */
void ledger_gone(struct ledger *ledger, uint32_t device);

/* The rows of this segment; valid until the next call that takes the ledger. */
const struct ledger_row *ledger_rows(const struct ledger *ledger,
				     size_t *count);
/* Whether each row does; true of none. */
bool ledger_balances(const struct ledger *ledger);
/* A new segment: no rows, the places in the sequence stay. */
void ledger_reset(struct ledger *ledger);

#endif
