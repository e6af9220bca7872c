// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "column.h"
#include "pseudonym.h"

#define HEX (2 * PSEUDONYM_SIZE)

struct person {
	uint32_t uid;
	uint8_t id[PSEUDONYM_SIZE];
};

struct names {
	unsigned int month;
	bool host_known;
	uint8_t host[PSEUDONYM_SIZE];
	struct person *person;
	size_t count, cap;
};

static bool from_hex(const char *text, uint8_t id[PSEUDONYM_SIZE])
{
	/* before it is read from beyond its end */
	if (strlen(text) != HEX)
		return false;
	for (int i = 0; i < PSEUDONYM_SIZE; i++)
		if (sscanf(text + 2 * i, "%2" SCNx8, &id[i]) != 1)
			return false;
	return true;
}

static void to_hex(const uint8_t id[PSEUDONYM_SIZE], char text[HEX + 1])
{
	for (int i = 0; i < PSEUDONYM_SIZE; i++)
		sprintf(text + 2 * i, "%02x", id[i]);
}

static int add_person(struct names *names, uint32_t uid, const uint8_t *id)
{
	int r = column_grow(&names->person, &names->cap, names->count + 1,
			    sizeof(*names->person));

	if (r < 0)
		return r;
	names->person[names->count].uid = uid;
	memcpy(names->person[names->count++].id, id, PSEUDONYM_SIZE);
	return 0;
}

static int take_line(struct names *names, const char *line)
{
	uint8_t id[PSEUDONYM_SIZE];
	char hex[HEX + 1];
	uint32_t uid;

	if (sscanf(line, "month %u", &names->month) == 1)
		return 0;
	if (sscanf(line, "host %32[0-9a-f]", hex) == 1 &&
	    from_hex(hex, names->host)) {
		names->host_known = true;
		return 0;
	}
	if (sscanf(line, "subject %" SCNu32 " %32[0-9a-f]", &uid, hex) == 2 &&
	    from_hex(hex, id))
		return add_person(names, uid, id);
	return 0; /* replaced by what is written next */
}

static int load(struct names *names, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[128];
	int r = 0;

	if (!file)
		return errno == ENOENT ? 0 : -errno;
	while (!r && fgets(line, sizeof(line), file))
		r = take_line(names, line);
	if (!r && ferror(file))
		r = -EIO;
	fclose(file);
	return r;
}

static int print(const struct names *names, FILE *file)
{
	char hex[HEX + 1];

	to_hex(names->host, hex);
	fprintf(file, "month %u\nhost %s\n", names->month, hex);
	for (size_t i = 0; i < names->count; i++) {
		to_hex(names->person[i].id, hex);
		fprintf(file, "subject %" PRIu32 " %s\n", names->person[i].uid,
			hex);
	}
	if (fflush(file) || ferror(file) || fsync(fileno(file)) < 0)
		return errno ? -errno : -EIO;
	return 0;
}

static int sync_folder(const char *path)
{
	char copy[PATH_MAX];
	int fd, r = 0;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		r = -errno;
	if (fd >= 0)
		close(fd);
	return r;
}

static int save(const struct names *names, const char *path)
{
	char tmp[PATH_MAX];
	FILE *file;
	int fd, r;

	if (snprintf(tmp, sizeof(tmp), "%s.tmp", path) >= (int)sizeof(tmp))
		return -ENAMETOOLONG;
	if (unlink(tmp) < 0 && errno != ENOENT)
		return -errno;
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	file = fdopen(fd, "w");
	if (!file) {
		r = -errno;
		close(fd);
		goto fail;
	}
	errno = 0;
	r = print(names, file);
	fclose(file);
	if (!r && rename(tmp, path) < 0)
		r = -errno;
	if (!r)
		return sync_folder(path);
fail:
	unlink(tmp);
	return r;
}

static int draw(uint8_t id[PSEUDONYM_SIZE])
{
	return getrandom(id, PSEUDONYM_SIZE, 0) == PSEUDONYM_SIZE ? 0 : -EIO;
}

static const struct person *find(const struct names *names, uint32_t uid)
{
	for (size_t i = 0; i < names->count; i++)
		if (names->person[i].uid == uid)
			return &names->person[i];
	return NULL;
}

/* Those of a past month are forgotten. */
static void enter_month(struct names *names, unsigned int month)
{
	if (names->month == month)
		return;
	names->month = month;
	names->host_known = false;
	names->count = 0;
}

/* Draws what is missing; 1 when anything was. */
static int complete(struct names *names, uid_t subject)
{
	uint8_t id[PSEUDONYM_SIZE];
	int r, drawn = 0;

	if (!names->host_known) {
		r = draw(names->host);
		if (r < 0)
			return r;
		names->host_known = true;
		drawn = 1;
	}
	if (!find(names, subject)) {
		r = draw(id);
		if (!r)
			r = add_person(names, subject, id);
		if (r < 0)
			return r;
		drawn = 1;
	}
	return drawn;
}

int pseudonym_get(const char *path, uid_t subject, unsigned int month,
		  uint8_t host[PSEUDONYM_SIZE],
		  uint8_t subject_id[PSEUDONYM_SIZE])
{
	struct names names = {0};
	const struct person *person;
	int r = load(&names, path);

	enter_month(&names, month);
	if (!r)
		r = complete(&names, subject);
	if (r > 0)
		r = save(&names, path);
	person = r ? NULL : find(&names, subject);
	if (person) {
		memcpy(host, names.host, PSEUDONYM_SIZE);
		memcpy(subject_id, person->id, PSEUDONYM_SIZE);
	}
	free(names.person);
	return r;
}
