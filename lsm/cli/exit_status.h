/*
 * What apexkv's exit status says.
 *
 * Thread rule: pure functions.
 */
#pragma once

enum exit_status {
	STATUS_OK = 0,
	STATUS_NOT_FOUND = 1,   /* no such key */
	STATUS_USAGE = 2,       /* the command line or a setting is wrong */
	STATUS_UNAVAILABLE = 3, /* the store is missing, or another process has it */
	STATUS_DAMAGED = 4,     /* a checksum failed, or bytes make no sense */
	STATUS_FAILED = 5,      /* anything else */
};

/* The status for a negative errno of an operation on an open store. */
enum exit_status status_of_error(int error);

/* ... and for one of lsm_open. */
enum exit_status status_of_open_error(int error);
