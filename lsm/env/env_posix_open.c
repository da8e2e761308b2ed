#include "lsm/env/env_posix_open.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/env/env_name.h"
#include "lsm/env/env_posix_file.h"

enum {
	FILE_MODE = 0600,
	FOLDER_MODE = 0700,
	MODE_BITS = 07777,
};

/*
 * The mode asked of open(2) loses the umask's bits, and the folder's default ACL may add some: what
 * was made is set to exactly FILE_MODE through its descriptor.
 */
static int settle_file(int fd, const char *name, bool own)
{
	struct stat st;

	if (fstat(fd, &st))
		return posix_fail(-errno, name, "stat");
	if (!S_ISREG(st.st_mode))
		return fail(-EUCLEAN, "%s: not a regular file", name);
	if (own && (st.st_mode & MODE_BITS) != FILE_MODE && fchmod(fd, FILE_MODE))
		return posix_fail(-errno, name, "chmod");
	return 0;
}

int posix_open_regular(int dir_fd, const char *name, int flags, int *ret_fd)
{
	/* O_NONBLOCK: a FIFO in a file's place must not hang the open; regular files ignore it. */
	int all_flags = flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
	cleanup_fd int fd = -1;
	int rc = env_name_check(name);

	if (rc)
		return rc;
	do
		fd = openat(dir_fd, name, all_flags, FILE_MODE);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return posix_fail(-errno, name, "open");
	rc = settle_file(fd, name, (flags & O_CREAT) != 0);
	if (rc) {
		if (flags & O_EXCL)
			(void)unlinkat(dir_fd, name, 0); /* the failure is already on its way up */
		return rc;
	}
	*ret_fd = fd;
	fd = -1;
	return 0;
}

int posix_sync_folder(int fd)
{
	int rc;

	do
		rc = fsync(fd) ? -errno : 0;
	while (rc == -EINTR);
	/*
	 * So answer file systems that cannot sync a folder; their name changes are as durable as
	 * they make them.
	 */
	return rc == -EINVAL ? 0 : rc;
}

static int open_folder(const char *path, int *ret_fd)
{
	int fd;

	do
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return posix_fail(-errno, path, "open folder");
	*ret_fd = fd;
	return 0;
}

static int settle_folder(int parent_fd, const char *name)
{
	struct stat st;

	if (fstatat(parent_fd, name, &st, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if ((st.st_mode & MODE_BITS & ~S_ISGID) == FOLDER_MODE)
		return 0;
	return fchmodat(parent_fd, name, FOLDER_MODE, AT_SYMLINK_NOFOLLOW) ? -errno : 0;
}

/* mkdir(2) with the mode as asked, whatever the umask. */
static int make_at(int parent_fd, const char *name)
{
	int rc;

	if (mkdirat(parent_fd, name, FOLDER_MODE))
		return -errno;
	rc = settle_folder(parent_fd, name);
	if (rc)
		(void)unlinkat(parent_fd, name, AT_REMOVEDIR); /* the failure is on its way up */
	return rc;
}

/*
 * The parent is synced even when someone else made the folder meanwhile, since they may not have
 * come to it yet. When that fails a folder made here goes again: the next try would find it and not
 * sync the parent.
 */
static int make_folder_in(const char *parent, const char *name, const char *path)
{
	cleanup_fd int parent_fd = -1;
	int rc = open_folder(parent, &parent_fd);
	bool made;

	if (rc)
		return rc;
	rc = make_at(parent_fd, name);
	made = rc == 0;
	if (made || rc == -EEXIST)
		rc = posix_sync_folder(parent_fd);
	if (rc && made)
		(void)unlinkat(parent_fd, name, AT_REMOVEDIR); /* the failure is on its way up */
	return rc ? posix_fail(rc, path, "make folder") : 0;
}

/* The path without its last component, and that component; both lie in *ret_copy, which the caller
 * frees. */
static int split_path(const char *path, char **ret_copy, const char **ret_parent,
		      const char **ret_name)
{
	char *copy = strdup(path);
	size_t len = strlen(path);
	char *slash;

	if (!copy)
		return -ENOMEM;
	while (len > 1 && copy[len - 1] == '/')
		copy[--len] = '\0';
	slash = strrchr(copy, '/');
	*ret_parent = !slash ? "." : slash == copy ? "/" : copy;
	*ret_name = slash ? slash + 1 : copy;
	if (slash)
		*slash = '\0';
	*ret_copy = copy;
	return 0;
}

static int make_folder(const char *path)
{
	cleanup_free char *copy = NULL;
	const char *parent, *name;
	int rc = split_path(path, &copy, &parent, &name);

	return rc ? rc : make_folder_in(parent, name, path);
}

int posix_open_folder(const char *path, bool create, int *ret_fd)
{
	int rc = open_folder(path, ret_fd);

	if (rc != -ENOENT || !create)
		return rc;
	rc = make_folder(path);
	return rc ? rc : open_folder(path, ret_fd);
}

static int open_place(int at_fd, const char *path, int *ret_fd)
{
	int fd;

	do
		fd = openat(at_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

/* The folder at path, or the one in which it would be made. */
static int open_nearest(const char *path, int *ret_fd)
{
	cleanup_free char *copy = NULL;
	const char *parent, *name;
	int rc = open_place(AT_FDCWD, path, ret_fd);

	if (rc != -ENOENT)
		return rc;
	rc = split_path(path, &copy, &parent, &name);
	return rc ? rc : open_place(AT_FDCWD, parent, ret_fd);
}

static bool same_place(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/*
 * Upwards from the path, by what the kernel calls "..": the text of a path says little where there
 * are symlinks. The root is its own parent.
 */
int posix_folder_holds(int fd, const char *path, bool *ret_holds)
{
	cleanup_fd int here = -1;
	struct stat wanted, now, before = {0};
	int rc = open_nearest(path, &here);

	if (!rc && (fstat(fd, &wanted) || fstat(here, &now)))
		rc = -errno;
	while (!rc && !same_place(&now, &wanted) && !same_place(&now, &before)) {
		int up = -1;

		rc = open_place(here, "..", &up);
		if (rc)
			break;
		(void)close(here); /* O_PATH: nothing to lose */
		here = up;
		before = now;
		rc = fstat(here, &now) ? -errno : 0;
	}
	if (!rc)
		*ret_holds = same_place(&now, &wanted);
	return rc;
}
