/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hold.h - packets wait in memory until it is certain that they may be kept
 *
 * A queue in order of arrival. A screen is locked before anybody is told, so
 * what was typed into the lock screen must still be here when the signal comes
 * and can then be forgotten. Devices, gates and tails wait in the same queue,
 * so that their order to the packets stays.
 */
#ifndef CANDOR_HOLD_H
#define CANDOR_HOLD_H

#include <stddef.h>
#include <stdint.h>

#include "packet.h"

struct hold;

#define HOLD_AGE_NS 5000000000ULL

/*
 * Above this many bytes hold_release() gives the oldest early: they are
 * written sooner than promised, never lost. The queue itself grows beyond it
 * only by what is pushed between two releases. About 140,000 packets.
 */
#define HOLD_BYTES_MAX (8u << 20)

enum hold_kind {
	HOLD_PACKET = 1,
	HOLD_TAIL, /* source_settle(): packets that left no record */
	HOLD_DEVICE,
	HOLD_GATE,
	/*
	 * Where forgotten packets or tails of a device stood: nothing is
	 * counted, the next packet's accounting begins after @seq.
	 */
	HOLD_FORGOTTEN,
};

struct hold_item {
	enum hold_kind kind;
	/*
	 * CLOCK_MONOTONIC. Of a packet its stamp; the others have none and
	 * age with what was pushed before them. Set by hold_push().
	 */
	uint64_t time_ns;
	union {
		struct packet packet;
		struct {
			uint32_t device;
			uint64_t seq;
			struct packet_gap gap;
		} tail;
		struct {
			const struct device *device;
			enum candor_device_event event;
		} device;
		struct {
			uint32_t old_mask, new_mask;
			uint64_t boottime_ns;
		} gate;
		struct {
			uint32_t device;
			uint64_t seq;
		} forgotten;
	};
};

/* Pointers in @item are valid during the call. 0, or -errno to stop. */
typedef int (*hold_fn)(const struct hold_item *item, void *ctx);

/* NULL and errno. */
struct hold *hold_new(void);
void hold_free(struct hold *hold);

/*
 * Copies @item (kind HOLD_FORGOTTEN excepted: that one is the hold's own).
 * @now_ns: CLOCK_MONOTONIC; a stamp from the future counts as now. -ENOMEM.
 */
int hold_push(struct hold *hold, const struct hold_item *item, uint64_t now_ns);

/*
 * What is pushed from here on arrived after @time_ns, whatever its stamp says:
 * a stale stamp must not make it old enough to be written at once.
 */
void hold_arrived_after(struct hold *hold, uint64_t time_ns);

/*
 * Gives and removes, in order, what is at least @age_ns old, and while more
 * than HOLD_BYTES_MAX are held. @age_ns 0 gives everything. Stops when @fn
 * returns an error; the item it refused is gone.
 */
int hold_release(struct hold *hold, uint64_t now_ns, uint64_t age_ns,
		 hold_fn fn, void *ctx);

/*
 * Forgets every packet and tail newer than @time_ns: their content is
 * overwritten. Devices and gates are no input and stay.
 */
void hold_forget_newer(struct hold *hold, uint64_t time_ns);

/* When the oldest becomes @age_ns old; UINT64_MAX: nothing is held. */
uint64_t hold_next_deadline(const struct hold *hold, uint64_t age_ns);

/* Bytes held, for `status` and tests. */
size_t hold_bytes(const struct hold *hold);

#endif
