/*
 * What assertions are made on.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "tests/mount/posix/posix.h"
#include "tests/support/scratch.h"

enum {
	TICK_NS = 12000000, /* the kernel's clock for files goes in steps of up to 10 ms */
	PATTERN_PERIOD = 251,
};

const char *const kind_names[KIND_COUNT] = {
	[KIND_FILE] = "file", [KIND_FOLDER] = "folder", [KIND_LINK] = "symbolic link",
	[KIND_FIFO] = "FIFO", [KIND_SOCKET] = "socket",
};

static int make_file(const char *path)
{
	struct call call = call_write(path, O_WRONLY | O_CREAT | O_EXCL, path);

	return call_as(&root, &call);
}

static int make_kind(enum kind kind, const char *path)
{
	struct call call;

	switch (kind) {
	case KIND_FOLDER:
		call = call_mkdir(path, 0755);
		break;
	case KIND_LINK:
		call = call_symlink("absent", path);
		break;
	case KIND_FIFO:
		call = call_mkfifo(path, 0644);
		break;
	case KIND_SOCKET:
		call = call_mknod(path, S_IFSOCK | 0644, 0);
		break;
	default:
		return make_file(path);
	}
	return call_as(&root, &call);
}

void make_at(struct where where, enum kind kind, const char *path, mode_t mode,
	     const struct user *owner)
{
	clear(path); /* left behind by a failure */

	int error = make_kind(kind, path);

	if (!error && owner->uid != 0 && lchown(path, owner->uid, owner->gid) != 0)
		error = errno;
	if (!error && kind != KIND_LINK && chmod(path, mode) != 0)
		error = errno;
	if (error)
		check_obstacle(where, error, "make a %s, %.60s", kind_names[kind], path);
}

unsigned char pattern_byte(size_t at)
{
	return (unsigned char)(1 + (at + at / PATTERN_PERIOD) % PATTERN_PERIOD);
}

void make_pattern(const char *path, size_t size)
{
	clear(path);

	cleanup_free unsigned char *bytes = malloc(size + 1);
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	for (size_t at = 0; bytes && at < size; at++)
		bytes[at] = pattern_byte(at);
	if (!bytes || fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		check_obstacle(HERE, errno, "make a file of %zu bytes, %.60s", size, path);
}

bool must_at(struct where where, const struct user *user, struct call call)
{
	int error = call_as(user, &call);

	if (error)
		check_obstacle(where, error, "%s %.60s", call.name, call.path ? call.path : "");
	return !error;
}

static bool is_time(struct statx_timestamp a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* What the kernel keeps of attributes is what the file system itself says of them. */
static const char *difference(const struct stat *st, const struct statx *sx)
{
	if (sx->stx_mode != st->st_mode)
		return "mode";
	if (sx->stx_uid != st->st_uid || sx->stx_gid != st->st_gid)
		return "owner";
	if (sx->stx_size != (uint64_t)st->st_size)
		return "size";
	if (!is_time(sx->stx_atime, st->st_atim))
		return "atime";
	if (!is_time(sx->stx_mtime, st->st_mtim))
		return "mtime";
	return is_time(sx->stx_ctime, st->st_ctim) ? NULL : "ctime";
}

static void compare_with_source(const char *path, const struct stat *st)
{
	struct statx sx;
	const char *differs = "statx";

	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_STATX_FORCE_SYNC, STATX_BASIC_STATS,
		  &sx) == 0)
		differs = difference(st, &sx);
	if (differs)
		check_obstacle(HERE, EUCLEAN, "the kernel keeps another %s of %.60s", differs,
			       path);
}

struct stat look(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return (struct stat){0};
	compare_with_source(path, &st);
	return st;
}

int open_here(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0644);

	if (fd < 0)
		check_obstacle(HERE, errno, "open %.60s", path);
	return fd;
}

void clear(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return;

	int rc = scratch_remove(path);

	if (rc)
		check_obstacle(HERE, -rc, "remove %.60s", path);
}

/* "./////name" */
const char *long_path(size_t len, const char *name, char path[])
{
	size_t name_len = strlen(name);

	memset(path, '/', len);
	path[0] = '.';
	memcpy(path + len - name_len, name, name_len + 1);
	return path;
}

const char *bad_address(void)
{
	static void *page;

	if (!page)
		page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return page;
}

struct watch watch(const char *path)
{
	return (struct watch){.path = path, .before = look(path)};
}

void tick(void)
{
	struct timespec wait = {.tv_nsec = TICK_NS};

	while (nanosleep(&wait, &wait) != 0 && errno == EINTR)
		;
}
