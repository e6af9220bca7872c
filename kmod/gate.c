// SPDX-License-Identifier: GPL-2.0-only
#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/moduleparam.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/suspend.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#include "candor_trace.h"
#include "gate.h"
#include "handler.h"
#include "indicator.h"
#include "lease.h"
#include "pause.h"
#include "sysfs.h"

static unsigned int reopen_ms = 1000;
module_param(reopen_ms, uint, 0444);
MODULE_PARM_DESC(reopen_ms, "Shortest time between two openings, milliseconds");

bool candor_gate_is_open;

static DEFINE_SPINLOCK(gate_lock);
/* All under gate_lock. */
static u32 gate_mask = CANDOR_UNOBSERVED | CANDOR_UNLEASED;
static u32 gate_told = CANDOR_UNOBSERVED | CANDOR_UNLEASED; /* last traced */
static unsigned int gate_closing; /* callers still inside their barrier */
static bool gate_capturing; /* open, and every device has been opened */
static bool gate_asleep; /* from PM_SUSPEND_PREPARE to PM_POST_SUSPEND */

/* The work's own. */
static unsigned long gate_opened_at; /* jiffies */
static bool gate_ever_opened;

static struct workqueue_struct *gate_wq;
static void gate_work_fn(struct work_struct *work);
static DECLARE_DELAYED_WORK(gate_work, gate_work_fn);

/*
 * The tracing core calls our reg and unreg even before init and after exit:
 * they count, and the work is queued only while @gate_live is set.
 */
static atomic_t gate_observers = ATOMIC_INIT(0);
static bool gate_live;

static void gate_tell(u32 mask)
{
	lockdep_assert_held(&gate_lock);
	trace_candor_gate(gate_told, mask, ktime_get_boottime_ns());
	gate_told = mask;
}

void candor_gate_kick(void)
{
	/* candor_gate_go_quiet() waits for who is in here. */
	rcu_read_lock();
	if (READ_ONCE(gate_live))
		mod_delayed_work(gate_wq, &gate_work, 0);
	rcu_read_unlock();
}

enum gate_change { GATE_SAME, GATE_CHANGED, GATE_CLOSED };

/* Takes the new mask and says what is left to do. */
static enum gate_change gate_update(u32 which, u32 reasons)
{
	enum gate_change change = GATE_SAME;
	unsigned long flags;
	u32 old;

	spin_lock_irqsave(&gate_lock, flags);
	old = gate_mask;
	/* Asleep until PM_POST_SUSPEND, whoever says otherwise. */
	if (gate_asleep)
		which &= ~CANDOR_SUSPEND | reasons;
	gate_mask = (old & ~which) | reasons;
	if (gate_mask != old)
		change = GATE_CHANGED;
	/*
	 * While it is shut and nobody is inside a barrier, nothing can be in
	 * flight: who sets one more reason need not wait.
	 */
	if (reasons & ~old && (candor_gate_is_open || gate_closing)) {
		WRITE_ONCE(candor_gate_is_open, false);
		gate_capturing = false;
		gate_closing++;
		change = GATE_CLOSED;
	}
	spin_unlock_irqrestore(&gate_lock, flags);
	return change;
}

/* After the barrier: no packet is in flight, so the record comes after all. */
static void gate_closed(u32 reasons)
{
	unsigned long flags;

	spin_lock_irqsave(&gate_lock, flags);
	gate_closing--;
	/* Named even if somebody has lifted it again: the gate did close. */
	if ((gate_mask | reasons) != gate_told)
		gate_tell(gate_mask | reasons);
	spin_unlock_irqrestore(&gate_lock, flags);
}

void candor_gate_assign(u32 which, u32 reasons)
{
	enum gate_change change = gate_update(which, reasons);

	if (change == GATE_SAME)
		return;
	if (change == GATE_CLOSED) {
		/* The handler runs under rcu_read_lock and event_lock. */
		synchronize_rcu_expedited();
		gate_closed(reasons);
	}
	candor_gate_kick();
}

static bool gate_try_open(void)
{
	unsigned long flags;
	bool open;

	spin_lock_irqsave(&gate_lock, flags);
	open = !gate_mask && !gate_closing;
	if (open) {
		gate_tell(0);
		WRITE_ONCE(candor_gate_is_open, true);
	}
	spin_unlock_irqrestore(&gate_lock, flags);
	return open;
}

/* Reasons changed while the gate stays shut: say so. */
static void gate_tell_changes(void)
{
	unsigned long flags;

	spin_lock_irqsave(&gate_lock, flags);
	if (gate_mask && gate_mask != gate_told && !gate_closing)
		gate_tell(gate_mask);
	spin_unlock_irqrestore(&gate_lock, flags);
}

