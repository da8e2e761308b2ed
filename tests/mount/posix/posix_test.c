/*
 * What POSIX says of files and folders, asserted on the file system of a folder, as root and as
 * other users. Where the text leaves a choice, every choice passes; where Linux decides what the
 * text leaves open (the group of what is new, set-id bits of a chown by root), its file systems are
 * the measure. Counts of links of folders, inode numbers and EROFS are left out.
 *
 * usage: posix_test [--apexfs] FOLDER [TOPIC...]
 *
 * --apexfs: hard links and device nodes answer EPERM. The program is for root. It works in a
 * folder of its own in FOLDER, and removes that. On a FUSE file system the mount needs
 * allow_other and default_permissions.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/mount/posix/posix.h"
#include "tests/support/scratch.h"
#include "tests/support/tap.h"

bool target_is_apexfs;

static const struct {
	const char *name;
	void (*run)(void);
} topics[] = {
	{"common", topic_common},
	{"times", topic_times},
	{"access", topic_access},
	{"sticky", topic_sticky},
	{"chmod", topic_chmod},
	{"chown", topic_chown},
	{"open", topic_open},
	{"mkdir", topic_mkdir},
	{"mkfifo", topic_mkfifo},
	{"mknod", topic_mknod},
	{"fallocate", topic_fallocate},
	{"rename", topic_rename},
	{"rename_folder", topic_rename_folder},
	{"rename_flags", topic_rename_flags},
	{"rmdir", topic_rmdir},
	{"symlink", topic_symlink},
	{"truncate", topic_truncate},
	{"ftruncate", topic_ftruncate},
	{"unlink", topic_unlink},
	{"utimensat", topic_utimensat},
};

static bool is_wanted(const char *topic, char **wanted)
{
	bool any = *wanted != NULL;

	for (; *wanted; wanted++) {
		if (strcmp(*wanted, topic) == 0)
			return true;
	}
	return !any;
}

/* In a new folder of its own, in which everybody may do everything. */
static void run_topic(size_t i, int above)
{
	const char *name = topics[i].name;

	check_topic(name);
	if (mkdir(name, 0777) != 0 || chdir(name) != 0) {
		check_obstacle(HERE, errno, "a folder for the topic");
		return;
	}
	topics[i].run();
	if (fchdir(above) != 0)
		check_obstacle(HERE, errno, "leave the topic's folder");
	else
		clear(name);
}

static int run_in(const char *folder, char **wanted)
{
	int above = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (above < 0 || fchdir(above) != 0) {
		check_obstacle(HERE, errno, "go to %s", folder);
		return tap_end();
	}
	umask(0);
	for (size_t i = 0; i < array_size(topics); i++) {
		if (is_wanted(topics[i].name, wanted))
			run_topic(i, above);
	}
	close(above);
	tap_note("%u assertions", check_count());
	return tap_end();
}

int main(int argc, char **argv)
{
	char **arg = argv + 1;
	char folder[PATH_MAX], whole[PATH_MAX];

	if (argc > 1 && strcmp(*arg, "--apexfs") == 0) {
		target_is_apexfs = true;
		arg++;
	}
	if (arg >= argv + argc) {
		fprintf(stderr, "usage: posix_test [--apexfs] FOLDER [TOPIC...]\n");
		return EXIT_FAILURE;
	}
	if (geteuid() != 0) {
		tap_skip("posix", "only root can be somebody else");
		return tap_end();
	}
	if (!realpath(*arg, whole) ||
	    snprintf(folder, sizeof(folder), "%s/posix-XXXXXX", whole) >= (int)sizeof(folder) ||
	    !mkdtemp(folder) || chmod(folder, 0755) != 0) {
		fprintf(stderr, "%s: no folder can be made there: %s\n", *arg, strerror(errno));
		return EXIT_FAILURE;
	}

	int status = run_in(folder, arg + 1);

	/* what is left is the caller's to see */
	return chdir("/") != 0 || scratch_remove(folder) != 0 ? EXIT_FAILURE : status;
}
