/*
 * One compaction job: merges its inputs, drops what no reader needs, and writes the rest into
 * tables of the output's run.
 */
#pragma once

#include "lsm/blob/value_writer.h"
#include "lsm/tree/table_output.h"
#include "lsm/tree/version_filter.h"

struct compaction {
	struct tree *tree;                /* borrowed */
	const struct compaction_job *job; /* borrowed */
	struct long_work *work;           /* borrowed; may be NULL */
	struct version_filter filter;
	struct number_list leaving; /* owned: blob files out of which chunks are moved */
	struct table_output out;
	/* How far the open output reaches over the level below the output's: */
	size_t grandparent; /* the first table of it that does not end before the current key */
	uint64_t grandparent_bytes; /* of those that ended within the open output */
	uint64_t moved_bytes;       /* chunks written anew */
	uint64_t paced_bytes;       /* of all that was written, what the limit has been told of */
};

/*
 * Write the job's outputs to c->out, durable with their names. After an error the caller discards
 * them. -ECANCELED: stopped.
 */
must_check int compaction_write(struct compaction *c);

/*
 * Let a RECORD_LARGE (whose value is loaded) name no file that is leaving: its chunks there are
 * written anew, by `w` (zero-initialised; the caller ends it), and rec->value is then the writer's.
 * It may stay as it is when that fails, and the job can do without. -EUCLEAN: it makes no sense.
 */
must_check int compaction_move_chunks(struct compaction *c, struct record *rec,
				      struct value_writer *w);
