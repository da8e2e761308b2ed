/*
 * Assertions, and what they say when they fail.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lsm/base/cleanup.h"
#include "tests/mount/posix/posix.h"
#include "tests/support/tap.h"

enum {
	NAME_TEXT = 256,
	ERROR_TEXT = 64,
	EITHER_BITS = 16,
	EITHER_MASK = (1 << EITHER_BITS) - 1,
};

static const char *topic = "";
static unsigned count;

void check_topic(const char *name)
{
	topic = name;
}

unsigned check_count(void)
{
	return count;
}

/* The one result of an assertion. */
static __attribute__((format(printf, 2, 0))) bool verdict(bool good, const char *fmt, va_list args)
{
	char name[NAME_TEXT];

	vsnprintf(name, sizeof(name), fmt, args);
	count++;
	return tap_result(good, "%s: %s", topic, name);
}

/* The verdict, with the arguments of the function that calls this as those of the format. */
#define VERDICT(good, fmt)                                                                         \
	({                                                                                         \
		va_list args_;                                                                     \
		va_start(args_, fmt);                                                              \
		bool good_ = verdict((good), (fmt), args_);                                        \
		va_end(args_);                                                                     \
		good_;                                                                             \
	})

static const char *error_name(int error)
{
	const char *name = error ? strerrorname_np(error) : "success";

	return name ? name : "no errno";
}

static const char *error_text(int error, char text[ERROR_TEXT])
{
	int other = error >> EITHER_BITS;

	if (other)
		snprintf(text, ERROR_TEXT, "%s or %s", error_name(error & EITHER_MASK),
			 error_name(other));
	else
		snprintf(text, ERROR_TEXT, "%s", error_name(error));
	return text;
}

static bool error_is(int expected, int got)
{
	int other = expected >> EITHER_BITS;

	return got == (expected & EITHER_MASK) || (other && got == other);
}

static void note_error(struct where where, const char *what, int expected, int got)
{
	char text[ERROR_TEXT];

	tap_note("%s:%d: %s: expected %s, got %s", where.file, where.line, what,
		 error_text(expected, text), error_name(got));
}

void check_obstacle(struct where where, int error, const char *fmt, ...)
{
	char what[NAME_TEXT];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	tap_result(false, "%s: (preparation) %s", topic, what);
	note_error(where, what, 0, error);
}

static const char *readable(const char *path)
{
	return !path ? "" : path == bad_address() ? "(bad address)" : path;
}

bool check_call_at(struct where where, const struct user *user, int error, struct call call,
		   const char *fmt, ...)
{
	char what[NAME_TEXT];
	int got = call_as(user, &call);
	bool good = VERDICT(error_is(error, got), fmt);

	if (!good) {
		snprintf(what, sizeof(what), "%s(%.60s%s%.60s) by %s", call.name,
			 readable(call.path), call.second ? ", " : "", readable(call.second),
			 user->name);
		note_error(where, what, error, got);
	}
	return good;
}

bool check_true_at(struct where where, bool good, const char *fmt, ...)
{
	if (!VERDICT(good, fmt))
		tap_note("%s:%d: does not hold", where.file, where.line);
	return good;
}

bool check_error_at(struct where where, int error, int got, const char *fmt, ...)
{
	bool good = VERDICT(error_is(error, got), fmt);

	if (!good)
		note_error(where, "the call", error, got);
	return good;
}

bool check_number_at(struct where where, long long expected, long long got, const char *fmt, ...)
{
	bool good = VERDICT(expected == got, fmt);

	if (!good)
		tap_note("%s:%d: expected %lld, got %lld", where.file, where.line, expected, got);
	return good;
}

bool check_mode_at(struct where where, const char *path, mode_t mode, const char *fmt, ...)
{
	mode_t got = look(path).st_mode & ALLPERMS;
	bool good = VERDICT(mode == got, fmt);

	if (!good)
		tap_note("%s:%d: %.60s: expected mode %04o, got %04o", where.file, where.line, path,
			 mode, got);
	return good;
}

bool check_owner_at(struct where where, const char *path, uid_t uid, gid_t gid, const char *fmt,
		    ...)
{
	struct stat st = look(path);
	bool good = VERDICT(st.st_mode && st.st_uid == uid && st.st_gid == gid, fmt);

	if (!good)
		tap_note("%s:%d: %.60s: expected owner %u:%u, got %u:%u", where.file, where.line,
			 path, uid, gid, st.st_uid, st.st_gid);
	return good;
}

bool check_kind_at(struct where where, const char *path, enum kind kind, const char *fmt, ...)
{
	static const mode_t types[KIND_COUNT] = {
		[KIND_FILE] = S_IFREG, [KIND_FOLDER] = S_IFDIR,  [KIND_LINK] = S_IFLNK,
		[KIND_FIFO] = S_IFIFO, [KIND_SOCKET] = S_IFSOCK,
	};
	mode_t got = look(path).st_mode & S_IFMT;
	bool good = VERDICT(got == types[kind], fmt);

	if (!good)
		tap_note("%s:%d: %.60s: expected a %s, got type 0%o", where.file, where.line, path,
			 kind_names[kind], got);
	return good;
}

