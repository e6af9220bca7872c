/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * clock.h - the clocks; nanoseconds. Read only where the steps are composed:
 * everything else takes a moment as an argument.
 */
#ifndef CANDOR_CLOCK_H
#define CANDOR_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_SEC 1000000000ULL

/* What the three clocks say, as good as at once. */
struct moment {
	uint64_t monotonic_ns;
	uint64_t boottime_ns;
	int64_t realtime_ns;
};

static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

static inline struct moment clock_moment(void)
{
	return (struct moment){
		.monotonic_ns = clock_ns(CLOCK_MONOTONIC),
		.boottime_ns = clock_ns(CLOCK_BOOTTIME),
		.realtime_ns = (int64_t)clock_ns(CLOCK_REALTIME),
	};
}

#endif
