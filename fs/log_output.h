/*
 * Where the daemon's messages go.
 *
 * Thread rule: one thread, before and after all others.
 */
#pragma once

#include <stdbool.h>

#include "lsm/base/compiler.h"

struct config;

struct log_output {
	int fd; /* owned; -1: no file */
};

/*
 * As log.level, log.format and log.file say. The file is made if need be, for its owner alone
 * (0600), and is appended to. A negative errno with a sentence: it cannot be opened, or is no
 * regular file.
 */
must_check int log_output_open(struct log_output *output, const struct config *config);
/* The file instead of what daemon_ready has chosen, where there is one. */
void log_output_use(const struct log_output *output);
void log_output_close(struct log_output *output);
