// SPDX-License-Identifier: GPL-2.0-only
/*
 * Items lie one behind the other in a ring of bytes whose size is a power of
 * two, each a header and what belongs to it:
 *
 *	HOLD_PACKET     [gap] values
 *	HOLD_TAIL       gap
 *	HOLD_DEVICE     struct device up to its last axis
 *	HOLD_FORGOTTEN  zeros, as long as what was there
 *
 * Both positions only grow; the low bits say where in the ring.
 */
#include "hold.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_MIN 4096u

struct header {
	uint64_t age_ns; /* stamp by which it ages */
	union {
		struct {
			uint64_t time_ns;
			uint64_t seq;
		} packet; /* tail and forgotten: seq only */
		struct {
			uint32_t old_mask, new_mask;
			uint64_t boottime_ns;
		} gate;
	};
	uint32_t device;
	uint32_t len; /* bytes that follow */
	uint8_t kind;
	uint8_t held; /* of a device: the event */
	bool is_virtual;
	bool has_gap;
};

struct hold {
	char *bytes;
	size_t size; /* 0, or a power of two */
	size_t begin, end;
	uint64_t newest_ns; /* stamp of the last packet pushed */
	uint64_t arrived_ns; /* what is pushed now cannot be older */
	/* One item's bytes in one piece, for who takes it. */
	char *scratch;
	size_t scratch_size;
};

struct hold *hold_new(void)
{
	return calloc(1, sizeof(struct hold));
}

void hold_free(struct hold *hold)
{
	if (!hold)
		return;
	free(hold->bytes);
	free(hold->scratch);
	free(hold);
}

size_t hold_bytes(const struct hold *hold)
{
	return hold->end - hold->begin;
}

/* Copies out of the ring at @at. */
static void get(const struct hold *hold, size_t at, void *to, size_t len)
{
	size_t start = at & (hold->size - 1);
	size_t part = hold->size - start < len ? hold->size - start : len;

	memcpy(to, hold->bytes + start, part);
	memcpy((char *)to + part, hold->bytes, len - part);
}

/* Copies into the ring at @at; NULL writes zeros. */
static void put(struct hold *hold, size_t at, const void *from, size_t len)
{
	size_t start = at & (hold->size - 1);
	size_t part = hold->size - start < len ? hold->size - start : len;

	if (!from) {
		explicit_bzero(hold->bytes + start, part);
		explicit_bzero(hold->bytes, len - part);
		return;
	}
	memcpy(hold->bytes + start, from, part);
	memcpy(hold->bytes, (const char *)from + part, len - part);
}

/* Moves what is held to a ring of @size, from its beginning. */
static int resize(struct hold *hold, size_t size)
{
	size_t used = hold_bytes(hold);
	char *bytes = malloc(size);

	if (!bytes)
		return -ENOMEM;
	if (used) {
		get(hold, hold->begin, bytes, used);
		put(hold, hold->begin, NULL, used);
	}
	free(hold->bytes);
	hold->bytes = bytes;
	hold->size = size;
	hold->begin = 0;
	hold->end = used;
	return 0;
}

static int make_room(struct hold *hold, size_t len)
{
	size_t want = hold_bytes(hold) + len;
	size_t size = hold->size ? hold->size : SIZE_MIN;

	while (size < want)
		size *= 2;
	return size == hold->size ? 0 : resize(hold, size);
}

/* An idle collector keeps no buffer of its busiest minute. */
static void shrink(struct hold *hold)
{
	if (!hold_bytes(hold)) {
		free(hold->bytes);
		hold->bytes = NULL;
		hold->size = hold->begin = hold->end = 0;
	} else if (hold->size > SIZE_MIN &&
		   hold_bytes(hold) <= hold->size / 8) {
		resize(hold, hold->size / 2); /* or stays as it is */
	}
}

static void append(struct hold *hold, const void *from, size_t len)
{
	if (len)
		put(hold, hold->end, from, len);
	hold->end += len;
}

static int push(struct hold *hold, const struct header *header,
		const struct packet_gap *gap, const void *rest, size_t len)
{
	int err = make_room(hold, sizeof(*header) + header->len);

	if (err)
		return err;
	append(hold, header, sizeof(*header));
	if (gap)
		append(hold, gap, sizeof(*gap));
	append(hold, rest, len);
	return 0;
}

static int push_packet(struct hold *hold, struct header *header,
		       const struct packet *packet, uint64_t now_ns)
{
	static const struct packet_gap none;
	const struct packet_gap *gap = &packet->gap;
	size_t len = packet->count * sizeof(*packet->values);

	if (!memcmp(gap, &none, sizeof(none)))
		gap = NULL;
	header->age_ns = packet->time_ns < now_ns ? packet->time_ns : now_ns;
	if (header->age_ns < hold->arrived_ns)
		header->age_ns = hold->arrived_ns;
	header->packet.time_ns = packet->time_ns;
	header->packet.seq = packet->seq;
	header->device = packet->device;
	header->held = packet->held;
	header->is_virtual = packet->is_virtual;
	header->has_gap = gap;
	header->len = (uint32_t)(len + (gap ? sizeof(*gap) : 0));
	hold->newest_ns = header->age_ns;
	return push(hold, header, gap, packet->values, len);
}

static int push_device(struct hold *hold, struct header *header,
		       const struct device *device,
		       enum candor_device_event event)
{
	header->len = (uint32_t)(offsetof(struct device, axis) +
				 device->axes * sizeof(device->axis[0]));
	header->device = device->id;
	header->held = (uint8_t)event;
	return push(hold, header, NULL, device, header->len);
}

