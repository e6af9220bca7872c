/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * column.h - the growing arrays of which a batch is made
 *
 * All start as zeroes, are emptied by _clear (which keeps the storage) and end
 * with _free. Appending gives 0 or -ENOMEM and then leaves them as they were.
 */
#ifndef CANDOR_COLUMN_H
#define CANDOR_COLUMN_H

#include <stddef.h>
#include <stdint.h>

/* @array (of elements of @size bytes, @cap of them) gets room for @need. */
int column_grow(void *array, size_t *cap, size_t need, size_t size);

struct ints {
	int32_t *v;
	size_t len, cap;
};

int ints_append(struct ints *ints, int32_t value);
void ints_free(struct ints *ints);

/* Values and how often each stands in a row. */
struct runs {
	int64_t *value;
	uint32_t *run;
	size_t len, cap_value, cap_run;
};

int runs_append(struct runs *runs, int64_t value);
void runs_clear(struct runs *runs);
void runs_free(struct runs *runs);

/* Numbers that rise, as their steps; message Ticks. */
struct ticks {
	uint64_t first, last, nominal;
	size_t rows;
	struct runs gap;
};

int ticks_append(struct ticks *ticks, uint64_t value);
/* Takes the usual step off every gap, until the next append. */
void ticks_finish(struct ticks *ticks);
void ticks_clear(struct ticks *ticks);
void ticks_free(struct ticks *ticks);

#endif
