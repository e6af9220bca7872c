// SPDX-License-Identifier: GPL-2.0-only
#include "pipeline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bytes.h"
#include "encode.h"
#include "hold.h"
#include "redact.h"
#include "source.h"

#define NS_PER_MIN (60 * (int64_t)NS_PER_SEC)

/* Reasons at which a segment ends; a shield is too short to end one. */
#define SEALING_REASONS                                                \
	(CANDOR_PAUSE | CANDOR_SUSPEND | CANDOR_SESSION | CANDOR_EXEMPT | \
	 CANDOR_SUBJECT | CANDOR_POLICY | CANDOR_DISK | CANDOR_POWER)

struct pipeline {
	struct pipeline_options options;
	struct source *source;
	struct hold *hold;
	struct ledger *ledger;
	struct redact *redact;
	struct encode *encode;
	struct bytes out;
	struct moment now; /* of the call that is under way */
	struct pipeline_news news;
	uint64_t held_until_ns; /* CLOCK_MONOTONIC */
	uint64_t segment_since_ns; /* CLOCK_MONOTONIC; 0: none is open */
	struct ledger_row totals; /* of the segments sealed so far */
	/* A gap that the next row will follow; CLOCK_BOOTTIME, 0: none. */
	uint64_t gap_start_ns, gap_end_ns;
	bool gap_slept;
};

/* --- from the ring into the hold */

static int push(struct pipeline *pipeline, const struct hold_item *item)
{
	return hold_push(pipeline->hold, item, pipeline->now.monotonic_ns);
}

static int on_packet(const struct packet *packet, void *ctx)
{
	const struct hold_item item = { .kind = HOLD_PACKET,
					.packet = *packet };
	struct pipeline *pipeline = ctx;

	/* By now at the latest, whatever a driver's stamp says. */
	pipeline->held_until_ns = pipeline->now.monotonic_ns + HOLD_AGE_NS;
	return push(pipeline, &item);
}

static int settle_device(struct pipeline *pipeline, uint32_t device,
			 bool drained)
{
	struct hold_item item = { .kind = HOLD_TAIL, .tail.device = device };
	struct candor_device_state state;
	int ret = capture_device(pipeline->options.capture, device, &state);

	/* Not tracked: the program had no room for it. */
	if (ret)
		return 0;
	ret = source_settle(pipeline->source, device, &state, drained,
			    &item.tail.gap);
	if (ret == -EAGAIN || ret == -ENOENT)
		return 0;
	if (ret)
		return ret;
	item.tail.seq = state.seq;
	return push(pipeline, &item);
}

static int settle_at_gate(uint32_t device, void *ctx)
{
	return settle_device(ctx, device, false);
}

static int settle_at_stop(uint32_t device, void *ctx)
{
	return settle_device(ctx, device, true);
}

static int on_device(const struct device *device,
		     enum candor_device_event event, void *ctx)
{
	struct pipeline *pipeline = ctx;
	struct device info = *device; /* settling may let go of the original */
	const struct hold_item item = {
		.kind = HOLD_DEVICE,
		.device = { .device = &info, .event = event },
	};
	int ret = 0;

	if (event == CANDOR_DEVICE_REMOVED) {
		ret = settle_device(pipeline, info.id, true);
		source_forget(pipeline->source, info.id);
		capture_device_gone(pipeline->options.capture, info.id);
	}
	return ret ? ret : push(pipeline, &item);
}

static int on_gate(uint32_t old_mask, uint32_t new_mask, uint64_t boottime_ns,
		   void *ctx)
{
	struct pipeline *pipeline = ctx;
	const struct hold_item item = {
		.kind = HOLD_GATE,
		.gate = { old_mask, new_mask, boottime_ns },
	};
	int ret = 0;

	if (old_mask == new_mask)
		pipeline->news.woke_up = true;
	pipeline->news.gate_changed = true;
	if (!old_mask)
		ret = source_devices(pipeline->source, settle_at_gate,
				     pipeline);
	return ret ? ret : push(pipeline, &item);
}

static const struct source_ops source_ops = {
	.packet = on_packet,
	.device = on_device,
	.gate = on_gate,
};

static int on_record(const void *record, size_t len, void *ctx)
{
	struct pipeline *pipeline = ctx;

	return source_record(pipeline->source, record, len);
}

int pipeline_drain(struct pipeline *pipeline, struct moment now,
		   struct pipeline_news *news)
{
	int ret;

	pipeline->now = now;
	pipeline->news = (struct pipeline_news){ 0 };
	ret = capture_drain(pipeline->options.capture, on_record, pipeline);
	if (!ret)
		hold_arrived_after(pipeline->hold, now.monotonic_ns);
	*news = pipeline->news;
	return ret;
}

