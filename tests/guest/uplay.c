// SPDX-License-Identifier: GPL-2.0-only
/*
 * uplay - makes input devices in the guest (uinput) and plays into them
 *
 *	uplay FILE|-		plays commands, one a line, # comments
 *	uplay --load SECONDS RATE DEVICES LOG
 *	uplay --flood COUNT [LOG]
 *	uplay --now		prints CLOCK_MONOTONIC in microseconds
 *
 * Commands:
 *
 *	device NAME KIND [BUS:VENDOR:PRODUCT] [phys=TEXT]
 *		makes a device and makes it the current one; KIND is keyboard,
 *		mouse, multitouch (a touchpad), touchscreen, tablet (absolute
 *		pointer), pen or pad (a gamepad); ids in hex, 3:1209:1 unless
 *		given. Prints "device NAME inputN".
 *	device NAME
 *		makes an earlier one the current one
 *	remove NAME
 *		takes it out of the machine
 *	v TYPE CODE VALUE
 *		writes one value at once, numbers as C writes them
 *	syn
 *		writes a SYN_REPORT
 *	values N
 *		writes one packet of N values and its SYN_REPORT in one write
 *		(a keyboard: 32 values a write once N > 8). Each value changes something,
 *		so that the input core drops none: a keyboard presses its 248
 *		keys in turn, then releases them in turn; a touch device gives
 *		slots in turn a new contact and position; a mouse moves;
 *		tablet, pen and pad change axes.
 *	rate N
 *		from here on the packets (syn, values) keep to N a second on
 *		an absolute schedule; 0: as fast as they go
 *	repeat N ... end
 *		may be nested
 *	wait-ms N
 *	mark
 *		prints "mark TIME_US"
 *
 * --load: DEVICES mice send RATE packets a second between them, in turn, on an
 * absolute schedule. Packet number c (from 0) is REL_X = c / 1024 + 1, REL_Y =
 * c % 1024 + 1, for c below 2^20 (then from 0 again), so that what was captured
 * says which packet it was. LOG has for each "TIME_US c inputN", the time taken
 * before its write(). SIGTERM ends it early, with a complete LOG.
 * --flood: the same from one mouse, COUNT packets as fast as they go.
 *
 * A device is played into once the evdev reader has it open, and removed when
 * the reader has read all it gave. Exit 0, 1 (said on stderr) or 2 (usage).
 */
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
#include <time.h>
#include <unistd.h>

#include "port.h"

#define DEVICES 32
#define VALUES_MAX 600
#define SLOTS 100 /* as many as uinput takes */
#define KEYS 248 /* KEY_ESC (1) to KEY_MICMUTE (248) */
#define AXIS_MAX 65535
#define COUNTER_MASK ((1u << 20) - 1)

enum kind { KEYBOARD, MOUSE, MULTITOUCH, TOUCHSCREEN, TABLET, PEN, PAD };

struct device {
	char name[32];
	enum kind kind;
	int fd; /* -1: removed */
	int input; /* N of inputN */
	uint32_t turn; /* of values: which comes next */
};

static const char *const kinds[] = {
	[KEYBOARD] = "keyboard",   [MOUSE] = "mouse",
	[MULTITOUCH] = "multitouch", [TOUCHSCREEN] = "touchscreen",
	[TABLET] = "tablet",	   [PEN] = "pen",
	[PAD] = "pad",
};

static struct device devices[DEVICES];
static int device_count;
static struct device *current;
static uint32_t rate; /* packets a second; 0: not paced */
static struct timespec next_packet;
static volatile sig_atomic_t stop;

static void on_stop(int sig)
{
	stop = 1;
}

static int fail(const char *what, int err)
{
	fprintf(stderr, "uplay: %s: %s\n", what, strerror(-err));
	return err;
}

/* --- devices */

static int set_bits(int fd, unsigned long request, const int *bits, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (ioctl(fd, request, bits[i]))
			return -errno;
	return 0;
}

