#include "lsm/cli/repl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/cli/help.h"
#include "lsm/cli/holder.h"
#include "lsm/cli/interrupt.h"
#include "lsm/cli/output.h"
#include "lsm/cli/report.h"
#include "lsm/cli/words.h"

enum {
	STALE_TRIES = 20,
	WORDS_MAX = 1000,
};

/* Names that other stores' shells have for the same. */
static const struct {
	const char *name, *command;
} aliases[] = {
	{"set", "put"}, {"del", "delete"}, {"rm", "delete"},  {"all", "scan"},
	{"ls", "keys"}, {"?", "help"},     {"info", "stats"},
};

/* Beside a writer, or where this user or the disk takes no writes. */
static int open_to_read(struct repl *r, int error)
{
	char why[ERROR_TEXT_MAX];

	(void)snprintf(why, sizeof(why), "%s", lsm_error_text());
	if (error == -EWOULDBLOCK)
		memcpy(r->in_use, why, sizeof(why));
	r->read_only = true;
	r->options.create = false;
	r->options.read_only = true;
	int rc = lsm_open(r->outer->store, &r->options, &r->db);

	if (!rc)
		report_note("%s; it can be read all the same", why);
	return rc;
}

enum exit_status repl_open(struct repl *r, const struct invocation *outer)
{
	*r = (struct repl){.outer = outer, .options = *outer->options};
	int rc = lsm_open(outer->store, &r->options, &r->db);

	if (rc == -EWOULDBLOCK || rc == -EROFS || rc == -EACCES || rc == -EPERM)
		rc = open_to_read(r, rc);
	if (rc) {
		report_error(rc);
		return status_of_open_error(rc);
	}
	return STATUS_OK;
}

enum exit_status repl_close(struct repl *r)
{
	fail_clear();
	int rc = lsm_close(r->db);

	if (rc)
		return report_failure(rc);
	return r->status;
}

/* ---- one command ---- */

/* The store as it is now; on failure there is none, and the session ends. */
static bool reopen(struct repl *r)
{
	int rc = lsm_close(r->db);

	r->db = NULL;
	if (!rc)
		rc = lsm_open(r->outer->store, &r->options, &r->db);
	if (rc) {
		report_error(rc);
		r->status = status_of_open_error(rc);
		r->ended = true;
	}
	return rc == 0;
}

static enum exit_status run_here(struct repl *r, struct invocation *inv)
{
	struct progress progress = {0};
	enum exit_status status = STATUS_STALE;

	inv->progress = &progress;
	enum exit_status prepared = invocation_prepare(inv);

	if (prepared != STATUS_OK)
		status = prepared;
	for (int tries = 0; status == STATUS_STALE && tries < STALE_TRIES; tries++) {
		if (r->read_only && !reopen(r))
			break;
		fail_clear();
		interrupt_begin(NULL);
		status = inv->command->run(r->db, inv);
		interrupt_end();
	}
	invocation_release(inv);
	progress_done(&progress);
	if (status == STATUS_STALE && !r->ended)
		status = report_stale(r->outer->store);
	return status;
}

/* Values with what does not print written as escapes, and each on a line: it is for eyes. */
static bool wants_escapes(const struct command *command, int argc, char **argv)
{
	if (strcmp(command->name, "get") != 0)
		return false;
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strncmp(argv[i], "--", 2) == 0)
			return false;
	}
	return true;
}

/* The lines to come are commands, not somebody's input. */
static enum exit_status refuse_input(const struct invocation *inv)
{
	const char *name = inv->command->name;

	if (inv->command->group != GROUP_RECORD)
		return report_usage("%s: standard input is this session's; name a file", name);
	if (inv->argument_count < 2)
		return report_usage("%s: there is no VALUE; --file F takes a file's", name);
	return report_usage("%s: - is standard input, which is this session's; --file F takes a "
			    "file's bytes, --escape KEY '\\x2d' a dash",
			    name);
}

static enum exit_status refuse_change(const struct repl *r, const struct invocation *inv)
{
	if (!r->in_use[0])
		return report_usage("%s: the store is only read here", inv->command->name);
	ignore_result(fail(-EWOULDBLOCK, "%s", r->in_use));
	return holder_report(inv);
}

static enum exit_status check_here(const struct repl *r, const struct invocation *inv)
{
	const struct command *command = inv->command;

