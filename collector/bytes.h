/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bytes.h - a byte string that grows
 *
 * Starts as all zeroes; bytes_free() ends it and may be called on that. The
 * storage is kept when the string is emptied (len = 0), for the next use.
 */
#ifndef CANDOR_BYTES_H
#define CANDOR_BYTES_H

#include <stddef.h>
#include <stdint.h>

struct bytes {
	uint8_t *data;
	size_t len;
	size_t cap;
};

/* Room for @more bytes after @len; 0 or -ENOMEM. */
int bytes_reserve(struct bytes *bytes, size_t more);
int bytes_append(struct bytes *bytes, const void *data, size_t len);
/* Takes @len bytes off the front. */
void bytes_consume(struct bytes *bytes, size_t len);
void bytes_free(struct bytes *bytes);

#endif
