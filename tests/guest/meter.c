// SPDX-License-Identifier: GPL-2.0-only
/*
 * meter - plays a stream to a recorder and says what both cost
 *
 *	meter [--ready COMMAND] [--idle SECONDS] STREAM SECONDS [OUT RECORDER...]
 *
 * Makes one uinput device, starts RECORDER with its standard output in OUT and
 * each argument @ replaced by the device's node, plays, ends RECORDER, and
 * prints one JSON object. Without RECORDER nobody records.
 *
 * STREAM is `mouse` (1,000 reports a second at most: a mouse that has not moved
 * a count sends none), `typing` (12 keys a second) or `idle`. Streams are the
 * same every time: they come from a fixed seed, on an absolute schedule.
 *
 * A recorder is ready when it holds the device open. With --ready it is when
 * `sh -c COMMAND` has succeeded; such a recorder is ended by SIGTERM rather
 * than SIGINT, and started again when it ends before, as a service manager
 * would.
 *
 * Figures of the recorder go from the first packet to its exit, so that what
 * it does late is in them; of the memory the highest sample counts. Exit 0, 1
 * (said on stderr) or 2 (usage).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/uinput.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "port.h"

#define KEYS 248 /* KEY_ESC (1) to KEY_MICMUTE (248) */
#define READY_MS 40000
#define RESTART_MS 200
#define END_MS 30000
#define SETTLE_MS 500
#define TICK_NS 1000000
#define KEY_TICKS 83
#define COUNTS_PER_MM (800 / 25.4)

struct usage {
	uint64_t cpu_us;
	uint64_t switches; /* voluntary and not */
};

struct memory {
	long peak_kb;
	long anon_kb;
};

struct played {
	uint64_t ticks, packets, events, presses;
};

static int device_fd;
static char node[32];
static struct played played;
static uint32_t *cost_ns; /* CPU of each packet's write(), sorted at the end */
static size_t cost_max;
static uint32_t seed = 1;

static int fail(const char *what, int err)
{
	fprintf(stderr, "meter: %s: %s\n", what, strerror(-err));
	return err;
}

static void sleep_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

/* --- the device */

static int set_bits(unsigned long request, const int *bits, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (ioctl(device_fd, request, bits[i]))
			return -errno;
	return 0;
}

#define SET(request, ...)                              \
	set_bits(request, (const int[]){ __VA_ARGS__ }, \
		 sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int))

static int add_mouse(void)
{
	return SET(UI_SET_EVBIT, EV_KEY, EV_REL) ?:
	       SET(UI_SET_KEYBIT, BTN_LEFT, BTN_RIGHT, BTN_MIDDLE) ?:
	       SET(UI_SET_RELBIT, REL_X, REL_Y, REL_WHEEL);
}

static int add_keyboard(void)
{
	int i, err;

	err = SET(UI_SET_EVBIT, EV_KEY, EV_MSC) ?: SET(UI_SET_MSCBIT, MSC_SCAN);
	for (i = 1; !err && i <= KEYS; i++)
		err = SET(UI_SET_KEYBIT, i);
	return err;
}

static int find_node(void)
{
	char name[32] = "", path[64];
	struct dirent *entry;
	int err = -ENOENT;
	DIR *dir;

	if (ioctl(device_fd, UI_GET_SYSNAME(sizeof(name)), name) < 0)
		return -errno;
	snprintf(path, sizeof(path), "/sys/class/input/%s", name);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (err && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "event", 5))
			continue;
		snprintf(node, sizeof(node), "/dev/input/%.20s", entry->d_name);
		err = 0;
	}
	closedir(dir);
	return err;
}

