/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cli.h - what the verbs share: arguments, errors, and answers
 */
#ifndef CANDOR_CLI_H
#define CANDOR_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "candor_abi.h"
#include "exit.h"

struct json_object;

/* Prints "candor VERB: ..." as one line on stderr; returns @exit_code. */
int cli_fail(int exit_code, const char *verb, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same line for what is no failure. */
void cli_note(const char *verb, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A file's name must neither end the line nor steer the terminal. */
void cli_put_clean(FILE *file, const char *text);

/* Whether @flag is among the arguments; it is taken out of them. */
bool cli_flag(int *argc, char **argv, const char *flag);
/*
 * 0 when what is left is at most @max arguments and no option; else the exit
 * code, after saying so.
 */
int cli_arguments(int argc, char **argv, int max);

/* A descriptor of /dev/candor, or minus an exit code, after saying so. */
int cli_module_open(const char *verb);
/* 0, or an exit code after saying so. */
int cli_module_status(int fd, const char *verb, struct candor_status *status);
/* Says why a call on /dev/candor failed; an exit code. */
int cli_module_fail(const char *verb, const char *call, int error);

/*
 * Asks candord @request, which is put. 0 and @reply (the caller's to put), or
 * an exit code. It says why unless @quiet.
 */
int cli_daemon(const char *verb, struct json_object *request, bool quiet,
	       struct json_object **reply);

#define CLI_TIME_TEXT 32
/* The local time @seconds from now, as "2026-03-01 14:30:05". */
const char *cli_time(uint64_t seconds, char text[CLI_TIME_TEXT]);
/* Prints one object on a line of its own, and puts it. */
void cli_print_json(struct json_object *object);
/* The reasons in @mask as a JSON array of their names. */
struct json_object *cli_reasons(uint32_t mask);

#endif
