// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lz4frame.h>

#include "bytes.h"
#include "reader.h"

#define MAGIC 0x184d2204u
#define MAGIC_SIZE 4
#define WORD 4 /* a block's size, a checksum */
#define UNCOMPRESSED 0x80000000u

enum state { AT_START, AT_BLOCK, AT_END };

struct reader {
	int fd;
	const struct reader_ops *ops;
	void *ctx;
	struct decode *decode;
	enum state state;
	uint64_t offset; /* of the next block */
	const char *why;
	LZ4F_dctx *lz4;
	size_t block_max;
	struct bytes block; /* as it stands in the file */
	uint64_t decoded;
	struct bytes frames; /* undone, from the first one not taken */
};

struct reader *reader_new(int fd, const struct reader_ops *ops, void *ctx)
{
	struct reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return NULL;
	reader->fd = fd;
	reader->ops = ops;
	reader->ctx = ctx;
	reader->why = "nothing is wrong";
	reader->decode = decode_new(&ops->decode, ctx);
	if (!reader->decode)
		goto fail;
	if (LZ4F_isError(LZ4F_createDecompressionContext(&reader->lz4,
							 LZ4F_VERSION)))
		goto fail;
	return reader;
fail:
	reader_free(reader);
	errno = ENOMEM;
	return NULL;
}

void reader_free(struct reader *reader)
{
	if (!reader)
		return;
	decode_free(reader->decode);
	LZ4F_freeDecompressionContext(reader->lz4);
	bytes_free(&reader->block);
	bytes_free(&reader->frames);
	free(reader);
}

const char *reader_why(const struct reader *reader)
{
	return reader->why;
}

uint64_t reader_offset(const struct reader *reader)
{
	return reader->offset;
}

static int refuse(struct reader *reader, int error, const char *why)
{
	reader->why = why;
	return error;
}

/* Makes the block hold @len bytes of the file from the offset on, or all. */
static int load(struct reader *reader, size_t len)
{
	struct bytes *block = &reader->block;
	int r;

	block->len = 0;
	r = bytes_reserve(block, len);
	if (r < 0)
		return r;
	while (block->len < len) {
		ssize_t n = pread(reader->fd, block->data + block->len,
				  len - block->len,
				  (off_t)(reader->offset + block->len));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return refuse(reader, -EAGAIN, "it is cut off here");
		block->len += (size_t)n;
	}
	return 0;
}

