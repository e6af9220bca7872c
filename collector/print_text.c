// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/input-event-codes.h>
#include <string.h>
#include <time.h>

#include "names.h"
#include "print_impl.h"

#define NS_PER_S 1000000000
#define WHEN_TEXT 64

static int written(const struct print_state *state)
{
	return ferror(state->file) ? -EPIPE : 0;
}

/* Local time with @digits of a second. */
static const char *when(int64_t realtime_ns, int digits, char text[WHEN_TEXT])
{
	int64_t ns = realtime_ns % NS_PER_S;
	time_t seconds = (time_t)(realtime_ns / NS_PER_S);
	struct tm tm;
	size_t n = 0;

	if (ns < 0) {
		ns += NS_PER_S;
		seconds--;
	}
	if (localtime_r(&seconds, &tm))
		n = strftime(text, WHEN_TEXT, "%Y-%m-%d %H:%M:%S", &tm);
	if (!n)
		n = (size_t)snprintf(text, WHEN_TEXT, "%" PRId64,
				     (int64_t)seconds);
	if (digits)
		snprintf(text + n, WHEN_TEXT - n, ".%0*" PRId64, digits,
			 ns / (digits == 3 ? 1000000 : 1000));
	return text;
}

static const char *row_when(const struct print_state *state, uint64_t time_ns,
			    char text[WHEN_TEXT])
{
	return when(print_realtime(state, time_ns),
		    state->level == LEVEL_DEMONSTRATION ? 6 : 3, text);
}

/* What a file says must not steer a terminal. */
static void put_clean(const struct print_state *state, const char *text)
{
	for (; *text; text++)
		fputc(isprint((unsigned char)*text) ? *text : '?', state->file);
}

static void put_hex(const struct print_state *state, const uint8_t *data,
		    size_t len)
{
	for (size_t i = 0; i < len; i++)
		fprintf(state->file, "%02x", data[i]);
}

int text_header(const struct print_state *state, const struct header_info *info)
{
	FILE *file = state->file;
	char text[WHEN_TEXT];
	int64_t expires = (int64_t)(info->expires_at * (uint64_t)NS_PER_S);

	fprintf(file, "# segment %" PRIu64 ", level %s, boot ", info->seq,
		level_name(info->level));
	put_hex(state, info->boot, 4);
	fputs(", by ", file);
	put_clean(state, info->recorder);
	fputs(", layout ", file);
	put_clean(state, *info->layout ? info->layout : "unknown");
	fprintf(file, ", expires %s\n", when(expires, 0, text));
	return written(state);
}

static void put_held(const struct print_state *state, uint8_t held)
{
	for (int bit = 0; bit < 8; bit++)
		if (held & 1 << bit)
			fprintf(state->file, " [%s]", print_modifier(bit));
}

static void put_value(const struct print_state *state,
		      const struct candor_value *value)
{
	static const char *const does[] = {"up", "down", "repeat"};
	char type[NAMES_TEXT], code[NAMES_TEXT];
	const char *name = names_code(value->type, value->code, code);

	if (value->type == EV_KEY && value->value >= 0 && value->value <= 2)
		fprintf(state->file, "%s %s", name, does[value->value]);
	else if (value->type == EV_REL)
		fprintf(state->file, "%s %+" PRId32, name, value->value);
	else if (isdigit((unsigned char)*name))
		fprintf(state->file, "%s %s %" PRId32,
			names_type(value->type, type), name, value->value);
	else
		fprintf(state->file, "%s %" PRId32, name, value->value);
}

static void put_packet(const struct print_state *state, const struct row *row)
{
	for (uint16_t i = 0; i < row->packet.count; i++) {
		fputs(i ? ", " : "", state->file);
		put_value(state, &row->packet.values[i]);
	}
	if (!row->packet.count)
		fputs("no values", state->file);
}

static void put_device(const struct print_state *state,
		       const struct device *device)
{
	const char *bus = print_bus(device->bus);
	FILE *file = state->file;
	char text[NAMES_TEXT];

	if (bus)
		fputs(bus, file);
	else
		fprintf(file, "bus %u", device->bus);
	fprintf(file, " %04x:%04x", device->vendor, device->product);
	for (int bit = 0; print_device_kind(bit); bit++)
		if (device->kind & 1 << bit)
			fprintf(file, " %s", print_device_kind(bit));
	if (device->is_virtual)
		fputs(", made by a program", file);
	for (int i = 0; i < device->axes; i++)
		fprintf(file, ", %s %" PRId32 "..%" PRId32,
			names_code(EV_ABS, device->axis[i].code, text),
			device->axis[i].min, device->axis[i].max);
}