bool check_size_at(struct where where, const char *path, off_t size, const char *fmt, ...)
{
	struct stat st = look(path);
	bool good = VERDICT(st.st_mode && st.st_size == size, fmt);

	if (!good)
		tap_note("%s:%d: %.60s: expected size %lld, got %lld", where.file, where.line, path,
			 (long long)size, (long long)st.st_size);
	return good;
}

bool check_absent_at(struct where where, const char *path, const char *fmt, ...)
{
	struct stat st;
	int got = lstat(path, &st) == 0 ? 0 : errno;
	bool good = VERDICT(got == ENOENT, fmt);

	if (!good)
		note_error(where, path, ENOENT, got);
	return good;
}

bool check_target_at(struct where where, const char *path, const char *text, const char *fmt, ...)
{
	char got[PATH_MAX + 1];
	ssize_t len = readlink(path, got, PATH_MAX);

	got[len < 0 ? 0 : len] = '\0';

	bool good = VERDICT(len >= 0 && strcmp(got, text) == 0, fmt);

	if (!good)
		tap_note("%s:%d: %.60s: expected target \"%.60s\", got \"%.60s\"", where.file,
			 where.line, path, text, got);
	return good;
}

/* Up to `size` bytes; how many there were, or -1. */
static ssize_t read_all(const char *path, char *bytes, size_t size)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t have = 0;

	while (fd >= 0 && have < size) {
		ssize_t n = read(fd, bytes + have, size - have);

		if (n <= 0)
			return n < 0 ? -1 : (ssize_t)have;
		have += (size_t)n;
	}
	return fd < 0 ? -1 : (ssize_t)have;
}

bool check_text_at(struct where where, const char *path, const char *text, const char *fmt, ...)
{
	char got[PATH_MAX] = "";
	ssize_t len = read_all(path, got, sizeof(got) - 1);

	got[len < 0 ? 0 : len] = '\0';

	bool good = VERDICT(len == (ssize_t)strlen(text) && strcmp(got, text) == 0, fmt);

	if (!good)
		tap_note("%s:%d: %.60s: expected \"%.60s\", got \"%.60s\" (%zd bytes)", where.file,
			 where.line, path, text, got, len);
	return good;
}

bool check_pattern_at(struct where where, const char *path, size_t kept, size_t size,
		      const char *fmt, ...)
{
	cleanup_free char *bytes = malloc(size + 2);
	ssize_t len = bytes ? read_all(path, bytes, size + 1) : -1;
	size_t at = 0;

	while (bytes && len == (ssize_t)size && at < size &&
	       (unsigned char)bytes[at] == (at < kept ? pattern_byte(at) : 0))
		at++;

	bool good = VERDICT(len == (ssize_t)size && at == size, fmt);

	if (!good)
		tap_note("%s:%d: %.60s: %zd bytes of %zu, differs at %zu", where.file, where.line,
			 path, len, size, at);
	return good;
}

static int time_compare(const struct timespec *a, const struct timespec *b)
{
	if (a->tv_sec != b->tv_sec)
		return a->tv_sec < b->tv_sec ? -1 : 1;
	return a->tv_nsec < b->tv_nsec ? -1 : a->tv_nsec > b->tv_nsec;
}

bool check_times_at(struct where where, const struct watch *watch, unsigned moved, const char *fmt,
		    ...)
{
	struct stat now = look(watch->path);
	int mtime = time_compare(&now.st_mtim, &watch->before.st_mtim);
	int ctime = time_compare(&now.st_ctim, &watch->before.st_ctim);
	bool good = VERDICT(now.st_mode && mtime == !!(moved & MTIME_MOVES) &&
				    ctime == !!(moved & CTIME_MOVES),
			    fmt);

	if (!good)
		tap_note("%s:%d: %.60s: mtime moved by %+d, ctime by %+d", where.file, where.line,
			 watch->path, mtime, ctime);
	return good;
}

bool check_set_at(struct where where, const char *path, struct timespec atime,
		  struct timespec mtime, const char *fmt, ...)
{
	struct stat st = look(path);
	bool good = VERDICT(st.st_mode && time_compare(&st.st_atim, &atime) == 0 &&
				    time_compare(&st.st_mtim, &mtime) == 0,
			    fmt);

	if (!good)
		tap_note("%s:%d: %.60s: atime %lld.%09ld, mtime %lld.%09ld", where.file, where.line,
			 path, (long long)st.st_atim.tv_sec, st.st_atim.tv_nsec,
			 (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	return good;
}

bool check_young_at(struct where where, const char *path, const struct watch *watch,
		    const char *fmt, ...)
{
	struct stat st = look(path);
	const struct timespec *then = &watch->before.st_ctim;
	bool good = VERDICT(time_compare(&st.st_atim, then) > 0 &&
				    time_compare(&st.st_mtim, then) > 0 &&
				    time_compare(&st.st_ctim, then) > 0,
			    fmt);

	if (!good)
		tap_note("%s:%d: %.60s: a time is not later", where.file, where.line, path);
	return good;
}
