/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * grant.h - the subject's own word that they may be recorded more closely
 *
 * One level is one process life, so a grant is a file: candord stores it when
 * the subject asks, seals and exits; the next candord reads it. It ends on
 * CLOCK_BOOTTIME and with the boot, whatever the wall clock does.
 */
#ifndef CANDOR_GRANT_H
#define CANDOR_GRANT_H

#include <stdint.h>
#include <sys/types.h>

#include "level.h"

struct json_object;

#define GRANT_PATH "/run/candor/grant"
/* No grant is longer, whatever policy says. */
#define GRANT_TIMING_SEC_MAX (8 * 3600)
#define GRANT_DEMONSTRATION_SEC_MAX 3600

struct grant {
	enum level level;
	uid_t uid;
	uint64_t end_ns; /* CLOCK_BOOTTIME */
};

/* What policy says about demonstrations. */
struct grant_policy {
	uid_t subject; /* (uid_t)-1: nobody is */
	uint32_t demonstration_max_sec; /* 0: forbidden */
};

/*
 * 1 and @grant: one is in force at @now_ns (CLOCK_BOOTTIME) of boot @boot_id.
 * 0: none; expired, of another boot, malformed and written by somebody else
 * are none. -errno: the file is there and could not be read.
 */
int grant_load(const char *path, uint64_t now_ns, const char *boot_id,
	       struct grant *grant);
/* Durable and atomic: a reader sees the old file or the new one. */
int grant_store(const char *path, const char *boot_id,
		const struct grant *grant);
/* 0 also when there was none. */
int grant_clear(const char *path);

/*
 * Whether @uid may have @seconds of demonstration: 0, @grant filled and
 * "seconds" in @reply; or an exit code with the reason in @reply, as
 * control_refuse() has it.
 */
int grant_demonstration(const struct grant_policy *policy, uid_t uid,
			uint32_t seconds, uint64_t now_ns, struct grant *grant,
			struct json_object *reply);

#endif
