/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lease.h - /dev/candor, and the collector's hold on an open gate
 *
 * A collector that hangs stops renewing; the packet that shows it is dropped
 * and the gate closes. No timer is needed: without packets there is nothing to
 * protect.
 */
#ifndef CANDOR_LEASE_H
#define CANDOR_LEASE_H

#include <linux/compiler.h>
#include <linux/jiffies.h>
#include <linux/types.h>

/*
 * Jiffies of the first packet since the last renewal, 0: none; and how much
 * later one may come. Set by the hot path and by LEASE, without a lock: a lost
 * race shifts the deadline by one packet.
 */
extern unsigned long candor_lease_first;
extern unsigned long candor_lease_limit;

void candor_lease_overdue(void);

/*
 * Whether a packet may pass. Called by the handler for each that is about to
 * be counted, and for nothing else: only those wake the collector.
 */
static inline bool candor_lease_fresh(void)
{
	unsigned long first = READ_ONCE(candor_lease_first);
	unsigned long now = jiffies;

	if (likely(first)) {
		if (likely(now - first <= READ_ONCE(candor_lease_limit)))
			return true;
		candor_lease_overdue();
		return false;
	}
	WRITE_ONCE(candor_lease_first, now ? now : 1);
	return true;
}

/* Called by the work: closes the gate if the lease has run out. */
void candor_lease_check(void);
bool candor_lease_held(void);

int candor_lease_init(void);
void candor_lease_exit(void);
/* The misc device's, for uevents and sysfs_notify. */
struct kobject *candor_lease_kobj(void);

#endif /* CANDOR_LEASE_H */
