/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * redact.h - from packets to the rows that a level allows (design section 6)
 *
 * The kernel has already taken the codes of text keys away; this step takes
 * away times, paths and counts, and merges. What it emits is what is stored:
 * times stand on the level's grid, lengths and durations are buckets.
 *
 * actions
 *   ROW_KEY    on the 250 ms grid; autorepeat (value 2) merges into the open
 *              row of the device until another key, its release or 2 s without
 *              a repeat ends it. Releases leave no row.
 *   ROW_TEXT   on the grid; text presses until any other key or a button is
 *              pressed on any device, or 2 s pass without a press. Duration:
 *              from the cell of the first press to the cell of the last.
 *   ROW_MOTION, ROW_POSITION
 *              one for each 8 ms window that the first packet opens, at the
 *              time of its last packet: the sum, or the last position. A
 *              position needs the range of both axes and a value of both since
 *              the gate opened.
 *   ROW_BUTTON, ROW_WHEEL
 *              each of its own, after the window that it ends. Touching a
 *              touchpad is a button too (BTN_TOUCH, BTN_TOOL_*).
 *   ROW_TOUCH  on the grid; from the first contact to the last lifted. Cell of
 *              the first contact. Duration: cells of 250 ms, rounded down to 0,
 *              1, 2, 4, 8, 16 or 32 of them. A touch that outlasts its segment
 *              ends there. Of a device with touch or pen nothing else of the
 *              pointer is kept, no button either: a finger's path and times
 *              are handwriting or a PIN.
 *   A device that was not announced, or is of no known kind, leaves nothing.
 *
 * demonstration
 *   ROW_MOTION    a packet of exactly REL_X, REL_Y or both in this order,
 *                 none of them 0
 *   ROW_POSITION  of a tablet: a packet of exactly ABS_X, ABS_Y or both in
 *                 this order, each of another value than before, when both are
 *                 known from rows since the gate opened and the segment began:
 *                 an axis that keeps its value was not in the packet
 *   ROW_PACKET    everything else, value by value
 *   @held is 0 there: the keys themselves are in the rows.
 *
 * Each device is announced by a ROW_DEVICE before its first row or count of a
 * segment. Rows come out when they are complete, so ROW_KEY, ROW_TEXT and
 * ROW_TOUCH may be older than rows before them.
 */
#ifndef CANDOR_REDACT_H
#define CANDOR_REDACT_H

#include <stdint.h>

#include "ledger.h"
#include "level.h"
#include "packet.h"
#include "row.h"

struct redact;

#define REDACT_WINDOW_NS 8000000ULL /* 125 Hz */
#define REDACT_IDLE_NS 2000000000ULL /* ends a run or a repeated key */

/*
 * @ledger is the caller's and outlives it. NULL and errno: ENOTSUP for a level
 * that this version does not record.
 */
struct redact *redact_new(enum level level, struct ledger *ledger, row_fn fn,
			  void *ctx);
/* Drops what is open without counting it: redact_finish() first. */
void redact_free(struct redact *redact);

/*
 * Each returns 0, or -errno of the row function or for want of memory; after
 * an error counts and rows no longer agree, and the segment must end.
 * Times are CLOCK_MONOTONIC.
 */
int redact_device(struct redact *redact, const struct device *device,
		  enum candor_device_event event, uint64_t time_ns);
int redact_packet(struct redact *redact, const struct packet *packet);
/* Packets up to @seq that left no record, after the last that did. */
int redact_tail(struct redact *redact, uint32_t device, uint64_t seq,
		const struct packet_gap *gap, uint64_t time_ns);
/* Packets of @device up to @seq were forgotten. */
int redact_forgotten(struct redact *redact, uint32_t device, uint64_t seq);
/* The gate closed: ends everything open; positions and held keys are unknown.
 */
int redact_gate_closed(struct redact *redact);

/*
 * Ends what is complete at @now_ns, the time up to which packets were fed:
 * with a hold, now less its age.
 */
int redact_flush(struct redact *redact, uint64_t now_ns);
/* When redact_flush() has something to do; UINT64_MAX: nothing is open. */
uint64_t redact_deadline(const struct redact *redact);

/*
 * Before a seal: ends everything open, so that each packet is accounted in the
 * segment it stands in; devices are announced anew in the next.
 */
int redact_finish(struct redact *redact);

#endif
