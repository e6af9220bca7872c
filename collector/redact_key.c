// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys at `actions`: presses on the grid, text as runs.
 */
#include "redact_impl.h"

#include <linux/input-event-codes.h>

/* Buttons of any device; the codes from KEY_OK on are keys again. */
static bool is_button(uint16_t code)
{
	return (code >= BTN_MISC && code < KEY_OK) ||
	       (code >= BTN_DPAD_UP && code <= BTN_DPAD_RIGHT) ||
	       (code >= BTN_TRIGGER_HAPPY && code <= BTN_TRIGGER_HAPPY40);
}

static uint8_t modifier(uint16_t code)
{
	switch (code) {
	case KEY_LEFTCTRL:
		return CANDOR_LEFTCTRL;
	case KEY_LEFTSHIFT:
		return CANDOR_LEFTSHIFT;
	case KEY_LEFTALT:
		return CANDOR_LEFTALT;
	case KEY_LEFTMETA:
		return CANDOR_LEFTMETA;
	case KEY_RIGHTCTRL:
		return CANDOR_RIGHTCTRL;
	case KEY_RIGHTSHIFT:
		return CANDOR_RIGHTSHIFT;
	case KEY_RIGHTALT:
		return CANDOR_RIGHTALT;
	case KEY_RIGHTMETA:
		return CANDOR_RIGHTMETA;
	}
	return 0;
}

int key_end(struct redact *redact, struct redact_device *device)
{
	struct open_key *key = &device->key;
	struct row row = { .kind = ROW_KEY,
			   .time_ns = redact_grid(key->start_ns),
			   .held = key->held };

	if (!key->open)
		return 0;
	key->open = false;
	row.key.code = key->code;
	row.key.repeats = redact_bucket(key->repeats, false);
	return redact_emit(redact, device, &row);
}

int run_end(struct redact *redact, struct redact_device *device)
{
	struct run *run = &device->run;
	struct row row = { .kind = ROW_TEXT,
			   .time_ns = redact_grid(run->start_ns) };

	if (!run->presses)
		return 0;
	row.text.length = redact_bucket(run->presses, false);
	row.text.duration_ns = redact_grid(run->last_ns) - row.time_ns;
	run->presses = 0;
	return redact_emit(redact, device, &row);
}

int run_end_all(struct redact *redact)
{
	int err = 0;

	for (size_t i = 0; !err && i < redact->devices; i++)
		err = run_end(redact, redact->device[i]);
	return err;
}

static int text_press(struct passage *passage)
{
	struct run *run = &passage->device->run;
	uint64_t now = passage->packet->time_ns;
	int err = key_end(passage->redact, passage->device);

	if (err)
		return err;
	if (!run->presses)
		run->start_ns = run->last_ns = now;
	if (now > run->last_ns)
		run->last_ns = now;
	run->presses++;
	redact_arm(passage->redact, run->last_ns + REDACT_IDLE_NS);
	redact_fate(passage, FATE_MERGED);
	return 0;
}

static int key_press(struct passage *passage, uint16_t code)
{
	struct redact *redact = passage->redact;
	struct redact_device *device = passage->device;
	uint64_t now = passage->packet->time_ns;
	int err = run_end_all(redact);

	if (!err)
		err = key_end(redact, device);
	if (err)
		return err;
	device->key = (struct open_key){
		.open = true,
		.code = code,
		.held = redact_held(redact),
		.start_ns = now,
		.last_ns = now,
	};
	redact_arm(redact, now + REDACT_IDLE_NS);
	redact_fate(passage, FATE_WRITTEN);
	return 0;
}

/* A repeat of a key whose row has ended says nothing that may be kept. */
static void key_repeat(struct passage *passage, uint16_t code)
{
	struct open_key *key = &passage->device->key;

	if (!key->open || key->code != code)
		return;
	key->repeats++;
	if (passage->packet->time_ns > key->last_ns)
		key->last_ns = passage->packet->time_ns;
	redact_fate(passage, FATE_MERGED);
}

static int key_value(struct passage *passage, const struct candor_value *value)
{
	struct redact_device *device = passage->device;
	uint8_t bit = modifier(value->code);
	int err = 0;

	switch (value->value) {
	case 0:
		device->held &= (uint8_t)~bit;
		if (device->key.open && device->key.code == value->code)
			err = key_end(passage->redact, device);
		break;
	case 1:
		err = key_press(passage, value->code);
		device->held |= bit;
		break;
	case 2:
		key_repeat(passage, value->code);
		break;
	}
	return err;
}

int key_values(struct passage *passage)
{
	const struct packet *packet = passage->packet;
	int err = 0;

	for (int i = 0; !err && i < packet->count; i++) {
		const struct candor_value *value = &packet->values[i];

		if (value->type != EV_KEY)
			continue;
		if (value->code == CANDOR_CODE_TEXT)
			err = value->value == 1 ? text_press(passage) : 0;
		else if (is_button(value->code))
			err = pointer_button(passage, value);
		else
			err = key_value(passage, value);
	}
	return err;
}
