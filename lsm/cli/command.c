#include "lsm/cli/command.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "lsm/base/error.h"
#include "lsm/cli/escape.h"
#include "lsm/cli/report.h"

const struct command *const commands[] = {
	&command_put,     &command_get,        &command_delete,  &command_scan,
	&command_dump,    &command_stats,      &command_verify,  &command_flush,
	&command_compact, &command_checkpoint, &command_salvage, NULL,
};

void progress_done(struct progress *progress)
{
	buf_done(&progress->last_key);
	value_output_done(&progress->value);
}

const struct command *command_find(const char *name)
{
	for (const struct command *const *at = commands; *at; at++) {
		if (strcmp((*at)->name, name) == 0)
			return *at;
	}
	return NULL;
}

enum {
	HELP_CODE = COMMAND_OPTIONS_MAX, /* getopt's answer for --help; for others the index */
};

static void fill_long_options(const struct command *command,
			      struct option long_options[COMMAND_OPTIONS_MAX + 2])
{
	int count = 0;

	for (; command->options[count].name; count++) {
		const struct command_option *o = &command->options[count];

		long_options[count] = (struct option){
			.name = o->name,
			.has_arg = o->argument ? required_argument : no_argument,
			.val = count,
		};
	}
	long_options[count] = (struct option){.name = "help", .val = HELP_CODE};
	long_options[count + 1] = (struct option){0};
}

static enum exit_status check_argument_count(const struct invocation *inv)
{
	const struct command *command = inv->command;

	if (inv->argument_count < command->arguments_min)
		return report_usage("%s: too few arguments, it takes: %s", command->name,
				    command->arguments);
	if (inv->argument_count > command->arguments_max)
		return report_usage("%s: too many arguments, it takes: %s", command->name,
				    command->arguments[0] ? command->arguments : "none");
	return STATUS_OK;
}

enum exit_status command_parse(const struct command *command, int argc, char **argv,
			       struct invocation *ret_invocation, bool *ret_help)
{
	struct option long_options[COMMAND_OPTIONS_MAX + 2];
	struct invocation inv = {.command = command};
	int code;

	fill_long_options(command, long_options);
	opterr = 0;
	optind = 0; /* begins anew, as glibc has it */
	while ((code = getopt_long(argc, argv, "+:h", long_options, NULL)) != -1) {
		if (code == HELP_CODE || code == 'h') {
			*ret_help = true;
			return STATUS_OK;
		}
		if (code == ':')
			return report_usage("%s: %s needs a value", command->name,
					    argv[optind - 1]);
		if (code == '?' && optopt)
			return report_usage("%s: unknown option -%c", command->name, optopt);
		if (code == '?')
			return report_usage("%s: unknown option %s", command->name,
					    argv[optind - 1]);
		inv.values[code] = optarg ? optarg : "";
	}
	inv.arguments = argv + optind;
	inv.argument_count = argc - optind;

	enum exit_status status = check_argument_count(&inv);

	if (status == STATUS_OK && command->check)
		status = command->check(&inv);
	*ret_help = false;
	*ret_invocation = inv;
	return status;
}

const char *invocation_value(const struct invocation *inv, const char *option)
{
	int index = 0;

	while (strcmp(inv->command->options[index].name, option) != 0) {
		index++;
		assert(inv->command->options[index].name);
	}
	return inv->values[index];
}

bool invocation_has(const struct invocation *inv, const char *option)
{
	return invocation_value(inv, option) != NULL;
}

enum exit_status invocation_key(const struct invocation *inv, const char *text, struct buf *ret_key)
{
	int rc;

	fail_clear();
	if (invocation_has(inv, "escaped"))
		rc = escape_parse(text, ret_key);
	else
		rc = buf_append(ret_key, text, strlen(text));
	return rc ? report_failure(rc) : STATUS_OK;
}

enum exit_status invocation_check_key(const struct invocation *inv, const char *text)
{
	cleanup_buf struct buf key = {0};
	enum exit_status status = invocation_key(inv, text, &key);

	if (status != STATUS_OK)
		return status;
	if (key.len == 0)
		return report_usage("%s: a key has at least one byte", inv->command->name);
	if (key.len > LSM_KEY_MAX)
		return report_usage("%s: a key has at most %d bytes", inv->command->name,
				    LSM_KEY_MAX);
	return STATUS_OK;
}
