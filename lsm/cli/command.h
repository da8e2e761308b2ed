/*
 * The commands of apexkv: one table, from which they are found, parsed and explained.
 *
 * Thread rule: one thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lsm/base/buf.h"
#include "lsm/base/slice.h"
#include "lsm/cli/exit_status.h"
#include "lsm/cli/value_output.h"
#include "lsm/lsm.h"

enum {
	COMMAND_OPTIONS_MAX = 7,
};

struct command_option {
	const char *name;     /* without its "--"; NULL ends the list */
	const char *argument; /* what to call it; NULL: a switch */
	const char *help;
};

enum store_use {
	STORE_READ,   /* beside other processes, no file is changed */
	STORE_CHANGE, /* alone; the store exists */
	STORE_CREATE, /* alone; made when it is missing */
	STORE_CLOSED, /* not opened: the command does with its path what it likes */
};

/* How far the output has come; it goes on there when the command is run again. Zero-initialise, end
 * with progress_done. */
struct progress {
	uint64_t records;          /* printed */
	struct buf last_key;       /* of them; owned */
	struct value_output value; /* of the record after them */
};

void progress_done(struct progress *progress);

/* A command line that fits its command. */
struct invocation {
	const struct command *command;
	const char *store;                       /* its path */
	const struct lsm_options *options;       /* the settings */
	const char *values[COMMAND_OPTIONS_MAX]; /* by index of the option; a switch "", not given
						    NULL */
	char **arguments;                        /* borrowed from argv */
	int argument_count;
	struct progress *progress; /* borrowed; filled in by who runs the command */
};

struct command {
	const char *name;
	const char *arguments; /* for the usage line */
	const char *summary;   /* one line */
	const char *more;      /* further lines of help, or "" */
	int arguments_min, arguments_max;
	enum store_use use;
	struct command_option options[COMMAND_OPTIONS_MAX + 1];
	/* Check the words that need no store. NULL: nothing to check. */
	enum exit_status (*check)(const struct invocation *inv);
	/*
	 * db: NULL with STORE_CLOSED. STATUS_STALE: to be run again, with the same progress, on
	 * the store opened anew.
	 */
	enum exit_status (*run)(struct lsm *db, const struct invocation *inv);
};

extern const struct command command_put;
extern const struct command command_get;
extern const struct command command_delete;
extern const struct command command_scan;
extern const struct command command_verify;
extern const struct command command_salvage;
extern const struct command command_dump;
extern const struct command command_stats;
extern const struct command command_flush;
extern const struct command command_compact;
extern const struct command command_checkpoint;

/* All of them, in the order of the help; NULL ends the list. */
extern const struct command *const commands[];

/* NULL: there is none of that name. */
const struct command *command_find(const char *name);

/*
 * Parse argv[0] (the command's name) and what follows. *ret_help: --help was given, nothing else
 * was looked at. A usage error is reported here.
 */
must_check enum exit_status command_parse(const struct command *command, int argc, char **argv,
					  struct invocation *ret_invocation, bool *ret_help);

/* Whether the option was given, and its argument (NULL when it was not). The command has one of
 * that name. */
bool invocation_has(const struct invocation *inv, const char *option);
const char *invocation_value(const struct invocation *inv, const char *option);

/* A key from the command line; with the switch --escaped its escapes are resolved. An error is
 * reported here. */
must_check enum exit_status invocation_key(const struct invocation *inv, const char *text,
					   struct buf *ret_key);
/* Whether invocation_key would do, and answer a key that can be in a store. Reports. */
must_check enum exit_status invocation_check_key(const struct invocation *inv, const char *text);
