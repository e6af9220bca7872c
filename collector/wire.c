// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>

#include <protobuf-c/protobuf-c.h>

#include "wire.h"

#define VARINT_MAX 10

enum wire_type { WIRE_VARINT, WIRE_64, WIRE_BYTES, WIRE_32 = 5 };

ssize_t wire_varint(const uint8_t *data, size_t len, uint64_t *value)
{
	*value = 0;
	for (size_t i = 0; i < len && i < VARINT_MAX; i++) {
		*value |= (uint64_t)(data[i] & 0x7f) << (7 * i);
		if (!(data[i] & 0x80))
			return (ssize_t)i + 1;
	}
	return len >= VARINT_MAX ? -EBADMSG : 0;
}

/* Bytes of a field's content after its tag, and how many of them a length. */
static ssize_t content(enum wire_type type, const uint8_t *data, size_t len,
		       size_t *prefix)
{
	uint64_t value;
	ssize_t n = wire_varint(data, len, &value);

	*prefix = 0;
	switch (type) {
	case WIRE_VARINT:
		return n > 0 ? n : -EBADMSG;
	case WIRE_64:
		return len >= 8 ? 8 : -EBADMSG;
	case WIRE_32:
		return len >= 4 ? 4 : -EBADMSG;
	case WIRE_BYTES:
		if (n <= 0 || value > len - (size_t)n)
			return -EBADMSG;
		*prefix = (size_t)n;
		return n + (ssize_t)value;
	}
	return -EBADMSG;
}

static const ProtobufCMessageDescriptor *
nested(const ProtobufCMessageDescriptor *type, uint64_t number)
{
	const ProtobufCFieldDescriptor *field;

	if (number > UINT32_MAX)
		return NULL;
	field = protobuf_c_message_descriptor_get_field(type,
							(unsigned int)number);
	if (!field || field->type != PROTOBUF_C_TYPE_MESSAGE)
		return NULL;
	return field->descriptor;
}

/* The schema has no message within itself, so the depth is the schema's. */
int wire_check(const ProtobufCMessageDescriptor *type, const uint8_t *data,
	       size_t len, size_t *elements)
{
	while (len) {
		const ProtobufCMessageDescriptor *inner;
		uint64_t tag;
		size_t prefix;
		ssize_t n = wire_varint(data, len, &tag), size;
		int r = 0;

		if (n <= 0 || !(tag >> 3))
			return -EBADMSG;
		if (!*elements)
			return -EFBIG;
		--*elements;
		data += n;
		len -= (size_t)n;
		size = content(tag & 7, data, len, &prefix);
		if (size < 0)
			return -EBADMSG;
		inner = prefix ? nested(type, tag >> 3) : NULL;
		if (inner)
			r = wire_check(inner, data + prefix,
				       (size_t)size - prefix, elements);
		if (r < 0)
			return r;
		data += size;
		len -= (size_t)size;
	}
	return 0;
}
