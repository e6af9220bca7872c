// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <linux/input-event-codes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classes.h"
#include "column.h"
#include "encode.h"
#include "print.h"
#include "reader.h"
#include "verify.h"

#define CHORD (CANDOR_LEFTCTRL | CANDOR_LEFTALT | CANDOR_LEFTMETA)
#define CTRL (CANDOR_LEFTCTRL | CANDOR_RIGHTCTRL)
#define ALT (CANDOR_LEFTALT | CANDOR_RIGHTALT)

static const uint8_t class_of[KEY_CNT] = {
#include "classes.def"
};

struct seen {
	uint32_t device;
	bool rows; /* has any */
	bool keyboard;
	bool ledger;
	uint64_t last, written; /* by the sequences */
};

struct verify {
	struct verify_report *report;
	struct seen *seen;
	size_t count, cap, cap_missing;
};

/* The first complaint stays; it stops the reading. */
__attribute__((format(printf, 2, 3))) static int wrong(struct verify *verify,
						       const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(verify->report->what, VERIFY_WHAT, format, args);
	va_end(args);
	return -EPROTO;
}

static struct seen *seen_of(struct verify *verify, uint32_t device)
{
	struct seen *seen;

	for (size_t i = 0; i < verify->count; i++)
		if (verify->seen[i].device == device)
			return &verify->seen[i];
	if (column_grow(&verify->seen, &verify->cap, verify->count + 1,
			sizeof(*seen)) < 0)
		return NULL;
	seen = &verify->seen[verify->count++];
	*seen = (struct seen){.device = device};
	return seen;
}

/* --- header */

static int on_header(const struct header_info *info, void *ctx)
{
	struct verify *verify = ctx;
	struct level_units units = level_units(info->level);

	verify->report->header = true;
	verify->report->level = info->level;
	verify->report->seq = info->seq;
	if (info->units.pointer_ns < units.pointer_ns ||
	    info->units.key_ns < units.key_ns)
		return wrong(verify, "times are finer than level %s allows",
			     level_name(info->level));
	if (info->anchor.monotonic_ns % GRID_NS)
		return wrong(verify, "the header's anchor is not on the grid");
	return 0;
}

/* --- rows against the level */

static uint8_t key_class(uint16_t code)
{
	return code < KEY_CNT ? class_of[code] : (uint8_t)CLASS_TEXT;
}

/* As the program in the kernel has it, as far as one row can tell. */
static bool may_be_chord(uint8_t held)
{
	return held & CHORD && !(held & CANDOR_RIGHTALT) &&
	       !(held & CTRL && held & ALT);
}

static bool is_bucket(uint8_t n, bool zero)
{
	return n == 1 || n == 4 || n == 8 || n == 16 || n == 32 || (zero && !n);
}

static int check_content(struct verify *verify, const struct row *row)
{
	if (row->kind == ROW_KEY && key_class(row->key.code) == CLASS_TEXT &&
	    !may_be_chord(row->held))
		return wrong(verify,
			     "input%" PRIu32 ": a text key outside a chord",
			     row->device);
	if (row->kind == ROW_BUTTON &&
	    key_class(row->button.code) != CLASS_BUTTON)
		return wrong(verify, "input%" PRIu32 ": a button that is a key",
			     row->device);
	if ((row->kind == ROW_KEY && !is_bucket(row->key.repeats, true)) ||
	    (row->kind == ROW_TEXT && !is_bucket(row->text.length, false)))
		return wrong(verify,
			     "input%" PRIu32 ": a count that is no bucket",
			     row->device);
	return 0;
}

/* What else a device says (scan codes, switches, lamps) is never stored. */
static int check_packet(struct verify *verify, const struct row *row)
{
	for (uint16_t i = 0; i < row->packet.count; i++) {
		const struct candor_value *value = &row->packet.values[i];

		if (value->type == EV_KEY || value->type == EV_REL ||
		    value->type == EV_ABS ||
		    (value->type == EV_SYN && value->code == SYN_MT_REPORT))
			continue;
		return wrong(verify,
			     "input%" PRIu32 ": a value of type %u, which is "
			     "never stored",
			     row->device, value->type);
	}
	return 0;
}

static int add_missing(struct verify *verify, uint32_t device, uint64_t first,
		       uint64_t last)
{
	struct verify_report *report = verify->report;

	report->runs++;
	report->packets_missing += last - first + 1;
	if (report->runs_kept == VERIFY_RUNS)
		return 0;
	if (column_grow(&report->missing, &verify->cap_missing,
			report->runs_kept + 1, sizeof(*report->missing)) < 0)
		return -ENOMEM;
	report->missing[report->runs_kept++] =
		(struct verify_missing){device, first, last};
	return 0;
}

