// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "control.h"
#include "exit.h"
#include "unit.h"

static char folder[] = "/tmp/candor-control-XXXXXX";
static char path[sizeof(folder) + 16];
static pid_t server;

static int demonstrate(void *ctx, uid_t uid, uint32_t seconds,
		       struct json_object *reply)
{
	if (seconds > 3600)
		return control_refuse(reply, EXIT_USAGE, "%u is too long",
				      seconds);
	json_object_object_add(reply, "seconds",
			       json_object_new_int64(seconds));
	return 0;
}

static int status(void *ctx, uid_t uid, struct json_object *reply)
{
	json_object_object_add(reply, "uid", json_object_new_int64(uid));
	return 0;
}

static const struct control_ops ops = { demonstrate, status };

static void serve(int ready)
{
	struct control *control;
	sd_event *event;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (sd_event_new(&event) < 0)
		_exit(1);
	control = control_new(event, path, &ops, NULL);
	if (!control)
		_exit(1);
	if (write(ready, "", 1) != 1)
		_exit(1);
	_exit(sd_event_loop(event) < 0);
}

static void start(void)
{
	int ready[2];
	char byte;

	strcpy(strrchr(folder, '-') + 1, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/control", folder);
	ck_assert_int_eq(pipe(ready), 0);
	server = fork();
	ck_assert_int_ge(server, 0);
	if (!server)
		serve(ready[1]);
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
}

static void stop(void)
{
	int how;

	ck_assert_int_eq(waitpid(server, &how, WNOHANG), 0);
	kill(server, SIGKILL);
	waitpid(server, &how, 0);
	unlink(path);
	rmdir(folder);
}

static int dial(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = 5 };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	ck_assert_int_ge(fd, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address,
				 sizeof(address)), 0);
	return fd;
}

/* The reply to raw bytes, parsed. */
static struct json_object *say(int fd, const char *bytes, size_t length)
{
	char text[CONTROL_MESSAGE_MAX + 1];
	struct json_object *reply;
	ssize_t n;

	ck_assert_int_eq(send(fd, bytes, length, MSG_NOSIGNAL), length);
	n = recv(fd, text, sizeof(text) - 1, 0);
	ck_assert_int_gt(n, 0);
	text[n] = '\0';
	reply = json_tokener_parse(text);
	ck_assert_ptr_nonnull(reply);
	return reply;
}

static void expect_refusal(int fd, const char *bytes, size_t length, int code)
{
	struct json_object *reply = say(fd, bytes, length);
	const char *why = NULL;

	ck_assert_int_eq(control_refusal(reply, &why), code);
	ck_assert_uint_gt(strlen(why), 0);
	json_object_put(reply);
}

static int call(const char *request, struct json_object **reply)
{
	struct json_object *object = json_tokener_parse(request);
	int r = control_call(path, object, reply);

	json_object_put(object);
	return r;
}

START_TEST(test_status_carries_the_uid_of_the_peer)
{
	struct json_object *reply, *uid, *ok;
	const char *why;

	ck_assert_int_eq(call("{\"verb\":\"status\"}", &reply), 0);
	ck_assert_int_eq(control_refusal(reply, &why), 0);
	ck_assert(json_object_object_get_ex(reply, "ok", &ok));
	ck_assert(json_object_get_boolean(ok));
	ck_assert(json_object_object_get_ex(reply, "uid", &uid));
	ck_assert_int_eq(json_object_get_int64(uid), getuid());
	json_object_put(reply);
}
END_TEST

START_TEST(test_demonstrate_answers_how_long)
{
	struct json_object *reply, *seconds;

	ck_assert_int_eq(call("{\"verb\":\"demonstrate\",\"seconds\":600}",
			      &reply), 0);
	ck_assert(json_object_object_get_ex(reply, "seconds", &seconds));
	ck_assert_int_eq(json_object_get_int64(seconds), 600);
	json_object_put(reply);
}
END_TEST

