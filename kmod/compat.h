/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.h - what differs between the kernels candor runs on; the only file
 * with a version test. Supported: 6.1 and later.
 */
#ifndef CANDOR_COMPAT_H
#define CANDOR_COMPAT_H

#include <linux/hrtimer.h>
#include <linux/input.h>
#include <linux/version.h>

/* handler.c: sees every packet and changes none. */
void candor_handler_events(struct input_handle *handle,
			   const struct input_value *vals, unsigned int count);

/*
 * Since 6.11 input_handler.events returns the number of values that go on to
 * the next handler.
 */
#if KERNEL_VERSION(6, 11, 0) <= LINUX_VERSION_CODE
static inline unsigned int candor_events(struct input_handle *handle,
					 struct input_value *vals,
					 unsigned int count)
{
	candor_handler_events(handle, vals, count);
	return count;
}
#else
static inline void candor_events(struct input_handle *handle,
				 const struct input_value *vals,
				 unsigned int count)
{
	candor_handler_events(handle, vals, count);
}
#endif

static inline void
candor_hrtimer_setup(struct hrtimer *timer,
		     enum hrtimer_restart (*function)(struct hrtimer *),
		     clockid_t clock, enum hrtimer_mode mode)
{
#if KERNEL_VERSION(6, 13, 0) <= LINUX_VERSION_CODE
	hrtimer_setup(timer, function, clock, mode);
#else
	hrtimer_init(timer, clock, mode);
	timer->function = function;
#endif
}

#endif /* CANDOR_COMPAT_H */