#define SET(fd, request, ...)                                   \
	set_bits(fd, request, (const int[]){ __VA_ARGS__ },     \
		 sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int))

static int add_axis(int fd, int code, int max)
{
	struct uinput_abs_setup abs = { .code = code };

	abs.absinfo.maximum = max;
	abs.absinfo.resolution = 40;
	return ioctl(fd, UI_ABS_SETUP, &abs) ? -errno : 0;
}

static int add_keyboard(int fd)
{
	int i, err;

	err = SET(fd, UI_SET_EVBIT, EV_KEY, EV_MSC);
	err = err ?: SET(fd, UI_SET_MSCBIT, MSC_SCAN);
	for (i = 1; !err && i <= KEYS; i++)
		err = SET(fd, UI_SET_KEYBIT, i);
	return err;
}

static int add_mouse(int fd)
{
	return SET(fd, UI_SET_EVBIT, EV_KEY, EV_REL) ?:
	       SET(fd, UI_SET_KEYBIT, BTN_LEFT, BTN_RIGHT, BTN_MIDDLE,
		   BTN_SIDE, BTN_EXTRA) ?:
	       SET(fd, UI_SET_RELBIT, REL_X, REL_Y, REL_WHEEL, REL_HWHEEL,
		   REL_WHEEL_HI_RES, REL_HWHEEL_HI_RES);
}

static int add_touch(int fd, int prop)
{
	return SET(fd, UI_SET_EVBIT, EV_KEY, EV_ABS) ?:
	       SET(fd, UI_SET_PROPBIT, prop) ?:
	       SET(fd, UI_SET_KEYBIT, BTN_TOUCH) ?:
	       add_axis(fd, ABS_X, AXIS_MAX) ?:
	       add_axis(fd, ABS_Y, AXIS_MAX) ?:
	       add_axis(fd, ABS_MT_SLOT, SLOTS - 1) ?:
	       add_axis(fd, ABS_MT_TRACKING_ID, AXIS_MAX) ?:
	       add_axis(fd, ABS_MT_POSITION_X, AXIS_MAX) ?:
	       add_axis(fd, ABS_MT_POSITION_Y, AXIS_MAX);
}

static int add_multitouch(int fd)
{
	return add_touch(fd, INPUT_PROP_POINTER) ?:
	       SET(fd, UI_SET_KEYBIT, BTN_LEFT, BTN_TOOL_FINGER,
		   BTN_TOOL_DOUBLETAP, BTN_TOOL_TRIPLETAP);
}

static int add_touchscreen(int fd)
{
	return add_touch(fd, INPUT_PROP_DIRECT);
}

static int add_pointer(int fd)
{
	return SET(fd, UI_SET_EVBIT, EV_KEY, EV_ABS) ?:
	       add_axis(fd, ABS_X, AXIS_MAX) ?:
	       add_axis(fd, ABS_Y, AXIS_MAX);
}

static int add_tablet(int fd)
{
	return add_pointer(fd) ?:
	       SET(fd, UI_SET_KEYBIT, BTN_LEFT, BTN_RIGHT, BTN_MIDDLE);
}

static int add_pen(int fd)
{
	return add_pointer(fd) ?: SET(fd, UI_SET_PROPBIT, INPUT_PROP_DIRECT) ?:
	       add_axis(fd, ABS_PRESSURE, AXIS_MAX) ?:
	       SET(fd, UI_SET_KEYBIT, BTN_TOOL_PEN, BTN_TOUCH, BTN_STYLUS);
}

static int add_pad(int fd)
{
	return add_pointer(fd) ?:
	       SET(fd, UI_SET_KEYBIT, BTN_SOUTH, BTN_EAST, BTN_NORTH,
		   BTN_WEST, BTN_START, BTN_SELECT);
}