START_TEST(test_refusal_keeps_its_exit_code_and_line)
{
	struct json_object *reply, *ok;
	const char *why;

	ck_assert_int_eq(call("{\"verb\":\"demonstrate\",\"seconds\":3601}",
			      &reply), 0);
	ck_assert_int_eq(control_refusal(reply, &why), EXIT_USAGE);
	ck_assert_str_eq(why, "3601 is too long");
	ck_assert(!json_object_object_get_ex(reply, "ok", &ok));
	json_object_put(reply);
}
END_TEST

static const char *const malformed[] = {
	"junk",
	"{",
	"{}",
	"[]",
	"null",
	"7",
	"\"status\"",
	"{\"verb\":7}",
	"{\"verb\":null}",
	"{\"verb\":\"\"}",
	"{\"verb\":\"reboot\"}",
	"{\"verb\":\"status\"}{\"verb\":\"status\"}",
	"{\"verb\":\"status\"} x",
	"{\"verb\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}",
	"{\"verb\":\"demonstrate\"}",
	"{\"verb\":\"demonstrate\",\"seconds\":\"600\"}",
	"{\"verb\":\"demonstrate\",\"seconds\":6.5}",
	"{\"verb\":\"demonstrate\",\"seconds\":0}",
	"{\"verb\":\"demonstrate\",\"seconds\":-1}",
	"{\"verb\":\"demonstrate\",\"seconds\":4294967296}",
	"{\"verb\":\"demonstrate\",\"seconds\":1000000000000000000000000000000}",
	"\xff\xfe",
};

START_TEST(test_malformed_is_refused_and_the_next_is_answered)
{
	int fd = dial();

	expect_refusal(fd, malformed[_i], strlen(malformed[_i]), EXIT_USAGE);
	json_object_put(say(fd, "{\"verb\":\"status\"}", 17));
	close(fd);
}
END_TEST

START_TEST(test_nul_inside_is_refused)
{
	static const char bytes[] = "{\"verb\":\"status\"}\0x";
	int fd = dial();

	expect_refusal(fd, bytes, sizeof(bytes) - 1, EXIT_USAGE);
	close(fd);
}
END_TEST

START_TEST(test_oversize_is_refused_and_the_next_is_answered)
{
	char bytes[CONTROL_MESSAGE_MAX + 1];
	int fd = dial();

	memset(bytes, ' ', sizeof(bytes));
	memcpy(bytes, "{\"verb\":\"status\"}", 17);
	json_object_put(say(fd, bytes, CONTROL_MESSAGE_MAX));
	expect_refusal(fd, bytes, sizeof(bytes), EXIT_USAGE);
	json_object_put(say(fd, "{\"verb\":\"status\"}", 17));
	close(fd);
}
END_TEST

START_TEST(test_one_more_than_the_most_costs_the_oldest)
{
	int fds[CONTROL_CLIENTS_MAX + 1], i;
	char byte;

	for (i = 0; i <= CONTROL_CLIENTS_MAX; i++) {
		fds[i] = dial();
		/* the server accepts before it answers */
		json_object_put(say(fds[i], "{\"verb\":\"status\"}", 17));
	}
	ck_assert_int_eq(recv(fds[0], &byte, 1, 0), 0);
	for (i = 1; i <= CONTROL_CLIENTS_MAX; i++)
		json_object_put(say(fds[i], "{\"verb\":\"status\"}", 17));
	for (i = 0; i <= CONTROL_CLIENTS_MAX; i++)
		close(fds[i]);
}
END_TEST

START_TEST(test_client_that_never_reads_is_dropped)
{
	int fd = dial(), other, i;
	ssize_t n = 0;

	for (i = 0; i < 100000 && n >= 0; i++)
		n = send(fd, "{\"verb\":\"status\"}", 17, MSG_NOSIGNAL);
	ck_assert_int_lt(n, 0);
	ck_assert(errno == EPIPE || errno == ECONNRESET);
	other = dial();
	json_object_put(say(other, "{\"verb\":\"status\"}", 17));
	close(other);
	close(fd);
}
END_TEST

