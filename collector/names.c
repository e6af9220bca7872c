// SPDX-License-Identifier: GPL-2.0-only
#include <linux/input-event-codes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "event_names.h"
#include "names.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct {
	const char *const *names;
	size_t count;
} tables[] = {
	[EV_SYN] = {syn_names, COUNT(syn_names)},
	[EV_KEY] = {key_names, COUNT(key_names)},
	[EV_REL] = {rel_names, COUNT(rel_names)},
	[EV_ABS] = {abs_names, COUNT(abs_names)},
	[EV_MSC] = {msc_names, COUNT(msc_names)},
	[EV_SW] = {sw_names, COUNT(sw_names)},
	[EV_LED] = {led_names, COUNT(led_names)},
	[EV_SND] = {snd_names, COUNT(snd_names)},
	[EV_REP] = {rep_names, COUNT(rep_names)},
};

static const char *name(const char *const *names, size_t count, uint16_t number,
			char text[NAMES_TEXT])
{
	if (number < count && names[number])
		return names[number];
	snprintf(text, NAMES_TEXT, "%u", number);
	return text;
}

const char *names_type(uint16_t type, char text[NAMES_TEXT])
{
	return name(ev_names, COUNT(ev_names), type, text);
}

const char *names_code(uint16_t type, uint16_t code, char text[NAMES_TEXT])
{
	static const char *const none[1];
	bool known = type < COUNT(tables) && tables[type].names;

	return name(known ? tables[type].names : none,
		    known ? tables[type].count : 0, code, text);
}
