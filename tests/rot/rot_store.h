/*
 * Small stores in memory with a known history, for tests that damage them.
 *
 * Change n of the history is a batch; its values name n and the key, so a mix-up shows. A store's
 * files are kept as they were (pristine), and so are some older states of them (stale).
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/base/buf.h"
#include "lsm/env/env.h"
#include "lsm/lsm.h"

#define ROT_DIR "store"

enum {
	ROT_SMALL_KEYS = 28,
	ROT_KEYS = 32, /* the others have large values: rot_large.h */
	ROT_CHANGES_MAX = 240,
	ROT_FILES_MAX = 48,
	ROT_RECORDS_MAX = 320,
	ROT_LARGE_BYTES = 6000, /* of a large one, at most */
	ROT_LARGE_MAX = 128,
	ROT_CHUNKS_MAX = 1024,
};

/* Per key the number of the change that put it last; 0: absent. */
struct rot_world {
	uint32_t by[ROT_KEYS];
};

enum rot_kind {
	ROT_ASIDE, /* LOCK and RESERVE: nothing of the store stands in them */
	ROT_CURRENT,
	ROT_MANIFEST,
	ROT_LOG,
	ROT_TABLE,
	ROT_BLOB,
};

struct rot_file {
	char name[ENV_NAME_MAX + 1];
	enum rot_kind kind;
	struct buf bytes; /* pristine */
	bool is_stray;    /* a log that the manifest does not name: made when the process ended */
};

/* A record of a log, or an edit of the manifest. */
struct rot_record {
	size_t file;          /* index into files */
	uint64_t offset, end; /* in the file; a log's padding is counted in */
	uint64_t first_seqno, last_seqno, durable_seqno;
};

/* What a change made of a large value. */
struct rot_large {
	int key;
	uint32_t n;
	struct buf bytes;
};

/* A chunk that something names; several may. */
struct rot_chunk {
	size_t file; /* index into files */
	uint64_t at, end;
	size_t record; /* of a log, that names it; ROT_OF_TABLE: a table's does */
};

#define ROT_OF_TABLE SIZE_MAX

/* How the process that made the store ended, and what its logs hold. */
enum rot_ending {
	ROT_CLOSED, /* cleanly: a MARK ends the newest log */
	ROT_KILLED, /* killed; an older log is not flushed; the newer one was synced once */
	ROT_KILLED_UNSYNCED, /* the same, but no sync since the middle of the older log */
	ROT_KILLED_NEW,      /* killed before the spare log was replaced: the manifest's last edit
				added the newest log */
	ROT_ENDINGS,
};

struct rot_store {
	uint64_t seed;
	enum rot_ending ending;
	struct rot_world after[ROT_CHANGES_MAX + 1]; /* after[n]: n changes made */
	uint64_t last_seqno[ROT_CHANGES_MAX + 1];
	uint32_t changes;
	struct buf *values;                   /* owned: rot_value's, by change and key */
	struct env *env;                      /* owned: the store as its process left it */
	struct rot_file files[ROT_FILES_MAX]; /* sorted by kind and name */
	size_t file_count;
	struct rot_file stale[ROT_FILES_MAX * 2]; /* older states of some, any order */
	size_t stale_count;
	struct rot_record records[ROT_RECORDS_MAX]; /* of the logs, in the history's order */
	size_t record_count;
	struct rot_record edits[ROT_RECORDS_MAX];
	size_t edit_count;
	uint64_t noted_durable; /* the manifest's durable seqno */
	struct rot_large large[ROT_LARGE_MAX];
	size_t large_count;
	struct rot_chunk chunks[ROT_CHUNKS_MAX];
	size_t chunk_count;
};

/* Asserts that it succeeds. */
struct rot_store *rot_store_new(uint64_t seed, enum rot_ending ending);
void rot_store_free(struct rot_store *s);

const char *rot_ending_name(enum rot_ending ending);

/* Options for opening one of these stores in `env`. */
struct lsm_options rot_options(struct env *env);

struct slice rot_key(int key);
/* The value that change n gives a key. */
struct slice rot_value(const struct rot_store *s, int key, uint32_t n);
/* Which change wrote this value of the key; 0: none. */
uint32_t rot_value_change(const struct rot_store *s, int key, struct slice value);
