#include "lsm/cli/help.h"

#include <stdio.h>

#include "lsm/base/version.h"

static const char usage[] = "apexkv [-c FILE] [-o SECTION.KEY=VALUE]... STORE";

static const char options_help[] =
	"  -c, --config FILE            settings from an INI file\n"
	"  -o, --option SECTION.KEY=VALUE\n"
	"                               one setting; it wins over the file and over the\n"
	"                               environment (APEXFS_SECTION_KEY)\n"
	"  -h, --help                   this text; after a command: about that command\n"
	"  -V, --version\n";

static const char status_help[] =
	"Exit status: 0 done, 1 no such key, 2 wrong command line or setting, 3 store missing or\n"
	"in use, 4 damage found, 5 any other error.\n";

void help_print(void)
{
	printf("usage: %s COMMAND ...\n\n"
	       "Reads and changes a key-value store, which is a folder. put, delete, flush, "
	       "compact,\ncheckpoint and salvage need it for themselves; the other commands read "
	       "it "
	       "beside whoever\nhas it open or mounted.\n\n"
	       "Commands:\n",
	       usage);
	for (const struct command *const *at = commands; *at; at++)
		printf("  %-10s %-14s %s\n", (*at)->name, (*at)->arguments, (*at)->summary);
	printf("\nOptions:\n%s\n%s", options_help, status_help);
}

static void print_option(const struct command_option *o)
{
	char left[64];

	snprintf(left, sizeof(left), "--%s%s%s", o->name, o->argument ? " " : "",
		 o->argument ? o->argument : "");
	printf("  %-16s %s\n", left, o->help);
}

void help_print_command(const struct command *command)
{
	bool has_options = command->options[0].name != NULL;

	printf("usage: %s %s%s%s%s\n\n%s\n", usage, command->name,
	       has_options ? " [OPTION]..." : "", command->arguments[0] ? " " : "",
	       command->arguments, command->summary);
	if (command->more[0])
		printf("\n%s", command->more);
	if (has_options)
		printf("\nOptions:\n");
	for (const struct command_option *o = command->options; o->name; o++)
		print_option(o);
}

void help_print_version(void)
{
	printf("apexkv %s\n", LSM_VERSION);
}
