// SPDX-License-Identifier: GPL-2.0-only
/*
 * evread - the ground truth of the VM tests: reads every evdev device
 *
 *	evread LOG	reads until SIGTERM, appending to LOG
 *	evread --sync	returns when a running evread has seen all there is
 *
 * LOG has one value a line, also SYN_REPORT, as evdev gives them:
 *
 *	eventN inputN TIME_US TYPE CODE VALUE
 *
 * in decimal, TIME_US of CLOCK_MONOTONIC. Devices that come and go are lines
 * of their own: "# + eventN inputN NAME" and "# - eventN".
 *
 * On the virtio-serial port `candor.evread` the host hears, fields separated
 * by tabs, of devices and, unless a program in the guest made the device, of
 * whole packets without their SYN_REPORT:
 *
 *	+ eventN inputN BUS(hex) PHYS UNIQ virtual|real NAME
 *	- eventN
 *	p eventN inputN TIME_US TYPE:CODE:VALUE ...(spaces)
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "port.h"

#define DEVICES 256
#define DEV_INPUT "/dev/input"

struct device {
	int fd; /* -1: none */
	int input; /* N of inputN */
	bool is_virtual;
	size_t used;
	char packet[16384]; /* values of the packet being read, as text */
};

static struct device *devices[DEVICES];
static int epoll_fd, port_fd, inotify_fd, socket_fd;
static FILE *out;
static volatile sig_atomic_t stop;

static void on_stop(int sig)
{
	stop = 1;
}

__attribute__((format(printf, 1, 2))) static void tell(const char *fmt, ...)
{
	char line[17000];
	va_list ap;
	int n;

	if (port_fd < 0)
		return;
	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(line))
		n = sizeof(line) - 1;
	write_all(port_fd, line, n);
}

/* Where the device sits in sysfs says what is behind it. */
static void look_up(int event, struct device *d)
{
	char path[64], target[PATH_MAX] = "";
	const char *input;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/class/input/event%d", event);
	n = readlink(path, target, sizeof(target) - 1);
	if (n > 0)
		target[n] = '\0';
	d->is_virtual = strstr(target, "/devices/virtual/input/");
	input = strstr(target, "/input/input");
	d->input = input ? atoi(input + strlen("/input/input")) : -1;
}

static void announce(int event, struct device *d)
{
	char name[128] = "", phys[128] = "", uniq[128] = "";
	struct input_id id = { 0 };

	ioctl(d->fd, EVIOCGNAME(sizeof(name) - 1), name);
	ioctl(d->fd, EVIOCGPHYS(sizeof(phys) - 1), phys);
	ioctl(d->fd, EVIOCGUNIQ(sizeof(uniq) - 1), uniq);
	ioctl(d->fd, EVIOCGID, &id);
	fprintf(out, "# + event%d input%d %s\n", event, d->input, name);
	tell("+\tevent%d\tinput%d\t%04x\t%s\t%s\t%s\t%s\n", event, d->input,
	     id.bustype, phys, uniq, d->is_virtual ? "virtual" : "real", name);
}

static void open_device(int event)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u32 = event };
	int clock = CLOCK_MONOTONIC;
	struct device *d;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), DEV_INPUT "/event%d", event);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	d = calloc(1, sizeof(*d));
	if (!d || ioctl(fd, EVIOCSCLOCKID, &clock) ||
	    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev)) {
		free(d);
		close(fd);
		return;
	}
	d->fd = fd;
	devices[event] = d;
	look_up(event, d);
	announce(event, d);
}

static void close_device(int event)
{
	close(devices[event]->fd);
	free(devices[event]);
	devices[event] = NULL;
	fprintf(out, "# - event%d\n", event);
	tell("-\tevent%d\n", event);
}

static void scan(void)
{
	struct dirent *e;
	int event;
	DIR *dir;

	dir = opendir(DEV_INPUT);
	if (!dir)
		return;
	while ((e = readdir(dir)))
		if (sscanf(e->d_name, "event%d", &event) == 1 && event >= 0 &&
		    event < DEVICES && !devices[event])
			open_device(event);
	closedir(dir);
}

static void packet_add(struct device *d, const struct input_event *ev)
{
	int n;

	n = snprintf(d->packet + d->used, sizeof(d->packet) - d->used,
		     "%s%d:%d:%d", d->used ? " " : "", ev->type, ev->code,
		     ev->value);
	if (d->used + n < sizeof(d->packet))
		d->used += n;
	d->packet[d->used] = '\0';
}

