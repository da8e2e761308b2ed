#include "lsm/cli/help.h"

#include <stdio.h>

#include "lsm/base/version.h"

static const char usage[] = "apexkv [-c FILE] [-o SECTION.KEY=VALUE]...";

static const char options_help[] =
	"  -c, --config FILE            settings from an INI file\n"
	"  -o, --option SECTION.KEY=VALUE\n"
	"                               one setting; it wins over the file and over the\n"
	"                               environment (APEXFS_SECTION_KEY)\n"
	"  -h, --help                   this text; after a command: about that command\n"
	"  -V, --version\n";

static const char status_help[] =
	"Exit status: 0 done, found; 1 no such key; 2 wrong command line, setting or input; 3 "
	"store\n"
	"missing or in use; 4 damage found; 5 any other error; 130 stopped by a signal.\n";

const char *help_group(enum command_group group)
{
	static const char *const names[GROUP_COUNT] = {
		[GROUP_RECORD] = "One record", [GROUP_RECORDS] = "Many records",
		[GROUP_UPKEEP] = "Upkeep",     [GROUP_INSIDE] = "Looking inside",
		[GROUP_PEOPLE] = "For people",
	};

	return names[group];
}

const char *help_use(enum store_use use)
{
	static const char *const texts[] = {
		[STORE_READ] = "It reads the store beside whoever has it open or mounted.",
		[STORE_CHANGE] = "It needs the store for itself.",
		[STORE_CREATE] = "It needs the store for itself, and makes it when it is missing.",
		[STORE_CLOSED] = "",
		[STORE_NONE] = "",
	};

	return texts[use];
}

static void print_group(enum command_group group)
{
	printf("\n%s:\n", help_group(group));
	for (const struct command *const *at = commands; *at; at++) {
		if ((*at)->group == group)
			printf("  %-13s %-14s %s\n", (*at)->name, (*at)->arguments, (*at)->summary);
	}
}

void help_print(void)
{
	printf("usage: %s STORE COMMAND ...\n\n"
	       "Reads and changes a key-value store, which is a folder, without mounting it.\n",
	       usage);
	for (int group = 0; group < GROUP_COUNT; group++)
		print_group((enum command_group)group);
	printf("\nOptions:\n%s\n%s", options_help, status_help);
}

void help_option_text(const struct command_option *o, char ret_text[HELP_OPTION_MAX])
{
	(void)snprintf(ret_text, HELP_OPTION_MAX, "--%s%s%s", o->name, o->argument ? " " : "",
		       o->argument ? o->argument : "");
}

static void print_option(const struct command_option *o)
{
	char left[HELP_OPTION_MAX];

	help_option_text(o, left);
	printf("  %-16s %s\n", left, o->help);
}

void help_print_command(const struct command *command)
{
	bool has_options = command->options[0].name != NULL;

	printf("usage: %s%s %s%s%s%s\n\n%s\n", usage, command->use == STORE_NONE ? "" : " STORE",
	       command->name, has_options ? " [OPTION]..." : "", command->arguments[0] ? " " : "",
	       command->arguments, command->summary);
	if (command->more[0])
		printf("\n%s", command->more);
	if (help_use(command->use)[0])
		printf("\n%s\n", help_use(command->use));
	if (command->on_mount)
		printf("While the store is mounted on M: %s\n", command->on_mount);
	if (has_options)
		printf("\nOptions:\n");
	for (const struct command_option *o = command->options; o->name; o++)
		print_option(o);
}

void help_print_version(void)
{
	printf("apexkv %s\n", LSM_VERSION);
}
