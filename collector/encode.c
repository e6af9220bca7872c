// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/candor.pb-c.h"

#include "column.h"
#include "encode.h"

/* Ask for a batch at half of what a reader accepts in one frame. */
#define WEIGHT_FULL (FRAME_MAX / 2)
#define WEIGHT_MAX (FRAME_MAX - FRAME_MAX / 8)
/* Upper bounds, in bytes: a column, a row that begins runs of everything. */
#define WEIGHT_COLUMN 128
#define WEIGHT_ROW 48
#define WEIGHT_VALUE 11
#define WEIGHT_AXIS 24

/* The kinds that have columns, in the order of Batch's fields. */
enum column_kind {
	COLUMN_MOTION,
	COLUMN_POSITION,
	COLUMN_BUTTON,
	COLUMN_WHEEL,
	COLUMN_KEY,
	COLUMN_TEXT,
	COLUMN_TOUCH,
	COLUMN_PACKET,
	COLUMN_NONE,
};

#define VALUES 4

union column_message {
	ProtobufCMessage base;
	Candor__V1__Motion motion;
	Candor__V1__Buttons buttons;
	Candor__V1__Wheel wheel;
	Candor__V1__Keys keys;
	Candor__V1__TextRuns text;
	Candor__V1__Touches touch;
	Candor__V1__Packets packets;
};

/* All rows of one kind of one device; @v is what the kind makes of it. */
struct column {
	enum column_kind kind;
	uint32_t device;
	struct ticks time, seq;
	struct runs held;
	struct ints v[VALUES];
	/* KEY, TEXT, TOUCH: times until they are sorted */
	uint64_t *when;
	size_t rows, cap_when;
	/* MOTION, POSITION */
	uint32_t x0, y0, x, y, dx, dy;

	union column_message message;
	Candor__V1__Ticks time_message, seq_message;
	uint32_t *held_values;
	size_t cap_held;
};

struct device_row {
	struct device device;
	uint64_t time;
	bool removed;
	Candor__V1__Device message;
	Candor__V1__Axis axis[DEVICE_AXES_MAX];
	Candor__V1__Axis *axis_pointer[DEVICE_AXES_MAX];
};

struct pointers {
	void **v;
	size_t len, cap;
};

struct encode {
	enum level level;
	struct level_units units;
	int broken; /* a row is half in its column */
	size_t rows;
	size_t weight;
	/* sorted by kind and device: their order says nothing */
	struct column **columns;
	size_t column_count, column_cap;
	struct device_row **devices;
	size_t device_count, device_cap;
	struct row *gaps, *anchors;
	size_t gap_count, gap_cap, anchor_count, anchor_cap;

	/* scratch of encode_batch() */
	struct pointers pointers[COLUMN_NONE];
	struct pointers device_pointers, gap_pointers, anchor_pointers;
	Candor__V1__Gap *gap_messages;
	Candor__V1__Anchor *anchor_messages;
	size_t cap_gap_messages, cap_anchor_messages;
};

#define BIT(kind) (1u << (kind))
#define TOLD \
	(BIT(ROW_DEVICE) | BIT(ROW_REMOVED) | BIT(ROW_ANCHOR) | BIT(ROW_GAP))
#define POINTER \
	(BIT(ROW_MOTION) | BIT(ROW_POSITION) | BIT(ROW_BUTTON) | BIT(ROW_WHEEL))

/* What may be stored at all: the encoder is the last to say no. */
static const uint32_t kinds_of_level[] = {
	[LEVEL_TOTALS] = TOLD,
	[LEVEL_ACTIONS] =
		TOLD | POINTER | BIT(ROW_KEY) | BIT(ROW_TEXT) | BIT(ROW_TOUCH),
	[LEVEL_TIMING] = TOLD | POINTER | BIT(ROW_KEY) | BIT(ROW_TOUCH),
	[LEVEL_DEMONSTRATION] = TOLD | POINTER | BIT(ROW_PACKET),
};

bool encode_stores(enum level level, enum row_kind kind)
{
	return (size_t)level < sizeof(kinds_of_level) / sizeof(uint32_t) &&
	       (unsigned int)kind < 32 && kinds_of_level[level] & BIT(kind);
}

struct encode *encode_new(enum level level)
{
	struct encode *encode = calloc(1, sizeof(*encode));

