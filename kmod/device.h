/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * device.h - which devices are captured, and how one is announced
 *
 * Keyboards, mice, tablets, touchpads, touchscreens and pens; not power and
 * lid switches, gamepads and accelerometers. Unknown: not captured.
 */
#ifndef CANDOR_DEVICE_H
#define CANDOR_DEVICE_H

#include <linux/types.h>

#include "candor_abi.h"

struct input_dev;

struct candor_device {
	u32 id; /* N of inputN */
	u16 flags; /* CANDOR_VIRTUAL */
	u8 kind; /* CANDOR_KIND_* */
};

/* CANDOR_KIND_* bits; 0: not for us. */
u8 candor_device_kind(const struct input_dev *dev);
/* -EINVAL: its name is not inputN. */
int candor_device_init(struct candor_device *device,
		       const struct input_dev *dev);
/* Fires candor_device(); at an opening in as many pieces as its axes take. */
void candor_device_tell(const struct candor_device *device,
			const struct input_dev *dev,
			enum candor_device_event event, u64 seq);

#endif /* CANDOR_DEVICE_H */