static int (*const add_kind[])(int fd) = {
	[KEYBOARD] = add_keyboard,     [MOUSE] = add_mouse,
	[MULTITOUCH] = add_multitouch, [TOUCHSCREEN] = add_touchscreen,
	[TABLET] = add_tablet,	       [PEN] = add_pen,
	[PAD] = add_pad,
};

static int create(struct device *d, const struct input_id *id,
		  const char *phys)
{
	struct uinput_setup setup = { .id = *id };
	char name[64] = "";
	int err;

	snprintf(setup.name, sizeof(setup.name), "%s", d->name);
	err = add_kind[d->kind](d->fd);
	if (err)
		return err;
	if ((phys && ioctl(d->fd, UI_SET_PHYS, phys)) ||
	    ioctl(d->fd, UI_DEV_SETUP, &setup) || ioctl(d->fd, UI_DEV_CREATE) ||
	    ioctl(d->fd, UI_GET_SYSNAME(sizeof(name)), name) < 0)
		return -errno;
	if (sscanf(name, "input%d", &d->input) != 1)
		return -EPROTO;
	/* What comes before the reader has it open, it would never see. */
	return reader_sync();
}

static int device_new(const char *name, enum kind kind,
		      const struct input_id *id, const char *phys)
{
	struct device *d = &devices[device_count];
	int err;

	if (device_count == DEVICES)
		return fail(name, -ENOSPC);
	snprintf(d->name, sizeof(d->name), "%s", name);
	d->kind = kind;
	d->fd = open("/dev/uinput", O_WRONLY | O_CLOEXEC);
	if (d->fd < 0)
		return fail("/dev/uinput", -errno);
	err = create(d, id, phys);
	if (err) {
		close(d->fd);
		return fail(name, err);
	}
	device_count++;
	current = d;
	return 0;
}

static void device_end(struct device *d)
{
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}

/* A device that goes takes with it what its readers have not read yet. */
static int end_all(void)
{
	int i, err;

	err = reader_sync();
	for (i = 0; i < device_count; i++)
		device_end(&devices[i]);
	return err ? fail("the evdev reader does not answer", err) : 0;
}

/* --- packets */

static void put(struct input_event *ev, int type, int code, int value)
{
	memset(ev, 0, sizeof(*ev));
	ev->type = type;
	ev->code = code;
	ev->value = value;
}

static int emit(struct device *d, const struct input_event *ev, int n)
{
	int err;

	err = write_all(d->fd, ev, n * sizeof(*ev));
	return err ? fail(d->name, err) : 0;
}

/* Waits for the next packet's turn. */
static void pace(void)
{
	if (!rate)
		return;
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next_packet,
			       NULL) == EINTR && !stop)
		;
	next_packet.tv_nsec += 1000000000L / rate;
	if (next_packet.tv_nsec >= 1000000000L) {
		next_packet.tv_nsec -= 1000000000L;
		next_packet.tv_sec++;
	}
}

static void set_rate(uint32_t n)
{
	rate = n;
	clock_gettime(CLOCK_MONOTONIC, &next_packet);
}

static void fill_keys(struct device *d, struct input_event *ev, int n)
{
	int i;

	for (i = 0; i < n; i++, d->turn++)
		put(&ev[i], EV_KEY, d->turn % KEYS + 1,
		    !(d->turn / KEYS % 2));
}

static void fill_motion(struct device *d, struct input_event *ev, int n)
{
	int i;

	for (i = 0; i < n; i++, d->turn++)
		put(&ev[i], EV_REL, i % 2 ? REL_Y : REL_X,
		    d->turn % 1000 + 1);
}

static void fill_axes(struct device *d, struct input_event *ev, int n)
{
	int i;

	for (i = 0; i < n; i++, d->turn++)
		put(&ev[i], EV_ABS, i % 2 ? ABS_Y : ABS_X,
		    d->turn % AXIS_MAX + 1);
}

/*
 * Contacts of a slot, an id, X and Y. The core passes a slot on only before a
 * value that uses it, so a single value left over is a plain axis.
 */