static int make_device(bool keyboard)
{
	struct uinput_setup setup = {
		.id = { .bustype = BUS_USB, .vendor = 0x1209, .product = 3 },
	};
	int err;

	strcpy(setup.name, keyboard ? "bench keyboard" : "bench mouse");
	device_fd = open("/dev/uinput", O_WRONLY | O_CLOEXEC);
	if (device_fd < 0)
		return -errno;
	err = keyboard ? add_keyboard() : add_mouse();
	if (err)
		return err;
	if (ioctl(device_fd, UI_DEV_SETUP, &setup) ||
	    ioctl(device_fd, UI_DEV_CREATE))
		return -errno;
	return find_node();
}

/* --- streams */

static uint32_t draw(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return ((uint64_t)seed * below) >> 32;
}

static double uniform(void)
{
	return draw(1 << 20) / (double)(1 << 20);
}

static void put(struct input_event *ev, int type, int code, int value)
{
	memset(ev, 0, sizeof(*ev));
	ev->type = type;
	ev->code = code;
	ev->value = value;
}

static uint64_t own_cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * UINT64_C(1000000000) + ts.tv_nsec;
}

/* One packet, its SYN_REPORT added here. */
static int emit(struct input_event *ev, int n)
{
	uint64_t start_ns;
	int err;

	put(&ev[n], EV_SYN, SYN_REPORT, 0);
	start_ns = own_cpu_ns();
	err = write_all(device_fd, ev, (n + 1) * sizeof(*ev));
	if (played.packets < cost_max)
		cost_ns[played.packets] = own_cpu_ns() - start_ns;
	played.packets++;
	played.events += n + 1;
	return err;
}

