/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * encode.h - rows into frames
 *
 * Rows are copied into columns that are kept and reused, so that a batch in
 * steady state allocates nothing. Every function that appends to @out appends
 * one element of Segment (tag 0x0a, length, Frame) or, on error, nothing.
 */
#ifndef CANDOR_ENCODE_H
#define CANDOR_ENCODE_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"
#include "row.h"
#include "stored.h"

struct encode;

/* NULL and errno when there is no memory. */
struct encode *encode_new(enum level level);
void encode_free(struct encode *encode);

/* Whether rows of @kind are stored at @level. */
bool encode_stores(enum level level, enum row_kind kind);

/*
 * Adds a row. Rows of one device and kind come in the order of their time (and
 * seq); devices and kinds may mix freely. -EINVAL: a kind that the level does
 * not store; -ENOBUFS: the batch is full, make it first; -ENOMEM: only
 * encode_forget() helps.
 */
int encode_row(struct encode *encode, const struct row *row);

/* No row since the last batch. */
bool encode_empty(const struct encode *encode);
/* Time for a batch, whatever the flush timer says. */
bool encode_full(const struct encode *encode);

/*
 * One frame of all rows since the last; none when there were none. On error
 * the rows are kept.
 */
int encode_batch(struct encode *encode, struct bytes *out);
/* Forgets the rows since the last batch. */
void encode_forget(struct encode *encode);

/* @info->schema and @info->units are not read: they follow from the level. */
int encode_header(const struct header_info *info, struct bytes *out);
/* Of a row that is not exact only device and balanced are written. */
int encode_trailer(const struct ledger_row *ledger, size_t rows, bool recovered,
		   uint64_t end_ns, struct bytes *out);

#endif
