/*
 * Making a store of sorted records, past log, memtable and compaction.
 *
 * Errors and sentences are lsm.h's. Thread rule: one thread for one store that is made.
 */
#pragma once

#include "lsm/lsm.h"

/* Records in strictly ascending order of their keys. */
struct lsm_source {
	/* The next one; its slices are good until the next call. -ENODATA: there is none. Another
	 * error ends the load, and is its answer. */
	int (*next)(void *arg, struct slice *ret_key, struct slice *ret_meta,
		    struct slice *ret_value);
	void *arg;
};

struct lsm_load_report {
	uint64_t records;
	uint64_t bytes; /* of keys and values */
};
/*
 * Make a new store in the folder `path`, which is absent (made, one level) or empty, of all records
 * of the source: tables are built directly, without log, memtable or compaction, by as many threads
 * as there are CPUs (the source is called by the caller's), in the memory of about 1 MiB for each,
 * of a value, and of what is to be known of the table being built. It is durable when this returns,
 * compact, and opens with lsm_open.
 *
 * -EINVAL: a key that is not after the one before it, or an option out of range. -ENOTEMPTY.
 * -EFBIG: a value over value_max. After an error, -ECANCELED too, there is no store at path.
 */
must_check int lsm_load_sorted(const char *path, const struct lsm_options *options,
			       const struct lsm_source *source, struct lsm_load_report *ret_report);
