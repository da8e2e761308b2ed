/*
 * A version: which tables make up the tree at one moment, immutable once built.
 *
 * A level consists of sorted runs, newest first. A run is sorted by key, and no user key is in two
 * of its tables. In level 0 each table (a flushed memtable) is a run of its own; in the levels
 * below, the tables with one run number are one run, and higher numbers are newer.
 *
 * What a run has of a user key is newer than what the runs behind it have, in its level or deeper.
 * So a reader goes level by level and run by run, and the first that it finds is the newest.
 *
 * Thread rule: a version never changes; references from any thread.
 */
#pragma once

#include <stdbool.h>

#include "lsm/base/compiler.h"
#include "lsm/base/ref.h"
#include "lsm/base/slice.h"
#include "lsm/blob/blob_refs.h"

enum {
	TREE_LEVELS = 7,
};

/* One table, as the manifest knows it. Shared between versions. */
struct table_file {
	struct ref refs;
	uint64_t number;
	uint64_t id; /* goes into its checksums */
	uint64_t size_bytes;
	uint64_t entries;
	uint64_t tombstones;
	uint64_t smallest_seqno;
	uint64_t largest_seqno;
	struct slice smallest; /* user keys; the bytes are owned by this object */
	struct slice largest;
	struct blob_refs blobs; /* owned: what its records name in blob files */
	struct tree *tree; /* borrowed; gets the file when it is removed and unused; NULL: nobody */
	bool compacting;   /* input of a running job; guarded by the tree's mutex */
	bool removed; /* by a durable edit; set by the installer, which still holds a reference */
	struct table_file *next_obsolete; /* in the tree's list, once nobody holds it */
};

struct version_run {
	uint64_t number;           /* 0 in level 0, and of tables older than the numbers */
	struct table_file **files; /* borrowed: a part of the level's array; by key */
	size_t count;
	uint64_t bytes;
};

struct version_level {
	struct table_file **files; /* owned array of references: run by run */
	size_t count;
	uint64_t bytes;
	struct version_run *runs; /* owned; newest first */
	size_t run_count;
};

struct version {
	struct ref refs;
	struct version_level levels[TREE_LEVELS];
};

struct version *version_ref(struct version *v);
/* NULL is allowed. */
void version_unref(struct version *v);

/* A new file object with one reference; keys are copied, and so are the references to blob files.
 * -ENOMEM. */
must_check int table_file_new(const struct table_file *from, struct table_file **ret_file);
/* Free an object that nobody holds, wherever it came to be in a list. */
void table_file_free(struct table_file *f);
struct table_file *table_file_ref(struct table_file *f);
void table_file_unref(struct table_file *f);

/* The index of the first file of the run whose largest key is >= key; count when none. */
size_t version_find(const struct version_run *run, struct slice key);

/* Whether any file of the level has a key in [smallest, largest]. */
bool version_overlaps(const struct version *v, int level, struct slice smallest,
		      struct slice largest);

/* Abort unless order and overlap rules hold; for tests and after each edit in LSM_DEBUG builds. */
void version_check(const struct version *v);
