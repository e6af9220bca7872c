/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * decode.h - frames into rows
 *
 * Nothing in a file is trusted: counts, runs, lengths and times are bounded
 * before they are followed (limits in stored.h).
 */
#ifndef CANDOR_DECODE_H
#define CANDOR_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "row.h"
#include "stored.h"

struct decode;

/*
 * Each may be NULL; one that returns non-zero ends the decoding with that.
 * Rows come in the order of time; within a device, where packet sequences are
 * stored, in theirs.
 */
struct decode_ops {
	int (*header)(const struct header_info *info, void *ctx);
	row_fn row;
	int (*trailer)(const struct trailer_info *info, void *ctx);
};

/* @ops stays the caller's and must live as long. NULL and errno. */
struct decode *decode_new(const struct decode_ops *ops, void *ctx);
void decode_free(struct decode *decode);

/*
 * Takes the first frame off @data. Returns its bytes, 0 when it is not whole
 * yet, -EBADMSG when it is not what the schema says (see decode_why), -EFBIG
 * when it passes a limit, -ENOMEM, or what an op returned.
 */
ssize_t decode_frame(struct decode *decode, const uint8_t *data, size_t len);
/* What was wrong, after -EBADMSG or -EFBIG: a phrase that never dies. */
const char *decode_why(const struct decode *decode);

/* Header and trailer have been taken. */
bool decode_done(const struct decode *decode);

/*
 * All frames of @frames, header first and trailer last. 0, or as above;
 * -ENODATA when they end early.
 */
int decode_segment(const uint8_t *frames, size_t len,
		   const struct decode_ops *ops, void *ctx);

#endif
