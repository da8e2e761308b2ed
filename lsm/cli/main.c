/*
 * apexkv: a store without a mount.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lsm/base/error.h"
#include "lsm/base/standard_fds.h"
#include "lsm/cli/command.h"
#include "lsm/cli/help.h"
#include "lsm/cli/report.h"
#include "lsm/cli/run.h"
#include "lsm/config/engine_options.h"
#include "lsm/config/profile.h"

/* Sections of the file and the environment that belong to apexfs, the daemon. */
static const char *const daemon_sections[] = {"fs",     "fuse",     "log",   "batch",
					      "search", "features", "stats", NULL};

struct program {
	struct config *config; /* owned */
	const char *file;      /* of -c; NULL: none */
	char *const *words;    /* STORE COMMAND ... */
	int word_count;
	bool help, version;
};

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"option", required_argument, NULL, 'o'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{NULL, 0, NULL, 0},
};

static enum exit_status take_setting(int rc)
{
	if (rc == 0)
		return STATUS_OK;
	report_error(rc);
	return rc == -ENOMEM ? STATUS_FAILED : STATUS_USAGE;
}

static enum exit_status take_option(struct program *p, int code, char **argv)
{
	switch (code) {
	case 'c':
		p->file = optarg;
		return STATUS_OK;
	case 'h':
		p->help = true;
		return STATUS_OK;
	case 'V':
		p->version = true;
		return STATUS_OK;
	case ':':
		return report_usage("%s needs a value", argv[optind - 1]);
	default:
		if (optopt)
			return report_usage("unknown option -%c", optopt);
		return report_usage("unknown option %s", argv[optind - 1]);
	}
}

/* The options before STORE, but for the settings among them. */
static enum exit_status parse_options(struct program *p, int argc, char **argv)
{
	enum exit_status status = STATUS_OK;
	int code;

	opterr = 0;
	while (status == STATUS_OK &&
	       (code = getopt_long(argc, argv, "+:c:o:hV", long_options, NULL)) != -1) {
		if (code != 'o')
			status = take_option(p, code, argv);
	}
	p->words = argv + optind;
	p->word_count = argc - optind;
	return status;
}

/* The one that is named, or the usual one. */
static int load_file(const struct program *p)
{
	const char *store = p->word_count > 0 ? p->words[0] : NULL;

	return p->file ? config_load_file(p->config, p->file)
		       : config_load_usual_file(p->config, store, environ);
}

/* The settings. Which source wins does not depend on the order here. */
static enum exit_status load_settings(struct program *p, int argc, char **argv)
{
	enum exit_status status = STATUS_OK;
	int code;

	fail_clear();
	status = take_setting(load_file(p));
	if (status == STATUS_OK)
		status = take_setting(config_load_environment(p->config, environ));
	optind = 0; /* begins anew, as glibc has it */
	while (status == STATUS_OK &&
	       (code = getopt_long(argc, argv, "+:c:o:hV", long_options, NULL)) != -1) {
		if (code == 'o')
			status = take_setting(config_set(p->config, optarg));
	}
	if (status != STATUS_OK)
		return status;
	config_take_profile(p->config);
	return take_setting(engine_options_check(p->config));
}

static bool asks_for_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static enum exit_status refuse_one_word(const char *word)
{
	const struct command *command = command_find(word);

	if (!command)
		return report_usage("no COMMAND given; repl begins a session");
	return report_usage("%s: no STORE given, which stands before the command: apexkv STORE %s "
			    "%s",
			    word, word, command->arguments);
}

static enum exit_status refuse_command(const struct program *p)
{
	if (command_find(p->words[0]))
		return report_usage("unknown command %s; STORE stands before the command: apexkv "
				    "STORE %s ...",
				    p->words[1], p->words[0]);
	return report_usage("unknown command %s", p->words[1]);
}

/*
 * The command among the words, and before it STORE, unless it has none: so a store called help is
 * written ./help. NULL: help about all is asked for.
 */
static enum exit_status find_command(const struct program *p, const struct command **ret_command,
				     int *ret_at)
{
	const struct command *command = p->word_count > 0 ? command_find(p->words[0]) : NULL;

	*ret_at = 0;
	*ret_command = command;
	if (p->help || (command && command->use == STORE_NONE))
		return STATUS_OK;
	if (p->word_count < 1)
		return report_usage("no STORE given");
	if (p->word_count < 2)
		return refuse_one_word(p->words[0]);
	if (asks_for_help(p->words[1])) /* about the command, or of who has got no further yet */
		return STATUS_OK;
	*ret_at = 1;
	*ret_command = command_find(p->words[1]);
	return *ret_command ? STATUS_OK : refuse_command(p);
}

static enum exit_status show_help(const struct command *command)
{
	if (command)
		help_print_command(command);
	else
		help_print();
	return STATUS_OK;
}

static enum exit_status run(struct program *p, int argc, char **argv)
{
	const struct command *command = NULL;
	struct invocation inv;
	bool help = false;
	int at = 0;
	enum exit_status status = parse_options(p, argc, argv);

	if (status == STATUS_OK && p->version) {
		help_print_version();
		return STATUS_OK;
	}
	if (status == STATUS_OK)
		status = find_command(p, &command, &at);
	if (status != STATUS_OK)
		return status;
	if (p->help || !command || (at == 0 && command->use != STORE_NONE))
		return show_help(command);
	status = command_parse(command, p->word_count - at, (char **)p->words + at, &inv, &help);
	if (help)
		return show_help(command);
	if (status == STATUS_OK)
		status = load_settings(p, argc, argv);
	if (status != STATUS_OK)
		return status;
	inv.store = at > 0 ? p->words[0] : NULL;
	inv.config = p->config;
	return run_invocation(&inv);
}

int main(int argc, char **argv)
{
	struct program p = {0};

	if (standard_fds_fill())
		return STATUS_FAILED; /* there is nowhere to say why */
	int rc = config_new(engine_options, engine_options_count, &p.config);

	if (rc)
		return (int)report_failure(rc);
	config_set_foreign(p.config, daemon_sections);

	enum exit_status status = run(&p, argc, argv);
	enum exit_status output_status = report_output();

	config_free(p.config);
	return (int)(status == STATUS_OK ? output_status : status);
}
