// SPDX-License-Identifier: GPL-2.0-only
#include <linux/leds.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "gate.h"
#include "indicator.h"

#define INDICATOR_ON_MS 500
#define INDICATOR_OFF_MS 500

/* An LED bound to the trigger. */
struct indicator_led {
	struct list_head node;
	struct led_classdev *led;
};

static DEFINE_MUTEX(indicator_mutex);
static LIST_HEAD(indicator_leds); /* indicator_mutex */
static bool indicator_lit; /* indicator_mutex */
static bool indicator_blinks; /* indicator_mutex */
static bool indicator_is_disturbed;

/*
 * Returns when the LED shows it. Through the trigger's own calls it would not:
 * the LED core leaves slow LEDs, and the end of a blink, to a work of its own,
 * which may run after the next change.
 */
static void indicator_show(struct led_classdev *led)
{
	unsigned long on_ms = INDICATOR_ON_MS, off_ms = INDICATOR_OFF_MS;

	lockdep_assert_held(&indicator_mutex);
	led_set_brightness(led, LED_OFF);
	flush_work(&led->set_brightness_work);
	if (!indicator_lit)
		return;
	led_set_brightness(led, LED_FULL);
	flush_work(&led->set_brightness_work);
	if (indicator_blinks)
		led_blink_set(led, &on_ms, &off_ms);
}

static void indicator_show_all(void)
{
	struct indicator_led *entry;

	lockdep_assert_held(&indicator_mutex);
	list_for_each_entry(entry, &indicator_leds, node)
		indicator_show(entry->led);
}

/* An LED bound while the gate is open shows it at once. */
static int indicator_activate(struct led_classdev *led)
{
	struct indicator_led *entry = kzalloc(sizeof(*entry), GFP_KERNEL);

	if (!entry)
		return -ENOMEM;
	entry->led = led;
	led_set_trigger_data(led, entry);
	mutex_lock(&indicator_mutex);
	list_add_tail(&entry->node, &indicator_leds);
	indicator_show(led);
	mutex_unlock(&indicator_mutex);
	return 0;
}

static void indicator_deactivate(struct led_classdev *led)
{
	struct indicator_led *entry = led_get_trigger_data(led);

	mutex_lock(&indicator_mutex);
	list_del(&entry->node);
	mutex_unlock(&indicator_mutex);
	kfree(entry);
}

static struct led_trigger indicator_trigger = {
	.name = "candor-capture",
	.activate = indicator_activate,
	.deactivate = indicator_deactivate,
};

void candor_indicator_set(bool lit)
{
	mutex_lock(&indicator_mutex);
	if (indicator_lit != lit) {
		indicator_lit = lit;
		indicator_show_all();
	}
	mutex_unlock(&indicator_mutex);
}

void candor_indicator_blink(bool blink)
{
	mutex_lock(&indicator_mutex);
	if (indicator_blinks != blink) {
		WRITE_ONCE(indicator_blinks, blink);
		if (indicator_lit)
			indicator_show_all();
	}
	mutex_unlock(&indicator_mutex);
}

void candor_indicator_disturbed(void)
{
	/* A blinking LED is written all the time, and comes back by itself. */
	if (READ_ONCE(indicator_blinks) || READ_ONCE(indicator_is_disturbed) ||
	    list_empty_careful(&indicator_leds))
		return;
	WRITE_ONCE(indicator_is_disturbed, true);
	candor_gate_kick();
}

void candor_indicator_refresh(void)
{
	struct indicator_led *entry;

	if (!READ_ONCE(indicator_is_disturbed))
		return;
	WRITE_ONCE(indicator_is_disturbed, false);
	mutex_lock(&indicator_mutex);
	/* On alone: an off in between would disturb it again. */
	list_for_each_entry(entry, &indicator_leds, node)
		if (indicator_lit && !indicator_blinks)
			led_set_brightness(entry->led, LED_FULL);
	mutex_unlock(&indicator_mutex);
}

int candor_indicator_init(void)
{
	return led_trigger_register(&indicator_trigger);
}

void candor_indicator_exit(void)
{
	led_trigger_unregister(&indicator_trigger);
}