static void fill_touch(struct device *d, struct input_event *ev, int n)
{
	static const int codes[] = { ABS_MT_SLOT, ABS_MT_TRACKING_ID,
				     ABS_MT_POSITION_X, ABS_MT_POSITION_Y };
	int whole = n % 4 == 1 ? n - 1 : n;
	int i, value;

	for (i = 0; i < whole; i++) {
		if (i % 4 == 0)
			d->turn++;
		value = i % 4 ? (int)(d->turn % AXIS_MAX) + 1 :
				(int)(d->turn % SLOTS);
		put(&ev[i], EV_ABS, codes[i % 4], value);
	}
	if (whole < n)
		put(&ev[whole], EV_ABS, ABS_X, ++d->turn % AXIS_MAX + 1);
}

/*
 * evdev keeps no more than 64 events of a keyboard for a reader. A longer
 * packet is written in parts; to the core that makes no difference.
 */
static int emit_slowly(struct device *d, const struct input_event *ev, int n)
{
	int part, err;

	for (; n > 0; n -= part, ev += part) {
		part = n < 32 ? n : 32;
		err = reader_sync() ?: emit(d, ev, part);
		if (err)
			return err;
	}
	return 0;
}

static int play_values(struct device *d, int n)
{
	struct input_event ev[VALUES_MAX + 1];

	switch (d->kind) {
	case KEYBOARD:
		fill_keys(d, ev, n);
		break;
	case MOUSE:
		fill_motion(d, ev, n);
		break;
	case MULTITOUCH:
	case TOUCHSCREEN:
		fill_touch(d, ev, n);
		break;
	case TABLET:
	case PEN:
	case PAD:
		fill_axes(d, ev, n);
		break;
	}
	put(&ev[n], EV_SYN, SYN_REPORT, 0);
	pace();
	return d->kind == KEYBOARD && n > 8 ? emit_slowly(d, ev, n + 1) :
					      emit(d, ev, n + 1);
}

/* --- commands */

struct script {
	char **line;
	size_t count;
	FILE *more; /* lines that have not been read yet; NULL: none */
};

static int bad(const char *line)
{
	fprintf(stderr, "uplay: cannot play '%s'\n", line);
	return -EINVAL;
}

static int find_kind(const char *name)
{
	int i;

	for (i = 0; i < (int)(sizeof(kinds) / sizeof(*kinds)); i++)
		if (!strcmp(kinds[i], name))
			return i;
	return -1;
}

static struct device *find_device(const char *name)
{
	int i;

	for (i = 0; i < device_count; i++)
		if (!strcmp(devices[i].name, name) && devices[i].fd >= 0)
			return &devices[i];
	return NULL;
}

static int make_device(const char *line, char word[4][64], int words)
{
	struct input_id id = { .bustype = 3, .vendor = 0x1209, .product = 1 };
	unsigned int bus, vendor, product;
	const char *phys = NULL;
	int i, kind, err;

	kind = find_kind(word[1]);
	if (kind < 0 || strlen(word[0]) >= sizeof(devices->name))
		return bad(line);
	for (i = 2; i < words; i++) {
		if (!strncmp(word[i], "phys=", 5)) {
			phys = word[i] + 5;
		} else if (sscanf(word[i], "%x:%x:%x", &bus, &vendor,
				  &product) == 3) {
			id.bustype = bus;
			id.vendor = vendor;
			id.product = product;
		} else {
			return bad(line);
		}
	}
	err = device_new(word[0], kind, &id, phys);
	if (!err)
		printf("device %s input%d\n", word[0], current->input);
	fflush(stdout);
	return err;
}

static int play_device(const char *line, const char *rest)
{
	char word[4][64];
	int words;

	words = sscanf(rest, "%63s %63s %63s %63s", word[0], word[1], word[2],
		       word[3]);
	if (words >= 2)
		return make_device(line, word, words);
	current = words == 1 ? find_device(word[0]) : NULL;
	return current ? 0 : bad(line);
}

