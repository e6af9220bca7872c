/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * names.h - what linux/input-event-codes.h calls types and codes
 */
#ifndef CANDOR_NAMES_H
#define CANDOR_NAMES_H

#include <stdint.h>

#define NAMES_TEXT 24

/* "EV_KEY", or the number, put into @text. */
const char *names_type(uint16_t type, char text[NAMES_TEXT]);
/* "KEY_A", "BTN_LEFT", "REL_X" ..., or the number. */
const char *names_code(uint16_t type, uint16_t code, char text[NAMES_TEXT]);

#endif
