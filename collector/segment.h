/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * segment.h - frames into one LZ4 file
 *
 * One LZ4 frame: linked blocks of at most 64 KiB, block and content checksums.
 * What was flushed can be read back block by block from a file that was never
 * finished.
 */
#ifndef CANDOR_SEGMENT_H
#define CANDOR_SEGMENT_H

#include <stddef.h>
#include <stdint.h>

struct segment;

/* Takes @fd, opened for writing and empty, when it succeeds. NULL and errno. */
struct segment *segment_new(int fd);
/* Closes the file as it is. */
void segment_free(struct segment *segment);

/*
 * Each gives 0 or -errno. After -ENOSPC, -EDQUOT and the like what was
 * appended is still held in memory and the same call may be made again; after
 * a failed sync or for want of memory every later call fails the same way.
 */
int segment_append(struct segment *segment, const void *frames, size_t len);
/* Everything appended is in the file and on the disk (fdatasync). */
int segment_flush(struct segment *segment);
/* Ends the file: end mark, checksum, fsync. Nothing may be appended then. */
int segment_seal(struct segment *segment);

/* Bytes appended, before compression, and bytes of the file. */
uint64_t segment_bytes(const struct segment *segment);
uint64_t segment_file_bytes(const struct segment *segment);

#endif
