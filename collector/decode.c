// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/candor.pb-c.h"

#include "column.h"
#include "decode.h"
#include "merge.h"
#include "wire.h"

#define UNIT_MAX_NS 1000000000u
#define FRAME_TAG 0x0a

struct decode {
	const struct decode_ops *ops;
	void *ctx;
	const char *why;
	bool header, trailer;
	struct level_units units;
	/* Those that rows came of, the last one first in mind. */
	uint32_t device[SEGMENT_DEVICES_MAX];
	size_t devices, last;
};

struct decode *decode_new(const struct decode_ops *ops, void *ctx)
{
	struct decode *decode = calloc(1, sizeof(*decode));

	if (!decode)
		return NULL;
	decode->ops = ops;
	decode->ctx = ctx;
	decode->why = "nothing is wrong";
	return decode;
}

void decode_free(struct decode *decode)
{
	free(decode);
}

const char *decode_why(const struct decode *decode)
{
	return decode->why;
}

bool decode_done(const struct decode *decode)
{
	return decode->trailer;
}

static int refuse(struct decode *decode, int error, const char *why)
{
	decode->why = why;
	return error;
}

/* --- header and trailer */

static bool copy_exactly(uint8_t *to, size_t len, ProtobufCBinaryData from)
{
	if (from.len != len)
		return false;
	memcpy(to, from.data, len);
	return true;
}

static int header_info(struct decode *decode, const Candor__V1__Header *m,
		       struct header_info *info)
{
	if (m->schema != STORED_SCHEMA)
		return refuse(decode, -EBADMSG,
			      "header with a schema this version cannot read");
	if (m->level < CANDOR__V1__LEVEL__LEVEL_TOTALS ||
	    m->level > CANDOR__V1__LEVEL__LEVEL_DEMONSTRATION)
		return refuse(decode, -EBADMSG, "header with unknown level");
	if (!copy_exactly(info->host, sizeof(info->host), m->host) ||
	    !copy_exactly(info->subject, sizeof(info->subject), m->subject) ||
	    !copy_exactly(info->boot, sizeof(info->boot), m->boot) ||
	    !copy_exactly(info->policy, sizeof(info->policy), m->policy))
		return refuse(decode, -EBADMSG,
			      "header with an identifier of wrong length");
	if (!m->anchor)
		return refuse(decode, -EBADMSG, "header without clock anchor");
	if (!m->pointer_unit_ns || m->pointer_unit_ns > UNIT_MAX_NS ||
	    !m->key_unit_ns || m->key_unit_ns > UNIT_MAX_NS)
		return refuse(decode, -EBADMSG,
			      "header with a unit of time out of range");
	info->schema = m->schema;
	info->recorder = m->recorder;
	info->level = (enum level)m->level;
	info->anchor = (struct anchor){
		.monotonic_ns = m->anchor->monotonic_ns,
		.realtime_ns = m->anchor->realtime_ns,
		.boottime_ns = m->anchor->boottime_ns,
	};
	info->layout = m->layout;
	info->expires_at = m->expires_at;
	info->units.pointer_ns = m->pointer_unit_ns;
	info->units.key_ns = m->key_unit_ns;
	info->seq = m->seq;
	return 0;
}

static int take_header(struct decode *decode, const Candor__V1__Header *m)
{
	struct header_info info = {0};
	int r = header_info(decode, m, &info);

	if (r < 0)
		return r;
	decode->header = true;
	decode->units = info.units;
	if (!decode->ops->header)
		return 0;
	return decode->ops->header(&info, decode->ctx);
}

static void ledger_row(const Candor__V1__Ledger *m, struct ledger_row *row)
{
	row->device = m->device;
	row->seen = m->seen;
	row->written = m->written;
	row->merged = m->merged;
	row->suppressed = m->suppressed;
	for (size_t i = 0; i < m->n_lost; i++) {
		unsigned int reason = m->lost[i]->reason;

		/* a reason of a later version is a loss all the same */
		if (reason < LOST_RING_FULL || reason >= LOST_REASONS)
			reason = LOST_UNKNOWN;
		/* no honest sum is as large, and this one never balances */
		if (__builtin_add_overflow(row->lost[reason],
					   m->lost[i]->packets,
					   &row->lost[reason]))
			row->lost[reason] = UINT64_MAX;
	}
	/* counts that are not published are all 0 */
	row->exact = row->seen || row->written || row->merged ||
		     row->suppressed || m->n_lost;
}

