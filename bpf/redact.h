/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * redact.h - what of one input value a level lets through
 *
 * Pure functions of their arguments, compiled into the BPF program.
 */
#ifndef CANDOR_REDACT_BPF_H
#define CANDOR_REDACT_BPF_H

#include "candor_abi.h"
#include "classes.h"

/* Values are the schema's (collector/level.h). */
#define REDACT_ACTIONS 2
#define REDACT_DEMONSTRATION 4

#define REDACT_CHORD (CANDOR_LEFTCTRL | CANDOR_LEFTALT | CANDOR_LEFTMETA)
#define REDACT_CTRL (CANDOR_LEFTCTRL | CANDOR_RIGHTCTRL)
#define REDACT_ALT (CANDOR_LEFTALT | CANDOR_RIGHTALT)
#define REDACT_SHIFT (CANDOR_LEFTSHIFT | CANDOR_RIGHTSHIFT)
/* Text presses of one hold that may show their code. */
#define REDACT_HOLD_MAX 4
#define REDACT_HOLD_SPENT 255

static __always_inline void redact_hold(struct candor_device_state *st,
					__u8 held)
{
	if (!(held & REDACT_CHORD))
		st->hold_used = 0;
}

/*
 * Whether this press of a text key is a chord, a command to a program. AltGr
 * and Ctrl+Alt type text on many layouts, Ctrl+Shift+U begins a code point,
 * Alt and the keypad type one, and a long hold may be a word typed with Ctrl
 * stuck. @moved: some modifier went down or up in this packet, so that @held
 * does not say all that was held; then no key of it is a chord.
 */
static __always_inline int redact_is_chord(struct candor_device_state *st,
					   __u8 held, int moved, __u16 code)
{
	__u8 used = st->hold_used;

	if (!(held & REDACT_CHORD))
		return 0;
	if (used < REDACT_HOLD_SPENT)
		st->hold_used = used + 1;
	if (code == KEY_U && held & REDACT_CTRL &&
	    (held & REDACT_SHIFT || moved))
		st->hold_used = REDACT_HOLD_SPENT;
	if (!st->shows_chords || moved || held & CANDOR_RIGHTALT ||
	    (held & REDACT_CTRL && held & REDACT_ALT))
		return 0;
	if (held & CANDOR_LEFTALT && code >= KEY_KP7 && code <= KEY_KPDOT)
		return 0;
	return used < REDACT_HOLD_MAX && st->hold_used != REDACT_HOLD_SPENT;
}

static __always_inline int redact_key(struct candor_device_state *st, __u8 held,
				      int moved, __u8 class,
				      struct candor_value *v)
{
	if (class == CLASS_BUTTON)
		return 1;
	/* Releases of modifiers: the collector must know what stays held. */
	if (class != CLASS_TEXT)
		return v->value != 0 || class == CLASS_MODIFIER;
	if (v->value != 1)
		return 0;
	if (!redact_is_chord(st, held, moved, v->code))
		v->code = CANDOR_CODE_TEXT;
	return 1;
}

static __always_inline int redact_relative(__u16 code)
{
	switch (code) {
	case REL_X:
	case REL_Y:
	case REL_WHEEL:
	case REL_HWHEEL:
	case REL_WHEEL_HI_RES:
	case REL_HWHEEL_HI_RES:
		return 1;
	}
	return 0;
}

static __always_inline int redact_absolute(__u8 kind, __u16 code)
{
	switch (code) {
	case ABS_X:
	case ABS_Y:
		return 1;
	case ABS_MT_SLOT:
	case ABS_MT_TRACKING_ID:
	case ABS_MT_POSITION_X:
	case ABS_MT_POSITION_Y:
		/* Only to count the contacts of a touch. */
		return kind & (CANDOR_KIND_TOUCH | CANDOR_KIND_PEN);
	}
	return 0;
}

static __always_inline int redact_actions(struct candor_device_state *st,
					  __u8 held, int moved, __u8 class,
					  struct candor_value *v)
{
	switch (v->type) {
	case EV_KEY:
		return redact_key(st, held, moved, class, v);
	case EV_REL:
		return redact_relative(v->code);
	case EV_ABS:
		return redact_absolute(st->kind, v->code);
	}
	return 0;
}

static __always_inline int redact_demonstration(const struct candor_value *v)
{
	switch (v->type) {
	case EV_KEY:
	case EV_REL:
	case EV_ABS:
		return 1;
	case EV_SYN:
		return v->code == SYN_MT_REPORT;
	}
	return 0;
}

/*
 * Whether @v goes on, perhaps with its code taken away. @class is that of
 * v->code when v->type is EV_KEY.
 */
static __always_inline int redact_value(__u32 level,
					struct candor_device_state *st,
					__u8 held, int moved, __u8 class,
					struct candor_value *v)
{
	switch (level) {
	case REDACT_ACTIONS:
		return redact_actions(st, held, moved, class, v);
	case REDACT_DEMONSTRATION:
		return redact_demonstration(v);
	}
	return 0;
}

#endif /* CANDOR_REDACT_BPF_H */
