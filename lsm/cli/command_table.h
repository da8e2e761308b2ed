/*
 * Each command of apexkv, by its name in C. The table that is made of them is in command.h.
 */
#pragma once

#include "lsm/cli/command.h"

/* command_record.c */
extern const struct command command_put;
extern const struct command command_get;
extern const struct command command_delete;
extern const struct command command_exists;
/* command_scan.c */
extern const struct command command_scan;
extern const struct command command_keys;
extern const struct command command_search;
extern const struct command command_count;
extern const struct command command_dump;
/* command_transfer.c */
extern const struct command command_import;
extern const struct command command_export;
/* command_convert.c */
extern const struct command command_convert;
/* command_load.c */
extern const struct command command_load;
/* command_inspect.c */
extern const struct command command_sst_dump;
extern const struct command command_wal_dump;
extern const struct command command_manifest_dump;
/* command_batch.c */
extern const struct command command_batch;
/* command_stats.c, command_config.c */
extern const struct command command_stats;
extern const struct command command_config;
/* command_upkeep.c, command_verify.c, command_salvage.c */
extern const struct command command_flush;
extern const struct command command_compact;
extern const struct command command_checkpoint;
extern const struct command command_verify;
extern const struct command command_salvage;
/* command_repl.c */
extern const struct command command_repl;
extern const struct command command_demo;
/* command_bench.c */
extern const struct command command_bench;
/* command_top.c */
extern const struct command command_top;
/* command_help.c */
extern const struct command command_help;
extern const struct command command_complete;
extern const struct command command_manual;
