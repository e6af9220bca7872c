// SPDX-License-Identifier: GPL-2.0-only
#include <linux/leds.h>
#include <linux/mutex.h>

#include "compat.h"
#include "gate.h"
#include "indicator.h"

#define INDICATOR_ON_MS 500
#define INDICATOR_OFF_MS 500

static DEFINE_MUTEX(indicator_mutex);
static bool indicator_lit; /* indicator_mutex */
static bool indicator_blinks; /* indicator_mutex */
static bool indicator_is_disturbed;

/* An LED bound while the gate is open shows it at once. */
static int indicator_activate(struct led_classdev *led)
{
	unsigned long on_ms = INDICATOR_ON_MS, off_ms = INDICATOR_OFF_MS;

	if (!READ_ONCE(indicator_lit))
		led_set_brightness(led, LED_OFF);
	else if (READ_ONCE(indicator_blinks))
		led_blink_set(led, &on_ms, &off_ms);
	else
		led_set_brightness(led, LED_FULL);
	return 0;
}

static struct led_trigger indicator_trigger = {
	.name = "candor-capture",
	.activate = indicator_activate,
};

static void indicator_apply(void)
{
	lockdep_assert_held(&indicator_mutex);
	if (indicator_lit && indicator_blinks)
		candor_trigger_blink(&indicator_trigger, INDICATOR_ON_MS,
				     INDICATOR_OFF_MS);
	else
		led_trigger_event(&indicator_trigger,
				  indicator_lit ? LED_FULL : LED_OFF);
}

void candor_indicator_set(bool lit)
{
	mutex_lock(&indicator_mutex);
	if (indicator_lit != lit) {
		WRITE_ONCE(indicator_lit, lit);
		indicator_apply();
	}
	mutex_unlock(&indicator_mutex);
}

void candor_indicator_blink(bool blink)
{
	mutex_lock(&indicator_mutex);
	if (indicator_blinks != blink) {
		WRITE_ONCE(indicator_blinks, blink);
		indicator_apply();
	}
	mutex_unlock(&indicator_mutex);
}

void candor_indicator_disturbed(void)
{
	/* A blinking LED is written all the time, and comes back by itself. */
	if (READ_ONCE(indicator_blinks) || READ_ONCE(indicator_is_disturbed))
		return;
	WRITE_ONCE(indicator_is_disturbed, true);
	candor_gate_kick();
}

void candor_indicator_refresh(void)
{
	if (!READ_ONCE(indicator_is_disturbed))
		return;
	WRITE_ONCE(indicator_is_disturbed, false);
	mutex_lock(&indicator_mutex);
	indicator_apply();
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
