/*
 * A sorted map to hold the engine against: a fixed universe of awkward keys, each with at most one
 * present value.
 *
 * Values are made from a number, so that the model stores a few bytes a key and a snapshot is a
 * copy of the array.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lsm/base/buf.h"
#include "lsm/base/rng.h"
#include "lsm/base/slice.h"

enum {
	MODEL_KEYS = 600,
};

struct model_value {
	bool present;
	uint32_t value_len;
	uint32_t meta_len;
	uint64_t seed; /* of the bytes */
};

struct model {
	struct model_value values[MODEL_KEYS]; /* in key order */
};

/* The universe: ascending, distinct; the same for the same seed. */
struct model_keys {
	struct buf key[MODEL_KEYS];
};

void model_keys_make(struct model_keys *keys, uint64_t seed);
void model_keys_done(struct model_keys *keys);

/* A random value: mostly small, sometimes empty, sometimes longer than a block. */
struct model_value model_value_random(struct rng *rng);
/* Its bytes. */
void model_value_bytes(const struct model_value *v, struct buf *ret_value, struct buf *ret_meta);
