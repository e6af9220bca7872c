// SPDX-License-Identifier: GPL-2.0-only
#include "duration.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	uint32_t seconds;
} units[] = {
	{ "s", 1 },	  { "sec", 1 },	      { "second", 1 },
	{ "seconds", 1 }, { "m", 60 },	      { "min", 60 },
	{ "minute", 60 }, { "minutes", 60 },  { "h", 3600 },
	{ "hr", 3600 },	  { "hour", 3600 },   { "hours", 3600 },
	{ "d", 86400 },	  { "day", 86400 },   { "days", 86400 },
	{ "w", 604800 },  { "week", 604800 }, { "weeks", 604800 },
};

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* Digits at *@text; saturates, and says so, instead of wrapping. */
static int parse_number(const char **text, uint64_t *number, bool *too_large)
{
	const char *p = *text;

	if (!isdigit((unsigned char)*p))
		return -EINVAL;
	for (*number = 0; isdigit((unsigned char)*p); p++) {
		if (__builtin_mul_overflow(*number, 10, number) ||
		    __builtin_add_overflow(*number, *p - '0', number)) {
			*number = UINT64_MAX / 10;
			*too_large = true;
		}
	}
	*text = p;
	return 0;
}

/* Seconds of the unit at *@text; 0: there is none of this name. */
static uint32_t parse_unit(const char **text)
{
	size_t len = 0;

	while (isalpha((unsigned char)(*text)[len]))
		len++;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strlen(units[i].name) == len &&
		    !memcmp(units[i].name, *text, len)) {
			*text += len;
			return units[i].seconds;
		}
	}
	return 0;
}

static int parse_spans(const char *p, uint64_t *total, bool *too_large)
{
	*total = 0;
	for (bool first = true; first || *p; first = false) {
		uint64_t number;
		uint32_t unit;
		int err = parse_number(&p, &number, too_large);

		if (err)
			return err;
		p = skip_blanks(p);
		unit = first && !*p ? 1 : parse_unit(&p);
		if (!unit)
			return -EINVAL;
		if (__builtin_mul_overflow(number, unit, &number) ||
		    __builtin_add_overflow(*total, number, total))
			*too_large = true;
		p = skip_blanks(p);
	}
	return 0;
}

int duration_parse(const char *text, uint64_t *seconds)
{
	bool too_large = false;
	uint64_t total;
	int err = parse_spans(skip_blanks(text), &total, &too_large);

	if (err)
		return err;
	if (too_large)
		return -ERANGE;
	*seconds = total;
	return 0;
}

const char *duration_format(uint64_t seconds, char text[DURATION_TEXT])
{
	static const struct {
		char name;
		uint32_t seconds;
	} parts[] = { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };
	size_t used = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		uint64_t n = seconds / parts[i].seconds;

		seconds %= parts[i].seconds;
		if (n || (parts[i].name == 's' && !used))
			used += (size_t)snprintf(
				text + used, DURATION_TEXT - used,
				"%" PRIu64 "%c", n, parts[i].name);
	}
	return text;
}