static uint32_t word(const uint8_t *data)
{
	return (uint32_t)data[0] | (uint32_t)data[1] << 8 |
	       (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
}

/* --- the start of the file */

static size_t block_size(LZ4F_blockSizeID_t id)
{
	switch (id) {
	case LZ4F_default:
	case LZ4F_max64KB:
		return 64u << 10;
	case LZ4F_max256KB:
		return 256u << 10;
	case LZ4F_max1MB:
		return 1u << 20;
	case LZ4F_max4MB:
		return 4u << 20;
	}
	return 0;
}

static int take_info(struct reader *reader, const LZ4F_frameInfo_t *info)
{
	if (info->contentSize > SEGMENT_MAX)
		return refuse(reader, -EFBIG, "it claims more than 64 MiB");
	if (info->dictID)
		return refuse(reader, -EBADMSG, "it needs an LZ4 dictionary");
	if (!info->blockChecksumFlag || !info->contentChecksumFlag)
		return refuse(reader, -EBADMSG,
			      "it has no block or no content checksums");
	reader->block_max = block_size(info->blockSizeID);
	return 0;
}

static int start(struct reader *reader)
{
	LZ4F_frameInfo_t info = {0};
	size_t len, result;
	int r = load(reader, MAGIC_SIZE);

	if (r == -EAGAIN && !reader->block.len)
		return refuse(reader, r, "it is empty");
	if (r < 0)
		return r;
	if (word(reader->block.data) != MAGIC)
		return refuse(reader, -EBADMSG, "it is not an LZ4 file");
	r = load(reader, LZ4F_MIN_SIZE_TO_KNOW_HEADER_LENGTH);
	if (r < 0)
		return r;
	len = LZ4F_headerSize(reader->block.data, reader->block.len);
	if (LZ4F_isError(len))
		return refuse(reader, -EBADMSG, "its LZ4 header is damaged");
	r = load(reader, len);
	if (r < 0)
		return r;
	result =
		LZ4F_getFrameInfo(reader->lz4, &info, reader->block.data, &len);
	if (LZ4F_isError(result))
		return refuse(reader, -EBADMSG, "its LZ4 header is damaged");
	r = take_info(reader, &info);
	if (r < 0)
		return r;
	reader->offset += len;
	reader->state = AT_BLOCK;
	return 1;
}

/* --- blocks */

/*
 * Gives LZ4 the whole block, checksum included. What it gives back before it
 * finds the checksum wrong is not kept.
 */
static int undo(struct reader *reader)
{
	const uint8_t *from = reader->block.data;
	size_t left = reader->block.len, before = reader->frames.len;
	int r = bytes_reserve(&reader->frames, reader->block_max);

	if (r < 0)
		return r;
	while (left) {
		size_t used = left;
		size_t got = reader->block_max - (reader->frames.len - before);
		size_t result = LZ4F_decompress(
			reader->lz4, reader->frames.data + reader->frames.len,
			&got, from, &used, NULL);

		if (LZ4F_isError(result) || (!used && !got)) {
			reader->frames.len = before;
			return refuse(reader, -EBADMSG,
				      "a block is damaged (LZ4 checksum)");
		}
		from += used;
		left -= used;
		reader->frames.len += got;
	}
	reader->decoded += reader->frames.len - before;
	if (reader->decoded > SEGMENT_MAX)
		return refuse(reader, -EFBIG, "it holds more than 64 MiB");
	return 0;
}

static int give_frame(struct reader *reader, const uint8_t *frame, size_t len)
{
	if (!reader->ops->frame)
		return 0;
	return reader->ops->frame(frame, len, reader->ctx);
}

static int take_frames(struct reader *reader)
{
	struct bytes *frames = &reader->frames;
	size_t taken = 0;
	ssize_t n;

	while ((n = decode_frame(reader->decode, frames->data + taken,
				 frames->len - taken)) > 0) {
		int r = give_frame(reader, frames->data + taken, (size_t)n);

		if (r)
			return r;
		taken += (size_t)n;
	}
	if (n < 0) {
		reader->why = decode_why(reader->decode);
		return (int)n;
	}
	bytes_consume(frames, taken);
	return 0;
}

static int finish(struct reader *reader)
{
	struct stat st;

	if (reader->frames.len)
		return refuse(reader, -EBADMSG, "its last frame is not whole");
	if (!decode_done(reader->decode))
		return refuse(reader, -EBADMSG, "it has no trailer");
	if (fstat(reader->fd, &st) < 0)
		return -errno;
	if (S_ISREG(st.st_mode) && (uint64_t)st.st_size > reader->offset)
		return refuse(reader, -EBADMSG,
			      "there are bytes after its end");
	reader->state = AT_END;
	return 0;
}

static int block(struct reader *reader)
{
	uint32_t size;
	int r = load(reader, WORD);

	if (r < 0)
		return r;
	size = word(reader->block.data) & ~UNCOMPRESSED;
	if (size > reader->block_max)
		return refuse(reader, -EBADMSG,
			      "a block's size is out of range");
	/* of the end mark, size 0, the checksum is the content's */
	r = load(reader, WORD + size + WORD);
	if (!r)
		r = undo(reader);
	if (r < 0)
		return r;
	reader->offset += reader->block.len;
	if (!word(reader->block.data))
		return finish(reader);
	r = take_frames(reader);
	return r ? r : 1;
}

int reader_step(struct reader *reader)
{
	switch (reader->state) {
	case AT_START:
		return start(reader);
	case AT_BLOCK:
		return block(reader);
	case AT_END:
		break;
	}
	return 0;
}

int reader_all(int fd, const struct reader_ops *ops, void *ctx,
	       const char **why, uint64_t *offset)
{
	struct reader *reader = reader_new(fd, ops, ctx);
	int r = 1;

	*why = "no memory to read it";
	*offset = 0;
	if (!reader)
		return -errno;
	while (r == 1)
		r = reader_step(reader);
	*why = reader_why(reader);
	*offset = reader_offset(reader);
	reader_free(reader);
	return r;
}
