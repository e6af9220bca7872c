// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <unistd.h>

#include "cli.h"
#include "device_node.h"
#include "verbs.h"

/* The module opens the gate from a workqueue, a second later at most. */
#define WAIT_MS 3000

static bool not_blocked(const struct candor_status *status)
{
	return status->state != CANDOR_STATE_BLOCKED;
}

static void report(const struct candor_status *status, bool json)
{
	const char *state = device_node_state_name(status->state);
	struct json_object *object;

	if (json) {
		object = json_object_new_object();
		json_object_object_add(object, "state",
				       json_object_new_string(state));
		json_object_object_add(object, "blocked",
				       cli_reasons(status->blocked));
		cli_print_json(object);
		return;
	}
	printf("your pause has ended; state: %s\n", state);
}

static int still_blocked(const struct candor_status *status)
{
	uint32_t rest = status->blocked & ~CANDOR_IDLE_REASONS;
	char reasons[128];

	device_node_reasons(rest, reasons, sizeof(reasons));
	if (!rest)
		return cli_fail(EXIT_INACTIVE, "resume",
				"your pause has ended, but the gate did not open within %d s; see 'candor status'",
				WAIT_MS / 1000);
	return cli_fail(EXIT_INACTIVE, "resume",
			"your pause has ended, but recording stays blocked: %s; see 'candor status'",
			reasons);
}

static int resume(int fd, bool json)
{
	struct candor_status status;
	int r;

	r = device_node_pause(fd, 0);
	if (r)
		return cli_module_fail("resume", "pause", r);
	r = device_node_wait(fd, not_blocked, WAIT_MS, &status);
	if (r && r != -ETIMEDOUT)
		return cli_module_fail("resume", "wait", r);
	if (!r || json)
		report(&status, json);
	return r ? still_blocked(&status) : EXIT_OK;
}

int verb_resume(int argc, char **argv)
{
	bool json = cli_flag(&argc, argv, "--json");
	int fd, r;

	r = cli_arguments(argc, argv, 0);
	if (r)
		return r;
	fd = cli_module_open("resume");
	if (fd < 0)
		return -fd;
	r = resume(fd, json);
	close(fd);
	return r;
}
