// SPDX-License-Identifier: GPL-2.0-only
/*
 * candor.bpf.c - from candor.ko's tracepoints to the ring, redacted
 *
 * No field of a kernel structure is read: everything comes as scalars in the
 * tracepoints' arguments (candor_abi.h), so one object runs on every kernel.
 */
#include <linux/bpf.h>
#include <linux/input-event-codes.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

#include "candor_abi.h"
#include "classes.h"
#include "redact.h"

/*
 * 1,000 packets a second fill half of it in five seconds; candord sets idle and
 * half, this program clears them.
 */
#define RING_SIZE (512 * 1024)
#define DEVICES_MAX 512
#define VIRTUAL_MAX 8

/* Set before loading, frozen after. */
const volatile __u32 level;
/* Virtual devices whose chords count: bus, vendor, product as in ids. */
const volatile __u64 virtual_devices[VIRTUAL_MAX];
const volatile __u32 virtual_count;

const volatile __u8 class_of[KEY_CNT] = {
#include "classes.def"
};

/* 1: candord sleeps on an empty ring, the next record wakes it. */
__u32 idle;
/* 1: candord wants to be woken when the ring is half full. */
__u32 half;
/* Gate and device records that found the ring full. */
__u64 control_lost;
/* Packets of devices that found no room in `devices`. */
__u64 untracked;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_SIZE);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DEVICES_MAX);
	__type(key, __u32);
	__type(value, struct candor_device_state);
} devices SEC(".maps");

enum fate { FATE_NOTHING, FATE_SENT, FATE_LOST };

/* After the reservation, or candord could go to sleep between the two. */
static __always_inline __u64 wake_flags(void)
{
	if (__sync_lock_test_and_set(&idle, 0))
		return BPF_RB_FORCE_WAKEUP;
	if (*(volatile __u32 *)&half &&
	    bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) >= RING_SIZE / 2 &&
	    __sync_lock_test_and_set(&half, 0))
		return BPF_RB_FORCE_WAKEUP;
	return BPF_RB_NO_WAKEUP;
}

/* One run of the packet program. */
struct piece {
	__u64 id;
	__u64 time_ns;
	__u64 seq_held;
	__u32 count;
	struct candor_value v[16]; /* a power of two, so that a mask bounds it */
};

static __always_inline __u8 class_of_key(__u32 code)
{
	/* The verifier must see the check on the register that indexes. */
	barrier_var(code);
	return code < KEY_CNT ? class_of[code] : CLASS_TEXT;
}

static __always_inline void piece_take(struct piece *p, __u32 i, __u64 word,
				       struct candor_device_state *st)
{
	struct candor_value v = {
		.type = word,
		.code = word >> 16,
		.value = word >> 32,
	};
	__u8 class;

	if (i >= CANDOR_ID_COUNT(p->id))
		return;
	class = v.type == EV_KEY ? class_of_key(v.code) : CLASS_TEXT;
	if (redact_value(level, st, CANDOR_HELD(p->seq_held),
			 CANDOR_ID_FLAGS(p->id) & CANDOR_MOVED, class, &v))
		p->v[p->count++ & 15] = v;
}

/* @room is a constant; 0: the ring is full. */
static __always_inline int piece_submit(const struct piece *p, __u32 room,
					__u8 flags,
					struct candor_device_state *st)
{
	struct candor_record_packet *r;

	r = bpf_ringbuf_reserve(&ring, sizeof(*r) + room * sizeof(r->v[0]), 0);
	if (!r)
		return 0;
	/* This packet stops being one of which nothing was sent. */
	if (st->fate == FATE_NOTHING)
		st->suppressed--;
	r->kind = CANDOR_RECORD_PACKET;
	r->count = p->count;
	r->piece = st->piece;
	r->flags = flags;
	r->device = CANDOR_ID_DEVICE(p->id);
	r->time_ns = p->time_ns;
	r->seq_held = p->seq_held;
	r->suppressed = st->suppressed;
	r->ring_full = st->ring_full;
#pragma unroll
	for (__u32 i = 0; i < room; i++)
		r->v[i] = p->v[i];
	bpf_ringbuf_submit(r, wake_flags());
	return 1;
}

static __always_inline int piece_send(const struct piece *p, __u8 flags,
				      struct candor_device_state *st)
{
	if (p->count <= 1)
		return piece_submit(p, 1, flags, st);
	if (p->count <= 2)
		return piece_submit(p, 2, flags, st);
	if (p->count <= 4)
		return piece_submit(p, 4, flags, st);
	return piece_submit(p, CANDOR_PACKET_VALUES, flags, st);
}

static __always_inline void packet_begin(struct candor_device_state *st,
					 __u64 seq)
{
	st->seq = seq;
	st->piece = 0;
	st->fate = FATE_NOTHING;
	/* Until something of it is sent, or found no room. */
	st->suppressed++;
}

static __always_inline void packet_send(const struct piece *p,
					struct candor_device_state *st)
{
	__u16 in = CANDOR_ID_FLAGS(p->id);
	__u8 flags = in & (CANDOR_LAST | CANDOR_VIRTUAL);

