#include "lsm/base/buf.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	BUF_CAP_MIN = 64,
};

void buf_done(struct buf *b)
{
	free(b->ptr);
	*b = (struct buf){0};
}

int buf_grow(struct buf *b, size_t extra)
{
	if (extra > PTRDIFF_MAX - b->len)
		return -ENOMEM;

	/* Doubling keeps a run of appends linear; no cap passes PTRDIFF_MAX, so 2 * cap fits. */
	size_t doubled = max_of(2 * b->cap, (size_t)BUF_CAP_MIN);
	size_t cap = max_of(b->len + extra, doubled);
	uint8_t *grown = realloc(b->ptr, cap);

	if (!grown)
		return -ENOMEM;
	b->ptr = grown;
	b->cap = cap;
	return 0;
}

int buf_append(struct buf *b, const void *ptr, size_t len)
{
	int rc = buf_reserve(b, len);

	if (rc)
		return rc;
	buf_add(b, ptr, len);
	return 0;
}

int buf_append_slice(struct buf *b, struct slice s)
{
	return buf_append(b, s.ptr, s.len);
}

int buf_append_byte(struct buf *b, uint8_t byte)
{
	return buf_append(b, &byte, 1);
}

int buf_append_fixed32(struct buf *b, uint32_t v)
{
	uint8_t bytes[4];

	fixed32_put(bytes, v);
	return buf_append(b, bytes, sizeof(bytes));
}

int buf_append_fixed64(struct buf *b, uint64_t v)
{
	uint8_t bytes[8];

	fixed64_put(bytes, v);
	return buf_append(b, bytes, sizeof(bytes));
}

int buf_append_varint(struct buf *b, uint64_t v)
{
	uint8_t bytes[VARINT_MAX_BYTES];

	return buf_append(b, bytes, (size_t)(varint_put(bytes, v) - bytes));
}

int buf_append_sized(struct buf *b, struct slice s)
{
	if (s.len > PTRDIFF_MAX - VARINT_MAX_BYTES)
		return -ENOMEM;

	int rc = buf_reserve(b, varint_size(s.len) + s.len);

	if (rc)
		return rc;
	buf_add_varint(b, s.len);
	buf_add(b, s.ptr, s.len);
	return 0;
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
	for (;;) {
		size_t room = b->cap - b->len;
		va_list args;

		va_start(args, fmt);
		int len = vsnprintf(room > 0 ? (char *)b->ptr + b->len : NULL, room, fmt, args);
		va_end(args);
		assert(len >= 0);
		if ((size_t)len < room) { /* it ends with a NUL */
			b->len += (size_t)len;
			return 0;
		}
		int rc = buf_reserve(b, (size_t)len + 1);

		if (rc)
			return rc;
	}
}

int buf_set(struct buf *b, struct slice s)
{
	if (s.len > b->cap) {
		/* Not realloc: it would copy the old content, and s may lie in it. */
		uint8_t *fresh = malloc(s.len);

		if (!fresh)
			return -ENOMEM;
		memcpy(fresh, s.ptr, s.len);
		free(b->ptr);
		*b = (struct buf){.ptr = fresh, .len = s.len, .cap = s.len};
		return 0;
	}
	if (s.len > 0)
		memmove(b->ptr, s.ptr, s.len);
	b->len = s.len;
	return 0;
}

bool buf_prefix_end(struct buf *prefix)
{
	while (prefix->len > 0 && prefix->ptr[prefix->len - 1] == 0xff)
		prefix->len--;
	if (prefix->len == 0)
		return false;
	prefix->ptr[prefix->len - 1]++;
	return true;
}
