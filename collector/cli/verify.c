// SPDX-License-Identifier: GPL-2.0-only
/*
 * verify - whether recordings are whole and their counts balance
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "files.h"
#include "verbs.h"
#include "verify.h"

#define RUNS_PRINTED 8

static void print_run(const struct verify_missing *run, const char *before)
{
	printf("%sinput%" PRIu32 " %" PRIu64, before, run->device, run->first);
	if (run->last > run->first)
		printf("-%" PRIu64, run->last);
}

static void print_missing(const struct verify_report *report)
{
	size_t n = report->runs_kept;

	if (!n)
		return;
	printf("; %" PRIu64 " packets without a row: ",
	       report->packets_missing);
	for (size_t i = 0; i < n && i < RUNS_PRINTED; i++)
		print_run(&report->missing[i], i ? ", " : "");
	if (report->runs > RUNS_PRINTED)
		printf(" and %zu more runs", report->runs - RUNS_PRINTED);
}

static void print_line(const char *path, const struct verify_report *report)
{
	cli_put_clean(stdout, path);
	if (!report->ok) {
		printf(": byte %" PRIu64 ": %s\n", report->offset,
		       report->what);
		return;
	}
	printf(": ok: segment %" PRIu64 ", level %s, %" PRIu64
	       " rows of %zu devices%s",
	       report->seq, level_name(report->level), report->rows,
	       report->devices,
	       report->recovered ? ", recovered after a crash" : "");
	print_missing(report);
	putchar('\n');
}

static struct json_object *missing_array(const struct verify_report *report)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < report->runs_kept; i++) {
		const struct verify_missing *run = &report->missing[i];
		struct json_object *object = json_object_new_object();

		json_object_object_add(object, "device",
				       json_object_new_uint64(run->device));
		json_object_object_add(object, "first",
				       json_object_new_uint64(run->first));
		json_object_object_add(object, "last",
				       json_object_new_uint64(run->last));
		json_object_array_add(array, object);
	}
	return array;
}

static void add(struct json_object *object, const char *key,
		struct json_object *value)
{
	json_object_object_add(object, key, value);
}

static void print_json(const char *path, const struct verify_report *report)
{
	struct json_object *object = json_object_new_object();

	add(object, "file", json_object_new_string(path));
	add(object, "ok", json_object_new_boolean(report->ok));
	if (!report->ok) {
		add(object, "error", json_object_new_string(report->what));
		add(object, "offset", json_object_new_uint64(report->offset));
	}
	if (report->header) {
		add(object, "seq", json_object_new_uint64(report->seq));
		add(object, "level",
		    json_object_new_string(level_name(report->level)));
	}
	add(object, "rows", json_object_new_uint64(report->rows));
	add(object, "devices", json_object_new_uint64(report->devices));
	add(object, "recovered", json_object_new_boolean(report->recovered));
	add(object, "missing_packets",
	    json_object_new_uint64(report->packets_missing));
	add(object, "missing", missing_array(report));
	cli_print_json(object);
}

static int verify_path(const char *verb, const char *path, bool json)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int r = fd < 0 ? -errno : 0;
	struct verify_report report = {0};
	bool ok;

	if (!r)
		r = verify_file(fd, &report);
	if (fd >= 0)
		close(fd);
	if (r < 0)
		return cli_fail(r == -EACCES ? EXIT_DENIED : EXIT_FAILED, verb,
				"%s: %s; name a segment or its folder", path,
				strerror(-r));
	ok = report.ok;
	if (json)
		print_json(path, &report);
	else
		print_line(path, &report);
	verify_report_free(&report);
	return ok ? EXIT_OK : EXIT_FAILED;
}

/* Not wrong: they may be shipped, or over the quota. */
static void note_gaps(const char *verb, const struct files *files)
{
	struct spool_name last = {0}, name;

	for (size_t i = 0; i < files->count; i++) {
		const char *slash = strrchr(files->path[i], '/');

		if (!slash || !spool_name_parse(slash + 1, &name))
			continue;
		if (last.seq && name.boot == last.boot &&
		    name.seq > last.seq + 1)
			cli_note(
				verb,
				"segments %" PRIu64 " to %" PRIu64
				" are not here: shipped, deleted or still open",
				last.seq + 1, name.seq - 1);
		last = name;
	}
}

static int collect(int argc, char **argv, struct files *files)
{
	char *folder = files_folder(&argc, argv);
	int r = folder ? cli_arguments(argc, argv, argc) : EXIT_USAGE;

	if (!r && argc == 1)
		r = files_add_folder(files, argv[0], folder, false);
	for (int i = 1; !r && i < argc; i++)
		r = files_add_any(files, argv[0], argv[i], false);
	if (!r && !files->count)
		cli_note(argv[0], "%s: no sealed segment",
			 argc == 1 ? folder : argv[1]);
	free(folder);
	return r;
}

int verb_verify(int argc, char **argv)
{
	bool json = cli_flag(&argc, argv, "--json");
	struct files files = {0};
	int r = collect(argc, argv, &files);

	if (r) {
		files_free(&files);
		return r;
	}
	for (size_t i = 0; i < files.count; i++) {
		int one = verify_path(argv[0], files.path[i], json);

		if (one)
			r = one;
	}
	note_gaps(argv[0], &files);
	files_free(&files);
	return r;
}
