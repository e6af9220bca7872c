// SPDX-License-Identifier: GPL-2.0-only
/*
 * Level `demonstration`: every value, in the shortest row that gives it back.
 */
#include "redact_impl.h"

#include <linux/input-event-codes.h>

/* The two axes of a packet that is nothing but @x, @y or both in this order. */
struct pair {
	bool exact, has_x, has_y;
	int32_t x, y;
};

static struct pair pair_of(const struct packet *packet, uint16_t type,
			   uint16_t x, uint16_t y)
{
	const struct candor_value *value = packet->values;
	const struct candor_value *end = value + packet->count;
	struct pair pair = { 0 };

	if (value < end && value->type == type && value->code == x) {
		pair.has_x = true;
		pair.x = value->value;
		value++;
	}
	if (value < end && value->type == type && value->code == y) {
		pair.has_y = true;
		pair.y = value->value;
		value++;
	}
	pair.exact = packet->count && value == end;
	return pair;
}

/* A row of motion says that an axis was there by its not being 0. */
static bool as_motion(const struct packet *packet, struct row *row)
{
	struct pair pair = pair_of(packet, EV_REL, REL_X, REL_Y);

	if (!pair.exact || (pair.has_x && !pair.x) || (pair.has_y && !pair.y))
		return false;
	row->kind = ROW_MOTION;
	row->motion.dx = pair.x;
	row->motion.dy = pair.y;
	return true;
}

/* A row of position says it by its having changed. */
static bool as_position(const struct redact_device *device,
			const struct packet *packet, struct row *row)
{
	struct pair pair = pair_of(packet, EV_ABS, ABS_X, ABS_Y);
	const struct point *point = &device->point;

	if (!(device->info.kind & CANDOR_KIND_TABLET) || !pair.exact ||
	    !point->x_known || !point->y_known ||
	    (pair.has_x && pair.x == point->x) ||
	    (pair.has_y && pair.y == point->y))
		return false;
	row->kind = ROW_POSITION;
	row->position.x = pair.has_x ? pair.x : point->x;
	row->position.y = pair.has_y ? pair.y : point->y;
	return true;
}

static void learn(struct point *point, const struct packet *packet)
{
	for (int i = 0; i < packet->count; i++) {
		const struct candor_value *value = &packet->values[i];

		if (value->type == EV_ABS && value->code == ABS_X) {
			point->x = value->value;
			point->x_known = true;
		} else if (value->type == EV_ABS && value->code == ABS_Y) {
			point->y = value->value;
			point->y_known = true;
		}
	}
}

int demo_packet(struct passage *passage)
{
	const struct packet *packet = passage->packet;
	struct row row = { .time_ns = packet->time_ns, .seq = packet->seq };

	if (!packet->count)
		return 0;
	if (!as_motion(packet, &row) &&
	    !as_position(passage->device, packet, &row)) {
		row.kind = ROW_PACKET;
		row.packet.count = packet->count;
		row.packet.values = packet->values;
	}
	learn(&passage->device->point, packet);
	redact_fate(passage, FATE_WRITTEN);
	return redact_emit(passage->redact, passage->device, &row);
}
