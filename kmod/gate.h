/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gate.h - the block mask and the one work that follows it
 *
 * The gate is open only while the mask is 0, and opens only in the work, at
 * most once per reopen_ms. Setting a reason closes it at once.
 *
 * Lock order: input_mutex, candor_handles' mutex, dev->mutex. The gate's own
 * lock is a leaf: taken with any of them, and dev->event_lock, held.
 */
#ifndef CANDOR_GATE_H
#define CANDOR_GATE_H

#include <linux/compiler.h>
#include <linux/types.h>

#include "candor_abi.h"

/* Read by the hot path; written under the gate's lock. */
extern bool candor_gate_is_open;

static inline bool candor_gate_open(void)
{
	return READ_ONCE(candor_gate_is_open);
}

int candor_gate_init(void);
void candor_gate_exit(void);
/* Init's last step: from here on the work runs. */
void candor_gate_go_live(void);
/* Exit's first: the work has run for the last time, the gate is closed. */
void candor_gate_go_quiet(void);

/*
 * Replaces the bits of @which by @reasons. Sleeps when that closes the gate:
 * when it returns, no packet is in flight any more and none will follow.
 * CANDOR_SUSPEND stays set until the machine is awake.
 */
void candor_gate_assign(u32 which, u32 reasons);

static inline void candor_gate_set(u32 reasons)
{
	candor_gate_assign(reasons, reasons);
}

static inline void candor_gate_clear(u32 reasons)
{
	candor_gate_assign(reasons, 0);
}

/* Queues the work; any context, and nothing before and after it is live. */
void candor_gate_kick(void);

u32 candor_gate_mask(void);
enum candor_state candor_gate_state(void);
bool candor_gate_observed(void);

#endif /* CANDOR_GATE_H */
