/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * merge.h - the columns of a batch back into rows, in the order of time
 *
 * Between devices by time; within a device by packet sequence where that is
 * stored, else by time and kind. Gaps come first, they have only minutes
 * (row.time_ns 0); a device that has gone comes after the last row of its cell.
 */
#ifndef CANDOR_MERGE_H
#define CANDOR_MERGE_H

#include "level.h"
#include "row.h"

struct Candor__V1__Batch;

/*
 * The whole batch is checked before the first row is given. -EBADMSG and a
 * phrase in *@why, -ENOMEM, or what @fn (may be NULL) returned.
 */
int merge_batch(const struct Candor__V1__Batch *batch, struct level_units units,
		row_fn fn, void *ctx, const char **why);

#endif
