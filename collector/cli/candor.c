// SPDX-License-Identifier: GPL-2.0-only
/*
 * candor - see, pause and check what is recorded
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "exit.h"
#include "verbs.h"
#include "version.h"

static const struct verb {
	const char *name;
	const char *args;
	const char *help;
	int (*run)(int argc, char **argv);
} verbs[] = {
	{ "status", "[--json]", "what is recorded now, and why not",
	  verb_status },
	{ "pause", "[--json] [DURATION]",
	  "stop recording, at once, for so long (15m, 90s) or the limit", verb_pause },
	{ "resume", "[--json]", "end your pause", verb_resume },
	{ "shield", "-- COMMAND...", "record nothing while COMMAND runs",
	  verb_shield },
	{ "demonstrate", "[--json] DURATION",
	  "record everything you do, for so long; only you can start it",
	  verb_demonstrate },
	{ "show",
	  "[--json] [--count] [--follow] [--spool DIR] [FILE|DIR...]",
	  "what was recorded", verb_show },
	{ "verify", "[--json] [--spool DIR] [FILE|DIR...]",
	  "check that recordings are whole and their counts balance",
	  verb_verify },
};

#define VERBS (sizeof(verbs) / sizeof(*verbs))

static void print_verb(const struct verb *verb)
{
	printf("  candor %s %s\n\t%s\n", verb->name, verb->args, verb->help);
}

static int print_help(void)
{
	size_t i;

	puts("candor: see, pause and check what is recorded\n");
	for (i = 0; i < VERBS; i++)
		print_verb(&verbs[i]);
	puts("  candor --help | --version\n\n"
	     "Exit status: 0 done, 1 failed, 2 usage, 3 paused or blocked,\n"
	     "4 not permitted, 5 not supported here, 6 configuration,\n"
	     "75 try later.");
	return EXIT_OK;
}

static const struct verb *find(const char *name)
{
	size_t i;

	for (i = 0; i < VERBS; i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

static bool wants_help(const char *arg)
{
	return arg && (!strcmp(arg, "--help") || !strcmp(arg, "-h"));
}

static int run(int argc, char **argv)
{
	const struct verb *verb;

	if (argc < 2) {
		fputs("candor: no verb; 'candor --help' lists them\n", stderr);
		return EXIT_USAGE;
	}
	if (wants_help(argv[1]) || !strcmp(argv[1], "help"))
		return print_help();
	if (!strcmp(argv[1], "--version")) {
		puts("candor " CANDOR_VERSION);
		return EXIT_OK;
	}
	verb = find(argv[1]);
	if (!verb) {
		fprintf(stderr,
			"candor: no verb '%s'; 'candor --help' lists them\n",
			argv[1]);
		return EXIT_USAGE;
	}
	if (wants_help(argv[2])) {
		print_verb(verb);
		return EXIT_OK;
	}
	return verb->run(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	int r = run(argc, argv);

	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "candor: stdout: %s; the output is incomplete\n",
			strerror(errno));
		return EXIT_FAILED;
	}
	return r;
}
