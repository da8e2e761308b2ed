#include "lsm/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "lsm/base/clock.h"

/* Relaxed: each stands alone, nothing else is published through them. */
static _Atomic int current_level = LOG_LEVEL_WARN;
static _Atomic int current_fd = STDERR_FILENO;
static void (*_Atomic current_sink)(enum log_level level, const char *text);

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&current_level, (int)level, memory_order_relaxed);
}

void log_set_fd(int fd)
{
	atomic_store_explicit(&current_fd, fd, memory_order_relaxed);
}

void log_set_sink(void (*sink)(enum log_level level, const char *text))
{
	atomic_store_explicit(&current_sink, sink, memory_order_relaxed);
}

/* `2026-01-31T23:59:59.123Z level `; returns its length. */
static size_t prefix_put(char *line, size_t room, enum log_level level)
{
	static const char *const names[] = {"error", "warn", "info", "debug"};
	uint64_t now_ns = clock_real_ns();
	time_t seconds = (time_t)(now_ns / 1000000000);
	unsigned int ms = (unsigned int)(now_ns / 1000000 % 1000);
	struct tm utc;

	gmtime_r(&seconds, &utc);
	size_t len = strftime(line, room, "%Y-%m-%dT%H:%M:%S", &utc);

	return len + (size_t)snprintf(line + len, room - len, ".%03uZ %s ", ms, names[level]);
}

/* A key in a message may hold any byte: none of them may begin a line of its own. */
static void control_bytes_hide(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			text[i] = '?';
	}
}

/* One write(2) a line, so that lines of several threads do not mix. */
static void line_write(char *line, size_t len)
{
	ssize_t rc;

	line[len++] = '\n';
	do
		rc = write(atomic_load_explicit(&current_fd, memory_order_relaxed), line, len);
	while (rc < 0 && errno == EINTR);
}

static printf_like(2, 0) void log_line(enum log_level level, const char *fmt, va_list args)
{
	if ((int)level > atomic_load_explicit(&current_level, memory_order_relaxed))
		return;

	void (*sink)(enum log_level, const char *) =
		atomic_load_explicit(&current_sink, memory_order_relaxed);
	int errno_before = errno; /* a caller may log first and then look at it */
	char line[LOG_LINE_MAX];
	size_t start = prefix_put(line, sizeof(line), level);
	int written = vsnprintf(line + start, sizeof(line) - start, fmt, args);
	/* A text that was cut has a NUL at the end, which gives way to the line feed. */
	size_t len = min_of(start + (size_t)max_of(written, 0), sizeof(line) - 1);

	control_bytes_hide(line + start, len - start);
	if (sink)
		sink(level, line + start);
	else
		line_write(line, len);
	errno = errno_before; /* a log that cannot be written has nobody to be told */
}

void log_error(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_line(LOG_LEVEL_ERROR, fmt, args);
	va_end(args);
}

void log_warn(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_line(LOG_LEVEL_WARN, fmt, args);
	va_end(args);
}

void log_info(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_line(LOG_LEVEL_INFO, fmt, args);
	va_end(args);
}

void log_debug(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_line(LOG_LEVEL_DEBUG, fmt, args);
	va_end(args);
}
