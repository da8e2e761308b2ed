/*
 * Checks of struct lsm_options, and what the lower layers get of it.
 */
#pragma once

#include "lsm/blob/blob_store.h"
#include "lsm/lsm.h"
#include "lsm/tree/tree.h"

/*
 * Make them fit the process: of its file descriptors (RLIMIT_NOFILE) tables get three quarters of
 * what logs, manifest, jobs and the like leave, and level 0 no more tables than may be open at
 * once, since compactions and iterators read all of it side by side.
 */
void db_options_fit(struct lsm_options *options);

/* -EINVAL with a sentence naming the option and its range. */
must_check int db_options_check(const struct lsm_options *options);

struct table_options db_table_options(const struct lsm_options *options);
struct blob_options db_blob_options(const struct lsm_options *options);
struct picker_options db_picker_options(const struct lsm_options *options);
