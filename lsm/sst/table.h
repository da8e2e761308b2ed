/*
 * Reads one table file.
 *
 * Index, filter and properties are read and checked when it is opened and stay in memory; data and
 * value blocks go through the block cache. Every block's CRC is checked when it is read from the
 * file. A bad one is -EBADMSG (CRC) or -EUCLEAN (structure), with a sentence naming file and
 * offset, and is never cached.
 *
 * Thread rule: any thread; an iterator, one thread at a time.
 */
#pragma once

#include <stdatomic.h>

#include "lsm/base/long_work.h"
#include "lsm/env/env.h"
#include "lsm/mem/iter.h"
#include "lsm/mem/pin.h"
#include "lsm/sst/cache.h"
#include "lsm/sst/table_options.h"

struct table;

/* Counters of all tables that share this struct; relaxed atomics. */
struct table_counters {
	_Atomic uint64_t blocks_read;
	_Atomic uint64_t bytes_read;
	_Atomic uint64_t filter_checks;
	_Atomic uint64_t filter_negatives;       /* "not here", no read needed */
	_Atomic uint64_t filter_false_positives; /* "maybe", and was not */
	_Atomic uint64_t checksum_errors;
	_Atomic uint64_t checksums; /* checked, right or not */
};

struct table_env {
	struct env_dir *dir;             /* borrowed */
	struct cache *blocks;            /* borrowed */
	struct table_counters *counters; /* borrowed */
	/* Borrowed; NULL: false. While it is true, blocks that table_get and table_iter read are
	 * taken for right as they are. */
	const _Atomic bool *trust;
	uint32_t read_ahead_bytes; /* what table_scan_iter reads at once; 0: 256 KiB */
	bool map;                  /* read through a mapping of the file (ENV_MAP) */
};

/*
 * Open table `number`, whose file must have size and id as given (the manifest's). -ENOENT,
 * -EUCLEAN, -EBADMSG, the env's errors. One reference for the caller.
 */
must_check int table_open(const struct table_env *env, uint64_t number, uint64_t file_size,
			  uint64_t id, struct table **ret_table);
struct table *table_ref(struct table *t);
/* void so that it fits a struct pin and a cache's free. NULL is allowed. */
void table_unref(void *table);

/* Bytes of memory that the open table takes (index, filter). */
size_t table_memory(const struct table *t);
uint64_t table_property(const struct table *t, enum sst_property property);

/* False: no version of key is in it. No read. */
bool table_may_contain(struct table *t, struct slice key);
/*
 * False: no key that begins with prefix is in it. Useful answers only for a prefix that ends in the
 * filter's separator; else true. No read.
 */
bool table_may_contain_prefix(struct table *t, struct slice prefix);

/*
 * A version found; meta and value are good until table_hit_done, rec.key is the slice that
 * table_get was given.
 */
struct table_hit {
	struct record rec;   /* value.ptr NULL when it lies in a value block: table_hit_value */
	struct pin block;    /* the data block */
	struct pin value;    /* the value block, once loaded */
	struct table *table; /* a reference */
	uint64_t value_offset, value_stored_len; /* its handle */
};

/*
 * The newest version of key with seqno <= seqno, tombstones too; -ENOENT: none here. *ret_hit is
 * ended with table_hit_done.
 */
must_check int table_get(struct table *t, struct slice key, uint64_t seqno,
			 struct table_hit *ret_hit);
/* Load rec.value if it is not. */
must_check int table_hit_value(struct table_hit *hit);
void table_hit_done(struct table_hit *hit);

/* How an iterator comes by its blocks. */
enum table_access {
	TABLE_CACHED,     /* by way of the block cache, which it fills */
	TABLE_PAST_CACHE, /* what the cache has; the rest is read past it, in pieces that grow while
			     one block follows the other */
	TABLE_SCAN,       /* one pass over all: read ahead in large pieces, without the cache */
};
/* Takes a reference to the table. -ENOMEM. */
must_check int table_iter_as(struct table *t, enum table_access access, struct iter **ret_iter);

must_check static inline int table_iter(struct table *t, struct iter **ret_iter)
{
	return table_iter_as(t, TABLE_CACHED, ret_iter);
}

must_check static inline int table_scan_iter(struct table *t, struct iter **ret_iter)
{
	return table_iter_as(t, TABLE_SCAN, ret_iter);
}

/*
 * Read and check every byte: footer, index, filter, properties, each block's CRC, order of keys,
 * handles that tile the file without gaps, counts against the properties, every key found in the
 * filter, and last that no record is a patch. 0 or the first error found. The work
 * (may be NULL) is told of the bytes checked. -ECANCELED.
 */
must_check int table_verify(struct table *t, struct long_work *work);
/* The same; *ret_large: how many records are those of large values. */
must_check int table_verify_counting(struct table *t, struct long_work *work, uint64_t *ret_large);

/* "000012.sst" into a buffer of ENV_NAME_MAX + 1 bytes. */
void table_file_name(uint64_t number, char *ret_name);
