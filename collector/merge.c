// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/candor.pb-c.h"

#include "column.h"
#include "merge.h"

/* A column of Ticks on its way. */
struct walk {
	const Candor__V1__Ticks *ticks;
	uint64_t value;
	size_t at;     /* of gap */
	uint32_t used; /* of run[at] */
};

/* Modifiers on their way. */
struct held {
	const uint32_t *value, *run;
	size_t len, at;
	uint32_t used;
};

/* A column, or a list of lone rows, and the row it stands at. */
struct cursor {
	enum row_kind kind;
	uint32_t device;
	const void *message;
	size_t rows, at;
	uint32_t unit;
	struct walk time, seq;
	struct held held;
	uint32_t x, y, dx, dy; /* paths */
	size_t value;	       /* packets: first value of the row */
};

/* The cursors of one device, or a list: merged among each other first. */
struct group {
	struct cursor *cursor;
	size_t cursors;
	struct cursor *next;
	uint64_t key_ns;
};

struct merge {
	const Candor__V1__Batch *batch;
	struct level_units units;
	const char *why;
	struct cursor *cursor;
	size_t cursors, cap_cursors;
	struct group *group;
	struct group **heap;
	size_t heaped;
	struct candor_value *values;
	size_t cap_values;
	struct device device;
};

static int bad(struct merge *merge, const char *why)
{
	merge->why = why;
	return -EBADMSG;
}

/* --- checks, before anything is followed */

/*
 * Runs are followed by arithmetic, not step by step: between the ends of a run
 * the numbers lie on a line, so the ends bound them.
 */
static int check_ticks(struct merge *merge, const Candor__V1__Ticks *ticks,
		       size_t rows, uint64_t max)
{
	__int128 value;
	uint64_t steps = 0;

	if (!ticks)
		return bad(merge, "a column without times or sequence");
	if (ticks->n_gap != ticks->n_run)
		return bad(merge, "gaps and runs of unequal length");
	value = ticks->first;
	if (ticks->first > max)
		return bad(merge, "a time or sequence out of range");
	for (size_t i = 0; i < ticks->n_gap; i++) {
		if (!ticks->run[i])
			return bad(merge, "a run of no rows");
		steps += ticks->run[i];
		if (steps > rows)
			return bad(merge, "runs of more rows than there are");
		value += ((__int128)ticks->nominal + ticks->gap[i]) *
			 ticks->run[i];
		if (value < 0 || value > max)
			return bad(merge, "a time or sequence out of range");
	}
	if (steps + 1 != rows)
		return bad(merge, "runs of fewer rows than there are");
	return 0;
}

static int check_held(struct merge *merge, const struct held *held, size_t runs,
		      size_t rows)
{
	uint64_t sum = 0;

	if (held->len != runs)
		return bad(merge, "modifiers and runs of unequal length");
	for (size_t i = 0; i < held->len; i++) {
		if (held->value[i] > UINT8_MAX)
			return bad(merge, "a modifier mask out of range");
		if (!held->run[i])
			return bad(merge, "a run of no rows");
		sum += held->run[i];
	}
	if (held->len && sum != rows)
		return bad(merge, "modifiers of more or fewer rows");
	return 0;
}

static int check_max(struct merge *merge, const uint32_t *v, size_t n,
		     uint32_t max)
{
	for (size_t i = 0; i < n; i++)
		if (v[i] > max)
			return bad(merge, "a code, count or bucket too large");
	return 0;
}

/* --- columns into cursors */

static int add_cursor(struct merge *merge, const struct cursor *cursor)
{
	int r = column_grow(&merge->cursor, &merge->cap_cursors,
			    merge->cursors + 1, sizeof(*merge->cursor));

	if (!r)
		merge->cursor[merge->cursors++] = *cursor;
	return r;
}

static void start(struct walk *walk, const Candor__V1__Ticks *ticks)
{
	walk->ticks = ticks;
	walk->value = ticks ? ticks->first : 0;
}

static int add_column(struct merge *merge, struct cursor *cursor,
		      const Candor__V1__Ticks *time,
		      const Candor__V1__Ticks *seq)
{
	int r;

	if (!cursor->rows)
		return 0;
	r = check_ticks(merge, time, cursor->rows, UINT64_MAX / cursor->unit);
	if (!r && seq)
		r = check_ticks(merge, seq, cursor->rows, UINT64_MAX);
	if (r < 0)
		return r;
	start(&cursor->time, time);
	start(&cursor->seq, seq);
	return add_cursor(merge, cursor);
}

