// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "column.h"
#include "conf.h"
#include "files.h"

/* What is wrong with the configuration is candord's to say, not ours. */
static void keep_quiet(const char *line, void *ctx)
{
}

static char *default_folder(void)
{
	struct conf conf;
	char *folder;

	if (conf_load(&conf, NULL, keep_quiet, NULL) < 0)
		conf_defaults(&conf);
	if (asprintf(&folder, "%s/%u", conf.spool, getuid()) < 0)
		return NULL;
	return folder;
}

char *files_folder(int *argc, char **argv)
{
	const char *folder = getenv("CANDOR_SPOOL");
	char *copy;
	int from, to = 1;

	for (from = 1; from < *argc; from++) {
		if (strcmp(argv[from], "--spool")) {
			argv[to++] = argv[from];
		} else if (from + 1 < *argc) {
			folder = argv[++from];
		} else {
			cli_fail(EXIT_USAGE, argv[0],
				 "--spool needs a folder; see candor %s --help",
				 argv[0]);
			return NULL;
		}
	}
	*argc = to;
	argv[to] = NULL;
	copy = folder ? strdup(folder) : default_folder();
	if (!copy)
		cli_fail(EXIT_FAILED, argv[0], "%s", strerror(ENOMEM));
	return copy;
}

int files_add(struct files *files, const char *path)
{
	char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	if (column_grow(&files->path, &files->cap, files->count + 1,
			sizeof(*files->path)) < 0) {
		free(copy);
		return -ENOMEM;
	}
	files->path[files->count++] = copy;
	return 0;
}

static int add_name(struct files *files, const char *folder,
		    const struct spool_name *name)
{
	char text[SPOOL_NAME_MAX], *path;
	int r;

	spool_name_format(name, text);
	if (asprintf(&path, "%s/%s", folder, text) < 0)
		return -ENOMEM;
	r = files_add(files, path);
	free(path);
	return r;
}

static int add_kind(struct files *files, const char *folder, int fd,
		    enum spool_kind kind)
{
	struct spool_name *names;
	size_t count;
	int r = spool_names(fd, kind, &names, &count);

	for (size_t i = 0; !r && i < count; i++)
		r = add_name(files, folder, &names[i]);
	free(names);
	return r;
}

int files_add_folder(struct files *files, const char *verb, const char *folder,
		     bool parts)
{
	int r = 0, fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		r = -errno;
	if (!r)
		r = add_kind(files, folder, fd, SPOOL_SEALED);
	/* there is at most one, and it is the newest */
	if (!r && parts)
		r = add_kind(files, folder, fd, SPOOL_PART);
	if (fd >= 0)
		close(fd);
	if (!r)
		return 0;
	return cli_fail(r == -EACCES ? EXIT_DENIED : EXIT_FAILED, verb,
			"%s: %s; name the folder with --spool, or a file",
			folder, strerror(-r));
}

int files_add_any(struct files *files, const char *verb, const char *path,
		  bool parts)
{
	struct stat st;

	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		return files_add_folder(files, verb, path, parts);
	/* what is wrong with a file is said in its turn */
	if (files_add(files, path) < 0)
		return cli_fail(EXIT_FAILED, verb, "%s", strerror(ENOMEM));
	return 0;
}

void files_free(struct files *files)
{
	for (size_t i = 0; i < files->count; i++)
		free(files->path[i]);
	free(files->path);
	*files = (struct files){0};
}
