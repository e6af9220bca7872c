// SPDX-License-Identifier: GPL-2.0-only
#include "control.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "exit.h"

#define JSON_DEPTH_MAX 8

struct client {
	struct client *next; /* oldest first */
	struct control *control;
	sd_event_source *source;
	uid_t uid;
	int fd;
};

struct control {
	sd_event_source *source;
	struct client *clients;
	unsigned int count;
	const struct control_ops *ops;
	void *ctx;
	struct sockaddr_un address;
	int fd;
};

/* --- messages */

static int set_address(struct sockaddr_un *address, const char *path)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	strcpy(address->sun_path, path);
	return 0;
}

/* One JSON object and nothing else, or NULL. */
static struct json_object *parse_object(const char *text, size_t length)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX);
	struct json_object *object;

	if (!tokener)
		return NULL;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	object = json_tokener_parse_ex(tokener, text, (int)length);
	if (json_tokener_get_error(tokener) != json_tokener_success ||
	    json_tokener_get_parse_end(tokener) != length ||
	    !json_object_is_type(object, json_type_object)) {
		json_object_put(object);
		object = NULL;
	}
	json_tokener_free(tokener);
	return object;
}

static int send_object(int fd, struct json_object *object, int flags)
{
	const char *text;
	size_t length;

	text = json_object_to_json_string_length(
		object, JSON_C_TO_STRING_PLAIN, &length);
	if (!text)
		return -ENOMEM;
	if (length > CONTROL_MESSAGE_MAX)
		return -EMSGSIZE;
	if (send(fd, text, length, MSG_NOSIGNAL | flags) < 0)
		return -errno;
	return 0;
}

/*
 * Receives one message into @text of CONTROL_MESSAGE_MAX: its length, 0 at the
 * end, -EMSGSIZE when it was longer, or -errno.
 */
static ssize_t receive(int fd, char *text, int flags)
{
	ssize_t n = recv(fd, text, CONTROL_MESSAGE_MAX, flags | MSG_TRUNC);

	if (n < 0)
		return -errno;
	return n > CONTROL_MESSAGE_MAX ? -EMSGSIZE : n;
}

int control_refuse(struct json_object *reply, int exit_code,
		   const char *format, ...)
{
	char line[256];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	json_object_object_add(reply, "error", json_object_new_string(line));
	json_object_object_add(reply, "exit", json_object_new_int(exit_code));
	return exit_code;
}

/* --- the daemon's side */

static int do_status(struct client *client, struct json_object *request,
		     struct json_object *reply)
{
	struct control *control = client->control;

	return control->ops->status(control->ctx, client->uid, reply);
}

static int do_demonstrate(struct client *client, struct json_object *request,
			  struct json_object *reply)
{
	struct control *control = client->control;
	struct json_object *seconds;
	int64_t n;

	if (!json_object_object_get_ex(request, "seconds", &seconds) ||
	    !json_object_is_type(seconds, json_type_int))
		return control_refuse(reply, EXIT_USAGE,
				      "demonstrate: seconds must be a number");
	n = json_object_get_int64(seconds);
	if (n < 1 || n > UINT32_MAX)
		return control_refuse(reply, EXIT_USAGE,
				      "demonstrate: seconds out of range");
	return control->ops->demonstrate(control->ctx, client->uid,
					 (uint32_t)n, reply);
}

static const struct {
	const char *name;
	int (*run)(struct client *client, struct json_object *request,
		   struct json_object *reply);
} verbs[] = {
	{ "demonstrate", do_demonstrate },
	{ "status", do_status },
};

static int dispatch(struct client *client, struct json_object *request,
		    struct json_object *reply)
{
	struct json_object *verb = NULL;
	const char *name;
	size_t i;

