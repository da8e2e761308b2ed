#include "tests/fault/calls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lsm/base/compiler.h"

enum {
	WRITE_PARTS_MAX = 64, /* env_posix_file.c gives no more to one pwritev */
};

#define BIT(failure) (1U << (failure))
#define KILLS        (BIT(FAIL_KILL_BEFORE) | BIT(FAIL_KILL_AFTER))

/* What the manual pages say of each (ENOSPC of a sync: delayed allocation). */
static const unsigned may_fail[CALL_KINDS] = {
	[CALL_OPEN] = BIT(FAIL_EIO) | BIT(FAIL_EINTR) | BIT(FAIL_EMFILE) | KILLS,
	[CALL_READ] = BIT(FAIL_EIO) | BIT(FAIL_EINTR) | BIT(FAIL_SHORT) | KILLS,
	[CALL_WRITE] = BIT(FAIL_EIO) | BIT(FAIL_ENOSPC) | BIT(FAIL_TORN) | BIT(FAIL_SHORT) |
		       BIT(FAIL_EINTR) | BIT(FAIL_KILL_MIDDLE) | KILLS,
	[CALL_SYNC] = BIT(FAIL_EIO) | BIT(FAIL_ENOSPC) | BIT(FAIL_EINTR) | KILLS,
	[CALL_ALLOCATE] = BIT(FAIL_EIO) | BIT(FAIL_ENOSPC) | BIT(FAIL_EINTR) | KILLS,
	[CALL_TRUNCATE] = BIT(FAIL_EIO) | BIT(FAIL_EINTR) | KILLS,
	[CALL_RENAME] = BIT(FAIL_EIO) | BIT(FAIL_ENOSPC) | KILLS,
	[CALL_LINK] = BIT(FAIL_EIO) | BIT(FAIL_ENOSPC) | KILLS,
	[CALL_UNLINK] = BIT(FAIL_EIO) | KILLS,
	[CALL_MAKE_FOLDER] = BIT(FAIL_EIO) | BIT(FAIL_ENOSPC) | KILLS,
	[CALL_STAT] = BIT(FAIL_EIO) | KILLS,
	[CALL_CHANGE_MODE] = BIT(FAIL_EIO) | KILLS,
	[CALL_LOCK] = BIT(FAIL_EIO) | BIT(FAIL_EINTR) | KILLS,
	[CALL_LIST] = BIT(FAIL_EIO) | KILLS,
	[CALL_SPACE] = BIT(FAIL_EIO) | BIT(FAIL_EINTR) | KILLS,
	[CALL_ADVISE] = BIT(FAIL_EIO) | KILLS,
	[CALL_MAP] = BIT(FAIL_EIO) | KILLS,
	[CALL_FLAGS] = BIT(FAIL_EIO) | KILLS,
	/* Linux has closed the file all the same. */
	[CALL_CLOSE] = BIT(FAIL_EIO) | BIT(FAIL_EINTR) | KILLS,
};

static struct {
	/* changed by calls_begin and calls_end only */
	struct call_plan plan;
	bool planned;
	_Atomic bool on;
	_Atomic uint64_t count, struck;
	struct call list[CALLS_LISTED_MAX];
} calls;

/* The last answer to this thread was EINTR: the next is none, or a loop would never end. */
static _Thread_local bool interrupted;

bool call_may_fail(const struct call *call, enum call_failure failure)
{
	if (call->kind == CALL_OPEN && failure == FAIL_ENOSPC)
		return call->creates;
	if (failure == FAIL_SHORT && call->bytes < 2)
		return false;
	return (may_fail[call->kind] & BIT(failure)) != 0;
}

const char *call_kind_name(enum call_kind kind)
{
	static const char *const names[CALL_KINDS] = {
		"open",    "read",   "write", "sync",  "allocate", "truncate", "rename",
		"link",    "unlink", "mkdir", "stat",  "chmod",    "flock",    "list",
		"statvfs", "advise", "map",   "fcntl", "close",
	};

	return names[kind];
}

const char *call_failure_name(enum call_failure failure)
{
	static const char *const names[FAIL_KINDS] = {
		"EIO",   "ENOSPC",      "torn write",  "EMFILE",     "short transfer",
		"EINTR", "kill before", "kill within", "kill after",
	};

	return names[failure];
}

void calls_begin(const struct call_plan *plan)
{
	calls.planned = plan != NULL;
	if (plan)
		calls.plan = *plan;
	atomic_store(&calls.count, 0);
	atomic_store(&calls.struck, 0);
	atomic_store(&calls.on, true);
}

void calls_end(void)
{
	atomic_store(&calls.on, false);
}

uint64_t calls_count(void)
{
	return atomic_load(&calls.count);
}