	if (!encode)
		return NULL;
	encode->level = level;
	encode->units = level_units(level);
	return encode;
}

static void column_free(struct column *column)
{
	ticks_free(&column->time);
	ticks_free(&column->seq);
	runs_free(&column->held);
	for (int i = 0; i < VALUES; i++)
		ints_free(&column->v[i]);
	free(column->when);
	free(column->held_values);
	free(column);
}

void encode_free(struct encode *encode)
{
	if (!encode)
		return;
	for (size_t i = 0; i < encode->column_count; i++)
		column_free(encode->columns[i]);
	for (size_t i = 0; i < encode->device_cap; i++)
		free(encode->devices[i]);
	for (int i = 0; i < COLUMN_NONE; i++)
		free(encode->pointers[i].v);
	free(encode->device_pointers.v);
	free(encode->gap_pointers.v);
	free(encode->anchor_pointers.v);
	free(encode->columns);
	free(encode->devices);
	free(encode->gaps);
	free(encode->anchors);
	free(encode->gap_messages);
	free(encode->anchor_messages);
	free(encode);
}

bool encode_empty(const struct encode *encode)
{
	return !encode->rows;
}

bool encode_full(const struct encode *encode)
{
	return encode->weight >= WEIGHT_FULL;
}

/* --- rows into columns */

static enum column_kind column_kind(enum row_kind kind)
{
	switch (kind) {
	case ROW_MOTION:
		return COLUMN_MOTION;
	case ROW_POSITION:
		return COLUMN_POSITION;
	case ROW_BUTTON:
		return COLUMN_BUTTON;
	case ROW_WHEEL:
		return COLUMN_WHEEL;
	case ROW_KEY:
		return COLUMN_KEY;
	case ROW_TEXT:
		return COLUMN_TEXT;
	case ROW_TOUCH:
		return COLUMN_TOUCH;
	case ROW_PACKET:
		return COLUMN_PACKET;
	case ROW_DEVICE:
	case ROW_REMOVED:
	case ROW_ANCHOR:
	case ROW_GAP:
		break;
	}
	return COLUMN_NONE;
}

