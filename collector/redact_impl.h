/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * redact_impl.h - what the files of redact share; nobody else includes it
 *
 * redact.c keeps devices, counts and deadlines, redact_key.c, redact_pointer.c
 * and redact_touch.c are level `actions` by kind of input, redact_demo.c is
 * level `demonstration`.
 */
#ifndef CANDOR_REDACT_IMPL_H
#define CANDOR_REDACT_IMPL_H

#include "redact.h"

#define TOUCH_SLOTS 32

/* What became of a packet; of several, the last in this order counts. */
enum fate {
	FATE_SUPPRESSED,
	FATE_MERGED,
	FATE_PENDING, /* its window decides when it closes */
	FATE_WRITTEN,
};

enum path { PATH_MOTION, PATH_POSITION, PATHS };

struct window {
	uint32_t packets; /* in it; 0: closed */
	uint32_t pending; /* of them, those that nothing else accounts for */
	uint64_t start_ns, last_ns;
	int32_t x, y; /* sum, or last position */
	uint8_t held;
};

struct open_key {
	bool open;
	uint16_t code;
	uint8_t held;
	uint32_t repeats;
	uint64_t start_ns, last_ns;
};

struct run {
	uint32_t presses; /* 0: closed */
	uint64_t start_ns, last_ns;
};

struct point {
	int32_t x, y;
	bool x_known, y_known;
};

struct touch {
	bool open; /* a row is to come */
	bool touching;
	bool button; /* BTN_TOUCH */
	uint8_t slot;
	uint8_t most;
	uint8_t cell;
	uint32_t active; /* slots with a contact */
	uint64_t start_ns, last_ns;
	struct point at[TOUCH_SLOTS];
};

struct redact_device {
	struct device info;
	bool known; /* announced, not only seen */
	bool told; /* stands in this segment */
	bool ranges; /* of ABS_X and ABS_Y */
	uint8_t held; /* modifiers down */
	bool hires_vertical, hires_horizontal; /* has sent 120ths */
	struct point point;
	struct window window[PATHS];
	struct open_key key;
	struct run run;
	struct touch touch;
};

struct redact {
	enum level level;
	struct level_units units;
	struct ledger *ledger;
	row_fn fn;
	void *ctx;
	struct redact_device **device;
	size_t devices;
	uint64_t deadline; /* nothing is complete before */
};

/* A packet on its way through the level. */
struct passage {
	struct redact *redact;
	struct redact_device *device;
	const struct packet *packet;
	enum fate fate;
	struct window *window; /* that decides FATE_PENDING */
};

/* redact.c */
int redact_emit(struct redact *redact, struct redact_device *device,
		struct row *row);
void redact_arm(struct redact *redact, uint64_t deadline_ns);
/* Modifiers down on any device. */
uint8_t redact_held(const struct redact *redact);
const struct device_axis *redact_axis(const struct redact_device *device,
				      uint16_t code);
uint64_t redact_grid(uint64_t time_ns);
/* The largest of 0, 1, 2, 4, 8, 16, 32 or 0, 1, 4, ... that is not above @n. */
uint8_t redact_bucket(uint64_t n, bool with_two);

static inline bool redact_direct(const struct redact_device *device)
{
	return device->info.kind & (CANDOR_KIND_TOUCH | CANDOR_KIND_PEN);
}

static inline void redact_fate(struct passage *passage, enum fate fate)
{
	if (fate > passage->fate)
		passage->fate = fate;
}

/* redact_key.c */
int key_values(struct passage *passage);
int key_end(struct redact *redact, struct redact_device *device);
int run_end(struct redact *redact, struct redact_device *device);
int run_end_all(struct redact *redact);

/* redact_pointer.c */
int pointer_paths(struct passage *passage);
int pointer_button(struct passage *passage, const struct candor_value *value);
int pointer_wheel(struct passage *passage);
int pointer_end(struct redact *redact, struct redact_device *device);
int window_end(struct redact *redact, struct redact_device *device,
	       enum path path);

/* redact_touch.c */
int touch_values(struct passage *passage);
int touch_end(struct redact *redact, struct redact_device *device);

/* redact_demo.c */
int demo_packet(struct passage *passage);

#endif