	if (!st->piece)
		flags |= CANDOR_FIRST;
	if (piece_send(p, flags, st)) {
		st->fate = FATE_SENT;
		st->piece++;
		return;
	}
	if (st->fate == FATE_NOTHING)
		st->suppressed--;
	st->ring_full++;
	st->fate = FATE_LOST;
}

/*
 * Wakes a sleeping candord without a record: the module's lease has begun to
 * run, and only candord can renew it.
 */
static __always_inline void wake_without_record(void)
{
	void *r;

	if (!__sync_lock_test_and_set(&idle, 0))
		return;
	r = bpf_ringbuf_reserve(&ring, sizeof(__u64), 0);
	if (r)
		bpf_ringbuf_discard(r, BPF_RB_FORCE_WAKEUP);
}

SEC("raw_tp/candor_packet")
int candor_packet(struct bpf_raw_tracepoint_args *ctx)
{
	struct piece p = {
		.id = ctx->args[0],
		.time_ns = ctx->args[1],
		.seq_held = ctx->args[2],
	};
	__u32 device = CANDOR_ID_DEVICE(p.id);
	__u16 flags = CANDOR_ID_FLAGS(p.id);
	struct candor_device_state *st;

	st = bpf_map_lookup_elem(&devices, &device);
	if (!st) {
		__sync_fetch_and_add(&untracked, 1);
		wake_without_record();
		return 0;
	}
	if (flags & CANDOR_FIRST)
		packet_begin(st, CANDOR_SEQ(p.seq_held));
	redact_hold(st, CANDOR_HELD(p.seq_held));
#pragma unroll
	for (__u32 i = 0; i < CANDOR_PACKET_VALUES; i++)
		piece_take(&p, i, ctx->args[3 + i], st);
	if (st->fate == FATE_LOST)
		return 0;
	/* An empty piece only where it ends what has begun. */
	if (p.count || (flags & CANDOR_LAST && st->fate == FATE_SENT))
		packet_send(&p, st);
	else if (flags & CANDOR_LAST && st->fate == FATE_NOTHING)
		wake_without_record();
	return 0;
}

SEC("raw_tp/candor_gate")
int candor_gate(struct bpf_raw_tracepoint_args *ctx)
{
	struct candor_record_gate *r;

	r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);
	if (!r) {
		__sync_fetch_and_add(&control_lost, 1);
		return 0;
	}
	__builtin_memset(r, 0, sizeof(*r));
	r->kind = CANDOR_RECORD_GATE;
	r->old_mask = ctx->args[0];
	r->new_mask = ctx->args[1];
	r->boottime_ns = ctx->args[2];
	bpf_ringbuf_submit(r, BPF_RB_FORCE_WAKEUP);
	return 0;
}

/* A program's keyboard may type text with Ctrl held; policy names exceptions. */
static __always_inline int shows_chords(__u16 flags, __u64 ids)
{
	__u64 mask = (1ULL << 48) - 1;

	if (!(flags & CANDOR_VIRTUAL))
		return 1;
#pragma unroll
	for (__u32 i = 0; i < VIRTUAL_MAX; i++)
		if (i < virtual_count && virtual_devices[i] == (ids & mask))
			return 1;
	return 0;
}

static __always_inline void device_track(__u64 id, __u64 ids, __u64 flags,
					 __u64 seq)
{
	struct candor_device_state st = {
		.seq = seq,
		.kind = CANDOR_DEVICE_KIND(flags),
		.shows_chords = shows_chords(CANDOR_ID_FLAGS(id), ids),
		/* Held since before we looked: that hold shows nothing. */
		.hold_used = REDACT_HOLD_SPENT,
	};
	__u32 device = CANDOR_ID_DEVICE(id);

	/* A device that is known keeps its counters. */
	bpf_map_update_elem(&devices, &device, &st, BPF_NOEXIST);
}

SEC("raw_tp/candor_device")
int candor_device(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 id = ctx->args[0], ids = ctx->args[1], flags = ctx->args[2];
	struct candor_record_device *r;

	if (CANDOR_DEVICE_EVENT(flags) == CANDOR_DEVICE_OPENED)
		device_track(id, ids, flags, ctx->args[3]);
	r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);
	if (!r) {
		__sync_fetch_and_add(&control_lost, 1);
		return 0;
	}
	r->kind = CANDOR_RECORD_DEVICE;
	r->count = CANDOR_ID_COUNT(id);
	r->piece = CANDOR_ID_PIECE(id);
	r->flags = CANDOR_ID_FLAGS(id);
	r->device = CANDOR_ID_DEVICE(id);
	r->ids = ids;
	r->flags_word = flags;
	r->seq = ctx->args[3];
#pragma unroll
	for (int i = 0; i < CANDOR_DEVICE_WORDS; i++)
		r->a[i] = ctx->args[4 + i];
	bpf_ringbuf_submit(r, BPF_RB_FORCE_WAKEUP);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
