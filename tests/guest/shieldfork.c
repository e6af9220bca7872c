// SPDX-License-Identifier: GPL-2.0-only
/*
 * shieldfork - takes a shield, hands its descriptor to a child that sleeps, and
 * ends; says so when the shield was not there in between
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "candor_abi.h"

int main(void)
{
	struct candor_status status;
	int fd = open("/dev/candor", O_RDONLY);

	if (fd < 0 || ioctl(fd, CANDOR_IOC_SHIELD) ||
	    ioctl(fd, CANDOR_IOC_STATUS, &status)) {
		perror("shieldfork");
		return 1;
	}
	if (!fork()) {
		sleep(100);
		_exit(0);
	}
	if (status.blocked & CANDOR_SHIELD)
		return 0;
	fputs("shieldfork: not blocked by the shield\n", stderr);
	return 1;
}
