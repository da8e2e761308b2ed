/*
 * Checks of struct lsm_options, and what the lower layers get of it.
 */
#pragma once

#include "lsm/lsm.h"
#include "lsm/tree/tree.h"

/* -EINVAL with a sentence naming the option and its range. */
must_check int db_options_check(const struct lsm_options *options);

struct table_options db_table_options(const struct lsm_options *options);
struct picker_options db_picker_options(const struct lsm_options *options);
