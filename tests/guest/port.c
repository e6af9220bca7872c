// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "port.h"

#define PORTS "/sys/class/virtio-ports"

static int port_is(const char *entry, const char *name)
{
	char path[300], line[64] = "";
	FILE *f;

	snprintf(path, sizeof(path), PORTS "/%s/name", entry);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	fclose(f);
	line[strcspn(line, "\n")] = '\0';
	return !strcmp(line, name);
}

int port_open(const char *name)
{
	struct dirent *e;
	char path[300];
	int fd = -ENODEV;
	DIR *dir;

	dir = opendir(PORTS);
	if (!dir)
		return -errno;
	while ((e = readdir(dir))) {
		if (e->d_name[0] == '.' || !port_is(e->d_name, name))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", e->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			fd = -errno;
		break;
	}
	closedir(dir);
	return fd;
}

int write_all(int fd, const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	while (len) {
		n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= n;
	}
	return 0;
}

int reader_sync(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX,
				  .sun_path = READER_SOCKET };
	struct timeval limit = { .tv_sec = 2 };
	sa_family_t any = AF_UNIX;
	char byte = 's';
	int fd, err = 0;

	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* A bare family binds to an abstract name of the kernel's choice. */
	bind(fd, (struct sockaddr *)&any, sizeof(any));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		goto out; /* no reader */
	if (send(fd, &byte, 1, 0) != 1 || recv(fd, &byte, 1, 0) != 1)
		err = errno == EAGAIN ? -ETIMEDOUT : -errno;
out:
	close(fd);
	return err;
}

uint64_t monotonic_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000ULL + ts.tv_nsec / 1000;
}
