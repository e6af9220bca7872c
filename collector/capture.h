/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * capture.h - the program in the kernel, and the ring it fills
 *
 * Records come out as the ring holds them (candor_abi.h). The program wakes
 * the reader when it sleeps on an empty ring (capture_sleep()), when the ring
 * is half full, and for every gate and device record; not otherwise.
 */
#ifndef CANDOR_CAPTURE_H
#define CANDOR_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "candor_abi.h"
#include "level.h"

struct capture;

struct capture_options {
	enum level level; /* actions or demonstration */
	/* Virtual devices whose chords are shown, 8 at most. */
	size_t virtual_count;
	struct {
		uint16_t bus, vendor, product;
	} virtual_device[8];
	bool verbose; /* libbpf's own messages on stderr */
};

/*
 * Loads and attaches: CAP_BPF and CAP_PERFMON, not needed afterwards. NULL and
 * errno; @what names the step that failed.
 */
struct capture *capture_open(const struct capture_options *options,
			     const char **what);
void capture_free(struct capture *capture);

/* Becomes readable, level-triggered. */
int capture_fd(const struct capture *capture);

/* One record; -errno ends the draining and is passed on. */
typedef int (*capture_fn)(const void *record, size_t len, void *ctx);

/*
 * Gives what is in the ring, but not for ever while more comes in. 0: the ring
 * was drained; 1: there is more; -errno from @fn. Asks to be woken when the
 * ring is half full again.
 */
int capture_drain(struct capture *capture, capture_fn fn, void *ctx);

/*
 * Asks to be woken by the next record. False: there is one already (perhaps
 * still being written), and nothing was asked for.
 */
bool capture_sleep(struct capture *capture);

/* The program's state of a device. -ENOENT. */
int capture_device(const struct capture *capture, uint32_t device,
		   struct candor_device_state *state);
/* Lets go of a device that was removed and settled. */
void capture_device_gone(struct capture *capture, uint32_t device);

/* Gate and device records lost to a full ring, ever. */
uint64_t capture_control_lost(const struct capture *capture);
/* Whether packets came of more devices than the program can track. */
bool capture_untracked(const struct capture *capture);

#endif
