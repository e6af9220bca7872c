// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pointers at `actions`: the path in windows of 8 ms, buttons and wheel.
 */
#include "redact_impl.h"

#include <errno.h>

#include <linux/input-event-codes.h>

#define NOTCH 120

static uint64_t pointer_time(const struct redact *redact, uint64_t time_ns)
{
	return time_ns - time_ns % redact->units.pointer_ns;
}

/* A packet alone in its window stands in a row of its own. */
static int window_count(struct redact *redact, uint32_t device,
			const struct window *window)
{
	struct ledger_row *row;

	if (!window->pending)
		return 0;
	row = ledger_get(redact->ledger, device);
	if (!row)
		return -ENOMEM;
	if (window->packets == 1)
		row->written += window->pending;
	else
		row->merged += window->pending;
	return 0;
}

int window_end(struct redact *redact, struct redact_device *device,
	       enum path path)
{
	struct window *window = &device->window[path];
	struct row row = { .time_ns = pointer_time(redact, window->last_ns),
			   .held = window->held };
	int err;

	if (!window->packets)
		return 0;
	if (path == PATH_MOTION) {
		row.kind = ROW_MOTION;
		row.motion.dx = window->x;
		row.motion.dy = window->y;
	} else {
		row.kind = ROW_POSITION;
		row.position.x = window->x;
		row.position.y = window->y;
	}
	err = window_count(redact, device->info.id, window);
	window->packets = window->pending = 0;
	return err ? err : redact_emit(redact, device, &row);
}

int pointer_end(struct redact *redact, struct redact_device *device)
{
	int err = window_end(redact, device, PATH_MOTION);

	return err ? err : window_end(redact, device, PATH_POSITION);
}

/* The window of @path with this packet in it. */
static int window_join(struct passage *passage, enum path path, bool full)
{
	struct window *window = &passage->device->window[path];
	uint64_t now = passage->packet->time_ns;
	uint8_t held = redact_held(passage->redact);
	int err = 0;

	if (full || window->held != held)
		err = window_end(passage->redact, passage->device, path);
	if (err)
		return err;
	if (!window->packets) {
		*window = (struct window){ .start_ns = now,
					   .last_ns = now,
					   .held = held };
		redact_arm(passage->redact, now + REDACT_WINDOW_NS);
	}
	window->packets++;
	if (now > window->last_ns)
		window->last_ns = now;
	/* In both windows it counts once, with the first. */
	if (passage->fate < FATE_PENDING)
		passage->window = window;
	redact_fate(passage, FATE_PENDING);
	return 0;
}

static int32_t saturated(int64_t n)
{
	return n > INT32_MAX ? INT32_MAX :
	       n < INT32_MIN ? INT32_MIN :
			       (int32_t)n;
}

static int motion(struct passage *passage, int32_t dx, int32_t dy)
{
	struct window *window = &passage->device->window[PATH_MOTION];
	int32_t sum;
	bool full = window->packets &&
		    (__builtin_add_overflow(window->x, dx, &sum) ||
		     __builtin_add_overflow(window->y, dy, &sum));
	int err = window_join(passage, PATH_MOTION, full);

	if (err)
		return err;
	window->x += dx;
	window->y += dy;
	return 0;
}

static int position(struct passage *passage)
{
	const struct redact_device *device = passage->device;
	struct window *window = &passage->device->window[PATH_POSITION];
	int err;

	if (!device->ranges || !device->point.x_known || !device->point.y_known)
		return 0;
	err = window_join(passage, PATH_POSITION, false);
	window->x = device->point.x;
	window->y = device->point.y;
	return err;
}

static bool moves_absolutely(const struct redact_device *device)
{
	return device->info.kind & (CANDOR_KIND_TABLET | CANDOR_KIND_TOUCHPAD);
}

/* The modifiers that the kernel saw down when the packet began. */
static void take_held(struct passage *passage)
{
	passage->device->held = passage->packet->held;
}

