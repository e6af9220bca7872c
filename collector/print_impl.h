/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * print_impl.h - between print.c, print_text.c and print_json.c
 */
#ifndef CANDOR_PRINT_IMPL_H
#define CANDOR_PRINT_IMPL_H

#include <stdio.h>

#include "print.h"

/* Where a device's pointer is, for packets of which only a part is stored. */
struct print_point {
	uint32_t device;
	bool known[2];
	int32_t at[2];
};

/* What every style needs to know of the segment. */
struct print_state {
	FILE *file;
	enum level level;
	struct anchor anchor; /* the last before the row */
	struct print_point *point;
	size_t points, cap_points;
};

/* The wall clock, nanoseconds since the epoch, of a CLOCK_MONOTONIC time. */
int64_t print_realtime(const struct print_state *state, uint64_t time_ns);
/* Modifier @bit of a row's `held`. */
const char *print_modifier(int bit);
const char *print_gap(enum gap_class why);
const char *print_lost(enum lost_reason reason);
/* A bus by its name, or NULL. */
const char *print_bus(uint16_t bus);
/* Kind of device @bit, "keyboard" ...; NULL beyond the last. */
const char *print_device_kind(int bit);

/*
 * At `demonstration`: the values of the packet that the row stands for, at
 * most two when it is a motion or a position. Returns their number and sets
 * @values to them, or to @room.
 */
uint16_t print_values(const struct print_state *state, const struct row *row,
		      struct candor_value room[2],
		      const struct candor_value **values);

int text_header(const struct print_state *state, const struct header_info *);
int text_row(const struct print_state *state, const struct row *row);
int text_trailer(const struct print_state *state, const struct trailer_info *);

int json_header(const struct print_state *state, const struct header_info *);
int json_row(const struct print_state *state, const struct row *row);
int json_trailer(const struct print_state *state, const struct trailer_info *);

#endif
