// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <linux/input.h>
#include <stdlib.h>
#include <string.h>

#include "column.h"
#include "print_impl.h"

struct count {
	uint32_t device;
	enum row_kind kind;
	uint64_t rows, presses;
};

struct print {
	struct print_state state;
	enum print_style style;
	struct count *count;
	size_t counts, cap_counts;
};

/* --- words */

const char *print_kind(enum row_kind kind)
{
	switch (kind) {
	case ROW_MOTION:
		return "motion";
	case ROW_POSITION:
		return "position";
	case ROW_BUTTON:
		return "button";
	case ROW_WHEEL:
		return "wheel";
	case ROW_KEY:
		return "key";
	case ROW_TEXT:
		return "text";
	case ROW_TOUCH:
		return "touch";
	case ROW_PACKET:
		return "packet";
	case ROW_DEVICE:
		return "device";
	case ROW_REMOVED:
		return "removed";
	case ROW_ANCHOR:
		return "clocks";
	case ROW_GAP:
		return "gap";
	}
	return "?";
}

const char *print_modifier(int bit)
{
	static const char *const names[] = {
		"leftctrl",  "leftshift",  "leftalt",  "leftmeta",
		"rightctrl", "rightshift", "rightalt", "rightmeta",
	};

	return names[bit & 7];
}

const char *print_gap(enum gap_class why)
{
	switch (why) {
	case GAP_BLOCKED:
		return "blocked";
	case GAP_SUSPENDED:
		return "suspended";
	case GAP_LOST:
		return "lost";
	}
	return "unknown";
}

const char *print_lost(enum lost_reason reason)
{
	switch (reason) {
	case LOST_RING_FULL:
		return "ring_full";
	case LOST_UNKNOWN:
	case LOST_REASONS:
		break;
	}
	return "unknown";
}

const char *print_bus(uint16_t bus)
{
	switch (bus) {
	case BUS_USB:
		return "usb";
	case BUS_BLUETOOTH:
		return "bluetooth";
	case BUS_VIRTUAL:
		return "virtual";
	case BUS_I8042:
		return "i8042";
	case BUS_I2C:
		return "i2c";
	}
	return NULL;
}

const char *print_device_kind(int bit)
{
	static const char *const names[] = {"keyboard", "mouse", "tablet",
					    "touchpad", "touch", "pen"};

	return (size_t)bit < sizeof(names) / sizeof(*names) ? names[bit] : NULL;
}

/* --- what rows mean */

/* A hostile file may hold any times: they wrap, and look wrong. */
int64_t print_realtime(const struct print_state *state, uint64_t time_ns)
{
	return (int64_t)((uint64_t)state->anchor.realtime_ns + time_ns -
			 state->anchor.monotonic_ns);
}

static struct print_point *point_of(const struct print_state *state,
				    uint32_t device)
{
	for (size_t i = 0; i < state->points; i++)
		if (state->point[i].device == device)
			return &state->point[i];
	return NULL;
}

/* An axis is in the packet when its value is new; 0 is no movement. */
static uint16_t pair(struct candor_value room[2], uint16_t type, bool has_x,
		     int32_t x, bool has_y, int32_t y)
{
	uint16_t n = 0;

	if (has_x)
		room[n++] = (struct candor_value){type, ABS_X, x};
	if (has_y)
		room[n++] = (struct candor_value){type, ABS_Y, y};
	return n;
}

uint16_t print_values(const struct print_state *state, const struct row *row,
		      struct candor_value room[2],
		      const struct candor_value **values)
{
	const struct print_point *point = point_of(state, row->device);
	int32_t x = row->position.x, y = row->position.y;

	*values = room;
	switch (row->kind) {
	case ROW_PACKET:
		*values = row->packet.values;
		return row->packet.count;
	case ROW_MOTION:
		return pair(room, EV_REL, row->motion.dx, row->motion.dx,
			    row->motion.dy, row->motion.dy);
	case ROW_POSITION:
		return pair(room, EV_ABS,
			    !point || !point->known[0] || point->at[0] != x, x,
			    !point || !point->known[1] || point->at[1] != y, y);
	case ROW_BUTTON:
	case ROW_WHEEL:
	case ROW_KEY:
	case ROW_TEXT:
	case ROW_TOUCH:
	case ROW_DEVICE:
	case ROW_REMOVED:
	case ROW_ANCHOR:
	case ROW_GAP:
		break;
	}
	return 0;
}

static struct print_point *point_get(struct print_state *state, uint32_t device)
{
	struct print_point *point = point_of(state, device);

	if (point)
		return point;
	if (column_grow(&state->point, &state->cap_points, state->points + 1,
			sizeof(*state->point)) < 0)
		return NULL;
	point = &state->point[state->points++];
	*point = (struct print_point){.device = device};
	return point;
}

