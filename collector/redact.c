// SPDX-License-Identifier: GPL-2.0-only
#include "redact_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/input-event-codes.h>

struct redact *redact_new(enum level level, struct ledger *ledger, row_fn fn,
			  void *ctx)
{
	struct redact *redact;

	if (level != LEVEL_ACTIONS && level != LEVEL_DEMONSTRATION) {
		errno = ENOTSUP;
		return NULL;
	}
	redact = calloc(1, sizeof(*redact));
	if (!redact)
		return NULL;
	redact->level = level;
	redact->units = level_units(level);
	redact->ledger = ledger;
	redact->fn = fn;
	redact->ctx = ctx;
	redact->deadline = UINT64_MAX;
	return redact;
}

void redact_free(struct redact *redact)
{
	if (!redact)
		return;
	for (size_t i = 0; i < redact->devices; i++)
		free(redact->device[i]);
	free(redact->device);
	free(redact);
}

uint64_t redact_grid(uint64_t time_ns)
{
	return time_ns - time_ns % GRID_NS;
}

uint8_t redact_bucket(uint64_t n, bool with_two)
{
	uint8_t bucket = 32;

	while (bucket > n)
		bucket /= 2;
	return bucket == 2 && !with_two ? 1 : bucket;
}

uint8_t redact_held(const struct redact *redact)
{
	uint8_t held = 0;

	for (size_t i = 0; i < redact->devices; i++)
		held |= redact->device[i]->held;
	return held;
}

const struct device_axis *redact_axis(const struct redact_device *device,
				      uint16_t code)
{
	for (int i = 0; i < device->info.axes; i++) {
		const struct device_axis *axis = &device->info.axis[i];

		if (axis->code == code && axis->max > axis->min)
			return axis;
	}
	return NULL;
}

void redact_arm(struct redact *redact, uint64_t deadline_ns)
{
	if (deadline_ns < redact->deadline)
		redact->deadline = deadline_ns;
}

/* --- devices */

static struct redact_device *device_find(const struct redact *redact,
					 uint32_t id)
{
	for (size_t i = 0; i < redact->devices; i++)
		if (redact->device[i]->info.id == id)
			return redact->device[i];
	return NULL;
}

/* The device of this id; one that was not announced has no kind. */
static struct redact_device *device_get(struct redact *redact, uint32_t id)
{
	struct redact_device **list, *device = device_find(redact, id);

	if (device)
		return device;
	list = reallocarray(redact->device, redact->devices + 1, sizeof(*list));
	if (!list)
		return NULL;
	redact->device = list;
	device = calloc(1, sizeof(*device));
	if (!device)
		return NULL;
	device->info.id = id;
	list[redact->devices++] = device;
	return device;
}

static void device_remove(struct redact *redact, struct redact_device *device)
{
	size_t i = 0;

	while (redact->device[i] != device)
		i++;
	redact->device[i] = redact->device[--redact->devices];
	free(device);
}

/* Where no pointer moves: the time of what is known about a device. */
static uint64_t device_time(const struct redact *redact, uint64_t time_ns)
{
	return redact->level == LEVEL_DEMONSTRATION ? time_ns :
						      redact_grid(time_ns);
}

static int device_tell(struct redact *redact, struct redact_device *device,
		       uint64_t time_ns)
{
	struct row row = { .kind = ROW_DEVICE,
			   .time_ns = device_time(redact, time_ns),
			   .device_info = &device->info };

	if (device->told || !device->known)
		return 0;
	device->told = true;
	return redact_emit(redact, device, &row);
}

int redact_emit(struct redact *redact, struct redact_device *device,
		struct row *row)
{
	row->device = device->info.id;
	return redact->fn(row, redact->ctx);
}

/* Ends all rows that stand open for a device. */
static int device_end(struct redact *redact, struct redact_device *device)
{
	int err = pointer_end(redact, device);

	if (!err)
		err = key_end(redact, device);
	if (!err)
		err = run_end(redact, device);
	if (!err)
		err = touch_end(redact, device);
	return err;
}

/* Nothing was seen for a while: what was down or where it stood may differ. */
static void device_blind(struct redact_device *device)
{
	device->held = 0;
	device->point = (struct point){ 0 };
	device->touch = (struct touch){ 0 };
}

static int device_gone(struct redact *redact, struct redact_device *device,
		       uint64_t time_ns)
{
	struct row row = { .kind = ROW_REMOVED,
			   .time_ns = device_time(redact, time_ns) };
	int err = device->told ? redact_emit(redact, device, &row) : 0;

	ledger_gone(redact->ledger, device->info.id);
	device_remove(redact, device);
	return err;
}

int redact_device(struct redact *redact, const struct device *info,
		  enum candor_device_event event, uint64_t time_ns)
{
	struct redact_device *device = device_get(redact, info->id);
	int err;

	if (!device)
		return -ENOMEM;
	if (event == CANDOR_DEVICE_OPENED) {
		device->info = *info;
		device->known = true;
		device->ranges = redact_axis(device, ABS_X) &&
				 redact_axis(device, ABS_Y);
		return 0;
	}
	err = device_end(redact, device);
	if (err)
		return err;
	device_blind(device);
	return event == CANDOR_DEVICE_REMOVED ?
		       device_gone(redact, device, time_ns) :
		       0;
}

