/*
 * The open tables: at most so many, the least recently used ones are closed.
 *
 * Thread rule: any thread.
 */
#pragma once

#include "lsm/blob/blob_store.h"
#include "lsm/sst/table.h"
#include "lsm/tree/version.h"

struct table_cache {
	struct table_env env;
	struct table_counters counters;
	_Atomic bool trust; /* relaxed: blocks that gets read are taken for right as they are */
	struct cache *open; /* owned; charge 1 a table */
	_Atomic uint64_t memory_bytes; /* of the tables in it */
	bool beside_writer;            /* immutable: somebody else may remove tables */
	struct blob_store *blobs;      /* borrowed; may be NULL: whose files make way, too */
};

/* What env (borrowed) says goes for all tables, but for counters and trust, which are the cache's.
 * beside_writer: the folder is another one's, who may remove tables of versions that are read here.
 * -ENOMEM. */
must_check int table_cache_init(struct table_cache *c, const struct table_env *env,
				unsigned max_open, bool beside_writer);
/* Zero-initialised is allowed. */
void table_cache_done(struct table_cache *c);

/*
 * The open table of a file of a version, with a reference for the caller (table_unref). As
 * table_open, but a missing file is -EUCLEAN: a version names it; beside a writer -ESTALE.
 */
must_check int table_cache_get(struct table_cache *c, const struct table_file *f,
			       struct table **ret_table);

/*
 * Opening some file answered `error`: when that was for want of descriptors, close tables, least
 * recently used ones first, and idle blob files. True: try again. False: another error, or none is
 * left to close (those that somebody reads stay open).
 */
bool table_cache_make_way(struct table_cache *c, int error);

/* Let go of it; the file is about to be removed. */
void table_cache_erase(struct table_cache *c, const struct table_file *f);

uint64_t table_cache_count(struct table_cache *c);