/* Where the column is, or where it would be. */
static size_t column_place(const struct encode *encode, enum column_kind kind,
			   uint32_t device)
{
	size_t low = 0, high = encode->column_count;

	while (low < high) {
		size_t mid = (low + high) / 2;
		const struct column *at = encode->columns[mid];

		if (at->kind < kind ||
		    (at->kind == kind && at->device < device))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct column *column_get(struct encode *encode, enum column_kind kind,
				 uint32_t device)
{
	size_t place = column_place(encode, kind, device);
	size_t n = encode->column_count;
	struct column *column;

	if (place < n && encode->columns[place]->kind == kind &&
	    encode->columns[place]->device == device)
		return encode->columns[place];
	if (column_grow(&encode->columns, &encode->column_cap, n + 1,
			sizeof(*encode->columns)) < 0)
		return NULL;
	column = calloc(1, sizeof(*column));
	if (!column)
		return NULL;
	column->kind = kind;
	column->device = device;
	memmove(&encode->columns[place + 1], &encode->columns[place],
		(n - place) * sizeof(*encode->columns));
	encode->columns[place] = column;
	encode->column_count++;
	return column;
}

static uint32_t in_units(uint64_t ns, uint32_t unit)
{
	uint64_t n = ns / unit;

	return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

static int append_motion(struct column *column, uint32_t dx, uint32_t dy)
{
	int32_t ddx = (int32_t)(dx - column->dx);
	int32_t ddy = (int32_t)(dy - column->dy);
	int r = ints_append(&column->v[0], ddx);

	column->dx = dx;
	column->dy = dy;
	return r < 0 ? r : ints_append(&column->v[1], ddy);
}

/* The first position is the beginning, and its step 0. */
static int append_position(struct column *column, uint32_t x, uint32_t y)
{
	int r;

	if (!column->rows) {
		column->x0 = column->x = x;
		column->y0 = column->y = y;
	}
	r = append_motion(column, x - column->x, y - column->y);
	column->x = x;
	column->y = y;
	return r;
}

static int append_two(struct column *column, int32_t a, int32_t b)
{
	int r = ints_append(&column->v[0], a);

	return r < 0 ? r : ints_append(&column->v[1], b);
}

static int append_three(struct column *column, int32_t a, int32_t b, int32_t c)
{
	int r = append_two(column, a, b);

	return r < 0 ? r : ints_append(&column->v[2], c);
}

static int append_packet(struct column *column, const struct row *row)
{
	int r = ints_append(&column->v[0], row->packet.count);

	for (uint16_t i = 0; !r && i < row->packet.count; i++) {
		const struct candor_value *value = &row->packet.values[i];

		r = ints_append(&column->v[1], value->type);
		if (!r)
			r = ints_append(&column->v[2], value->code);
		if (!r)
			r = ints_append(&column->v[3], value->value);
	}
	return r;
}

static int append_values(struct encode *encode, struct column *column,
			 const struct row *row)
{
	uint32_t unit = encode->units.key_ns;

	switch (column->kind) {
	case COLUMN_MOTION:
		return append_motion(column, (uint32_t)row->motion.dx,
				     (uint32_t)row->motion.dy);
	case COLUMN_POSITION:
		return append_position(column, (uint32_t)row->position.x,
				       (uint32_t)row->position.y);
	case COLUMN_BUTTON:
		return append_two(column, row->button.code, row->button.down);
	case COLUMN_WHEEL:
		return append_two(column, row->wheel.vertical,
				  row->wheel.horizontal);
	case COLUMN_KEY:
		return append_three(column, row->key.code, row->held,
				    row->key.repeats);
	case COLUMN_TEXT:
		return append_two(
			column, row->text.length,
			(int32_t)in_units(row->text.duration_ns, unit));
	case COLUMN_TOUCH:
		return append_three(
			column, (int32_t)in_units(row->touch.duration_ns, unit),
			row->touch.cell, row->touch.contacts);
	case COLUMN_PACKET:
		return append_packet(column, row);
	case COLUMN_NONE:
		break;
	}
	return -EINVAL;
}

/* KEY, TEXT and TOUCH come when they are complete, not when they began. */
static bool column_sorts(const struct column *column)
{
	return column->kind == COLUMN_KEY || column->kind == COLUMN_TEXT ||
	       column->kind == COLUMN_TOUCH;
}

static int append_time(struct encode *encode, struct column *column,
		       const struct row *row)
{
	int r;

	if (!column_sorts(column))
		return ticks_append(&column->time,
				    row->time_ns / encode->units.pointer_ns);
	r = column_grow(&column->when, &column->cap_when, column->rows + 1,
			sizeof(*column->when));
	if (!r)
		column->when[column->rows] =
			row->time_ns / encode->units.key_ns;
	return r;
}

static bool level_has_seq(enum level level)
{
	return level >= LEVEL_TIMING;
}

static int append_column(struct encode *encode, struct column *column,
			 const struct row *row)
{
	int r = append_time(encode, column, row);

	if (!r && level_has_seq(encode->level))
		r = ticks_append(&column->seq, row->seq);
	if (!r && column->kind <= COLUMN_WHEEL)
		r = runs_append(&column->held, row->held);
	if (!r)
		r = append_values(encode, column, row);
	if (!r)
		column->rows++;
	return r;
}

/* An upper bound of what the row adds to the frame. */
static size_t row_weight(const struct row *row)
{
	if (row->kind == ROW_PACKET)
		return WEIGHT_ROW + (size_t)WEIGHT_VALUE * row->packet.count;
	if (row->kind == ROW_DEVICE)
		return WEIGHT_COLUMN +
		       (size_t)WEIGHT_AXIS * row->device_info->axes;
	return WEIGHT_ROW;
}

static int add_column(struct encode *encode, const struct row *row)
{
	struct column *column =
		column_get(encode, column_kind(row->kind), row->device);
	int r;

	if (!column)
		return -ENOMEM;
	if (!column->rows)
		encode->weight += WEIGHT_COLUMN;
	r = append_column(encode, column, row);
	if (r < 0)
		encode->broken = r;
	return r;
}

static int add_device(struct encode *encode, const struct row *row)
{
	size_t n = encode->device_count, cap = encode->device_cap;
	struct device_row *device;
	int r = column_grow(&encode->devices, &cap, n + 1,
			    sizeof(*encode->devices));

	if (r < 0)
		return r;
	memset(&encode->devices[encode->device_cap], 0,
	       (cap - encode->device_cap) * sizeof(*encode->devices));
	encode->device_cap = cap;
	if (!encode->devices[n])
		encode->devices[n] = malloc(sizeof(*device));
	device = encode->devices[n];
	if (!device)
		return -ENOMEM;
	device->removed = row->kind == ROW_REMOVED;
	device->time = row->time_ns / encode->units.key_ns;
	if (device->removed)
		device->device = (struct device){.id = row->device};
	else
		device->device = *row->device_info;
	encode->device_count++;
	return 0;
}

static int add_plain(struct row **rows, size_t *count, size_t *cap,
		     const struct row *row)
{
	int r = column_grow(rows, cap, *count + 1, sizeof(**rows));

	if (!r)
		(*rows)[(*count)++] = *row;
	return r;
}

static int add_row(struct encode *encode, const struct row *row)
{
	switch (row->kind) {
	case ROW_DEVICE:
	case ROW_REMOVED:
		return add_device(encode, row);
	case ROW_ANCHOR:
		return add_plain(&encode->anchors, &encode->anchor_count,
				 &encode->anchor_cap, row);
	case ROW_GAP:
		return add_plain(&encode->gaps, &encode->gap_count,
				 &encode->gap_cap, row);
	case ROW_MOTION:
	case ROW_POSITION:
	case ROW_BUTTON:
	case ROW_WHEEL:
	case ROW_KEY:
	case ROW_TEXT:
	case ROW_TOUCH:
	case ROW_PACKET:
		return add_column(encode, row);
	}
	return -EINVAL;
}

int encode_row(struct encode *encode, const struct row *row)
{
	size_t weight;
	int r;

	if (encode->broken)
		return encode->broken;
	if (!encode_stores(encode->level, row->kind))
		return -EINVAL;
	weight = row_weight(row);
	if (encode->weight + weight > WEIGHT_MAX)
		return -ENOBUFS;
	r = add_row(encode, row);
	if (r < 0)
		return r;
	encode->weight += weight;
	encode->rows++;
	return 0;
}

static void column_clear(struct column *column)
{
	ticks_clear(&column->time);
	ticks_clear(&column->seq);
	runs_clear(&column->held);
	for (int i = 0; i < VALUES; i++)
		column->v[i].len = 0;
	column->rows = 0;
	column->x = column->y = column->dx = column->dy = 0;
	column->x0 = column->y0 = 0;
}

/* Device numbers are never reused, so columns of a removed one are waste. */
static void drop_columns(struct encode *encode, uint32_t device)
{
	size_t kept = 0;

	for (size_t i = 0; i < encode->column_count; i++) {
		struct column *column = encode->columns[i];

		if (column->device == device)
			column_free(column);
		else
			encode->columns[kept++] = column;
	}
	encode->column_count = kept;
}

void encode_forget(struct encode *encode)
{
	for (size_t i = 0; i < encode->device_count; i++)
		if (encode->devices[i]->removed)
			drop_columns(encode, encode->devices[i]->device.id);
	for (size_t i = 0; i < encode->column_count; i++)
		column_clear(encode->columns[i]);
	encode->device_count = 0;
	encode->gap_count = 0;
	encode->anchor_count = 0;
	encode->rows = 0;
	encode->weight = 0;
	encode->broken = 0;
}

/* --- columns into a frame */

static void swap_rows(struct column *column, size_t a, size_t b)
{
	uint64_t when = column->when[a];

	column->when[a] = column->when[b];
	column->when[b] = when;
	for (int i = 0; i < VALUES; i++) {
		int32_t *v = column->v[i].v, value;

		if (!column->v[i].len)
			continue;
		value = v[a];
		v[a] = v[b];
		v[b] = value;
	}
}

/*
 * Whether row @a must not stand before row @b. Keys keep their order within a
 * cell, for they are a sequence of commands; of touches it would say which
 * finger was lifted first, so they are put in order of where they were.
 */
static bool row_after(const struct column *column, size_t a, size_t b)
{
	if (column->when[a] != column->when[b])
		return column->when[a] > column->when[b];
	if (column->kind != COLUMN_TOUCH)
		return false;
	return column->v[1].v[a] > column->v[1].v[b];
}

/* Insertion: rows come almost in order. */
static int column_sort(struct encode *encode, struct column *column)
{
	int r = 0;

	for (size_t i = 1; i < column->rows; i++)
		for (size_t k = i; k && row_after(column, k - 1, k); k--)
			swap_rows(column, k - 1, k);
	ticks_clear(&column->time);
	for (size_t i = 0; !r && i < column->rows; i++)
		r = ticks_append(&column->time, column->when[i]);
	return r;
}

static void fill_ticks(Candor__V1__Ticks *message, struct ticks *ticks)
{
	candor__v1__ticks__init(message);
	ticks_finish(ticks);
	message->first = ticks->first;
	message->nominal = ticks->nominal;
	message->n_gap = message->n_run = ticks->gap.len;
	message->gap = ticks->gap.value;
	message->run = ticks->gap.run;
}

/* The held column is left out when nothing was held. */
static int fill_held(struct column *column, size_t *n_held, uint32_t **held,
		     size_t *n_run, uint32_t **run)
{
	const struct runs *runs = &column->held;
	int r;

	*n_held = *n_run = 0;
	if (runs->len == 1 && !runs->value[0])
		return 0;
	r = column_grow(&column->held_values, &column->cap_held, runs->len,
			sizeof(*column->held_values));
	if (r < 0)
		return r;
	for (size_t i = 0; i < runs->len; i++)
		column->held_values[i] = (uint32_t)runs->value[i];
	*held = column->held_values;
	*run = runs->run;
	*n_held = *n_run = runs->len;
	return 0;
}

static int fill_motion(struct column *column, Candor__V1__Ticks *seq)
{
	Candor__V1__Motion *m = &column->message.motion;

	candor__v1__motion__init(m);
	m->device = column->device;
	m->absolute = column->kind == COLUMN_POSITION;
	m->time = &column->time_message;
	m->seq = seq;
	m->x = (int32_t)column->x0;
	m->y = (int32_t)column->y0;
	m->n_ddx = m->n_ddy = column->rows;
	m->ddx = column->v[0].v;
	m->ddy = column->v[1].v;
	return fill_held(column, &m->n_held, &m->held, &m->n_held_run,
			 &m->held_run);
}

static int fill_buttons(struct column *column, Candor__V1__Ticks *seq)
{
	Candor__V1__Buttons *m = &column->message.buttons;

	candor__v1__buttons__init(m);
	m->device = column->device;
	m->time = &column->time_message;
	m->seq = seq;
	m->n_code = m->n_down = column->rows;
	m->code = (uint32_t *)column->v[0].v;
	m->down = column->v[1].v;
	return fill_held(column, &m->n_held, &m->held, &m->n_held_run,
			 &m->held_run);
}

static int fill_wheel(struct column *column, Candor__V1__Ticks *seq)
{
	Candor__V1__Wheel *m = &column->message.wheel;

	candor__v1__wheel__init(m);
	m->device = column->device;
	m->time = &column->time_message;
	m->seq = seq;
	m->n_vertical = m->n_horizontal = column->rows;
	m->vertical = column->v[0].v;
	m->horizontal = column->v[1].v;
	return fill_held(column, &m->n_held, &m->held, &m->n_held_run,
			 &m->held_run);
}

static int fill_keys(struct column *column, Candor__V1__Ticks *seq)
{
	Candor__V1__Keys *m = &column->message.keys;

	candor__v1__keys__init(m);
	m->device = column->device;
	m->time = &column->time_message;
	m->seq = seq;
	m->n_code = m->n_held = m->n_repeats = column->rows;
	m->code = (uint32_t *)column->v[0].v;
	m->held = (uint32_t *)column->v[1].v;
	m->repeats = (uint32_t *)column->v[2].v;
	return 0;
}

static int fill_text(struct column *column)
{
	Candor__V1__TextRuns *m = &column->message.text;

	candor__v1__text_runs__init(m);
	m->device = column->device;
	m->time = &column->time_message;
	m->n_length = m->n_duration = column->rows;
	m->length = (uint32_t *)column->v[0].v;
	m->duration = (uint32_t *)column->v[1].v;
	return 0;
}

static int fill_touches(struct column *column)
{
	Candor__V1__Touches *m = &column->message.touch;

	candor__v1__touches__init(m);
	m->device = column->device;
	m->time = &column->time_message;
	m->n_duration = m->n_cell = m->n_contacts = column->rows;
	m->duration = (uint32_t *)column->v[0].v;
	m->cell = (uint32_t *)column->v[1].v;
	m->contacts = (uint32_t *)column->v[2].v;
	return 0;
}

static int fill_packets(struct column *column, Candor__V1__Ticks *seq)
{
	Candor__V1__Packets *m = &column->message.packets;

	candor__v1__packets__init(m);
	m->device = column->device;
	m->time = &column->time_message;
	m->seq = seq;
	m->n_count = column->rows;
	m->count = (uint32_t *)column->v[0].v;
	m->n_type = m->n_code = m->n_value = column->v[1].len;
	m->type = (uint32_t *)column->v[1].v;
	m->code = (uint32_t *)column->v[2].v;
	m->value = column->v[3].v;
	return 0;
}

static int fill_column(struct encode *encode, struct column *column)
{
	Candor__V1__Ticks *seq = NULL;
	int r = column_sorts(column) ? column_sort(encode, column) : 0;

	if (r < 0)
		return r;
	fill_ticks(&column->time_message, &column->time);
	if (column->seq.rows) {
		fill_ticks(&column->seq_message, &column->seq);
		seq = &column->seq_message;
	}
	switch (column->kind) {
	case COLUMN_MOTION:
	case COLUMN_POSITION:
		return fill_motion(column, seq);
	case COLUMN_BUTTON:
		return fill_buttons(column, seq);
	case COLUMN_WHEEL:
		return fill_wheel(column, seq);
	case COLUMN_KEY:
		return fill_keys(column, seq);
	case COLUMN_TEXT:
		return fill_text(column);
	case COLUMN_TOUCH:
		return fill_touches(column);
	case COLUMN_PACKET:
		return fill_packets(column, seq);
	case COLUMN_NONE:
		break;
	}
	return -EINVAL;
}

static int pointers_append(struct pointers *pointers, void *pointer)
{
	int r = column_grow(&pointers->v, &pointers->cap, pointers->len + 1,
			    sizeof(*pointers->v));

	if (!r)
		pointers->v[pointers->len++] = pointer;
	return r;
}

/* Relative and absolute paths are one field of Batch. */
static struct pointers *column_pointers(struct encode *encode,
					const struct column *column)
{
	return &encode->pointers[column->kind == COLUMN_POSITION
					 ? COLUMN_MOTION
					 : column->kind];
}

static int fill_columns(struct encode *encode, Candor__V1__Batch *batch)
{
	struct pointers *p = encode->pointers;
	int r = 0;

	for (int i = 0; i < COLUMN_NONE; i++)
		p[i].len = 0;
	for (size_t i = 0; !r && i < encode->column_count; i++) {
		struct column *column = encode->columns[i];

		if (!column->rows)
			continue;
		r = fill_column(encode, column);
		if (!r)
			r = pointers_append(column_pointers(encode, column),
					    &column->message);
	}
	batch->n_motion = p[COLUMN_MOTION].len;
	batch->motion = (Candor__V1__Motion **)p[COLUMN_MOTION].v;
	batch->n_buttons = p[COLUMN_BUTTON].len;
	batch->buttons = (Candor__V1__Buttons **)p[COLUMN_BUTTON].v;
	batch->n_wheel = p[COLUMN_WHEEL].len;
	batch->wheel = (Candor__V1__Wheel **)p[COLUMN_WHEEL].v;
	batch->n_keys = p[COLUMN_KEY].len;
	batch->keys = (Candor__V1__Keys **)p[COLUMN_KEY].v;
	batch->n_text = p[COLUMN_TEXT].len;
	batch->text = (Candor__V1__TextRuns **)p[COLUMN_TEXT].v;
	batch->n_touch = p[COLUMN_TOUCH].len;
	batch->touch = (Candor__V1__Touches **)p[COLUMN_TOUCH].v;
	batch->n_packets = p[COLUMN_PACKET].len;
	batch->packets = (Candor__V1__Packets **)p[COLUMN_PACKET].v;
	return r;
}

static void fill_axes(struct device_row *row)
{
	const struct device *device = &row->device;

	for (int i = 0; i < device->axes; i++) {
		Candor__V1__Axis *axis = &row->axis[i];

		candor__v1__axis__init(axis);
		axis->code = device->axis[i].code;
		axis->resolution = device->axis[i].resolution;
		axis->min = device->axis[i].min;
		axis->max = device->axis[i].max;
		row->axis_pointer[i] = axis;
	}
	row->message.n_axis = device->axes;
	row->message.axis = row->axis_pointer;
}

static void fill_device(struct device_row *row)
{
	const struct device *device = &row->device;
	Candor__V1__Device *m = &row->message;

	candor__v1__device__init(m);
	m->id = device->id;
	m->kind = device->kind;
	m->bus = device->bus;
	m->vendor = device->vendor;
	m->product = device->product;
	m->version = device->version;
	m->prop = device->prop;
	m->is_virtual = device->is_virtual;
	m->removed = row->removed;
	m->time = row->time;
	fill_axes(row);
}

static int fill_devices(struct encode *encode, Candor__V1__Batch *batch)
{
	struct pointers *p = &encode->device_pointers;
	int r = 0;

	p->len = 0;
	for (size_t i = 0; !r && i < encode->device_count; i++) {
		fill_device(encode->devices[i]);
		r = pointers_append(p, &encode->devices[i]->message);
	}
	batch->n_device = p->len;
	batch->device = (Candor__V1__Device **)p->v;
	return r;
}

static void fill_anchor(Candor__V1__Anchor *message,
			const struct anchor *anchor)
{
	candor__v1__anchor__init(message);
	message->monotonic_ns = anchor->monotonic_ns;
	message->realtime_ns = anchor->realtime_ns;
	message->boottime_ns = anchor->boottime_ns;
}

static int fill_anchors(struct encode *encode, Candor__V1__Batch *batch)
{
	struct pointers *p = &encode->anchor_pointers;
	int r = column_grow(&encode->anchor_messages,
			    &encode->cap_anchor_messages, encode->anchor_count,
			    sizeof(*encode->anchor_messages));

	p->len = 0;
	for (size_t i = 0; !r && i < encode->anchor_count; i++) {
		const struct row *row = &encode->anchors[i];
		const struct anchor anchor = {
			.monotonic_ns = row->time_ns,
			.realtime_ns = row->anchor.realtime_ns,
			.boottime_ns = (uint64_t)row->anchor.boottime_ns,
		};

		fill_anchor(&encode->anchor_messages[i], &anchor);
		r = pointers_append(p, &encode->anchor_messages[i]);
	}
	batch->n_anchor = p->len;
	batch->anchor = (Candor__V1__Anchor **)p->v;
	return r;
}

static int fill_gaps(struct encode *encode, Candor__V1__Batch *batch)
{
	struct pointers *p = &encode->gap_pointers;
	int r = column_grow(&encode->gap_messages, &encode->cap_gap_messages,
			    encode->gap_count, sizeof(*encode->gap_messages));

	p->len = 0;
	for (size_t i = 0; !r && i < encode->gap_count; i++) {
		const struct row *row = &encode->gaps[i];
		Candor__V1__Gap *m = &encode->gap_messages[i];

		candor__v1__gap__init(m);
		m->start_min = row->gap.start_min;
		m->end_min = row->gap.end_min;
		m->class_ = (Candor__V1__GapClass)row->gap.why;
		r = pointers_append(p, m);
	}
	batch->n_gap = p->len;
	batch->gap = (Candor__V1__Gap **)p->v;
	return r;
}

#define FRAME_TAG 0x0a /* Segment.frame: field 1, length-delimited */

static int put_frame(const Candor__V1__Frame *frame, struct bytes *out)
{
	size_t len = protobuf_c_message_get_packed_size(&frame->base);
	size_t left = len;
	int r;

	if (len > FRAME_MAX)
		return -EMSGSIZE;
	r = bytes_reserve(out, len + 11);
	if (r < 0)
		return r;
	out->data[out->len++] = FRAME_TAG;
	for (; left >= 0x80; left >>= 7)
		out->data[out->len++] = (uint8_t)(left | 0x80);
	out->data[out->len++] = (uint8_t)left;
	out->len += protobuf_c_message_pack(&frame->base, out->data + out->len);
	return 0;
}

int encode_batch(struct encode *encode, struct bytes *out)
{
	Candor__V1__Frame frame = CANDOR__V1__FRAME__INIT;
	Candor__V1__Batch batch = CANDOR__V1__BATCH__INIT;
	int r = encode->broken;

	if (encode_empty(encode))
		return r;
	if (!r)
		r = fill_devices(encode, &batch);
	if (!r)
		r = fill_columns(encode, &batch);
	if (!r)
		r = fill_gaps(encode, &batch);
	if (!r)
		r = fill_anchors(encode, &batch);
	frame.batch = &batch;
	if (!r)
		r = put_frame(&frame, out);
	if (!r)
		encode_forget(encode);
	return r;
}

/* --- the frames around them */

static ProtobufCBinaryData binary(const uint8_t *data, size_t len)
{
	return (ProtobufCBinaryData){.data = (uint8_t *)data, .len = len};
}

int encode_header(const struct header_info *info, struct bytes *out)
{
	struct level_units units = level_units(info->level);
	Candor__V1__Frame frame = CANDOR__V1__FRAME__INIT;
	Candor__V1__Header header = CANDOR__V1__HEADER__INIT;
	Candor__V1__Anchor anchor;

	header.schema = STORED_SCHEMA;
	header.recorder = (char *)(info->recorder ? info->recorder : "");
	header.host = binary(info->host, sizeof(info->host));
	header.subject = binary(info->subject, sizeof(info->subject));
	header.boot = binary(info->boot, sizeof(info->boot));
	header.level = (Candor__V1__Level)info->level;
	header.policy = binary(info->policy, sizeof(info->policy));
	fill_anchor(&anchor, &info->anchor);
	header.anchor = &anchor;
	header.layout = (char *)(info->layout ? info->layout : "");
	header.expires_at = info->expires_at;
	header.pointer_unit_ns = units.pointer_ns;
	header.key_unit_ns = units.key_ns;
	header.seq = info->seq;
	frame.header = &header;
	return put_frame(&frame, out);
}

/* A ledger row and the messages it becomes. */
struct ledger_message {
	Candor__V1__Ledger ledger;
	Candor__V1__Lost lost[LOST_REASONS];
	Candor__V1__Lost *lost_pointer[LOST_REASONS];
};

static void fill_ledger(struct ledger_message *m, const struct ledger_row *row)
{
	candor__v1__ledger__init(&m->ledger);
	m->ledger.device = row->device;
	m->ledger.balanced = ledger_row_balances(row);
	if (!row->exact)
		return;
	m->ledger.seen = row->seen;
	m->ledger.written = row->written;
	m->ledger.merged = row->merged;
	m->ledger.suppressed = row->suppressed;
	m->ledger.lost = m->lost_pointer;
	for (int i = LOST_RING_FULL; i < LOST_REASONS; i++) {
		Candor__V1__Lost *lost = &m->lost[i];

		if (!row->lost[i])
			continue;
		candor__v1__lost__init(lost);
		lost->reason = (Candor__V1__LostReason)i;
		lost->packets = row->lost[i];
		m->lost_pointer[m->ledger.n_lost++] = lost;
	}
}

int encode_trailer(const struct ledger_row *ledger, size_t rows, bool recovered,
		   uint64_t end_ns, struct bytes *out)
{
	Candor__V1__Frame frame = CANDOR__V1__FRAME__INIT;
	Candor__V1__Trailer trailer = CANDOR__V1__TRAILER__INIT;
	struct ledger_message *messages = calloc(rows + 1, sizeof(*messages));
	Candor__V1__Ledger **pointers = calloc(rows + 1, sizeof(*pointers));
	int r = -ENOMEM;

	if (!messages || !pointers)
		goto out;
	for (size_t i = 0; i < rows; i++) {
		fill_ledger(&messages[i], &ledger[i]);
		pointers[i] = &messages[i].ledger;
	}
	trailer.n_ledger = rows;
	trailer.ledger = pointers;
	trailer.recovered = recovered;
	trailer.end_ns = end_ns;
	frame.trailer = &trailer;
	r = put_frame(&frame, out);
out:
	free(pointers);
	free(messages);
	return r;
}
