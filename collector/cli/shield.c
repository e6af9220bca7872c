// SPDX-License-Identifier: GPL-2.0-only
/*
 * shield - record nothing while a command runs
 *
 * The shield is a file held open here and nowhere else: the command does not
 * inherit it, and should this program be killed the command is told by SIGHUP,
 * since it would go on unshielded.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "device_node.h"
#include "duration.h"
#include "verbs.h"

/* What the shell says when a command cannot be run. */
#define EXIT_NOT_EXECUTABLE 126
#define EXIT_NOT_FOUND 127

static void handled_signals(sigset_t *set)
{
	static const int numbers[] = { SIGCHLD, SIGALRM, SIGINT,
				       SIGQUIT, SIGTERM, SIGHUP };
	size_t i;

	sigemptyset(set);
	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		sigaddset(set, numbers[i]);
}

static void run_command(char **command, const sigset_t *mask, pid_t parent)
{
	int error;

	prctl(PR_SET_PDEATHSIG, SIGHUP);
	if (getppid() != parent)
		_exit(EXIT_FAILED);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(command[0], command);
	error = errno;
	cli_note("shield", "%s: %s", command[0], strerror(error));
	_exit(error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
}

/* The module's own clock, so that the warning comes when the shield ends. */
static void arm_warning(uint32_t seconds)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = SIGALRM };
	struct itimerspec end = { .it_value.tv_sec = seconds };
	timer_t timer;

	if (timer_create(CLOCK_BOOTTIME, &event, &timer) ||
	    timer_settime(timer, 0, &end, NULL))
		cli_note("shield", "timer: %s; the end will not be told",
			 strerror(errno));
}

static int exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

/* A signal of the terminal has reached the command as well: do not repeat. */
static void forward(pid_t child, const siginfo_t *info)
{
	if (info->si_code != SI_KERNEL)
		kill(child, info->si_signo);
}

static int supervise(pid_t child, const sigset_t *set)
{
	siginfo_t info;
	int status;

	for (;;) {
		if (sigwaitinfo(set, &info) < 0)
			continue;
		if (info.si_signo == SIGCHLD) {
			if (waitpid(child, &status, WNOHANG) == child)
				return exit_status(status);
		} else if (info.si_signo == SIGALRM) {
			cli_note("shield",
				 "the shield has reached its limit and ended; what you type is recorded again");
		} else {
			forward(child, &info);
		}
	}
}

static int run_shielded(char **command, uint32_t seconds)
{
	sigset_t set, before;
	pid_t child, parent = getpid();

	/* inherited as ignored, it would never tell the command's end */
	signal(SIGCHLD, SIG_DFL);
	handled_signals(&set);
	sigprocmask(SIG_BLOCK, &set, &before);
	child = fork();
	if (child < 0)
		return cli_fail(EXIT_FAILED, "shield", "fork: %s; %s was not run",
				strerror(errno), command[0]);
	if (!child)
		run_command(command, &before, parent);
	arm_warning(seconds);
	return supervise(child, &set);
}

static int shield(int fd, char **command)
{
	struct candor_status status;
	char span[DURATION_TEXT];
	int r;

	r = cli_module_status(fd, "shield", &status);
	if (r)
		return r;
	r = device_node_shield(fd);
	if (r)
		return cli_module_fail("shield", "shield", r);
	cli_note("shield", "nothing is recorded until %s ends, %s at most",
		 command[0], duration_format(status.pause_max, span));
	return run_shielded(command, status.pause_max);
}

int verb_shield(int argc, char **argv)
{
	int fd, r;

	if (argc < 3 || strcmp(argv[1], "--"))
		return cli_fail(EXIT_USAGE, "shield",
				"write: candor shield -- COMMAND...");
	fd = cli_module_open("shield");
	if (fd < 0)
		return -fd;
	r = shield(fd, argv + 2);
	close(fd);
	return r;
}
