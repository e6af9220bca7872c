// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <unistd.h>

#include "cli.h"
#include "device_node.h"
#include "duration.h"
#include "verbs.h"

static int refuse(const char *text, const char *why, uint32_t max)
{
	char limit[DURATION_TEXT];

	return cli_fail(EXIT_USAGE, "pause",
			"'%s' %s; write 15m or 90s, %s at most", text, why,
			duration_format(max, limit));
}

static int choose(const char *text, uint32_t max, uint32_t *seconds)
{
	uint64_t asked;
	int r;

	*seconds = max;
	if (!text)
		return 0;
	r = duration_parse(text, &asked);
	if (r == -EINVAL)
		return refuse(text, "is not a duration", max);
	if (r || asked > max)
		return refuse(text, "is too long a pause", max);
	if (!asked)
		return refuse(text, "is no pause (candor resume ends one)",
			      max);
	*seconds = (uint32_t)asked;
	return 0;
}

static void report(uint32_t seconds, const struct candor_status *status,
		   bool json)
{
	char span[DURATION_TEXT], when[CLI_TIME_TEXT];
	struct json_object *object;

	cli_time(seconds, when);
	if (json) {
		object = json_object_new_object();
		json_object_object_add(object, "pause",
				       json_object_new_int64(seconds));
		json_object_object_add(object, "until",
				       json_object_new_string(when));
		cli_print_json(object);
		return;
	}
	printf("paused for %s, until %s; 'candor resume' ends it\n",
	       duration_format(seconds, span), when);
	if (status->pause > seconds + 1)
		printf("a pause by somebody else lasts until %s\n",
		       cli_time(status->pause, when));
}

static int pause_for(int fd, const char *text, bool json)
{
	struct candor_status status;
	uint32_t seconds;
	int r;

	r = cli_module_status(fd, "pause", &status);
	if (r)
		return r;
	r = choose(text, status.pause_max, &seconds);
	if (r)
		return r;
	r = device_node_pause(fd, seconds);
	if (r)
		return cli_module_fail("pause", "pause", r);
	r = cli_module_status(fd, "pause", &status);
	if (!r)
		report(seconds, &status, json);
	return r;
}

int verb_pause(int argc, char **argv)
{
	bool json = cli_flag(&argc, argv, "--json");
	int fd, r;

	r = cli_arguments(argc, argv, 1);
	if (r)
		return r;
	fd = cli_module_open("pause");
	if (fd < 0)
		return -fd;
	r = pause_for(fd, argv[1], json);
	close(fd);
	return r;
}
