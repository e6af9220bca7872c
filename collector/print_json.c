// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <json-c/json.h>
#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "print_impl.h"

typedef struct json_object json;

static void add(json *to, const char *key, json *value)
{
	json_object_object_add(to, key, value);
}

static void add_int(json *to, const char *key, int64_t value)
{
	add(to, key, json_object_new_int64(value));
}

static void add_uint(json *to, const char *key, uint64_t value)
{
	add(to, key, json_object_new_uint64(value));
}

static void add_text(json *to, const char *key, const char *text)
{
	add(to, key, json_object_new_string(text));
}

static void add_bool(json *to, const char *key, bool value)
{
	add(to, key, json_object_new_boolean(value));
}

/* A file may hold bytes that are no UTF-8, and JSON may not. */
static void add_clean(json *to, const char *key, const char *text)
{
	char *copy = strdup(text);

	for (char *at = copy; at && *at; at++)
		if (!isprint((unsigned char)*at))
			*at = '?';
	add_text(to, key, copy ? copy : "");
	free(copy);
}

static void add_hex(json *to, const char *key, const uint8_t *data, size_t len)
{
	char text[65];

	for (size_t i = 0; i < len; i++)
		sprintf(text + 2 * i, "%02x", data[i]);
	add_text(to, key, text);
}

