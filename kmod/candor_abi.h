/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * candor_abi.h - the one contract read by candor.ko, candor.bpf.c and user space
 *
 * Everything here has a fixed width, little-endian in memory (candor supports
 * little-endian 64-bit machines), and a size asserted below. A change that an
 * old reader would misread raises CANDOR_ABI; candord refuses a module whose
 * number differs.
 */
#ifndef CANDOR_ABI_H
#define CANDOR_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define CANDOR_ABI 1

/* Block reasons: bits of the gate's mask. It is open only while that is 0. */
enum candor_reason {
	CANDOR_UNOBSERVED = 0x001, /* nobody is attached to the packets */
	CANDOR_UNLEASED = 0x002, /* no collector vouches for them */
	CANDOR_PAUSE = 0x004, /* anyone, for pause_max seconds at most */
	CANDOR_SHIELD = 0x008, /* anyone, while a program runs */
	CANDOR_SUSPEND = 0x010, /* the machine went to sleep */
	/* The lease holder's: */
	CANDOR_SESSION = 0x020,
	CANDOR_EXEMPT = 0x040,
	CANDOR_SUBJECT = 0x080,
	CANDOR_POLICY = 0x100,
	CANDOR_DISK = 0x200,
	CANDOR_POWER = 0x400,
};

#define CANDOR_REASON_COUNT 11

/* The name of bit @bit in sysfs and status; NULL: it has none. */
static inline const char *candor_reason_name(unsigned int bit)
{
	static const char *const names[CANDOR_REASON_COUNT] = {
		"unobserved", "unleased", "pause",   "shield",
		"suspend",    "session",  "exempt",  "subject",
		"policy",     "disk",	  "power",
	};

	return bit < CANDOR_REASON_COUNT ? names[bit] : (const char *)0;
}

/* What the lease holder sets and clears with each LEASE call. */
#define CANDOR_HOLDER_REASONS                                              \
	(CANDOR_SESSION | CANDOR_EXEMPT | CANDOR_SUBJECT | CANDOR_POLICY | \
	 CANDOR_DISK | CANDOR_POWER)
/* Reasons that say "nobody records", not "somebody said no". */
#define CANDOR_IDLE_REASONS (CANDOR_UNOBSERVED | CANDOR_UNLEASED)

/* The `state` of sysfs and of CANDOR_IOC_STATUS. */
enum candor_state {
	CANDOR_STATE_IDLE, /* no reason but unobserved or unleased */
	CANDOR_STATE_BLOCKED, /* any other, or the gate is about to open */
	CANDOR_STATE_CAPTURING, /* mask 0 and devices opened */
};

/* /dev/candor */

/*
 * The lease: CAP_PERFMON in the opener's credentials. The first call takes it
 * (EBUSY while another file holds it), each later one on the same file renews
 * it. EPROTO: @abi is not CANDOR_ABI. EINVAL: unknown bits.
 */
struct candor_lease {
	__u32 abi;
	/*
	 * Replaces the holder's bits. CANDOR_SUSPEND set here leaves the
	 * suspend reason as it is; clear here ends it once the machine is up.
	 */
	__u32 reasons;
	/* The collector renews at least this often while packets come. */
	__u32 flush_ms;
	__u32 flags; /* CANDOR_LEASE_* */
};

#define CANDOR_LEASE_BLINK 0x1 /* level demonstration */
#define CANDOR_LEASE_FLAGS CANDOR_LEASE_BLINK
#define CANDOR_FLUSH_MS_MAX 600000

struct candor_status {
	__u32 abi;
	__u32 state; /* enum candor_state */
	__u32 blocked; /* enum candor_reason */
	__u32 pause; /* seconds until the last pause ends, rounded up */
	__u32 pause_own; /* the same for the opener's own uid */
	__u32 pause_max; /* seconds */
	__u32 observed; /* 0 or 1 */
	__u32 leased; /* 0 or 1 */
};

#define CANDOR_IOC_MAGIC 0xc4
/*
 * Seconds; 0 ends the caller's own pause (with CAP_SYS_ADMIN: all of them).
 * When it returns nothing crosses any more. EINVAL: more than pause_max.
 */
