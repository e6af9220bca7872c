// SPDX-License-Identifier: GPL-2.0-only
#include "grant.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control.h"
#include "exit.h"

#define NS_PER_SEC 1000000000ULL
#define GRANT_FILE_MAX 256
#define BOOT_ID_MAX 64

/* The file is one line: candor-grant 1 LEVEL UID END_NS BOOT_ID */
#define GRANT_FORMAT "candor-grant 1 %s %u %" PRIu64 " %s\n"

static bool trusted(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISREG(st.st_mode) &&
	       st.st_uid == geteuid() && !(st.st_mode & 022);
}

/* Reads a small text file; its length, 0 for what is not ours, or -errno. */
static ssize_t read_trusted(const char *path, char *text, size_t size)
{
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT || errno == ELOOP ? 0 : -errno;
	n = trusted(fd) ? read(fd, text, size - 1) : 0;
	if (n < 0)
		n = -errno;
	else
		text[n] = '\0';
	close(fd);
	return n;
}

static bool parse(const char *text, struct grant *grant, char *boot_id)
{
	char again[GRANT_FILE_MAX], name[16];
	int level;

	if (sscanf(text, "candor-grant 1 %15s %u %" SCNu64 " %64s", name,
		   &grant->uid, &grant->end_ns, boot_id) != 4)
		return false;
	level = level_parse(name);
	if (level != LEVEL_TIMING && level != LEVEL_DEMONSTRATION)
		return false;
	grant->level = level;
	/* sscanf forgives signs, overflow and what follows: this does not */
	snprintf(again, sizeof(again), GRANT_FORMAT, name, grant->uid,
		 grant->end_ns, boot_id);
	return !strcmp(again, text);
}

static bool in_force(const struct grant *grant, uint64_t now_ns)
{
	uint64_t max = grant->level == LEVEL_DEMONSTRATION ?
			       GRANT_DEMONSTRATION_SEC_MAX :
			       GRANT_TIMING_SEC_MAX;

	return grant->end_ns > now_ns &&
	       grant->end_ns - now_ns <= max * NS_PER_SEC;
}

int grant_load(const char *path, uint64_t now_ns, const char *boot_id,
	       struct grant *grant)
{
	char text[GRANT_FILE_MAX], boot[BOOT_ID_MAX + 1];
	struct grant found;
	ssize_t n;

	n = read_trusted(path, text, sizeof(text));
	if (n < 0)
		return (int)n;
	if (n == 0 || !parse(text, &found, boot))
		return 0;
	if (strcmp(boot, boot_id) || !in_force(&found, now_ns))
		return 0;
	*grant = found;
	return 1;
}

static int write_all(int fd, const char *text, size_t length)
{
	ssize_t n = write(fd, text, length);

	if (n < 0)
		return -errno;
	return (size_t)n == length ? 0 : -ENOSPC;
}

/* The folder is synced so that a power cut cannot bring an older grant back. */
static int sync_folder(const char *path)
{
	char copy[PATH_MAX];
	int fd, r = 0;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fsync(fd))
		r = -errno;
	close(fd);
	return r;
}

static int write_new(const char *path, const char *text)
{
	int fd, r;

	if (unlink(path) && errno != ENOENT)
		return -errno;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = write_all(fd, text, strlen(text));
	if (!r && fsync(fd))
		r = -errno;
	close(fd);
	return r;
}

int grant_store(const char *path, const char *boot_id,
		const struct grant *grant)
{
	char text[GRANT_FILE_MAX], temp[PATH_MAX];
	const char *name = level_name(grant->level);
	int r;

	if (!name || !*boot_id || strlen(boot_id) > BOOT_ID_MAX)
		return -EINVAL;
	if (snprintf(temp, sizeof(temp), "%s.new", path) >= (int)sizeof(temp))
		return -ENAMETOOLONG;
	snprintf(text, sizeof(text), GRANT_FORMAT, name, grant->uid,
		 grant->end_ns, boot_id);
	r = write_new(temp, text);
	if (!r && rename(temp, path))
		r = -errno;
	if (r) {
		unlink(temp);
		return r;
	}
	return sync_folder(path);
}

int grant_clear(const char *path)
{
	if (unlink(path))
		return errno == ENOENT ? 0 : -errno;
	return sync_folder(path);
}

int grant_demonstration(const struct grant_policy *policy, uid_t uid,
			uint32_t seconds, uint64_t now_ns, struct grant *grant,
			struct json_object *reply)
{
	uint32_t max = policy->demonstration_max_sec;

	if (max > GRANT_DEMONSTRATION_SEC_MAX)
		max = GRANT_DEMONSTRATION_SEC_MAX;
	/* root speaks for the operator, and the operator may not ask */
	if (uid == 0 || uid == (uid_t)-1 || uid != policy->subject)
		return control_refuse(reply, EXIT_DENIED,
			"only the person recorded here may start a demonstration");
	if (!max)
		return control_refuse(reply, EXIT_DENIED,
			"policy forbids demonstrations (DemonstrationMaxSec=0)");
	if (!seconds || seconds > max)
		return control_refuse(reply, EXIT_USAGE,
			"a demonstration lasts 1 to %u seconds, not %u",
			max, seconds);
	grant->level = LEVEL_DEMONSTRATION;
	grant->uid = uid;
	grant->end_ns = now_ns + seconds * NS_PER_SEC;
	json_object_object_add(reply, "seconds",
			       json_object_new_int64(seconds));
	return 0;
}
