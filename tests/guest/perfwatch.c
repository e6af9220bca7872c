// SPDX-License-Identifier: GPL-2.0-only
/*
 * perfwatch EVENT - observes candor's trace event EVENT as perf would, on one
 * CPU and without reading anything, until it is ended. Prints "ready".
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int event_id(const char *event)
{
	char path[128];
	FILE *f;
	int id;

	snprintf(path, sizeof(path),
		 "/sys/kernel/tracing/events/candor/%s/id", event);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	if (fscanf(f, "%d", &id) != 1)
		id = -EINVAL;
	fclose(f);
	return id;
}

int main(int argc, char **argv)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT,
					.size = sizeof(attr),
					.sample_period = 1 };
	int id;

	if (argc != 2) {
		fputs("usage: perfwatch EVENT\n", stderr);
		return 2;
	}
	id = event_id(argv[1]);
	attr.config = id;
	if (id < 0 || syscall(SYS_perf_event_open, &attr, -1, 0, -1, 0) < 0) {
		fprintf(stderr, "perfwatch: %s: %s\n", argv[1],
			strerror(id < 0 ? -id : errno));
		return 1;
	}
	puts("ready");
	fflush(stdout);
	pause();
	return 0;
}
