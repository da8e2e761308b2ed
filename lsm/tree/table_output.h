/*
 * Writes records, in order, into new tables of a tree.
 *
 * Zero-initialise, set `tree` and `tuning`; end with table_output_done. Thread rule: one thread at
 * a time.
 */
#pragma once

#include "lsm/sst/table_builder.h"
#include "lsm/tree/late_sync.h"
#include "lsm/tree/tree_impl.h"

struct table_output {
	struct tree *tree;         /* borrowed */
	struct tree_tuning tuning; /* as of the job's beginning */
	struct late_sync *late;    /* borrowed; NULL: each table is synced when it is finished */
	/* The table being written, if any: */
	struct env_file *file;         /* owned */
	struct table_builder *builder; /* owned */
	uint64_t number;
	uint64_t id;
	struct blob_refs blobs; /* owned: what its records name, with references */
	/* Those that are finished: */
	struct table_file **files; /* owned array of references */
	size_t count, cap;
	uint64_t written_bytes;
};

/*
 * Add a record (whose value is loaded); begins a table when none is open. The caller sees to it
 * that the blob files that it names stay until this returns. -EUCLEAN: a large value's record makes
 * no sense, or names what is not there. An error is final: discard.
 */
must_check int table_output_add(struct table_output *o, const struct record *rec);

/* The same with a part, made as tuning.table says, that holds no large value's record. */
must_check int table_output_add_part(struct table_output *o, const struct table_part *part);

/* The size that the open table would have if it ended here, about; 0 when none is open. */
uint64_t table_output_size(const struct table_output *o);

/* Finish the open table, if any: its content is durable, if not by then, when
 * table_output_sync_names returns. An error is final: discard. */
must_check int table_output_cut(struct table_output *o);

/* Make the names of the finished tables durable, and the chunks that they name. After a failure of
 * that the tree takes no more edits. */
must_check int table_output_sync_names(struct table_output *o);

/* Remove all tables from the disk. */
void table_output_discard(struct table_output *o);

/* Free it; finished tables stay on the disk, an unfinished one does too. */
void table_output_done(struct table_output *o);
