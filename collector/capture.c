// SPDX-License-Identifier: GPL-2.0-only
#include "capture.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bpf/candor.skel.h"

/* Between two looks at the clock and at other sources. */
#define DRAIN_MAX 65536

struct capture {
	struct candor_bpf *bpf;
	struct ring_buffer *ring;
	/* The ring's two positions, in the kernel's own pages. */
	const unsigned long *consumer, *producer;
	void *pages;
	long page_size;
	capture_fn fn;
	void *ctx;
	unsigned int left; /* records until the drain is cut */
};

static bool verbose;

static int print(enum libbpf_print_level level, const char *format,
		 va_list args)
{
	if (!verbose || level == LIBBPF_DEBUG)
		return 0;
	return vfprintf(stderr, format, args);
}

static int on_sample(void *ctx, void *record, size_t len)
{
	struct capture *capture = ctx;
	int ret = capture->fn(record, len, capture->ctx);

	if (ret < 0)
		return ret;
	return --capture->left ? 0 : -EINTR;
}

static uint64_t virtual_word(const struct capture_options *options, size_t i)
{
	return options->virtual_device[i].bus |
	       (uint64_t)options->virtual_device[i].vendor << 16 |
	       (uint64_t)options->virtual_device[i].product << 32;
}

static void set_options(struct candor_bpf *bpf,
			const struct capture_options *options)
{
	bpf->rodata->level = options->level;
	bpf->rodata->virtual_count = options->virtual_count;
	for (size_t i = 0; i < options->virtual_count; i++)
		bpf->rodata->virtual_devices[i] = virtual_word(options, i);
}

/*
 * The gate first and the packets last: when the first packet can come, nothing
 * about its device or the gate has been missed.
 */
static int attach(struct candor_bpf *bpf)
{
	bpf->links.candor_gate = bpf_program__attach(bpf->progs.candor_gate);
	if (!bpf->links.candor_gate)
		return -errno;
	bpf->links.candor_device =
		bpf_program__attach(bpf->progs.candor_device);
	if (!bpf->links.candor_device)
		return -errno;
	bpf->links.candor_packet =
		bpf_program__attach(bpf->progs.candor_packet);
	return bpf->links.candor_packet ? 0 : -errno;
}

static int map_positions(struct capture *capture)
{
	capture->page_size = sysconf(_SC_PAGESIZE);
	capture->pages = mmap(NULL, 2 * capture->page_size, PROT_READ,
			      MAP_SHARED,
			      bpf_map__fd(capture->bpf->maps.ring), 0);
	if (capture->pages == MAP_FAILED) {
		capture->pages = NULL;
		return -errno;
	}
	capture->consumer = capture->pages;
	capture->producer = (const unsigned long *)((char *)capture->pages +
						    capture->page_size);
	return 0;
}

static int open_ring(struct capture *capture)
{
	capture->ring = ring_buffer__new(bpf_map__fd(capture->bpf->maps.ring),
					 on_sample, capture, NULL);
	return capture->ring ? map_positions(capture) : -errno;
}

static int load(struct capture *capture, const struct capture_options *options,
		const char **what)
{
	int ret;

	*what = "opening the BPF object";
	capture->bpf = candor_bpf__open();
	if (!capture->bpf)
		return -errno;
	set_options(capture->bpf, options);
	*what = "loading the BPF program";
	ret = candor_bpf__load(capture->bpf);
	if (ret)
		return ret;
	*what = "mapping the ring buffer";
	ret = open_ring(capture);
	if (ret)
		return ret;
	capture->bpf->bss->idle = 1;
	capture->bpf->bss->half = 1;
	*what = "attaching to candor's tracepoints";
	return attach(capture->bpf);
}

struct capture *capture_open(const struct capture_options *options,
			     const char **what)
{
	struct capture *capture = calloc(1, sizeof(*capture));
	int ret;

	*what = "allocating";
	if (!capture)
		return NULL;
	verbose = options->verbose;
	libbpf_set_print(print);
	ret = load(capture, options, what);
	if (!ret)
		return capture;
	capture_free(capture);
	errno = -ret;
	return NULL;
}

void capture_free(struct capture *capture)
{
	if (!capture)
		return;
	if (capture->pages)
		munmap(capture->pages, 2 * capture->page_size);
	ring_buffer__free(capture->ring);
	candor_bpf__destroy(capture->bpf);
	free(capture);
}

int capture_fd(const struct capture *capture)
{
	return ring_buffer__epoll_fd(capture->ring);
}

int capture_drain(struct capture *capture, capture_fn fn, void *ctx)
{
	int ret;

	capture->fn = fn;
	capture->ctx = ctx;
	capture->left = DRAIN_MAX;
	__atomic_store_n(&capture->bpf->bss->idle, 0, __ATOMIC_SEQ_CST);
	ret = ring_buffer__consume(capture->ring);
	__atomic_store_n(&capture->bpf->bss->half, 1, __ATOMIC_SEQ_CST);
	if (ret == -EINTR)
		return 1;
	return ret < 0 ? ret : 0;
}

static bool is_empty(const struct capture *capture)
{
	return __atomic_load_n(capture->producer, __ATOMIC_ACQUIRE) ==
	       __atomic_load_n(capture->consumer, __ATOMIC_RELAXED);
}

bool capture_sleep(struct capture *capture)
{
	uint32_t *idle = &capture->bpf->bss->idle;

	/*
	 * The program reserves, then takes idle; we give idle, then look: one
	 * of the two sees the other.
	 */
	__atomic_exchange_n(idle, 1, __ATOMIC_SEQ_CST);
	if (is_empty(capture))
		return true;
	__atomic_store_n(idle, 0, __ATOMIC_SEQ_CST);
	return false;
}

int capture_device(const struct capture *capture, uint32_t device,
		   struct candor_device_state *state)
{
	int fd = bpf_map__fd(capture->bpf->maps.devices);

	return bpf_map_lookup_elem(fd, &device, state) ? -errno : 0;
}

void capture_device_gone(struct capture *capture, uint32_t device)
{
	bpf_map_delete_elem(bpf_map__fd(capture->bpf->maps.devices), &device);
}

uint64_t capture_control_lost(const struct capture *capture)
{
	return __atomic_load_n(&capture->bpf->bss->control_lost,
			       __ATOMIC_RELAXED);
}

bool capture_untracked(const struct capture *capture)
{
	return __atomic_load_n(&capture->bpf->bss->untracked, __ATOMIC_RELAXED);
}
