/*
 * The commands of apexkv: one table, from which they are found, parsed and explained.
 *
 * Thread rule: one thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lsm/base/buf.h"
#include "lsm/base/slice.h"
#include "lsm/cli/exit_status.h"
#include "lsm/cli/value_output.h"
#include "lsm/config/config.h"
#include "lsm/lsm.h"

enum {
	COMMAND_OPTIONS_MAX = 20,
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
	STORE_NONE,   /* there is no STORE on the command line */
};

/* What it is about: the help's sections. */
enum command_group {
	GROUP_RECORD,
	GROUP_RECORDS,
	GROUP_UPKEEP,
	GROUP_INSIDE,
	GROUP_PEOPLE,
	GROUP_COUNT,
};

struct instead;

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
	const char *store;                       /* its path; NULL with STORE_NONE */
	const struct config *config;             /* the settings */
	const struct lsm_options *options;       /* ... as the engine takes them */
	const char *values[COMMAND_OPTIONS_MAX]; /* by index of the option; a switch "", not given
						    NULL */
	char **arguments;                        /* borrowed from argv */
	int argument_count;
	struct progress *progress; /* borrowed; filled in by who runs the command */
	void *prepared;            /* the command's own, from its prepare to its release */
};

struct command {
	const char *name;
	const char *arguments; /* for the usage line */
	const char *summary;   /* one line */
	const char *more;      /* further lines of help, or "" */
	int arguments_min, arguments_max;
	enum store_use use;
	/* Where the options make it another one, that; NULL: they do not. */
	enum store_use (*use_of)(const struct invocation *inv);
	enum command_group group;
	/* What one does instead while the store is mounted, with M for the mount; NULL: nothing
	 * there does the same. Of those that need the store for themselves. */
	const char *on_mount;
	/* ... with the words of an invocation; false: nothing there does the same as this one.
	 * NULL: its words do not matter. */
	bool (*instead)(struct instead *line);
	/* It does the work that else is done in the background, so that it can be watched. */
	bool compacts;
	bool alone; /* not within a session that has the store open */
	struct command_option options[COMMAND_OPTIONS_MAX + 1];
	/* What can stand for its argument, for completion; NULL when there is no i-th. NULL: files.
	 */
	const char *(*word)(size_t i);
	/* Whether it takes standard input, which within a session is the session's. NULL: never. */
	bool (*reads_input)(const struct invocation *inv);
	/* Check the words that need no store. NULL: nothing to check. */
	enum exit_status (*check)(const struct invocation *inv);
	/*
	 * Read what comes from elsewhere, before the store is opened, or made: what is refused then
	 * leaves no store behind. `release` frees inv->prepared, which may be NULL. Reports. NULL:
	 * nothing to read.
	 */
	enum exit_status (*prepare)(struct invocation *inv);
	void (*release)(void *prepared);
	/*
	 * db: NULL with STORE_CLOSED. STATUS_STALE: to be run again, with the same progress, on
	 * the store opened anew.
	 */
	enum exit_status (*run)(struct lsm *db, const struct invocation *inv);
};

/* All of them, in the order of the help; NULL ends the list. */
extern const struct command *const commands[];

/* A whole number in decimal digits, of an option; *ret stays when it was not given. Reports. */
must_check enum exit_status invocation_number(const struct invocation *inv, const char *option,
					      uint64_t *ret_number);

/* NULL: there is none of that name. */
const struct command *command_find(const char *name);

/*
 * Parse argv[0] (the command's name) and what follows, which may be put in another order. The
 * options of commands about one record stand before its key. *ret_help: --help was given, nothing
 * else was looked at. A usage error is reported here.
 */
must_check enum exit_status command_parse(const struct command *command, int argc, char **argv,
					  struct invocation *ret_invocation, bool *ret_help);

/* What the invocation needs of the store. */
enum store_use invocation_use(const struct invocation *inv);
/* The command's prepare and release, if it has them. */
must_check enum exit_status invocation_prepare(struct invocation *inv);
void invocation_release(struct invocation *inv);

/* Whether the option was given, and its argument (NULL when it was not). The command has one of
 * that name. */
bool invocation_has(const struct invocation *inv, const char *option);
const char *invocation_value(const struct invocation *inv, const char *option);

/* How keys and values are written: the switches ENCODING_OPTIONS of the command, if it has them. */
#define ENCODING_OPTIONS(what)                                                                     \
	{"escape", NULL, what " with C escapes: \\\\ \\t \\n \\r \\xNN"},                          \
	{                                                                                          \
		"hex", NULL, what " in hex digits"                                                 \
	}

enum encoding {
	ENCODING_RAW,
	ENCODING_ESCAPE,
	ENCODING_HEX,
};

enum encoding invocation_encoding(const struct invocation *inv);
/* Write bytes in it; failures show in ferror(file). */
void encoding_print(FILE *file, enum encoding encoding, struct slice bytes);

/* The bytes of a key or value on the command line, appended. An error is reported here. */
must_check enum exit_status invocation_bytes(const struct invocation *inv, const char *text,
					     struct buf *ret_bytes);
/* Whether the first argument can be a new folder: its name is not empty, and what it is to lie in
 * is there. (Of the store's own files ENOENT is damage.) For command.check. Reports. */
must_check enum exit_status invocation_check_place(const struct invocation *inv);
/* Whether invocation_bytes would do, and answer a key that can be in a store. Reports. */
must_check enum exit_status invocation_check_key(const struct invocation *inv, const char *text);
