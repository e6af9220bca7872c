// SPDX-License-Identifier: GPL-2.0-only
#include "source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/input-event-codes.h>

_Static_assert(ABS_CNT <= DEVICE_AXES_MAX, "a device may have every axis");

#define VALUES_MAX (CANDOR_PIECES_MAX * CANDOR_PACKET_VALUES)

/* A packet of which the last piece has not come yet. */
struct assembly {
	bool open;
	uint8_t next; /* piece */
	uint16_t count, room; /* of values */
	struct candor_record_packet first;
	struct candor_value *values;
};

struct source_device {
	struct device info;
	struct assembly packet;
	bool removed;
	/* An announcement of which the last piece has not come yet. */
	bool announcing;
	uint8_t next; /* its piece */
	struct device announced;
	/* Everything up to @seq is accounted, with these counters. */
	uint64_t seq;
	uint32_t suppressed;
	uint32_t ring_full;
};

struct source {
	const struct source_ops *ops;
	void *ctx;
	uint32_t mask; /* the gate as the ring last told it */
	struct source_device **device;
	size_t devices;
	struct source_counts counts;
};

struct source *source_new(const struct source_ops *ops, void *ctx)
{
	struct source *source = calloc(1, sizeof(*source));

	if (!source)
		return NULL;
	source->ops = ops;
	source->ctx = ctx;
	source->mask = CANDOR_IDLE_REASONS;
	return source;
}

static void device_free(struct source_device *device)
{
	free(device->packet.values);
	free(device);
}

void source_free(struct source *source)
{
	if (!source)
		return;
	for (size_t i = 0; i < source->devices; i++)
		device_free(source->device[i]);
	free(source->device);
	free(source);
}

static struct source_device *device_find(const struct source *source,
					 uint32_t id)
{
	for (size_t i = 0; i < source->devices; i++)
		if (source->device[i]->info.id == id)
			return source->device[i];
	return NULL;
}

static struct source_device *device_add(struct source *source, uint32_t id,
					uint64_t seq)
{
	struct source_device **list, *device;

	list = reallocarray(source->device, source->devices + 1, sizeof(*list));
	if (!list)
		return NULL;
	source->device = list;
	device = calloc(1, sizeof(*device));
	if (!device)
		return NULL;
	device->info.id = id;
	device->seq = seq;
	list[source->devices++] = device;
	return device;
}

static void device_remove(struct source *source, struct source_device *device)
{
	size_t i = 0;

	while (source->device[i] != device)
		i++;
	source->device[i] = source->device[--source->devices];
	device_free(device);
}

static int malformed(struct source *source)
{
	source->counts.malformed++;
	return 0;
}

static void assembly_drop(struct source *source, struct assembly *packet)
{
	if (packet->open)
		source->counts.unfinished++;
	packet->open = false;
}

/*
 * Splits what is missing before @seq by the rise of the program's counters.
 * They are 32 bits wide and wrap; the sequence is the authority.
 */
static struct packet_gap split(struct source *source, uint64_t missing,
			       uint32_t suppressed, uint32_t ring_full)
{
	struct packet_gap gap;

	if ((uint64_t)suppressed + ring_full > missing)
		source->counts.contradictions++;
	gap.suppressed = suppressed < missing ? suppressed : missing;
	missing -= gap.suppressed;
	gap.ring_full = ring_full < missing ? ring_full : missing;
	gap.unknown = missing - gap.ring_full;
	return gap;
}

static void account(struct source_device *device, uint64_t seq,
		    uint32_t suppressed, uint32_t ring_full)
{
	device->seq = seq;
	device->suppressed = suppressed;
	device->ring_full = ring_full;
}

static int packet_arrived(struct source *source, struct source_device *device)
{
	const struct assembly *from = &device->packet;
	const struct candor_record_packet *first = &from->first;
	uint64_t seq = CANDOR_SEQ(first->seq_held);
	struct packet packet = {
		.time_ns = first->time_ns,
		.seq = seq,
		.device = first->device,
		.held = CANDOR_HELD(first->seq_held),
		.is_virtual = first->flags & CANDOR_VIRTUAL,
		.count = from->count,
		.values = from->values,
	};

	packet.gap = split(source, seq - device->seq - 1,
			   first->suppressed - device->suppressed,
			   first->ring_full - device->ring_full);
	account(device, seq, first->suppressed, first->ring_full);
	device->packet.open = false;
	return source->ops->packet(&packet, source->ctx);
}

/*
 * A packet without a last piece, when the sequence has gone on to @seq: the
 * core does not pass on a report right after an early flush, and a gate may
 * close in the middle. It is whole as far as it goes, unless its next piece
 * found the ring full: then the counters explain one packet more than is
 * missing after it.
 */
