/*
 * Blocks into a table file: packed, with their trailer.
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/env/env.h"
#include "lsm/sst/block_codec.h"
#include "lsm/sst/block_handle.h"

/* Collects blocks and appends them to the file in large pieces. */
struct block_writer {
	struct env_file *file; /* borrowed */
	const char *name;      /* borrowed; for sentences */
	uint64_t table_id;
	uint64_t offset;    /* where the next block will stand */
	struct buf pending; /* owned; the bytes not yet handed to the file */
	struct buf packed;  /* owned; room to compress in */
};

void block_writer_done(struct block_writer *w);

/* Write a block of these bytes. -EFBIG over SST_BLOCK_MAX, -ENOMEM, the env's errors. */
must_check int block_writer_put(struct block_writer *w, struct slice raw, enum sst_codec codec,
				unsigned min_saving_pct, struct block_handle *ret_handle);
/* The same for a block that is packed already. */
must_check int block_writer_put_payload(struct block_writer *w, struct block_payload payload,
					struct block_handle *ret_handle);
/* Write bytes that are no block: the footer. */
must_check int block_writer_put_raw(struct block_writer *w, struct slice bytes);
/* Hand everything to the file. */
must_check int block_writer_flush(struct block_writer *w);