static int check_seq(struct verify *verify, struct seen *seen,
		     const struct row *row)
{
	bool exact = verify->report->level == LEVEL_DEMONSTRATION;
	int r = 0;

	if (row->seq < seen->last || (exact && row->seq == seen->last))
		return wrong(verify,
			     "input%" PRIu32 ": packet %" PRIu64
			     " after %" PRIu64,
			     row->device, row->seq, seen->last);
	if (row->seq == seen->last)
		return 0;
	if (seen->written && row->seq > seen->last + 1)
		r = add_missing(verify, row->device, seen->last + 1,
				row->seq - 1);
	seen->last = row->seq;
	seen->written++;
	return r;
}

static bool is_input(enum row_kind kind)
{
	return kind != ROW_DEVICE && kind != ROW_REMOVED &&
	       kind != ROW_ANCHOR && kind != ROW_GAP;
}

static int check_input(struct verify *verify, const struct row *row)
{
	enum level level = verify->report->level;
	bool numbered = level >= LEVEL_TIMING && row->kind != ROW_TOUCH;
	struct seen *seen = seen_of(verify, row->device);

	if (!seen)
		return -ENOMEM;
	verify->report->devices += !seen->rows;
	seen->rows = true;
	if (numbered != !!row->seq)
		return wrong(verify,
			     numbered ? "input%" PRIu32 ": a row without its "
					"packet's number"
				      : "input%" PRIu32 ": a packet's number, "
					"which the level does not store",
			     row->device);
	if (row->kind == ROW_PACKET && check_packet(verify, row) < 0)
		return -EPROTO;
	if (numbered)
		return check_seq(verify, seen, row);
	return check_content(verify, row);
}

static int on_row(const struct row *row, void *ctx)
{
	struct verify *verify = ctx;
	struct seen *seen;

	verify->report->rows++;
	if (!encode_stores(verify->report->level, row->kind))
		return wrong(verify, "a %s, which level %s does not store",
			     print_kind(row->kind),
			     level_name(verify->report->level));
	if (is_input(row->kind))
		return check_input(verify, row);
	if (row->kind != ROW_DEVICE)
		return 0;
	seen = seen_of(verify, row->device);
	if (!seen)
		return -ENOMEM;
	seen->keyboard = row->device_info->kind & CANDOR_KIND_KEYBOARD;
	return 0;
}

/* --- the ledger */

static int check_ledger(struct verify *verify, const struct ledger_row *row,
			bool balanced)
{
	bool numbered = verify->report->level >= LEVEL_TIMING;
	struct seen *seen = seen_of(verify, row->device);

	if (!seen)
		return -ENOMEM;
	if (seen->ledger)
		return wrong(verify, "input%" PRIu32 ": two ledgers",
			     row->device);
	seen->ledger = true;
	if (!balanced)
		return wrong(verify,
			     "input%" PRIu32 ": the recorder's ledger did not "
			     "balance",
			     row->device);
	if (!ledger_row_balances(row))
		return wrong(verify,
			     "input%" PRIu32 ": the ledger does not balance",
			     row->device);
	if (row->exact && !numbered && seen->keyboard)
		return wrong(verify,
			     "input%" PRIu32 ": a count of a keyboard, which "
			     "the level does not store",
			     row->device);
	if (numbered && row->written != seen->written)
		return wrong(verify,
			     "input%" PRIu32 ": the ledger has %" PRIu64
			     " packets written, the rows have %" PRIu64,
			     row->device, row->written, seen->written);
	return 0;
}

/* A recovered segment knows of the devices whose packets are numbered only. */
static int check_accounted(struct verify *verify)
{
	for (size_t i = 0; i < verify->count; i++) {
		const struct seen *seen = &verify->seen[i];

		if (seen->rows && !seen->ledger &&
		    (seen->written || !verify->report->recovered))
			return wrong(verify,
				     "input%" PRIu32 ": rows without a ledger",
				     seen->device);
	}
	return 0;
}

static int on_trailer(const struct trailer_info *info, void *ctx)
{
	struct verify *verify = ctx;
	int r = 0;

	verify->report->recovered = info->recovered;
	for (size_t i = 0; !r && i < info->rows; i++)
		r = check_ledger(verify, &info->ledger[i], info->balanced[i]);
	if (!r)
		r = check_accounted(verify);
	if (!r && info->end_ns % GRID_NS)
		r = wrong(verify, "the segment's end is not on the grid");
	return r;
}

static const struct reader_ops ops = {
	.decode = {on_header, on_row, on_trailer},
};

int verify_file(int fd, struct verify_report *report)
{
	struct verify verify = {.report = report};
	const char *why;
	int r;

	*report = (struct verify_report){0};
	r = reader_all(fd, &ops, &verify, &why, &report->offset);
	free(verify.seen);
	switch (r) {
	case 0:
		report->ok = true;
		return 0;
	case -EPROTO:
		return 0;
	case -EAGAIN:
	case -EBADMSG:
	case -EFBIG:
		snprintf(report->what, VERIFY_WHAT, "%s", why);
		return 0;
	}
	verify_report_free(report);
	return r;
}

void verify_report_free(struct verify_report *report)
{
	free(report->missing);
	*report = (struct verify_report){0};
}