#define CANDOR_IOC_PAUSE _IOW(CANDOR_IOC_MAGIC, 1, __u32)
/* Blocks until this file is closed by its taker, pause_max seconds at most. */
#define CANDOR_IOC_SHIELD _IO(CANDOR_IOC_MAGIC, 2)
#define CANDOR_IOC_STATUS _IOR(CANDOR_IOC_MAGIC, 3, struct candor_status)
#define CANDOR_IOC_LEASE _IOW(CANDOR_IOC_MAGIC, 4, struct candor_lease)

/*
 * Tracepoints: words of 64 bits, the lowest field first.
 *
 * candor_packet(id, time_ns, seq_held, v0 ... v8)
 *	id       device:32 count:8 piece:8 flags:16
 *	time_ns  CLOCK_MONOTONIC, the stamp evdev gives its readers
 *	seq_held packet sequence of the device:56 modifiers held:8
 *	v        struct input_value: type:16 code:16 value:32
 * candor_gate(old, new, boottime_ns)
 *	masks; old == new: the machine has woken up, nothing else changed
 * candor_device(id, ids, flags, seq, a0 ... a7)
 *	id       N of inputN:32 count of axis words:8 piece:8 flags:16
 *	ids      bus:16 vendor:16 product:16 version:16
 *	flags    event:8 prop:32 kind:8
 *	a        an axis in two words: code:16 pad:16 resolution:32, min:32 max:32
 */
#define CANDOR_PACKET_VALUES 9
#define CANDOR_DEVICE_WORDS 8
/* The core's own limit is below this; more values in a packet come in pieces. */
#define CANDOR_PIECES_MAX 255

#define CANDOR_FIRST 0x01
#define CANDOR_LAST 0x02
#define CANDOR_VIRTUAL 0x04 /* no parent device: made by a program */
#define CANDOR_MOVED 0x08 /* a modifier went down or up in this packet */

#define CANDOR_ID(device, count, piece, flags)                  \
	((__u64)(__u32)(device) | (__u64)(__u8)(count) << 32 | \
	 (__u64)(__u8)(piece) << 40 | (__u64)(__u16)(flags) << 48)
#define CANDOR_ID_DEVICE(id) ((__u32)(id))
#define CANDOR_ID_COUNT(id) ((__u8)((id) >> 32))
#define CANDOR_ID_PIECE(id) ((__u8)((id) >> 40))
#define CANDOR_ID_FLAGS(id) ((__u16)((id) >> 48))

#define CANDOR_SEQ_HELD(seq, held) \
	((__u64)(__u8)(held) << 56 | ((__u64)(seq) & CANDOR_SEQ_MASK))
#define CANDOR_SEQ_MASK ((1ULL << 56) - 1)
#define CANDOR_SEQ(word) ((__u64)(word) & CANDOR_SEQ_MASK)
#define CANDOR_HELD(word) ((__u8)((word) >> 56))

/* Modifiers held, bits of the `held` byte. */
#define CANDOR_LEFTCTRL 0x01
#define CANDOR_LEFTSHIFT 0x02
#define CANDOR_LEFTALT 0x04
#define CANDOR_LEFTMETA 0x08
#define CANDOR_RIGHTCTRL 0x10
#define CANDOR_RIGHTSHIFT 0x20
#define CANDOR_RIGHTALT 0x40
#define CANDOR_RIGHTMETA 0x80

enum candor_device_event {
	CANDOR_DEVICE_OPENED = 1,
	CANDOR_DEVICE_CLOSED,
	CANDOR_DEVICE_REMOVED,
};

/* kind: what the device is, from the bits it claims; several may be set. */
#define CANDOR_KIND_KEYBOARD 0x01 /* has a key that may type text */
#define CANDOR_KIND_MOUSE 0x02 /* relative axes */
#define CANDOR_KIND_TABLET 0x04 /* absolute axes that move a pointer */
#define CANDOR_KIND_TOUCHPAD 0x08 /* fingers that move a pointer */
#define CANDOR_KIND_TOUCH 0x10 /* fingers on the screen itself */
#define CANDOR_KIND_PEN 0x20

