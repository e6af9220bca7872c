/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * row.h - the value that flows from redact to encode, and back from decode
 *
 * A row is one line of what is stored. Its time is CLOCK_MONOTONIC in
 * nanoseconds; encode stores it in the level's unit (see units in level.h) and
 * decode gives back that unit's start. A row is copied by who keeps it; the
 * pointers in it are valid only during the call that passes it.
 */
#ifndef CANDOR_ROW_H
#define CANDOR_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "packet.h"

enum row_kind {
	ROW_MOTION = 1, /* relative: dx, dy of one packet, or of several merged */
	ROW_POSITION, /* absolute: x, y in the device's own units */
	ROW_BUTTON,
	ROW_WHEEL,
	ROW_KEY, /* `actions`: a key that types no text, or a chord */
	ROW_TEXT, /* `actions`: a run of text keys, its length as a bucket */
	ROW_TOUCH, /* `actions`: one touch of a screen, or pen stroke */
	ROW_PACKET, /* `demonstration`: a packet that is not plain motion */
	ROW_DEVICE, /* a device is announced */
	ROW_REMOVED, /* a device is gone */
	ROW_ANCHOR, /* what the other clocks said at row.time */
	ROW_GAP, /* nothing was recorded; minutes, REALTIME */
};

/* Why nothing was recorded, as far as it is stored. Values are the schema's. */
enum gap_class {
	GAP_BLOCKED = 1,
	GAP_SUSPENDED,
	GAP_LOST,
};

struct row {
	enum row_kind kind;
	uint32_t device;
	uint64_t time_ns;
	uint64_t seq; /* 0 below `timing`, where it is not stored */
	uint8_t held; /* modifiers: MOTION .. KEY at `actions` */
	union {
		struct {
			int32_t dx, dy;
		} motion;
		struct {
			int32_t x, y;
		} position;
		struct {
			uint16_t code; /* BTN_* */
			bool down;
		} button;
		struct {
			int32_t vertical, horizontal; /* 120ths of a notch */
		} wheel;
		struct {
			uint16_t code; /* KEY_* */
			uint8_t repeats; /* bucket: 0, 1, 4, 8, 16, 32 */
		} key;
		struct {
			uint8_t length; /* bucket: 1, 4, 8, 16, 32 */
			uint64_t duration_ns; /* first press to last press */
		} text;
		struct {
			uint8_t cell; /* row * 8 + column, 0 .. 63 */
			uint8_t contacts; /* most at one time */
			uint64_t duration_ns; /* see redact.h for its buckets */
		} touch;
		struct {
			uint16_t count;
			const struct candor_value *values;
		} packet;
		const struct device *device_info; /* ROW_DEVICE */
		struct {
			int64_t realtime_ns;
			int64_t boottime_ns;
		} anchor;
		struct {
			int64_t start_min, end_min; /* since the epoch */
			enum gap_class why;
		} gap;
	};
};

/* Takes a row; 0 or -errno, which stops who gives it. */
typedef int (*row_fn)(const struct row *row, void *ctx);

#endif
