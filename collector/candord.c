// SPDX-License-Identifier: GPL-2.0-only
/*
 * candord: drains the ring, keeps the lease, writes segments
 *
 * One level is one process life: what changes the level seals and exits, and
 * the supervisor starts the next. Without input and open segment it sleeps
 * with no timer armed.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include "capture.h"
#include "clock.h"
#include "conf.h"
#include "control.h"
#include "device_node.h"
#include "exit.h"
#include "grant.h"
#include "hold.h"
#include "pipeline.h"
#include "privilege.h"
#include "pseudonym.h"
#include "spool.h"
#include "version.h"

#define PSEUDONYM_PATH "/var/lib/candor/pseudonyms"
#define RETENTION_SEC (7 * 24 * 3600)
/* An open segment that nothing is added to is sealed when it is this old. */
#define QUIET_SEGMENT_NS (60 * NS_PER_SEC)
/* Nothing here is in a hurry: the kernel may serve timers together. */
#define TIMER_ACCURACY_NS (250 * UINT64_C(1000000))
#define NS_PER_USEC 1000

struct daemon {
	struct conf conf;
	uid_t subject;
	enum level level;
	struct grant grant; /* level 0: none */
	char boot_id[SD_ID128_UUID_STRING_MAX];
	char spool_dir[CONF_PATH_MAX + 16];

	int lease_fd;
	struct capture *capture;
	struct spool *spool;
	struct pipeline *pipeline;
	struct control *control;
	sd_event *event;
	sd_event_source *timer; /* flush, and every other deadline */

	bool woke_up; /* the next lease may end the suspend reason */
	uint64_t stop_at_ns; /* CLOCK_MONOTONIC; 0: not stopping */
	uint64_t control_lost;
	bool said_untracked;
	int exit_code;
};

static struct {
	const char *root; /* of the configuration; NULL: "/" */
	bool verbose;
} options;

