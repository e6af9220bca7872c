// SPDX-License-Identifier: GPL-2.0-only
#include "device_node.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

int device_node_open(void)
{
	int fd = open(DEVICE_NODE_PATH, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int device_node_pause(int fd, uint32_t seconds)
{
	return ioctl(fd, CANDOR_IOC_PAUSE, &seconds) ? -errno : 0;
}

int device_node_shield(int fd)
{
	return ioctl(fd, CANDOR_IOC_SHIELD) ? -errno : 0;
}

int device_node_status(int fd, struct candor_status *status)
{
	if (ioctl(fd, CANDOR_IOC_STATUS, status))
		return -errno;
	return status->abi == CANDOR_ABI ? 0 : -EPROTO;
}

int device_node_lease(int fd, const struct candor_lease *lease)
{
	return ioctl(fd, CANDOR_IOC_LEASE, lease) ? -errno : 0;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* sysfs wakes only who has read the attribute since the last change. */
static int rearm(int attribute)
{
	char text[32];

	return pread(attribute, text, sizeof(text), 0) < 0 ? -errno : 0;
}

static int wait_for(int fd, int attribute, device_node_state_fn done,
		    int64_t deadline, struct candor_status *status)
{
	struct pollfd pfd = { .fd = attribute, .events = POLLPRI };
	int64_t left;
	int r;

	for (;;) {
		r = rearm(attribute);
		if (r)
			return r;
		r = device_node_status(fd, status);
		if (r || done(status))
			return r;
		left = deadline - now_ms();
		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&pfd, 1, (int)left) < 0 && errno != EINTR)
			return -errno;
	}
}

int device_node_wait(int fd, device_node_state_fn done, int timeout_ms,
		     struct candor_status *status)
{
	int64_t deadline = now_ms() + timeout_ms;
	int attribute, r;

	attribute = open(DEVICE_NODE_SYSFS "/state", O_RDONLY | O_CLOEXEC);
	if (attribute < 0)
		return -errno;
	r = wait_for(fd, attribute, done, deadline, status);
	close(attribute);
	return r;
}

const char *device_node_state_name(uint32_t state)
{
	static const char *const names[] = {
		[CANDOR_STATE_IDLE] = "idle",
		[CANDOR_STATE_BLOCKED] = "blocked",
		[CANDOR_STATE_CAPTURING] = "capturing",
	};

	return state < sizeof(names) / sizeof(*names) ? names[state] :
							"unknown";
}

void device_node_reasons(uint32_t mask, char *text, size_t size)
{
	size_t used = 0;
	unsigned int bit;

	text[0] = '\0';
	for (bit = 0; bit < CANDOR_REASON_COUNT && used < size; bit++) {
		if (!(mask & 1u << bit))
			continue;
		used += (size_t)snprintf(text + used, size - used, "%s%s",
					 used ? ", " : "",
					 candor_reason_name(bit));
	}
}