static int add_motion(struct merge *merge, const Candor__V1__Motion *m)
{
	struct cursor cursor = {
		.kind = m->absolute ? ROW_POSITION : ROW_MOTION,
		.device = m->device,
		.message = m,
		.rows = m->n_ddx,
		.unit = merge->units.pointer_ns,
		.held = {m->held, m->held_run, m->n_held, 0, 0},
		.x = (uint32_t)m->x,
		.y = (uint32_t)m->y,
	};
	int r;

	if (m->n_ddy != m->n_ddx)
		return bad(merge, "columns of unequal length");
	r = check_held(merge, &cursor.held, m->n_held_run, cursor.rows);
	return r ? r : add_column(merge, &cursor, m->time, m->seq);
}

static int add_buttons(struct merge *merge, const Candor__V1__Buttons *m)
{
	struct cursor cursor = {
		.kind = ROW_BUTTON,
		.device = m->device,
		.message = m,
		.rows = m->n_code,
		.unit = merge->units.pointer_ns,
		.held = {m->held, m->held_run, m->n_held, 0, 0},
	};
	int r = check_held(merge, &cursor.held, m->n_held_run, cursor.rows);

	if (m->n_down != m->n_code)
		return bad(merge, "columns of unequal length");
	if (!r)
		r = check_max(merge, m->code, m->n_code, UINT16_MAX);
	return r ? r : add_column(merge, &cursor, m->time, m->seq);
}

static int add_wheel(struct merge *merge, const Candor__V1__Wheel *m)
{
	struct cursor cursor = {
		.kind = ROW_WHEEL,
		.device = m->device,
		.message = m,
		.rows = m->n_vertical,
		.unit = merge->units.pointer_ns,
		.held = {m->held, m->held_run, m->n_held, 0, 0},
	};
	int r = check_held(merge, &cursor.held, m->n_held_run, cursor.rows);

	if (m->n_horizontal != m->n_vertical)
		return bad(merge, "columns of unequal length");
	return r ? r : add_column(merge, &cursor, m->time, m->seq);
}

static int add_keys(struct merge *merge, const Candor__V1__Keys *m)
{
	struct cursor cursor = {
		.kind = ROW_KEY,
		.device = m->device,
		.message = m,
		.rows = m->n_code,
		.unit = merge->units.key_ns,
	};
	int r;

	if (m->n_held != m->n_code || m->n_repeats != m->n_code)
		return bad(merge, "columns of unequal length");
	r = check_max(merge, m->code, m->n_code, UINT16_MAX);
	if (!r)
		r = check_max(merge, m->held, m->n_held, UINT8_MAX);
	if (!r)
		r = check_max(merge, m->repeats, m->n_repeats, UINT8_MAX);
	return r ? r : add_column(merge, &cursor, m->time, m->seq);
}

static int add_text(struct merge *merge, const Candor__V1__TextRuns *m)
{
	struct cursor cursor = {
		.kind = ROW_TEXT,
		.device = m->device,
		.message = m,
		.rows = m->n_length,
		.unit = merge->units.key_ns,
	};
	int r;

	if (m->n_duration != m->n_length)
		return bad(merge, "columns of unequal length");
	r = check_max(merge, m->length, m->n_length, UINT8_MAX);
	return r ? r : add_column(merge, &cursor, m->time, NULL);
}

static int add_touches(struct merge *merge, const Candor__V1__Touches *m)
{
	struct cursor cursor = {
		.kind = ROW_TOUCH,
		.device = m->device,
		.message = m,
		.rows = m->n_cell,
		.unit = merge->units.key_ns,
	};
	int r;

	if (m->n_duration != m->n_cell || m->n_contacts != m->n_cell)
		return bad(merge, "columns of unequal length");
	r = check_max(merge, m->cell, m->n_cell, 63);
	if (!r)
		r = check_max(merge, m->contacts, m->n_contacts, UINT8_MAX);
	return r ? r : add_column(merge, &cursor, m->time, NULL);
}

