/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reader.h - a segment file back into rows, block by block
 *
 * Works on finished, unfinished and growing files alike, and trusts none. It
 * needs memory for one LZ4 block and one frame, whatever the file claims.
 */
#ifndef CANDOR_READER_H
#define CANDOR_READER_H

#include <stdint.h>

#include "decode.h"

struct reader;

struct reader_ops {
	struct decode_ops decode;
	/*
	 * May be NULL. The bytes of a whole frame as an element of Segment,
	 * after what is in it was given to @decode.
	 */
	int (*frame)(const uint8_t *frame, size_t len, void *ctx);
};

/*
 * Reads @fd from its start by pread; it stays the caller's, as @ops does. NULL
 * and errno.
 */
struct reader *reader_new(int fd, const struct reader_ops *ops, void *ctx);
void reader_free(struct reader *reader);

/*
 * Takes the next block and the frames that it completes. Returns
 *	1		go on
 *	0		the segment is whole, and so were its checksums
 *	-EAGAIN		the file ends before the block does: cut off, or still
 *			growing, then call again
 *	-EBADMSG	damaged or no segment; -EFBIG: it passes a limit
 *	other		-errno, or what an op returned
 * After any of them but 1 and -EAGAIN the reader can only be freed.
 */
int reader_step(struct reader *reader);

/* What was wrong and the byte of the file from which on it is. */
const char *reader_why(const struct reader *reader);
uint64_t reader_offset(const struct reader *reader);

/*
 * Steps to the end. 0 or -errno as above; a file cut off is -EAGAIN. Fills
 * @why (a phrase that never dies) and @offset on error.
 */
int reader_all(int fd, const struct reader_ops *ops, void *ctx,
	       const char **why, uint64_t *offset);

#endif