static void take(int event, struct device *d, const struct input_event *ev)
{
	unsigned long long us;

	us = ev->input_event_sec * 1000000ULL + ev->input_event_usec;
	fprintf(out, "event%d input%d %llu %d %d %d\n", event, d->input, us,
		ev->type, ev->code, ev->value);
	if (d->is_virtual)
		return;
	if (ev->type != EV_SYN || ev->code != SYN_REPORT) {
		packet_add(d, ev);
		return;
	}
	tell("p\tevent%d\tinput%d\t%llu\t%s\n", event, d->input, us,
	     d->packet);
	d->used = 0;
	d->packet[0] = '\0';
}

static void drain(int event)
{
	struct device *d = devices[event];
	struct input_event ev[64];
	ssize_t n, i;

	for (;;) {
		n = read(d->fd, ev, sizeof(ev));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		for (i = 0; i < n / (ssize_t)sizeof(*ev); i++)
			take(event, d, &ev[i]);
	}
	if (n < 0 && errno != EAGAIN)
		close_device(event);
}

static void flush_log(void)
{
	if (fflush(out)) {
		fprintf(stderr, "evread: cannot write the log: %s\n",
			strerror(errno));
		stop = 1;
	}
}

static void answer_sync(void)
{
	struct sockaddr_un from;
	socklen_t len = sizeof(from);
	char byte;
	int i;

	if (recvfrom(socket_fd, &byte, 1, 0, (struct sockaddr *)&from,
		     &len) < 0)
		return;
	scan();
	for (i = 0; i < DEVICES; i++)
		if (devices[i])
			drain(i);
	flush_log();
	sendto(socket_fd, &byte, 1, MSG_DONTWAIT, (struct sockaddr *)&from,
	       len);
}

static void on_directory(void)
{
	char events[4096] __attribute__((aligned(8)));

	if (read(inotify_fd, events, sizeof(events)) > 0)
		scan();
}

static int listen_sync(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX,
				  .sun_path = READER_SOCKET };
	int fd;

	unlink(READER_SOCKET);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)))
		return -errno;
	return fd;
}

static int watch(int fd, unsigned int what)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u32 = what };

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

enum { DIRECTORY = DEVICES, SOCKET };

static int start(const char *log)
{
	struct sched_param first = { .sched_priority = 1 };
	struct sigaction sa = { .sa_handler = on_stop };

	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	/* A slow reader would lose what it is to bear witness of. */
	sched_setscheduler(0, SCHED_FIFO, &first);
	out = fopen(log, "ae");
	if (!out)
		return -errno;
	setvbuf(out, NULL, _IOFBF, 1 << 16);
	port_fd = port_open("candor.evread");
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	socket_fd = listen_sync();
	if (epoll_fd < 0 || inotify_fd < 0 || socket_fd < 0)
		return -errno;
	if (inotify_add_watch(inotify_fd, DEV_INPUT, IN_CREATE) < 0)
		return -errno;
	if (watch(inotify_fd, DIRECTORY) || watch(socket_fd, SOCKET))
		return -errno;
	scan();
	return 0;
}

static void loop(void)
{
	struct epoll_event ev[16];
	int i, n;

	while (!stop) {
		n = epoll_wait(epoll_fd, ev, 16, 0);
		if (n == 0) {
			flush_log();
			n = epoll_wait(epoll_fd, ev, 16, -1);
		}
		for (i = 0; i < n; i++) {
			if (ev[i].data.u32 == DIRECTORY)
				on_directory();
			else if (ev[i].data.u32 == SOCKET)
				answer_sync();
			else if (devices[ev[i].data.u32])
				drain(ev[i].data.u32);
		}
	}
}

int main(int argc, char **argv)
{
	int err;

	if (argc != 2) {
		fputs("usage: evread LOG | --sync\n", stderr);
		return 2;
	}
	if (!strcmp(argv[1], "--sync"))
		return reader_sync() ? 1 : 0;
	err = start(argv[1]);
	if (err) {
		fprintf(stderr, "evread: cannot start, log %s: %s\n", argv[1],
			strerror(-err));
		return 1;
	}
	loop();
	return fclose(out) ? 1 : 0;
}
