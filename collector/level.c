// SPDX-License-Identifier: GPL-2.0-only
#include "level.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

struct level_units level_units(enum level level)
{
	switch (level) {
	case LEVEL_TOTALS:
		/* counts by the hour, no row with a time of its own */
		break;
	case LEVEL_ACTIONS:
		return (struct level_units){ 1000000, GRID_NS };
	case LEVEL_TIMING:
		return (struct level_units){ 1000000, 1000000 };
	case LEVEL_DEMONSTRATION:
		return (struct level_units){ 1000, 1000 };
	}
	return (struct level_units){ 0, 0 };
}

const char *level_name(enum level level)
{
	switch (level) {
	case LEVEL_TOTALS:
		return "totals";
	case LEVEL_ACTIONS:
		return "actions";
	case LEVEL_TIMING:
		return "timing";
	case LEVEL_DEMONSTRATION:
		return "demonstration";
	}
	return NULL;
}

int level_parse(const char *name)
{
	for (enum level l = LEVEL_TOTALS; l <= LEVEL_DEMONSTRATION; l++)
		if (!strcmp(name, level_name(l)))
			return (int)l;
	return -EINVAL;
}