static void put_length(const struct print_state *state, uint8_t length)
{
	if (length >= 32)
		fputs("text run, 32 keys or more", state->file);
	else if (length == 1)
		fputs("text run, 1 to 3 keys", state->file);
	else
		fprintf(state->file, "text run, %u to %u keys", length,
			2u * length - 1);
}

static void put_gap(const struct print_state *state, const struct row *row)
{
	uint64_t ns_per_min = 60ull * NS_PER_S;
	char text[WHEN_TEXT];

	fprintf(state->file, "until %s, %s",
		when((int64_t)((uint64_t)row->gap.end_min * ns_per_min), 0,
		     text),
		print_gap(row->gap.why));
}

static double seconds(uint64_t ns)
{
	return (double)ns / NS_PER_S;
}

static void put_content(const struct print_state *state, const struct row *row)
{
	FILE *file = state->file;
	char code[NAMES_TEXT];

	switch (row->kind) {
	case ROW_MOTION:
		fprintf(file, "%+" PRId32 " %+" PRId32, row->motion.dx,
			row->motion.dy);
		break;
	case ROW_POSITION:
		fprintf(file, "%" PRId32 " %" PRId32, row->position.x,
			row->position.y);
		break;
	case ROW_BUTTON:
		fprintf(file, "%s %s",
			names_code(EV_KEY, row->button.code, code),
			row->button.down ? "down" : "up");
		break;
	case ROW_WHEEL:
		fprintf(file, "vertical %+" PRId32 " horizontal %+" PRId32,
			row->wheel.vertical, row->wheel.horizontal);
		break;
	case ROW_KEY:
		fputs(names_code(EV_KEY, row->key.code, code), file);
		if (row->key.repeats)
			fprintf(file, ", repeated %u times or more",
				row->key.repeats);
		break;
	case ROW_TEXT:
		put_length(state, row->text.length);
		fprintf(file, " in %.2f s", seconds(row->text.duration_ns));
		break;
	case ROW_TOUCH:
		fprintf(file, "row %d column %d of 8, %u at once, %.2f s",
			row->touch.cell / 8, row->touch.cell % 8,
			row->touch.contacts, seconds(row->touch.duration_ns));
		break;
	case ROW_PACKET:
		put_packet(state, row);
		break;
	case ROW_DEVICE:
		put_device(state, row->device_info);
		break;
	case ROW_REMOVED:
		fputs("gone", file);
		break;
	case ROW_ANCHOR:
		fprintf(file,
			"monotonic %" PRIu64 " realtime %" PRId64
			" boottime %" PRId64,
			row->time_ns, row->anchor.realtime_ns,
			row->anchor.boottime_ns);
		break;
	case ROW_GAP:
		put_gap(state, row);
		break;
	}
}

int text_row(const struct print_state *state, const struct row *row)
{
	uint64_t ns_per_min = 60ull * NS_PER_S;
	char time[WHEN_TEXT], device[16];

	if (row->kind == ROW_GAP)
		when((int64_t)((uint64_t)row->gap.start_min * ns_per_min), 0,
		     time);
	else
		row_when(state, row->time_ns, time);
	if (row->kind == ROW_GAP || row->kind == ROW_ANCHOR)
		strcpy(device, "-");
	else
		snprintf(device, sizeof(device), "input%" PRIu32, row->device);
	fprintf(state->file, "%s  %-8s %-8s  ", time, device,
		print_kind(row->kind));
	put_content(state, row);
	put_held(state, row->held);
	fputc('\n', state->file);
	return written(state);
}

static void put_ledger(const struct print_state *state,
		       const struct ledger_row *row, bool balanced)
{
	FILE *file = state->file;

	fprintf(file, "# input%" PRIu32 ": ", row->device);
	if (row->exact) {
		fprintf(file,
			"seen %" PRIu64 " = written %" PRIu64
			" + merged %" PRIu64 " + suppressed %" PRIu64,
			row->seen, row->written, row->merged, row->suppressed);
		for (int i = LOST_RING_FULL; i < LOST_REASONS; i++)
			if (row->lost[i])
				fprintf(file, " + lost %" PRIu64 " (%s)",
					row->lost[i],
					print_lost((enum lost_reason)i));
		fputs(", ", file);
	}
	fputs(balanced ? "balanced\n" : "NOT balanced\n", file);
}

int text_trailer(const struct print_state *state,
		 const struct trailer_info *info)
{
	char text[WHEN_TEXT];

	for (size_t i = 0; i < info->rows; i++)
		put_ledger(state, &info->ledger[i], info->balanced[i]);
	fprintf(state->file, "# end at %s%s\n",
		row_when(state, info->end_ns, text),
		info->recovered ? ", recovered after a crash" : "");
	return written(state);
}
