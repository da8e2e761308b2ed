/*
 * Puts a compaction job together: inputs of two levels, their key range, and whether it is a mere
 * move.
 *
 * Thread rule: as picker.h.
 */
#pragma once

#include "lsm/tree/key_range.h"
#include "lsm/tree/picker.h"

enum {
	/*
	 * What overlaps more than this many output tables one level below its own makes its next
	 * compaction too large.
	 */
	GRANDPARENT_OVERLAP_FILES = 10,
};

/* An empty job with a reference to v. */
void picker_job_begin(struct compaction_job *job, struct version *v, int level, int output_level);

/* Add the files of the span (of job->level) to the first inputs. -ENOMEM. */
must_check int picker_job_add_span(struct compaction_job *job, struct level_span span);

/*
 * Add all level 0 files that overlap [from, to] (empty `to`: no end), and all that overlap those,
 * and so on. -ENOMEM.
 */
must_check int picker_job_add_group(struct compaction_job *job, struct slice from, struct slice to);

/*
 * The first inputs are complete (at least one): add the output level's, work out range and
 * trivial_move. -EBUSY: an input is compacting; -ENOMEM.
 */
must_check int picker_job_finish(struct compaction_job *job, const struct picker_options *o);