int hold_push(struct hold *hold, const struct hold_item *item, uint64_t now_ns)
{
	struct header header = { .kind = (uint8_t)item->kind,
				 .age_ns = hold->newest_ns };

	switch (item->kind) {
	case HOLD_PACKET:
		return push_packet(hold, &header, &item->packet, now_ns);
	case HOLD_TAIL:
		header.device = item->tail.device;
		header.packet.seq = item->tail.seq;
		header.len = sizeof(item->tail.gap);
		return push(hold, &header, &item->tail.gap, NULL, 0);
	case HOLD_DEVICE:
		return push_device(hold, &header, item->device.device,
				   item->device.event);
	case HOLD_GATE:
		header.gate.old_mask = item->gate.old_mask;
		header.gate.new_mask = item->gate.new_mask;
		header.gate.boottime_ns = item->gate.boottime_ns;
		return push(hold, &header, NULL, NULL, 0);
	case HOLD_FORGOTTEN:
		break;
	}
	return -EINVAL;
}

/* The item of @header, whose bytes stand in the scratch buffer. */
static void unpack(const struct hold *hold, const struct header *header,
		   struct device *device, struct hold_item *item)
{
	const char *bytes = hold->scratch;

	*item = (struct hold_item){ .kind = header->kind,
				    .time_ns = header->age_ns };
	switch (item->kind) {
	case HOLD_PACKET:
		item->packet.time_ns = header->packet.time_ns;
		item->packet.seq = header->packet.seq;
		item->packet.device = header->device;
		item->packet.held = header->held;
		item->packet.is_virtual = header->is_virtual;
		if (header->has_gap)
			memcpy(&item->packet.gap, bytes,
			       sizeof(item->packet.gap));
		bytes += header->has_gap ? sizeof(item->packet.gap) : 0;
		item->packet.values = (const struct candor_value *)bytes;
		item->packet.count =
			(uint16_t)((hold->scratch + header->len - bytes) /
				   (ptrdiff_t)sizeof(*item->packet.values));
		break;
	case HOLD_TAIL:
		item->tail.device = header->device;
		item->tail.seq = header->packet.seq;
		memcpy(&item->tail.gap, bytes, sizeof(item->tail.gap));
		break;
	case HOLD_DEVICE:
		memcpy(device, bytes, header->len);
		item->device.device = device;
		item->device.event = header->held;
		break;
	case HOLD_GATE:
		item->gate.old_mask = header->gate.old_mask;
		item->gate.new_mask = header->gate.new_mask;
		item->gate.boottime_ns = header->gate.boottime_ns;
		break;
	case HOLD_FORGOTTEN:
		item->forgotten.device = header->device;
		item->forgotten.seq = header->packet.seq;
		break;
	}
}

static int scratch_for(struct hold *hold, size_t len)
{
	size_t want = len < SIZE_MIN ? SIZE_MIN : len;
	char *grown;

	if (want <= hold->scratch_size)
		return 0;
	grown = realloc(hold->scratch, want);
	if (!grown)
		return -ENOMEM;
	hold->scratch = grown;
	hold->scratch_size = want;
	return 0;
}

static int release_one(struct hold *hold, const struct header *header,
		       hold_fn fn, void *ctx)
{
	struct device device = { 0 };
	struct hold_item item;
	int err = scratch_for(hold, header->len);

	if (err)
		return err;
	if (header->len)
		get(hold, hold->begin + sizeof(*header), hold->scratch,
		    header->len);
	hold->begin += sizeof(*header) + header->len;
	unpack(hold, header, &device, &item);
	return fn(&item, ctx);
}

static bool old_enough(const struct header *header, uint64_t now_ns,
		       uint64_t age_ns)
{
	return !age_ns ||
	       (header->age_ns <= now_ns && now_ns - header->age_ns >= age_ns);
}

int hold_release(struct hold *hold, uint64_t now_ns, uint64_t age_ns,
		 hold_fn fn, void *ctx)
{
	int err = 0;

	while (!err && hold_bytes(hold)) {
		struct header header;

		get(hold, hold->begin, &header, sizeof(header));
		if (!old_enough(&header, now_ns, age_ns) &&
		    hold_bytes(hold) <= HOLD_BYTES_MAX)
			break;
		err = release_one(hold, &header, fn, ctx);
	}
	shrink(hold);
	return err;
}

void hold_arrived_after(struct hold *hold, uint64_t time_ns)
{
	hold->arrived_ns = time_ns;
}

void hold_forget_newer(struct hold *hold, uint64_t time_ns)
{
	struct header header;
	size_t at;

	for (at = hold->begin; at != hold->end;
	     at += sizeof(header) + header.len) {
		get(hold, at, &header, sizeof(header));
		if (header.age_ns <= time_ns ||
		    (header.kind != HOLD_PACKET && header.kind != HOLD_TAIL))
			continue;
		header.kind = HOLD_FORGOTTEN;
		header.held = 0;
		put(hold, at, &header, sizeof(header));
		put(hold, at + sizeof(header), NULL, header.len);
	}
	if (hold->scratch)
		explicit_bzero(hold->scratch, hold->scratch_size);
}

uint64_t hold_next_deadline(const struct hold *hold, uint64_t age_ns)
{
	struct header header;

	if (!hold_bytes(hold))
		return UINT64_MAX;
	get(hold, hold->begin, &header, sizeof(header));
	return header.age_ns + age_ns;
}