/* One line; the object is gone afterwards. */
static int put(const struct print_state *state, json *object)
{
	const char *text = json_object_to_json_string_ext(
		object,
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	int r = text ? 0 : -ENOMEM;

	if (text &&
	    (fputs(text, state->file) < 0 || fputc('\n', state->file) < 0))
		r = -EPIPE;
	json_object_put(object);
	return r;
}

static json *new_line(const char *kind)
{
	json *line = json_object_new_object();

	add_text(line, "kind", kind);
	return line;
}

int json_header(const struct print_state *state, const struct header_info *info)
{
	json *line = new_line("header"), *anchor = json_object_new_object();

	add_uint(line, "schema", info->schema);
	add_uint(line, "seq", info->seq);
	add_text(line, "level", level_name(info->level));
	add_clean(line, "recorder", info->recorder);
	add_clean(line, "layout", info->layout);
	add_hex(line, "host", info->host, sizeof(info->host));
	add_hex(line, "subject", info->subject, sizeof(info->subject));
	add_hex(line, "boot", info->boot, sizeof(info->boot));
	add_hex(line, "policy", info->policy, sizeof(info->policy));
	add_uint(line, "expires_at", info->expires_at);
	add_uint(line, "pointer_unit_ns", info->units.pointer_ns);
	add_uint(line, "key_unit_ns", info->units.key_ns);
	add_uint(anchor, "monotonic_ns", info->anchor.monotonic_ns);
	add_int(anchor, "realtime_ns", info->anchor.realtime_ns);
	add_uint(anchor, "boottime_ns", info->anchor.boottime_ns);
	add(line, "anchor", anchor);
	return put(state, line);
}

static void add_held(json *line, uint8_t held)
{
	json *names;

	if (!held)
		return;
	names = json_object_new_array();
	for (int bit = 0; bit < 8; bit++)
		if (held & 1 << bit)
			json_object_array_add(
				names,
				json_object_new_string(print_modifier(bit)));
	add(line, "held", names);
}

static void add_code(json *line, uint16_t code)
{
	char text[NAMES_TEXT];

	add_uint(line, "code", code);
	add_text(line, "name", names_code(EV_KEY, code, text));
}

/* The packet as the device sent it, at `demonstration`. */
static void add_values(json *line, const struct print_state *state,
		       const struct row *row)
{
	struct candor_value room[2];
	const struct candor_value *values;
	uint16_t n = print_values(state, row, room, &values);
	json *array = json_object_new_array();

	for (uint16_t i = 0; i < n; i++) {
		json *value = json_object_new_object();
		char text[NAMES_TEXT];

		add_uint(value, "type", values[i].type);
		add_uint(value, "code", values[i].code);
		add_int(value, "value", values[i].value);
		add_text(value, "name",
			 names_code(values[i].type, values[i].code, text));
		json_object_array_add(array, value);
	}
	add(line, "values", array);
}

static void add_device(json *line, const struct device *device)
{
	json *kinds = json_object_new_array(), *axes = json_object_new_array();
	char text[NAMES_TEXT];

	add_uint(line, "bus", device->bus);
	add_uint(line, "vendor", device->vendor);
	add_uint(line, "product", device->product);
	add_uint(line, "version", device->version);
	add_uint(line, "prop", device->prop);
	add_bool(line, "virtual", device->is_virtual);
	for (int bit = 0; print_device_kind(bit); bit++)
		if (device->kind & 1 << bit)
			json_object_array_add(
				kinds,
				json_object_new_string(print_device_kind(bit)));
	add(line, "kinds", kinds);
	for (int i = 0; i < device->axes; i++) {
		const struct device_axis *axis = &device->axis[i];
		json *object = json_object_new_object();

		add_text(object, "name", names_code(EV_ABS, axis->code, text));
		add_uint(object, "code", axis->code);
		add_int(object, "resolution", axis->resolution);
		add_int(object, "min", axis->min);
		add_int(object, "max", axis->max);
		json_object_array_add(axes, object);
	}
	add(line, "axes", axes);
}

static void add_content(json *line, const struct print_state *state,
			const struct row *row)
{
	switch (row->kind) {
	case ROW_MOTION:
		add_int(line, "dx", row->motion.dx);
		add_int(line, "dy", row->motion.dy);
		return;
	case ROW_POSITION:
		add_int(line, "x", row->position.x);
		add_int(line, "y", row->position.y);
		return;
	case ROW_BUTTON:
		add_code(line, row->button.code);
		add_bool(line, "down", row->button.down);
		return;
	case ROW_WHEEL:
		add_int(line, "vertical", row->wheel.vertical);
		add_int(line, "horizontal", row->wheel.horizontal);
		return;
	case ROW_KEY:
		add_code(line, row->key.code);
		add_uint(line, "repeats", row->key.repeats);
		return;
	case ROW_TEXT:
		add_uint(line, "length", row->text.length);
		add_uint(line, "duration_ns", row->text.duration_ns);
		return;
	case ROW_TOUCH:
		add_uint(line, "cell", row->touch.cell);
		add_uint(line, "contacts", row->touch.contacts);
		add_uint(line, "duration_ns", row->touch.duration_ns);
		return;
	case ROW_DEVICE:
		add_device(line, row->device_info);
		return;
	case ROW_ANCHOR:
		add_int(line, "boottime_ns", row->anchor.boottime_ns);
		return;
	case ROW_GAP:
		add_int(line, "start_min", row->gap.start_min);
		add_int(line, "end_min", row->gap.end_min);
		add_text(line, "class", print_gap(row->gap.why));
		return;
	case ROW_PACKET:
	case ROW_REMOVED:
		return;
	}
}

static bool is_packet(const struct print_state *state, const struct row *row)
{
	return state->level == LEVEL_DEMONSTRATION &&
	       (row->kind == ROW_PACKET || row->kind == ROW_MOTION ||
		row->kind == ROW_POSITION);
}

int json_row(const struct print_state *state, const struct row *row)
{
	json *line = new_line(print_kind(row->kind));

	if (row->kind != ROW_ANCHOR && row->kind != ROW_GAP)
		add_uint(line, "device", row->device);
	if (row->kind != ROW_GAP) {
		add_uint(line, "monotonic_ns", row->time_ns);
		add_int(line, "realtime_ns",
			print_realtime(state, row->time_ns));
	}
	if (row->seq)
		add_uint(line, "seq", row->seq);
	add_content(line, state, row);
	add_held(line, row->held);
	if (is_packet(state, row))
		add_values(line, state, row);
	return put(state, line);
}

static json *ledger_object(const struct ledger_row *row, bool balanced)
{
	json *object = json_object_new_object(), *lost;

	add_uint(object, "device", row->device);
	add_bool(object, "balanced", balanced);
	if (!row->exact)
		return object;
	add_uint(object, "seen", row->seen);
	add_uint(object, "written", row->written);
	add_uint(object, "merged", row->merged);
	add_uint(object, "suppressed", row->suppressed);
	lost = json_object_new_object();
	for (int i = LOST_RING_FULL; i < LOST_REASONS; i++)
		add_uint(lost, print_lost((enum lost_reason)i), row->lost[i]);
	add(object, "lost", lost);
	return object;
}

int json_trailer(const struct print_state *state,
		 const struct trailer_info *info)
{
	json *line = new_line("trailer"), *ledger = json_object_new_array();

	add_bool(line, "recovered", info->recovered);
	add_uint(line, "end_ns", info->end_ns);
	for (size_t i = 0; i < info->rows; i++)
		json_object_array_add(ledger, ledger_object(&info->ledger[i],
							    info->balanced[i]));
	add(line, "ledger", ledger);
	return put(state, line);
}
