// SPDX-License-Identifier: GPL-2.0-only
/*
 * demonstrate - the subject asks to be recorded completely, for a while
 *
 * candord seals what it has and starts again at the new level; this waits
 * until it has, so that what is done next is what is recorded.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "device_node.h"
#include "duration.h"
#include "verbs.h"

#define RESTART_SEC 15
#define OPEN_MS 3000
#define ASK_EVERY_NS 100000000L

static struct json_object *request(const char *verb)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "verb", json_object_new_string(verb));
	return object;
}

static int parse(const char *text, uint64_t *seconds)
{
	if (!text)
		return cli_fail(EXIT_USAGE, "demonstrate",
				"for how long? write: candor demonstrate 10m");
	if (duration_parse(text, seconds) || !*seconds || *seconds > UINT32_MAX)
		return cli_fail(EXIT_USAGE, "demonstrate",
				"'%s' is not a duration like 10m or 90s, one hour at most",
				text);
	return 0;
}

/* How long was granted, or minus an exit code. */
static int64_t ask(uint64_t seconds)
{
	struct json_object *object = request("demonstrate"), *reply, *granted;
	int64_t n = (int64_t)seconds;
	int r;

	json_object_object_add(object, "seconds", json_object_new_int64(n));
	r = cli_daemon("demonstrate", object, false, &reply);
	if (r)
		return -r;
	if (json_object_object_get_ex(reply, "seconds", &granted))
		n = json_object_get_int64(granted);
	json_object_put(reply);
	return n;
}

static bool demonstrating(void)
{
	struct json_object *reply, *level;
	bool yes;

	if (cli_daemon("demonstrate", request("status"), true, &reply))
		return false;
	yes = json_object_object_get_ex(reply, "level", &level) &&
	      !strcmp(json_object_get_string(level), "demonstration");
	json_object_put(reply);
	return yes;
}

static time_t now_sec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static bool wait_restart(void)
{
	const struct timespec pause = { .tv_nsec = ASK_EVERY_NS };
	time_t deadline = now_sec() + RESTART_SEC;

	while (now_sec() < deadline) {
		if (demonstrating())
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

static bool capturing(const struct candor_status *status)
{
	return status->state == CANDOR_STATE_CAPTURING;
}

/* The state once the gate has opened, or why it does not. */
static const char *state_after(void)
{
	struct candor_status status = { .state = CANDOR_STATE_IDLE };
	int fd = device_node_open();

	if (fd < 0)
		return "unknown";
	device_node_wait(fd, capturing, OPEN_MS, &status);
	close(fd);
	return device_node_state_name(status.state);
}

static void report(uint64_t seconds, const char *state, bool json)
{
	char span[DURATION_TEXT], when[CLI_TIME_TEXT];
	struct json_object *object;

	cli_time(seconds, when);
	if (json) {
		object = json_object_new_object();
		json_object_object_add(object, "seconds",
				       json_object_new_int64((int64_t)seconds));
		json_object_object_add(object, "until",
				       json_object_new_string(when));
		json_object_object_add(object, "state",
				       json_object_new_string(state));
		cli_print_json(object);
		return;
	}
	printf("demonstration for %s, until %s: every key is kept as it is; state: %s\n",
	       duration_format(seconds, span), when, state);
}

int verb_demonstrate(int argc, char **argv)
{
	bool json = cli_flag(&argc, argv, "--json");
	uint64_t seconds = 0;
	int64_t granted;
	int r;

	r = cli_arguments(argc, argv, 1);
	if (!r)
		r = parse(argv[1], &seconds);
	if (r)
		return r;
	granted = ask(seconds);
	if (granted < 0)
		return (int)-granted;
	if (!wait_restart())
		return cli_fail(EXIT_LATER, "demonstrate",
				"granted, but candord has not come back at that level within %d s; see 'journalctl -u candord'",
				RESTART_SEC);
	report((uint64_t)granted, state_after(), json);
	return EXIT_OK;
}
