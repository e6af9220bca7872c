// SPDX-License-Identifier: GPL-2.0-only
#include "conf.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ini.h>
#include <openssl/evp.h>

#include "duration.h"

#define SECTION "Candor"
#define VENDOR "/usr/lib/candor"
#define ADMIN "/etc/candor"

void conf_defaults(struct conf *conf)
{
	*conf = (struct conf){
		.level = LEVEL_ACTIONS,
		.spool = "/var/spool/candor",
		.flush_interval_s = 10,
		.segment_max_bytes = 1 << 20,
		.segment_max_s = 600,
		.demonstration_max_s = 3600,
		.layout = "us",
	};
}

/* --- complaints */

/* Where reading stands, and who hears about it. */
struct reader {
	struct conf *conf;
	conf_report_fn report;
	void *ctx;
	char path[PATH_MAX];
	FILE *file;
	unsigned int line;
	bool bad;
	bool unreadable; /* fgets() failed */
	bool foreign; /* inside a section that is not ours */
};

static void to_stderr(const char *line, void *ctx)
{
	fprintf(stderr, "candor: %s\n", line);
}

__attribute__((format(printf, 3, 4))) static void
complain(const struct reader *reader, unsigned int line, const char *format,
	 ...)
{
	char text[PATH_MAX + 512];
	va_list args;
	int used;

	used = line ? snprintf(text, sizeof(text), "%s:%u: ", reader->path,
			       line) :
		      snprintf(text, sizeof(text), "%s: ", reader->path);
	if (used < 0 || (size_t)used >= sizeof(text))
		return;
	va_start(args, format);
	vsnprintf(text + used, sizeof(text) - (size_t)used, format, args);
	va_end(args);
	reader->report(text, reader->ctx);
}

/* --- values: each sets its field, or returns what would have been right */

static const char *set_subject(struct conf *conf, const char *value)
{
	static const char want[] = "a user name or uid";

	/* What useradd allows, and uids. */
	if (strlen(value) >= CONF_NAME_MAX || *value == '-' ||
	    value[strspn(value, "abcdefghijklmnopqrstuvwxyz"
				"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-@$")])
		return want;
	strcpy(conf->subject, value);
	return NULL;
}

static const char *set_level(struct conf *conf, const char *value)
{
	static char want[160];
	int level = level_parse(value);

	if (level == LEVEL_ACTIONS) {
		conf->level = LEVEL_ACTIONS;
		return NULL;
	}
	if (level < 0)
		return "actions";
	snprintf(want, sizeof(want),
		 level == LEVEL_TOTALS ?
			 "actions: this version does not record %s" :
			 "actions: %s cannot be started by policy, only by "
			 "the subject",
		 value);
	return want;
}

static const char *set_path(struct conf *conf, const char *value)
{
	if (value[0] != '/' || strstr(value, "/../") ||
	    strlen(value) >= CONF_PATH_MAX ||
	    (strlen(value) >= 3 && !strcmp(value + strlen(value) - 3, "/..")))
		return "an absolute path without ..";
	strcpy(conf->spool, value);
	return NULL;
}

static const char *set_span(uint32_t *field, const char *value, uint64_t min,
			    uint64_t max)
{
	static char want[3 * DURATION_TEXT];
	char low[DURATION_TEXT], high[DURATION_TEXT];
	uint64_t seconds;

	if (!duration_parse(value, &seconds) && seconds >= min &&
	    seconds <= max) {
		*field = (uint32_t)seconds;
		return NULL;
	}
	snprintf(want, sizeof(want), "a duration from %s to %s",
		 duration_format(min, low), duration_format(max, high));
	return want;
}

static const char *set_flush(struct conf *conf, const char *value)
{
	return set_span(&conf->flush_interval_s, value, 1, 60);
}

static const char *set_segment_age(struct conf *conf, const char *value)
{
	return set_span(&conf->segment_max_s, value, 10, 3600);
}

static const char *set_demonstration(struct conf *conf, const char *value)
{
	return set_span(&conf->demonstration_max_s, value, 0, 3600);
}