/* Follows the pointers of a demonstration. */
static int follow(struct print_state *state, const struct row *row)
{
	struct candor_value room[2];
	const struct candor_value *values;
	uint16_t n = print_values(state, row, room, &values);

	for (uint16_t i = 0; i < n; i++) {
		struct print_point *point;

		if (values[i].type != EV_ABS || values[i].code > ABS_Y)
			continue;
		point = point_get(state, row->device);
		if (!point)
			return -ENOMEM;
		point->known[values[i].code] = true;
		point->at[values[i].code] = values[i].value;
	}
	return 0;
}

/* --- counting */

static uint64_t presses(const struct row *row)
{
	uint64_t n = 0;

	if (row->kind == ROW_KEY)
		return 1;
	if (row->kind == ROW_BUTTON)
		return row->button.down;
	if (row->kind != ROW_PACKET)
		return 0;
	for (uint16_t i = 0; i < row->packet.count; i++)
		n += row->packet.values[i].type == EV_KEY &&
		     row->packet.values[i].value == 1;
	return n;
}

static int add_count(struct print *print, const struct row *row)
{
	struct count *count = print->count;
	size_t i;

	for (i = 0; i < print->counts; i++)
		if (count[i].device == row->device &&
		    count[i].kind == row->kind)
			break;
	if (i == print->counts) {
		if (column_grow(&print->count, &print->cap_counts, i + 1,
				sizeof(*count)) < 0)
			return -ENOMEM;
		count = print->count;
		count[i] = (struct count){row->device, row->kind, 0, 0};
		print->counts++;
	}
	count[i].rows++;
	count[i].presses += presses(row);
	return 0;
}

static int compare_count(const void *a, const void *b)
{
	const struct count *x = a, *y = b;

	if (x->device != y->device)
		return x->device < y->device ? -1 : 1;
	return (x->kind > y->kind) - (x->kind < y->kind);
}

static void print_count(const struct print *print, const struct count *count)
{
	const char *format = print->style == PRINT_COUNT_JSON
				     ? "{\"device\":%" PRIu32 ",\"kind\":\"%s\""
				       ",\"rows\":%" PRIu64
				       ",\"presses\":%" PRIu64 "}\n"
				     : "input%-4" PRIu32 " %-9s rows %" PRIu64
				       " presses %" PRIu64 "\n";

	fprintf(print->state.file, format, count->device,
		print_kind(count->kind), count->rows, count->presses);
}

/* --- the styles */

static bool counts(const struct print *print)
{
	return print->style == PRINT_COUNT || print->style == PRINT_COUNT_JSON;
}

static int on_header(const struct header_info *info, void *ctx)
{
	struct print *print = ctx;

	print->state.level = info->level;
	print->state.anchor = info->anchor;
	print->state.points = 0;
	if (counts(print))
		return 0;
	return print->style == PRINT_JSON ? json_header(&print->state, info)
					  : text_header(&print->state, info);
}

static int on_row(const struct row *row, void *ctx)
{
	struct print *print = ctx;
	int r;

	if (row->kind == ROW_ANCHOR)
		print->state.anchor = (struct anchor){
			.monotonic_ns = row->time_ns,
			.realtime_ns = row->anchor.realtime_ns,
			.boottime_ns = (uint64_t)row->anchor.boottime_ns,
		};
	if (counts(print))
		return add_count(print, row);
	r = print->style == PRINT_JSON ? json_row(&print->state, row)
				       : text_row(&print->state, row);
	if (!r && print->state.level == LEVEL_DEMONSTRATION)
		r = follow(&print->state, row);
	return r;
}

static int on_trailer(const struct trailer_info *info, void *ctx)
{
	struct print *print = ctx;

	if (counts(print))
		return 0;
	return print->style == PRINT_JSON ? json_trailer(&print->state, info)
					  : text_trailer(&print->state, info);
}

const struct reader_ops print_ops = {
	.decode = {on_header, on_row, on_trailer},
};

struct print *print_new(FILE *file, enum print_style style)
{
	struct print *print = calloc(1, sizeof(*print));

	if (!print)
		return NULL;
	print->state.file = file;
	print->style = style;
	return print;
}

void print_free(struct print *print)
{
	if (!print)
		return;
	free(print->state.point);
	free(print->count);
	free(print);
}

int print_end(struct print *print)
{
	FILE *file = print->state.file;

	if (print->counts)
		qsort(print->count, print->counts, sizeof(*print->count),
		      compare_count);
	for (size_t i = 0; i < print->counts; i++)
		print_count(print, &print->count[i]);
	return fflush(file) || ferror(file) ? -errno : 0;
}
