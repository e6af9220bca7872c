// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "column.h"

int column_grow(void *array, size_t *cap, size_t need, size_t size)
{
	size_t to = *cap ? *cap : 64;
	void *old, *new;

	if (need <= *cap)
		return 0;
	if (need > SIZE_MAX / 2 / size)
		return -ENOMEM;
	while (to < need)
		to *= 2;
	/* the caller's pointer, whatever it points to */
	memcpy(&old, array, sizeof(old));
	new = realloc(old, to * size);
	if (!new)
		return -ENOMEM;
	memcpy(array, &new, sizeof(new));
	*cap = to;
	return 0;
}

int ints_append(struct ints *ints, int32_t value)
{
	int r = column_grow(&ints->v, &ints->cap, ints->len + 1,
			    sizeof(*ints->v));

	if (r < 0)
		return r;
	ints->v[ints->len++] = value;
	return 0;
}

void ints_free(struct ints *ints)
{
	free(ints->v);
	*ints = (struct ints){0};
}

int runs_append(struct runs *runs, int64_t value)
{
	size_t n = runs->len;
	int r;

	if (n && runs->value[n - 1] == value && runs->run[n - 1] < UINT32_MAX) {
		runs->run[n - 1]++;
		return 0;
	}
	r = column_grow(&runs->value, &runs->cap_value, n + 1,
			sizeof(*runs->value));
	if (r < 0)
		return r;
	r = column_grow(&runs->run, &runs->cap_run, n + 1, sizeof(*runs->run));
	if (r < 0)
		return r;
	runs->value[n] = value;
	runs->run[n] = 1;
	runs->len++;
	return 0;
}

void runs_clear(struct runs *runs)
{
	runs->len = 0;
}

void runs_free(struct runs *runs)
{
	free(runs->value);
	free(runs->run);
	*runs = (struct runs){0};
}

/* Undoes ticks_finish(): the batch it was for could not be made. */
static void take_back(struct ticks *ticks)
{
	if (!ticks->nominal)
		return;
	for (size_t i = 0; i < ticks->gap.len; i++)
		ticks->gap.value[i] = (int64_t)((uint64_t)ticks->gap.value[i] +
						ticks->nominal);
	ticks->nominal = 0;
}

int ticks_append(struct ticks *ticks, uint64_t value)
{
	int r;

	take_back(ticks);
	if (ticks->rows) {
		r = runs_append(&ticks->gap, (int64_t)(value - ticks->last));
		if (r < 0)
			return r;
	} else {
		ticks->first = value;
	}
	ticks->last = value;
	ticks->rows++;
	return 0;
}

#define SAMPLE 63

static int compare_gap(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/*
 * The median of the first gaps: with jitter it stands in the middle of them,
 * so that what is left fits one byte. Never negative, as the schema has it.
 */
static uint64_t usual_gap(const struct runs *gap)
{
	int64_t sample[SAMPLE];
	size_t n = 0;

	for (size_t i = 0; i < gap->len && n < SAMPLE; i++)
		for (uint32_t k = 0; k < gap->run[i] && n < SAMPLE; k++)
			sample[n++] = gap->value[i];
	if (!n)
		return 0;
	qsort(sample, n, sizeof(*sample), compare_gap);
	return sample[n / 2] > 0 ? (uint64_t)sample[n / 2] : 0;
}

void ticks_finish(struct ticks *ticks)
{
	take_back(ticks);
	ticks->nominal = usual_gap(&ticks->gap);
	for (size_t i = 0; i < ticks->gap.len; i++)
		ticks->gap.value[i] = (int64_t)((uint64_t)ticks->gap.value[i] -
						ticks->nominal);
}

void ticks_clear(struct ticks *ticks)
{
	runs_clear(&ticks->gap);
	ticks->rows = 0;
	ticks->nominal = 0;
}

void ticks_free(struct ticks *ticks)
{
	runs_free(&ticks->gap);
	*ticks = (struct ticks){0};
}
