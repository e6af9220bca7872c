/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * candor_trace.h - the only door out of the module
 *
 * Only a raw tracepoint program (CAP_PERFMON) is handed the values. What perf
 * and tracefs record or print holds none of them, and no modifiers.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM candor

#if !defined(CANDOR_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define CANDOR_TRACE_H

#include <linux/tracepoint.h>

#include "candor_abi.h"

/* Told when the first observer of candor_packet comes and the last has gone. */
int candor_observer_came(void);
void candor_observer_left(void);

TRACE_EVENT_FN(candor_packet,
	TP_PROTO(u64 id, u64 time_ns, u64 seq_held, u64 v0, u64 v1, u64 v2,
		 u64 v3, u64 v4, u64 v5, u64 v6, u64 v7, u64 v8),
	TP_ARGS(id, time_ns, seq_held, v0, v1, v2, v3, v4, v5, v6, v7, v8),
	TP_STRUCT__entry(
		__field(u32, device)
		__field(u16, flags)
		__field(u64, seq)
	),
	TP_fast_assign(
		__entry->device = CANDOR_ID_DEVICE(id);
		__entry->flags = CANDOR_ID_FLAGS(id);
		__entry->seq = CANDOR_SEQ(seq_held);
	),
	TP_printk("input%u seq=%llu flags=%#x", __entry->device, __entry->seq,
		  __entry->flags),
	candor_observer_came, candor_observer_left
);

TRACE_EVENT(candor_gate,
	TP_PROTO(u64 old_mask, u64 new_mask, u64 boottime_ns),
	TP_ARGS(old_mask, new_mask, boottime_ns),
	TP_STRUCT__entry(
		__field(u32, old_mask)
		__field(u32, new_mask)
		__field(u64, boottime_ns)
	),
	TP_fast_assign(
		__entry->old_mask = old_mask;
		__entry->new_mask = new_mask;
		__entry->boottime_ns = boottime_ns;
	),
	TP_printk("%#x -> %#x", __entry->old_mask, __entry->new_mask)
);

TRACE_EVENT(candor_device,
	TP_PROTO(u64 id, u64 ids, u64 flags, u64 seq, u64 a0, u64 a1, u64 a2,
		 u64 a3, u64 a4, u64 a5, u64 a6, u64 a7),
	TP_ARGS(id, ids, flags, seq, a0, a1, a2, a3, a4, a5, a6, a7),
	TP_STRUCT__entry(
		__field(u32, device)
		__field(u8, event)
		__field(u8, kind)
		__field(u64, seq)
	),
	TP_fast_assign(
		__entry->device = CANDOR_ID_DEVICE(id);
		__entry->event = CANDOR_DEVICE_EVENT(flags);
		__entry->kind = CANDOR_DEVICE_KIND(flags);
		__entry->seq = seq;
	),
	TP_printk("input%u event=%u kind=%#x seq=%llu", __entry->device,
		  __entry->event, __entry->kind, __entry->seq)
);

#endif /* CANDOR_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE candor_trace
#include <trace/define_trace.h>