int pointer_paths(struct passage *passage)
{
	struct point *point = &passage->device->point;
	const struct packet *packet = passage->packet;
	bool relative = false, absolute = false;
	int64_t dx = 0, dy = 0;
	int err = 0;

	take_held(passage);
	for (int i = 0; i < packet->count; i++) {
		const struct candor_value *value = &packet->values[i];

		if (value->type == EV_REL && value->code == REL_X) {
			dx += value->value;
			relative = true;
		} else if (value->type == EV_REL && value->code == REL_Y) {
			dy += value->value;
			relative = true;
		} else if (value->type == EV_ABS && value->code == ABS_X) {
			point->x = value->value;
			absolute = point->x_known = true;
		} else if (value->type == EV_ABS && value->code == ABS_Y) {
			point->y = value->value;
			absolute = point->y_known = true;
		}
	}
	if (relative)
		err = motion(passage, saturated(dx), saturated(dy));
	if (!err && absolute && moves_absolutely(passage->device))
		err = position(passage);
	return err;
}

/* Joystick buttons and the like are no pointer's. */
static bool is_pointer_button(uint16_t code)
{
	return (code >= BTN_MISC && code < BTN_JOYSTICK) ||
	       (code >= BTN_DIGI && code < KEY_OK);
}

/* A finger laid on a touchpad presses nothing; it ends no run of text. */
static bool is_contact(uint16_t code)
{
	return code >= BTN_DIGI && code < BTN_WHEEL;
}

int pointer_button(struct passage *passage, const struct candor_value *value)
{
	struct redact *redact = passage->redact;
	struct row row = {
		.kind = ROW_BUTTON,
		.time_ns = pointer_time(redact, passage->packet->time_ns),
		.held = redact_held(redact),
		.button = { .code = value->code, .down = value->value },
	};
	int err = 0;

	if (redact_direct(passage->device) || !is_pointer_button(value->code) ||
	    value->value < 0 || value->value > 1)
		return 0;
	if (row.button.down && !is_contact(value->code))
		err = run_end_all(redact);
	if (!err)
		err = pointer_end(redact, passage->device);
	if (err)
		return err;
	redact_fate(passage, FATE_WRITTEN);
	return redact_emit(redact, passage->device, &row);
}

/* Fine steps where the device has them; it sends whole notches beside them. */
struct wheel {
	int64_t fine, notches;
	bool any;
};

static void wheel_add(struct wheel *wheel, int32_t value, bool fine, bool *has)
{
	if (fine) {
		wheel->fine += value;
		wheel->any = *has = true;
	} else {
		wheel->notches += value;
	}
}

static int32_t wheel_sum(struct wheel *wheel, bool has_fine)
{
	if (has_fine)
		return saturated(wheel->fine);
	wheel->any = wheel->notches;
	return saturated(wheel->notches * NOTCH);
}

int pointer_wheel(struct passage *passage)
{
	struct redact_device *device = passage->device;
	struct wheel vertical = { 0 }, horizontal = { 0 };
	struct row row = { .kind = ROW_WHEEL,
			   .time_ns = pointer_time(passage->redact,
						   passage->packet->time_ns),
			   .held = redact_held(passage->redact) };
	int err;

	for (int i = 0; i < passage->packet->count; i++) {
		const struct candor_value *value = &passage->packet->values[i];
		bool fine = value->code == REL_WHEEL_HI_RES ||
			    value->code == REL_HWHEEL_HI_RES;

		if (value->type != EV_REL)
			continue;
		if (value->code == REL_WHEEL || value->code == REL_WHEEL_HI_RES)
			wheel_add(&vertical, value->value, fine,
				  &device->hires_vertical);
		else if (value->code == REL_HWHEEL || fine)
			wheel_add(&horizontal, value->value, fine,
				  &device->hires_horizontal);
	}
	row.wheel.vertical = wheel_sum(&vertical, device->hires_vertical);
	row.wheel.horizontal = wheel_sum(&horizontal, device->hires_horizontal);
	if (!vertical.any && !horizontal.any)
		return 0;
	err = pointer_end(passage->redact, device);
	if (err)
		return err;
	redact_fate(passage, FATE_WRITTEN);
	return redact_emit(passage->redact, device, &row);
}
