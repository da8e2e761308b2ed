#include "fs/mount_point.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/base/log.h"

extern char **environ;

enum {
	DYING_TRIES = 10, /* requests that may meet a daemon in its last moment */
};

static int fail_errno(const char *path)
{
	int code = errno;

	return fail(-code, "%s: %s", path, strerror(code));
}

/* The name below the absolute path of its parent. */
static int absent_store_path(const char *store, char **ret_path)
{
	/* dirname and basename write into what they are given. */
	char for_parent[PATH_MAX];
	char for_name[PATH_MAX];

	/* It is shorter than PATH_MAX: realpath has looked for it. */
	snprintf(for_parent, sizeof(for_parent), "%s", store);
	snprintf(for_name, sizeof(for_name), "%s", store);
	const char *parent = dirname(for_parent);
	cleanup_free char *parent_path = realpath(parent, NULL);

	if (!parent_path)
		return fail_errno(parent);
	if (asprintf(ret_path, "%s/%s", strcmp(parent_path, "/") == 0 ? "" : parent_path,
		     basename(for_name)) < 0)
		return -ENOMEM;
	return 0;
}

int mount_point_store_path(const char *store, char **ret_path)
{
	cleanup_free char *whole = realpath(store, NULL);

	if (whole) {
		*ret_path = move_ptr(&whole);
		return 0;
	}
	if (errno != ENOENT || store[0] == '\0')
		return fail_errno(store[0] ? store : "store");
	return absent_store_path(store, ret_path);
}

/* Whether `path` is `folder` or lies in it; both absolute. */
static bool lies_in(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	if (strcmp(folder, "/") == 0)
		return true;
	return strncmp(path, folder, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

static int unmount_helper_run(const char *mountpoint)
{
	char program[] = "fusermount3";
	char unmount[] = "-u";
	char lazy[] = "-z";
	char end[] = "--";
	cleanup_free char *path = strdup(mountpoint);
	char *argv[] = {program, unmount, lazy, end, path, NULL};
	int status;
	pid_t pid;

	if (!path)
		return -ENOMEM;
	int rc = posix_spawnp(&pid, program, NULL, NULL, argv, environ);

	if (rc)
		return fail(-rc, "%s: %s", program, strerror(rc));
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return fail_errno(program);
	}
	if (status != 0)
		return fail(-EBUSY, "%s: a dead mount that cannot be detached", mountpoint);
	return 0;
}

/* A daemon that was killed leaves a mount that answers everything with ENOTCONN. */
static int dead_mount_detach(const char *mountpoint)
{
	int rc = 0;

	if (geteuid() != 0)
		rc = unmount_helper_run(mountpoint);
	else if (umount2(mountpoint, MNT_DETACH) != 0)
		rc = fail_errno(mountpoint);
	if (!rc)
		log_warn("detached a dead mount path=%s", mountpoint);
	return rc;
}

/* As stat(2), but a dead mount fails: the kernel may know a folder's attributes for long after,
 * statfs(2) always asks. */
static int live_stat(const char *mountpoint, struct stat *ret_st)
{
	struct statfs space;

	if (statfs(mountpoint, &space) != 0)
		return -1;
	return stat(mountpoint, ret_st);
}

/* Over io_uring a request can also meet a daemon that is dead while the kernel still ends it. */
static bool is_dying(int code)
{
	return code == ECONNABORTED || code == ECANCELED || code == EINTR || code == EFAULT;
}

static int folder_check(const char *mountpoint)
{
	struct stat st;
	int rc = live_stat(mountpoint, &st);

	/* The daemon died over this very request; one of the next finds it dead. */
	for (int i = 0; i < DYING_TRIES && rc != 0 && is_dying(errno); i++)
		rc = live_stat(mountpoint, &st);
	if (rc != 0 && errno == ENOTCONN) {
		rc = dead_mount_detach(mountpoint);
		if (rc)
			return rc;
		rc = live_stat(mountpoint, &st);
	}
	if (rc != 0)
		return fail_errno(mountpoint);
	if (!S_ISDIR(st.st_mode))
		return fail(-ENOTDIR, "%s: not a folder", mountpoint);
	return 0;
}

bool mount_point_in_use(const char *path)
{
	struct statx stx;

	return statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_TYPE, &stx) == 0 &&
	       (stx.stx_attributes & stx.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT);
}

static int mounted_check(const char *mountpoint)
{
	if (mount_point_in_use(mountpoint))
		return fail(-EBUSY, "%s: something is mounted here already", mountpoint);
	return 0;
}

static int empty_check(const char *mountpoint)
{
	DIR *dir = opendir(mountpoint);
	const struct dirent *entry;
	int rc = 0;

	if (!dir)
		return fail_errno(mountpoint);
	while (!rc && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			rc = fail(-ENOTEMPTY, "%s: not empty", mountpoint);
	}
	closedir(dir);
	return rc;
}

int mount_point_check(const char *mountpoint, const char *store_path, char **ret_mountpoint)
{
	cleanup_free char *path = NULL;
	int rc = folder_check(mountpoint);

	if (rc)
		return rc;
	path = realpath(mountpoint, NULL);
	if (!path)
		return fail_errno(mountpoint);
	if (lies_in(path, store_path) || lies_in(store_path, path))
		return fail(-EINVAL, "%s: the store %s and the mount point overlap", path,
			    store_path);
	rc = mounted_check(path);
	if (!rc)
		rc = empty_check(path);
	if (!rc)
		*ret_mountpoint = move_ptr(&path);
	return rc;
}
