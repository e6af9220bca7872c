/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * level.h - the redaction levels and what each does to time
 *
 * The numbers are the schema's (candor.v1.Level) and the BPF program's.
 */
#ifndef CANDOR_LEVEL_H
#define CANDOR_LEVEL_H

#include <stdint.h>

enum level {
	LEVEL_TOTALS = 1,
	LEVEL_ACTIONS,
	LEVEL_TIMING,
	LEVEL_DEMONSTRATION,
};

/* Cells of the grid on which keys, frames, gates and seals stand. */
#define GRID_NS 250000000ULL

struct level_units {
	uint32_t pointer_ns; /* 1 ms, or 1 us at demonstration */
	uint32_t key_ns; /* 250 ms, 1 ms at timing, 1 us at demonstration */
};

struct level_units level_units(enum level level);
/* "actions" ...; NULL for what is not a level */
const char *level_name(enum level level);
/* A level by its name, or -EINVAL. */
int level_parse(const char *name);

#endif