/* A size with K, M or G to the base of 1024, as journald reads it. */
static int parse_size(const char *value, uint64_t *bytes)
{
	static const char units[] = "BKMG";
	const char *unit = "B";
	char *end;

	if (!isdigit((unsigned char)*value))
		return -EINVAL;
	errno = 0;
	*bytes = strtoull(value, &end, 10);
	if (errno || *bytes > UINT32_MAX)
		return -ERANGE;
	if (*end) {
		unit = strchr(units, *end);
		end++;
	}
	if (!unit || *end)
		return -EINVAL;
	*bytes <<= 10 * (unit[0] == 'B' ? 0 : unit - units);
	return 0;
}

static const char *set_segment_size(struct conf *conf, const char *value)
{
	uint64_t bytes;

	if (parse_size(value, &bytes) || bytes < 4096 || bytes > 16 << 20)
		return "a size from 4K to 16M";
	conf->segment_max_bytes = (uint32_t)bytes;
	return NULL;
}

static const char *set_layout(struct conf *conf, const char *value)
{
	if (!*value || strlen(value) >= CONF_NAME_MAX ||
	    value[strspn(value, "abcdefghijklmnopqrstuvwxyz"
				"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-,()")])
		return "a keyboard layout such as us or de(nodeadkeys)";
	strcpy(conf->layout, value);
	return NULL;
}

/* Up to four hexadecimal digits and @end. */
static int parse_hex(const char **text, char end, uint16_t *number)
{
	const char *p = *text;
	unsigned int n = 0;

	for (; isxdigit((unsigned char)*p) && p - *text < 4; p++)
		n = n * 16 + (unsigned int)(isdigit((unsigned char)*p) ?
						    *p - '0' :
						    tolower(*p) - 'a' + 10);
	if (p == *text || *p != end)
		return -EINVAL;
	*number = (uint16_t)n;
	*text = p + (end ? 1 : 0);
	return 0;
}

static int device_order(const void *a, const void *b)
{
	const struct conf_device *x = a, *y = b;

	if (x->bus != y->bus)
		return x->bus - y->bus;
	if (x->vendor != y->vendor)
		return x->vendor - y->vendor;
	return x->product - y->product;
}

static const char *set_virtual(struct conf *conf, const char *value)
{
	static const char want[] =
		"at most 8 of bus:vendor:product in hexadecimal";
	char copy[512], *save = NULL, *word;
	struct conf_device device[CONF_VIRTUAL_MAX];
	size_t count = 0;

	if (strlen(value) >= sizeof(copy))
		return want;
	strcpy(copy, value);
	for (word = strtok_r(copy, " \t", &save); word;
	     word = strtok_r(NULL, " \t", &save)) {
		const char *p = word;

		if (count == CONF_VIRTUAL_MAX ||
		    parse_hex(&p, ':', &device[count].bus) ||
		    parse_hex(&p, ':', &device[count].vendor) ||
		    parse_hex(&p, '\0', &device[count].product))
			return want;
		count++;
	}
	/* Their order means nothing and must not change the digest. */
	qsort(device, count, sizeof(device[0]), device_order);
	memcpy(conf->virtual_device, device, count * sizeof(device[0]));
	conf->virtual_count = count;
	return NULL;
}

static const struct key {
	const char *name;
	const char *(*set)(struct conf *conf, const char *value);
} keys[] = {
	{ "Subject", set_subject },
	{ "Level", set_level },
	{ "SpoolDirectory", set_path },
	{ "FlushIntervalSec", set_flush },
	{ "SegmentMaxSize", set_segment_size },
	{ "SegmentMaxSec", set_segment_age },
	{ "VirtualDevices", set_virtual },
	{ "DemonstrationMaxSec", set_demonstration },
	{ "Layout", set_layout },
};

/* --- files */

/*
 * A line for inih, counted here because its handlers are told no numbers. A
 * section that is not ours is reported at its head, once.
 */