uint64_t calls_struck(void)
{
	return atomic_load(&calls.struck);
}

const struct call *calls_list(void)
{
	return calls.list;
}

static _Noreturn void die(void)
{
	(void)kill(getpid(), SIGKILL);
	for (;;)
		(void)pause();
}

/* FAIL_KINDS: the call is to be passed on. */
static enum call_failure note_call(struct call call)
{
	enum call_failure failure = calls.plan.failure;

	if (!atomic_load(&calls.on))
		return FAIL_KINDS;

	uint64_t index = atomic_fetch_add(&calls.count, 1);
	bool due = calls.planned &&
		   (calls.plan.sticky ? index >= calls.plan.at : index == calls.plan.at);

	if (index < CALLS_LISTED_MAX)
		calls.list[index] = call;
	due = due && call_may_fail(&call, failure) && !(failure == FAIL_EINTR && interrupted);
	interrupted = due && failure == FAIL_EINTR;
	if (!due)
		return FAIL_KINDS;
	atomic_fetch_add(&calls.struck, 1);
	if (failure == FAIL_KILL_BEFORE)
		die();
	return failure;
}

/* 0 or the errno of a call that is not to be made. */
static int errno_of(enum call_failure failure)
{
	switch (failure) {
	case FAIL_EIO:
	case FAIL_TORN:
		return EIO;
	case FAIL_ENOSPC:
		return ENOSPC;
	case FAIL_EMFILE:
		return EMFILE;
	case FAIL_EINTR:
		return EINTR;
	case FAIL_SHORT:
	case FAIL_KILL_BEFORE:
	case FAIL_KILL_MIDDLE:
	case FAIL_KILL_AFTER:
	case FAIL_KINDS:
		break;
	}
	return 0;
}

/* What all but reads and writes do: fail instead of `call`, or make it and perhaps die. */
#define PASS(type, failed, what, call)                                                             \
	({                                                                                         \
		enum call_failure failure_ = note_call(what);                                      \
		int error_ = errno_of(failure_);                                                   \
		type result_ = error_ ? (failed) : (call);                                         \
                                                                                                   \
		if (failure_ == FAIL_KILL_AFTER)                                                   \
			die();                                                                     \
		if (error_)                                                                        \
			errno = error_;                                                            \
		result_;                                                                           \
	})
#define KIND(k) ((struct call){.kind = (k)})

#define CATCH(type, name, ...)                                                                     \
	type __real_##name(__VA_ARGS__);                                                           \
	type __wrap_##name(__VA_ARGS__);                                                           \
	type __wrap_##name(__VA_ARGS__)

CATCH(int, open64, const char *path, int flags, ...)
{
	struct call call = {.kind = CALL_OPEN, .creates = (flags & O_CREAT) != 0};

	return PASS(int, -1, call, __real_open64(path, flags));
}

CATCH(int, openat64, int dir, const char *name, int flags, mode_t mode)
{
	struct call call = {.kind = CALL_OPEN, .creates = (flags & O_CREAT) != 0};

	return PASS(int, -1, call, __real_openat64(dir, name, flags, mode));
}

CATCH(ssize_t, pread64, int fd, void *into, size_t len, off_t offset)
{
	enum call_failure failure = note_call((struct call){.kind = CALL_READ, .bytes = len});
	int error = errno_of(failure);

	if (error) {
		errno = error;
		return -1;
	}
	ssize_t n = __real_pread64(fd, into, failure == FAIL_SHORT ? len / 2 : len, offset);

	if (failure == FAIL_KILL_AFTER)
		die();
	return n;
}

ssize_t __real_pwritev64(int fd, const struct iovec *parts, int count, off_t offset);
ssize_t __wrap_pwritev64(int fd, const struct iovec *parts, int count, off_t offset);

/* The first half of the bytes. */
static ssize_t write_half(int fd, const struct iovec *parts, int count, off_t offset, size_t len)
{
	struct iovec half[WRITE_PARTS_MAX];
	size_t left = len / 2;
	int used = 0;

	for (; used < count && used < WRITE_PARTS_MAX && left > 0; used++) {
		half[used] = parts[used];
		half[used].iov_len = min_of(parts[used].iov_len, left);
		left -= half[used].iov_len;
	}
	return used > 0 ? __real_pwritev64(fd, half, used, offset) : 0;
}

