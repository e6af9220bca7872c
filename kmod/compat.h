/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.h - what differs between the kernels candor runs on; the only file
 * with a version test. Supported: 6.1 and later.
 */
#ifndef CANDOR_COMPAT_H
#define CANDOR_COMPAT_H

#include <linux/hrtimer.h>
#include <linux/input.h>
#include <linux/leds.h>
#include <linux/version.h>

/*
 * Since 6.11 input_handler.events returns the number of values that go on to
 * the next handler; an observer passes them all on.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
typedef unsigned int candor_events_ret;
typedef struct input_value *candor_events_vals;
#define CANDOR_EVENTS_RETURN(count) return (count)
#else
typedef void candor_events_ret;
typedef const struct input_value *candor_events_vals;
#define CANDOR_EVENTS_RETURN(count) return
#endif

static inline void candor_trigger_blink(struct led_trigger *trigger,
					unsigned long on_ms,
					unsigned long off_ms)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
	led_trigger_blink(trigger, on_ms, off_ms);
#else
	led_trigger_blink(trigger, &on_ms, &off_ms);
#endif
}

static inline void
candor_hrtimer_setup(struct hrtimer *timer,
		     enum hrtimer_restart (*function)(struct hrtimer *),
		     clockid_t clock, enum hrtimer_mode mode)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	hrtimer_setup(timer, function, clock, mode);
#else
	hrtimer_init(timer, clock, mode);
	timer->function = function;
#endif
}

#endif /* CANDOR_COMPAT_H */