static char *next_line(char *text, int size, void *ctx)
{
	struct reader *reader = ctx;
	const char *p;
	size_t len;

	errno = 0;
	if (!fgets(text, size, reader->file)) {
		reader->unreadable = ferror(reader->file);
		return NULL;
	}
	reader->line++;
	len = strlen(text);
	if (!feof(reader->file) && (!len || text[len - 1] != '\n')) {
		int c;

		complain(reader, reader->line,
			 "line of more than %d bytes or with a NUL", size - 2);
		reader->bad = true;
		do
			c = fgetc(reader->file);
		while (c != '\n' && c != EOF);
		return strcpy(text, "\n");
	}
	/* inih takes an indented line as more of the value before it. */
	len = strspn(text, " \t");
	memmove(text, text + len, strlen(text + len) + 1);
	p = text;
	len = strcspn(p, "]");
	if (*p == '[' && p[len] == ']') {
		reader->foreign = len != sizeof(SECTION) ||
				  memcmp(p + 1, SECTION, len - 1) != 0;
		if (reader->foreign)
			complain(reader, reader->line,
				 "unknown section %.*s] ignored; candor reads "
				 "[" SECTION "]",
				 (int)len, p);
	}
	return text;
}

static int take_pair(void *ctx, const char *section, const char *name,
		     const char *value)
{
	struct reader *reader = ctx;
	const char *want;

	if (reader->foreign)
		return 1;
	if (strcmp(section, SECTION)) {
		complain(reader, reader->line,
			 "%s= stands outside of [" SECTION "], ignored", name);
		return 1;
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(keys[i].name, name))
			continue;
		want = keys[i].set(reader->conf, value);
		if (!want)
			return 1;
		complain(reader, reader->line, "%s=%s: expected %s", name,
			 value, want);
		reader->bad = true;
		return 1;
	}
	complain(reader, reader->line, "unknown key %s= ignored", name);
	return 1;
}

/* Where the next file or folder is, and what complaints name. */
__attribute__((format(printf, 2, 3))) static int
set_name(struct reader *reader, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(reader->path, sizeof(reader->path), format, args);
	va_end(args);
	return len < (int)sizeof(reader->path) ? 0 : -ENAMETOOLONG;
}

/* The file of the reader's name; one that is not there says nothing. */
static int load_file(struct reader *reader)
{
	int line, err = 0;

	reader->line = 0;
	reader->foreign = reader->unreadable = false;
	reader->file = fopen(reader->path, "re");
	if (!reader->file) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		err = -errno;
		complain(reader, 0, "cannot open: %s", strerror(-err));
		return err;
	}
	line = ini_parse_stream(next_line, reader, take_pair, reader);
	if (reader->unreadable) {
		err = errno ? -errno : -EIO;
		complain(reader, 0, "cannot read: %s", strerror(-err));
	} else if (line) {
		complain(reader, line > 0 ? (unsigned int)line : 0,
			 "neither Key=value nor [section]");
		reader->bad = true;
	}
	fclose(reader->file);
	return err;
}

static int load_main(struct reader *reader, const char *root, const char *dir)
{
	int err = set_name(reader, "%s%s/candor.conf", root, dir);

	return err ? err : load_file(reader);
}

/* --- drop-ins */

struct dropin {
	char *name;
	const char *dir;
};

struct dropins {
	struct dropin *file;
	size_t count;
};

static bool dropin_name(const char *name)
{
	size_t len = strlen(name);

	return name[0] != '.' && len > 5 && !strcmp(name + len - 5, ".conf");
}

