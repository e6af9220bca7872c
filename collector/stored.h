/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stored.h - what a segment says about itself, and the limits of all of them
 *
 * The limits hold for what we write and for what we are willing to read: a
 * hostile file must not cost more memory or time than an honest one. A row
 * has at least one byte of its own in a column, so FRAME_MAX bounds the rows of
 * a batch too, whatever its runs claim.
 */
#ifndef CANDOR_STORED_H
#define CANDOR_STORED_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger.h"
#include "level.h"

#define STORED_SCHEMA 1

/* Bytes of one frame, and of all frames of a segment, undone from LZ4. */
#define FRAME_MAX (4u << 20)
#define SEGMENT_MAX (64u << 20)
/* Devices of one segment: who reads looks one up for each row. */
#define SEGMENT_DEVICES_MAX 256
/* Elements of one frame that are not packed: messages and lone fields. */
#define FRAME_ELEMENTS_MAX (64u << 10)

struct anchor {
	uint64_t monotonic_ns; /* on the grid */
	int64_t realtime_ns;
	uint64_t boottime_ns;
};

/* What decode gives back points into the frame, for the call alone. */
struct header_info {
	uint32_t schema;
	const char *recorder;
	uint8_t host[16];
	uint8_t subject[16];
	uint8_t boot[16];
	enum level level;
	uint8_t policy[32]; /* SHA-256 */
	struct anchor anchor;
	const char *layout;
	uint64_t expires_at; /* s since the epoch */
	struct level_units units;
	uint64_t seq;
};

struct trailer_info {
	const struct ledger_row *ledger;
	/* of each row of @ledger: what the recorder found */
	const bool *balanced;
	size_t rows;
	bool recovered;
	uint64_t end_ns;
};

#endif