static int compare_cost(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/*
 * The median: when the host takes a processor away from the guest, the guest
 * counts that as time of whoever was running.
 */
static uint32_t median_cost_ns(void)
{
	if (!played.packets)
		return 0;
	qsort(cost_ns, played.packets, sizeof(*cost_ns), compare_cost);
	return cost_ns[played.packets / 2];
}

/*
 * A hand: moves of minimum jerk between targets, each as long as Fitts' law
 * makes it, over a tremor of 9.5 Hz and 30 um and a quarter count of noise.
 */
static struct {
	double from[2], to[2]; /* counts */
	int ticks, at; /* of the move */
	double tremor[2]; /* a turning vector of one count */
	long sent[2];
} hand = { .tremor = { 0.95, 0 } };

static void next_move(void)
{
	static const struct {
		int mm, ticks;
	} moves[] = { { 4, 240 },  { 9, 320 },	{ 15, 390 }, { 22, 440 },
		      { 31, 490 }, { 45, 550 }, { 70, 620 } };
	int i, which = draw(sizeof(moves) / sizeof(*moves));

	hand.ticks = moves[which].ticks;
	hand.at = 0;
	for (i = 0; i < 2; i++) {
		hand.from[i] = hand.to[i];
		/* Back towards the middle, as on a screen. */
		hand.to[i] += moves[which].mm * COUNTS_PER_MM *
			      (i ? 0.4 : 0.9) * (hand.from[i] > 0 ? -1 : 1) *
			      (0.5 + uniform() / 2);
	}
}

static void turn_tremor(void)
{
	/* Cosine and sine of 2 pi x 9.5 Hz x 1 ms. */
	const double c = 0.998219, s = 0.059655;
	double x = hand.tremor[0], y = hand.tremor[1];

	hand.tremor[0] = c * x - s * y;
	hand.tremor[1] = s * x + c * y;
}

static int mouse_tick(uint64_t tick)
{
	struct input_event ev[3];
	double t, way, where;
	long delta;
	int i, n = 0;

	if (hand.at == hand.ticks)
		next_move();
	t = (double)++hand.at / hand.ticks;
	way = t * t * t * (10 + t * (-15 + 6 * t));
	turn_tremor();
	for (i = 0; i < 2; i++) {
		where = hand.from[i] + way * (hand.to[i] - hand.from[i]) +
			hand.tremor[i] + 0.25 * (uniform() + uniform() - 1);
		delta = (long)where - hand.sent[i];
		hand.sent[i] += delta;
		if (delta)
			put(&ev[n++], EV_REL, i ? REL_Y : REL_X, delta);
	}
	return n ? emit(ev, n) : 0;
}

/* About the frequencies of English, with 6 % of BACKSPACE. */
static int some_key(void)
{
	static const uint8_t keys[] = {
		KEY_SPACE, KEY_SPACE, KEY_SPACE, KEY_SPACE, KEY_SPACE,
		KEY_SPACE, KEY_SPACE, KEY_SPACE, KEY_E, KEY_E, KEY_E, KEY_E,
		KEY_E, KEY_E, KEY_T, KEY_T, KEY_T, KEY_T, KEY_A, KEY_A, KEY_A,
		KEY_A, KEY_O, KEY_O, KEY_O, KEY_O, KEY_I, KEY_I, KEY_I, KEY_N,
		KEY_N, KEY_N, KEY_S, KEY_S, KEY_S, KEY_H, KEY_H, KEY_H, KEY_R,
		KEY_R, KEY_R, KEY_D, KEY_D, KEY_L, KEY_L, KEY_U, KEY_C, KEY_M,
		KEY_W, KEY_F, KEY_G, KEY_Y, KEY_P, KEY_B, KEY_V, KEY_K,
		KEY_DOT, KEY_COMMA, KEY_ENTER, KEY_BACKSPACE, KEY_BACKSPACE,
		KEY_BACKSPACE, KEY_BACKSPACE,
	};

	return keys[draw(sizeof(keys))];
}

static int key_event(int code, int value)
{
	struct input_event ev[3];

	put(&ev[0], EV_MSC, MSC_SCAN, 0x70000 + code);
	put(&ev[1], EV_KEY, code, value);
	played.presses += value;
	return emit(ev, 2);
}

/* A press somewhere in the first third of each slot, a release in the last. */
static int typing_tick(uint64_t tick)
{
	static uint32_t press, release;
	static int code;
	uint32_t at = tick % KEY_TICKS;

	if (at == 0) {
		press = draw(28);
		release = 45 + draw(36);
		code = some_key();
	}
	if (at == press)
		return key_event(code, 1);
	return at == release ? key_event(code, 0) : 0;
}

static int play(int (*tick)(uint64_t), uint64_t ticks)
{
	struct timespec next;
	int err = 0;

	clock_gettime(CLOCK_MONOTONIC, &next);
	for (; played.ticks < ticks && !err; played.ticks++) {
		err = tick(played.ticks);
		next.tv_nsec += TICK_NS;
		if (next.tv_nsec >= 1000000000L) {
			next.tv_nsec -= 1000000000L;
			next.tv_sec++;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	return err;
}

/* --- the recorder */

static struct {
	char **argv; /* NULL: nobody records */
	const char *out;
	const char *ready; /* NULL: when it holds the device */
	pid_t pid; /* 0: it does not run */
	struct memory memory;
} recorder;

static uint64_t timeval_us(const struct timeval *tv)
{
	return tv->tv_sec * UINT64_C(1000000) + tv->tv_usec;
}

static int start_recorder(void)
{
	int fd;

	recorder.pid = fork();
	if (recorder.pid < 0)
		return -errno;
	if (recorder.pid)
		return 0;
	/* A shell that started us in the background had it ignored. */
	signal(SIGINT, SIG_DFL);
	fd = open(recorder.out, O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0)
		execvp(recorder.argv[0], recorder.argv);
	fail(recorder.argv[0], -errno);
	_exit(127);
}

static bool holds_device(void)
{
	char path[64], link[400], target[128];
	struct dirent *entry;
	bool found = false;
	ssize_t n;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", recorder.pid);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir))) {
		snprintf(link, sizeof(link), "%s/%s", path, entry->d_name);
		n = readlink(link, target, sizeof(target) - 1);
		if (n > 0)
			target[n] = '\0';
		found = n > 0 && !strcmp(target, node);
	}
	if (dir)
		closedir(dir);
	return found;
}

static int wait_for_device(void)
{
	int n;

	for (n = 0; n < READY_MS / 20; n++) {
		if (waitpid(recorder.pid, NULL, WNOHANG))
			return fail(recorder.argv[0], -ECHILD);
		if (holds_device())
			return 0;
		sleep_ms(20);
	}
	return fail(recorder.argv[0], -ETIMEDOUT);
}

/* The command may have the recorder end and want it started again. */
static int wait_for_command(void)
{
	int status, err;
	pid_t command, pid;

	command = fork();
	if (command < 0)
		return -errno;
	if (!command) {
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execl("/bin/sh", "sh", "-c", recorder.ready, NULL);
		_exit(127);
	}
	while ((pid = wait(&status)) != command) {
		if (pid < 0)
			return -errno;
		if (pid != recorder.pid)
			continue;
		sleep_ms(RESTART_MS);
		err = start_recorder();
		if (err)
			return err;
	}
	return status ? fail(recorder.ready, -EPROTO) : 0;
}

static FILE *open_proc(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/%d/%s", recorder.pid, name);
	return fopen(path, "re");
}

static void add_thread(int tid, struct usage *u)
{
	char line[256], name[64];
	uint64_t n;
	FILE *f;

	snprintf(name, sizeof(name), "task/%d/schedstat", tid);
	f = open_proc(name);
	if (f && fscanf(f, "%lu", &n) == 1)
		u->cpu_us += n / 1000;
	if (f)
		fclose(f);
	snprintf(name, sizeof(name), "task/%d/status", tid);
	f = open_proc(name);
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "voluntary_ctxt_switches: %lu", &n) == 1 ||
		    sscanf(line, "nonvoluntary_ctxt_switches: %lu", &n) == 1)
			u->switches += n;
	if (f)
		fclose(f);
}

