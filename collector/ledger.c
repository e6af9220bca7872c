// SPDX-License-Identifier: GPL-2.0-only
#include "ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A device's place in the sequence; outlives the segment. */
struct place {
	uint32_t device;
	bool gone;
	uint64_t seq;
};

/* Devices are few: both are searched from one end to the other. */
struct ledger {
	struct ledger_row *row;
	size_t rows, rows_room;
	struct place *place;
	size_t places, places_room;
};

bool ledger_row_balances(const struct ledger_row *row)
{
	uint64_t left = row->seen;

	/* Taken away one by one: a sum may wrap, what is left may not. */
	if (row->written > left || row->merged > left - row->written)
		return false;
	left -= row->written + row->merged;
	if (row->suppressed > left)
		return false;
	left -= row->suppressed;
	for (int i = 1; i < LOST_REASONS; i++) {
		if (row->lost[i] > left)
			return false;
		left -= row->lost[i];
	}
	return !left;
}

struct ledger *ledger_new(void)
{
	return calloc(1, sizeof(struct ledger));
}

void ledger_free(struct ledger *ledger)
{
	if (!ledger)
		return;
	free(ledger->row);
	free(ledger->place);
	free(ledger);
}

/* Makes room for one more of @size bytes; the array, or NULL. */
static void *grow(void *array, size_t used, size_t *room, size_t size)
{
	size_t more = *room ? 2 * *room : 8;
	void *grown;

	if (used < *room)
		return array;
	grown = reallocarray(array, more, size);
	if (grown)
		*room = more;
	return grown;
}

struct ledger_row *ledger_get(struct ledger *ledger, uint32_t device)
{
	struct ledger_row *row;

	for (size_t i = 0; i < ledger->rows; i++)
		if (ledger->row[i].device == device)
			return &ledger->row[i];
	row = grow(ledger->row, ledger->rows, &ledger->rows_room, sizeof(*row));
	if (!row)
		return NULL;
	ledger->row = row;
	row += ledger->rows++;
	*row = (struct ledger_row){ .device = device };
	return row;
}

static struct place *place_find(struct ledger *ledger, uint32_t device)
{
	for (size_t i = 0; i < ledger->places; i++)
		if (ledger->place[i].device == device)
			return &ledger->place[i];
	return NULL;
}

int ledger_start(struct ledger *ledger, uint32_t device, uint64_t seq)
{
	struct place *place = place_find(ledger, device);

	if (place)
		return 0;
	place = grow(ledger->place, ledger->places, &ledger->places_room,
		     sizeof(*place));
	if (!place)
		return -ENOMEM;
	ledger->place = place;
	place[ledger->places++] =
		(struct place){ .device = device, .seq = seq };
	return 0;
}

int ledger_seen(struct ledger *ledger, uint32_t device, uint64_t seq)
{
	struct place *place = place_find(ledger, device);
	struct ledger_row *row = ledger_get(ledger, device);

	if (!row)
		return -ENOMEM;
	if (!place)
		return -ENOENT;
	row->seen += seq - place->seq;
	place->seq = seq;
	return 0;
}

int ledger_skip(struct ledger *ledger, uint32_t device, uint64_t seq)
{
	int err = ledger_start(ledger, device, seq);

	if (!err)
		place_find(ledger, device)->seq = seq;
	return err;
}

void ledger_gone(struct ledger *ledger, uint32_t device)
{
	struct place *place = place_find(ledger, device);

	if (place)
		place->gone = true;
}

const struct ledger_row *ledger_rows(const struct ledger *ledger, size_t *count)
{
	*count = ledger->rows;
	return ledger->row;
}

bool ledger_balances(const struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->rows; i++)
		if (!ledger_row_balances(&ledger->row[i]))
			return false;
	return true;
}

void ledger_reset(struct ledger *ledger)
{
	size_t kept = 0;

	for (size_t i = 0; i < ledger->places; i++)
		if (!ledger->place[i].gone)
			ledger->place[kept++] = ledger->place[i];
	ledger->places = kept;
	ledger->rows = 0;
}
