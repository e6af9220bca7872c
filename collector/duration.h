/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * duration.h - spans of time as people write them: 90s, 15m, 1h30m, 10min
 *
 * A number with a unit, repeated, spaces allowed between: s sec second(s),
 * m min minute(s), h hr hour(s), d day(s), w week(s). One bare number is
 * seconds. No sign, no fraction, no exponent.
 */
#ifndef CANDOR_DURATION_H
#define CANDOR_DURATION_H

#include <stddef.h>
#include <stdint.h>

/* -EINVAL: not a duration. -ERANGE: one, but of more than 2^64 - 1 s. */
int duration_parse(const char *text, uint64_t *seconds);

#define DURATION_TEXT 32 /* holds any formatted duration */

/* The shortest text that duration_parse() gives back: "1h30m", "0s". */
const char *duration_format(uint64_t seconds, char text[DURATION_TEXT]);

#endif
