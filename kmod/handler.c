// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bitmap.h>
#include <linux/input.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "candor_trace.h"
#include "compat.h"
#include "device.h"
#include "gate.h"
#include "handler.h"
#include "indicator.h"
#include "lease.h"

/*
 * A device's side of the sequence. The packet it is in the middle of, if any,
 * lives here between two calls of .events, but no value of it does.
 */
struct candor_handle {
	struct input_handle handle;
	struct list_head node; /* handler_mutex */
	struct candor_device device; /* constant */
	bool opened; /* handler_mutex */
	bool refused; /* handler_mutex; not tried again while the gate is open */
	bool told; /* handler_mutex; candor_device() has named it */

	/* From here on: dev->event_lock, which .events is called under. */
	bool armed;
	bool inside; /* a packet has begun and not ended */
	bool dropped; /* it came after the lease had run out */
	bool resync; /* LED writes alone filled the core's buffer */
	u8 piece; /* its next */
	u8 moved; /* its modifiers that changed */
	u8 count; /* values in @v */
	bool solid; /* @v holds more than EV_MSC */
	u64 time_ns; /* its stamp */
	u64 seq; /* the last packet's */
	u64 opened_ns;
	unsigned int stale; /* values still to come that are older */
	u64 v[CANDOR_PACKET_VALUES];
	/* Keys down when the gate opened, until their release is seen. */
	DECLARE_BITMAP(ignored, KEY_CNT);
};

static DEFINE_MUTEX(handler_mutex);
static LIST_HEAD(handler_handles); /* handler_mutex */

static const u16 handler_modifiers[] = {
	KEY_LEFTCTRL,  KEY_LEFTSHIFT,  KEY_LEFTALT,  KEY_LEFTMETA,
	KEY_RIGHTCTRL, KEY_RIGHTSHIFT, KEY_RIGHTALT, KEY_RIGHTMETA,
};

static bool handler_is_report(const struct input_value *v)
{
	return v->type == EV_SYN && v->code == SYN_REPORT;
}

static u64 handler_word(const struct input_value *v)
{
	return (u64)v->type | (u64)v->code << 16 | (u64)(u32)v->value << 32;
}

/* Held throughout: down, not since before we looked, not moved meanwhile. */
static u8 handler_held(const struct candor_handle *h)
{
	const struct input_dev *dev = h->handle.dev;
	u8 held = 0;

	if (!(h->device.kind & CANDOR_KIND_KEYBOARD))
		return 0;
	for (int i = 0; i < ARRAY_SIZE(handler_modifiers); i++)
		if (test_bit(handler_modifiers[i], dev->key) &&
		    !test_bit(handler_modifiers[i], h->ignored))
			held |= BIT(i);
	return held & ~h->moved;
}

static void handler_note_moves(struct candor_handle *h,
			       const struct input_value *vals,
			       unsigned int count)
{
	if (!(h->device.kind & CANDOR_KIND_KEYBOARD))
		return;
	for (unsigned int n = 0; n < count; n++)
		for (int i = 0; i < ARRAY_SIZE(handler_modifiers); i++)
			if (vals[n].type == EV_KEY && vals[n].value != 2 &&
			    vals[n].code == handler_modifiers[i])
				h->moved |= BIT(i);
}

static void handler_trace(struct candor_handle *h, u16 flags)
{
	const u64 *v = h->v;

	trace_candor_packet(CANDOR_ID(h->device.id, h->count, h->piece, flags),
			    h->time_ns, CANDOR_SEQ_HELD(h->seq, handler_held(h)),
			    v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7],
			    v[8]);
}

/* Nothing of a piece stays here, whether it was traced or not. */
static void handler_clear(struct candor_handle *h)
{
	memset(h->v, 0, h->count * sizeof(*h->v));
	h->count = 0;
	h->solid = false;
}

static u16 handler_flags(const struct candor_handle *h, bool last)
{
	u16 flags = h->device.flags;

	if (!h->piece)
		flags |= CANDOR_FIRST;
	if (last)
		flags |= CANDOR_LAST;
	if (h->moved)
		flags |= CANDOR_MOVED;
	return flags;
}

static void handler_emit(struct candor_handle *h, bool last)
{
	/* A device that never reports: its packets end here. */
	bool full = h->piece == CANDOR_PIECES_MAX - 1;

	if (!h->piece && !h->dropped)
		h->dropped = !candor_lease_fresh();
	if (!h->dropped) {
		if (!h->piece)
			h->seq++;
		handler_trace(h, handler_flags(h, last || full));
		h->piece = full ? 0 : h->piece + 1;
	}
	handler_clear(h);
}

