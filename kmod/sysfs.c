// SPDX-License-Identifier: GPL-2.0-only
#include <linux/device.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kobject.h>
#include <linux/sysfs.h>
#include <linux/uidgid.h>

#include "candor_abi.h"
#include "gate.h"
#include "lease.h"
#include "pause.h"
#include "sysfs.h"

static const char *const sysfs_states[] = {
	[CANDOR_STATE_IDLE] = "idle",
	[CANDOR_STATE_BLOCKED] = "blocked",
	[CANDOR_STATE_CAPTURING] = "capturing",
};

static ssize_t state_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%s\n", sysfs_states[candor_gate_state()]);
}
static DEVICE_ATTR_RO(state);

static ssize_t blocked_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	u32 mask = candor_gate_mask();
	int len = 0;

	for (int i = 0; i < CANDOR_REASON_COUNT; i++)
		if (mask & BIT(i))
			len += sysfs_emit_at(buf, len, "%s%s", len ? " " : "",
					     candor_reason_name(i));
	len += sysfs_emit_at(buf, len, "\n");
	return len;
}
static DEVICE_ATTR_RO(blocked);

static ssize_t pause_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%u\n", candor_pause_left());
}

static ssize_t pause_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	unsigned int seconds;
	int ret;

	if (kstrtouint(buf, 10, &seconds))
		return -EINVAL;
	if (!seconds) {
		candor_pause_end_all();
		return count;
	}
	ret = candor_pause_start(GLOBAL_ROOT_UID, seconds);
	return ret ? ret : count;
}
static DEVICE_ATTR_RW(pause);

static ssize_t pause_max_show(struct device *dev, struct device_attribute *attr,
			      char *buf)
{
	return sysfs_emit(buf, "%u\n", candor_pause_max());
}

static ssize_t pause_max_store(struct device *dev,
			       struct device_attribute *attr, const char *buf,
			       size_t count)
{
	unsigned int seconds;
	int ret;

	if (kstrtouint(buf, 10, &seconds))
		return -EINVAL;
	ret = candor_pause_set_max(seconds);
	return ret ? ret : count;
}
static DEVICE_ATTR_RW(pause_max);

static ssize_t observed_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%d\n", candor_gate_observed());
}
static DEVICE_ATTR_RO(observed);

static ssize_t leased_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%d\n", candor_lease_held());
}
static DEVICE_ATTR_RO(leased);

static ssize_t abi_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	return sysfs_emit(buf, "%u\n", CANDOR_ABI);
}
static DEVICE_ATTR_RO(abi);

static struct attribute *sysfs_attrs[] = {
	&dev_attr_state.attr,	  &dev_attr_blocked.attr,
	&dev_attr_pause.attr,	  &dev_attr_pause_max.attr,
	&dev_attr_observed.attr,  &dev_attr_leased.attr,
	&dev_attr_abi.attr,	  NULL,
};

static const struct attribute_group sysfs_group = { .attrs = sysfs_attrs };

const struct attribute_group *candor_sysfs_groups[] = { &sysfs_group, NULL };

/* The work's own: what was told last, and whether udev has still to hear. */
static enum candor_state sysfs_state;
static u32 sysfs_mask;
static bool sysfs_owes_uevent;
static unsigned long sysfs_uevent_at; /* jiffies */

static void sysfs_notify_pollers(void)
{
	static const char *const polled[] = { "state", "blocked", "pause",
					      "observed", "leased" };
	enum candor_state state = candor_gate_state();
	u32 mask = candor_gate_mask();

	if (state == sysfs_state && mask == sysfs_mask)
		return;
	sysfs_state = state;
	sysfs_mask = mask;
	sysfs_owes_uevent = true;
	for (size_t i = 0; i < ARRAY_SIZE(polled); i++)
		sysfs_notify(candor_lease_kobj(), NULL, polled[i]);
}

unsigned long candor_sysfs_changed(unsigned long interval)
{
	unsigned long since = jiffies - sysfs_uevent_at;

	sysfs_notify_pollers();
	if (!sysfs_owes_uevent)
		return 0;
	if (since < interval)
		return interval - since;
	sysfs_owes_uevent = false;
	sysfs_uevent_at = jiffies;
	kobject_uevent(candor_lease_kobj(), KOBJ_CHANGE);
	return 0;
}
