/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * port.h - how programs in the guest reach the host and the evdev reader
 */
#ifndef PORT_H
#define PORT_H

#include <stddef.h>
#include <stdint.h>

#define READER_SOCKET "/run/evread.sock"

/* Opens the virtio-serial port called @name; fd or -errno. */
int port_open(const char *name);

/* Writes all of @len bytes, blocking as long as it takes; 0 or -errno. */
int write_all(int fd, const void *data, size_t len);

/*
 * Returns when the evdev reader holds every device there is, has read all that
 * they had to give, and has written its log. 0, also when no reader runs;
 * -ETIMEDOUT after two seconds.
 */
int reader_sync(void);

/* CLOCK_MONOTONIC in microseconds. */
uint64_t monotonic_us(void);

#endif /* PORT_H */
