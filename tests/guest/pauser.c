// SPDX-License-Identifier: GPL-2.0-only
/*
 * pauser - pauses again and again, and writes down when
 *
 *	pauser TRIALS LOG	makes so many trials
 *	pauser --ioctl SECONDS	one PAUSE with this u32; prints the errno's text
 *				and exits 1 when it is refused
 *	pauser --ioctl-fault 0	the same from an address that is none
 *
 * A trial waits until candor captures, lets it, pauses, stays blocked for 10 to
 * 32 ms, and ends the pause. LOG has for each, times of CLOCK_MONOTONIC in
 * microseconds:
 *
 *	trial N CALLED PAUSED END
 *
 * CALLED before the PAUSE call, PAUSED after it returned, END before PAUSE 0.
 * The last trial is a plant: it says PAUSED without having paused, so that who
 * looks for what crossed in a pause can show that it finds something.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "candor_abi.h"
#include "port.h"

#define PAUSE_SEC 1800
#define CROSS_MS 15
#define OPEN_MS 10000

static void sleep_ms(unsigned int ms)
{
	const struct timespec ts = { .tv_sec = ms / 1000,
				     .tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

static int pause_for(int fd, uint32_t seconds)
{
	return ioctl(fd, CANDOR_IOC_PAUSE, &seconds) ? -errno : 0;
}

static int wait_capturing(int fd)
{
	struct candor_status status;

	for (unsigned int ms = 0; ms < OPEN_MS; ms++) {
		if (ioctl(fd, CANDOR_IOC_STATUS, &status))
			return -errno;
		if (status.state == CANDOR_STATE_CAPTURING)
			return 0;
		sleep_ms(1);
	}
	return -ETIMEDOUT;
}

static int trial(int fd, unsigned int n, bool planted, FILE *log)
{
	uint64_t called, paused;
	int err = wait_capturing(fd);

	if (err)
		return err;
	sleep_ms(CROSS_MS);
	called = monotonic_us();
	if (!planted)
		err = pause_for(fd, PAUSE_SEC);
	if (err)
		return err;
	paused = monotonic_us();
	sleep_ms(10 + n * 7 % 23);
	fprintf(log, "trial %u %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", n,
		called, paused, monotonic_us());
	return pause_for(fd, 0);
}

static int trials(int fd, unsigned int count, const char *path)
{
	FILE *log = fopen(path, "we");
	int err = 0;

	if (!log)
		return -errno;
	for (unsigned int n = 0; n < count && !err; n++)
		err = trial(fd, n, n == count - 1, log);
	if (!err)
		err = wait_capturing(fd);
	sleep_ms(CROSS_MS);
	return fclose(log) ? -errno : err;
}

int main(int argc, char **argv)
{
	int fd, err;

	if (argc != 3) {
		fputs("usage: pauser TRIALS LOG | --ioctl SECONDS |\n"
	      "       pauser --ioctl-fault 0\n", stderr);
		return 2;
	}
	fd = open("/dev/candor", O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		perror("/dev/candor");
		return 1;
	}
	if (!strcmp(argv[1], "--ioctl"))
		err = pause_for(fd, (uint32_t)strtoul(argv[2], NULL, 0));
	else if (!strcmp(argv[1], "--ioctl-fault"))
		err = ioctl(fd, CANDOR_IOC_PAUSE, NULL) ? -errno : 0;
	else
		err = trials(fd, (unsigned int)atoi(argv[1]), argv[2]);
	if (err)
		fprintf(stderr, "pauser: %s\n", strerror(-err));
	close(fd);
	return err ? 1 : 0;
}