static int packet_ended(struct source *source, struct source_device *device,
			uint64_t seq, uint32_t suppressed, uint32_t ring_full)
{
	const struct candor_record_packet *first = &device->packet.first;
	uint64_t explained =
		(uint64_t)(uint32_t)(suppressed - first->suppressed) +
		(uint32_t)(ring_full - first->ring_full);

	if (!device->packet.open)
		return 0;
	if (seq < CANDOR_SEQ(first->seq_held) ||
	    explained > seq - CANDOR_SEQ(first->seq_held)) {
		assembly_drop(source, &device->packet);
		return 0;
	}
	return packet_arrived(source, device);
}

static int assembly_add(struct assembly *packet, const void *values,
			uint8_t count)
{
	uint16_t want = packet->count + count;

	if (want > packet->room) {
		size_t room = want < 64 ? 64 : want < 512 ? 512 : VALUES_MAX;
		struct candor_value *grown =
			reallocarray(packet->values, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		packet->values = grown;
		packet->room = (uint16_t)room;
	}
	if (count)
		memcpy(packet->values + packet->count, values,
		       count * sizeof(*packet->values));
	packet->count = want;
	packet->next++;
	return 0;
}

/*
 * Whether @piece goes on where @packet stands. Its modifiers may differ: one
 * that changed earlier in the packet is no longer held.
 */
static bool assembly_fits(const struct assembly *packet,
			  const struct candor_record_packet *piece)
{
	return packet->open && packet->next == piece->piece &&
	       CANDOR_SEQ(packet->first.seq_held) ==
		       CANDOR_SEQ(piece->seq_held);
}

/*
 * A device that the ring has not announced: its announcement found the ring
 * full. What the program counted since it was loaded is what stands before.
 */
static struct source_device *
device_unannounced(struct source *source,
		   const struct candor_record_packet *piece)
{
	uint64_t before = CANDOR_SEQ(piece->seq_held) - 1;
	uint64_t counted = (uint64_t)piece->suppressed + piece->ring_full;

	return device_add(source, piece->device,
			  before > counted ? before - counted : 0);
}

static int record_packet(struct source *source, const void *record, size_t len)
{
	struct candor_record_packet piece;
	struct source_device *device;
	bool first;
	int err;

	if (len < sizeof(piece))
		return malformed(source);
	memcpy(&piece, record, sizeof(piece));
	first = piece.flags & CANDOR_FIRST;
	if (piece.count > CANDOR_PACKET_VALUES || first != !piece.piece ||
	    piece.piece >= CANDOR_PIECES_MAX || !CANDOR_SEQ(piece.seq_held) ||
	    len < sizeof(piece) + piece.count * sizeof(struct candor_value))
		return malformed(source);

	device = device_find(source, piece.device);
	if (!device)
		device = device_unannounced(source, &piece);
	if (!device)
		return -ENOMEM;
	if (first) {
		err = packet_ended(source, device,
				   CANDOR_SEQ(piece.seq_held) - 1,
				   piece.suppressed, piece.ring_full);
		if (err)
			return err;
		if (CANDOR_SEQ(piece.seq_held) <= device->seq)
			return malformed(source);
		device->packet.first = piece;
		device->packet.open = true;
		device->packet.count = device->packet.next = 0;
	} else if (!assembly_fits(&device->packet, &piece)) {
		/* A piece before it is missing: what came is thrown away. */
		assembly_drop(source, &device->packet);
		return 0;
	}
	err = assembly_add(&device->packet,
			   (const char *)record + sizeof(piece), piece.count);
	if (err) {
		assembly_drop(source, &device->packet);
		return err;
	}
	return piece.flags & CANDOR_LAST ? packet_arrived(source, device) : 0;
}

static int record_gate(struct source *source, const void *record, size_t len)
{
	struct candor_record_gate gate;

	if (len < sizeof(gate))
		return malformed(source);
	memcpy(&gate, record, sizeof(gate));
	source->mask = gate.new_mask;
	return source->ops->gate(gate.old_mask, gate.new_mask, gate.boottime_ns,
				 source->ctx);
}

static void announce_begin(struct source_device *device,
			   const struct candor_record_device *record)
{
	device->announced = (struct device){
		.id = record->device,
		.bus = (uint16_t)record->ids,
		.vendor = (uint16_t)(record->ids >> 16),
		.product = (uint16_t)(record->ids >> 32),
		.version = (uint16_t)(record->ids >> 48),
		.kind = CANDOR_DEVICE_KIND(record->flags_word),
		.prop = CANDOR_DEVICE_PROP(record->flags_word),
		.is_virtual = record->flags & CANDOR_VIRTUAL,
	};
	device->announcing = true;
	device->next = 0;
}

static bool announce_axes(struct source_device *device,
			  const struct candor_record_device *record)
{
	struct device *to = &device->announced;

	if (to->axes + record->count / 2 > DEVICE_AXES_MAX)
		return false;
	for (unsigned int i = 0; i < record->count; i += 2)
		to->axis[to->axes++] = (struct device_axis){
			.code = (uint16_t)record->a[i],
			.resolution = (int32_t)(record->a[i] >> 32),
			.min = (int32_t)record->a[i + 1],
			.max = (int32_t)(record->a[i + 1] >> 32),
		};
	device->next++;
	return true;
}

static int device_opened(struct source *source, struct source_device *device,
			 const struct candor_record_device *record)
{
	if (record->flags & CANDOR_FIRST)
		announce_begin(device, record);
	if (!device->announcing || record->piece != device->next ||
	    !announce_axes(device, record)) {
		device->announcing = false;
		return malformed(source);
	}
	if (!(record->flags & CANDOR_LAST))
		return 0;
	device->announcing = false;
	device->removed = false;
	device->info = device->announced;
	return source->ops->device(&device->info, CANDOR_DEVICE_OPENED,
				   source->ctx);
}

static bool device_record_valid(const struct candor_record_device *record)
{
	uint8_t event = CANDOR_DEVICE_EVENT(record->flags_word);

	return record->count <= CANDOR_DEVICE_WORDS && !(record->count & 1) &&
	       event >= CANDOR_DEVICE_OPENED &&
	       event <= CANDOR_DEVICE_REMOVED &&
	       !(record->flags & CANDOR_FIRST) == !!record->piece;
}

static int record_device(struct source *source, const void *data, size_t len)
{
	struct candor_record_device record;
	struct source_device *device;
	enum candor_device_event event;

	if (len < sizeof(record))
		return malformed(source);
	memcpy(&record, data, sizeof(record));
	if (!device_record_valid(&record))
		return malformed(source);
	event = CANDOR_DEVICE_EVENT(record.flags_word);

	/*
	 * A known device keeps its place: what an announcement's sequence is
	 * ahead of it has yet to be explained by a packet or by settling.
	 */
	device = device_find(source, record.device);
	if (!device && event != CANDOR_DEVICE_OPENED)
		return 0; /* it came and went unseen */
	if (!device)
		device = device_add(source, record.device,
				    CANDOR_SEQ(record.seq));
	if (!device)
		return -ENOMEM;
	if (event == CANDOR_DEVICE_OPENED)
		return device_opened(source, device, &record);
	if (event == CANDOR_DEVICE_REMOVED)
		device->removed = true;
	return source->ops->device(&device->info, event, source->ctx);
}

int source_record(struct source *source, const void *record, size_t len)
{
	uint8_t kind;

	if (len < sizeof(kind))
		return malformed(source);
	memcpy(&kind, record, sizeof(kind));
	switch (kind) {
	case CANDOR_RECORD_PACKET:
		return record_packet(source, record, len);
	case CANDOR_RECORD_GATE:
		return record_gate(source, record, len);
	case CANDOR_RECORD_DEVICE:
		return record_device(source, record, len);
	}
	return 0; /* of a newer program, as the ABI allows */
}

/* What is missing at the end, with nothing changed yet. */
static struct packet_gap tail_of(const struct source_device *device,
				 const struct candor_device_state *state)
{
	const struct assembly *packet = &device->packet;
	uint64_t seq = device->seq;
	uint32_t suppressed = device->suppressed, full = device->ring_full;
	struct source nobody = { 0 };

	/* It is in the ring's past: what it explains is not missing. */
	if (packet->open) {
		seq = CANDOR_SEQ(packet->first.seq_held);
		suppressed = packet->first.suppressed;
		full = packet->first.ring_full;
	}
	return split(&nobody, state->seq - seq, state->suppressed - suppressed,
		     state->ring_full - full);
}

int source_settle(struct source *source, uint32_t id,
		  const struct candor_device_state *state, bool drained,
		  struct packet_gap *tail)
{
	struct source_device *device = device_find(source, id);
	int err;

	if (!device)
		return -ENOENT;
	if (!source->mask && !device->removed)
		return -EAGAIN;
	*tail = (struct packet_gap){ 0 };
	/* 0: announced, but no packet since the program was loaded. */
	if (state->seq) {
		if (state->seq < device->seq ||
		    (!drained && tail_of(device, state).unknown))
			return -EAGAIN;
		err = packet_ended(source, device, state->seq,
				   state->suppressed, state->ring_full);
		if (err)
			return err;
		*tail = split(source, state->seq - device->seq,
			      state->suppressed - device->suppressed,
			      state->ring_full - device->ring_full);
		account(device, state->seq, state->suppressed,
			state->ring_full);
	}
	assembly_drop(source, &device->packet);
	if (device->removed)
		device_remove(source, device);
	return 0;
}

void source_gate_closed(struct source *source)
{
	source->mask |= CANDOR_UNLEASED;
}

void source_forget(struct source *source, uint32_t id)
{
	struct source_device *device = device_find(source, id);

	if (device)
		device_remove(source, device);
}

int source_devices(struct source *source, int (*fn)(uint32_t device, void *ctx),
		   void *ctx)
{
	/* Backwards: settling a removed device moves the last into its place.
	 */
	for (size_t i = source->devices; i-- > 0;) {
		int ret = fn(source->device[i]->info.id, ctx);

		if (ret)
			return ret;
	}
	return 0;
}

const struct source_counts *source_counts(const struct source *source)
{
	return &source->counts;
}