static struct usage usage_now(void)
{
	struct usage u = { 0 };
	struct dirent *entry;
	char path[64];
	DIR *dir;

	if (!recorder.pid)
		return u;
	snprintf(path, sizeof(path), "/proc/%d/task", recorder.pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			add_thread(atoi(entry->d_name), &u);
	if (dir)
		closedir(dir);
	return u;
}

static void raise_to(const char *file, const char *field, long *kb)
{
	size_t len = strlen(field);
	char line[256];
	FILE *f;
	long n;

	f = open_proc(file);
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, field, len) &&
		    sscanf(line + len, ": %ld", &n) == 1 && n > *kb)
			*kb = n;
	if (f)
		fclose(f);
}

/*
 * VmHWM knows the peak, but may be up to 64 pages behind; smaps_rollup counts
 * the pages there are.
 */
static void sample_memory(void)
{
	if (!recorder.pid)
		return;
	raise_to("status", "VmHWM", &recorder.memory.peak_kb);
	raise_to("smaps_rollup", "Rss", &recorder.memory.peak_kb);
	raise_to("smaps_rollup", "Anonymous", &recorder.memory.anon_kb);
}

/* Ends it; @end is what it used in its life. */
static int end_recorder(struct usage *end)
{
	struct rusage r;
	int n, status;

	memset(end, 0, sizeof(*end));
	if (!recorder.pid)
		return 0;
	sample_memory();
	kill(recorder.pid, recorder.ready ? SIGTERM : SIGINT);
	for (n = 0; n < END_MS / 50; n++) {
		sleep_ms(50);
		if (wait4(recorder.pid, &status, WNOHANG, &r) == recorder.pid) {
			end->cpu_us = timeval_us(&r.ru_utime) +
				      timeval_us(&r.ru_stime);
			end->switches = r.ru_nvcsw + r.ru_nivcsw;
			return 0;
		}
		sample_memory();
	}
	return fail("the recorder does not end", -ETIMEDOUT);
}

/* --- one run */

struct figures {
	struct usage idle[2], stream[2], end;
	uint64_t play_us, inject_us;
};

