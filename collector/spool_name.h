/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * spool_name.h - the names in a spool folder
 *
 *	<seq>-<boot id, 8 hex>.pb.lz4	sealed
 *	<seq>-<boot id, 8 hex>.part	open, or left by a crash
 *	<seq>-<boot id, 8 hex>.new	a recovery's, worthless once it ended
 *	next				the next seq, in decimal
 *	quarantine/			parts without a header
 */
#ifndef CANDOR_SPOOL_NAME_H
#define CANDOR_SPOOL_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPOOL_NAME_MAX 64
/* So that the one after it is a number too. */
#define SPOOL_SEQ_MAX ((uint64_t)INT64_MAX)
#define SPOOL_NEXT "next"
#define SPOOL_QUARANTINE "quarantine"

enum spool_kind { SPOOL_SEALED = 1, SPOOL_PART, SPOOL_NEW };

struct spool_name {
	enum spool_kind kind;
	uint64_t seq;
	uint32_t boot; /* first four bytes of the boot id, big-endian */
};

void spool_name_format(const struct spool_name *name,
		       char text[SPOOL_NAME_MAX]);
/* False when @text is not exactly such a name. */
bool spool_name_parse(const char *text, struct spool_name *name);

/*
 * The names of @kind in the folder @fd, by seq; NULL and 0 when there are
 * none. Free them. 0 or -errno.
 */
int spool_names(int fd, enum spool_kind kind, struct spool_name **names,
		size_t *count);

#endif
