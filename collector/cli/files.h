/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * files.h - which segments a verb is about
 */
#ifndef CANDOR_FILES_H
#define CANDOR_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "spool_name.h"

/* Paths in the order in which they are read. */
struct files {
	char **path;
	size_t count, cap;
};

/*
 * Takes "--spool DIR" out of the arguments and finds the folder: that, or the
 * environment's CANDOR_SPOOL, or the caller's own under SpoolDirectory=. NULL
 * after saying why; else to be freed.
 */
char *files_folder(int *argc, char **argv);

/* 0 or -ENOMEM. */
int files_add(struct files *files, const char *path);
/*
 * The segments of a folder by number, sealed ones and (@parts) open ones too.
 * 0, or an exit code after saying why.
 */
int files_add_folder(struct files *files, const char *verb, const char *folder,
		     bool parts);
/* A file, or the segments of a folder. */
int files_add_any(struct files *files, const char *verb, const char *path,
		  bool parts);
void files_free(struct files *files);

#endif
