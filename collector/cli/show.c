// SPDX-License-Identifier: GPL-2.0-only
/*
 * show - what was recorded
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "files.h"
#include "print.h"
#include "verbs.h"

static int fail(const char *verb, const char *path, const char *why,
		uint64_t offset)
{
	fflush(stdout);
	return cli_fail(EXIT_FAILED, verb,
			"%s: byte %" PRIu64
			": %s; what stands before it was shown",
			path, offset, why);
}

/* An exit code for how the reading of @path ended. */
static int judge(const char *verb, const char *path, int r, const char *why,
		 uint64_t offset)
{
	struct spool_name name;
	const char *slash = strrchr(path, '/');

	switch (r) {
	case 0:
		return EXIT_OK;
	case -EAGAIN:
		/* a segment that is still written has no end yet */
		if (spool_name_parse(slash ? slash + 1 : path, &name) &&
		    name.kind == SPOOL_PART)
			return EXIT_OK;
		return fail(verb, path, why, offset);
	case -EBADMSG:
	case -EFBIG:
		return fail(verb, path, why, offset);
	}
	return cli_fail(EXIT_FAILED, verb, "%s: %s", path, strerror(-r));
}

static int show_path(const char *verb, const char *path, struct print *print)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), r;
	const char *why;
	uint64_t offset;

	if (fd < 0)
		return cli_fail(errno == EACCES ? EXIT_DENIED : EXIT_FAILED,
				verb, "%s: %s; name a segment or its folder",
				path, strerror(errno));
	r = reader_all(fd, &print_ops, print, &why, &offset);
	close(fd);
	return judge(verb, path, r, why, offset);
}

static int show_all(const char *verb, const struct files *files,
		    struct print *print)
{
	int result = EXIT_OK;

	for (size_t i = 0; i < files->count; i++) {
		int r = show_path(verb, files->path[i], print);

		if (r)
			result = r;
	}
	return result;
}

/* --- as it grows */

struct follow {
	const char *verb;
	int folder, notify, signals;
	struct print *print;
	uint64_t next; /* the smallest number not read to its end */
	/* the segment being read */
	int fd;
	struct spool_name name;
	struct reader *reader;
};

/* The next segment after those read, sealed or open: 1, 0 or -errno. */
static int find_next(const struct follow *follow, struct spool_name *next)
{
	static const enum spool_kind kinds[] = {SPOOL_SEALED, SPOOL_PART};
	bool found = false;

	for (size_t k = 0; k < 2; k++) {
		struct spool_name *names;
		size_t count;
		int r = spool_names(follow->folder, kinds[k], &names, &count);

		if (r < 0)
			return r;
		for (size_t i = 0; i < count; i++) {
			if (names[i].seq < follow->next ||
			    (found && names[i].seq >= next->seq))
				continue;
			*next = names[i];
			found = true;
		}
		free(names);
	}
	return found;
}

static void close_current(struct follow *follow)
{
	reader_free(follow->reader);
	follow->reader = NULL;
	if (follow->fd >= 0)
		close(follow->fd);
	follow->fd = -1;
	follow->next = follow->name.seq + 1;
}

/* A name that holds no segment must not keep us from those that do. */
static int pass_over(struct follow *follow, const char *text, const char *why)
{
	close_current(follow);
	fflush(stdout);
	cli_note(follow->verb, "%s: %s; passed over", text, why);
	return 1;
}

