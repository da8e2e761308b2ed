#include "lsm/base/error.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char line[ERROR_TEXT_MAX];

int fail(int code, const char *fmt, ...)
{
	/* Formatted aside, since an argument may be fail_text() itself: "%s: while opening %s". */
	char text[ERROR_TEXT_MAX];
	va_list args;

	assert(code < 0);
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	memcpy(line, text, strlen(text) + 1);
	return code;
}

const char *fail_text(void)
{
	return line;
}

void fail_clear(void)
{
	line[0] = '\0';
}
