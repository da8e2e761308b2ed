/*
 * A history of changes to a store, and whether what a store holds is a prefix of it.
 *
 * The store has few keys. A change puts, patches, copies or deletes some of them; what it writes
 * names the key and the change, so that nothing is written twice. Values are from a few bytes to
 * several chunks long. The content of a store is per key a hash of the whole value with its meta: a
 * world. The story keeps the world after each change.
 *
 * It has no pointers, so it can lie in memory shared with a process that is killed.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/base/rng.h"
#include "lsm/lsm.h"

enum {
	STORY_KEYS = 24,
	STORY_CHANGES_MAX = 400,
	STORY_VALUE_MAX = 24000,
	STORY_NAMES = 3, /* of snapshots */
	STORY_NAMINGS_MAX = 60,
};

/* Per key a hash of what is there; 0: nothing. */
struct world {
	uint64_t hash[STORY_KEYS];
};

/* What a snapshot's name leads to. */
struct named_world {
	bool there;
	struct world world; /* zeros: not there */
};

/* Snapshots made and dropped: naming e is the one after which a name leads to world[e]. */
struct namings {
	struct named_world base[STORY_NAMES]; /* before the first */
	uint32_t tried;                       /* of these, from 1 */
	uint8_t name[STORY_NAMINGS_MAX + 1];  /* which one naming e was about */
	struct named_world world[STORY_NAMINGS_MAX + 1];
};

struct story {
	uint32_t first; /* number of the first change; those before it are another story's */
	uint32_t count; /* changes answered */
	uint32_t tried; /* of these and perhaps one more, begun */
	struct world after[STORY_CHANGES_MAX + 1]; /* after[n]: n changes begun */
	uint64_t seqno[STORY_CHANGES_MAX + 1];     /* of the last record of change n */
	uint64_t conditional, refused;             /* batches with preconditions; wrong ones */
	uint64_t large, patches, copies;           /* changes of these kinds */
	struct namings namings;
};

/* The story begins with a store that holds this world, whose last seqno this is. */
void story_begin(struct story *s, uint32_t first, const struct world *base, uint64_t seqno);

/* How many of the changes answered came before that seqno. */
uint32_t story_before(const struct story *s, uint64_t seqno);

/* Make the next change: up to three keys changed in one batch. Answers what lsm_write does, or
 * -EPROTO: a key that is to be patched is not as the story has it; after an error the story ends
 * before or after it. */
must_check int story_change(struct story *s, struct lsm *db, struct rng *rng);

/* How many of the changes are certainly on the disk, by what the store itself says. */
uint32_t story_durable(const struct story *s, struct lsm *db);

/*
 * Read the whole store, by a scan, and by gets and reads in parts. NULL, or what is wrong: they
 * fail or do not agree, or there is a key that no change wrote.
 */
const char *story_read(struct lsm *db, struct world *ret_world);

/* Through a snapshot, NULL: as it is now. */
const char *story_scan(struct lsm *db, const struct lsm_snapshot *snapshot,
		       struct world *ret_world);

/* Whether this is the world after n changes, for some n in [low, high]. */
bool story_has(const struct story *s, const struct world *world, uint32_t low, uint32_t high);
