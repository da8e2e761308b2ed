/*
 * What apexkv says about itself, made from the table of commands.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/cli/command.h"

enum {
	HELP_OPTION_MAX = 64,
};

void help_print(void);
void help_print_command(const struct command *command);
void help_print_version(void);

/* Its heading. */
const char *help_group(enum command_group group);
/* A sentence about what a command needs of the store, or "". */
const char *help_use(enum store_use use);
/* "--name ARGUMENT" */
void help_option_text(const struct command_option *option, char ret_text[HELP_OPTION_MAX]);
