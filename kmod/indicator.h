/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * indicator.h - the LED trigger "candor-capture": lit while the gate is open
 *
 * Bind it to any LED: echo candor-capture > /sys/class/leds/NAME/trigger
 */
#ifndef CANDOR_INDICATOR_H
#define CANDOR_INDICATOR_H

#include <linux/types.h>

int candor_indicator_init(void);
void candor_indicator_exit(void);

/* Called by the work. Lit before the gate opens, off after it has closed. */
void candor_indicator_set(bool lit);
/* Called by the work while lit: puts right what somebody turned off. */
void candor_indicator_refresh(void);
/* Any sleeping context: blink instead of shining (level demonstration). */
void candor_indicator_blink(bool blink);
/* Hot path: somebody wrote a keyboard's LEDs. */
void candor_indicator_disturbed(void);

#endif /* CANDOR_INDICATOR_H */
