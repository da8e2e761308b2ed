/*
 * What apexkv's exit status says.
 *
 * Thread rule: pure functions.
 */
#pragma once

enum exit_status {
	STATUS_OK = 0,
	STATUS_NOT_FOUND = 1,     /* no such key */
	STATUS_USAGE = 2,         /* the command line, a setting or the input is wrong */
	STATUS_UNAVAILABLE = 3,   /* the store is missing, or another process has it */
	STATUS_DAMAGED = 4,       /* a checksum failed, or bytes make no sense */
	STATUS_FAILED = 5,        /* anything else */
	STATUS_INTERRUPTED = 130, /* stopped by a signal, as a shell has it of SIGINT */
	/* never the program's: the writer beside this reader has replaced a table, so the command
	 * has to go on with the store opened anew */
	STATUS_STALE = -1,
};

/* The status for a negative errno of an operation on an open store. */
enum exit_status status_of_error(int error);

/* ... and for one of lsm_open. */
enum exit_status status_of_open_error(int error);
