/*
 * The engine's settings: the part of the option table that apexfs and apexkv share, and its way
 * into lsm_options.
 *
 * The defaults and ranges are those of lsm_options_init and lsm_open; a unit test holds the two
 * against each other.
 *
 * Thread rule: any thread.
 */
#pragma once

#include "lsm/config/config.h"
#include "lsm/lsm.h"

extern const struct config_option engine_options[];
extern const size_t engine_options_count;

/* Bits a key for filters that err so often (1 to 500000 in a million). */
unsigned engine_options_bloom_bits(unsigned millionths);

/*
 * Once all sources are read, and after each change: whether the values of options that depend on
 * each other go together, as lsm_open has it. As config_check_relations.
 */
must_check int engine_options_check(const struct config *c);

/*
 * Set every field of *ret_options that the table has an option for; c's table holds engine_options.
 * What has none (env, holder) is left as it is: call lsm_options_init first.
 */
void engine_options_apply(const struct config *c, struct lsm_options *ret_options);