ssize_t __wrap_pwritev64(int fd, const struct iovec *parts, int count, off_t offset)
{
	size_t len = 0;

	for (int i = 0; i < count; i++)
		len += parts[i].iov_len;

	enum call_failure failure = note_call((struct call){.kind = CALL_WRITE, .bytes = len});
	int error = errno_of(failure);

	if (failure == FAIL_SHORT)
		return write_half(fd, parts, count, offset, len);
	if (failure == FAIL_TORN || failure == FAIL_KILL_MIDDLE)
		(void)write_half(fd, parts, count, offset, len); /* fails, or dies, in any case */
	if (failure == FAIL_KILL_MIDDLE)
		die();
	if (error) {
		errno = error;
		return -1;
	}
	ssize_t n = __real_pwritev64(fd, parts, count, offset);

	if (failure == FAIL_KILL_AFTER)
		die();
	return n;
}

CATCH(int, fdatasync, int fd)
{
	return PASS(int, -1, KIND(CALL_SYNC), __real_fdatasync(fd));
}

CATCH(int, fsync, int fd)
{
	return PASS(int, -1, KIND(CALL_SYNC), __real_fsync(fd));
}

CATCH(int, fallocate64, int fd, int mode, off_t offset, off_t len)
{
	return PASS(int, -1, KIND(CALL_ALLOCATE), __real_fallocate64(fd, mode, offset, len));
}

CATCH(int, ftruncate64, int fd, off_t size)
{
	return PASS(int, -1, KIND(CALL_TRUNCATE), __real_ftruncate64(fd, size));
}

CATCH(int, renameat, int from_dir, const char *from, int to_dir, const char *to)
{
	return PASS(int, -1, KIND(CALL_RENAME), __real_renameat(from_dir, from, to_dir, to));
}

CATCH(int, linkat, int from_dir, const char *from, int to_dir, const char *to, int flags)
{
	return PASS(int, -1, KIND(CALL_LINK), __real_linkat(from_dir, from, to_dir, to, flags));
}

CATCH(int, unlinkat, int dir, const char *name, int flags)
{
	return PASS(int, -1, KIND(CALL_UNLINK), __real_unlinkat(dir, name, flags));
}

CATCH(int, mkdirat, int dir, const char *name, mode_t mode)
{
	return PASS(int, -1, KIND(CALL_MAKE_FOLDER), __real_mkdirat(dir, name, mode));
}

CATCH(int, fstat64, int fd, struct stat *st)
{
	return PASS(int, -1, KIND(CALL_STAT), __real_fstat64(fd, st));
}

CATCH(int, fstatat64, int dir, const char *name, struct stat *st, int flags)
{
	return PASS(int, -1, KIND(CALL_STAT), __real_fstatat64(dir, name, st, flags));
}

CATCH(int, fchmod, int fd, mode_t mode)
{
	return PASS(int, -1, KIND(CALL_CHANGE_MODE), __real_fchmod(fd, mode));
}

CATCH(int, fchmodat, int dir, const char *name, mode_t mode, int flags)
{
	return PASS(int, -1, KIND(CALL_CHANGE_MODE), __real_fchmodat(dir, name, mode, flags));
}

CATCH(int, flock, int fd, int how)
{
	return PASS(int, -1, KIND(CALL_LOCK), __real_flock(fd, how));
}

CATCH(DIR *, fdopendir, int fd)
{
	return PASS(DIR *, NULL, KIND(CALL_LIST), __real_fdopendir(fd));
}

CATCH(struct dirent *, readdir64, DIR *stream)
{
	return PASS(struct dirent *, NULL, KIND(CALL_LIST), __real_readdir64(stream));
}

CATCH(int, fstatvfs64, int fd, struct statvfs *st)
{
	return PASS(int, -1, KIND(CALL_SPACE), __real_fstatvfs64(fd, st));
}

CATCH(int, posix_fadvise64, int fd, off_t offset, off_t len, int advice)
{
	int error = errno_of(note_call(KIND(CALL_ADVISE)));

	return error ? error : __real_posix_fadvise64(fd, offset, len, advice);
}

/* The third argument is no pointer, where there is one: it is passed on as it stands. */
CATCH(int, fcntl64, int fd, int command, long argument)
{
	return PASS(int, -1, KIND(CALL_FLAGS), __real_fcntl64(fd, command, argument));
}

CATCH(void *, mmap64, void *at, size_t len, int access, int flags, int fd, off_t offset)
{
	return PASS(void *, MAP_FAILED, KIND(CALL_MAP),
		    __real_mmap64(at, len, access, flags, fd, offset));
}

CATCH(int, munmap, void *at, size_t len)
{
	return PASS(int, -1, KIND(CALL_MAP), __real_munmap(at, len));
}

/* These two do their work and then say that they have not. */
CATCH(int, close, int fd)
{
	int rc = __real_close(fd);

	return PASS(int, -1, KIND(CALL_CLOSE), rc);
}

CATCH(int, closedir, DIR *stream)
{
	int rc = __real_closedir(stream);

	return PASS(int, -1, KIND(CALL_CLOSE), rc);
}
