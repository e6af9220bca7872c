// SPDX-License-Identifier: GPL-2.0-only
/*
 * tap.bpf.c - what crosses candor_packet, before redaction: for tests alone
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

#define WORDS 12

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 * 1024 * 1024);
} ring SEC(".maps");

__u64 lost;

SEC("raw_tp/candor_packet")
int tap_packet(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 *r = bpf_ringbuf_reserve(&ring, WORDS * sizeof(*r), 0);

	if (!r) {
		__sync_fetch_and_add(&lost, 1);
		return 0;
	}
#pragma unroll
	for (int i = 0; i < WORDS; i++)
		r[i] = ctx->args[i];
	bpf_ringbuf_submit(r, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
