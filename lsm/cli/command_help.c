/*
 * help, complete, manual: the table of commands for people, for bash and for man(1).
 */
#include <ctype.h>
#include <stdio.h>

#include "lsm/base/version.h"
#include "lsm/cli/command_table.h"
#include "lsm/cli/help.h"
#include "lsm/cli/report.h"

static enum exit_status help(struct lsm *db, const struct invocation *inv)
{
	const struct command *about =
		inv->argument_count > 0 ? command_find(inv->arguments[0]) : NULL;

	(void)db;
	if (inv->argument_count > 0 && !about)
		return report_usage("unknown command %s", inv->arguments[0]);
	if (about)
		help_print_command(about);
	else
		help_print();
	return STATUS_OK;
}

static const char *command_name(size_t i)
{
	return commands[i] ? commands[i]->name : NULL;
}

const struct command command_help = {
	.name = "help",
	.arguments = "[COMMAND]",
	.summary = "explain apexkv, or a command",
	.more = "",
	.arguments_max = 1,
	.use = STORE_NONE,
	.group = GROUP_PEOPLE,
	.word = command_name,
	.run = help,
};

/* ---- complete ---- */

/* Before STORE: options and folders; then a command; then its options and files. */
static const char completion_start[] =
	"# bash completion for apexkv, made by: apexkv complete\n"
	"_apexkv() {\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
	"\tlocal command='' store='' i word\n"
	"\tCOMPREPLY=()\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tword=${COMP_WORDS[i]}\n"
	"\t\tcase $word in\n"
	"\t\t-c | --config | -o | --option)\n"
	"\t\t\t# bash takes a word apart at each =\n"
	"\t\t\t[[ ${COMP_WORDS[i + 1]} == = ]] && i=$((i + 1))\n"
	"\t\t\ti=$((i + 1))\n"
	"\t\t\twhile [[ ${COMP_WORDS[i + 1]} == = ]]; do i=$((i + 2)); done ;;\n"
	"\t\t-*) ;;\n"
	"\t\t*)\n"
	"\t\t\tif [[ -z $store ]]; then store=$word; else command=$word; break; fi ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\t[[ -z $command ]] && case $store in\n";

static const char completion_middle[] =
	"\tesac\n"
	"\tif [[ -z $store ]]; then\n"
	"\t\tif [[ $prev == -c || $prev == --config ]]; then\n"
	"\t\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
	"\t\telif [[ $cur == -* ]]; then\n"
	"\t\t\tCOMPREPLY=($(compgen -W '-c --config -o --option -h --help -V --version' -- "
	"\"$cur\"))\n"
	"\t\telse\n"
	"\t\t\tmapfile -t COMPREPLY < <(compgen -d -- \"$cur\"; compgen -W '";

static const char completion_commands[] = "' -- \"$cur\")\n"
					  "\t\tfi\n"
					  "\t\treturn\n"
					  "\tfi\n"
					  "\tcase $command in\n";

static const char completion_end[] = "\tesac\n"
				     "}\n"
				     "complete -o filenames -F _apexkv apexkv\n";

static void print_options_case(const struct command *command)
{
	printf("\t%s)\n\t\tif [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--help",
	       command->name);
	for (const struct command_option *o = command->options; o->name; o++)
		printf(" --%s", o->name);
	printf("' -- \"$cur\"))\n\t\telse ");
	if (command->word) {
		printf("COMPREPLY=($(compgen -W '");
		for (size_t i = 0; command->word(i); i++)
			printf("%s%s", i > 0 ? " " : "", command->word(i));
		printf("' -- \"$cur\")); fi ;;\n");
	} else {
		printf("mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); fi ;;\n");
	}
}

/* The names of those that have no STORE before them, with this between them. */
static void print_storeless(const char *between)
{
	const char *before = "";

	for (const struct command *const *at = commands; *at; at++) {
		if ((*at)->use != STORE_NONE)
			continue;
		printf("%s%s", before, (*at)->name);
		before = between;
	}
}

static void print_completion(void)
{
	const struct command *const *at;

	fputs(completion_start, stdout);
	printf("\t");
	print_storeless(" | ");
	printf(") command=$store ;;\n");
	fputs(completion_middle, stdout);
	print_storeless(" ");
	fputs(completion_commands, stdout);
	printf("\t'') COMPREPLY=($(compgen -W '");
	for (at = commands; *at; at++)
		printf("%s%s", at == commands ? "" : " ", (*at)->name);
	printf("' -- \"$cur\")) ;;\n");
	for (at = commands; *at; at++)
		print_options_case(*at);
	fputs(completion_end, stdout);
}

