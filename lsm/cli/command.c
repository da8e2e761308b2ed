#include "lsm/cli/command.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/base/escape.h"
#include "lsm/base/hex.h"
#include "lsm/cli/report.h"

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
	for (int i = command->arguments_max; i < inv->argument_count; i++) {
		/* a key or a value may begin with a dash, what is one too many is an option */
		if (inv->arguments[i][0] == '-' && command->group == GROUP_RECORD)
			return report_usage("%s: %s stands behind the key; options stand before it",
					    command->name, inv->arguments[i]);
	}
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
	/* a value or a key may begin with a dash; elsewhere options may stand behind arguments */
	const char *order = command->group == GROUP_RECORD ? "+:h" : ":h";
	int code;

	fill_long_options(command, long_options);
	opterr = 0;
	optind = 0; /* begins anew, as glibc has it */
	while ((code = getopt_long(argc, argv, order, long_options, NULL)) != -1) {
		if (code == HELP_CODE || code == 'h') {
			*ret_help = true;
			return STATUS_OK;
		}
		if (code == ':')
			return report_usage("%s: %s needs a value", command->name,
					    argv[optind - 1]);
		if (code == '?' && isgraph(optopt)) /* of a long one, a number of ours */
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

enum store_use invocation_use(const struct invocation *inv)
{
	return inv->command->use_of ? inv->command->use_of(inv) : inv->command->use;
}

enum exit_status invocation_prepare(struct invocation *inv)
{
	fail_clear();
	return inv->command->prepare ? inv->command->prepare(inv) : STATUS_OK;
}

void invocation_release(struct invocation *inv)
{
	if (inv->prepared)
		inv->command->release(inv->prepared);
	inv->prepared = NULL;
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

static bool offers(const struct invocation *inv, const char *option)
{
	for (const struct command_option *o = inv->command->options; o->name; o++) {
		if (strcmp(o->name, option) == 0)
			return true;
	}
	return false;
}

enum encoding invocation_encoding(const struct invocation *inv)
{
	if (offers(inv, "hex") && invocation_has(inv, "hex"))
		return ENCODING_HEX;
	if (offers(inv, "escape") && invocation_has(inv, "escape"))
		return ENCODING_ESCAPE;
	return ENCODING_RAW;
}

void encoding_print(FILE *file, enum encoding encoding, struct slice bytes)
{
	switch (encoding) {
	case ENCODING_RAW:
		if (bytes.len > 0)
			fwrite(bytes.ptr, 1, bytes.len, file);
		break;
	case ENCODING_ESCAPE:
		escape_print(file, bytes);
		break;
	case ENCODING_HEX:
		hex_print(file, bytes);
		break;
	}
}

enum exit_status invocation_bytes(const struct invocation *inv, const char *text,
				  struct buf *ret_bytes)
{
	int rc = 0;

	fail_clear();
	switch (invocation_encoding(inv)) {
	case ENCODING_RAW:
		rc = buf_append(ret_bytes, text, strlen(text));
		break;
	case ENCODING_ESCAPE:
		rc = escape_parse(text, ret_bytes);
		break;
	case ENCODING_HEX:
		rc = hex_parse(slice_str(text), ret_bytes);
		break;
	}
	return rc ? report_failure(rc) : STATUS_OK;
}

/* Decimal digits alone, and so few that they fit. */
static bool parse_number(const char *text, uint64_t *ret_number)
{
	uint64_t number = 0;
	size_t len = strlen(text);

	if (len == 0 || len > 18 || strspn(text, "0123456789") != len)
		return false;
	for (; *text; text++)
		number = number * 10 + (uint64_t)(*text - '0');
	*ret_number = number;
	return true;
}

enum exit_status invocation_number(const struct invocation *inv, const char *option,
				   uint64_t *ret_number)
{
	const char *text = invocation_value(inv, option);

	if (text && !parse_number(text, ret_number))
		return report_usage("%s: --%s %s is no number", inv->command->name, option, text);
	return STATUS_OK;
}

enum exit_status invocation_check_key(const struct invocation *inv, const char *text)
{
	cleanup_buf struct buf key = {0};
	enum exit_status status = invocation_bytes(inv, text, &key);

	if (status != STATUS_OK)
		return status;
	if (key.len == 0)
		return report_usage("%s: a key has at least one byte", inv->command->name);
	if (key.len > LSM_KEY_MAX)
		return report_usage("%s: a key has at most %d bytes", inv->command->name,
				    LSM_KEY_MAX);
	return STATUS_OK;
}

enum exit_status invocation_check_place(const struct invocation *inv)
{
	const char *to = inv->arguments[0];
	cleanup_free char *copy = strdup(to);
	struct stat st;

	if (!to[0])
		return report_usage("%s: the name of the folder is empty", inv->command->name);
	if (copy && stat(dirname(copy), &st) != 0)
		return report_usage("%s: %s: %s", inv->command->name, to, strerror(errno));
	return STATUS_OK;
}
