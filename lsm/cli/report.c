#include "lsm/cli/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lsm/base/escape.h"
#include "lsm/cli/output.h"
#include "lsm/lsm.h"

static const char program[] = "apexkv";

enum exit_status report_usage(const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", program);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, " (%s --help)\n", program);
	return STATUS_USAGE;
}

void report_error(int error)
{
	const char *text = lsm_error_text();

	fprintf(stderr, "%s: %s\n", program, text[0] ? text : strerror(-error));
}

enum exit_status report_failure(int error)
{
	enum exit_status status = status_of_error(error);

	if (status != STATUS_STALE && status != STATUS_INTERRUPTED)
		report_error(error);
	return status;
}

enum exit_status report_input(int error, const char *source, uint64_t line)
{
	const char *text = lsm_error_text();

	fprintf(stderr, "%s: %s:%" PRIu64 ": %s\n", program, source, line,
		text[0] ? text : strerror(-error));
	return error == -EINVAL ? STATUS_USAGE : status_of_error(error);
}

void report_note(const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", program);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

void report_torn(uint64_t log, uint64_t offset, uint64_t bytes)
{
	report_note("%06" PRIu64 ".wal: offset %" PRIu64 ": the log ends there, with %" PRIu64
		    " bytes of what a crash tore; that is no damage",
		    log, offset, bytes);
}

enum exit_status report_not_found(struct slice key)
{
	fprintf(stderr, "%s: not found: ", program);
	escape_print(stderr, key);
	fputc('\n', stderr);
	return STATUS_NOT_FOUND;
}

enum exit_status report_stale(const char *store)
{
	fprintf(stderr, "%s: %s: its tables are replaced faster than they can be read\n", program,
		store);
	return STATUS_FAILED;
}

enum exit_status report_output(void)
{
	ignore_result(fflush(stdout)); /* what fails shows in ferror */
	if (!output_failed(stdout))
		return STATUS_OK;
	fprintf(stderr, "%s: standard output: %s\n", program, strerror(output_error()));
	return STATUS_FAILED;
}
