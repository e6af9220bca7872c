// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bitops.h>
#include <linux/input.h>
#include <linux/kernel.h>

#include "candor_trace.h"
#include "device.h"

/* Keys a power or lid switch has, and nothing else. */
static const u16 device_switch_keys[] = { KEY_POWER, KEY_SLEEP, KEY_WAKEUP,
					  KEY_POWER2, KEY_SUSPEND };

static bool device_any_key(const struct input_dev *dev, unsigned int from,
			   unsigned int to)
{
	return find_next_bit(dev->keybit, to, from) < to;
}

static bool device_has_keys(const struct input_dev *dev)
{
	DECLARE_BITMAP(keys, KEY_CNT);

	bitmap_copy(keys, dev->keybit, KEY_CNT);
	bitmap_clear(keys, BTN_MISC, KEY_OK - BTN_MISC);
	bitmap_clear(keys, BTN_DPAD_UP, BTN_DPAD_RIGHT - BTN_DPAD_UP + 1);
	bitmap_clear(keys, BTN_TRIGGER_HAPPY, KEY_CNT - BTN_TRIGGER_HAPPY);
	for (int i = 0; i < ARRAY_SIZE(device_switch_keys); i++)
		__clear_bit(device_switch_keys[i], keys);
	return !bitmap_empty(keys, KEY_CNT);
}

static bool device_is_game(const struct input_dev *dev)
{
	return device_any_key(dev, BTN_JOYSTICK, BTN_DIGI) ||
	       device_any_key(dev, BTN_DPAD_UP, BTN_DPAD_RIGHT + 1) ||
	       device_any_key(dev, BTN_TRIGGER_HAPPY, KEY_CNT);
}

static bool device_has_xy(const struct input_dev *dev)
{
	return test_bit(EV_ABS, dev->evbit) &&
	       ((test_bit(ABS_X, dev->absbit) && test_bit(ABS_Y, dev->absbit)) ||
		(test_bit(ABS_MT_POSITION_X, dev->absbit) &&
		 test_bit(ABS_MT_POSITION_Y, dev->absbit)));
}

static u8 device_absolute_kind(const struct input_dev *dev)
{
	bool direct = test_bit(INPUT_PROP_DIRECT, dev->propbit);

	if (test_bit(BTN_TOOL_PEN, dev->keybit) ||
	    test_bit(BTN_STYLUS, dev->keybit))
		return CANDOR_KIND_PEN;
	if (test_bit(BTN_TOOL_FINGER, dev->keybit) && !direct)
		return CANDOR_KIND_TOUCHPAD;
	/* A touchscreen that does not say that it is direct is one still. */
	if (test_bit(BTN_TOUCH, dev->keybit) || direct ||
	    test_bit(ABS_MT_POSITION_X, dev->absbit))
		return CANDOR_KIND_TOUCH;
	if (device_any_key(dev, BTN_MOUSE, BTN_JOYSTICK))
		return CANDOR_KIND_TABLET;
	return 0;
}

u8 candor_device_kind(const struct input_dev *dev)
{
	u8 kind = 0;

	if (test_bit(INPUT_PROP_ACCELEROMETER, dev->propbit) ||
	    device_is_game(dev))
		return 0;
	if (test_bit(EV_KEY, dev->evbit) && device_has_keys(dev))
		kind |= CANDOR_KIND_KEYBOARD;
	if (test_bit(EV_REL, dev->evbit) && test_bit(REL_X, dev->relbit) &&
	    test_bit(REL_Y, dev->relbit))
		kind |= CANDOR_KIND_MOUSE;
	if (device_has_xy(dev))
		kind |= device_absolute_kind(dev);
	return kind;
}

int candor_device_init(struct candor_device *device,
		       const struct input_dev *dev)
{
	if (sscanf(dev_name(&dev->dev), "input%u", &device->id) != 1)
		return -EINVAL;
	device->kind = candor_device_kind(dev);
	/* A program names any bus it likes; uinput gives it no parent. */
	device->flags = dev->dev.parent ? 0 : CANDOR_VIRTUAL;
	return 0;
}

static void device_tell_piece(const struct candor_device *device,
			      const struct input_dev *dev, u64 flags, u64 seq,
			      u64 id, const u64 *a)
{
	u64 ids = (u64)dev->id.bustype | (u64)dev->id.vendor << 16 |
		  (u64)dev->id.product << 32 | (u64)dev->id.version << 48;

	trace_candor_device(id, ids, flags, seq, a[0], a[1], a[2], a[3], a[4],
			    a[5], a[6], a[7]);
}

static void device_axis_words(const struct input_dev *dev, unsigned int axis,
			      u64 *words)
{
	const struct input_absinfo *abs = &dev->absinfo[axis];

	words[0] = axis | (u64)(u32)abs->resolution << 32;
	words[1] = (u64)(u32)abs->minimum | (u64)(u32)abs->maximum << 32;
}

/* The next axis at or after @axis, ABS_CNT: none. */
static unsigned int device_next_axis(const struct input_dev *dev,
				     unsigned int axis)
{
	if (!test_bit(EV_ABS, dev->evbit) || !dev->absinfo)
		return ABS_CNT;
	return find_next_bit(dev->absbit, ABS_CNT, axis);
}

void candor_device_tell(const struct candor_device *device,
			const struct input_dev *dev,
			enum candor_device_event event, u64 seq)
{
	u64 flags = CANDOR_DEVICE_FLAGS(event, dev->propbit[0], device->kind);
	/* Axes are told once; what closes is known by then. */
	unsigned int axis = event == CANDOR_DEVICE_OPENED ?
				    device_next_axis(dev, 0) : ABS_CNT;
	u16 id_flags = device->flags | CANDOR_FIRST;
	u8 piece = 0;

	do {
		u64 a[CANDOR_DEVICE_WORDS] = {};
		u8 count = 0;

		for (; axis < ABS_CNT && count < CANDOR_DEVICE_WORDS;
		     axis = device_next_axis(dev, axis + 1), count += 2)
			device_axis_words(dev, axis, a + count);
		if (axis >= ABS_CNT)
			id_flags |= CANDOR_LAST;
		device_tell_piece(device, dev, flags, seq,
				  CANDOR_ID(device->id, count, piece++,
					    id_flags), a);
		id_flags = device->flags;
	} while (axis < ABS_CNT);
}