static int play_remove(const char *line, const char *rest)
{
	struct device *d = find_device(rest);
	int err;

	if (!d)
		return bad(line);
	err = reader_sync();
	device_end(d);
	if (d == current)
		current = NULL;
	return err ? fail("the evdev reader does not answer", err) : 0;
}

static int play_value(const char *line, const char *rest)
{
	struct input_event ev;
	int type, code, value;

	if (!current || sscanf(rest, "%i %i %i", &type, &code, &value) != 3)
		return bad(line);
	put(&ev, type, code, value);
	return emit(current, &ev, 1);
}

static int play_syn(const char *line, const char *rest)
{
	struct input_event ev;

	if (!current || *rest)
		return bad(line);
	put(&ev, EV_SYN, SYN_REPORT, 0);
	pace();
	return emit(current, &ev, 1);
}

/* A whole number from @low to @high and nothing else; -1: it is not. */
static long whole(const char *text, long low, long high)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || end == text || *end || n < low || n > high)
		return -1;
	return n;
}

static int play_packet(const char *line, const char *rest)
{
	long n = whole(rest, 1, VALUES_MAX);

	if (n < 0 || !current)
		return bad(line);
	return play_values(current, n);
}

static int play_rate(const char *line, const char *rest)
{
	long n = whole(rest, 0, 1000000);

	if (n < 0)
		return bad(line);
	set_rate(n);
	return 0;
}

static int play_wait(const char *line, const char *rest)
{
	long n = whole(rest, 0, 86400000);

	if (n < 0)
		return bad(line);
	usleep(n * 1000);
	return 0;
}

static int play_mark(const char *line, const char *rest)
{
	if (*rest)
		return bad(line);
	printf("mark %llu\n", (unsigned long long)monotonic_us());
	fflush(stdout);
	return 0;
}

static const struct verb {
	const char *name;
	int (*play)(const char *line, const char *rest);
} verbs[] = {
	{ "device", play_device }, { "remove", play_remove },
	{ "v", play_value },	   { "syn", play_syn },
	{ "values", play_packet }, { "rate", play_rate },
	{ "wait-ms", play_wait },  { "mark", play_mark },
};

/* The @i'th line, read only now if it was not yet; NULL: there is none. */
static const char *line_at(struct script *s, size_t i)
{
	char *text = NULL, *start, **grown;
	size_t size = 0;

	if (i < s->count)
		return s->line[i];
	if (!s->more || getline(&text, &size, s->more) < 0) {
		free(text);
		s->more = NULL;
		return NULL;
	}
	text[strcspn(text, "\n")] = '\0';
	start = text + strspn(text, " \t");
	memmove(text, start, strlen(start) + 1);
	grown = realloc(s->line, (s->count + 1) * sizeof(*grown));
	if (!grown) {
		free(text);
		return NULL;
	}
	s->line = grown;
	s->line[s->count++] = text;
	return text;
}

static bool is_verb(const char *line, const char *verb, const char **rest)
{
	size_t len = strlen(verb);

	if (strncmp(line, verb, len) || (line[len] && line[len] != ' '))
		return false;
	*rest = line + len + strspn(line + len, " ");
	return true;
}

