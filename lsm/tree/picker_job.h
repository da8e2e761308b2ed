/*
 * Puts a compaction job together: its inputs, their key range, where the output goes, and whether
 * it is a mere move.
 *
 * Thread rule: as picker.h.
 */
#pragma once

#include "lsm/tree/picker.h"

enum {
	/*
	 * What overlaps more than this many output tables one level below its own makes its next
	 * compaction too large.
	 */
	GRANDPARENT_OVERLAP_FILES = 10,
};

/* What the tables taken from a level become. */
enum job_output {
	JOB_IN_PLACE, /* part of the level's newest run; no table of the level that overlaps is
			 left out */
	JOB_JOIN,     /* part of the next level's run, merged with what overlaps there; the next
			 level has one run or none */
	JOB_NEW_RUN,  /* a run of the next level, above those that are there */
};

/* An empty job with a reference to v. */
void picker_job_begin(struct compaction_job *job, struct version *v, int level,
		      enum job_output output);

/* Add the files of the span of a run of job->level. -ENOMEM. */
must_check int picker_job_add_span(struct compaction_job *job, const struct version_run *run,
				   struct run_span span);

/*
 * Add all files of job->level that overlap [from, to] (empty `to`: no end), and all that overlap
 * those, and so on. -ENOMEM.
 */
must_check int picker_job_add_group(struct compaction_job *job, struct slice from, struct slice to);

/*
 * A whole job: table `at` of a run of level >= 1 is written anew in its place. -EBUSY: it is
 * compacting; -ENOMEM.
 */
must_check int picker_job_rewrite(struct version *v, int level, const struct version_run *run,
				  size_t at, struct compaction_job *ret_job);

/*
 * The inputs from job->level are complete (at least one): add the output level's if they are to be
 * joined, and work out trivial_move. -EBUSY: an input is compacting; -ENOMEM.
 */
must_check int picker_job_finish(struct compaction_job *job, const struct picker_options *o);
