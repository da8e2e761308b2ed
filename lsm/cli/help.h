/*
 * What apexkv says about itself, made from the table of commands.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/cli/command.h"

void help_print(void);
void help_print_command(const struct command *command);
void help_print_version(void);
