/* SPDX-License-Identifier: GPL-2.0-only */
/* sysfs.h - /sys/class/misc/candor; docs/ABI has the contract */
#ifndef CANDOR_SYSFS_H
#define CANDOR_SYSFS_H

struct attribute_group;

extern const struct attribute_group *candor_sysfs_groups[];

/*
 * Called by the work: wakes pollers when something changed, and sends a uevent
 * at most once per @interval jiffies. Returns how long one that is due has to
 * wait, 0: none is.
 */
unsigned long candor_sysfs_changed(unsigned long interval);

#endif /* CANDOR_SYSFS_H */
