/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * packet.h - the value that leaves the ring: one packet, whole
 *
 * A packet is all input values up to a SYN_REPORT, after redaction in the
 * kernel. Text keys below `demonstration` carry code CANDOR_CODE_TEXT.
 */
#ifndef CANDOR_PACKET_H
#define CANDOR_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "candor_abi.h"

/*
 * What stands between this packet and the one before it on the same device:
 * packets that left no record. Σ of these, plus the packet itself, is the rise
 * of the sequence.
 */
struct packet_gap {
	uint64_t suppressed;
	uint64_t ring_full;
	uint64_t unknown;
};

struct packet {
	uint64_t time_ns; /* CLOCK_MONOTONIC, evdev's own stamp */
	uint64_t seq; /* 1, 2, ... per device and module load */
	uint32_t device; /* N of inputN */
	uint8_t held; /* modifiers, CANDOR_LEFTCTRL ... */
	bool is_virtual;
	uint16_t count; /* of values, 0 possible */
	struct packet_gap gap;
	const struct candor_value *values; /* owned by whoever made the packet */
};

#define DEVICE_AXES_MAX 64

struct device_axis {
	uint16_t code; /* ABS_* */
	int32_t resolution; /* units per mm, 0: unknown */
	int32_t min, max;
};

/* A device as candor_device() told it. */
struct device {
	uint32_t id; /* N of inputN, never reused within a boot */
	uint16_t bus, vendor, product, version;
	uint8_t kind; /* CANDOR_KIND_* */
	uint32_t prop; /* INPUT_PROP_* bits */
	bool is_virtual;
	uint8_t axes; /* of @axis */
	struct device_axis axis[DEVICE_AXES_MAX];
};

#endif