	json_object_object_get_ex(request, "verb", &verb);
	if (!json_object_is_type(verb, json_type_string))
		return control_refuse(reply, EXIT_USAGE, "no verb");
	name = json_object_get_string(verb);
	for (i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (!strcmp(verbs[i].name, name))
			return verbs[i].run(client, request, reply);
	return control_refuse(reply, EXIT_USAGE, "unknown verb");
}

static int answer(struct client *client, const char *text, ssize_t length)
{
	struct json_object *request = NULL;
	struct json_object *reply = json_object_new_object();
	int r;

	if (!reply)
		return -ENOMEM;
	if (length > 0)
		request = parse_object(text, (size_t)length);
	if (request)
		r = dispatch(client, request, reply);
	else
		r = control_refuse(reply, EXIT_USAGE,
				   "not one JSON object of at most %d bytes",
				   CONTROL_MESSAGE_MAX);
	if (!r)
		json_object_object_add(reply, "ok",
				       json_object_new_boolean(true));
	r = send_object(client->fd, reply, MSG_DONTWAIT);
	json_object_put(request);
	json_object_put(reply);
	return r;
}

static void client_close(struct client *client)
{
	sd_event_source_unref(client->source);
	close(client->fd);
	free(client);
}

static void client_free(struct client *client)
{
	struct control *control = client->control;
	struct client **at = &control->clients;

	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	control->count--;
	client_close(client);
}

static int on_client(sd_event_source *source, int fd, uint32_t events,
		     void *data)
{
	char text[CONTROL_MESSAGE_MAX];
	struct client *client = data;
	ssize_t n = receive(fd, text, MSG_DONTWAIT);

	if (n == -EAGAIN || n == -EINTR)
		return 0;
	/*
	 * An empty message reads like the end and is treated as one. A failure
	 * is the client's alone: were it returned, sd-event would go deaf.
	 */
	if (n == 0 || (n < 0 && n != -EMSGSIZE) || answer(client, text, n))
		client_free(client);
	return 0;
}

static unsigned int connections(const struct control *control, uid_t uid)
{
	const struct client *client;
	unsigned int count = 0;

	for (client = control->clients; client; client = client->next)
		count += client->uid == uid;
	return count;
}

/* So that nobody can lock others out: who holds most loses their oldest. */
static void drop_one(struct control *control)
{
	struct client *client, *worst = NULL;
	unsigned int count, most = 0;

	for (client = control->clients; client; client = client->next) {
		count = connections(control, client->uid);
		if (count > most) {
			most = count;
			worst = client;
		}
	}
	if (worst)
		client_free(worst);
}

static int client_new(struct control *control, int fd)
{
	struct client *client, **at = &control->clients;
	struct ucred peer;
	socklen_t size = sizeof(peer);
	int r;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
		return -errno;
	client = calloc(1, sizeof(*client));
	if (!client)
		return -ENOMEM;
	client->control = control;
	client->uid = peer.uid;
	client->fd = fd;
	r = sd_event_add_io(sd_event_source_get_event(control->source),
			    &client->source, fd, EPOLLIN, on_client, client);
	if (r < 0) {
		free(client);
		return r;
	}
	/* what people ask never delays the ring */
	sd_event_source_set_priority(client->source, SD_EVENT_PRIORITY_IDLE);
	while (*at)
		at = &(*at)->next;
	*at = client;
	control->count++;
	return 0;
}

static int on_connect(sd_event_source *source, int listener, uint32_t events,
		      void *data)
{
	struct control *control = data;
	int fd;

	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0) {
		/* out of descriptors: make room, or this would spin */
		if (errno == EMFILE || errno == ENFILE)
			drop_one(control);
		return 0;
	}
	if (client_new(control, fd)) {
		close(fd);
		return 0;
	}
	if (control->count > CONTROL_CLIENTS_MAX)
		drop_one(control);
	return 0;
}

/* Removes a socket that a dead daemon left; -EADDRINUSE if one answers. */
static int clear_stale(const struct sockaddr_un *address)
{
	int fd, r;

	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	r = connect(fd, (const struct sockaddr *)address, sizeof(*address)) ?
		    -errno :
		    -EADDRINUSE;
	close(fd);
	if (r == -EAGAIN)
		return -EADDRINUSE;
	if (r != -ECONNREFUSED)
		return r == -ENOENT ? 0 : r;
	return unlink(address->sun_path) ? -errno : 0;
}

