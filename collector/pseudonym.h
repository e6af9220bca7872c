/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pseudonym.h - the names under which a host and its people are recorded
 *
 * 128 random bits each, new every calendar month; those of past months are
 * gone for good, so that months cannot be joined afterwards. A file of mode
 * 0600, replaced whole:
 *
 *	month 202611
 *	host 32 hex digits
 *	subject UID 32 hex digits
 */
#ifndef CANDOR_PSEUDONYM_H
#define CANDOR_PSEUDONYM_H

#include <stdint.h>
#include <sys/types.h>

#define PSEUDONYM_SIZE 16

/*
 * @month: year * 100 + month, of the local calendar. Makes what is not there.
 * A file that cannot be understood is replaced. 0 or -errno; they are on the
 * disk before they are given.
 */
int pseudonym_get(const char *path, uid_t subject, unsigned int month,
		  uint8_t host[PSEUDONYM_SIZE],
		  uint8_t subject_id[PSEUDONYM_SIZE]);

#endif
