// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "column.h"
#include "spool_name.h"

static const char *suffix(enum spool_kind kind)
{
	switch (kind) {
	case SPOOL_SEALED:
		return "pb.lz4";
	case SPOOL_PART:
		return "part";
	case SPOOL_NEW:
		return "new";
	}
	return "";
}

void spool_name_format(const struct spool_name *name, char text[SPOOL_NAME_MAX])
{
	snprintf(text, SPOOL_NAME_MAX, "%" PRIu64 "-%08" PRIx32 ".%s",
		 name->seq, name->boot, suffix(name->kind));
}

/* Scanned loosely, then compared with the one spelling there is. */
bool spool_name_parse(const char *text, struct spool_name *name)
{
	char again[SPOOL_NAME_MAX];

	if (sscanf(text, "%" SCNu64 "-%8" SCNx32, &name->seq, &name->boot) != 2 ||
	    name->seq > SPOOL_SEQ_MAX)
		return false;
	for (name->kind = SPOOL_SEALED; name->kind <= SPOOL_NEW; name->kind++) {
		spool_name_format(name, again);
		if (!strcmp(text, again))
			return true;
	}
	return false;
}

static int compare_names(const void *a, const void *b)
{
	const struct spool_name *x = a, *y = b;

	if (x->seq != y->seq)
		return x->seq < y->seq ? -1 : 1;
	return (x->boot > y->boot) - (x->boot < y->boot);
}

static int collect(DIR *dir, enum spool_kind kind, struct spool_name **names,
		   size_t *count)
{
	struct spool_name name;
	struct dirent *entry;
	size_t cap = 0;
	int r = 0;

	for (errno = 0; !r && (entry = readdir(dir)); errno = 0) {
		if (!spool_name_parse(entry->d_name, &name) ||
		    name.kind != kind)
			continue;
		r = column_grow(names, &cap, *count + 1, sizeof(**names));
		if (!r)
			(*names)[(*count)++] = name;
	}
	return r ? r : -errno;
}

int spool_names(int fd, enum spool_kind kind, struct spool_name **names,
		size_t *count)
{
	int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = again < 0 ? NULL : fdopendir(again);
	int r;

	*names = NULL;
	*count = 0;
	if (!dir) {
		r = -errno;
		if (again >= 0)
			close(again);
		return r;
	}
	r = collect(dir, kind, names, count);
	closedir(dir);
	if (r < 0) {
		free(*names);
		*names = NULL;
		*count = 0;
	} else if (*count) {
		qsort(*names, *count, sizeof(**names), compare_names);
	}
	return r;
}