static int listen_at(const struct sockaddr_un *address)
{
	int fd, r;

	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)address, sizeof(*address))) {
		r = -errno;
		goto fail_bind;
	}
	/* anyone may ask; what is answered depends on who does */
	if (chmod(address->sun_path, 0666) || listen(fd, CONTROL_CLIENTS_MAX)) {
		r = -errno;
		goto fail_listen;
	}
	return fd;
fail_listen:
	unlink(address->sun_path);
fail_bind:
	close(fd);
	return r;
}

static int control_start(struct control *control, struct sd_event *event,
			 const char *path)
{
	int r = set_address(&control->address, path);

	if (!r)
		r = clear_stale(&control->address);
	if (r)
		return r;
	control->fd = listen_at(&control->address);
	if (control->fd < 0)
		return control->fd;
	r = sd_event_add_io(event, &control->source, control->fd, EPOLLIN,
			    on_connect, control);
	if (r < 0)
		return r;
	return sd_event_source_set_priority(control->source,
					    SD_EVENT_PRIORITY_IDLE);
}

struct control *control_new(struct sd_event *event, const char *path,
			    const struct control_ops *ops, void *ctx)
{
	struct control *control = calloc(1, sizeof(*control));
	int r;

	if (!control)
		return NULL;
	control->ops = ops;
	control->ctx = ctx;
	control->fd = -1;
	r = control_start(control, event, path);
	if (r < 0) {
		control_free(control);
		errno = -r;
		return NULL;
	}
	return control;
}

void control_free(struct control *control)
{
	struct client *client, *next;

	if (!control)
		return;
	for (client = control->clients; client; client = next) {
		next = client->next;
		client_close(client);
	}
	sd_event_source_unref(control->source);
	if (control->fd >= 0) {
		unlink(control->address.sun_path);
		close(control->fd);
	}
	free(control);
}

/* --- the client's side */

static int connect_to(const char *path)
{
	const struct timeval timeout = {
		.tv_sec = CONTROL_TIMEOUT_MS / 1000,
		.tv_usec = CONTROL_TIMEOUT_MS % 1000 * 1000,
	};
	struct sockaddr_un address;
	int fd, r;

	r = set_address(&address, path);
	if (r)
		return r;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout,
		       sizeof(timeout)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout,
		       sizeof(timeout)) ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

static int exchange(int fd, struct json_object *request,
		    struct json_object **reply)
{
	char text[CONTROL_MESSAGE_MAX];
	ssize_t n;
	int r;

	r = send_object(fd, request, 0);
	if (r)
		return r;
	n = receive(fd, text, 0);
	if (n < 0)
		return (int)n;
	*reply = parse_object(text, (size_t)n);
	return *reply ? 0 : -EBADMSG;
}

int control_call(const char *path, struct json_object *request,
		 struct json_object **reply)
{
	int fd, r;

	*reply = NULL;
	fd = connect_to(path);
	if (fd < 0)
		return fd == -EAGAIN ? -ETIMEDOUT : fd;
	r = exchange(fd, request, reply);
	close(fd);
	switch (r) {
	case -EAGAIN:
		return -ETIMEDOUT;
	case -EPIPE:
	case -ECONNRESET:
	case -EMSGSIZE:
		return -EBADMSG;
	}
	return r;
}

int control_refusal(struct json_object *reply, const char **why)
{
	struct json_object *error, *code;
	int n = EXIT_FAILED;

	if (!json_object_object_get_ex(reply, "error", &error))
		return 0;
	*why = json_object_get_string(error);
	if (json_object_object_get_ex(reply, "exit", &code) &&
	    json_object_get_int(code) > 0)
		n = json_object_get_int(code);
	return n;
}
