#include "tests/support/tap.h"

#include <stdarg.h>
#include <stdio.h>

static struct {
	unsigned results;
	unsigned failures;
} counted;

/* Flushed line by line: what a program said before it was killed is worth the most. */
static __attribute__((format(printf, 1, 0))) void line_end(const char *fmt, va_list args)
{
	vprintf(fmt, args);
	putchar('\n');
	fflush(stdout);
}

bool tap_result(bool good, const char *fmt, ...)
{
	va_list args;

	counted.results++;
	counted.failures += !good;
	printf("%s %u - ", good ? "ok" : "not ok", counted.results);
	va_start(args, fmt);
	line_end(fmt, args);
	va_end(args);
	return good;
}

void tap_skip(const char *name, const char *why)
{
	counted.results++;
	printf("ok %u - %s # SKIP %s\n", counted.results, name, why);
	fflush(stdout);
}

void tap_note(const char *fmt, ...)
{
	va_list args;

	fputs("# ", stdout);
	va_start(args, fmt);
	line_end(fmt, args);
	va_end(args);
}

bool tap_has_failed(void)
{
	return counted.failures > 0;
}

int tap_end(void)
{
	printf("1..%u\n", counted.results);
	return counted.failures > 0 || counted.results == 0;
}
