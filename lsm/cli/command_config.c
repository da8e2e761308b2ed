/*
 * config: the settings as they are in effect.
 */
#include <stdio.h>

#include "lsm/cli/command_table.h"
#include "lsm/cli/report.h"

static enum exit_status show_config(struct lsm *db, const struct invocation *inv)
{
	cleanup_buf struct buf text = {0};
	int rc = config_render_values(inv->config, &text);

	(void)db;
	if (rc)
		return report_failure(rc);
	encoding_print(stdout, ENCODING_RAW, buf_slice(&text));
	return STATUS_OK;
}

const struct command command_config = {
	.name = "config",
	.arguments = "",
	.summary = "print each setting, its value and where that came from",
	.more = "The store is not opened. What each means: apexfs.ini.\n",
	.use = STORE_CLOSED,
	.group = GROUP_INSIDE,
	.run = show_config,
};
