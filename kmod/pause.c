// SPDX-License-Identifier: GPL-2.0-only
#include <linux/hrtimer.h>
#include <linux/math64.h>
#include <linux/mutex.h>
#include <linux/timekeeping.h>

#include "candor_abi.h"
#include "compat.h"
#include "gate.h"
#include "pause.h"

#define PAUSE_SLOTS 64
#define PAUSE_MAX_DEFAULT 1800
#define PAUSE_MAX_LIMIT 86400

struct pause_slot {
	kuid_t uid;
	u64 end_ns; /* CLOCK_BOOTTIME; 0: free */
};

static DEFINE_MUTEX(pause_mutex);
/* All under pause_mutex. */
static struct pause_slot pause_slots[PAUSE_SLOTS];
static u64 pause_shared_end_ns;
static LIST_HEAD(pause_shields);
static unsigned int pause_max = PAUSE_MAX_DEFAULT;
static bool pause_gone; /* exiting: the timer stays down */

static struct hrtimer pause_timer;

static enum hrtimer_restart pause_timer_fn(struct hrtimer *timer)
{
	candor_gate_kick();
	return HRTIMER_NORESTART;
}

static u64 pause_deadline(unsigned int seconds)
{
	return ktime_get_boottime_ns() + (u64)seconds * NSEC_PER_SEC;
}

static unsigned int pause_seconds_until(u64 end_ns)
{
	u64 now = ktime_get_boottime_ns();

	return end_ns > now ? div_u64(end_ns - now + NSEC_PER_SEC - 1,
				      NSEC_PER_SEC) : 0;
}

static u64 pause_last_end(void)
{
	u64 last = pause_shared_end_ns;

	lockdep_assert_held(&pause_mutex);
	for (int i = 0; i < PAUSE_SLOTS; i++)
		last = max(last, pause_slots[i].end_ns);
	return last;
}

static u64 shield_last_end(void)
{
	struct candor_shield *shield;
	u64 last = 0;

	lockdep_assert_held(&pause_mutex);
	list_for_each_entry(shield, &pause_shields, node)
		last = max(last, shield->end_ns);
	return last;
}

/*
 * The gate cares for the end of the last pause and of the last shield; a timer
 * for the earlier of the two, none when there is neither.
 */
static void pause_arm(u64 pause_end_ns, u64 shield_end_ns)
{
	u64 end_ns = min_not_zero(pause_end_ns, shield_end_ns);

	lockdep_assert_held(&pause_mutex);
	if (pause_gone || !end_ns)
		hrtimer_cancel(&pause_timer);
	else
		hrtimer_start(&pause_timer, ns_to_ktime(end_ns),
			      HRTIMER_MODE_ABS);
}

/* Drops what has ended and brings the gate's two bits up to date. */
static void pause_settle(void)
{
	u64 now = ktime_get_boottime_ns();
	u64 pause_end_ns = pause_last_end();
	u64 shield_end_ns = shield_last_end();
	u32 reasons = 0;

	lockdep_assert_held(&pause_mutex);
	for (int i = 0; i < PAUSE_SLOTS; i++)
		if (pause_slots[i].end_ns <= now)
			pause_slots[i].end_ns = 0;
	if (pause_shared_end_ns <= now)
		pause_shared_end_ns = 0;
	if (pause_end_ns > now)
		reasons |= CANDOR_PAUSE;
	else
		pause_end_ns = 0;
	if (shield_end_ns > now)
		reasons |= CANDOR_SHIELD;
	else
		shield_end_ns = 0;
	pause_arm(pause_end_ns, shield_end_ns);
	candor_gate_assign(CANDOR_PAUSE | CANDOR_SHIELD, reasons);
}

void candor_pause_expire(void)
{
	mutex_lock(&pause_mutex);
	pause_settle();
	mutex_unlock(&pause_mutex);
}

static struct pause_slot *pause_slot_of(kuid_t uid)
{
	lockdep_assert_held(&pause_mutex);
	for (int i = 0; i < PAUSE_SLOTS; i++)
		if (pause_slots[i].end_ns && uid_eq(pause_slots[i].uid, uid))
			return &pause_slots[i];
	return NULL;
}

static struct pause_slot *pause_free_slot(void)
{
	u64 now = ktime_get_boottime_ns();

	lockdep_assert_held(&pause_mutex);
	for (int i = 0; i < PAUSE_SLOTS; i++)
		if (pause_slots[i].end_ns <= now)
			return &pause_slots[i];
	return NULL;
}

int candor_pause_start(kuid_t uid, unsigned int seconds)
{
	struct pause_slot *slot;
	int ret = -EINVAL;

	mutex_lock(&pause_mutex);
	if (seconds > pause_max)
		goto out;
	ret = 0;
	slot = pause_slot_of(uid);
	if (!slot && seconds)
		slot = pause_free_slot();
	if (slot) {
		slot->uid = uid;
		slot->end_ns = seconds ? pause_deadline(seconds) : 0;
	} else if (seconds) {
		pause_shared_end_ns = max(pause_shared_end_ns,
					  pause_deadline(seconds));
	}
	pause_settle();
out:
	mutex_unlock(&pause_mutex);
	return ret;
}

void candor_pause_end_all(void)
{
	mutex_lock(&pause_mutex);
	for (int i = 0; i < PAUSE_SLOTS; i++)
		pause_slots[i].end_ns = 0;
	pause_shared_end_ns = 0;
	pause_settle();
	mutex_unlock(&pause_mutex);
}

unsigned int candor_pause_left(void)
{
	unsigned int left;

	mutex_lock(&pause_mutex);
	left = pause_seconds_until(pause_last_end());
	mutex_unlock(&pause_mutex);
	return left;
}

unsigned int candor_pause_left_of(kuid_t uid)
{
	struct pause_slot *slot;
	unsigned int left;

	mutex_lock(&pause_mutex);
	slot = pause_slot_of(uid);
	left = slot ? pause_seconds_until(slot->end_ns) : 0;
	mutex_unlock(&pause_mutex);
	return left;
}

unsigned int candor_pause_max(void)
{
	return READ_ONCE(pause_max);
}

int candor_pause_set_max(unsigned int seconds)
{
	if (!seconds || seconds > PAUSE_MAX_LIMIT)
		return -EINVAL;
	mutex_lock(&pause_mutex);
	WRITE_ONCE(pause_max, seconds);
	mutex_unlock(&pause_mutex);
	return 0;
}

void candor_shield_start(struct candor_shield *shield)
{
	mutex_lock(&pause_mutex);
	if (!shield->end_ns)
		list_add(&shield->node, &pause_shields);
	shield->end_ns = pause_deadline(pause_max);
	pause_settle();
	mutex_unlock(&pause_mutex);
}

void candor_shield_end(struct candor_shield *shield)
{
	mutex_lock(&pause_mutex);
	if (shield->end_ns) {
		list_del(&shield->node);
		shield->end_ns = 0;
		pause_settle();
	}
	mutex_unlock(&pause_mutex);
}

void candor_pause_init(void)
{
	candor_hrtimer_setup(&pause_timer, pause_timer_fn, CLOCK_BOOTTIME,
			     HRTIMER_MODE_ABS);
}

void candor_pause_exit(void)
{
	mutex_lock(&pause_mutex);
	pause_gone = true;
	hrtimer_cancel(&pause_timer);
	mutex_unlock(&pause_mutex);
}