static int take_trailer(struct decode *decode, const Candor__V1__Trailer *m)
{
	struct ledger_row *ledger = calloc(m->n_ledger + 1, sizeof(*ledger));
	bool *balanced = calloc(m->n_ledger + 1, sizeof(*balanced));
	struct trailer_info info = {
		.ledger = ledger,
		.balanced = balanced,
		.rows = m->n_ledger,
		.recovered = m->recovered,
		.end_ns = m->end_ns,
	};
	int r = -ENOMEM;

	if (!ledger || !balanced)
		goto out;
	r = -EBADMSG;
	decode->why = "more than 256 devices";
	if (m->n_ledger > SEGMENT_DEVICES_MAX)
		goto out;
	for (size_t i = 0; i < m->n_ledger; i++) {
		ledger_row(m->ledger[i], &ledger[i]);
		balanced[i] = m->ledger[i]->balanced;
	}
	decode->trailer = true;
	r = decode->ops->trailer ? decode->ops->trailer(&info, decode->ctx) : 0;
out:
	free(balanced);
	free(ledger);
	return r;
}

/* --- frames */

static int note_device(struct decode *decode, uint32_t device)
{
	if (decode->devices && decode->device[decode->last] == device)
		return 0;
	for (size_t i = 0; i < decode->devices; i++)
		if (decode->device[i] == device) {
			decode->last = i;
			return 0;
		}
	if (decode->devices == SEGMENT_DEVICES_MAX)
		return refuse(decode, -EBADMSG, "more than 256 devices");
	decode->last = decode->devices;
	decode->device[decode->devices++] = device;
	return 0;
}

static int take_row(const struct row *row, void *ctx)
{
	struct decode *decode = ctx;
	int r = 0;

	if (row->kind != ROW_GAP && row->kind != ROW_ANCHOR)
		r = note_device(decode, row->device);
	if (!r && decode->ops->row)
		r = decode->ops->row(row, decode->ctx);
	return r;
}

static int take_batch(struct decode *decode, const Candor__V1__Batch *m)
{
	return merge_batch(m, decode->units, take_row, decode, &decode->why);
}

static int take_frame(struct decode *decode, const Candor__V1__Frame *frame)
{
	int set = !!frame->header + !!frame->batch + !!frame->trailer;

	if (set > 1)
		return refuse(decode, -EBADMSG,
			      "a frame with more than one content");
	if (decode->trailer)
		return refuse(decode, -EBADMSG, "a frame after the trailer");
	if (!decode->header && !frame->header)
		return refuse(decode, -EBADMSG, "a frame before the header");
	if (decode->header && frame->header)
		return refuse(decode, -EBADMSG, "a second header");
	if (frame->header)
		return take_header(decode, frame->header);
	if (frame->batch)
		return take_batch(decode, frame->batch);
	if (frame->trailer)
		return take_trailer(decode, frame->trailer);
	return 0; /* of a later version */
}

static int parse_frame(struct decode *decode, const uint8_t *data, size_t len)
{
	size_t elements = FRAME_ELEMENTS_MAX;
	Candor__V1__Frame *frame;
	int r = wire_check(&candor__v1__frame__descriptor, data, len,
			   &elements);

	if (r < 0)
		return refuse(decode, r,
			      r == -EFBIG ? "a frame of too many parts"
					  : "a frame that is not protobuf");
	frame = candor__v1__frame__unpack(NULL, len, data);
	if (!frame)
		return refuse(decode, -EBADMSG,
			      "a frame that is not of the schema");
	r = take_frame(decode, frame);
	candor__v1__frame__free_unpacked(frame, NULL);
	return r;
}

ssize_t decode_frame(struct decode *decode, const uint8_t *data, size_t len)
{
	uint64_t size;
	ssize_t n;
	int r;

	if (!len)
		return 0;
	if (data[0] != FRAME_TAG)
		return refuse(decode, -EBADMSG, "bytes that are no frame");
	n = wire_varint(data + 1, len - 1, &size);
	if (n < 0)
		return refuse(decode, -EBADMSG, "a frame without length");
	if (!n)
		return 0;
	if (size > FRAME_MAX)
		return refuse(decode, -EFBIG, "a frame larger than 4 MiB");
	if (size > len - 1 - (size_t)n)
		return 0;
	r = parse_frame(decode, data + 1 + n, (size_t)size);
	return r ? r : 1 + n + (ssize_t)size;
}

int decode_segment(const uint8_t *frames, size_t len,
		   const struct decode_ops *ops, void *ctx)
{
	struct decode *decode = decode_new(ops, ctx);
	ssize_t n = 1;
	int r;

	if (!decode)
		return -errno;
	while (len && n > 0) {
		n = decode_frame(decode, frames, len);
		if (n <= 0)
			break;
		frames += n;
		len -= (size_t)n;
	}
	r = n < 0 ? (int)n : len || !decode->trailer ? -ENODATA : 0;
	decode_free(decode);
	return r;
}
