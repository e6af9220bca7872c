/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * privilege.h - what candord gives up once the program is attached
 */
#ifndef CANDOR_PRIVILEGE_H
#define CANDOR_PRIVILEGE_H

/*
 * Drops every capability for good, ambient and bounding included where that is
 * allowed; no new ones by exec; no core dump and no ptrace, because input is
 * in this memory. 0 or -errno.
 */
int privilege_drop(void);

#endif
