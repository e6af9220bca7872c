/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pipeline.h - the steps of an event's way in user space, composed
 *
 *	capture -> source -> hold -> redact -> encode -> spool
 *
 * The steps know the value that flows, not each other; this file alone knows
 * them all. Time is an argument. Any error is final: what has been written
 * stays in the open segment's .part, for recovery at the next start.
 */
#ifndef CANDOR_PIPELINE_H
#define CANDOR_PIPELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "capture.h"
#include "clock.h"
#include "ledger.h"
#include "level.h"
#include "spool.h"
#include "stored.h"

struct pipeline;

struct pipeline_options {
	struct capture *capture; /* the caller's */
	struct spool *spool; /* the caller's */
	uint64_t segment_max_bytes;
	uint64_t segment_max_ns;
	enum level level;
	/* Everything of a new segment's header but seq, anchor and level. */
	int (*identify)(struct header_info *header, void *ctx);
	void *ctx;
};

/* NULL and errno. @options is copied. */
struct pipeline *pipeline_new(const struct pipeline_options *options);
void pipeline_free(struct pipeline *pipeline);

struct pipeline_news {
	bool gate_changed;
	/* The machine has slept and is up again: look at the session anew. */
	bool woke_up;
};

/* Takes what is in the ring into memory. 0; 1: there is more; -errno. */
int pipeline_drain(struct pipeline *pipeline, struct moment now,
		   struct pipeline_news *news);

/*
 * Moves what is at least @age_ns old from memory to disk, and seals a segment
 * that a closed gate, its size or its age ends. With data on disk when it
 * returns 0.
 */
int pipeline_flush(struct pipeline *pipeline, struct moment now,
		   uint64_t age_ns);

/* Seals the open segment, if there is one. */
int pipeline_seal(struct pipeline *pipeline, struct moment now);

/* Accounts for what follows each device's last packet; the gate is closed. */
int pipeline_settle(struct pipeline *pipeline, struct moment now);

/* Whether anything waits in memory: the flush timer is needed. */
bool pipeline_busy(const struct pipeline *pipeline);
/*
 * When every packet drained so far has been held for long enough to be
 * written, CLOCK_MONOTONIC; 0: none has come.
 */
uint64_t pipeline_held_until(const struct pipeline *pipeline);
/* When the open segment began, CLOCK_MONOTONIC; 0: none is open. */
uint64_t pipeline_segment_since(const struct pipeline *pipeline);
/* The sum of all ledgers since the start, device 0. */
void pipeline_totals(const struct pipeline *pipeline, struct ledger_row *sum);

#endif