static enum exit_status complete(struct lsm *db, const struct invocation *inv)
{
	(void)db;
	(void)inv;
	print_completion();
	return STATUS_OK;
}

const struct command command_complete = {
	.name = "complete",
	.arguments = "",
	.alone = true,
	.summary = "print the completion for bash: eval \"$(apexkv complete)\"",
	.more = "",
	.use = STORE_NONE,
	.group = GROUP_PEOPLE,
	.run = complete,
};

/* ---- manual ---- */

/* Text in roff(7): backslashes, and what begins a line as a request, are not meant as such. */
static void print_roff(const char *text)
{
	bool at_start = true;

	for (; *text; text++) {
		if (at_start && (*text == '.' || *text == '\''))
			fputs("\\&", stdout);
		if (*text == '\\')
			fputs("\\e", stdout);
		else if (*text == '-')
			fputs("\\-", stdout);
		else
			putchar(*text);
		at_start = *text == '\n';
	}
}

static void print_manual_options(const struct command *command)
{
	for (const struct command_option *o = command->options; o->name; o++) {
		char left[HELP_OPTION_MAX];

		help_option_text(o, left);
		printf(".TP\n.B ");
		print_roff(left);
		putchar('\n');
		print_roff(o->help);
		putchar('\n');
	}
}

static void print_manual_command(const struct command *command)
{
	printf(".SS %s", command->name);
	if (command->arguments[0])
		printf(" ");
	print_roff(command->arguments);
	printf("\n");
	print_roff(command->summary);
	printf(".\n");
	if (command->more[0]) {
		printf(".PP\n.nf\n");
		print_roff(command->more);
		printf(".fi\n");
	}
	if (help_use(command->use)[0])
		printf(".PP\n%s\n", help_use(command->use));
	if (command->on_mount) {
		printf("While the store is mounted on M:\n.B ");
		print_roff(command->on_mount);
		putchar('\n');
	}
	print_manual_options(command);
}

static const char manual_start[] =
	".SH NAME\n"
	"apexkv \\- a log-structured key-value store on the command line\n"
	".SH SYNOPSIS\n"
	".B apexkv\n"
	"[\\-c FILE] [\\-o SECTION.KEY=VALUE]... STORE COMMAND ...\n"
	".SH DESCRIPTION\n"
	"Reads and changes a key-value store, which is a folder, without mounting it. What is for\n"
	"programs goes to standard output, what is for people to standard error. Long work shows\n"
	"how far it is: on a terminal as a bar, elsewhere as a line every ten seconds. Ctrl-C "
	"stops\n"
	"it between two steps, and it says what was done.\n"
	".SH OPTIONS\n"
	".TP\n.B \\-c, \\-\\-config FILE\nsettings from an INI file\n"
	".TP\n.B \\-o, \\-\\-option SECTION.KEY=VALUE\n"
	"one setting; it wins over the file and over the environment (APEXFS_SECTION_KEY)\n"
	".TP\n.B \\-h, \\-\\-help\nhelp; after a command: about that command\n"
	".TP\n.B \\-V, \\-\\-version\nthe version\n";

static const char manual_end[] = ".SH EXIT STATUS\n"
				 ".TP\n.B 0\ndone, found\n"
				 ".TP\n.B 1\nno such key\n"
				 ".TP\n.B 2\nwrong command line, setting or input\n"
				 ".TP\n.B 3\nthe store is missing, or another process has it\n"
				 ".TP\n.B 4\ndamage found; the message names file and offset\n"
				 ".TP\n.B 5\nany other error\n"
				 ".TP\n.B 130\nstopped by a signal\n"
				 ".SH SEE ALSO\n"
				 "apexfs.ini lists the settings with their ranges and defaults.\n";

static enum exit_status manual(struct lsm *db, const struct invocation *inv)
{
	(void)db;
	(void)inv;
	printf(".TH APEXKV 1 \"\" \"apexfs %s\" \"User Commands\"\n", LSM_VERSION);
	fputs(manual_start, stdout);
	for (int group = 0; group < GROUP_COUNT; group++) {
		printf(".SH ");
		for (const char *c = help_group((enum command_group)group); *c; c++)
			putchar(toupper((unsigned char)*c));
		putchar('\n');
		for (const struct command *const *at = commands; *at; at++) {
			if ((int)(*at)->group == group)
				print_manual_command(*at);
		}
	}
	fputs(manual_end, stdout);
	return STATUS_OK;
}

const struct command command_manual = {
	.name = "manual",
	.arguments = "",
	.alone = true,
	.summary = "print the manual page: apexkv manual | man -l -",
	.more = "",
	.use = STORE_NONE,
	.group = GROUP_PEOPLE,
	.run = manual,
};
