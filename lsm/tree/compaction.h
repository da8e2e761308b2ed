/*
 * One compaction job: merges its inputs, drops what no reader needs, and writes the rest into
 * tables of the output's run.
 */
#pragma once

#include "lsm/tree/table_output.h"
#include "lsm/tree/version_filter.h"

struct compaction {
	struct tree *tree;                /* borrowed */
	const struct compaction_job *job; /* borrowed */
	const _Atomic bool *stop;         /* borrowed; may be NULL */
	struct version_filter filter;
	struct table_output out;
	/* How far the open output reaches over the level below the output's: */
	size_t grandparent; /* the first table of it that does not end before the current key */
	uint64_t grandparent_bytes; /* of those that ended within the open output */
};

/*
 * Write the job's outputs to c->out, durable with their names. After an error the caller discards
 * them. -ECANCELED: stopped.
 */
must_check int compaction_write(struct compaction *c);
