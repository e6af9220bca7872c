// SPDX-License-Identifier: GPL-2.0-only
/*
 * tap WHAT FILE - a second observer of the packets, for tests
 *
 *	tap raw FILE            what crosses the tracepoint, before redaction
 *	tap actions FILE        the ring of candor's own program at that level
 *	tap demonstration FILE
 *
 * Each packet piece is a line, of the ring every value slot of the record and
 * not only those that count:
 *
 *	inputN seq=N held=HH piece=N flags=HH time=NS type:code:value ...
 *
 * Gate and device records are lines "gate OLD NEW" and "device inputN EVENT".
 * It takes no lease. Prints "ready" when attached; on SIGTERM it drains, prints
 * "lost N" at the end of FILE, and exits.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "capture.h"
#include "guest/tap.skel.h"

static FILE *out;
static volatile sig_atomic_t stopping;

static void on_signal(int sig)
{
	stopping = 1;
}

static void print_packet(uint64_t id, uint64_t time_ns, uint64_t seq_held,
			 unsigned int flags, const struct candor_value *v,
			 size_t count)
{
	fprintf(out,
		"input%u seq=%" PRIu64 " held=%02x piece=%u flags=%02x time=%" PRIu64,
		CANDOR_ID_DEVICE(id), (uint64_t)CANDOR_SEQ(seq_held),
		CANDOR_HELD(seq_held), CANDOR_ID_PIECE(id), flags, time_ns);
	for (size_t i = 0; i < count; i++)
		fprintf(out, " %u:%u:%d", v[i].type, v[i].code, v[i].value);
	fputc('\n', out);
}

static int on_raw(void *ctx, void *data, size_t len)
{
	const uint64_t *r = data;

	print_packet(r[0], r[1], r[2], CANDOR_ID_FLAGS(r[0]),
		     (const struct candor_value *)&r[3], CANDOR_ID_COUNT(r[0]));
	return 0;
}

static int on_record(const void *data, size_t len, void *ctx)
{
	const struct candor_record_packet *packet = data;
	const struct candor_record_device *device = data;
	const struct candor_record_gate *gate = data;

	switch (packet->kind) {
	case CANDOR_RECORD_PACKET:
		print_packet(CANDOR_ID(packet->device, 0, packet->piece, 0),
			     packet->time_ns, packet->seq_held, packet->flags,
			     packet->v, (len - sizeof(*packet)) /
					sizeof(packet->v[0]));
		return 0;
	case CANDOR_RECORD_GATE:
		fprintf(out, "gate %#x %#x\n", gate->old_mask, gate->new_mask);
		return 0;
	case CANDOR_RECORD_DEVICE:
		fprintf(out, "device input%u %u\n", device->device,
			CANDOR_DEVICE_EVENT(device->flags_word));
		return 0;
	}
	return 0;
}

static int tap_raw(void)
{
	struct tap_bpf *tap = tap_bpf__open_and_load();
	struct ring_buffer *ring;

	if (!tap || tap_bpf__attach(tap)) {
		perror("tap: loading");
		return 1;
	}
	ring = ring_buffer__new(bpf_map__fd(tap->maps.ring), on_raw, NULL, NULL);
	puts("ready");
	fflush(stdout);
	while (!stopping)
		ring_buffer__poll(ring, 1000);
	ring_buffer__consume(ring);
	fprintf(out, "lost %" PRIu64 "\n", (uint64_t)tap->bss->lost);
	ring_buffer__free(ring);
	tap_bpf__destroy(tap);
	return 0;
}

static int tap_level(int level)
{
	const struct capture_options options = { .level = level };
	const char *what;
	struct capture *capture = capture_open(&options, &what);
	struct pollfd fd;

	if (!capture) {
		fprintf(stderr, "tap: %s: %s\n", what, strerror(errno));
		return 1;
	}
	fd = (struct pollfd){ .fd = capture_fd(capture), .events = POLLIN };
	puts("ready");
	fflush(stdout);
	while (!stopping) {
		capture_drain(capture, on_record, NULL);
		if (capture_sleep(capture))
			poll(&fd, 1, 1000);
	}
	while (capture_drain(capture, on_record, NULL) == 1)
		;
	fprintf(out, "lost %" PRIu64 "\n", capture_control_lost(capture));
	capture_free(capture);
	return 0;
}

int main(int argc, char **argv)
{
	const struct sigaction action = { .sa_handler = on_signal };
	int level, ret;

	if (argc != 3) {
		fputs("usage: tap raw|actions|demonstration FILE\n", stderr);
		return 2;
	}
	out = fopen(argv[2], "w");
	if (!out) {
		perror(argv[2]);
		return 1;
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	level = level_parse(argv[1]);
	ret = level > 0 ? tap_level(level) : tap_raw();
	if (fclose(out))
		ret = 1;
	return ret;
}