#define CANDOR_DEVICE_FLAGS(event, prop, kind)                 \
	((__u64)(__u8)(event) | (__u64)(__u32)(prop) << 8 | \
	 (__u64)(__u8)(kind) << 40)
#define CANDOR_DEVICE_EVENT(flags) ((__u8)(flags))
#define CANDOR_DEVICE_PROP(flags) ((__u32)((flags) >> 8))
#define CANDOR_DEVICE_KIND(flags) ((__u8)((flags) >> 40))

/*
 * Ring records. The first byte of each is its kind; a reader skips kinds it
 * does not know by the length that the ring gives it.
 */
enum candor_record_kind {
	CANDOR_RECORD_PACKET = 1,
	CANDOR_RECORD_GATE,
	CANDOR_RECORD_DEVICE,
};

struct candor_value {
	__u16 type;
	__u16 code;
	__s32 value;
};

/*
 * Where a level hides which text key it was, the value keeps type EV_KEY and
 * its code is this; no input code is as large (KEY_MAX is 0x2ff).
 */
#define CANDOR_CODE_TEXT 0x8000

/*
 * One piece of a packet after redaction. Pieces are numbered anew (0, 1, ...)
 * by the program; the last has CANDOR_LAST and may hold no value. A packet
 * redacted to nothing leaves no record and raises @suppressed.
 *
 * @suppressed and @ring_full count packets of this device since the program
 * was loaded, modulo 2^32, before this one: between two packets that arrived
 * whole, (seq2 - seq1 - 1) = rise of suppressed + rise of ring_full + what
 * cannot be explained. A packet of which a later piece did not fit in the
 * ring counts in ring_full and not as arrived.
 */
struct candor_record_packet {
	__u8 kind;
	__u8 count;
	__u8 piece;
	__u8 flags; /* CANDOR_FIRST, CANDOR_LAST, CANDOR_VIRTUAL */
	__u32 device;
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u64 seq_held;
	__u32 suppressed;
	__u32 ring_full;
	/* @count of them; the record may be longer than that */
	struct candor_value v[];
};

struct candor_record_gate {
	__u8 kind;
	__u8 pad[7];
	__u32 old_mask;
	__u32 new_mask;
	__u64 boottime_ns;
};

struct candor_record_device {
	__u8 kind;
	__u8 count; /* axis words in @a */
	__u8 piece;
	__u8 flags; /* CANDOR_FIRST, CANDOR_LAST, CANDOR_VIRTUAL */
	__u32 device;
	__u64 ids;
	__u64 flags_word; /* CANDOR_DEVICE_FLAGS() */
	__u64 seq; /* the device's last packet sequence */
	__u64 a[CANDOR_DEVICE_WORDS];
};

/*
 * What the program keeps of a device, in the hash `devices` by N of inputN.
 * Written under the device's event_lock by the program alone; user space reads
 * it once the gate is closed, and deletes it after CANDOR_DEVICE_REMOVED.
 */
struct candor_device_state {
	__u64 seq; /* last packet, stored before the ring is asked */
	__u32 suppressed;
	__u32 ring_full;
	/* the program's own */
	__u8 shows_chords; /* 0: no chord of this device shows its code */
	__u8 hold_used; /* text presses in this hold of Ctrl, Alt or Meta */
	__u8 piece; /* next piece of this packet to go out */
	__u8 fate; /* of this packet: nothing sent yet, sent, lost */
	__u8 kind; /* CANDOR_KIND_* */
	__u8 pad[3];
};

/* What changes its size here fails the build of all three readers. */
extern char candor_lease_size[sizeof(struct candor_lease) == 16 ? 1 : -1];
extern char candor_status_size[sizeof(struct candor_status) == 32 ? 1 : -1];
extern char candor_value_size[sizeof(struct candor_value) == 8 ? 1 : -1];
extern char candor_record_packet_size[sizeof(struct candor_record_packet) == 32 ? 1 : -1];
extern char candor_record_gate_size[sizeof(struct candor_record_gate) == 24 ? 1 : -1];
extern char candor_record_device_size[sizeof(struct candor_record_device) == 96 ? 1 : -1];
extern char candor_device_state_size[sizeof(struct candor_device_state) == 24 ? 1 : -1];

#endif /* CANDOR_ABI_H */
