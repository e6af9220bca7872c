/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * device_node.h - the calls on /dev/candor, and waiting on its sysfs state
 *
 * 0 or -errno throughout; what each ioctl means stands in candor_abi.h.
 */
#ifndef CANDOR_DEVICE_NODE_H
#define CANDOR_DEVICE_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "candor_abi.h"

#define DEVICE_NODE_PATH "/dev/candor"
#define DEVICE_NODE_SYSFS "/sys/class/misc/candor"

/*
 * A descriptor, close-on-exec; -ENOENT, -ENXIO or -ENODEV: no module. The
 * ioctls are checked against the credentials of this moment.
 */
int device_node_open(void);
int device_node_pause(int fd, uint32_t seconds);
/* Lasts until @fd is closed by this process, pause_max at most. */
int device_node_shield(int fd);
/* -EPROTO: the module speaks another CANDOR_ABI. */
int device_node_status(int fd, struct candor_status *status);
int device_node_lease(int fd, const struct candor_lease *lease);

typedef bool (*device_node_state_fn)(const struct candor_status *status);

/*
 * Waits until @done says so of the status, woken by sysfs. -ETIMEDOUT after
 * @timeout_ms; @status is the last one read either way.
 */
int device_node_wait(int fd, device_node_state_fn done, int timeout_ms,
		     struct candor_status *status);

/* "idle", "blocked", "capturing"; "unknown" for what is none of them */
const char *device_node_state_name(uint32_t state);
/* "pause, shield", or "" ; @size is cut to, never overrun. */
void device_node_reasons(uint32_t mask, char *text, size_t size);

#endif
