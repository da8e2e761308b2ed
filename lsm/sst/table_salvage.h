/*
 * Reads what can be read of a damaged table file.
 *
 * Where the index is good, it names the blocks. Where it is not, or the footer that names it is
 * not, the blocks are searched for by their checksums (lsm/sst/block_search.h): a data block is
 * taken for one when its checksum, which covers table id and place, is right and all of its
 * entries make sense behind those of the block before; the value blocks that they name are none.
 *
 * What the format does not allow: without the table's id nothing can be proven to belong to the
 * table (it stands in the footer and follows from the store's id). Without an index a data block
 * over BLOCK_SEARCH_MAX bytes is not found, and a value that is itself the image of a data block
 * in the right key order is taken for one if the block that names it is lost. Without index and
 * footer it cannot be known whether blocks are missing at the end; the count of entries decides if
 * it is known, else a loss is told, of 0 bytes where the file ends behind a block.
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/base/buf.h"
#include "lsm/env/env.h"
#include "lsm/mem/iter.h"

enum table_loss_kind {
	TABLE_NOTHING_LOST, /* damage that could be worked around: no `what` */
	TABLE_LOST_VALUE,   /* said by iter_value's error, in the reader's place: no `what` */
	TABLE_LOST_BLOCK,   /* a data block, and what stands between it and the one before */
	TABLE_LOST_BYTES,   /* a stretch in which no block is found */
	TABLE_LOST_ALL,     /* nothing of the table can be read */
};

/* Slices are good during the call. */
struct table_loss {
	enum table_loss_kind kind;
	const char *file;
	uint64_t offset, bytes;
	const char *what;         /* why, in a few words */
	struct slice first, last; /* the lost records' keys lie between; ptr NULL: no bound known */
};

/* What is known about the table; all of it borrowed until the iterator is freed. */
struct table_salvage_source {
	struct env_dir *dir;
	uint64_t number;
	uint64_t id;
	uint64_t size_bytes;            /* that it should have; 0: not known */
	uint64_t entries;               /* 0: not known */
	struct slice smallest, largest; /* keys; empty: not known */
	void (*lost)(void *arg, const struct table_loss *loss);
	void *arg;
};

/*
 * An iterator over the records that can be read, in record order. It has only iter_first (once),
 * iter_next and iter_value. Each loss is told when the iterator comes by; damage is never its
 * status, nor is -EIO. A value that cannot be read is iter_value's error (-EBADMSG, -EUCLEAN or
 * -EIO, with a sentence naming file and offset), and the iterator goes on.
 *
 * -ENOENT: there is no such file. Other errors of the env, -ENOMEM. A file that is no table at all
 * is an iterator over nothing.
 */
must_check int table_salvage_open(const struct table_salvage_source *source,
				  struct iter **ret_iter);

/* What a table file says about itself, for one that no manifest describes. */
struct table_description {
	uint64_t size_bytes;
	uint64_t id;
	bool id_proven; /* the footer is whole; else id is what stands where it should be */
	uint64_t entries, largest_seqno; /* 0: not known, as the keys: */
	struct buf smallest, largest;    /* owned; empty: not known */
};

void table_description_done(struct table_description *d);
/* 0 also for a damaged file. -ENOENT, other errors of the env, -ENOMEM. */
must_check int table_describe(struct env_dir *dir, uint64_t number,
			      struct table_description *ret_description);

/* Whether an error says that what was read is damaged (or cannot be read), not that reading failed.
 */
bool table_is_damage(int error);