static int open_next(struct follow *follow)
{
	char text[SPOOL_NAME_MAX];
	struct stat st;
	int r = find_next(follow, &follow->name);

	if (r <= 0)
		return r;
	spool_name_format(&follow->name, text);
	follow->fd = openat(follow->folder, text,
			    O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (follow->fd < 0) {
		r = errno;
		/* sealed between our looking and our opening: look again */
		if (r == ENOENT && fstatat(follow->folder, text, &st,
					   AT_SYMLINK_NOFOLLOW) < 0)
			return 1;
		return pass_over(follow, text, strerror(r));
	}
	if (fstat(follow->fd, &st) < 0 || !S_ISREG(st.st_mode))
		return pass_over(follow, text, "it is no file");
	follow->reader = reader_new(follow->fd, &print_ops, follow->print);
	return follow->reader ? 1 : -errno;
}

/*
 * Whether more can come into the file that we have open. A part that lost its
 * name was sealed, and then we still read to its end, or was replaced by its
 * recovery, whose rows are those we have seen.
 */
static bool may_grow(const struct follow *follow)
{
	char text[SPOOL_NAME_MAX];

	if (follow->name.kind != SPOOL_PART)
		return false;
	spool_name_format(&follow->name, text);
	return !faccessat(follow->folder, text, F_OK, 0);
}

static int step_all(struct follow *follow)
{
	int r;

	do
		r = reader_step(follow->reader);
	while (r == 1);
	return r;
}

/* Reads the open segment as far as it goes: 1 when it is done with. */
static int read_current(struct follow *follow)
{
	bool grows = may_grow(follow);
	int r = step_all(follow);

	if (r == -EAGAIN && grows)
		return 0;
	if (r == -EAGAIN || r == -EBADMSG || r == -EFBIG) {
		char text[SPOOL_NAME_MAX];

		spool_name_format(&follow->name, text);
		fail(follow->verb, text, reader_why(follow->reader),
		     reader_offset(follow->reader));
	} else if (r < 0) {
		return r;
	}
	close_current(follow);
	return 1;
}

static bool told_to_stop(const struct follow *follow)
{
	struct pollfd fd = {.fd = follow->signals, .events = POLLIN};

	return poll(&fd, 1, 0) > 0;
}

static int catch_up(struct follow *follow)
{
	int r = 1;

	/* a long spool is no reason to be deaf: wait_for_change() ends it */
	while (r == 1 && !told_to_stop(follow)) {
		if (!follow->reader)
			r = open_next(follow);
		if (follow->reader)
			r = read_current(follow);
	}
	if (r >= 0 && fflush(stdout))
		r = -errno;
	return r < 0 ? r : 0;
}

/* 0: something changed; 1: told to stop. */
static int wait_for_change(const struct follow *follow)
{
	char events[4096]
		__attribute__((aligned(__alignof__(struct inotify_event))));
	struct pollfd fds[] = {
		{.fd = follow->notify, .events = POLLIN},
		{.fd = follow->signals, .events = POLLIN},
		/* the reader of our output went away */
		{.fd = STDOUT_FILENO, .events = 0},
	};

	if (poll(fds, 3, -1) < 0)
		return errno == EINTR ? 0 : -errno;
	if (fds[1].revents || fds[2].revents & POLLERR)
		return 1;
	if (fds[0].revents &&
	    read(follow->notify, events, sizeof(events)) < 0 && errno != EAGAIN)
		return -errno;
	return 0;
}

static int run_follow(struct follow *follow)
{
	int r;

	do {
		r = catch_up(follow);
		if (!r)
			r = wait_for_change(follow);
	} while (!r);
	if (follow->reader)
		close_current(follow);
	return r == 1 || r == -EPIPE ? 0 : r;
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static int show_follow(const char *verb, const char *folder,
		       struct print *print)
{
	struct follow follow = {.verb = verb, .print = print, .fd = -1};
	int r = 0;

	follow.folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	follow.notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	follow.signals = open_signals();
	if (follow.folder < 0 || follow.notify < 0 || follow.signals < 0 ||
	    inotify_add_watch(follow.notify, folder,
			      IN_CREATE | IN_MODIFY | IN_MOVED_TO | IN_DELETE) <
		    0)
		r = -errno;
	if (!r)
		r = run_follow(&follow);
	close(follow.signals);
	close(follow.notify);
	close(follow.folder);
	if (!r)
		return EXIT_OK;
	return cli_fail(r == -EACCES ? EXIT_DENIED : EXIT_FAILED, verb,
			"%s: %s; name the folder with --spool", folder,
			strerror(-r));
}

/* --- the verb */

static int show_files(int argc, char **argv, const char *folder,
		      struct print *print)
{
	struct files files = {0};
	int r = 0;

	if (argc == 1)
		r = files_add_folder(&files, argv[0], folder, true);
	for (int i = 1; !r && i < argc; i++)
		r = files_add_any(&files, argv[0], argv[i], true);
	if (!r && !files.count)
		cli_note(argv[0], "%s: nothing is recorded there",
			 argc == 1 ? folder : argv[1]);
	if (!r)
		r = show_all(argv[0], &files, print);
	files_free(&files);
	return r;
}

static enum print_style style_of(bool json, bool count)
{
	if (count)
		return json ? PRINT_COUNT_JSON : PRINT_COUNT;
	return json ? PRINT_JSON : PRINT_LINES;
}

int verb_show(int argc, char **argv)
{
	bool json = cli_flag(&argc, argv, "--json");
	bool count = cli_flag(&argc, argv, "--count");
	bool follow = cli_flag(&argc, argv, "--follow");
	char *folder = files_folder(&argc, argv);
	struct print *print;
	int r;

	if (!folder)
		return EXIT_USAGE;
	r = cli_arguments(argc, argv, follow ? 0 : argc);
	print = print_new(stdout, style_of(json, count));
	if (!r && !print)
		r = cli_fail(EXIT_FAILED, argv[0], "%s", strerror(ENOMEM));
	if (!r)
		r = follow ? show_follow(argv[0], folder, print)
			   : show_files(argc, argv, folder, print);
	if (print)
		print_end(print);
	print_free(print);
	free(folder);
	return r;
}
