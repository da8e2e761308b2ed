/*
 * A growable byte buffer that owns its memory.
 *
 * Zero-initialise it (`struct buf b = { 0 };`) and end it with buf_done, or let
 * `cleanup_buf struct buf b = { 0 };` do so. Thread rule: one thread at a time.
 */
#pragma once

#include <assert.h>

#include "lsm/base/coding.h"
#include "lsm/base/compiler.h"
#include "lsm/base/slice.h"

struct buf {
	uint8_t *ptr; /* owned; may be NULL while cap is 0 */
	size_t len;
	size_t cap;
};

/* Free the memory; the buffer is empty and usable again afterwards. */
void buf_done(struct buf *b);

/* Keep the memory, forget the content. */
static inline void buf_clear(struct buf *b)
{
	b->len = 0;
}

static inline struct slice buf_slice(const struct buf *b)
{
	return slice_of(b->ptr, b->len);
}

/* For buf_reserve: the room is not there yet. */
must_check int buf_grow(struct buf *b, size_t extra);

/* Make room for `extra` more bytes. -ENOMEM leaves the buffer as it was. */
must_check static inline int buf_reserve(struct buf *b, size_t extra)
{
	return likely(b->cap - b->len >= extra) ? 0 : buf_grow(b, extra);
}

/* Append bytes from outside the buffer; each may answer -ENOMEM and then changed nothing. */
must_check int buf_append(struct buf *b, const void *ptr, size_t len);
must_check int buf_append_slice(struct buf *b, struct slice s);
must_check int buf_append_byte(struct buf *b, uint8_t byte);
must_check int buf_append_fixed32(struct buf *b, uint32_t v);
must_check int buf_append_fixed64(struct buf *b, uint64_t v);
must_check int buf_append_varint(struct buf *b, uint64_t v);
/* A varint length, then the bytes. */
must_check int buf_append_sized(struct buf *b, struct slice s);
must_check int buf_printf(struct buf *b, const char *fmt, ...) printf_like(2, 3);

/* Append within room made by buf_reserve; asserts that it is there. */
static inline void buf_add(struct buf *b, const void *ptr, size_t len)
{
	assert(b->cap - b->len >= len);
	if (len == 0)
		return;
	memcpy(b->ptr + b->len, ptr, len);
	b->len += len;
}

static inline void buf_add_varint(struct buf *b, uint64_t v)
{
	assert(b->cap - b->len >= varint_size(v));
	b->len = (size_t)(varint_put(b->ptr + b->len, v) - b->ptr);
}

/* Replace the content, also by a part of itself. -ENOMEM leaves the buffer as it was. */
must_check int buf_set(struct buf *b, struct slice s);

/* Turn a prefix into the first string after all that begin with it. False: there is none. */
must_check bool buf_prefix_end(struct buf *prefix);

#define cleanup_buf __attribute__((cleanup(buf_done)))