/* --- deadlines */

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t device_deadline(const struct redact_device *device)
{
	uint64_t at = UINT64_MAX;

	for (int path = 0; path < PATHS; path++)
		if (device->window[path].packets)
			at = earlier(at, device->window[path].start_ns +
						 REDACT_WINDOW_NS);
	if (device->key.open)
		at = earlier(at, device->key.last_ns + REDACT_IDLE_NS);
	if (device->run.presses)
		at = earlier(at, device->run.last_ns + REDACT_IDLE_NS);
	return at;
}

uint64_t redact_deadline(const struct redact *redact)
{
	uint64_t at = UINT64_MAX;

	for (size_t i = 0; i < redact->devices; i++)
		at = earlier(at, device_deadline(redact->device[i]));
	return at;
}

static int device_flush(struct redact *redact, struct redact_device *device,
			uint64_t now_ns)
{
	int err = 0;

	for (int path = 0; !err && path < PATHS; path++)
		if (device->window[path].start_ns + REDACT_WINDOW_NS <= now_ns)
			err = window_end(redact, device, path);
	if (!err && device->key.last_ns + REDACT_IDLE_NS <= now_ns)
		err = key_end(redact, device);
	if (!err && device->run.last_ns + REDACT_IDLE_NS <= now_ns)
		err = run_end(redact, device);
	return err;
}

int redact_flush(struct redact *redact, uint64_t now_ns)
{
	int err = 0;

	if (now_ns < redact->deadline)
		return 0;
	for (size_t i = 0; !err && i < redact->devices; i++)
		err = device_flush(redact, redact->device[i], now_ns);
	redact->deadline = redact_deadline(redact);
	return err;
}

static int end_all(struct redact *redact)
{
	int err = 0;

	for (size_t i = 0; !err && i < redact->devices; i++)
		err = device_end(redact, redact->device[i]);
	redact->deadline = UINT64_MAX;
	return err;
}

int redact_gate_closed(struct redact *redact)
{
	int err = end_all(redact);

	for (size_t i = 0; i < redact->devices; i++)
		device_blind(redact->device[i]);
	return err;
}

int redact_finish(struct redact *redact)
{
	int err = end_all(redact);

	for (size_t i = 0; i < redact->devices; i++) {
		redact->device[i]->told = false;
		/* Who reads the next segment does not know them. */
		if (redact->level == LEVEL_DEMONSTRATION)
			redact->device[i]->point = (struct point){ 0 };
	}
	return err;
}

/* --- packets and counts */

/* The device's row, up to @seq; NULL: no memory. */
static struct ledger_row *counted(struct redact *redact,
				  const struct redact_device *device,
				  uint64_t seq, const struct packet_gap *gap,
				  uint64_t packets)
{
	uint32_t id = device->info.id;
	uint64_t since =
		seq - packets - gap->suppressed - gap->ring_full - gap->unknown;
	struct ledger_row *row;

	if (ledger_start(redact->ledger, id, since) ||
	    ledger_seen(redact->ledger, id, seq))
		return NULL;
	row = ledger_get(redact->ledger, id);
	if (!row)
		return NULL;
	row->exact =
		redact->level >= LEVEL_TIMING ||
		(device->known && !(device->info.kind & CANDOR_KIND_KEYBOARD));
	row->suppressed += gap->suppressed;
	row->lost[LOST_RING_FULL] += gap->ring_full;
	row->lost[LOST_UNKNOWN] += gap->unknown;
	return row;
}

static int actions_packet(struct passage *passage)
{
	int err;

	if (!passage->device->known || !passage->device->info.kind)
		return 0;
	err = redact_direct(passage->device) ? touch_values(passage) :
					       pointer_paths(passage);
	if (!err)
		err = key_values(passage);
	if (!err && !redact_direct(passage->device))
		err = pointer_wheel(passage);
	return err;
}

static void count_fate(const struct passage *passage, struct ledger_row *row)
{
	switch (passage->fate) {
	case FATE_SUPPRESSED:
		row->suppressed++;
		break;
	case FATE_MERGED:
		row->merged++;
		break;
	case FATE_PENDING:
		passage->window->pending++;
		break;
	case FATE_WRITTEN:
		row->written++;
		break;
	}
}

int redact_packet(struct redact *redact, const struct packet *packet)
{
	struct passage passage = { .redact = redact, .packet = packet };
	struct ledger_row *row;
	int err = redact_flush(redact, packet->time_ns);

	if (err)
		return err;
	passage.device = device_get(redact, packet->device);
	if (!passage.device)
		return -ENOMEM;
	err = device_tell(redact, passage.device, packet->time_ns);
	if (err)
		return err;
	if (!counted(redact, passage.device, packet->seq, &packet->gap, 1))
		return -ENOMEM;
	err = redact->level == LEVEL_ACTIONS ? actions_packet(&passage) :
					       demo_packet(&passage);
	if (err)
		return err;
	row = ledger_get(redact->ledger, packet->device);
	if (!row)
		return -ENOMEM;
	count_fate(&passage, row);
	return 0;
}

int redact_tail(struct redact *redact, uint32_t id, uint64_t seq,
		const struct packet_gap *gap, uint64_t time_ns)
{
	/* Of a removed device only the number is left. */
	struct redact_device stranger = { .info.id = id };
	struct redact_device *device = device_find(redact, id);
	int err;

	if (!(gap->suppressed + gap->ring_full + gap->unknown))
		return 0;
	if (!device)
		device = &stranger;
	err = device_tell(redact, device, time_ns);
	if (err)
		return err;
	return counted(redact, device, seq, gap, 0) ? 0 : -ENOMEM;
}

int redact_forgotten(struct redact *redact, uint32_t device, uint64_t seq)
{
	return ledger_skip(redact->ledger, device, seq);
}
