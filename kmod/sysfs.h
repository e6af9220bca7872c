/* SPDX-License-Identifier: GPL-2.0-only */
/* sysfs.h - /sys/class/misc/candor; docs/ABI has the contract */
#ifndef CANDOR_SYSFS_H
#define CANDOR_SYSFS_H

struct attribute_group;

extern const struct attribute_group *candor_sysfs_groups[];

/* Called by the work: wakes pollers and sends one uevent if it changed. */
void candor_sysfs_changed(void);

#endif /* CANDOR_SYSFS_H */