static int check_values(struct merge *merge, const Candor__V1__Packets *m)
{
	uint64_t sum = 0;
	int r = check_max(merge, m->count, m->n_count, UINT16_MAX);

	for (size_t i = 0; i < m->n_count; i++)
		sum += m->count[i];
	if (sum != m->n_type || sum != m->n_code || sum != m->n_value)
		return bad(merge, "columns of unequal length");
	if (!r)
		r = check_max(merge, m->type, m->n_type, UINT16_MAX);
	if (!r)
		r = check_max(merge, m->code, m->n_code, UINT16_MAX);
	return r;
}

static int add_packets(struct merge *merge, const Candor__V1__Packets *m)
{
	struct cursor cursor = {
		.kind = ROW_PACKET,
		.device = m->device,
		.message = m,
		.rows = m->n_count,
		.unit = merge->units.pointer_ns,
	};
	int r = check_values(merge, m);

	return r ? r : add_column(merge, &cursor, m->time, m->seq);
}

static int add_columns(struct merge *merge)
{
	const Candor__V1__Batch *b = merge->batch;
	int r = 0;

	for (size_t i = 0; !r && i < b->n_motion; i++)
		r = add_motion(merge, b->motion[i]);
	for (size_t i = 0; !r && i < b->n_buttons; i++)
		r = add_buttons(merge, b->buttons[i]);
	for (size_t i = 0; !r && i < b->n_wheel; i++)
		r = add_wheel(merge, b->wheel[i]);
	for (size_t i = 0; !r && i < b->n_keys; i++)
		r = add_keys(merge, b->keys[i]);
	for (size_t i = 0; !r && i < b->n_text; i++)
		r = add_text(merge, b->text[i]);
	for (size_t i = 0; !r && i < b->n_touch; i++)
		r = add_touches(merge, b->touch[i]);
	for (size_t i = 0; !r && i < b->n_packets; i++)
		r = add_packets(merge, b->packets[i]);
	return r;
}

static int check_device(struct merge *merge, const Candor__V1__Device *m)
{
	if (m->n_axis > DEVICE_AXES_MAX)
		return bad(merge, "a device with too many axes");
	if (m->time > UINT64_MAX / merge->units.key_ns - 1)
		return bad(merge, "a time or sequence out of range");
	if (m->bus > UINT16_MAX || m->vendor > UINT16_MAX ||
	    m->product > UINT16_MAX || m->version > UINT16_MAX ||
	    m->kind > UINT8_MAX)
		return bad(merge, "a device number out of range");
	for (size_t i = 0; i < m->n_axis; i++)
		if (m->axis[i]->code > UINT16_MAX)
			return bad(merge, "a device number out of range");
	return 0;
}

/* Lone rows: each list is a cursor whose index is into the batch's own list. */
static int add_lists(struct merge *merge)
{
	const Candor__V1__Batch *b = merge->batch;
	struct cursor cursor = {.unit = merge->units.key_ns};
	int r = 0;

	for (size_t i = 0; !r && i < b->n_device; i++)
		r = check_device(merge, b->device[i]);
	if (r < 0)
		return r;
	cursor.rows = b->n_device;
	cursor.kind = ROW_DEVICE;
	r = add_cursor(merge, &cursor);
	cursor.kind = ROW_REMOVED;
	if (!r)
		r = add_cursor(merge, &cursor);
	cursor.rows = b->n_anchor;
	cursor.kind = ROW_ANCHOR;
	return r ? r : add_cursor(merge, &cursor);
}

/* --- cursors into rows */

static void walk_next(struct walk *walk)
{
	const Candor__V1__Ticks *ticks = walk->ticks;

	if (!ticks || walk->at == ticks->n_gap)
		return;
	walk->value += ticks->nominal + (uint64_t)ticks->gap[walk->at];
	if (++walk->used == ticks->run[walk->at]) {
		walk->at++;
		walk->used = 0;
	}
}

static void held_next(struct held *held)
{
	if (held->at == held->len)
		return;
	if (++held->used == held->run[held->at]) {
		held->at++;
		held->used = 0;
	}
}

/* The step and the position of the row that the cursor stands at. */
static void path_enter(struct cursor *cursor)
{
	const Candor__V1__Motion *m = cursor->message;

	cursor->dx += (uint32_t)m->ddx[cursor->at];
	cursor->dy += (uint32_t)m->ddy[cursor->at];
	cursor->x += cursor->dx;
	cursor->y += cursor->dy;
}

