/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * source.h - from raw ring records to whole packets with their gaps
 *
 * Assembles pieces, keeps the sequence of each device, and says of each packet
 * what is missing before it and why. Records are checked as if they came from
 * a stranger: what does not fit the ABI is counted as malformed and dropped.
 */
#ifndef CANDOR_SOURCE_H
#define CANDOR_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "candor_abi.h"
#include "packet.h"

struct source;

/* What leaves; pointers are valid during the call. 0, or -errno to stop. */
struct source_ops {
	int (*packet)(const struct packet *packet, void *ctx);
	int (*device)(const struct device *device,
		      enum candor_device_event event, void *ctx);
	/* @boottime_ns: CLOCK_BOOTTIME; old == new: the machine woke up */
	int (*gate)(uint32_t old_mask, uint32_t new_mask, uint64_t boottime_ns,
		    void *ctx);
};

struct source_counts {
	uint64_t malformed; /* records that break the ABI */
	uint64_t unfinished; /* packets thrown away for a missing piece */
	uint64_t contradictions; /* counters that explain more than the gap */
};

/* @ops is kept, not copied. NULL and errno. */
struct source *source_new(const struct source_ops *ops, void *ctx);
void source_free(struct source *source);

/*
 * One record as the ring gave it, any alignment. Malformed and unknown records
 * are not errors. -ENOMEM (the record is dropped), or what an op returned.
 */
int source_record(struct source *source, const void *record, size_t len);

/*
 * Accounts what follows the last packet of a device that arrived, when no more
 * can come: at a gate closing, at removal, at stop. @state comes from the
 * program's map. @drained: the ring was empty after @state was read; otherwise
 * what cannot be explained may still be in the ring, and is -EAGAIN.
 *
 * @tail gets what is missing up to @state->seq, and from here on counts as
 * accounted: hand it on with that sequence (hold.h, HOLD_TAIL). -EAGAIN: the
 * gate has opened again, or packets after @state arrived; nothing changed, a
 * later packet or settle accounts for it. -ENOENT: no such device was seen.
 * A removed device is settled with the gate open too, and forgotten.
 *
 * May be called from the gate op, and for a removed device from the device op:
 * what the ring held of the device before is then in the past.
 */
int source_settle(struct source *source, uint32_t device,
		  const struct candor_device_state *state, bool drained,
		  struct packet_gap *tail);

/* The gate is known to be closed, even if the ring had no room to say so. */
void source_gate_closed(struct source *source);
/* A removed device of which the program kept no state. */
void source_forget(struct source *source, uint32_t device);

/*
 * The devices with anything to settle: calls @fn for each; @fn may settle the
 * device it is called for. Stops at the first non-zero and returns it.
 */
int source_devices(struct source *source, int (*fn)(uint32_t device, void *ctx),
		   void *ctx);

const struct source_counts *source_counts(const struct source *source);

#endif