/* Adds a file, or replaces the one of its name. */
static int dropins_add(struct dropins *list, const char *name, const char *dir)
{
	struct dropin *grown;
	char *copy;

	for (size_t i = 0; i < list->count; i++) {
		if (!strcmp(list->file[i].name, name)) {
			list->file[i].dir = dir;
			return 0;
		}
	}
	grown = reallocarray(list->file, list->count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	list->file = grown;
	copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	list->file[list->count++] = (struct dropin){ copy, dir };
	return 0;
}

static int dropins_scan(struct reader *reader, struct dropins *list,
			const char *root, const char *dir)
{
	int err = set_name(reader, "%s%s/candor.conf.d", root, dir);
	struct dirent *entry;
	DIR *folder;

	if (err)
		return err;
	folder = opendir(reader->path);
	if (!folder) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		err = -errno;
		complain(reader, 0, "cannot open: %s", strerror(-err));
		return err;
	}
	while (!err && (entry = readdir(folder)))
		if (dropin_name(entry->d_name))
			err = dropins_add(list, entry->d_name, dir);
	closedir(folder);
	return err;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct dropin *)a)->name,
		      ((const struct dropin *)b)->name);
}

static int load_dropins(struct reader *reader, const char *root)
{
	struct dropins list = { 0 };
	int err;

	err = dropins_scan(reader, &list, root, VENDOR);
	if (!err)
		err = dropins_scan(reader, &list, root, ADMIN);
	if (list.count)
		qsort(list.file, list.count, sizeof(*list.file), by_name);
	for (size_t i = 0; i < list.count; i++) {
		if (!err)
			err = set_name(reader, "%s%s/candor.conf.d/%s", root,
				       list.file[i].dir, list.file[i].name);
		if (!err)
			err = load_file(reader);
		free(list.file[i].name);
	}
	free(list.file);
	return err;
}

int conf_load(struct conf *conf, const char *root, conf_report_fn report,
	      void *ctx)
{
	struct reader reader = { .conf = conf,
				 .report = report ? report : to_stderr,
				 .ctx = ctx };
	int err;

	if (!root || !strcmp(root, "/"))
		root = "";
	conf_defaults(conf);
	err = load_main(&reader, root, VENDOR);
	if (!err)
		err = load_main(&reader, root, ADMIN);
	if (!err)
		err = load_dropins(&reader, root);
	return err ? err : reader.bad ? -EINVAL : 0;
}

/* --- what is in force */

int conf_subject(const struct conf *conf, uid_t *uid)
{
	const struct passwd *user;
	unsigned long number;
	char *end;

	if (!*conf->subject)
		return -ENODATA;
	if (isdigit((unsigned char)*conf->subject)) {
		errno = 0;
		number = strtoul(conf->subject, &end, 10);
		if (*end || errno || number >= UINT32_MAX)
			return -ENOENT;
		*uid = (uid_t)number;
		return 0;
	}
	user = getpwnam(conf->subject);
	if (!user)
		return -ENOENT;
	*uid = user->pw_uid;
	return 0;
}

size_t conf_canonical(const struct conf *conf, char text[CONF_CANONICAL_MAX])
{
	size_t used = (size_t)snprintf(
		text, CONF_CANONICAL_MAX,
		"DemonstrationMaxSec=%" PRIu32 "\n"
		"FlushIntervalSec=%" PRIu32 "\n"
		"Layout=%s\nLevel=%s\n"
		"SegmentMaxSec=%" PRIu32 "\n"
		"SegmentMaxSize=%" PRIu32 "\n"
		"SpoolDirectory=%s\nVirtualDevices=",
		conf->demonstration_max_s, conf->flush_interval_s, conf->layout,
		level_name(conf->level), conf->segment_max_s,
		conf->segment_max_bytes, conf->spool);

	for (size_t i = 0; i < conf->virtual_count; i++)
		used += (size_t)snprintf(text + used, CONF_CANONICAL_MAX - used,
					 "%s%04x:%04x:%04x", i ? " " : "",
					 conf->virtual_device[i].bus,
					 conf->virtual_device[i].vendor,
					 conf->virtual_device[i].product);
	used += (size_t)snprintf(text + used, CONF_CANONICAL_MAX - used, "\n");
	return used;
}

int conf_digest(const struct conf *conf, uint8_t digest[32])
{
	char text[CONF_CANONICAL_MAX];
	size_t len = conf_canonical(conf, text);

	return EVP_Digest(text, len, digest, NULL, EVP_sha256(), NULL) ? 0 :
									 -EIO;
}