static bool is_path(const struct cursor *cursor)
{
	return cursor->kind == ROW_MOTION || cursor->kind == ROW_POSITION;
}

static bool is_list(const struct cursor *cursor)
{
	return cursor->kind == ROW_DEVICE || cursor->kind == ROW_REMOVED ||
	       cursor->kind == ROW_ANCHOR;
}

/* Announcements and removals share a list; each cursor passes the other's. */
static void list_skip(const struct merge *merge, struct cursor *cursor)
{
	const Candor__V1__Batch *b = merge->batch;
	bool removed = cursor->kind == ROW_REMOVED;

	if (cursor->kind == ROW_ANCHOR)
		return;
	while (cursor->at < cursor->rows &&
	       !!b->device[cursor->at]->removed != removed)
		cursor->at++;
}

static void cursor_start(const struct merge *merge, struct cursor *cursor)
{
	if (is_list(cursor))
		list_skip(merge, cursor);
	else if (is_path(cursor))
		path_enter(cursor);
}

static void cursor_next(const struct merge *merge, struct cursor *cursor)
{
	if (cursor->kind == ROW_PACKET) {
		const Candor__V1__Packets *m = cursor->message;

		cursor->value += m->count[cursor->at];
	}
	cursor->at++;
	walk_next(&cursor->time);
	walk_next(&cursor->seq);
	held_next(&cursor->held);
	if (is_list(cursor))
		list_skip(merge, cursor);
	else if (is_path(cursor) && cursor->at < cursor->rows)
		path_enter(cursor);
}

static uint64_t cursor_time(const struct merge *merge,
			    const struct cursor *cursor)
{
	const Candor__V1__Batch *b = merge->batch;

	if (cursor->kind == ROW_ANCHOR)
		return b->anchor[cursor->at]->monotonic_ns;
	if (is_list(cursor))
		return b->device[cursor->at]->time * cursor->unit;
	return cursor->time.value * cursor->unit;
}

/* Where the row stands among others: a removal at the end of its cell. */
static uint64_t cursor_key(const struct merge *merge,
			   const struct cursor *cursor)
{
	uint64_t time = cursor_time(merge, cursor);

	return cursor->kind == ROW_REMOVED ? time + cursor->unit - 1 : time;
}

static int fill_values(struct merge *merge, const struct cursor *cursor,
		       struct row *row)
{
	const Candor__V1__Packets *m = cursor->message;
	uint32_t count = m->count[cursor->at];
	int r = column_grow(&merge->values, &merge->cap_values, count,
			    sizeof(*merge->values));

	if (r < 0)
		return r;
	for (uint32_t i = 0; i < count; i++)
		merge->values[i] = (struct candor_value){
			.type = (uint16_t)m->type[cursor->value + i],
			.code = (uint16_t)m->code[cursor->value + i],
			.value = m->value[cursor->value + i],
		};
	row->packet.count = (uint16_t)count;
	row->packet.values = merge->values;
	return 0;
}

static void fill_button(const struct cursor *cursor, struct row *row)
{
	const Candor__V1__Buttons *m = cursor->message;

	row->button.code = (uint16_t)m->code[cursor->at];
	row->button.down = m->down[cursor->at];
}

static void fill_wheel(const struct cursor *cursor, struct row *row)
{
	const Candor__V1__Wheel *m = cursor->message;

	row->wheel.vertical = m->vertical[cursor->at];
	row->wheel.horizontal = m->horizontal[cursor->at];
}

static void fill_key(const struct cursor *cursor, struct row *row)
{
	const Candor__V1__Keys *m = cursor->message;

	row->key.code = (uint16_t)m->code[cursor->at];
	row->key.repeats = (uint8_t)m->repeats[cursor->at];
	row->held = (uint8_t)m->held[cursor->at];
}

static void fill_text(const struct cursor *cursor, struct row *row)
{
	const Candor__V1__TextRuns *m = cursor->message;

	row->text.length = (uint8_t)m->length[cursor->at];
	row->text.duration_ns =
		(uint64_t)m->duration[cursor->at] * cursor->unit;
}

