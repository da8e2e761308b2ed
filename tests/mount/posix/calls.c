/*
 * Calls that take paths.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "tests/mount/posix/posix.h"

static int invoke_access(const struct call *c)
{
	return access(c->path, c->flags);
}

struct call call_access(const char *path, int mode)
{
	return (struct call){
		.name = "access", .invoke = invoke_access, .path = path, .flags = mode};
}

/* sockets have short paths only */
static int with_socket(const struct call *c,
		       int (*use)(int fd, const struct sockaddr *to, socklen_t len))
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	strncpy(to.sun_path, c->path, sizeof(to.sun_path) - 1);
	return use(fd, (const struct sockaddr *)&to, sizeof(to));
}

static int invoke_bind(const struct call *c)
{
	return with_socket(c, bind);
}

struct call call_bind(const char *path)
{
	return (struct call){.name = "bind", .invoke = invoke_bind, .path = path};
}

static int invoke_connect(const struct call *c)
{
	return with_socket(c, connect);
}

struct call call_connect(const char *path)
{
	return (struct call){.name = "connect", .invoke = invoke_connect, .path = path};
}

static int invoke_chmod(const struct call *c)
{
	return chmod(c->path, c->mode);
}

struct call call_chmod(const char *path, mode_t mode)
{
	return (struct call){.name = "chmod", .invoke = invoke_chmod, .path = path, .mode = mode};
}

static int invoke_chown(const struct call *c)
{
	return chown(c->path, c->uid, c->gid);
}

struct call call_chown(const char *path, uid_t uid, gid_t gid)
{
	return (struct call){
		.name = "chown", .invoke = invoke_chown, .path = path, .uid = uid, .gid = gid};
}

static int invoke_lchown(const struct call *c)
{
	return lchown(c->path, c->uid, c->gid);
}

struct call call_lchown(const char *path, uid_t uid, gid_t gid)
{
	return (struct call){
		.name = "lchown", .invoke = invoke_lchown, .path = path, .uid = uid, .gid = gid};
}

static int invoke_link(const struct call *c)
{
	return link(c->path, c->second);
}

struct call call_link(const char *from, const char *to)
{
	return (struct call){.name = "link", .invoke = invoke_link, .path = from, .second = to};
}

static int invoke_stat(const struct call *c)
{
	struct stat st;

	return stat(c->path, &st);
}

struct call call_stat(const char *path)
{
	return (struct call){.name = "stat", .invoke = invoke_stat, .path = path};
}

static int invoke_lstat(const struct call *c)
{
	struct stat st;

	return lstat(c->path, &st);
}

struct call call_lstat(const char *path)
{
	return (struct call){.name = "lstat", .invoke = invoke_lstat, .path = path};
}

static int invoke_mkdir(const struct call *c)
{
	return mkdir(c->path, c->mode);
}

struct call call_mkdir(const char *path, mode_t mode)
{
	return (struct call){.name = "mkdir", .invoke = invoke_mkdir, .path = path, .mode = mode};
}

static int invoke_mkfifo(const struct call *c)
{
	return mkfifo(c->path, c->mode);
}

struct call call_mkfifo(const char *path, mode_t mode)
{
	return (struct call){.name = "mkfifo", .invoke = invoke_mkfifo, .path = path, .mode = mode};
}

static int invoke_mknod(const struct call *c)
{
	return mknod(c->path, c->mode, c->device);
}

struct call call_mknod(const char *path, mode_t mode, dev_t device)
{
	return (struct call){.name = "mknod",
			     .invoke = invoke_mknod,
			     .path = path,
			     .mode = mode,
			     .device = device};
}

static int invoke_readlink(const struct call *c)
{
	char target[PATH_MAX];

	return readlink(c->path, target, sizeof(target)) < 0 ? -1 : 0;
}

struct call call_readlink(const char *path)
{
	return (struct call){.name = "readlink", .invoke = invoke_readlink, .path = path};
}

static int invoke_rename(const struct call *c)
{
	return rename(c->path, c->second);
}

struct call call_rename(const char *from, const char *to)
{
	return (struct call){.name = "rename", .invoke = invoke_rename, .path = from, .second = to};
}

static int invoke_rename2(const struct call *c)
{
	return renameat2(AT_FDCWD, c->path, AT_FDCWD, c->second, (unsigned)c->flags);
}

struct call call_rename2(const char *from, const char *to, unsigned flags)
{
	return (struct call){.name = "renameat2",
			     .invoke = invoke_rename2,
			     .path = from,
			     .second = to,
			     .flags = (int)flags};
}

static int invoke_rmdir(const struct call *c)
{
	return rmdir(c->path);
}

struct call call_rmdir(const char *path)
{
	return (struct call){.name = "rmdir", .invoke = invoke_rmdir, .path = path};
}

static int invoke_symlink(const struct call *c)
{
	return symlink(c->second, c->path);
}

struct call call_symlink(const char *target, const char *path)
{
	return (struct call){
		.name = "symlink", .invoke = invoke_symlink, .path = path, .second = target};
}

static int invoke_truncate(const struct call *c)
{
	return truncate(c->path, c->size);
}

struct call call_truncate(const char *path, off_t size)
{
	return (struct call){
		.name = "truncate", .invoke = invoke_truncate, .path = path, .size = size};
}

static int invoke_unlink(const struct call *c)
{
	return unlink(c->path);
}

struct call call_unlink(const char *path)
{
	return (struct call){.name = "unlink", .invoke = invoke_unlink, .path = path};
}

static int invoke_utimensat(const struct call *c)
{
	return utimensat(AT_FDCWD, c->path, c->times, c->flags);
}

struct call call_utimensat(const char *path, const struct timespec times[2], int flags)
{
	return (struct call){.name = "utimensat",
			     .invoke = invoke_utimensat,
			     .path = path,
			     .times = times,
			     .flags = flags};
}
