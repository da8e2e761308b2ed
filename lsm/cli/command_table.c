#include "lsm/cli/command_table.h"

const struct command *const commands[] = {
	&command_put,     &command_get,        &command_delete,   &command_exists,
	&command_scan,    &command_keys,       &command_search,   &command_count,
	&command_batch,   &command_import,     &command_export,   &command_load,
	&command_convert, &command_flush,      &command_compact,  &command_verify,
	&command_salvage, &command_checkpoint, &command_stats,    &command_config,
	&command_dump,    &command_sst_dump,   &command_wal_dump, &command_manifest_dump,
	&command_repl,    &command_demo,       &command_top,      &command_bench,
	&command_help,    &command_complete,   &command_manual,   NULL,
};
