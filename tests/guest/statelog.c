// SPDX-License-Identifier: GPL-2.0-only
/*
 * statelog LOG - what candor says of itself, and what its indicator shows
 *
 * Looks every 2 ms until SIGTERM, and writes a line whenever something differs:
 *
 *	TIME_US STATE REASONS LED BIT
 *
 * TIME_US of CLOCK_BOOTTIME; REASONS joined by commas, - for none; LED the
 * brightness of the LED bound to candor-capture, BIT whether the keyboard that
 * it belongs to has it lit, as the input core knows. The state is read before
 * and after the LED, and a look between two states is not written: a line with
 * `capturing` and a dark LED means that it was dark while capturing.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <linux/input.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "candor_abi.h"

#define LEDS "/sys/class/leds/"

struct look {
	uint32_t state, blocked;
	int led, bit;
};

static int node_fd, led_fd, event_fd;
static volatile sig_atomic_t stop;

static void on_stop(int sig)
{
	stop = 1;
}

static int read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, size - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return 0;
}

/* The folder of the LED with our trigger, in @path; -ENOENT. */
static int find_led(char *path, size_t size)
{
	char text[4096];
	glob_t found;
	int err = -ENOENT;

	if (glob(LEDS "*/trigger", 0, NULL, &found))
		return -ENOENT;
	for (size_t i = 0; i < found.gl_pathc && err; i++) {
		if (read_file(found.gl_pathv[i], text, sizeof(text)) ||
		    !strstr(text, "[candor-capture]"))
			continue;
		snprintf(path, size, "%.*s",
			 (int)(strlen(found.gl_pathv[i]) - strlen("/trigger")),
			 found.gl_pathv[i]);
		err = 0;
	}
	globfree(&found);
	return err;
}

static int open_led(void)
{
	char folder[256], path[512];
	glob_t found;

	if (find_led(folder, sizeof(folder)))
		return -ENOENT;
	snprintf(path, sizeof(path), "%s/brightness", folder);
	led_fd = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "%s/device/event*", folder);
	if (led_fd < 0 || glob(path, 0, NULL, &found))
		return -ENOENT;
	snprintf(path, sizeof(path), "/dev/input/%s",
		 strrchr(found.gl_pathv[0], '/') + 1);
	globfree(&found);
	event_fd = open(path, O_RDONLY | O_CLOEXEC);
	return event_fd < 0 ? -errno : 0;
}

static int look_led(struct look *look)
{
	unsigned char bits[(LED_CNT + 7) / 8] = { 0 };
	char text[16] = "";

	if (pread(led_fd, text, sizeof(text) - 1, 0) < 0 ||
	    ioctl(event_fd, EVIOCGLED(sizeof(bits)), bits) < 0)
		return -errno;
	look->led = atoi(text);
	look->bit = bits[LED_SCROLLL / 8] >> LED_SCROLLL % 8 & 1;
	return 0;
}

/* 1: it changed meanwhile. */
static int look_all(struct look *look)
{
	struct candor_status before, after;
	int err;

	if (ioctl(node_fd, CANDOR_IOC_STATUS, &before))
		return -errno;
	err = look_led(look);
	if (err)
		return err;
	if (ioctl(node_fd, CANDOR_IOC_STATUS, &after))
		return -errno;
	look->state = before.state;
	look->blocked = before.blocked;
	return before.state != after.state || before.blocked != after.blocked;
}

static void write_look(FILE *log, const struct look *look)
{
	static const char *const states[] = { "idle", "blocked", "capturing" };
	const char *comma = "";
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	fprintf(log, "%" PRIu64 " %s ",
		ts.tv_sec * UINT64_C(1000000) + ts.tv_nsec / 1000,
		states[look->state]);
	for (unsigned int i = 0; i < CANDOR_REASON_COUNT; i++) {
		if (!(look->blocked & 1u << i))
			continue;
		fprintf(log, "%s%s", comma, candor_reason_name(i));
		comma = ",";
	}
	fprintf(log, "%s %d %d\n", look->blocked ? "" : "-", look->led,
		look->bit);
	fflush(log);
}

static int watch(FILE *log)
{
	const struct timespec pause = { .tv_nsec = 2000000 };
	struct look now, last;
	int ret;

	memset(&last, 0xff, sizeof(last));
	while (!stop) {
		ret = look_all(&now);
		if (ret < 0)
			return ret;
		if (!ret && memcmp(&now, &last, sizeof(now))) {
			write_look(log, &now);
			last = now;
		}
		nanosleep(&pause, NULL);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct sigaction action = { .sa_handler = on_stop };
	FILE *log;
	int err;

	if (argc != 2) {
		fputs("usage: statelog LOG\n", stderr);
		return 2;
	}
	sigaction(SIGTERM, &action, NULL);
	log = fopen(argv[1], "ae");
	node_fd = open("/dev/candor", O_RDONLY | O_CLOEXEC);
	if (!log || node_fd < 0) {
		perror("statelog");
		return 1;
	}
	err = open_led();
	if (!err)
		err = watch(log);
	if (err)
		fprintf(stderr, "statelog: %s\n", strerror(-err));
	return fclose(log) || err ? 1 : 0;
}