	if (command->alone)
		return report_usage("%s: not here, but from the shell", command->name);
	if (r->read_only &&
	    (invocation_use(inv) == STORE_CHANGE || invocation_use(inv) == STORE_CREATE))
		return refuse_change(r, inv);
	if (command->reads_input && command->reads_input(inv))
		return refuse_input(inv);
	return STATUS_OK;
}

static enum exit_status run_command(struct repl *r, const struct command *command, int argc,
				    char **argv)
{
	struct invocation inv;
	bool help = false;
	enum exit_status status = command_parse(command, argc, argv, &inv, &help);

	if (help) {
		help_print_command(command);
		return STATUS_OK;
	}
	if (status != STATUS_OK)
		return status;
	inv.store = r->outer->store;
	inv.config = r->outer->config;
	inv.options = &r->options;
	status = check_here(r, &inv);
	return status == STATUS_OK ? run_here(r, &inv) : status;
}

/* ---- a line ---- */

static void print_help(void)
{
	printf("set, del, all, ls: put, delete, scan, keys. clear, exit. help COMMAND explains "
	       "one.\n"
	       "Words with blanks stand in quotes: put user:1 \"John Doe\"\n");
	for (const struct command *const *at = commands; *at; at++) {
		if (!(*at)->alone)
			printf("  %-13s %-14s %s\n", (*at)->name, (*at)->arguments, (*at)->summary);
	}
}

/* What is no command of the table. False: it is one. */
static bool run_own(struct repl *r, int argc, char **argv)
{
	if (strcasecmp(argv[0], "exit") == 0 || strcasecmp(argv[0], "quit") == 0) {
		r->ended = true;
	} else if (strcasecmp(argv[0], "clear") == 0) {
		printf("\033[H\033[2J");
	} else if (argc == 1 && (strcasecmp(argv[0], "help") == 0 || strcmp(argv[0], "?") == 0)) {
		print_help();
	} else {
		return false;
	}
	return true;
}

/* However it is written: GET, as of those who know another store. */
static const struct command *find(const char *name)
{
	for (size_t i = 0; i < array_size(aliases); i++) {
		if (strcasecmp(aliases[i].name, name) == 0)
			return command_find(aliases[i].command);
	}
	for (const struct command *const *at = commands; *at; at++) {
		if (strcasecmp((*at)->name, name) == 0)
			return *at;
	}
	return NULL;
}

static enum exit_status run_words(struct repl *r, int argc, char **argv)
{
	const struct command *command = find(argv[0]);
	static char line[] = "--line";

	if (!command)
		return report_usage("%s: there is no such command; help lists them", argv[0]);
	if (!wants_escapes(command, argc, argv))
		return run_command(r, command, argc, argv);

	/* the key is as it was typed, the value is printed with escapes */
	cleanup_free char **longer = calloc((size_t)argc + 3, sizeof(*longer));

	if (!longer)
		return report_failure(-ENOMEM);
	longer[0] = argv[0];
	longer[1] = line;
	memcpy(longer + 2, argv + 1, (size_t)argc * sizeof(*argv));
	return run_command(r, command, argc + 1, longer);
}

static enum exit_status run_parsed(struct repl *r, const struct words *w)
{
	char *argv[WORDS_MAX + 1];

	if (w->count > WORDS_MAX)
		return report_usage("more than %d words", WORDS_MAX);
	for (size_t i = 0; i < w->count; i++) {
		struct slice word = words_at(w, i);

		if (word.len > 0 && memchr(word.ptr, 0, word.len))
			return report_usage("no word has a NUL here; --hex does");
		argv[i] = (char *)word.ptr;
	}
	argv[w->count] = NULL;
	return run_own(r, (int)w->count, argv) ? STATUS_OK : run_words(r, (int)w->count, argv);
}

void repl_run_line(struct repl *r, struct slice line)
{
	struct words w = {0};
	enum exit_status status = STATUS_OK;

	fail_clear();
	int rc = words_parse(&w, line);

	if (rc)
		status = report_failure(rc);
	else if (w.count > 0)
		status = run_parsed(r, &w);
	words_done(&w);
	if (status != STATUS_OK)
		r->status = status;
	ignore_result(fflush(stdout)); /* at the end of it all it is told */
	(void)output_failed(stdout);
}
