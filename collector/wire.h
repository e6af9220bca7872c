/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wire.h - a look at protobuf bytes before anything is allocated for them
 */
#ifndef CANDOR_WIRE_H
#define CANDOR_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct ProtobufCMessageDescriptor;

/* A varint: its bytes, 0 when it is cut off, -EBADMSG when it has no end. */
ssize_t wire_varint(const uint8_t *data, size_t len, uint64_t *value);

/*
 * Walks a message and all those in it that the schema knows. -EBADMSG when it
 * is malformed; -EFBIG when it has more than *@elements tags, which is what
 * the parser's memory grows by. *@elements is lowered by those found.
 */
int wire_check(const struct ProtobufCMessageDescriptor *type,
	       const uint8_t *data, size_t len, size_t *elements);

#endif
