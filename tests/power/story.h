/*
 * A history of changes to a store, and whether what a store holds is a prefix of it.
 *
 * The store has few keys. Change n gives each key it puts a value that names the key and n, so the
 * content of a store is per key the number of the change that put it last: a world. The story keeps
 * the world after each change.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/base/rng.h"
#include "lsm/lsm.h"

enum {
	STORY_KEYS = 24,
	STORY_CHANGES_MAX = 400,
	STORY_VALUE_MAX = 6000,
};

/* Per key the number of the change that put it last; 0: absent. */
struct world {
	uint32_t by[STORY_KEYS];
};

struct story {
	uint32_t first; /* number of the first change; those before it are another story's */
	uint32_t count; /* changes answered */
	uint32_t tried; /* of these and perhaps one more, begun */
	struct world after[STORY_CHANGES_MAX + 1]; /* after[n]: n changes begun */
	uint64_t seqno[STORY_CHANGES_MAX + 1];     /* of the last record of change n */
	uint64_t conditional, refused;             /* batches with preconditions; wrong ones */
};

/* The story begins with a store that holds this world, whose last seqno this is. */
void story_begin(struct story *s, uint32_t first, const struct world *base, uint64_t seqno);

/* Make the next change: up to three keys put or deleted in one batch. Answers what lsm_write does;
 * after an error the story ends before or after it. */
must_check int story_change(struct story *s, struct lsm *db, struct rng *rng);

/* How many of the changes are certainly on the disk, by what the store itself says. */
uint32_t story_durable(const struct story *s, struct lsm *db);

/*
 * Read the whole store, by a scan and by gets. NULL, or what is wrong: they fail or do not agree,
 * or there is a key or value that no change wrote.
 */
const char *story_read(struct lsm *db, struct world *ret_world);

/* Whether this is the world after n changes, for some n in [low, high]. */
bool story_has(const struct story *s, const struct world *world, uint32_t low, uint32_t high);