START_TEST(test_second_daemon_is_refused)
{
	sd_event *event;

	ck_assert_int_ge(sd_event_new(&event), 0);
	errno = 0;
	ck_assert_ptr_null(control_new(event, path, &ops, NULL));
	ck_assert_int_eq(errno, EADDRINUSE);
	sd_event_unref(event);
}
END_TEST

START_TEST(test_socket_of_a_dead_daemon_is_replaced)
{
	struct json_object *reply;
	struct control *control;
	struct stat st;
	sd_event *event;

	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	ck_assert_int_eq(call("{\"verb\":\"status\"}", &reply), -ECONNREFUSED);
	ck_assert_int_ge(sd_event_new(&event), 0);
	control = control_new(event, path, &ops, NULL);
	ck_assert_ptr_nonnull(control);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0666);
	control_free(control);
	ck_assert_int_eq(access(path, F_OK), -1);
	sd_event_unref(event);
	rmdir(folder);
}
END_TEST

START_TEST(test_no_daemon_is_told)
{
	struct json_object *reply;

	strcpy(path, "/nonexistent/control");
	ck_assert_int_eq(call("{\"verb\":\"status\"}", &reply), -ENOENT);
	ck_assert_ptr_null(reply);
}
END_TEST

START_TEST(test_I7_idle_connection_wakes_nobody)
{
	struct control *control;
	sd_event *event;
	int fd;

	/* in this process, where the loop can be watched */
	strcat(path, "2");
	ck_assert_int_ge(sd_event_new(&event), 0);
	control = control_new(event, path, &ops, NULL);
	ck_assert_ptr_nonnull(control);
	fd = dial();
	ck_assert_int_gt(sd_event_run(event, 1000000), 0);
	ck_assert_int_eq(sd_event_run(event, 200000), 0);
	close(fd);
	control_free(control);
	sd_event_unref(event);
	path[strlen(path) - 1] = '\0';
}
END_TEST

START_TEST(test_freeing_nothing_is_fine)
{
	control_free(NULL);
}
END_TEST

static Suite *control_suite(void)
{
	Suite *suite = suite_create("control");
	TCase *live = tcase_create("live");
	TCase *dead = tcase_create("dead");
	TCase *none = tcase_create("none");

	tcase_set_timeout(live, 20);
	tcase_add_checked_fixture(live, start, stop);
	tcase_add_test(live, test_status_carries_the_uid_of_the_peer);
	tcase_add_test(live, test_demonstrate_answers_how_long);
	tcase_add_test(live, test_refusal_keeps_its_exit_code_and_line);
	tcase_add_loop_test(live,
			    test_malformed_is_refused_and_the_next_is_answered,
			    0, sizeof(malformed) / sizeof(*malformed));
	tcase_add_test(live, test_nul_inside_is_refused);
	tcase_add_test(live, test_oversize_is_refused_and_the_next_is_answered);
	tcase_add_test(live, test_one_more_than_the_most_costs_the_oldest);
	tcase_add_test(live, test_client_that_never_reads_is_dropped);
	tcase_add_test(live, test_second_daemon_is_refused);
	tcase_add_test(live, test_I7_idle_connection_wakes_nobody);
	suite_add_tcase(suite, live);
	tcase_add_checked_fixture(dead, start, NULL);
	tcase_add_test(dead, test_socket_of_a_dead_daemon_is_replaced);
	suite_add_tcase(suite, dead);
	tcase_add_test(none, test_no_daemon_is_told);
	tcase_add_test(none, test_freeing_nothing_is_fine);
	suite_add_tcase(suite, none);
	return suite;
}
UNIT_SUITE(control_suite)
