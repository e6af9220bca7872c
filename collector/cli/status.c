// SPDX-License-Identifier: GPL-2.0-only
/*
 * status - what the module says, and what candord adds when it runs
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "device_node.h"
#include "duration.h"
#include "verbs.h"

static struct json_object *ask_daemon(void)
{
	struct json_object *request = json_object_new_object(), *reply;

	json_object_object_add(request, "verb",
			       json_object_new_string("status"));
	if (cli_daemon("status", request, true, &reply))
		return NULL;
	json_object_object_del(reply, "ok");
	return reply;
}

static void add_number(struct json_object *object, const char *key, int64_t n)
{
	json_object_object_add(object, key, json_object_new_int64(n));
}

static void print_json(const struct candor_status *status,
		       struct json_object *daemon)
{
	struct json_object *object = json_object_new_object();
	const char *state = device_node_state_name(status->state);

	json_object_object_add(object, "state", json_object_new_string(state));
	json_object_object_add(object, "blocked",
			       cli_reasons(status->blocked));
	add_number(object, "pause", status->pause);
	add_number(object, "pause_own", status->pause_own);
	add_number(object, "pause_max", status->pause_max);
	json_object_object_add(object, "observed",
			       json_object_new_boolean(status->observed));
	json_object_object_add(object, "leased",
			       json_object_new_boolean(status->leased));
	add_number(object, "abi", status->abi);
	json_object_object_add(object, "candord", json_object_get(daemon));
	cli_print_json(object);
}

static void print_module(const struct candor_status *status)
{
	char text[128], when[CLI_TIME_TEXT];

	device_node_reasons(status->blocked, text, sizeof(text));
	printf("state         %s%s%s%s\n",
	       device_node_state_name(status->state), *text ? " (" : "", text,
	       *text ? ")" : "");
	if (status->pause)
		printf("pause         %s left, until %s%s\n",
		       duration_format(status->pause, text),
		       cli_time(status->pause, when),
		       status->pause_own ? "" : ", by somebody else");
	printf("pause limit   %s\n", duration_format(status->pause_max, text));
	printf("observed      %s\n", status->observed ? "yes" : "no");
	printf("leased        %s\n", status->leased ? "yes" : "no");
}

static void print_subject(struct json_object *daemon)
{
	struct json_object *subject;
	struct passwd *user;
	uid_t uid;

	if (!json_object_object_get_ex(daemon, "subject", &subject))
		return;
	uid = (uid_t)json_object_get_int64(subject);
	user = getpwuid(uid);
	printf("subject       %s (uid %u)\n", user ? user->pw_name : "?", uid);
}

static void print_text(struct json_object *daemon, const char *key,
		       const char *label)
{
	struct json_object *value;

	if (json_object_object_get_ex(daemon, key, &value))
		printf("%-13s %s\n", label, json_object_get_string(value));
}

static void print_grant(struct json_object *daemon)
{
	char text[DURATION_TEXT];
	struct json_object *left;

	if (!json_object_object_get_ex(daemon, "grant", &left))
		return;
	printf("grant         %s left\n",
	       duration_format((uint64_t)json_object_get_int64(left), text));
}

static int64_t count(struct json_object *object, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value))
		return 0;
	return json_object_get_int64(value);
}

static void print_ledger(struct json_object *daemon)
{
	struct json_object *ledger, *lost;

	if (!json_object_object_get_ex(daemon, "ledger", &ledger))
		return;
	printf("packets       seen %" PRId64 " = written %" PRId64
	       " + merged %" PRId64 " + suppressed %" PRId64,
	       count(ledger, "seen"), count(ledger, "written"),
	       count(ledger, "merged"), count(ledger, "suppressed"));
	if (json_object_object_get_ex(ledger, "lost", &lost)) {
		json_object_object_foreach(lost, key, value)
			printf(" + %s %" PRId64, key,
			       json_object_get_int64(value));
	}
	putchar('\n');
}

static void print_daemon(struct json_object *daemon)
{
	if (!daemon) {
		puts("candord       does not answer");
		return;
	}
	print_text(daemon, "level", "level");
	print_subject(daemon);
	print_grant(daemon);
	print_text(daemon, "spool", "spool");
	print_text(daemon, "last_segment", "last segment");
	print_ledger(daemon);
}

int verb_status(int argc, char **argv)
{
	bool json = cli_flag(&argc, argv, "--json");
	struct candor_status status;
	struct json_object *daemon;
	int fd, r;

	r = cli_arguments(argc, argv, 0);
	if (r)
		return r;
	fd = cli_module_open("status");
	if (fd < 0)
		return -fd;
	r = cli_module_status(fd, "status", &status);
	close(fd);
	if (r)
		return r;
	daemon = ask_daemon();
	if (json) {
		print_json(&status, daemon);
	} else {
		print_module(&status);
		print_daemon(daemon);
	}
	json_object_put(daemon);
	return status.state == CANDOR_STATE_BLOCKED ? EXIT_INACTIVE : EXIT_OK;
}
