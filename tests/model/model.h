/*
 * A sorted map to hold the engine against: a fixed universe of awkward keys, each with at most one
 * present value.
 *
 * A value is whole bytes that never change, shared by all models that have it: so a snapshot is a
 * copy of the pointers, and a change of a part makes another value.
 *
 * Thread rule: one thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lsm/base/buf.h"
#include "lsm/base/rng.h"
#include "lsm/base/slice.h"
#include "lsm/lsm.h"

enum {
	MODEL_KEYS = 600,
	MODEL_META_MAX = 30,
	MODEL_LARGE_MAX = 200000, /* bytes of a large value */
};

struct model_value {
	unsigned references;
	uint32_t meta_len;
	uint32_t value_len;
	uint8_t bytes[]; /* the meta, then the value */
};

struct model {
	struct model_value *values[MODEL_KEYS]; /* references, in key order; NULL: absent */
};

/* The universe: ascending, distinct; the same for the same seed. */
struct model_keys {
	struct buf key[MODEL_KEYS];
};

void model_keys_make(struct model_keys *keys, uint64_t seed);
void model_keys_done(struct model_keys *keys);

/* A random value to put: mostly small, sometimes empty, sometimes of many chunks. The reference is
 * the caller's. */
struct model_value *model_value_random(struct rng *rng);
/* The meta of `meta` and a value's bytes; a reference of the caller's. */
struct model_value *model_value_new(struct slice meta, struct slice value);
/* What a patch makes of a value (NULL: none); a reference of the caller's. */
struct model_value *model_value_patched(const struct model_value *old, struct slice meta,
					const struct lsm_patch *patch);
/* NULL is allowed. */
void model_value_unref(struct model_value *v);

static inline struct slice model_value_meta(const struct model_value *v)
{
	return slice_of(v->bytes, v->meta_len);
}

static inline struct slice model_value_bytes(const struct model_value *v)
{
	return slice_of(v->bytes + v->meta_len, v->value_len);
}

/* The length of a random value. */
uint32_t model_len_random(struct rng *rng);
/* Random bytes of that length, half of them compressible; good until the buffer changes. */
struct slice model_bytes_random(struct rng *rng, size_t len, struct buf *room);

/* Give a key a value, whose reference is taken over; NULL deletes it. */
void model_set(struct model *m, size_t key, struct model_value *v);
/* Make the empty model a copy. */
void model_copy(struct model *m, const struct model *from);
/* Empty it. */
void model_clear(struct model *m);