static int play_line(const char *line)
{
	const char *rest;
	size_t i;

	for (i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (is_verb(line, verbs[i].name, &rest))
			return verbs[i].play(line, rest);
	return bad(line);
}

static int play_from(struct script *s, size_t *at, bool inside);

/* @at is the line after `repeat`; after it, that after its `end`. */
static int play_repeat(struct script *s, size_t *at, const char *line,
		       const char *times)
{
	long n = whole(times, 1, 100000000);
	size_t start = *at;
	int err = 0;

	if (n < 0)
		return bad(line);
	while (n-- && !err && !stop) {
		*at = start;
		err = play_from(s, at, true);
	}
	return err;
}

static int play_from(struct script *s, size_t *at, bool inside)
{
	const char *line, *rest;
	int err = 0;

	while (!err && !stop && (line = line_at(s, (*at)++))) {
		if (!*line || *line == '#')
			continue;
		if (is_verb(line, "end", &rest))
			return inside ? 0 : bad(line);
		if (is_verb(line, "repeat", &rest))
			err = play_repeat(s, at, line, rest);
		else
			err = play_line(line);
	}
	return err ?: inside && !stop ? bad("repeat without end") : 0;
}

static int play_file(const char *path)
{
	struct script s = { 0 };
	size_t at = 0, i;
	int err;

	s.more = strcmp(path, "-") ? fopen(path, "re") : stdin;
	if (!s.more)
		return fail(path, -errno);
	err = play_from(&s, &at, false);
	for (i = 0; i < s.count; i++)
		free(s.line[i]);
	free(s.line);
	return end_all() ?: err;
}

/* --- load */

static int counted(struct device *d, uint32_t c, FILE *log)
{
	struct input_event ev[3];

	put(&ev[0], EV_REL, REL_X, c / 1024 + 1);
	put(&ev[1], EV_REL, REL_Y, c % 1024 + 1);
	put(&ev[2], EV_SYN, SYN_REPORT, 0);
	if (log)
		fprintf(log, "%llu %u input%d\n",
			(unsigned long long)monotonic_us(), c, d->input);
	return emit(d, ev, 3);
}

static int make_mice(long count)
{
	struct input_id id = { .bustype = 3, .vendor = 0x1209, .product = 2 };
	char name[32];
	long i;
	int err;

	for (i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "load%ld", i);
		err = device_new(name, MOUSE, &id, NULL);
		if (err)
			return err;
	}
	return 0;
}

static FILE *open_log(const char *path)
{
	FILE *log = fopen(path, "we");

	if (log)
		setvbuf(log, NULL, _IOFBF, 1 << 20);
	return log;
}

/* @packets from the devices in turn. */
static int send_counted(uint64_t packets, const char *log_path)
{
	FILE *log = NULL;
	uint64_t c;
	int err = 0;

	if (log_path) {
		log = open_log(log_path);
		if (!log)
			return fail(log_path, -errno);
	}
	for (c = 0; c < packets && !err && !stop; c++) {
		pace();
		err = counted(&devices[c % device_count], c & COUNTER_MASK,
			      log);
	}
	if (log && fclose(log))
		err = fail(log_path, -errno);
	return err;
}

static int load(char **arg)
{
	long seconds = whole(arg[0], 1, 86400);
	long packets = whole(arg[1], 1, 1000000);
	long count = whole(arg[2], 1, DEVICES);
	int err;

	if (seconds < 0 || packets < 0 || count < 0)
		return bad("--load");
	err = make_mice(count);
	if (!err) {
		set_rate(packets);
		err = send_counted((uint64_t)seconds * packets, arg[3]);
	}
	return end_all() ?: err;
}

static int flood(const char *count, const char *log_path)
{
	long n = whole(count, 1, 1000000000);
	int err;

	if (n < 0)
		return bad("--flood");
	err = make_mice(1) ?: send_counted(n, log_path);
	return end_all() ?: err;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_stop };

	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	if (argc == 6 && !strcmp(argv[1], "--load"))
		return load(argv + 2) ? 1 : 0;
	if ((argc == 3 || argc == 4) && !strcmp(argv[1], "--flood"))
		return flood(argv[2], argv[3]) ? 1 : 0;
	if (argc == 2 && !strcmp(argv[1], "--now"))
		return printf("%llu\n",
			      (unsigned long long)monotonic_us()) < 0;
	if (argc == 2 && (argv[1][0] != '-' || !argv[1][1]))
		return play_file(argv[1]) ? 1 : 0;
	fputs("usage: uplay FILE|- | --load SECONDS RATE DEVICES LOG |\n"
	      "       --flood COUNT [LOG] | --now\n", stderr);
	return 2;
}