int pipeline_settle(struct pipeline *pipeline, struct moment now)
{
	pipeline->now = now;
	source_gate_closed(pipeline->source);
	return source_devices(pipeline->source, settle_at_stop, pipeline);
}

/* --- from the hold to the disk */

/* On the grid, so that it does not tell when somebody began to type. */
static struct anchor anchor_of(struct moment now)
{
	uint64_t past = now.monotonic_ns % GRID_NS;

	return (struct anchor){
		.monotonic_ns = now.monotonic_ns - past,
		.realtime_ns = now.realtime_ns - (int64_t)past,
		.boottime_ns = now.boottime_ns - past,
	};
}

static int begin_segment(struct pipeline *pipeline)
{
	struct header_info header = {
		.level = pipeline->options.level,
		.anchor = anchor_of(pipeline->now),
	};
	int ret;

	if (pipeline->segment_since_ns)
		return 0;
	ret = pipeline->options.identify(&header, pipeline->options.ctx);
	if (!ret)
		ret = spool_begin(pipeline->options.spool, &header);
	if (!ret)
		pipeline->segment_since_ns = pipeline->now.monotonic_ns;
	return ret;
}

/* One frame of what encode holds; not yet on disk. */
static int write_batch(struct pipeline *pipeline)
{
	int ret;

	if (encode_empty(pipeline->encode))
		return 0;
	ret = begin_segment(pipeline);
	if (ret)
		return ret;
	pipeline->out.len = 0;
	ret = encode_batch(pipeline->encode, &pipeline->out);
	if (ret)
		return ret;
	return spool_append(pipeline->options.spool, pipeline->out.data,
			    pipeline->out.len);
}

static int add_row(struct pipeline *pipeline, const struct row *row)
{
	int ret = encode_row(pipeline->encode, row);

	if (ret != -ENOBUFS)
		return ret;
	ret = write_batch(pipeline);
	return ret ? ret : encode_row(pipeline->encode, row);
}

/* Outwards to the minute: exact times of a pause are nobody's business. */
static int add_gap(struct pipeline *pipeline)
{
	int64_t offset = pipeline->now.realtime_ns -
			 (int64_t)pipeline->now.boottime_ns;
	int64_t start = (int64_t)pipeline->gap_start_ns + offset;
	int64_t end = (int64_t)pipeline->gap_end_ns + offset;
	const struct row row = {
		.kind = ROW_GAP,
		.time_ns = pipeline->now.monotonic_ns,
		.gap = {
			.start_min = start / NS_PER_MIN,
			.end_min = (end + NS_PER_MIN - 1) / NS_PER_MIN,
			.why = pipeline->gap_slept ? GAP_SUSPENDED :
						     GAP_BLOCKED,
		},
	};

	pipeline->gap_start_ns = pipeline->gap_end_ns = 0;
	pipeline->gap_slept = false;
	return add_row(pipeline, &row);
}

static int on_row(const struct row *row, void *ctx)
{
	struct pipeline *pipeline = ctx;

	if (pipeline->gap_end_ns) {
		int ret = add_gap(pipeline);

		if (ret)
			return ret;
	}
	return add_row(pipeline, row);
}

static int release_gate(struct pipeline *pipeline, uint32_t old_mask,
			uint32_t new_mask, uint64_t boottime_ns)
{
	int ret;

	if (new_mask & CANDOR_SUSPEND)
		pipeline->gap_slept = true;
	if (!new_mask && pipeline->gap_start_ns)
		pipeline->gap_end_ns = boottime_ns;
	if (old_mask || !new_mask)
		return 0;
	pipeline->gap_start_ns = boottime_ns;
	pipeline->gap_end_ns = 0;
	ret = redact_gate_closed(pipeline->redact);
	if (ret || !(new_mask & SEALING_REASONS))
		return ret;
	return pipeline_seal(pipeline, pipeline->now);
}

/* A segment of more devices than a reader takes would be lost on it. */
static int make_room(struct pipeline *pipeline)
{
	size_t count;
	int ret;

	ledger_rows(pipeline->ledger, &count);
	if (count < SEGMENT_DEVICES_MAX)
		return 0;
	ret = begin_segment(pipeline);
	return ret ? ret : pipeline_seal(pipeline, pipeline->now);
}

static int release(const struct hold_item *item, struct pipeline *pipeline)
{
	struct redact *redact = pipeline->redact;

	switch (item->kind) {
	case HOLD_PACKET:
		return redact_packet(redact, &item->packet);
	case HOLD_TAIL:
		return redact_tail(redact, item->tail.device, item->tail.seq,
				   &item->tail.gap, item->time_ns);
	case HOLD_DEVICE:
		return redact_device(redact, item->device.device,
				     item->device.event, item->time_ns);
	case HOLD_GATE:
		return release_gate(pipeline, item->gate.old_mask,
				    item->gate.new_mask,
				    item->gate.boottime_ns);
	case HOLD_FORGOTTEN:
		return redact_forgotten(redact, item->forgotten.device,
					item->forgotten.seq);
	}
	return -EINVAL;
}

