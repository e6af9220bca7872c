// SPDX-License-Identifier: GPL-2.0-only
/*
 * lease [ABI [REASONS [FLAGS]]] - asks for the lease, and gives it back at once
 * lease --hold - keeps it until it is ended; prints "ready"
 *
 * Exits with the errno of the refusal, said on stderr; 0: it was given.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "candor_abi.h"

static uint32_t number(const char *text)
{
	return (uint32_t)strtoul(text, NULL, 0);
}

int main(int argc, char **argv)
{
	struct candor_lease lease = { .abi = CANDOR_ABI, .flush_ms = 1000 };
	int fd = open("/dev/candor", O_RDONLY | O_CLOEXEC);
	bool hold = argc == 2 && !strcmp(argv[1], "--hold");

	if (argc > 1 && !hold)
		lease.abi = number(argv[1]);
	if (argc > 2)
		lease.reasons = number(argv[2]);
	if (argc > 3)
		lease.flags = number(argv[3]);
	if (fd < 0 || ioctl(fd, CANDOR_IOC_LEASE, &lease)) {
		fprintf(stderr, "lease: %s\n", strerror(errno));
		return errno;
	}
	if (hold) {
		puts("ready");
		fflush(stdout);
		pause();
	}
	return 0;
}