static void handler_begin(struct candor_handle *h, u64 time_ns)
{
	h->inside = true;
	h->dropped = false;
	h->time_ns = time_ns;
	h->piece = 0;
	h->moved = 0;
}

/* A key of before the opening comes to rest; none of it is counted. */
static void handler_ignore(struct candor_handle *h, const struct input_value *v)
{
	if (v->type != EV_KEY)
		return;
	if (v->value)
		__set_bit(v->code, h->ignored);
	else
		__clear_bit(v->code, h->ignored);
}

static bool handler_wants(struct candor_handle *h, const struct input_value *v)
{
	switch (v->type) {
	case EV_KEY:
		if (!test_bit(v->code, h->ignored))
			return true;
		handler_ignore(h, v);
		return false;
	case EV_REL:
	case EV_ABS:
	case EV_MSC:
		return true;
	case EV_SYN:
		return v->code == SYN_MT_REPORT;
	case EV_LED:
		if (!v->value)
			candor_indicator_disturbed();
		return false;
	}
	return false;
}

static void handler_take(struct candor_handle *h, const struct input_value *v)
{
	if (!handler_wants(h, v))
		return;
	if (h->count == CANDOR_PACKET_VALUES)
		handler_emit(h, false);
	h->v[h->count++] = handler_word(v);
	h->solid |= v->type != EV_MSC;
}

/*
 * Values of before the opening come first. Returns how many.
 */
static unsigned int handler_drop_stale(struct candor_handle *h,
				       const struct input_value *vals,
				       unsigned int count, u64 time_ns)
{
	unsigned int stale = min(h->stale, count);

	/* All of what was buffered comes at once. */
	h->stale = 0;
	if (time_ns < h->opened_ns)
		stale = count;
	for (unsigned int i = 0; i < stale; i++)
		handler_ignore(h, &vals[i]);
	return stale;
}

/*
 * LEDs are written without a report, so a blinking one fills the core's buffer
 * by itself; the early flush takes a stamp that the core keeps until the next
 * report, and the next key would carry it, minutes old, to every reader.
 */
static void handler_wants_resync(struct candor_handle *h)
{
	h->resync = true;
	candor_gate_kick();
}

static bool handler_only_leds(const struct input_value *vals,
			      unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (vals[i].type != EV_LED)
			return false;
	return true;
}

static void handler_observe(struct candor_handle *h,
			    const struct input_value *vals, unsigned int count)
{
	struct input_dev *dev = h->handle.dev;
	u64 time_ns = ktime_to_ns(input_get_timestamp(dev)[INPUT_CLK_MONO]);
	/*
	 * The core flushes early when its buffer is full, with a report of 1
	 * of its own that ends nothing.
	 */
	bool early = count >= dev->max_vals - 1 && vals[count - 1].value == 1;
	bool last = handler_is_report(&vals[count - 1]) && !early;
	unsigned int skip;

	/*
	 * A report right after an early flush is not passed on; the core then
	 * takes a new stamp, and that is how its packet is seen to have ended.
	 */
	if (!h->inside || h->time_ns != time_ns)
		handler_begin(h, time_ns);
	if (handler_is_report(&vals[count - 1]))
		count--;
	skip = handler_drop_stale(h, vals, count, time_ns);
	handler_note_moves(h, vals + skip, count - skip);
	for (unsigned int i = skip; i < count; i++)
		handler_take(h, &vals[i]);
	if (h->solid || (last && h->piece))
		handler_emit(h, last);
	else if (early && !h->piece)
		handler_wants_resync(h);
	h->inside = !last;
	handler_clear(h);
}

void candor_handler_events(struct input_handle *handle,
			   const struct input_value *vals, unsigned int count)
{
	struct candor_handle *h = handle->private;

	lockdep_assert_held(&handle->dev->event_lock);
	if (h->armed && count && candor_gate_open())
		handler_observe(h, vals, count);
}

/*
 * What the device buffered, and which keys are down, while we did not look
 * must not cross now.
 */
static void handler_arm(struct candor_handle *h)
{
	struct input_dev *dev = h->handle.dev;

	spin_lock_irq(&dev->event_lock);
	h->stale = dev->num_vals;
	bitmap_copy(h->ignored, dev->key, KEY_CNT);
	h->opened_ns = ktime_get_ns();
	h->inside = false;
	/* The indicator's own writes may have left a stamp, as above. */
	h->resync = dev->timestamp[INPUT_CLK_MONO] &&
		    handler_only_leds(dev->vals, dev->num_vals);
	h->armed = true;
	spin_unlock_irq(&dev->event_lock);
}

static void handler_disarm(struct candor_handle *h)
{
	spin_lock_irq(&h->handle.dev->event_lock);
	h->armed = false;
	spin_unlock_irq(&h->handle.dev->event_lock);
}

