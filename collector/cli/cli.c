// SPDX-License-Identifier: GPL-2.0-only
#include "cli.h"

#include <ctype.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control.h"
#include "device_node.h"

static void print_line(const char *verb, const char *format, va_list args)
{
	char *text;

	fprintf(stderr, "candor %s: ", verb);
	if (vasprintf(&text, format, args) >= 0) {
		cli_put_clean(stderr, text);
		free(text);
	}
	fputc('\n', stderr);
}

void cli_put_clean(FILE *file, const char *text)
{
	for (; *text; text++)
		fputc(iscntrl((unsigned char)*text) ? '?' : *text, file);
}

int cli_fail(int exit_code, const char *verb, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_line(verb, format, args);
	va_end(args);
	return exit_code;
}

void cli_note(const char *verb, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_line(verb, format, args);
	va_end(args);
}

bool cli_flag(int *argc, char **argv, const char *flag)
{
	bool found = false;
	int from, to = 1;

	for (from = 1; from < *argc; from++) {
		if (!strcmp(argv[from], flag))
			found = true;
		else
			argv[to++] = argv[from];
	}
	*argc = to;
	argv[to] = NULL;
	return found;
}

int cli_arguments(int argc, char **argv, int max)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strncmp(argv[i], "--", 2))
			return cli_fail(EXIT_USAGE, argv[0],
					"unknown option %s; see candor %s --help",
					argv[i], argv[0]);
	if (argc - 1 > max)
		return cli_fail(EXIT_USAGE, argv[0],
				"too many arguments at '%s'; see candor %s --help",
				argv[max + 1], argv[0]);
	return 0;
}

int cli_module_fail(const char *verb, const char *call, int error)
{
	switch (error) {
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
		return cli_fail(EXIT_UNSUPPORTED, verb,
				"%s: %s: the candor module is not loaded, so nothing is captured; 'modprobe candor' loads it",
				DEVICE_NODE_PATH, strerror(-error));
	case -EPROTO:
	case -ENOTTY:
		return cli_fail(EXIT_UNSUPPORTED, verb,
				"%s: the loaded candor module is of another version than this program (ABI %d); load the matching one",
				DEVICE_NODE_PATH, CANDOR_ABI);
	case -EACCES:
	case -EPERM:
		return cli_fail(EXIT_DENIED, verb,
				"%s: %s: %s; the node should have mode 0666",
				DEVICE_NODE_PATH, call, strerror(-error));
	}
	return cli_fail(EXIT_FAILED, verb, "%s: %s: %s; see dmesg",
			DEVICE_NODE_PATH, call, strerror(-error));
}

int cli_module_open(const char *verb)
{
	int fd = device_node_open();

	return fd < 0 ? -cli_module_fail(verb, "open", fd) : fd;
}

int cli_module_status(int fd, const char *verb, struct candor_status *status)
{
	int r = device_node_status(fd, status);

	return r ? cli_module_fail(verb, "status", r) : 0;
}

static int daemon_fail(const char *verb, int error)
{
	switch (error) {
	case -ENOENT:
	case -ECONNREFUSED:
		return cli_fail(EXIT_LATER, verb,
				"candord is not running; 'systemctl start candord' starts it");
	case -ETIMEDOUT:
		return cli_fail(EXIT_LATER, verb,
				"candord did not answer within %d seconds; try again, or see 'journalctl -u candord'",
				CONTROL_TIMEOUT_MS / 1000);
	case -EBADMSG:
		return cli_fail(EXIT_LATER, verb,
				"candord hung up without an answer; try again, or see 'journalctl -u candord'");
	case -EACCES:
	case -EPERM:
		return cli_fail(EXIT_DENIED, verb,
				"%s: %s; the socket should have mode 0666",
				CONTROL_PATH, strerror(-error));
	}
	return cli_fail(EXIT_FAILED, verb, "%s: %s; see 'journalctl -u candord'",
			CONTROL_PATH, strerror(-error));
}

int cli_daemon(const char *verb, struct json_object *request, bool quiet,
	       struct json_object **reply)
{
	const char *why;
	int r;

	r = control_call(CONTROL_PATH, request, reply);
	json_object_put(request);
	if (r)
		return quiet ? EXIT_LATER : daemon_fail(verb, r);
	r = control_refusal(*reply, &why);
	if (!r)
		return 0;
	if (!quiet)
		cli_fail(r, verb, "%s", why);
	json_object_put(*reply);
	*reply = NULL;
	return r;
}

const char *cli_time(uint64_t seconds, char text[CLI_TIME_TEXT])
{
	time_t then = time(NULL) + (time_t)seconds;
	struct tm local;

	localtime_r(&then, &local);
	strftime(text, CLI_TIME_TEXT, "%Y-%m-%d %H:%M:%S", &local);
	return text;
}

void cli_print_json(struct json_object *object)
{
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN));
	json_object_put(object);
}

struct json_object *cli_reasons(uint32_t mask)
{
	struct json_object *list = json_object_new_array();
	unsigned int bit;

	for (bit = 0; bit < CANDOR_REASON_COUNT; bit++)
		if (mask & 1u << bit)
			json_object_array_add(list,
				json_object_new_string(
					candor_reason_name(bit)));
	return list;
}
