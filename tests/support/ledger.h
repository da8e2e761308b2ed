/*
 * What a store was told and how it answered: the judge of what is found in it afterwards.
 *
 * Changes are numbered from 1. Each value names its key and the change that put it, so a value in
 * the wrong place, of the wrong time, or half of one is seen. A change is one of
 *	kept      answered with 0: it is there for good (its place in the history: after[])
 *	refused   answered with an error: it is not there, now or ever
 *	doubtful  the last one, when the process died before the answer, or when the error came from
 *		  the sync that it asked for: it may be there, whole, or not
 * A store that a process left must hold exactly the kept changes; one that lived through a power
 * cut the first m of them, for an m that is at least what was synced; and either may hold the
 * doubtful one on top of all kept ones.
 *
 * Most values follow from their key and number. Those that a change makes of others, by patches and
 * copies, are kept here as they must become, and their records say by their meta which they are.
 *
 * It has no pointers, so it can lie in memory shared with a process that is killed.
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lsm/base/compiler.h"
#include "lsm/lsm.h"

enum {
	LEDGER_KEYS = 40,
	LEDGER_CHANGES_MAX = 1024,
	LEDGER_TOUCHED_MAX = 8,
	LEDGER_KEY_TEXT = 16,
	LEDGER_META_TEXT = 32,
	LEDGER_VALUE_MAX = 4096, /* of one that follows from its number */
	LEDGER_LARGE_MAX = 20 << 10,
	LEDGER_LARGE_COUNT = 512,
	LEDGER_LARGE_BYTES = 6 << 20, /* all of them */
	LEDGER_WHY_MAX = 512,
};

/* Per key the number of the change that put it; 0: it is absent. */
struct ledger_state {
	uint16_t by[LEDGER_KEYS];
};

/* One batch: keys put or deleted, in this order. */
struct ledger_change {
	uint32_t count;
	struct {
		uint16_t key;
		bool put;
	} touched[LEDGER_TOUCHED_MAX];
};

/* A value that does not follow from its number. */
struct ledger_large {
	uint32_t number; /* the change that put it */
	uint16_t key;
	uint32_t at, len; /* in ledger.large_bytes */
};

struct ledger {
	uint64_t seed;                                     /* of the values */
	uint32_t begun;                                    /* number of the last change begun */
	uint32_t kept;                                     /* how many are kept */
	uint32_t durable;                                  /* ... and durable */
	uint32_t doubtful;                                 /* a change's number; 0: none is */
	struct ledger_state after[LEDGER_CHANGES_MAX + 1]; /* [n]: n changes kept */
	struct ledger_state with_doubtful;                 /* after[kept] and the doubtful one */
	struct ledger_large large[LEDGER_LARGE_COUNT];     /* ascending numbers */
	uint32_t large_count;
	uint32_t large_used; /* of large_bytes */
	uint8_t large_bytes[LEDGER_LARGE_BYTES];
};

/* In memory shared with children forked from now on; NULL without memory. */
struct ledger *ledger_new(void);
void ledger_free(struct ledger *l);
void ledger_start(struct ledger *l, uint64_t seed);

/*
 * A change is about to be made; until one of the next three is called it is doubtful. There is no
 * doubtful one, and room. Returns its number.
 */
uint32_t ledger_begin(struct ledger *l, const struct ledger_change *change);
void ledger_keep(struct ledger *l);
void ledger_refuse(struct ledger *l);
void ledger_mark_durable(struct ledger *l); /* everything kept */

/* What a reader must see now, unless a change is doubtful. */
const struct ledger_state *ledger_now(const struct ledger *l);

/* The key's name; ascending in `key`. */
struct slice ledger_key(unsigned key, char text[LEDGER_KEY_TEXT]);
/* What change `number` puts there; in `bytes`, or kept by the ledger. 0: nothing. */
struct slice ledger_value(const struct ledger *l, unsigned key, uint32_t number,
			  uint8_t bytes[LEDGER_VALUE_MAX]);

/* The meta of a record whose value is kept. */
struct slice ledger_meta(unsigned key, uint32_t number, char text[LEDGER_META_TEXT]);
/* The value that the key has before the change begun, or that this change has given it so far. */
struct slice ledger_value_now(const struct ledger *l, unsigned key,
			      uint8_t bytes[LEDGER_VALUE_MAX]);
/*
 * The change begun gives the key a value that is kept: `base`, cut or with zeros behind it so that
 * it is `len` long, up to LEDGER_LARGE_MAX. The caller may alter it before the change is made.
 */
uint8_t *ledger_keep_value(struct ledger *l, unsigned key, struct slice base, size_t len);

/*
 * The key that a record has and the change that put it. -EUCLEAN, with the reason in `why`: no
 * change wrote this record.
 */
must_check int ledger_recognise(const struct ledger *l, const struct lsm_record *record,
				struct slice value, unsigned *ret_key, uint32_t *ret_number,
				char why[LEDGER_WHY_MAX]);

/*
 * Read every key by lsm_get. The store's error, or -EUCLEAN when a value is none that was written;
 * the reason is in `why`.
 */
must_check int ledger_read(const struct ledger *l, struct lsm *db,
			   const struct lsm_read_options *options, struct ledger_state *ret_state,
			   char why[LEDGER_WHY_MAX]);
/* The same by an iterator from end to end. */
must_check int ledger_scan(const struct ledger *l, struct lsm *db,
			   const struct lsm_read_options *options, bool backward,
			   struct ledger_state *ret_state, char why[LEDGER_WHY_MAX]);

/* Whether a store in that state is what the first m kept changes make, at_least <= m <= kept, or
 * all of them and the doubtful one. False: `why` says where it differs. */
bool ledger_allows(const struct ledger *l, const struct ledger_state *state, uint32_t at_least,
		   char why[LEDGER_WHY_MAX]);

/* A state was found in which writing goes on: nothing is doubtful any more, and it is durable. */
void ledger_adopt(struct ledger *l, const struct ledger_state *state);
