#include "lsm/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "lsm/base/buf.h"
#include "lsm/base/clock.h"
#include "lsm/base/json.h"

/* Relaxed: each stands alone, nothing else is published through them. */
static _Atomic int current_level = LOG_LEVEL_WARN;
static _Atomic int current_format = LOG_TEXT;
static _Atomic int current_fd = STDERR_FILENO;
static void (*_Atomic current_sink)(enum log_level level, const char *text);

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&current_level, (int)level, memory_order_relaxed);
}

void log_set_format(enum log_format format)
{
	atomic_store_explicit(&current_format, (int)format, memory_order_relaxed);
}

void log_set_fd(int fd)
{
	atomic_store_explicit(&current_fd, fd, memory_order_relaxed);
}

void log_set_sink(void (*sink)(enum log_level level, const char *text))
{
	atomic_store_explicit(&current_sink, sink, memory_order_relaxed);
}

static const char *const level_names[] = {"error", "warn", "info", "debug"};

/* `2026-01-31T23:59:59.123Z`; returns its length. */
static size_t time_put(char *line, size_t room)
{
	uint64_t now_ns = clock_real_ns();
	time_t seconds = (time_t)(now_ns / 1000000000);
	unsigned int ms = (unsigned int)(now_ns / 1000000 % 1000);
	struct tm utc;

	gmtime_r(&seconds, &utc);
	size_t len = strftime(line, room, "%Y-%m-%dT%H:%M:%S", &utc);

	return len + (size_t)snprintf(line + len, room - len, ".%03uZ", ms);
}

/* `2026-01-31T23:59:59.123Z level `; returns its length. */
static size_t prefix_put(char *line, size_t room, enum log_level level)
{
	size_t len = time_put(line, room);

	return len + (size_t)snprintf(line + len, room - len, " %s ", level_names[level]);
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
static void bytes_write(const void *bytes, size_t len)
{
	ssize_t rc;

	do
		rc = write(atomic_load_explicit(&current_fd, memory_order_relaxed), bytes, len);
	while (rc < 0 && errno == EINTR);
}

static void line_write(char *line, size_t len)
{
	line[len++] = '\n';
	bytes_write(line, len);
}

/* False: there is no memory for it. */
static bool json_write(enum log_level level, struct slice text)
{
	cleanup_buf struct buf out = {0};
	char now[64];
	struct json j;

	json_begin(&j, &out);
	json_object_open(&j);
	json_name(&j, "time");
	json_string(&j, slice_of(now, time_put(now, sizeof(now))));
	json_name(&j, "level");
	json_string(&j, slice_str(level_names[level]));
	json_name(&j, "text");
	json_string(&j, text);
	json_object_close(&j);
	if (json_finish(&j) || buf_append_byte(&out, '\n'))
		return false;
	bytes_write(out.ptr, out.len);
	return true;
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
	line[len] = '\0';
	if (sink)
		sink(level, line + start);
	else if (atomic_load_explicit(&current_format, memory_order_relaxed) != LOG_JSON ||
		 !json_write(level, slice_of(line + start, len - start)))
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
