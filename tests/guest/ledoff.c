// SPDX-License-Identifier: GPL-2.0-only
/*
 * ledoff EVENT - turns the scroll lock LED of a keyboard off, as a program that
 * has the keyboard's evdev node open may
 */
#include <fcntl.h>
#include <linux/input.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const struct input_event off[] = {
		{ .type = EV_LED, .code = LED_SCROLLL, .value = 0 },
		{ .type = EV_SYN, .code = SYN_REPORT },
	};
	int fd;

	if (argc != 2) {
		fputs("usage: ledoff EVENT\n", stderr);
		return 2;
	}
	fd = open(argv[1], O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, off, sizeof(off)) != sizeof(off)) {
		perror(argv[1]);
		return 1;
	}
	close(fd);
	return 0;
}