static void fill_touch(const struct cursor *cursor, struct row *row)
{
	const Candor__V1__Touches *m = cursor->message;

	row->touch.cell = (uint8_t)m->cell[cursor->at];
	row->touch.contacts = (uint8_t)m->contacts[cursor->at];
	row->touch.duration_ns =
		(uint64_t)m->duration[cursor->at] * cursor->unit;
}

static void fill_anchor(const struct merge *merge, const struct cursor *cursor,
			struct row *row)
{
	const Candor__V1__Anchor *m = merge->batch->anchor[cursor->at];

	row->anchor.realtime_ns = m->realtime_ns;
	row->anchor.boottime_ns = (int64_t)m->boottime_ns;
}

static void fill_device(struct merge *merge, const struct cursor *cursor,
			struct row *row)
{
	const Candor__V1__Device *m = merge->batch->device[cursor->at];
	struct device *device = &merge->device;

	row->device = m->id;
	if (row->kind == ROW_REMOVED)
		return;
	*device = (struct device){
		.id = m->id,
		.bus = (uint16_t)m->bus,
		.vendor = (uint16_t)m->vendor,
		.product = (uint16_t)m->product,
		.version = (uint16_t)m->version,
		.kind = (uint8_t)m->kind,
		.prop = m->prop,
		.is_virtual = m->is_virtual,
		.axes = (uint8_t)m->n_axis,
	};
	for (size_t i = 0; i < m->n_axis; i++)
		device->axis[i] = (struct device_axis){
			.code = (uint16_t)m->axis[i]->code,
			.resolution = m->axis[i]->resolution,
			.min = m->axis[i]->min,
			.max = m->axis[i]->max,
		};
	row->device_info = device;
}

static int fill_row(struct merge *merge, const struct cursor *cursor,
		    struct row *row)
{
	*row = (struct row){
		.kind = cursor->kind,
		.device = cursor->device,
		.time_ns = cursor_time(merge, cursor),
		.seq = cursor->seq.value,
	};
	if (cursor->held.at < cursor->held.len)
		row->held = (uint8_t)cursor->held.value[cursor->held.at];
	switch (cursor->kind) {
	case ROW_MOTION:
		row->motion.dx = (int32_t)cursor->dx;
		row->motion.dy = (int32_t)cursor->dy;
		return 0;
	case ROW_POSITION:
		row->position.x = (int32_t)cursor->x;
		row->position.y = (int32_t)cursor->y;
		return 0;
	case ROW_BUTTON:
		fill_button(cursor, row);
		return 0;
	case ROW_WHEEL:
		fill_wheel(cursor, row);
		return 0;
	case ROW_KEY:
		fill_key(cursor, row);
		return 0;
	case ROW_TEXT:
		fill_text(cursor, row);
		return 0;
	case ROW_TOUCH:
		fill_touch(cursor, row);
		return 0;
	case ROW_PACKET:
		return fill_values(merge, cursor, row);
	case ROW_DEVICE:
	case ROW_REMOVED:
		fill_device(merge, cursor, row);
		return 0;
	case ROW_ANCHOR:
		fill_anchor(merge, cursor, row);
		return 0;
	case ROW_GAP:
		break;
	}
	return -EINVAL;
}

/* --- the order */

/* Lists stand alone; columns by device. */
static int compare_cursor(const void *a, const void *b)
{
	const struct cursor *x = a, *y = b;

	if (is_list(x) != is_list(y))
		return is_list(x) ? -1 : 1;
	if (x->device != y->device)
		return x->device < y->device ? -1 : 1;
	return (x->kind > y->kind) - (x->kind < y->kind);
}

static bool one_group(const struct cursor *a, const struct cursor *b)
{
	return !is_list(a) && !is_list(b) && a->device == b->device;
}

static bool cursor_before(const struct merge *merge, const struct cursor *a,
			  const struct cursor *b)
{
	uint64_t x, y;

	if (a->seq.ticks && b->seq.ticks && a->seq.value != b->seq.value)
		return a->seq.value < b->seq.value;
	x = cursor_key(merge, a);
	y = cursor_key(merge, b);
	return x != y ? x < y : a->kind < b->kind;
}