static void gate_opened(void)
{
	unsigned long flags;

	spin_lock_irqsave(&gate_lock, flags);
	gate_capturing = candor_gate_is_open;
	spin_unlock_irqrestore(&gate_lock, flags);
}

/* Jiffies until the gate may open again; 0: now. */
static unsigned long gate_reopen_delay(void)
{
	unsigned long due = gate_opened_at + msecs_to_jiffies(reopen_ms);

	if (!gate_ever_opened || !time_before(jiffies, due))
		return 0;
	return due - jiffies;
}

static void gate_do_open(void)
{
	unsigned long delay = gate_reopen_delay();

	if (delay) {
		queue_delayed_work(gate_wq, &gate_work, delay);
		return;
	}
	/* Lit before the first packet can cross. */
	candor_indicator_set(true);
	if (!gate_try_open()) {
		candor_indicator_set(false);
		return;
	}
	gate_opened_at = jiffies;
	gate_ever_opened = true;
	candor_handler_open_all();
	candor_handler_resync();
	gate_opened();
}

/* What happened elsewhere becomes reasons here, where sleeping is allowed. */
static void gate_gather(void)
{
	bool observed = candor_gate_observed();

	candor_gate_assign(CANDOR_UNOBSERVED, observed ? 0 : CANDOR_UNOBSERVED);
	candor_lease_check();
	candor_pause_expire();
}

static void gate_work_fn(struct work_struct *work)
{
	unsigned long again;

	gate_gather();
	if (!candor_gate_open()) {
		candor_handler_close_all();
		candor_indicator_set(false);
		gate_tell_changes();
		if (!candor_gate_mask())
			gate_do_open();
	} else {
		/* A device may have come. */
		candor_handler_open_all();
		candor_handler_resync();
		candor_indicator_refresh();
	}
	again = candor_sysfs_changed(msecs_to_jiffies(reopen_ms));
	if (again)
		queue_delayed_work(gate_wq, &gate_work, again);
}

int candor_observer_came(void)
{
	atomic_inc(&gate_observers);
	candor_gate_kick();
	return 0;
}

void candor_observer_left(void)
{
	atomic_dec(&gate_observers);
	candor_gate_kick();
}

static void gate_sleep(bool asleep)
{
	unsigned long flags;

	spin_lock_irqsave(&gate_lock, flags);
	gate_asleep = asleep;
	/* Awake: asks the lease holder to look at the session again. */
	if (!asleep)
		gate_tell(gate_told);
	spin_unlock_irqrestore(&gate_lock, flags);
}

static int gate_pm_notify(struct notifier_block *nb, unsigned long event,
			  void *data)
{
	switch (event) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
		gate_sleep(true);
		candor_gate_set(CANDOR_SUSPEND);
		break;
	case PM_POST_SUSPEND:
	case PM_POST_HIBERNATION:
		gate_sleep(false);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block gate_pm = { .notifier_call = gate_pm_notify };

u32 candor_gate_mask(void)
{
	return READ_ONCE(gate_mask);
}

bool candor_gate_observed(void)
{
	return atomic_read(&gate_observers) > 0;
}

enum candor_state candor_gate_state(void)
{
	enum candor_state state;
	unsigned long flags;

	spin_lock_irqsave(&gate_lock, flags);
	if (gate_capturing)
		state = CANDOR_STATE_CAPTURING;
	else if (gate_mask && !(gate_mask & ~CANDOR_IDLE_REASONS))
		state = CANDOR_STATE_IDLE;
	else
		state = CANDOR_STATE_BLOCKED;
	spin_unlock_irqrestore(&gate_lock, flags);
	return state;
}

int candor_gate_init(void)
{
	int ret;

	/* Frozen with the rest: no opening while the machine goes to sleep. */
	gate_wq = alloc_ordered_workqueue("candor", WQ_FREEZABLE);
	if (!gate_wq)
		return -ENOMEM;
	ret = register_pm_notifier(&gate_pm);
	if (ret)
		destroy_workqueue(gate_wq);
	return ret;
}

void candor_gate_go_live(void)
{
	WRITE_ONCE(gate_live, true);
	/* An observer may have come before anybody listened. */
	candor_gate_kick();
}

void candor_gate_go_quiet(void)
{
	WRITE_ONCE(gate_live, false);
	synchronize_rcu();
	cancel_delayed_work_sync(&gate_work);
	candor_gate_set(CANDOR_UNLEASED);
}

void candor_gate_exit(void)
{
	unregister_pm_notifier(&gate_pm);
	destroy_workqueue(gate_wq);
}
