/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * control.h - /run/candor/control: what candor asks of candord
 *
 * A SOCK_SEQPACKET socket that anyone may connect to; who asks is told by
 * SO_PEERCRED. A request is one JSON object in one message of at most
 * CONTROL_MESSAGE_MAX bytes, and so is the reply:
 *
 *	{"verb": "status"}
 *	{"verb": "demonstrate", "seconds": 600}
 *	-> {"ok": true, ...} or {"error": "one line", "exit": N of exit.h}
 *
 * The reply to demonstrate holds "seconds", how long it lasts. The reply to
 * status holds "level" and "subject" (uid) for anyone and, for the subject and
 * root alone, because a count of keys is a password's length:
 *
 *	"grant": seconds left		"spool": folder
 *	"last_segment": file name	"ledger": {"seen": N, "written": N,
 *	"merged": N, "suppressed": N, "lost": {"ring_full": N, "unknown": N}}
 *
 * Members that do not apply are absent.
 */
#ifndef CANDOR_CONTROL_H
#define CANDOR_CONTROL_H

#include <stdint.h>
#include <sys/types.h>

struct json_object;
struct sd_event;

#define CONTROL_PATH "/run/candor/control"
#define CONTROL_MESSAGE_MAX 4096
#define CONTROL_CLIENTS_MAX 16
#define CONTROL_TIMEOUT_MS 5000

/* --- the daemon's side */

/*
 * What the daemon does for a request: adds members to @reply and returns 0, or
 * returns control_refuse(). The reply is sent when it returns, so what ends
 * the daemon must only be scheduled in it.
 */
struct control_ops {
	int (*demonstrate)(void *ctx, uid_t uid, uint32_t seconds,
			   struct json_object *reply);
	int (*status)(void *ctx, uid_t uid, struct json_object *reply);
};

/* Puts the error line and @exit_code into @reply; returns @exit_code. */
int control_refuse(struct json_object *reply, int exit_code,
		   const char *format, ...)
	__attribute__((format(printf, 3, 4)));

struct control;

/*
 * Listens at @path until control_free(). NULL and errno: EADDRINUSE means that
 * another daemon answers there; a socket nobody answers at is replaced. When
 * CONTROL_CLIENTS_MAX are connected, one more costs the user with the most
 * connections their oldest. A client that does not read is dropped. No timer.
 * @ops and @ctx must outlive it.
 */
struct control *control_new(struct sd_event *event, const char *path,
			    const struct control_ops *ops, void *ctx);
void control_free(struct control *control);

/* --- the client's side */

/*
 * Sends @request and waits for the reply, CONTROL_TIMEOUT_MS for both. 0 and
 * @reply (the caller's to put), also when it is a refusal. -ENOENT or
 * -ECONNREFUSED: no daemon. -ETIMEDOUT. -EBADMSG: the reply is not an object,
 * or the daemon closed the connection without one.
 */
int control_call(const char *path, struct json_object *request,
		 struct json_object **reply);
/* 0, or the exit code of a refusal, whose line is put in @why. */
int control_refusal(struct json_object *reply, const char **why);

#endif