static int measure(struct figures *f, const char *stream, long seconds,
		   long idle)
{
	uint64_t start_us, cpu_ns;
	int err = 0;

	sleep_ms(SETTLE_MS);
	f->idle[0] = usage_now();
	sleep_ms(idle * 1000);
	f->idle[1] = usage_now();
	f->stream[0] = f->idle[1];
	start_us = monotonic_us();
	cpu_ns = own_cpu_ns();
	if (*stream == 'm')
		err = play(mouse_tick, seconds * 1000);
	else if (*stream == 't')
		err = play(typing_tick, seconds * 1000 / KEY_TICKS * KEY_TICKS);
	f->inject_us = (own_cpu_ns() - cpu_ns) / 1000;
	f->play_us = monotonic_us() - start_us;
	f->stream[1] = usage_now();
	/* A reader that lags is given the time to catch up. */
	if (played.packets)
		sleep_ms(SETTLE_MS);
	return err;
}

static void print(const struct figures *f, const char *stream, long idle)
{
	printf("{\"stream\":\"%s\",\"play_us\":%lu,\"packets\":%lu,"
	       "\"events\":%lu,\"presses\":%lu,\"inject_us\":%lu,"
	       "\"write_ns\":%u,",
	       stream, f->play_us, played.packets, played.events,
	       played.presses, f->inject_us, median_cost_ns());
	printf("\"idle_s\":%ld,\"idle_switches\":%lu,\"idle_cpu_us\":%lu,",
	       idle, f->idle[1].switches - f->idle[0].switches,
	       f->idle[1].cpu_us - f->idle[0].cpu_us);
	printf("\"switches_in_stream\":%lu,\"switches\":%lu,\"cpu_us\":%lu,",
	       f->stream[1].switches - f->stream[0].switches,
	       f->end.switches - f->stream[0].switches,
	       f->end.cpu_us - f->stream[0].cpu_us);
	printf("\"peak_kb\":%ld,\"anon_kb\":%ld}\n", recorder.memory.peak_kb,
	       recorder.memory.anon_kb);
}

static int run(const char *stream, long seconds, long idle)
{
	struct figures f = { 0 };
	int err;

	cost_max = seconds * 1000;
	cost_ns = calloc(cost_max + 1, sizeof(*cost_ns));
	err = cost_ns ? make_device(*stream == 't') : -ENOMEM;
	if (err)
		return fail("/dev/uinput", err);
	for (char **arg = recorder.argv; arg && *arg; arg++)
		if (!strcmp(*arg, "@"))
			*arg = node;
	if (recorder.argv) {
		err = start_recorder() ?: recorder.ready ? wait_for_command() :
							   wait_for_device();
	}
	if (!err) {
		err = measure(&f, stream, seconds, idle);
		if (err)
			fail(node, err);
	}
	err = end_recorder(&f.end) ?: err;
	if (!err)
		print(&f, stream, idle);
	return err;
}

static int usage(void)
{
	fputs("usage: meter [--ready COMMAND] [--idle SECONDS] mouse|typing|idle"
	      " SECONDS\n             [OUT RECORDER...]\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	long seconds, idle = 0;

	for (argv++; argv[0] && argv[1] && argv[0][0] == '-'; argv += 2) {
		if (!strcmp(argv[0], "--ready"))
			recorder.ready = argv[1];
		else if (!strcmp(argv[0], "--idle"))
			idle = atol(argv[1]);
		else
			return usage();
	}
	if (!argv[0] || !argv[1] || (argv[2] && !argv[3]) ||
	    !strchr("mti", argv[0][0]))
		return usage();
	seconds = atol(argv[1]);
	if (seconds < 0 || seconds > 3600 || idle < 0)
		return usage();
	if (argv[2]) {
		recorder.out = argv[2];
		recorder.argv = argv + 3;
	}
	return run(argv[0], seconds, idle) ? 1 : 0;
}
