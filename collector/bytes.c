// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"

int bytes_reserve(struct bytes *bytes, size_t more)
{
	size_t cap = bytes->cap ? bytes->cap : 256;
	uint8_t *data;

	if (bytes->cap - bytes->len >= more)
		return 0;
	if (more > SIZE_MAX / 2 - bytes->len)
		return -ENOMEM;
	while (cap - bytes->len < more)
		cap *= 2;
	data = realloc(bytes->data, cap);
	if (!data)
		return -ENOMEM;
	bytes->data = data;
	bytes->cap = cap;
	return 0;
}

int bytes_append(struct bytes *bytes, const void *data, size_t len)
{
	int r = bytes_reserve(bytes, len);

	if (r < 0 || !len)
		return r;
	memcpy(bytes->data + bytes->len, data, len);
	bytes->len += len;
	return 0;
}

void bytes_consume(struct bytes *bytes, size_t len)
{
	if (!len)
		return;
	memmove(bytes->data, bytes->data + len, bytes->len - len);
	bytes->len -= len;
}

void bytes_free(struct bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct bytes){0};
}
