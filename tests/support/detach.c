#include "tests/support/detach.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"

extern char **environ;

enum {
	DETACH_STACKED_MAX = 8, /* mounts over each other that a test can leave behind */
};

/* The exit status of a program, or a negative errno. */
static int program_run(char *const argv[])
{
	pid_t child;
	int status;
	int rc = posix_spawnp(&child, argv[0], NULL, NULL, argv, environ);

	if (rc)
		return -rc;
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

bool detach_is_possible(void)
{
	char program[] = "fusermount3";
	char version[] = "-V";
	char *const argv[] = {program, version, NULL};

	return geteuid() == 0 || program_run(argv) == 0;
}

/* mountinfo(5), see proc(5): the fifth field is the mount point; the paths of tests need no
 * escapes. */
static bool is_mounted(const char *mountpoint)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	cleanup_free char *line = NULL;
	size_t room = 0;
	bool found = false;

	if (!mounts)
		return false;
	while (!found && getline(&line, &room, mounts) > 0) {
		char *rest = line;
		const char *field = NULL;

		for (int i = 0; i < 5; i++)
			field = strsep(&rest, " ");
		found = field && strcmp(field, mountpoint) == 0;
	}
	fclose(mounts);
	return found;
}

static int detach_one(const char *mountpoint)
{
	if (geteuid() == 0)
		return umount2(mountpoint, MNT_DETACH) == 0 ? 0 : -errno;
	char program[] = "fusermount3";
	char options[] = "-uzq";
	cleanup_free char *path = strdup(mountpoint);
	char *const argv[] = {program, options, path, NULL};

	if (!path)
		return -ENOMEM;
	int rc = program_run(argv);

	return rc > 0 ? -EPERM : rc;
}

int detach_mounts(const char *mountpoint)
{
	for (int i = 0; i < DETACH_STACKED_MAX && is_mounted(mountpoint); i++) {
		int rc = detach_one(mountpoint);

		if (rc)
			return rc;
	}
	return is_mounted(mountpoint) ? -EBUSY : 0;
}