/* Finds the group's next row; false when it has none. */
static bool group_next(const struct merge *merge, struct group *group)
{
	group->next = NULL;
	for (size_t i = 0; i < group->cursors; i++) {
		struct cursor *cursor = &group->cursor[i];

		if (cursor->at < cursor->rows &&
		    (!group->next || cursor_before(merge, cursor, group->next)))
			group->next = cursor;
	}
	if (!group->next)
		return false;
	group->key_ns = cursor_key(merge, group->next);
	return true;
}

/* At one time: the clocks, devices, rows by device, removals. */
static int rank(const struct cursor *cursor)
{
	switch (cursor->kind) {
	case ROW_ANCHOR:
		return 0;
	case ROW_DEVICE:
		return 1;
	case ROW_REMOVED:
		return 3;
	case ROW_MOTION:
	case ROW_POSITION:
	case ROW_BUTTON:
	case ROW_WHEEL:
	case ROW_KEY:
	case ROW_TEXT:
	case ROW_TOUCH:
	case ROW_PACKET:
	case ROW_GAP:
		break;
	}
	return 2;
}

static bool group_before(const struct group *a, const struct group *b)
{
	int x = rank(a->next), y = rank(b->next);

	if (a->key_ns != b->key_ns)
		return a->key_ns < b->key_ns;
	return x != y ? x < y : a->next->device < b->next->device;
}

static void sink(struct merge *merge, size_t at)
{
	struct group **heap = merge->heap;

	for (;;) {
		size_t least = at;

		for (size_t child = 2 * at + 1;
		     child <= 2 * at + 2 && child < merge->heaped; child++)
			if (group_before(heap[child], heap[least]))
				least = child;
		if (least == at)
			return;
		struct group *group = heap[at];

		heap[at] = heap[least];
		heap[least] = group;
		at = least;
	}
}

static int make_groups(struct merge *merge)
{
	size_t groups = 0;

	merge->group = calloc(merge->cursors + 1, sizeof(*merge->group));
	merge->heap = calloc(merge->cursors + 1, sizeof(struct group *));
	if (!merge->group || !merge->heap)
		return -ENOMEM;
	qsort(merge->cursor, merge->cursors, sizeof(*merge->cursor),
	      compare_cursor);
	for (size_t i = 0; i < merge->cursors; i++) {
		struct cursor *cursor = &merge->cursor[i];

		cursor_start(merge, cursor);
		if (!i || !one_group(cursor - 1, cursor))
			merge->group[groups++].cursor = cursor;
		else if (cursor[-1].kind == cursor->kind)
			return bad(merge, "two columns of one kind and device");
		merge->group[groups - 1].cursors++;
	}
	for (size_t i = 0; i < groups; i++)
		if (group_next(merge, &merge->group[i]))
			merge->heap[merge->heaped++] = &merge->group[i];
	for (size_t i = merge->heaped; i-- > 0;)
		sink(merge, i);
	return 0;
}

static int give_gaps(const struct merge *merge, row_fn fn, void *ctx)
{
	int r = 0;

	for (size_t i = 0; !r && i < merge->batch->n_gap; i++) {
		const Candor__V1__Gap *m = merge->batch->gap[i];
		struct row row = {
			.kind = ROW_GAP,
			.gap.start_min = m->start_min,
			.gap.end_min = m->end_min,
			.gap.why = (enum gap_class)m->class_,
		};

		r = fn(&row, ctx);
	}
	return r;
}

static int give_rows(struct merge *merge, row_fn fn, void *ctx)
{
	int r = give_gaps(merge, fn, ctx);

	while (!r && merge->heaped) {
		struct group *group = merge->heap[0];
		struct row row;

		r = fill_row(merge, group->next, &row);
		if (!r)
			r = fn(&row, ctx);
		cursor_next(merge, group->next);
		if (!group_next(merge, group))
			merge->heap[0] = merge->heap[--merge->heaped];
		sink(merge, 0);
	}
	return r;
}

int merge_batch(const Candor__V1__Batch *batch, struct level_units units,
		row_fn fn, void *ctx, const char **why)
{
	struct merge merge = {.batch = batch, .units = units};
	int r = add_columns(&merge);

	if (!r)
		r = add_lists(&merge);
	if (!r)
		r = make_groups(&merge);
	if (!r && fn)
		r = give_rows(&merge, fn, ctx);
	if (merge.why)
		*why = merge.why;
	free(merge.values);
	free(merge.heap);
	free(merge.group);
	free(merge.cursor);
	return r;
}
