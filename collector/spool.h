/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * spool.h - one subject's folder of segments
 *
 * The folder belongs to the caller, mode 0700, and an access list lets the
 * subject read it and nobody else; both come to what is made in it. One
 * process at a time has it open.
 *
 * The promise: a sealed segment is whole and on the disk before it has its
 * name, and nothing here ever changes or removes one. Of the open one, what
 * spool_flush() returned 0 for survives a crash and a power cut. Everything
 * written goes to a new file; recovery too.
 */
#ifndef CANDOR_SPOOL_H
#define CANDOR_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "spool_name.h"
#include "stored.h"

struct spool;

enum spool_found {
	SPOOL_RECOVERED,   /* a part is now a sealed segment */
	SPOOL_QUARANTINED, /* a part had no header */
	SPOOL_LEFT,	   /* @error: it stays until the next opening */
};

struct spool_options {
	const char *dir; /* its parent exists */
	uid_t subject;
	/* Told once for each part found at opening. May be NULL. */
	void (*found)(const char *name, enum spool_found what, int error,
		      void *ctx);
	void *ctx;
};

/*
 * Makes the folder if need be, takes it and recovers what a crash left. No
 * damaged file makes it fail. NULL and errno: EBUSY when another process has
 * it, EPERM when it is not the caller's, ENOTSUP when the file system knows no
 * access lists and the subject is somebody else.
 */
struct spool *spool_open(const struct spool_options *options);
/* An open segment stays as a part for the next opening. */
void spool_free(struct spool *spool);

/*
 * Begins a segment with @header; its seq is the spool's. -EBUSY: one is open.
 */
int spool_begin(struct spool *spool, const struct header_info *header);
bool spool_is_open(const struct spool *spool);
/*
 * Frames as encode makes them. These three pass -ENOSPC and the like on; the
 * same call may be repeated, or the segment given up with spool_abandon().
 * Frames that were appended once are not to be appended again.
 */
int spool_append(struct spool *spool, const void *frames, size_t len);
int spool_flush(struct spool *spool);
/* Adds the trailer and seals; on success no segment is open. */
int spool_seal(struct spool *spool, const struct ledger_row *ledger,
	       size_t rows, uint64_t end_ns);
/* Closes the segment as it is: a part, recovered at the next opening. */
void spool_abandon(struct spool *spool);

/* Of the open segment: bytes of its frames, 0 when none is open. */
uint64_t spool_bytes(const struct spool *spool);
/* Since the anchor of its header; @now_ns is CLOCK_MONOTONIC. */
uint64_t spool_age(const struct spool *spool, uint64_t now_ns);
/* File name of the segment sealed last, "" when none was. */
const char *spool_last(const struct spool *spool);

#endif
