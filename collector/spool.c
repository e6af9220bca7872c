// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/acl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "encode.h"
#include "recover.h"
#include "segment.h"
#include "spool.h"

/*
 * With an access list the group bits are its mask: they must let the subject
 * read, while the list itself gives the group nothing.
 */
#define MODE_LISTED 0640
#define MODE_PLAIN 0600

struct spool {
	int fd;	     /* the folder; holds the lock */
	mode_t mode; /* of files */
	uint64_t next;
	struct segment *segment;
	struct spool_name name; /* of the open segment */
	uint64_t anchor_ns;
	bool trailer; /* is in, the seal failed after it */
	char last[SPOOL_NAME_MAX];
};

/* --- the folder */

static int set_list(const char *path, acl_type_t type, uid_t subject)
{
	char text[128];
	acl_t list;
	int r;

	snprintf(text, sizeof(text),
		 "u::rwx,u:%" PRIu32 ":r-x,g::---,m::r-x,o::---",
		 (uint32_t)subject);
	list = acl_from_text(text);
	if (!list)
		return -errno;
	r = acl_set_file(path, type, list) < 0 ? -errno : 0;
	acl_free(list);
	return r;
}

/* Who may read: the owner and the subject. libacl wants a path. */
static int guard(struct spool *spool, uid_t subject)
{
	char path[64];
	int r;

	if (fchmod(spool->fd, 0700) < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", spool->fd);
	r = set_list(path, ACL_TYPE_ACCESS, subject);
	if (!r)
		r = set_list(path, ACL_TYPE_DEFAULT, subject);
	spool->mode = r ? MODE_PLAIN : MODE_LISTED;
	if (r == -EOPNOTSUPP && subject == geteuid())
		return 0;
	return r;
}

static int take_folder(struct spool *spool, const char *dir)
{
	struct stat st;

	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return -errno;
	spool->fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (spool->fd < 0 || fstat(spool->fd, &st) < 0)
		return -errno;
	if (st.st_uid != geteuid())
		return -EPERM;
	if (flock(spool->fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	return 0;
}

/* --- the next number */

static uint64_t read_next(int fd)
{
	int file = openat(fd, SPOOL_NEXT, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
						  O_CLOEXEC);
	char text[32] = "", again[32];
	uint64_t next;
	ssize_t n;

	if (file < 0)
		return 0;
	n = read(file, text, sizeof(text) - 1);
	close(file);
	next = n > 0 ? strtoull(text, NULL, 10) : 0;
	/* damaged when it is not the one spelling: "-1" is no number either */
	snprintf(again, sizeof(again), "%" PRIu64 "\n", next);
	return next <= SPOOL_SEQ_MAX && !strcmp(text, again) ? next : 0;
}

static int write_text(int fd, const char *name, const char *text, mode_t mode)
{
	int file = openat(fd, name,
			  O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
			  mode);
	size_t len = strlen(text);
	ssize_t n;
	int r = 0;

	if (file < 0)
		return -errno;
	n = write(file, text, len);
	if (n < 0 || fsync(file) < 0)
		r = -errno;
	else if ((size_t)n < len)
		r = -ENOSPC;
	close(file);
	return r;
}

/* Shipped segments leave the folder; their numbers must not come again. */
static int write_next(struct spool *spool, uint64_t next)
{
	char text[32];
	int r;

	snprintf(text, sizeof(text), "%" PRIu64 "\n", next);
	r = write_text(spool->fd, SPOOL_NEXT ".tmp", text, spool->mode);
	if (r < 0)
		return r;
	if (renameat(spool->fd, SPOOL_NEXT ".tmp", spool->fd, SPOOL_NEXT) < 0)
		return -errno;
	return 0;
}

static int find_next(struct spool *spool)
{
	static const enum spool_kind kinds[] = {SPOOL_SEALED, SPOOL_PART};

	spool->next = read_next(spool->fd);
	if (!spool->next)
		spool->next = 1;
	for (size_t i = 0; i < 2; i++) {
		struct spool_name *names;
		size_t count;
		int r = spool_names(spool->fd, kinds[i], &names, &count);

		if (r < 0)
			return r;
		if (count && names[count - 1].seq >= spool->next)
			spool->next = names[count - 1].seq + 1;
		free(names);
	}
	return 0;
}

/* --- what a crash left */

static int quarantine(const struct spool *spool, const char *name)
{
	/* the group bits are the list's mask here too */
	mode_t mode = spool->mode == MODE_LISTED ? 0750 : 0700;
	int r, to, fd = spool->fd;

	if (mkdirat(fd, SPOOL_QUARANTINE, mode) < 0 && errno != EEXIST)
		return -errno;
	to = openat(fd, SPOOL_QUARANTINE,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to < 0)
		return -errno;
	/* numbers are not reused: one of this name there was this one */
	r = renameat(fd, name, to, name) < 0 ? -errno : 0;
	if (!r && (fsync(to) < 0 || fsync(fd) < 0))
		r = -errno;
	close(to);
	return r;
}

static void recover_one(struct spool *spool, const struct spool_name *part,
			const struct spool_options *options)
{
	enum spool_found what = SPOOL_RECOVERED;
	char text[SPOOL_NAME_MAX];
	int r = recover_part(spool->fd, part, spool->mode);

	spool_name_format(part, text);
	if (r == -ENODATA) {
		what = SPOOL_QUARANTINED;
		r = quarantine(spool, text);
	}
	if (r < 0)
		what = SPOOL_LEFT;
	if (options->found)
		options->found(text, what, r, options->ctx);
}

static int recover_all(struct spool *spool, const struct spool_options *options)
{
	struct spool_name *names;
	char text[SPOOL_NAME_MAX];
	size_t count;
	int r = spool_names(spool->fd, SPOOL_PART, &names, &count);

	for (size_t i = 0; i < count; i++)
		recover_one(spool, &names[i], options);
	free(names);
	if (r < 0)
		return r;
	r = spool_names(spool->fd, SPOOL_NEW, &names, &count);
	for (size_t i = 0; i < count; i++) {
		spool_name_format(&names[i], text);
		unlinkat(spool->fd, text, 0);
	}
	free(names);
	return r;
}

struct spool *spool_open(const struct spool_options *options)
{
	struct spool *spool = calloc(1, sizeof(*spool));
	int r;

	if (!spool)
		return NULL;
	spool->fd = -1;
	r = take_folder(spool, options->dir);
	if (!r)
		r = guard(spool, options->subject);
	if (!r)
		r = find_next(spool);
	if (!r)
		r = recover_all(spool, options);
	if (!r)
		return spool;
	spool_free(spool);
	errno = -r;
	return NULL;
}

void spool_free(struct spool *spool)
{
	if (!spool)
		return;
	spool_abandon(spool);
	if (spool->fd >= 0)
		close(spool->fd);
	free(spool);
}

/* --- the open segment */

bool spool_is_open(const struct spool *spool)
{
	return spool->segment;
}

static uint32_t boot_number(const uint8_t boot[16])
{
	return (uint32_t)boot[0] << 24 | (uint32_t)boot[1] << 16 |
	       (uint32_t)boot[2] << 8 | (uint32_t)boot[3];
}

static int create(struct spool *spool)
{
	char text[SPOOL_NAME_MAX];
	int r, fd;

	spool_name_format(&spool->name, text);
	fd = openat(spool->fd, text, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		    spool->mode);
	if (fd < 0)
		return -errno;
	spool->segment = segment_new(fd);
	if (spool->segment)
		return 0;
	r = -errno;
	close(fd);
	unlinkat(spool->fd, text, 0);
	return r;
}

static int put_header(struct spool *spool, const struct header_info *header)
{
	struct header_info info = *header;
	struct bytes frame = {0};
	int r;

	info.seq = spool->name.seq;
	r = encode_header(&info, &frame);
	if (!r)
		r = segment_append(spool->segment, frame.data, frame.len);
	if (!r)
		r = segment_flush(spool->segment);
	/* the name of the part has to survive a power cut as its bytes do */
	if (!r && fsync(spool->fd) < 0)
		r = -errno;
	bytes_free(&frame);
	return r;
}

/* A segment without its header holds nothing: no trace of it is left. */
static void undo_begin(struct spool *spool)
{
	char text[SPOOL_NAME_MAX];

	spool_abandon(spool);
	spool_name_format(&spool->name, text);
	unlinkat(spool->fd, text, 0);
}

int spool_begin(struct spool *spool, const struct header_info *header)
{
	int r;

	if (spool->segment)
		return -EBUSY;
	if (spool->next > SPOOL_SEQ_MAX)
		return -EOVERFLOW;
	r = write_next(spool, spool->next + 1);
	if (r < 0)
		return r;
	spool->name = (struct spool_name){
		.kind = SPOOL_PART,
		.seq = spool->next++,
		.boot = boot_number(header->boot),
	};
	spool->anchor_ns = header->anchor.monotonic_ns;
	spool->trailer = false;
	r = create(spool);
	if (r < 0)
		return r;
	r = put_header(spool, header);
	if (r < 0)
		undo_begin(spool);
	return r;
}

int spool_append(struct spool *spool, const void *frames, size_t len)
{
	if (!spool->segment)
		return -EBADF;
	return segment_append(spool->segment, frames, len);
}

int spool_flush(struct spool *spool)
{
	return spool->segment ? segment_flush(spool->segment) : -EBADF;
}

static int put_trailer(struct spool *spool, const struct ledger_row *ledger,
		       size_t rows, uint64_t end_ns)
{
	struct bytes frame = {0};
	int r;

	if (spool->trailer)
		return 0;
	r = encode_trailer(ledger, rows, false, end_ns, &frame);
	if (!r)
		r = segment_append(spool->segment, frame.data, frame.len);
	bytes_free(&frame);
	spool->trailer = !r;
	return r;
}

/* The bytes are on the disk; now the name that makes them visible. */
static int publish(struct spool *spool)
{
	struct spool_name sealed = spool->name;
	char from[SPOOL_NAME_MAX], to[SPOOL_NAME_MAX];

	sealed.kind = SPOOL_SEALED;
	spool_name_format(&spool->name, from);
	spool_name_format(&sealed, to);
	if (renameat2(spool->fd, from, spool->fd, to, RENAME_NOREPLACE) < 0)
		return -errno;
	memcpy(spool->last, to, sizeof(to));
	spool_abandon(spool);
	return fsync(spool->fd) < 0 ? -errno : 0;
}

int spool_seal(struct spool *spool, const struct ledger_row *ledger,
	       size_t rows, uint64_t end_ns)
{
	int r = spool->segment ? put_trailer(spool, ledger, rows, end_ns)
			       : -EBADF;

	if (!r)
		r = segment_seal(spool->segment);
	return r ? r : publish(spool);
}

void spool_abandon(struct spool *spool)
{
	segment_free(spool->segment);
	spool->segment = NULL;
}

uint64_t spool_bytes(const struct spool *spool)
{
	return spool->segment ? segment_bytes(spool->segment) : 0;
}

uint64_t spool_age(const struct spool *spool, uint64_t now_ns)
{
	if (!spool->segment || now_ns < spool->anchor_ns)
		return 0;
	return now_ns - spool->anchor_ns;
}

const char *spool_last(const struct spool *spool)
{
	return spool->last;
}
