// SPDX-License-Identifier: GPL-2.0-only
/*
 * Direct touch and pens at `actions`: that, roughly when and roughly where the
 * screen was touched, and by how many fingers.
 *
 * Contacts are counted by tracking id and slot (multi-touch protocol B) where
 * the device has them, else by BTN_TOUCH.
 */
#include "redact_impl.h"

#include <linux/input-event-codes.h>

#define CELLS 8

/* Which eighth of the axis, or -1: its range is not known. */
static int eighth(const struct redact_device *device, uint16_t code, int32_t at)
{
	const struct device_axis *axis = redact_axis(device, code);
	int64_t span, offset;

	if (!axis)
		return -1;
	span = (int64_t)axis->max - axis->min + 1;
	offset = (int64_t)at - axis->min;
	if (offset < 0)
		return 0;
	return offset >= span ? CELLS - 1 : (int)(offset * CELLS / span);
}

static int cell(const struct redact_device *device, const struct point *point,
		uint16_t x_code, uint16_t y_code)
{
	int column, line;

	if (!point->x_known || !point->y_known)
		return -1;
	column = eighth(device, x_code, point->x);
	line = eighth(device, y_code, point->y);
	return column < 0 || line < 0 ? -1 : line * CELLS + column;
}

/* The cell of the first contact, or -1. */
static int touched_cell(const struct redact_device *device)
{
	const struct touch *touch = &device->touch;
	int at = -1;

	if (touch->active)
		at = cell(device, &touch->at[__builtin_ctz(touch->active)],
			  ABS_MT_POSITION_X, ABS_MT_POSITION_Y);
	return at >= 0 ? at : cell(device, &device->point, ABS_X, ABS_Y);
}

static void touch_slot_value(struct touch *touch,
			     const struct candor_value *value)
{
	struct point *point = &touch->at[touch->slot];

	switch (value->code) {
	case ABS_MT_TRACKING_ID:
		if (value->value >= 0)
			touch->active |= 1u << touch->slot;
		else
			touch->active &= ~(1u << touch->slot);
		break;
	case ABS_MT_POSITION_X:
		point->x = value->value;
		point->x_known = true;
		break;
	case ABS_MT_POSITION_Y:
		point->y = value->value;
		point->y_known = true;
		break;
	}
}

static void touch_value(struct redact_device *device,
			const struct candor_value *value)
{
	struct touch *touch = &device->touch;

	if (value->type == EV_KEY && value->code == BTN_TOUCH) {
		touch->button = value->value;
	} else if (value->type != EV_ABS) {
		return;
	} else if (value->code == ABS_X) {
		device->point.x = value->value;
		device->point.x_known = true;
	} else if (value->code == ABS_Y) {
		device->point.y = value->value;
		device->point.y_known = true;
	} else if (value->code == ABS_MT_SLOT) {
		/* More fingers than slots here are not told apart. */
		touch->slot = value->value >= 0 && value->value < TOUCH_SLOTS ?
				      (uint8_t)value->value :
				      TOUCH_SLOTS - 1;
	} else {
		touch_slot_value(touch, value);
	}
}

static uint8_t contacts(const struct touch *touch)
{
	return touch->active ? (uint8_t)__builtin_popcount(touch->active) :
			       touch->button;
}

int touch_end(struct redact *redact, struct redact_device *device)
{
	struct touch *touch = &device->touch;
	struct row row = { .kind = ROW_TOUCH,
			   .time_ns = redact_grid(touch->start_ns) };
	uint64_t cells;

	if (!touch->open)
		return 0;
	touch->open = false;
	cells = (redact_grid(touch->last_ns) - row.time_ns) / GRID_NS;
	row.touch.cell = touch->cell;
	row.touch.contacts = touch->most;
	row.touch.duration_ns = redact_bucket(cells, true) * GRID_NS;
	return redact_emit(redact, device, &row);
}

static void touch_begin(struct passage *passage)
{
	struct touch *touch = &passage->device->touch;
	int at = touched_cell(passage->device);

	touch->start_ns = touch->last_ns = passage->packet->time_ns;
	touch->most = 0;
	touch->open = at >= 0;
	touch->cell = (uint8_t)at;
}

int touch_values(struct passage *passage)
{
	struct redact_device *device = passage->device;
	struct touch *touch = &device->touch;
	const struct packet *packet = passage->packet;
	uint8_t before = contacts(touch), now;

	device->held = packet->held;
	for (int i = 0; i < packet->count; i++)
		touch_value(device, &packet->values[i]);
	now = contacts(touch);
	if (now && !touch->touching)
		touch_begin(passage);
	touch->touching = now;
	if (!touch->open)
		return 0;
	if (packet->time_ns > touch->last_ns)
		touch->last_ns = packet->time_ns;
	if (now > touch->most)
		touch->most = now;
	/* Moving a finger leaves nothing behind. */
	if (now != before)
		redact_fate(passage, FATE_MERGED);
	return now ? 0 : touch_end(passage->redact, device);
}
