/*
 * The program's log: one line a message, `key=value` text, to standard error or a file descriptor.
 *
 * A line is `2026-01-31T23:59:59.123Z level text`, or, with LOG_JSON, an object with the strings
 * `time`, `level` and `text`. Messages never hold a record's value;
 * their control bytes become `?`.
 * Thread rule: any thread; a line is written by one write(2).
 */
#pragma once

#include "lsm/base/compiler.h"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

enum {
	LOG_LINE_MAX = 1024, /* longer lines are cut */
};

enum log_format {
	LOG_TEXT,
	LOG_JSON,
};

/* Of the lines that go to the descriptor; LOG_TEXT at the start. */
void log_set_format(enum log_format format);
/* Lines above the level are dropped. WARN at the start. */
void log_set_level(enum log_level level);
/* Where lines go; 2 at the start. The descriptor is borrowed. */
void log_set_fd(int fd);

/* Hand the texts, without time, level and line feed, to `sink` instead, from any thread; NULL: the
 * descriptor again. */
void log_set_sink(void (*sink)(enum log_level level, const char *text));

void log_error(const char *fmt, ...) printf_like(1, 2);
void log_warn(const char *fmt, ...) printf_like(1, 2);
void log_info(const char *fmt, ...) printf_like(1, 2);
void log_debug(const char *fmt, ...) printf_like(1, 2);
