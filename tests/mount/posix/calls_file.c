/*
 * Calls that open a file, or take an open one.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "tests/mount/posix/posix.h"

static int invoke_open(const struct call *c)
{
	cleanup_fd int fd = open(c->path, c->flags | O_CLOEXEC, c->mode);

	return fd < 0 ? -1 : 0;
}

struct call call_open(const char *path, int flags, mode_t mode)
{
	return (struct call){
		.name = "open", .invoke = invoke_open, .path = path, .flags = flags, .mode = mode};
}

static int invoke_write(const struct call *c)
{
	cleanup_fd int fd = open(c->path, c->flags | O_CLOEXEC, c->mode);

	if (fd < 0)
		return -1;
	return write(fd, c->second, strlen(c->second)) < 0 ? -1 : 0;
}

struct call call_write(const char *path, int flags, const char *text)
{
	return (struct call){.name = "write",
			     .invoke = invoke_write,
			     .path = path,
			     .flags = flags,
			     .mode = 0644,
			     .second = text};
}

static int invoke_fchmod(const struct call *c)
{
	return fchmod(c->fd, c->mode);
}

struct call call_fchmod(int fd, mode_t mode)
{
	return (struct call){.name = "fchmod", .invoke = invoke_fchmod, .fd = fd, .mode = mode};
}

static int invoke_fchown(const struct call *c)
{
	return fchown(c->fd, c->uid, c->gid);
}

struct call call_fchown(int fd, uid_t uid, gid_t gid)
{
	return (struct call){
		.name = "fchown", .invoke = invoke_fchown, .fd = fd, .uid = uid, .gid = gid};
}

static int invoke_ftruncate(const struct call *c)
{
	return ftruncate(c->fd, c->size);
}

struct call call_ftruncate(int fd, off_t size)
{
	return (struct call){
		.name = "ftruncate", .invoke = invoke_ftruncate, .fd = fd, .size = size};
}

static int invoke_futimens(const struct call *c)
{
	return futimens(c->fd, c->times);
}

struct call call_futimens(int fd, const struct timespec times[2])
{
	return (struct call){
		.name = "futimens", .invoke = invoke_futimens, .fd = fd, .times = times};
}

static int invoke_fallocate(const struct call *c)
{
	return fallocate(c->fd, c->flags, c->at, c->size);
}

struct call call_fallocate(int fd, int flags, off_t at, off_t size)
{
	return (struct call){.name = "fallocate",
			     .invoke = invoke_fallocate,
			     .fd = fd,
			     .flags = flags,
			     .at = at,
			     .size = size};
}

/* This one returns its error. */
static int invoke_posix_fallocate(const struct call *c)
{
	errno = posix_fallocate(c->fd, c->at, c->size);
	return errno ? -1 : 0;
}

struct call call_posix_fallocate(int fd, off_t at, off_t size)
{
	return (struct call){.name = "posix_fallocate",
			     .invoke = invoke_posix_fallocate,
			     .fd = fd,
			     .at = at,
			     .size = size};
}
