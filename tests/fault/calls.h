/*
 * The system calls of the kernel's env (lsm/env/env_posix*.c), caught by the linker option --wrap:
 * counted, listed, and made to fail or to be the last thing that the process does.
 *
 * Which symbols are caught stands in wraps.txt; wraps.sh compares that with what the env's objects
 * ask the C library for, so a new call cannot stay unwatched.
 *
 * Thread rule: calls_begin and calls_end while no other thread makes calls; the rest any thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum call_kind {
	CALL_OPEN,
	CALL_READ,
	CALL_WRITE,
	CALL_SYNC, /* of a file or a folder */
	CALL_ALLOCATE,
	CALL_TRUNCATE,
	CALL_RENAME,
	CALL_LINK,
	CALL_UNLINK,
	CALL_MAKE_FOLDER,
	CALL_STAT,
	CALL_CHANGE_MODE,
	CALL_LOCK,
	CALL_LIST, /* fdopendir and readdir */
	CALL_SPACE,
	CALL_ADVISE,
	CALL_MAP,
	CALL_FLAGS, /* fcntl */
	CALL_CLOSE,
	CALL_KINDS,
};

enum call_failure {
	FAIL_EIO,
	FAIL_ENOSPC,
	FAIL_TORN,        /* a write: half of it is written, then EIO */
	FAIL_EMFILE,      /* an open */
	FAIL_SHORT,       /* a read or write transfers half: no failure, must not be seen */
	FAIL_EINTR,       /* a call that may answer so, once for each: must not be seen */
	FAIL_KILL_BEFORE, /* SIGKILL instead of the call */
	FAIL_KILL_MIDDLE, /* a write: half of it is written, then SIGKILL */
	FAIL_KILL_AFTER,
	FAIL_KINDS,
};

enum {
	CALLS_LISTED_MAX = 16384,
};

/* A call as it was made; whether it could have failed so is for call_may_fail. */
struct call {
	enum call_kind kind;
	bool creates;   /* an open */
	uint64_t bytes; /* of a read or write */
};

struct call_plan {
	uint64_t at; /* counted from 0 at calls_begin */
	bool sticky; /* all from there on */
	enum call_failure failure;
};

/* Whether such a call can fail in this way at all. */
bool call_may_fail(const struct call *call, enum call_failure failure);
const char *call_kind_name(enum call_kind kind);
const char *call_failure_name(enum call_failure failure);

/* Count and list from now on, and do as planned (NULL: nothing fails). Copied. */
void calls_begin(const struct call_plan *plan);
/* Pass everything on unseen again. */
void calls_end(void);
/* Since calls_begin. */
uint64_t calls_count(void);
/* Calls that were made to fail. */
uint64_t calls_struck(void);
/* The calls in their order, at most CALLS_LISTED_MAX; good until calls_begin. */
const struct call *calls_list(void);
