#include "tests/limits/small_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"

enum {
	PATH_TEXT_MAX = 600,
	COMMAND_MAX = 2048,
};

static int run(const char *command)
{
	int status = system(command);

	return status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -ENOTSUP;
}

static int own_namespace(void)
{
	if (unshare(CLONE_NEWNS))
		return -errno;
	/* what is mounted from here on is nobody else's */
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ? -errno : 0;
}

static int mount_ext4(const char *path, unsigned mib)
{
	char command[COMMAND_MAX];

	(void)snprintf(
		command, sizeof(command),
		"truncate -s %uM '%s.image' && mkfs.ext4 -q -m 0 '%s.image' >/dev/null 2>&1 && "
		"mount -o loop '%s.image' '%s' 2>/dev/null",
		mib, path, path, path, path);
	return run(command);
}

int small_disk_mount(const char *type, const char *path, unsigned mib)
{
	char options[64];
	int err = own_namespace();

	if (err)
		return err;
	if (strcmp(type, "ext4") == 0)
		return mount_ext4(path, mib);
	(void)snprintf(options, sizeof(options), "size=%uM", mib);
	return mount("tmpfs", path, "tmpfs", 0, options) ? -errno : 0;
}

int small_disk_unmount(const char *path)
{
	char image[PATH_TEXT_MAX];
	int err = umount(path) ? -errno : 0;

	(void)snprintf(image, sizeof(image), "%s.image", path);
	(void)unlink(image);
	return err;
}

uint64_t small_disk_free(const char *path)
{
	struct statvfs s;

	return statvfs(path, &s) ? 0 : (uint64_t)s.f_bavail * s.f_frsize;
}

/* Write until `bytes` are there or the disk is full, with smaller and smaller writes. */
static uint64_t fill(int fd, uint64_t bytes)
{
	uint64_t wanted = bytes;

	static const char block[64 << 10];
	size_t step = sizeof(block);

	while (bytes > 0 && step > 0) {
		size_t want = bytes < step ? (size_t)bytes : step;
		ssize_t done = write(fd, block, want);

		if (done > 0)
			bytes -= (uint64_t)done;
		else
			step /= 2;
	}
	return wanted - bytes;
}

int ballast_make(const char *folder, const char *name, uint64_t bytes, uint64_t *ret_taken)
{
	char path[PATH_TEXT_MAX];
	cleanup_fd int fd = -1;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	*ret_taken = fill(fd, bytes);
	(void)fsync(fd); /* ENOSPC of delayed blocks is what is wanted */
	return 0;
}

void ballast_drop(const char *folder, const char *name)
{
	char path[PATH_TEXT_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	(void)unlink(path);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		(void)syncfs(fd);
		(void)close(fd);
	}
}
