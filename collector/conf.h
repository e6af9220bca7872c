/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * conf.h - the configuration: candor.conf and its drop-ins
 *
 * Read in this order, the later replacing the earlier, key by key:
 * /usr/lib/candor/candor.conf, /etc/candor/candor.conf, then candor.conf.d's
 * *.conf of both directories sorted by name, where a file in /etc masks the
 * one of the same name in /usr/lib. candor.conf documents the keys.
 */
#ifndef CANDOR_CONF_H
#define CANDOR_CONF_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "level.h"

#define CONF_NAME_MAX 64
#define CONF_PATH_MAX 1024
#define CONF_VIRTUAL_MAX 8
#define CONF_CANONICAL_MAX 4096

struct conf_device {
	uint16_t bus, vendor, product;
};

struct conf {
	char subject[CONF_NAME_MAX]; /* user name or uid; "": not set */
	enum level level; /* LEVEL_ACTIONS */
	char spool[CONF_PATH_MAX];
	uint32_t flush_interval_s;
	uint32_t segment_max_bytes;
	uint32_t segment_max_s;
	uint32_t demonstration_max_s; /* 0: forbidden */
	char layout[CONF_NAME_MAX];
	size_t virtual_count;
	struct conf_device virtual_device[CONF_VIRTUAL_MAX]; /* sorted */
};

/* Takes one line without its end: "FILE:LINE: what is wrong, what to do". */
typedef void (*conf_report_fn)(const char *line, void *ctx);

void conf_defaults(struct conf *conf);

/*
 * Defaults, then the files under @root (NULL: "/"). A missing file is none.
 * Every complaint goes to @report, or to stderr when it is NULL. Unknown keys
 * and sections are reported and ignored; -EINVAL: a bad value or syntax (exit
 * code 6); other -errno: a file could not be read. @conf must not be used
 * after an error.
 */
int conf_load(struct conf *conf, const char *root, conf_report_fn report,
	      void *ctx);

/* The user named by Subject=. -ENODATA: not set; -ENOENT: no such user. */
int conf_subject(const struct conf *conf, uid_t *uid);

/*
 * What is in force, one "Key=value" a line, the same for the same policy.
 * Subject= is left out: the digest stands in segments that know their subject
 * by a pseudonym alone, and a name is guessed from its hash.
 */
size_t conf_canonical(const struct conf *conf, char text[CONF_CANONICAL_MAX]);
/* SHA-256 of that text; 0 or -EIO. */
int conf_digest(const struct conf *conf, uint8_t digest[32]);

#endif
