/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pause.h - what anyone may say: not now
 *
 * One pause a uid, and shields, each with an end on CLOCK_BOOTTIME. One timer
 * stands for the earliest end and exists only while there is one.
 */
#ifndef CANDOR_PAUSE_H
#define CANDOR_PAUSE_H

#include <linux/list.h>
#include <linux/types.h>
#include <linux/uidgid.h>

/* One file's shield; zeroed by its owner. */
struct candor_shield {
	struct list_head node;
	u64 end_ns; /* CLOCK_BOOTTIME; 0: no shield */
};

void candor_pause_init(void);
void candor_pause_exit(void);

/* Seconds. */
unsigned int candor_pause_max(void);
/* -EINVAL: 0 or more than a day. */
int candor_pause_set_max(unsigned int seconds);

/*
 * Replaces @uid's pause by one of @seconds; 0 ends it. The kernel holds 64
 * uids; the rest share one pause that only lengthens and that 0 does not end.
 * When it returns nothing crosses. -EINVAL: more than candor_pause_max().
 */
int candor_pause_start(kuid_t uid, unsigned int seconds);
void candor_pause_end_all(void);

/* Seconds until the last pause ends, rounded up; of @uid alone. */
unsigned int candor_pause_left(void);
unsigned int candor_pause_left_of(kuid_t uid);

/* Starts or renews; candor_pause_max() at most. */
void candor_shield_start(struct candor_shield *shield);
void candor_shield_end(struct candor_shield *shield);

/* Called by the work: drops what has ended. */
void candor_pause_expire(void);

#endif /* CANDOR_PAUSE_H */
