/*
 * What the threads of the stress test share: the store, what each writer has done to each of its
 * keys, and the first violation seen.
 *
 * Each writer has keys of its own and numbers its changes; a value names its writer, key and number
 * and is filled from them. So a reader can judge what it sees while the writer goes on:
 *
 *	writer                              reader
 *	begun = n                           low = answered
 *	change n in the store               read
 *	answered = n                        high = begun
 *
 * What was read is of change low or later, and of change high at most.
 *
 * Thread rule: any thread, but a writer's keys are changed by that writer alone.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "lsm/lsm.h"
#include "tests/stress/world_file.h"

enum {
	WORLD_WRITERS = 4,
	WORLD_KEYS = 96, /* of a writer, changed one by one */
	WORLD_GROUP = 8, /* of a writer, changed by one batch, always all */
	WORLD_FILES = 6, /* of a writer, changed in parts: world_file.h */
	WORLD_FIRST_FILE = WORLD_KEYS + WORLD_GROUP,
	WORLD_KEYS_ALL = WORLD_FIRST_FILE + WORLD_FILES,
	WORLD_VALUE_MAX = 2048, /* of one that is changed as a whole */
	WORLD_TEXT_MAX = 32,    /* a key */
};

/* One key's history; stores by its writer with release, loads by readers with acquire. */
struct world_key {
	_Atomic uint64_t answered; /* the change that was acknowledged last; 0: none */
	_Atomic uint64_t begun;    /* ... that was begun last */
	_Atomic uint64_t erased;   /* the deletion that was begun last */
};

struct world {
	struct lsm *db;
	struct world_key keys[WORLD_WRITERS][WORLD_KEYS_ALL];
	uint64_t numbers[WORLD_WRITERS]; /* of the last change; each its writer's */
	struct file_history files[WORLD_WRITERS][WORLD_FILES]; /* each its writer's */
	_Atomic bool stop;
	_Atomic bool failed;
	char complaint[512];      /* written once, by the thread that set failed */
	_Atomic uint64_t counted; /* conditional batches that were acknowledged */
	_Atomic uint64_t stale;   /* ... that were refused */
	_Atomic uint64_t changes, reads, scans, records_scanned, snapshots, upkeep;
	_Atomic uint64_t looks,
		stale_looks; /* by readers beside; those that met what was replaced */
};

/* Note a violation, with lsm_error_text; the first is kept, and ends the round. Always false. */
bool world_fail(struct world *w, const char *fmt, ...) printf_like(2, 3);
bool world_goes_on(struct world *w);

/* Keys of a group come after the others, files after those. */
struct slice world_key_name(unsigned writer, unsigned key, char ret_text[WORLD_TEXT_MAX]);
/* -1: nobody's key. */
int world_key_parse(struct slice name, unsigned *ret_writer);
struct slice world_value(unsigned writer, unsigned key, uint64_t number,
			 char ret_text[WORLD_VALUE_MAX]);
/* The change that wrote the value; 0: no change of this key did. */
uint64_t world_value_number(unsigned writer, unsigned key, struct slice value);

/* What a writer does before a change and after its answer. */
void world_begin_change(struct world_key *k, uint64_t number, bool erases);
void world_end_change(struct world_key *k, uint64_t number);

/*
 * One random change by this writer: a put, a deletion, a batch, a change of a file, or a
 * conditional batch that counts a shared counter up: no count may be lost. False: a violation.
 */
struct rng;
bool world_change(struct world *w, unsigned writer, struct rng *rng);
/* Put, patch, cut, grow, copy or delete one of its files. */
bool world_change_file(struct world *w, unsigned writer, uint64_t number, struct rng *rng);

/* Read one random key by lsm_get, lsm_read or lsm_stat and judge it. seen: the highest numbers this
 * reader has met, which may never go back. */
struct world_seen {
	uint64_t numbers[WORLD_WRITERS][WORLD_KEYS_ALL];
};
bool world_read(struct world *w, struct world_seen *seen, struct rng *rng);

/* Scan all, forward, backward and again, by iterators and a snapshot, and compare. */
bool world_scan(struct world *w, struct rng *rng);

/* Nobody writes: the store has the last change of each key, no more and no less. */
bool world_check_still(struct world *w);

/* Copy the store to `path`, open the copy, and check that it has at least what was acknowledged. */
bool world_checkpoint(struct world *w, const struct lsm_options *options, const char *path);

/* Open the store at `path` for reading beside this one, and check that it has at least what was
 * acknowledged, unless it comes to what this one has replaced. */
bool world_look_beside(struct world *w, const struct lsm_options *options, const char *path);
