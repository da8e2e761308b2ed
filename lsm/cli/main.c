/*
 * apexkv: a store without a mount.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "lsm/base/error.h"
#include "lsm/base/standard_fds.h"
#include "lsm/cli/command.h"
#include "lsm/cli/help.h"
#include "lsm/cli/report.h"
#include "lsm/config/engine_options.h"
#include "lsm/config/profile.h"

/* Sections of the file and the environment that belong to apexfs, the daemon. */
static const char *const daemon_sections[] = {"fs",     "fuse",     "log",   "batch",
					      "search", "features", "stats", NULL};

enum {
	STALE_TRIES = 20,
};

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
	config_take_profile(p->config);
	return status;
}

static void set_use(enum store_use use, struct lsm_options *options)
{
	if (use != STORE_CREATE)
		options->create = false;
	if (use == STORE_READ)
		options->read_only = true;
}

static enum exit_status run_on_open_store(const struct invocation *inv)
{
	struct lsm *db;
	int rc = lsm_open(inv->store, inv->options, &db);

	if (rc) {
		report_error(rc);
		return status_of_open_error(rc);
	}
	fail_clear();

	enum exit_status status = inv->command->run(db, inv);

	fail_clear();
	rc = lsm_close(db);
	if (rc && status == STATUS_OK)
		status = report_failure(rc);
	return status;
}

/*
 * A reader beside a writer may have to open the store again, because a table that it wants has been
 * replaced. That ends, as long as it gets on in between.
 */
static enum exit_status run_until_fresh(struct invocation *inv)
{
	struct progress progress = {0};
	enum exit_status status = STATUS_STALE;

	inv->progress = &progress;
	for (int tries = 0; status == STATUS_STALE && tries < STALE_TRIES; tries++) {
		uint64_t records = progress.records;
		uint64_t bytes = progress.value.done;

		status = run_on_open_store(inv);
		if (progress.records > records || progress.value.done > bytes)
			tries = 0;
	}
	progress_done(&progress);
	return status == STATUS_STALE ? report_stale(inv->store) : status;
}

static enum exit_status run_on_store(const struct program *p, struct invocation *inv)
{
	char holder[64];
	struct lsm_options options;

	snprintf(holder, sizeof(holder), "apexkv %s, pid %ld", inv->command->name, (long)getpid());
	lsm_options_init(&options);
	engine_options_apply(p->config, &options);
	options.holder = holder;
	set_use(inv->command->use, &options);
	inv->store = p->words[0];
	inv->options = &options;
	return inv->command->use == STORE_CLOSED ? inv->command->run(NULL, inv)
						 : run_until_fresh(inv);
}

static enum exit_status run_command(const struct program *p)
{
	struct invocation inv;
	bool help = false;

	if (p->word_count < 1)
		return report_usage("no STORE given");
	if (p->word_count < 2)
		return report_usage("no COMMAND given");

	const struct command *command = command_find(p->words[1]);

	if (!command)
		return report_usage("unknown command %s", p->words[1]);

	enum exit_status status =
		command_parse(command, p->word_count - 1, (char **)p->words + 1, &inv, &help);

	if (help) {
		help_print_command(command);
		return STATUS_OK;
	}
	return status == STATUS_OK ? run_on_store(p, &inv) : status;
}

static enum exit_status run(struct program *p, int argc, char **argv)
{
	enum exit_status status = parse_options(p, argc, argv);

	if (status != STATUS_OK)
		return status;
	if (p->help) {
		help_print();
		return STATUS_OK;
	}
	if (p->version) {
		help_print_version();
		return STATUS_OK;
	}
	status = load_settings(p, argc, argv);
	return status == STATUS_OK ? run_command(p) : status;
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