static int on_release(const struct hold_item *item, void *ctx)
{
	int ret = make_room(ctx);

	return ret ? ret : release(item, ctx);
}

static bool segment_full(const struct pipeline *pipeline)
{
	if (!pipeline->segment_since_ns)
		return false;
	return spool_bytes(pipeline->options.spool) >=
		       pipeline->options.segment_max_bytes ||
	       pipeline->now.monotonic_ns - pipeline->segment_since_ns >=
		       pipeline->options.segment_max_ns;
}

int pipeline_flush(struct pipeline *pipeline, struct moment now,
		   uint64_t age_ns)
{
	int ret;

	pipeline->now = now;
	ret = hold_release(pipeline->hold, now.monotonic_ns, age_ns,
			   on_release, pipeline);
	if (!ret)
		ret = redact_flush(pipeline->redact,
				   now.monotonic_ns > age_ns ?
					   now.monotonic_ns - age_ns : 0);
	if (!ret)
		ret = write_batch(pipeline);
	if (ret || !pipeline->segment_since_ns)
		return ret;
	return segment_full(pipeline) ? pipeline_seal(pipeline, now) :
					spool_flush(pipeline->options.spool);
}

static void add_totals(const struct ledger *ledger, struct ledger_row *sum)
{
	const struct ledger_row *rows;
	size_t count;

	rows = ledger_rows(ledger, &count);
	for (size_t i = 0; i < count; i++) {
		sum->seen += rows[i].seen;
		sum->written += rows[i].written;
		sum->merged += rows[i].merged;
		sum->suppressed += rows[i].suppressed;
		for (int reason = 1; reason < LOST_REASONS; reason++)
			sum->lost[reason] += rows[i].lost[reason];
	}
}

static int seal_spool(struct pipeline *pipeline)
{
	const struct ledger_row *rows;
	uint64_t end_ns = pipeline->now.monotonic_ns;
	size_t count;

	if (!ledger_balances(pipeline->ledger))
		fprintf(stderr, "candord: the ledger of this segment does not "
				"balance: a bug, report it; the segment says so too\n");
	rows = ledger_rows(pipeline->ledger, &count);
	return spool_seal(pipeline->options.spool, rows, count,
			  end_ns - end_ns % GRID_NS);
}

int pipeline_seal(struct pipeline *pipeline, struct moment now)
{
	int ret;

	pipeline->now = now;
	ret = redact_finish(pipeline->redact);
	if (!ret)
		ret = write_batch(pipeline);
	/* Counts without a row wait for a segment that has one. */
	if (ret || !pipeline->segment_since_ns)
		return ret;
	ret = seal_spool(pipeline);
	if (ret)
		return ret;
	pipeline->segment_since_ns = 0;
	add_totals(pipeline->ledger, &pipeline->totals);
	ledger_reset(pipeline->ledger);
	return 0;
}

bool pipeline_busy(const struct pipeline *pipeline)
{
	return hold_next_deadline(pipeline->hold, 0) != UINT64_MAX ||
	       redact_deadline(pipeline->redact) != UINT64_MAX ||
	       !encode_empty(pipeline->encode);
}

uint64_t pipeline_held_until(const struct pipeline *pipeline)
{
	return pipeline->held_until_ns;
}

uint64_t pipeline_segment_since(const struct pipeline *pipeline)
{
	return pipeline->segment_since_ns;
}

void pipeline_totals(const struct pipeline *pipeline, struct ledger_row *sum)
{
	*sum = pipeline->totals;
	add_totals(pipeline->ledger, sum);
}

struct pipeline *pipeline_new(const struct pipeline_options *options)
{
	struct pipeline *pipeline = calloc(1, sizeof(*pipeline));

	if (!pipeline)
		return NULL;
	pipeline->options = *options;
	pipeline->source = source_new(&source_ops, pipeline);
	pipeline->hold = hold_new();
	pipeline->ledger = ledger_new();
	if (!pipeline->source || !pipeline->hold || !pipeline->ledger)
		goto err;
	pipeline->redact = redact_new(options->level, pipeline->ledger,
				      on_row, pipeline);
	pipeline->encode = encode_new(options->level);
	if (!pipeline->redact || !pipeline->encode)
		goto err;
	return pipeline;

err:
	pipeline_free(pipeline);
	return NULL;
}

void pipeline_free(struct pipeline *pipeline)
{
	int saved = errno;

	if (!pipeline)
		return;
	encode_free(pipeline->encode);
	redact_free(pipeline->redact);
	ledger_free(pipeline->ledger);
	hold_free(pipeline->hold);
	source_free(pipeline->source);
	bytes_free(&pipeline->out);
	free(pipeline);
	errno = saved;
}
