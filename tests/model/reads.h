/*
 * Reads, held against the model or a snapshot's copy of it.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "tests/model/run.h"

/* By lsm_get or lsm_stat. */
void get_one(struct run *run);
/* A part, by lsm_read. */
void read_part(struct run *run);
/* A walk with random turns, the iterator beside the model. */
void walk(struct run *run);
void scan_some_view(struct run *run);
/* A walk by an iterator that is held for long, and sees what it saw. */
void walk_held(struct run *run);
void release_iters(struct run *run);
void prefix_exists(struct run *run);

/* From end to end. */
void scan_all(struct run *run, const struct model *model, const struct lsm_read_options *options,
	      bool backward);