static void handler_open(struct candor_handle *h)
{
	int ret;

	lockdep_assert_held(&handler_mutex);
	if (h->opened || h->refused)
		return;
	h->told = true;
	candor_device_tell(&h->device, h->handle.dev, CANDOR_DEVICE_OPENED,
			   h->seq);
	ret = input_open_device(&h->handle);
	if (ret) {
		dev_warn(&h->handle.dev->dev,
			 "candor: not captured, opening failed: %d\n", ret);
		h->refused = true;
		return;
	}
	h->opened = true;
	handler_arm(h);
}

static void handler_close(struct candor_handle *h)
{
	lockdep_assert_held(&handler_mutex);
	h->refused = false;
	if (!h->opened)
		return;
	handler_disarm(h);
	input_close_device(&h->handle);
	h->opened = false;
	candor_device_tell(&h->device, h->handle.dev, CANDOR_DEVICE_CLOSED,
			   h->seq);
}

void candor_handler_open_all(void)
{
	struct candor_handle *h;

	mutex_lock(&handler_mutex);
	list_for_each_entry(h, &handler_handles, node)
		if (candor_gate_open())
			handler_open(h);
	mutex_unlock(&handler_mutex);
}

void candor_handler_close_all(void)
{
	struct candor_handle *h;

	mutex_lock(&handler_mutex);
	list_for_each_entry(h, &handler_handles, node)
		handler_close(h);
	mutex_unlock(&handler_mutex);
}

static bool handler_take_resync(struct candor_handle *h)
{
	bool resync;

	spin_lock_irq(&h->handle.dev->event_lock);
	resync = h->resync;
	h->resync = false;
	spin_unlock_irq(&h->handle.dev->event_lock);
	return resync;
}

void candor_handler_resync(void)
{
	struct candor_handle *h;

	mutex_lock(&handler_mutex);
	list_for_each_entry(h, &handler_handles, node)
		if (h->opened && handler_take_resync(h))
			input_inject_event(&h->handle, EV_SYN, SYN_REPORT, 0);
	mutex_unlock(&handler_mutex);
}

static bool candor_match(struct input_handler *handler, struct input_dev *dev)
{
	return candor_device_kind(dev) != 0;
}

static int candor_connect(struct input_handler *handler, struct input_dev *dev,
			  const struct input_device_id *id)
{
	struct candor_handle *h;
	int ret;

	h = kzalloc(sizeof(*h), GFP_KERNEL);
	if (!h)
		return -ENOMEM;
	ret = candor_device_init(&h->device, dev);
	if (ret)
		goto err;
	h->handle.dev = dev;
	h->handle.handler = handler;
	h->handle.name = "candor";
	h->handle.private = h;
	ret = input_register_handle(&h->handle);
	if (ret)
		goto err;
	mutex_lock(&handler_mutex);
	list_add_tail(&h->node, &handler_handles);
	mutex_unlock(&handler_mutex);
	/* Opening is the work's: it may sleep for long. */
	candor_gate_kick();
	return 0;

err:
	kfree(h);
	return ret;
}

static void candor_disconnect(struct input_handle *handle)
{
	struct candor_handle *h = handle->private;

	mutex_lock(&handler_mutex);
	list_del(&h->node);
	handler_close(h);
	if (h->told)
		candor_device_tell(&h->device, handle->dev,
				   CANDOR_DEVICE_REMOVED, h->seq);
	mutex_unlock(&handler_mutex);
	input_unregister_handle(handle);
	/* It knew which keys were down. */
	kfree_sensitive(h);
}

/*
 * candor_match() decides; the table only spares it devices without input. It
 * is no MODULE_DEVICE_TABLE: udev must not load candor because there is a
 * keyboard, somebody has to want it.
 */
static const struct input_device_id candor_ids[] = {
	{
		.flags = INPUT_DEVICE_ID_MATCH_EVBIT,
		.evbit = { BIT_MASK(EV_KEY) },
	},
	{
		.flags = INPUT_DEVICE_ID_MATCH_EVBIT,
		.evbit = { BIT_MASK(EV_REL) },
	},
	{
		.flags = INPUT_DEVICE_ID_MATCH_EVBIT,
		.evbit = { BIT_MASK(EV_ABS) },
	},
	{},
};

static struct input_handler candor_handler = {
	.events = candor_events,
	.match = candor_match,
	.connect = candor_connect,
	.disconnect = candor_disconnect,
	.name = "candor",
	.id_table = candor_ids,
};

int candor_handler_init(void)
{
	return input_register_handler(&candor_handler);
}

void candor_handler_exit(void)
{
	input_unregister_handler(&candor_handler);
}
