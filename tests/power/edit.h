/*
 * Random edits of a story's store, gathered into one change, and the world that they make.
 *
 * What a patch or a copy begins with is read from the store, and must be what the story has.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/base/buf.h"
#include "tests/power/story.h"

enum {
	STORY_KEY_TEXT = 6,
};

/* The key's name. */
struct slice story_key(int key, char text[STORY_KEY_TEXT]);
/* STORY_KEYS: no key has that name. */
int story_key_number(struct slice name);
/* Of a record of that key; never 0. */
uint64_t story_hash(int key, struct slice meta, struct slice value);

/* A key's value as a draft has it. */
struct draft_value {
	bool known;
	struct buf bytes; /* owned */
};

struct edit;

struct draft {
	struct lsm *db;   /* borrowed */
	struct rng *rng;  /* borrowed */
	uint32_t number;  /* of the change */
	struct world now; /* what the store holds */
	struct world next;
	struct lsm_batch *batch; /* owned */
	struct edit *last;       /* owned; the edit added last */
	bool conditional;        /* the batch has preconditions */
	uint32_t large, patches, copies;
	struct draft_value values[STORY_KEYS]; /* as they will be, if known */
};

/* -ENOMEM; to be ended by draft_done all the same. */
must_check int draft_begin(struct draft *d, struct lsm *db, struct rng *rng, uint32_t number,
			   const struct world *now);
void draft_done(struct draft *d);

/* Add an edit of a random key. -EPROTO: the store is not as the story has it. */
must_check int draft_edit(struct draft *d);

/* Write the change: a batch, or the one call that does the same. */
must_check int draft_write(struct draft *d, uint64_t *ret_seqno);
