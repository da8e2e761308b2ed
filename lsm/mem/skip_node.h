/*
 * One node of the memtable's skip list: its layout in memory. Private to lsm/mem and its tests.
 *
 *	next[height - 1] .. next[1] next[0] | struct skip_node | key | meta | value
 *
 * The tower of links grows downwards from the node (the layout of RocksDB's InlineSkipList), so the
 * key stands at a fixed place, no height is stored, and the link used most, next[0], the prefix and
 * the beginning of the key share a cache line or two.
 *
 * Thread rule: all but the links is written before the node is published and never again. A link is
 * stored with release by the writer and loaded with acquire by anyone, so whoever sees a node sees
 * all of it.
 */
#pragma once

#include <endian.h>
#include <stdatomic.h>

#include "lsm/base/arena.h"
#include "lsm/mem/record.h"

enum {
	SKIP_HEIGHT_MAX =
		12, /* with one node in four a level up: good for 4^12 = 16 million records */
	SKIP_PREFIX_BYTES = 8,
};

struct skip_node {
	uint64_t prefix; /* skip_prefix(key) */
	uint64_t tag;    /* record_tag */
	uint64_t time_ns;
	uint64_t key_len : 16;
	uint64_t meta_len : 17;
	uint64_t value_len : 31;
};

_Static_assert(sizeof(struct skip_node) == 32, "one word per line above");
_Static_assert(RECORD_KEY_MAX < 1 << 16, "fits its bit field");
_Static_assert(RECORD_META_MAX < 1 << 17, "fits its bit field");
_Static_assert(RECORD_VALUE_MAX < UINT64_C(1) << 31, "fits its bit field");

struct skip_link {
	_Atomic(struct skip_node *) to;
};

_Static_assert(sizeof(struct skip_link) == ARENA_ALIGN, "a tower keeps its node aligned");

/* What a node of these lengths takes in an arena. */
static inline size_t skip_node_bytes(size_t key_len, size_t meta_len, uint64_t value_len,
				     int height)
{
	return (size_t)height * sizeof(struct skip_link) +
	       arena_round_up(sizeof(struct skip_node) + key_len + meta_len + (size_t)value_len);
}

/*
 * The key's first eight bytes as a number, zeros behind a shorter key. Two keys whose prefixes
 * differ are ordered as these; when they are equal nothing is known ("a" and "a\0" have the same).
 */
static inline uint64_t skip_prefix(struct slice key)
{
	uint64_t prefix = 0;

	if (key.len >= SKIP_PREFIX_BYTES)
		memcpy(&prefix, key.ptr, SKIP_PREFIX_BYTES);
	else if (key.len > 0)
		memcpy(&prefix, key.ptr, key.len);
	return be64toh(prefix);
}

static inline const uint8_t *skip_node_payload(const struct skip_node *n)
{
	return (const uint8_t *)(n + 1);
}

static inline struct slice skip_node_key(const struct skip_node *n)
{
	return slice_of(skip_node_payload(n), n->key_len);
}

static inline struct slice skip_node_meta(const struct skip_node *n)
{
	return slice_of(skip_node_payload(n) + n->key_len, n->meta_len);
}

static inline struct slice skip_node_value(const struct skip_node *n)
{
	return slice_of(skip_node_payload(n) + n->key_len + n->meta_len, n->value_len);
}

static inline uint64_t skip_node_seqno(const struct skip_node *n)
{
	return n->tag >> 8;
}

static inline enum record_kind skip_node_kind(const struct skip_node *n)
{
	return (enum record_kind)(n->tag & 0xff);
}

/* The link at a level of the node's tower; level < its height. */
static inline struct skip_link *skip_node_link(const struct skip_node *n, int level)
{
	return (struct skip_link *)n - 1 - level;
}

/* Acquire: pairs with the release store that published the node it answers. NULL at the end. */
static inline struct skip_node *skip_node_next(const struct skip_node *n, int level)
{
	return atomic_load_explicit(&skip_node_link(n, level)->to, memory_order_acquire);
}
