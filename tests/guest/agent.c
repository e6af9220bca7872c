// SPDX-License-Identifier: GPL-2.0-only
/*
 * agent - first process of the guest: does what the runner asks
 *
 * On the virtio-serial port `candor.agent`, one JSON object a line:
 *
 *	host	{"run": "COMMAND"}
 *	guest	{"exit": N, "out": "stdout and stderr"}
 *	host	{"finish": true}
 *	guest	{"done": true, "unmounted": true|false}, then power off
 *
 * and {"ready": true} once at the start. COMMAND is run by `sh -c` as root, one
 * at a time; what it leaves in the background lives on. A command that a
 * signal ended exits with 128 plus its number. Of the output the first 4 MiB
 * are kept. Before each command the evdev reader is brought up to date, so
 * that /out/evdev.log holds what was typed before.
 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "port.h"

#define REQUEST_MAX (1 << 16)
#define OUTPUT_MAX (4 << 20)

static int port_fd, signal_fd;
static pid_t child; /* of the command that runs; 0: none */
static int output_fd;
static char request[REQUEST_MAX];
static size_t request_len;

static void reply(struct json_object *o)
{
	const char *text;

	text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
	write_all(port_fd, text, strlen(text));
	write_all(port_fd, "\n", 1);
	json_object_put(o);
}

static struct json_object *output(void)
{
	struct json_object *o = NULL;
	struct stat st;
	size_t len;
	char *buf;

	if (fstat(output_fd, &st))
		return NULL;
	len = st.st_size < OUTPUT_MAX ? st.st_size : OUTPUT_MAX;
	buf = malloc(len + 1);
	if (buf && pread(output_fd, buf, len, 0) == (ssize_t)len)
		o = json_object_new_string_len(buf, len);
	free(buf);
	return o;
}

static void ended(int status)
{
	struct json_object *o = json_object_new_object();
	int code;

	code = WIFEXITED(status) ? WEXITSTATUS(status) :
				   128 + WTERMSIG(status);
	json_object_object_add(o, "exit", json_object_new_int(code));
	json_object_object_add(o, "out", output());
	close(output_fd);
	child = 0;
	reply(o);
}

static void reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == child)
			ended(status);
}

static void exec_command(const char *command)
{
	sigset_t none;
	int null;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	null = open("/dev/null", O_RDONLY);
	dup2(null, 0);
	dup2(output_fd, 1);
	dup2(output_fd, 2);
	execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(127);
}

static void run(const char *command)
{
	reader_sync();
	output_fd = open("/run", O_TMPFILE | O_RDWR | O_APPEND | O_CLOEXEC,
			 0600);
	child = fork();
	if (child == 0)
		exec_command(command);
	if (child < 0)
		ended(126 << 8);
}

/* Ends every other process; true when all have gone within @seconds. */
static bool end_all(int sig, int seconds)
{
	uint64_t limit = monotonic_us() + seconds * 1000000ULL;
	pid_t pid;

	kill(-1, sig);
	while (monotonic_us() < limit) {
		pid = waitpid(-1, NULL, WNOHANG);
		if (pid < 0 && errno == ECHILD)
			return true;
		if (pid == 0)
			usleep(5000);
	}
	return false;
}

static void finish(void)
{
	struct json_object *o = json_object_new_object();
	bool unmounted;

	if (!end_all(SIGTERM, 5))
		end_all(SIGKILL, 5);
	sync();
	unmounted = !umount("/out");
	json_object_object_add(o, "done", json_object_new_boolean(1));
	json_object_object_add(o, "unmounted",
			       json_object_new_boolean(unmounted));
	reply(o);
	reboot(RB_POWER_OFF);
}

static void handle(const char *line)
{
	struct json_object *o, *v;

	o = json_tokener_parse(line);
	if (!o)
		return;
	if (json_object_object_get_ex(o, "run", &v) && !child)
		run(json_object_get_string(v));
	else if (json_object_object_get_ex(o, "finish", &v))
		finish();
	json_object_put(o);
}

static void receive(void)
{
	char *end;
	ssize_t n;

	if (request_len == sizeof(request))
		request_len = 0;
	n = read(port_fd, request + request_len,
		 sizeof(request) - request_len);
	if (n <= 0)
		return;
	request_len += n;
	while ((end = memchr(request, '\n', request_len))) {
		*end = '\0';
		handle(request);
		request_len -= end + 1 - request;
		memmove(request, end + 1, request_len);
	}
}

static int set_up(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	port_fd = port_open("candor.agent");
	return signal_fd < 0 || port_fd < 0 ? -1 : 0;
}

static void clear_signal(void)
{
	struct signalfd_siginfo si;

	while (read(signal_fd, &si, sizeof(si)) > 0)
		;
}

int main(void)
{
	struct json_object *hello;

	if (set_up()) {
		fputs("agent: no port candor.agent\n", stderr);
		return 1; /* the kernel panics, and the runner hears of it */
	}
	hello = json_object_new_object();
	json_object_object_add(hello, "ready", json_object_new_boolean(1));
	reply(hello);
	for (;;) {
		struct pollfd fds[] = { { port_fd, POLLIN, 0 },
					{ signal_fd, POLLIN, 0 } };

		poll(fds, 2, -1);
		if (fds[1].revents) {
			clear_signal();
			reap();
		}
		if (fds[0].revents & POLLIN)
			receive();
	}
}
