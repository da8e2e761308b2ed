/*
 * repl and demo: a session on a store.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "lsm/cli/command_table.h"
#include "lsm/cli/line_editor.h"
#include "lsm/cli/line_input.h"
#include "lsm/cli/repl.h"
#include "lsm/cli/report.h"

static enum exit_status run_script(struct repl *r)
{
	struct line_input in = {0};
	struct slice line;
	int rc = line_input_open(&in, NULL);

	while (!rc && !r->ended) {
		rc = line_input_next(&in, &line);
		if (!rc)
			repl_run_line(r, line);
	}
	line_input_close(&in);
	return rc && rc != -ENODATA ? report_failure(rc) : STATUS_OK;
}

static enum exit_status run_session(struct repl *r)
{
	cleanup_free char *history = NULL;
	const char *home = getenv("HOME");
	struct line_editor *editor;
	struct slice line;
	int rc;

	if (home && home[0] == '/' && asprintf(&history, "%s/.apexkv_history", home) < 0)
		history = NULL;
	rc = line_editor_new(r->read_only ? "apexkv (read-only)> " : "apexkv> ", history, &editor);
	if (rc)
		return report_failure(rc);
	printf("%s; help lists the commands, exit or Ctrl-D ends.\n", r->outer->store);
	while (!r->ended && (rc = line_editor_next(editor, &line)) != -ENODATA) {
		if (!rc)
			repl_run_line(r, line);
	}
	line_editor_free(editor);
	return STATUS_OK;
}

static enum exit_status repl(struct lsm *db, const struct invocation *inv)
{
	struct repl r;
	enum exit_status status = repl_open(&r, inv);

	(void)db;
	if (status != STATUS_OK)
		return status;
	/* a person who is told of an error knows; a script's caller has only the status */
	bool person = isatty(STDIN_FILENO) == 1;

	status = person ? run_session(&r) : run_script(&r);
	enum exit_status last = repl_close(&r);

	if (person && last != STATUS_FAILED)
		last = STATUS_OK;
	return status != STATUS_OK ? status : last;
}

const struct command command_repl = {
	.name = "repl",
	.arguments = "",
	.summary = "take commands one after the other",
	.more = "The commands are those of the command line, without STORE; set, del and all are\n"
		"put, delete and scan; clear, exit. Words with blanks stand in quotes. Lines can "
		"be\n"
		"edited, and are kept in ~/.apexkv_history, where apexkv was built with libedit.\n"
		"Beside another process that has the store the reading commands work. Input that "
		"is\n"
		"no terminal is run line by line; the exit status is then that of the last "
		"command\n"
		"that failed.\n",
	.use = STORE_CLOSED,
	.group = GROUP_PEOPLE,
	.alone = true,
	.run = repl,
};

static enum exit_status demo(struct lsm *db, const struct invocation *inv)
{
	static const char *const lines[] = {
		"put demo/user/1 \"Ada Lovelace\"",
		"put demo/user/2 \"Grace Hopper\"",
		"put demo/user/3 'Edsger \"no goto\" Dijkstra'",
		"put demo/config/color blue",
		"get demo/user/1",
		"scan --prefix demo/user/",
		"keys --prefix demo/ --reverse --limit 2",
		"search --substring --prefix demo/ config",
		"search --value --prefix demo/ Grace",
		"delete demo/user/2",
		"exists demo/user/2",
		"count --prefix demo/",
	};
	struct repl r = {.db = db, .outer = inv, .options = *inv->options};

	for (size_t i = 0; i < array_size(lines); i++) {
		printf("apexkv> %s\n", lines[i]);
		fflush(stdout);
		repl_run_line(&r, slice_str(lines[i]));
	}
	/* that user/2 does not exist any more is part of the story */
	return r.status == STATUS_NOT_FOUND ? STATUS_OK : r.status;
}

const struct command command_demo = {
	.name = "demo",
	.arguments = "",
	.summary = "put some records below demo/ and show what can be done",
	.more = "",
	.use = STORE_CREATE,
	.group = GROUP_PEOPLE,
	.run = demo,
};
