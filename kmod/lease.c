// SPDX-License-Identifier: GPL-2.0-only
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "candor_abi.h"
#include "gate.h"
#include "indicator.h"
#include "lease.h"
#include "pause.h"
#include "sysfs.h"

unsigned long candor_lease_first;
unsigned long candor_lease_limit;

/* One open of /dev/candor. */
struct candor_file {
	struct candor_shield shield; /* pause.c's lock */
	/*
	 * The `files` of who took the lease or the shield: when these close
	 * the descriptor it ends, whoever else was handed a copy.
	 */
	fl_owner_t lease_owner; /* lease_mutex */
	fl_owner_t shield_owner; /* lease_mutex */
};

static DEFINE_MUTEX(lease_mutex);
static struct candor_file *lease_holder; /* lease_mutex */
static bool lease_ran_out;

static unsigned long lease_limit_of(u32 flush_ms)
{
	return msecs_to_jiffies(2 * flush_ms + 5000);
}

void candor_lease_overdue(void)
{
	if (!READ_ONCE(lease_ran_out)) {
		WRITE_ONCE(lease_ran_out, true);
		candor_gate_kick();
	}
}

void candor_lease_check(void)
{
	mutex_lock(&lease_mutex);
	/* Even if it was renewed since: a packet has been dropped. */
	if (READ_ONCE(lease_ran_out))
		candor_gate_set(CANDOR_UNLEASED);
	WRITE_ONCE(lease_ran_out, false);
	mutex_unlock(&lease_mutex);
}

bool candor_lease_held(void)
{
	return !(candor_gate_mask() & CANDOR_UNLEASED);
}

/* The holder's bits end with the lease; who takes it next sets its own. */
static void lease_drop(struct candor_file *cf)
{
	lockdep_assert_held(&lease_mutex);
	if (lease_holder != cf)
		return;
	candor_gate_assign(CANDOR_UNLEASED | CANDOR_HOLDER_REASONS,
			   CANDOR_UNLEASED);
	lease_holder = NULL;
	cf->lease_owner = NULL;
}

static bool lease_may_hold(struct file *file)
{
	return file_ns_capable(file, &init_user_ns, CAP_PERFMON) ||
	       file_ns_capable(file, &init_user_ns, CAP_SYS_ADMIN);
}

static int lease_valid(const struct candor_lease *lease)
{
	if (lease->abi != CANDOR_ABI)
		return -EPROTO;
	if (lease->reasons & ~(CANDOR_HOLDER_REASONS | CANDOR_SUSPEND) ||
	    lease->flags & ~CANDOR_LEASE_FLAGS ||
	    lease->flush_ms > CANDOR_FLUSH_MS_MAX)
		return -EINVAL;
	return 0;
}

static void lease_renew(const struct candor_lease *lease)
{
	u32 which = CANDOR_HOLDER_REASONS | CANDOR_UNLEASED;

	lockdep_assert_held(&lease_mutex);
	WRITE_ONCE(candor_lease_limit, lease_limit_of(lease->flush_ms));
	WRITE_ONCE(candor_lease_first, 0);
	candor_indicator_blink(lease->flags & CANDOR_LEASE_BLINK);
	if (!(lease->reasons & CANDOR_SUSPEND))
		which |= CANDOR_SUSPEND;
	candor_gate_assign(which, lease->reasons & CANDOR_HOLDER_REASONS);
}

static long lease_ioctl_lease(struct file *file, void __user *argp)
{
	struct candor_file *cf = file->private_data;
	struct candor_lease lease;
	int ret;

	if (!lease_may_hold(file))
		return -EPERM;
	if (copy_from_user(&lease, argp, sizeof(lease)))
		return -EFAULT;
	ret = lease_valid(&lease);
	if (ret)
		return ret;

	mutex_lock(&lease_mutex);
	if (lease_holder && lease_holder != cf) {
		ret = -EBUSY;
	} else {
		if (!lease_holder)
			cf->lease_owner = current->files;
		lease_holder = cf;
		lease_renew(&lease);
	}
	mutex_unlock(&lease_mutex);
	return ret;
}

static long lease_ioctl_pause(struct file *file, void __user *argp)
{
	u32 seconds;

	if (get_user(seconds, (u32 __user *)argp))
		return -EFAULT;
	if (!seconds && file_ns_capable(file, &init_user_ns, CAP_SYS_ADMIN)) {
		candor_pause_end_all();
		return 0;
	}
	return candor_pause_start(file->f_cred->euid, seconds);
}

static long lease_ioctl_shield(struct file *file)
{
	struct candor_file *cf = file->private_data;

	mutex_lock(&lease_mutex);
	cf->shield_owner = current->files;
	candor_shield_start(&cf->shield);
	mutex_unlock(&lease_mutex);
	return 0;
}

static long lease_ioctl_status(struct file *file, void __user *argp)
{
	struct candor_status status = {
		.abi = CANDOR_ABI,
		.state = candor_gate_state(),
		.blocked = candor_gate_mask(),
		.pause = candor_pause_left(),
		.pause_own = candor_pause_left_of(file->f_cred->euid),
		.pause_max = candor_pause_max(),
		.observed = candor_gate_observed(),
		.leased = candor_lease_held(),
	};

	return copy_to_user(argp, &status, sizeof(status)) ? -EFAULT : 0;
}

static long lease_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *argp = (void __user *)arg;

	switch (cmd) {
	case CANDOR_IOC_PAUSE:
		return lease_ioctl_pause(file, argp);
	case CANDOR_IOC_SHIELD:
		return lease_ioctl_shield(file);
	case CANDOR_IOC_STATUS:
		return lease_ioctl_status(file, argp);
	case CANDOR_IOC_LEASE:
		return lease_ioctl_lease(file, argp);
	}
	return -ENOTTY;
}

static int lease_open(struct inode *inode, struct file *file)
{
	struct candor_file *cf = kzalloc(sizeof(*cf), GFP_KERNEL_ACCOUNT);

	if (!cf)
		return -ENOMEM;
	file->private_data = cf;
	return stream_open(inode, file);
}

/* A close(2), or the exit of a process, of one copy of the descriptor. */
static int lease_flush(struct file *file, fl_owner_t id)
{
	struct candor_file *cf = file->private_data;

	mutex_lock(&lease_mutex);
	if (cf->lease_owner == id)
		lease_drop(cf);
	if (cf->shield_owner == id) {
		cf->shield_owner = NULL;
		candor_shield_end(&cf->shield);
	}
	mutex_unlock(&lease_mutex);
	return 0;
}

static int lease_release(struct inode *inode, struct file *file)
{
	struct candor_file *cf = file->private_data;

	mutex_lock(&lease_mutex);
	lease_drop(cf);
	mutex_unlock(&lease_mutex);
	candor_shield_end(&cf->shield);
	kfree(cf);
	return 0;
}

static const struct file_operations lease_fops = {
	.owner = THIS_MODULE,
	.open = lease_open,
	.flush = lease_flush,
	.release = lease_release,
	.unlocked_ioctl = lease_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice lease_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "candor",
	.fops = &lease_fops,
	.mode = 0666,
	.groups = candor_sysfs_groups,
};

struct kobject *candor_lease_kobj(void)
{
	return &lease_misc.this_device->kobj;
}

int candor_lease_init(void)
{
	return misc_register(&lease_misc);
}

void candor_lease_exit(void)
{
	misc_deregister(&lease_misc);
}