__attribute__((format(printf, 2, 3))) static int complain(int exit_code,
							  const char *format,
							  ...)
{
	va_list args;

	fputs("candord: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return exit_code;
}

/* --- the lease */

static int end_grant(struct daemon *daemon);

static int renew_lease(struct daemon *daemon)
{
	const struct candor_lease lease = {
		.abi = CANDOR_ABI,
		.reasons = daemon->woke_up ? 0 : CANDOR_SUSPEND,
		.flush_ms = daemon->conf.flush_interval_s * 1000,
		.flags = daemon->level == LEVEL_DEMONSTRATION ?
				 CANDOR_LEASE_BLINK : 0,
	};
	int ret;

	if (daemon->lease_fd < 0)
		return 0;
	/* The timer may come late, after a sleep above all. */
	if (daemon->grant.level &&
	    clock_ns(CLOCK_BOOTTIME) >= daemon->grant.end_ns)
		return end_grant(daemon);
	ret = device_node_lease(daemon->lease_fd, &lease);
	if (!ret)
		daemon->woke_up = false;
	return ret;
}

/* The kernel closes the gate before close() returns. */
static void drop_lease(struct daemon *daemon)
{
	if (daemon->lease_fd >= 0)
		close(daemon->lease_fd);
	daemon->lease_fd = -1;
}

/* --- draining, flushing, sealing */

static uint64_t later(uint64_t a_ns, uint64_t b_ns)
{
	return a_ns > b_ns ? a_ns : b_ns;
}

/* Any failure on the way to disk: capture ends, what is on disk stays. */
static int fail(struct daemon *daemon, const char *what, int error)
{
	drop_lease(daemon);
	daemon->exit_code = complain(
		EXIT_LATER,
		"%s: %s; capture stopped; the open segment is recovered at the next start",
		what, strerror(-error));
	return sd_event_exit(daemon->event, daemon->exit_code);
}

static int set_timer(struct daemon *daemon, uint64_t at_ns)
{
	int ret = sd_event_source_set_time(daemon->timer, at_ns / NS_PER_USEC);

	if (!ret)
		ret = sd_event_source_set_enabled(daemon->timer,
						  SD_EVENT_ONESHOT);
	return ret;
}

/* Drains, and follows what the ring says of the gate. 0; 1: more; -errno. */
static int drain(struct daemon *daemon, struct pipeline_news *news)
{
	uint64_t lost = capture_control_lost(daemon->capture);
	int more = pipeline_drain(daemon->pipeline, clock_moment(), news);

	if (more < 0)
		return more;
	/* A gate record may be among those: act as if all of them were. */
	if (lost != daemon->control_lost)
		news->gate_changed = news->woke_up = true;
	daemon->control_lost = lost;
	if (news->woke_up)
		daemon->woke_up = true;
	if (!daemon->said_untracked && capture_untracked(daemon->capture)) {
		daemon->said_untracked = true;
		complain(0, "too many input devices: those that came last are not captured");
	}
	return more;
}

/*
 * What happens next, and when. While anything waits in memory: a flush. With
 * nothing left: the open segment's end. With none open: nothing, ever.
 */
static int plan(struct daemon *daemon, uint64_t now_ns, uint64_t flush_ns)
{
	uint64_t since = pipeline_segment_since(daemon->pipeline);

	if (daemon->stop_at_ns)
		return set_timer(daemon, daemon->stop_at_ns);
	if (pipeline_busy(daemon->pipeline) || !capture_sleep(daemon->capture))
		return set_timer(daemon, now_ns + flush_ns);
	if (since)
		return set_timer(daemon, since + QUIET_SEGMENT_NS);
	return sd_event_source_set_enabled(daemon->timer, SD_EVENT_OFF);
}

static uint64_t flush_interval_ns(const struct daemon *daemon)
{
	return daemon->conf.flush_interval_s * NS_PER_SEC;
}

static int finish(struct daemon *daemon)
{
	struct moment now = clock_moment();
	int ret = pipeline_settle(daemon->pipeline, now);

	if (!ret)
		ret = pipeline_flush(daemon->pipeline, now, 0);
	if (!ret)
		ret = pipeline_seal(daemon->pipeline, now);
	return ret ? fail(daemon, "sealing the last segment", ret) :
		     sd_event_exit(daemon->event, daemon->exit_code);
}

static int flush(struct daemon *daemon)
{
	struct moment now = clock_moment();
	uint64_t since;
	int ret = pipeline_flush(daemon->pipeline, now, HOLD_AGE_NS);

	since = pipeline_segment_since(daemon->pipeline);
	if (!ret && since && !pipeline_busy(daemon->pipeline) &&
	    now.monotonic_ns - since >= QUIET_SEGMENT_NS)
		ret = pipeline_seal(daemon->pipeline, now);
	return ret;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *ctx)
{
	struct daemon *daemon = ctx;
	struct pipeline_news news;
	int more = drain(daemon, &news);
	int ret = more < 0 ? more : 0;

	if (!ret && daemon->stop_at_ns && !more)
		return finish(daemon);
	if (!ret)
		ret = flush(daemon);
	if (ret)
		return fail(daemon, "writing to the spool", ret);
	ret = renew_lease(daemon);
	if (ret)
		return fail(daemon, "renewing the lease", ret);
	return plan(daemon, clock_ns(CLOCK_MONOTONIC),
		    more ? 0 : flush_interval_ns(daemon));
}

/* The flush timer runs from the first record on; a closed gate hurries it. */
static int on_ring(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	struct daemon *daemon = ctx;
	struct pipeline_news news;
	uint64_t now_ns, at_ns, held_ns;
	int enabled, ret = drain(daemon, &news);

	if (ret < 0)
		return fail(daemon, "draining the ring", ret);
	ret = renew_lease(daemon);
	if (ret)
		return fail(daemon, "renewing the lease", ret);
	if (daemon->stop_at_ns)
		return 0;
	now_ns = clock_ns(CLOCK_MONOTONIC);
	at_ns = now_ns + flush_interval_ns(daemon);
	held_ns = pipeline_held_until(daemon->pipeline);
	if (news.gate_changed && held_ns < at_ns)
		at_ns = later(now_ns, held_ns);
	sd_event_source_get_enabled(daemon->timer, &enabled);
	if (enabled == SD_EVENT_ONESHOT) {
		uint64_t due;

		sd_event_source_get_time(daemon->timer, &due);
		/* A quiet segment's end gives way to a flush. */
		if (due * NS_PER_USEC <= at_ns)
			return 0;
	}
	return set_timer(daemon, at_ns);
}

/* --- stopping */

/* Closes the gate, then waits out the hold; @exit_code when all is sealed. */
static int stop(struct daemon *daemon, int exit_code)
{
	struct pipeline_news news;
	int ret;

	if (daemon->stop_at_ns)
		return 0;
	sd_notify(false, "STOPPING=1");
	daemon->exit_code = exit_code;
	drop_lease(daemon);
	do
		ret = drain(daemon, &news);
	while (ret == 1);
	if (ret)
		return fail(daemon, "draining the ring", ret);
	daemon->stop_at_ns = later(clock_ns(CLOCK_MONOTONIC),
				   pipeline_held_until(daemon->pipeline));
	return set_timer(daemon, daemon->stop_at_ns);
}

static int on_signal(sd_event_source *source,
		     const struct signalfd_siginfo *info, void *ctx)
{
	return stop(ctx, EXIT_OK);
}

/* The next life records at the policy's level. */
static int end_grant(struct daemon *daemon)
{
	grant_clear(GRANT_PATH);
	return stop(daemon, EXIT_OK);
}

static int on_grant_end(sd_event_source *source, uint64_t usec, void *ctx)
{
	return end_grant(ctx);
}

/* --- the control socket */

static int on_demonstrate(void *ctx, uid_t uid, uint32_t seconds,
			  struct json_object *reply)
{
	struct daemon *daemon = ctx;
	const struct grant_policy policy = {
		.subject = daemon->subject,
		.demonstration_max_sec = daemon->conf.demonstration_max_s,
	};
	struct grant grant;
	int ret = grant_demonstration(&policy, uid, seconds,
				      clock_ns(CLOCK_BOOTTIME), &grant, reply);

	if (ret)
		return ret;
	ret = grant_store(GRANT_PATH, daemon->boot_id, &grant);
	if (ret)
		return control_refuse(reply, EXIT_FAILED, "%s: %s", GRANT_PATH,
				      strerror(-ret));
	stop(daemon, EXIT_OK);
	return 0;
}

static void add_ledger(const struct daemon *daemon, struct json_object *reply)
{
	struct json_object *ledger = json_object_new_object();
	struct json_object *lost = json_object_new_object();
	struct ledger_row sum;

	pipeline_totals(daemon->pipeline, &sum);
	json_object_object_add(ledger, "seen", json_object_new_uint64(sum.seen));
	json_object_object_add(ledger, "written",
			       json_object_new_uint64(sum.written));
	json_object_object_add(ledger, "merged",
			       json_object_new_uint64(sum.merged));
	json_object_object_add(ledger, "suppressed",
			       json_object_new_uint64(sum.suppressed));
	json_object_object_add(
		lost, "ring_full",
		json_object_new_uint64(sum.lost[LOST_RING_FULL]));
	json_object_object_add(lost, "unknown",
			       json_object_new_uint64(sum.lost[LOST_UNKNOWN]));
	json_object_object_add(ledger, "lost", lost);
	json_object_object_add(reply, "ledger", ledger);
}

static void add_private(const struct daemon *daemon, struct json_object *reply)
{
	const char *last = spool_last(daemon->spool);
	uint64_t now_ns = clock_ns(CLOCK_BOOTTIME);

	if (daemon->grant.level && daemon->grant.end_ns > now_ns)
		json_object_object_add(
			reply, "grant",
			json_object_new_uint64((daemon->grant.end_ns - now_ns) /
					       NS_PER_SEC));
	json_object_object_add(reply, "spool",
			       json_object_new_string(
				       daemon->spool_dir));
	if (*last)
		json_object_object_add(reply, "last_segment",
				       json_object_new_string(last));
	add_ledger(daemon, reply);
}

static int on_status(void *ctx, uid_t uid, struct json_object *reply)
{
	struct daemon *daemon = ctx;

	json_object_object_add(
		reply, "level",
		json_object_new_string(level_name(daemon->level)));
	json_object_object_add(reply, "subject",
			       json_object_new_int64(daemon->subject));
	if (uid == daemon->subject || !uid)
		add_private(daemon, reply);
	return 0;
}

static const struct control_ops control_ops = {
	.demonstrate = on_demonstrate,
	.status = on_status,
};

/* --- the way up: each step 0, or the exit code after saying why */

static int start_conf(struct daemon *daemon)
{
	int ret = conf_load(&daemon->conf, options.root, NULL, NULL);

	if (ret)
		return complain(EXIT_CONFIG,
				"configuration: %s; nothing is captured",
				strerror(-ret));
	ret = conf_subject(&daemon->conf, &daemon->subject);
	if (ret == -ENODATA)
		return complain(
			EXIT_CONFIG,
			"configuration: Subject= is not set: name the user whose input this is");
	if (ret)
		return complain(EXIT_CONFIG,
				"configuration: Subject=%s: no such user",
				daemon->conf.subject);
	return 0;
}

/*
 * Root may do anything, and would leave files that the next start as `candor`
 * cannot touch.
 */
static int start_identity(struct daemon *daemon)
{
	sd_id128_t boot;
	int ret;

	if (!geteuid())
		return complain(
			EXIT_DENIED,
			"runs as user candor with CAP_BPF and CAP_PERFMON, not as root: setpriv --reuid=candor --regid=candor --clear-groups --inh-caps=+bpf,+perfmon --ambient-caps=+bpf,+perfmon");
	ret = sd_id128_get_boot(&boot);
	if (ret)
		return complain(EXIT_FAILED, "boot id: %s", strerror(-ret));
	sd_id128_to_uuid_string(boot, daemon->boot_id);
	return 0;
}

static int start_module(struct daemon *daemon)
{
	struct candor_status status;
	int ret;

	daemon->lease_fd = device_node_open();
	if (daemon->lease_fd < 0)
		return complain(EXIT_UNSUPPORTED,
				DEVICE_NODE_PATH
				": %s; load the module: modprobe candor",
				strerror(-daemon->lease_fd));
	ret = device_node_status(daemon->lease_fd, &status);
	/* ENOTTY: the call itself has another shape there. */
	if (ret == -EPROTO || ret == -ENOTTY)
		return complain(
			EXIT_UNSUPPORTED,
			DEVICE_NODE_PATH
			": the module speaks another ABI than this candord (%d); install both from one release",
			CANDOR_ABI);
	if (ret)
		return complain(EXIT_UNSUPPORTED, DEVICE_NODE_PATH ": %s",
				strerror(-ret));
	return 0;
}

static int start_level(struct daemon *daemon)
{
	int ret = grant_load(GRANT_PATH, clock_ns(CLOCK_BOOTTIME),
			     daemon->boot_id, &daemon->grant);

	if (ret < 0)
		complain(0, GRANT_PATH ": %s; recording at the policy's level",
			 strerror(-ret));
	/* Policy may have forbidden it since; somebody else's does not count. */
	if (ret <= 0 || daemon->grant.uid != daemon->subject ||
	    !daemon->conf.demonstration_max_s)
		daemon->grant = (struct grant){ 0 };
	daemon->level = daemon->grant.level ? daemon->grant.level :
					      daemon->conf.level;
	return 0;
}

static void say_found(const char *name, enum spool_found what, int error,
		      void *ctx)
{
	switch (what) {
	case SPOOL_RECOVERED:
		complain(0, "%s: recovered to a sealed segment", name);
		break;
	case SPOOL_QUARANTINED:
		complain(0, "%s: no header in it, moved to quarantine", name);
		break;
	case SPOOL_LEFT:
		complain(0, "%s: not recovered: %s; tried again at next start",
			 name, strerror(error < 0 ? -error : error));
		break;
	}
}

static int start_spool(struct daemon *daemon)
{
	const struct spool_options with = {
		.dir = daemon->spool_dir,
		.subject = daemon->subject,
		.found = say_found,
	};

	snprintf(daemon->spool_dir, sizeof(daemon->spool_dir), "%s/%u",
		 daemon->conf.spool, daemon->subject);
	daemon->spool = spool_open(&with);
	return daemon->spool ? 0 :
			       complain(EXIT_LATER,
					"spool %s: %s; %s", with.dir,
					strerror(errno),
					errno == EBUSY ?
						"another candord writes there" :
						"user candor must be able to write there");
}

static int start_capture(struct daemon *daemon)
{
	struct capture_options with = {
		.level = daemon->level,
		.virtual_count = daemon->conf.virtual_count,
		.verbose = options.verbose,
	};
	const char *what;

	for (size_t i = 0; i < with.virtual_count; i++) {
		const struct conf_device *from = &daemon->conf.virtual_device[i];

		with.virtual_device[i].bus = from->bus;
		with.virtual_device[i].vendor = from->vendor;
		with.virtual_device[i].product = from->product;
	}
	daemon->capture = capture_open(&with, &what);
	if (!daemon->capture)
		return complain(
			errno == EPERM ? EXIT_DENIED : EXIT_UNSUPPORTED,
			"%s: %s; it needs CAP_BPF, CAP_PERFMON and the module (candord --verbose says more)",
			what, strerror(errno));
	return 0;
}

static unsigned int this_month(time_t now)
{
	struct tm tm;

	localtime_r(&now, &tm);
	return (unsigned int)(tm.tm_year + 1900) * 100 + tm.tm_mon + 1;
}

static int identify(struct header_info *header, void *ctx)
{
	const struct daemon *daemon = ctx;
	time_t now = time(NULL);
	sd_id128_t boot;
	int ret = conf_digest(&daemon->conf, header->policy);

	if (!ret)
		ret = sd_id128_get_boot(&boot);
	if (!ret)
		ret = pseudonym_get(PSEUDONYM_PATH, daemon->subject,
				    this_month(now), header->host,
				    header->subject);
	if (ret)
		return complain(ret, PSEUDONYM_PATH ": %s", strerror(-ret));
	memcpy(header->boot, boot.bytes, sizeof(header->boot));
	header->recorder = "candor " CANDOR_VERSION;
	header->layout = daemon->conf.layout;
	header->expires_at = now + RETENTION_SEC;
	return 0;
}

static int start_pipeline(struct daemon *daemon)
{
	const struct pipeline_options with = {
		.capture = daemon->capture,
		.spool = daemon->spool,
		.segment_max_bytes = daemon->conf.segment_max_bytes,
		.segment_max_ns = daemon->conf.segment_max_s * NS_PER_SEC,
		.level = daemon->level,
		.identify = identify,
		.ctx = daemon,
	};
	struct header_info header;

	/* What would fail at the first segment fails before the lease. */
	if (identify(&header, daemon))
		return EXIT_LATER;
	daemon->pipeline = pipeline_new(&with);
	return daemon->pipeline ? 0 :
				  complain(EXIT_FAILED, "level %s: %s",
					   level_name(daemon->level),
					   strerror(errno));
}

static int add_sources(struct daemon *daemon)
{
	int ret = sd_event_add_io(daemon->event, NULL,
				  capture_fd(daemon->capture), EPOLLIN, on_ring,
				  daemon);

	if (ret >= 0)
		ret = sd_event_add_time(daemon->event, &daemon->timer,
					CLOCK_MONOTONIC, 0,
					TIMER_ACCURACY_NS / NS_PER_USEC,
					on_timer, daemon);
	if (ret >= 0)
		ret = sd_event_source_set_enabled(daemon->timer, SD_EVENT_OFF);
	if (ret >= 0 && daemon->grant.level)
		ret = sd_event_add_time(daemon->event, NULL, CLOCK_BOOTTIME,
					daemon->grant.end_ns / NS_PER_USEC, 1,
					on_grant_end, daemon);
	if (ret >= 0)
		ret = sd_event_add_signal(daemon->event, NULL, SIGTERM,
					  on_signal, daemon);
	if (ret >= 0)
		ret = sd_event_add_signal(daemon->event, NULL, SIGINT,
					  on_signal, daemon);
	return ret;
}

static int start_loop(struct daemon *daemon)
{
	int ret = sd_event_default(&daemon->event);

	if (ret >= 0)
		ret = add_sources(daemon);
	if (ret < 0)
		return complain(EXIT_FAILED, "event loop: %s", strerror(-ret));
	daemon->control = control_new(daemon->event, CONTROL_PATH, &control_ops,
				      daemon);
	if (!daemon->control)
		return complain(EXIT_FAILED, CONTROL_PATH ": %s",
				errno == EADDRINUSE ?
					"another candord answers there" :
					strerror(errno));
	return 0;
}

static int start_privilege(struct daemon *daemon)
{
	int ret = privilege_drop();

	return ret ? complain(EXIT_FAILED, "dropping capabilities: %s",
			      strerror(-ret)) :
		     0;
}

/* The last step: from here on the gate may open. */
static int start_lease(struct daemon *daemon)
{
	int ret;

	daemon->woke_up = true;
	ret = renew_lease(daemon);
	if (ret)
		return complain(ret == -EPERM ? EXIT_DENIED : EXIT_LATER,
				"lease: %s; %s", strerror(-ret),
				ret == -EBUSY ? "another collector holds it" :
						"it needs CAP_PERFMON");
	sd_notify(false, "READY=1");
	return 0;
}

/*
 * In this order: everything that may refuse comes before the lease, so that
 * the indicator never lights for nothing. Capabilities are gone before the
 * first byte from another process is read.
 */
static int (*const start_steps[])(struct daemon *) = {
	start_conf,	start_identity, start_module,	 start_level,
	start_spool,	start_capture,	start_privilege, start_pipeline,
	start_loop,	start_lease,
};

static void tear_down(struct daemon *daemon)
{
	drop_lease(daemon);
	control_free(daemon->control);
	pipeline_free(daemon->pipeline);
	spool_free(daemon->spool);
	capture_free(daemon->capture);
	sd_event_source_disable_unref(daemon->timer);
	sd_event_unref(daemon->event);
}

static int run(void)
{
	struct daemon daemon = { .lease_fd = -1 };
	int ret = 0;

	for (size_t i = 0; !ret && i < sizeof(start_steps) / sizeof(*start_steps);
	     i++)
		ret = start_steps[i](&daemon);
	if (!ret)
		ret = sd_event_loop(daemon.event);
	if (ret < 0)
		ret = complain(EXIT_FAILED, "event loop: %s", strerror(-ret));
	tear_down(&daemon);
	return ret;
}

static void usage(FILE *to)
{
	fputs("usage: candord [--root DIR] [--verbose] [--version]\n"
	      "  --root DIR  read the configuration below DIR\n"
	      "  --verbose   show what libbpf says\n", to);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "root", required_argument, NULL, 'r' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	sigset_t signals;
	int opt;

	while ((opt = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (opt) {
		case 'r':
			options.root = optarg;
			break;
		case 'v':
			options.verbose = true;
			break;
		case 'V':
			puts("candord " CANDOR_VERSION);
			return EXIT_OK;
		case 'h':
			usage(stdout);
			return EXIT_OK;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return EXIT_USAGE;
	}
	/* sd_event wants them blocked before they come. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	umask(077);
	return run();
}
