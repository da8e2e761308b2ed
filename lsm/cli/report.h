/*
 * apexkv's messages: one line each on standard error, "apexkv: ...".
 *
 * Thread rule: one thread.
 */
#pragma once

#include <stdint.h>

#include "lsm/base/compiler.h"
#include "lsm/base/slice.h"
#include "lsm/cli/exit_status.h"

/* Says what is wrong with the command line. Answers STATUS_USAGE. */
enum exit_status report_usage(const char *fmt, ...) printf_like(1, 2);

/* Says lsm_error_text(), or the errno's meaning when that is empty. */
void report_error(int error);

/* report_error, and the status for it; STATUS_STALE is left to the caller of the command, and
 * STATUS_INTERRUPTED to the command, which knows what was done. */
enum exit_status report_failure(int error);

/* The same for a place in an input: "SOURCE:LINE: ...". */
enum exit_status report_input(int error, const char *source, uint64_t line);

/* What was done, or is worth knowing. */
void report_note(const char *fmt, ...) printf_like(1, 2);

/* The end of a log that a crash tore: no damage, and worth knowing. */
void report_torn(uint64_t log, uint64_t offset, uint64_t bytes);

/* "not found: KEY". Answers STATUS_NOT_FOUND. */
enum exit_status report_not_found(struct slice key);

/* That the store had to be opened again too often. Answers STATUS_FAILED. */
enum exit_status report_stale(const char *store);

/* Whether all that was printed reached its file; says why not. */
enum exit_status report_output(void);
