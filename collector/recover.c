// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "column.h"
#include "encode.h"
#include "reader.h"
#include "recover.h"
#include "segment.h"

/* What the rows tell of a device. */
struct told {
	uint32_t device;
	uint64_t first, last, rows;
};

struct recover {
	struct segment *segment;
	bool header;
	struct told *told;
	size_t count, cap;
	uint64_t end_ns;
	/* the trailer, when the crash came after it */
	bool trailer;
	struct ledger_row *ledger;
	size_t ledger_rows;
};

static int on_header(const struct header_info *info, void *ctx)
{
	struct recover *recover = ctx;

	recover->header = true;
	recover->end_ns = info->anchor.monotonic_ns;
	return 0;
}

static struct told *told_of(struct recover *recover, uint32_t device)
{
	struct told *told;

	for (size_t i = 0; i < recover->count; i++)
		if (recover->told[i].device == device)
			return &recover->told[i];
	if (column_grow(&recover->told, &recover->cap, recover->count + 1,
			sizeof(*told)) < 0)
		return NULL;
	told = &recover->told[recover->count++];
	*told = (struct told){.device = device};
	return told;
}

static int on_row(const struct row *row, void *ctx)
{
	struct recover *recover = ctx;
	struct told *told;

	if (row->time_ns > recover->end_ns)
		recover->end_ns = row->time_ns;
	if (!row->seq)
		return 0;
	told = told_of(recover, row->device);
	if (!told)
		return -ENOMEM;
	if (!told->rows)
		told->first = row->seq;
	/* several rows may come of one packet */
	if (row->seq <= told->last)
		return 0;
	told->last = row->seq;
	told->rows++;
	return 0;
}

static int on_trailer(const struct trailer_info *info, void *ctx)
{
	struct recover *recover = ctx;

	recover->ledger = calloc(info->rows + 1, sizeof(*recover->ledger));
	if (!recover->ledger)
		return -ENOMEM;
	for (size_t i = 0; i < info->rows; i++)
		recover->ledger[i] = info->ledger[i];
	recover->ledger_rows = info->rows;
	recover->end_ns = info->end_ns;
	recover->trailer = true;
	return 0;
}

/* The trailer is made anew, to say `recovered`. */
static int on_frame(const uint8_t *frame, size_t len, void *ctx)
{
	struct recover *recover = ctx;

	if (recover->trailer)
		return 0;
	return segment_append(recover->segment, frame, len);
}

static const struct reader_ops ops = {
	.decode = {on_header, on_row, on_trailer},
	.frame = on_frame,
};

static int told_ledger(struct recover *recover)
{
	recover->ledger = calloc(recover->count + 1, sizeof(*recover->ledger));
	if (!recover->ledger)
		return -ENOMEM;
	recover->ledger_rows = recover->count;
	for (size_t i = 0; i < recover->count; i++) {
		const struct told *told = &recover->told[i];
		struct ledger_row *row = &recover->ledger[i];

		row->device = told->device;
		row->exact = true;
		row->seen = told->last - told->first + 1;
		row->written = told->rows;
		row->lost[LOST_UNKNOWN] = row->seen - row->written;
	}
	return 0;
}

static int add_trailer(struct recover *recover)
{
	struct bytes frame = {0};
	uint64_t end_ns = recover->end_ns;
	int r = recover->trailer ? 0 : told_ledger(recover);

	if (!recover->trailer)
		end_ns += GRID_NS - 1 - (end_ns + GRID_NS - 1) % GRID_NS;
	if (!r)
		r = encode_trailer(recover->ledger, recover->ledger_rows, true,
				   end_ns, &frame);
	if (!r)
		r = segment_append(recover->segment, frame.data, frame.len);
	bytes_free(&frame);
	return r;
}

/* Whether the reader stopped because of what the file holds. */
static bool file_ends(int error)
{
	return !error || error == -EAGAIN || error == -EBADMSG ||
	       error == -EFBIG;
}

static int copy(int from, struct segment *segment)
{
	struct recover recover = {.segment = segment};
	const char *why;
	uint64_t offset;
	int r = reader_all(from, &ops, &recover, &why, &offset);

	if (file_ends(r))
		r = recover.header ? add_trailer(&recover) : -ENODATA;
	if (!r)
		r = segment_seal(segment);
	free(recover.ledger);
	free(recover.told);
	return r;
}

static int write_new(int fd, int from, const char *name, mode_t mode)
{
	struct segment *segment;
	int r, to;

	if (unlinkat(fd, name, 0) < 0 && errno != ENOENT)
		return -errno;
	to = openat(fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (to < 0)
		return -errno;
	segment = segment_new(to);
	if (!segment) {
		r = -errno;
		close(to);
		goto out;
	}
	r = copy(from, segment);
	segment_free(segment);
out:
	if (r < 0)
		unlinkat(fd, name, 0);
	return r;
}

static int publish(int fd, const char *new, const char *sealed)
{
	if (renameat2(fd, new, fd, sealed, RENAME_NOREPLACE) < 0 ||
	    fsync(fd) < 0)
		return -errno;
	return 0;
}

static int make_sealed(int fd, const struct spool_name *part,
		       const char *part_text, const char *sealed_text,
		       mode_t mode)
{
	struct spool_name new = *part;
	char new_text[SPOOL_NAME_MAX];
	int r, from = openat(fd, part_text,
			     O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (from < 0)
		return -errno;
	new.kind = SPOOL_NEW;
	spool_name_format(&new, new_text);
	r = write_new(fd, from, new_text, mode);
	close(from);
	return r ? r : publish(fd, new_text, sealed_text);
}

/*
 * A recovery before us got as far as the name: only the part is to go. But what
 * bears the name may be something else, and then the part is all there is.
 */
static bool is_whole(int fd, const char *name)
{
	static const struct reader_ops none = {0};
	int r, file = openat(fd, name,
			     O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	const char *why;
	uint64_t offset;

	if (file < 0)
		return false;
	r = reader_all(file, &none, NULL, &why, &offset);
	close(file);
	return !r;
}

int recover_part(int fd, const struct spool_name *part, mode_t mode)
{
	struct spool_name sealed = *part;
	char part_text[SPOOL_NAME_MAX], sealed_text[SPOOL_NAME_MAX];
	int r = 0;

	sealed.kind = SPOOL_SEALED;
	spool_name_format(part, part_text);
	spool_name_format(&sealed, sealed_text);
	if (faccessat(fd, sealed_text, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		r = errno == ENOENT ? make_sealed(fd, part, part_text,
						  sealed_text, mode)
				    : -errno;
	else
		r = is_whole(fd, sealed_text) ? 0 : -EEXIST;
	if (r < 0)
		return r;
	if (unlinkat(fd, part_text, 0) < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}
