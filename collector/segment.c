// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include <lz4frame.h>

#include "bytes.h"
#include "segment.h"

#define CHUNK (64u << 10)

static const LZ4F_preferences_t preferences = {
	.frameInfo =
		{
			.blockSizeID = LZ4F_max64KB,
			.blockMode = LZ4F_blockLinked,
			.contentChecksumFlag = LZ4F_contentChecksumEnabled,
			.blockChecksumFlag = LZ4F_blockChecksumEnabled,
		},
	.compressionLevel = 9,
};

struct segment {
	int fd;
	int failed; /* for good */
	bool ended;
	LZ4F_cctx *lz4;
	/* compressed, the first @sent bytes of it written */
	struct bytes pending;
	size_t sent;
	uint64_t bytes, file_bytes;
};

/* What LZ4 put at the end of pending. Its state is lost when it fails. */
static int took(struct segment *segment, size_t result)
{
	if (LZ4F_isError(result)) {
		segment->failed = -ENOMEM;
		return segment->failed;
	}
	segment->pending.len += result;
	segment->file_bytes += result;
	return 0;
}

static int room(struct segment *segment, size_t more, uint8_t **at, size_t *cap)
{
	int r = bytes_reserve(&segment->pending, more);

	if (r < 0)
		return r;
	*at = segment->pending.data + segment->pending.len;
	*cap = segment->pending.cap - segment->pending.len;
	return 0;
}

static int begin(struct segment *segment)
{
	uint8_t *at;
	size_t cap;
	int r = room(segment, LZ4F_HEADER_SIZE_MAX, &at, &cap);

	if (r < 0)
		return r;
	return took(segment,
		    LZ4F_compressBegin(segment->lz4, at, cap, &preferences));
}

struct segment *segment_new(int fd)
{
	struct segment *segment = calloc(1, sizeof(*segment));

	if (!segment)
		return NULL;
	segment->fd = fd;
	if (LZ4F_isError(LZ4F_createCompressionContext(&segment->lz4,
						       LZ4F_VERSION)) ||
	    begin(segment) < 0)
		goto fail;
	return segment;
fail:
	segment->fd = -1;
	segment_free(segment);
	errno = ENOMEM;
	return NULL;
}

void segment_free(struct segment *segment)
{
	if (!segment)
		return;
	if (segment->fd >= 0)
		close(segment->fd);
	LZ4F_freeCompressionContext(segment->lz4);
	bytes_free(&segment->pending);
	free(segment);
}

static int append_chunk(struct segment *segment, const uint8_t *data,
			size_t len)
{
	uint8_t *at;
	size_t cap;
	int r = room(segment, LZ4F_compressBound(len, &preferences), &at, &cap);

	if (r < 0)
		return r;
	r = took(segment,
		 LZ4F_compressUpdate(segment->lz4, at, cap, data, len, NULL));
	if (!r)
		segment->bytes += len;
	return r;
}

int segment_append(struct segment *segment, const void *frames, size_t len)
{
	const uint8_t *data = frames;
	int r = segment->failed;

	while (!r && len) {
		size_t n = len < CHUNK ? len : CHUNK;

		r = append_chunk(segment, data, n);
		data += n;
		len -= n;
	}
	/* half of it is in: what follows would be read as its other half */
	if (r < 0)
		segment->failed = r;
	return r;
}

static int send_pending(struct segment *segment)
{
	struct bytes *pending = &segment->pending;

	while (segment->sent < pending->len) {
		ssize_t n = write(segment->fd, pending->data + segment->sent,
				  pending->len - segment->sent);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		segment->sent += (size_t)n;
	}
	pending->len = 0;
	segment->sent = 0;
	return 0;
}

/* After a failed sync the kernel may call the same pages clean: never retry. */
static int synced(struct segment *segment, int result)
{
	if (result < 0)
		segment->failed = -errno;
	return segment->failed;
}

int segment_flush(struct segment *segment)
{
	uint8_t *at;
	size_t cap;
	int r = segment->failed;

	if (!r)
		r = room(segment, LZ4F_compressBound(0, &preferences), &at,
			 &cap);
	if (!r)
		r = took(segment, LZ4F_flush(segment->lz4, at, cap, NULL));
	if (!r)
		r = send_pending(segment);
	return r ? r : synced(segment, fdatasync(segment->fd));
}

static int end(struct segment *segment)
{
	uint8_t *at;
	size_t cap;
	int r;

	if (segment->ended)
		return 0;
	r = room(segment, LZ4F_compressBound(0, &preferences), &at, &cap);
	if (!r)
		r = took(segment,
			 LZ4F_compressEnd(segment->lz4, at, cap, NULL));
	segment->ended = !r;
	return r;
}

int segment_seal(struct segment *segment)
{
	int r = segment->failed;

	if (!r)
		r = end(segment);
	if (!r)
		r = send_pending(segment);
	return r ? r : synced(segment, fsync(segment->fd));
}

uint64_t segment_bytes(const struct segment *segment)
{
	return segment->bytes;
}

uint64_t segment_file_bytes(const struct segment *segment)
{
	return segment->file_bytes;
}
