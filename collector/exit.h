/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * exit.h - what every program of candor says by its exit status
 */
#ifndef CANDOR_EXIT_H
#define CANDOR_EXIT_H

enum exit_code {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_INACTIVE = 3, /* paused, blocked, or nothing is recorded */
	EXIT_DENIED = 4,
	EXIT_UNSUPPORTED = 5, /* not here: no module, another ABI, too old */
	EXIT_CONFIG = 6,
	EXIT_LATER = 75, /* the same may work later */
};

#endif
