/*
 * rmdir.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "tests/mount/posix/posix.h"

static void check_empty(void)
{
	make(KIND_FOLDER, "folder", 0755, &ann);

	struct watch here = watch(".");

	tick();
	check_call(&ann, 0, call_rmdir("folder"), "an empty folder");
	check_absent("folder", "is gone");
	check_times(&here, BOTH_MOVE, "mtime and ctime of the folder above move");
	check_call(&ann, ENOENT, call_rmdir("folder"), "a second time");
	make(KIND_FOLDER, "folder", 0755, &ann);
	check_call(&ann, 0, call_rmdir("folder/"), "with a slash behind");
	check_absent("folder", "is gone");
	make(KIND_FOLDER, "folder", 0, &ann);
	check_call(&ann, 0, call_rmdir("folder"), "its own mode is nobody's business");
	check_absent("folder", "is gone");
}

static void check_not_empty(enum kind kind)
{
	make(KIND_FOLDER, "folder", 0755, &root);
	make(kind, "folder/entry", 0644, &root);

	struct watch here = watch("."), it = watch("folder");

	tick();
	check_call(&root, either(ENOTEMPTY, EEXIST), call_rmdir("folder"), "with a %s in it",
		   kind_names[kind]);
	check_kind("folder/entry", kind, "the %s is there", kind_names[kind]);
	check_times(&here, NOTHING_MOVES, "no time of the folder above moves");
	check_times(&it, NOTHING_MOVES, "nor of itself");
	if (kind == KIND_FOLDER)
		must(&root, call_rmdir("folder/entry"));
	else
		must(&root, call_unlink("folder/entry"));
	check_times(&it, BOTH_MOVE, "they do when the %s goes", kind_names[kind]);
	check_call(&root, 0, call_rmdir("folder"), "without it");
	check_absent("folder", "it is gone");
}

static void check_no_folder(enum kind kind)
{
	make(kind, "it", 0644, &root);
	check_call(&root, ENOTDIR, call_rmdir("it"), "a %s", kind_names[kind]);
	check_kind("it", kind, "the %s is there", kind_names[kind]);
	clear("it");
}

static void check_names(void)
{
	make(KIND_FOLDER, "folder", 0755, &root);
	make(KIND_FOLDER, "folder/sub", 0755, &root);
	must(&root, call_symlink("folder/sub", "link"));
	check_call(&root, EINVAL, call_rmdir("."), "\".\"");
	check_call(&root, EINVAL, call_rmdir("folder/sub/."), "a folder's \".\"");
	check_call(&root, either(ENOTEMPTY, EEXIST), call_rmdir("folder/sub/.."),
		   "\"..\" has an entry");
	check_call(&root, ENOTDIR, call_rmdir("link"), "a link to a folder");
	check_call(&root, ENOTDIR, call_rmdir("link/"), "also with a slash");
	check_kind("folder/sub", KIND_FOLDER, "the folder is there");
	must(&root, call_rmdir("folder/sub"));
	check_kind("link", KIND_LINK, "the link stays when its folder goes");
	check_call(&root, ENOENT, call_stat("link"), "and leads nowhere");
	check_call(&root, EBUSY, call_rmdir("/"), "the root");
	clear("folder");
	clear("link");
}

/* What is open stays open, and takes no more entries. */
static void check_open(void)
{
	make(KIND_FOLDER, "folder", 0755, &root);

	cleanup_fd int fd = open_here("folder", O_RDONLY | O_DIRECTORY);
	struct stat st = {0};

	must(&root, call_rmdir("folder"));
	check_number(0, fstat(fd, &st), "an open folder can be looked at");
	check_number(S_IFDIR, st.st_mode & S_IFMT, "it is a folder");
	check_number(-1, mkdirat(fd, "new", 0755), "it takes no folder");
	check_error(ENOENT, errno, "its error");
	check_number(-1, openat(fd, "new", O_CREAT | O_RDWR | O_CLOEXEC, 0644), "and no file");
	check_error(ENOENT, errno, "its error");
	make(KIND_FOLDER, "folder", 0755, &root);
	check_number(-1, fstatat(fd, "new", &st, 0), "nor does it lead to a new one of its name");
	check_error(ENOENT, errno, "its error");
	clear("folder");
}

static void check_current(void)
{
	cleanup_fd int back = open_here(".", O_RDONLY | O_DIRECTORY);

	make(KIND_FOLDER, "folder", 0755, &root);
	if (back < 0 || chdir("folder") != 0) {
		check_obstacle(HERE, errno, "go into a folder");
		return;
	}
	check_call(&root, 0, call_rmdir("../folder"), "the folder one stands in");
	check_call(&root, ENOENT, call_mkdir("new", 0755), "takes no folder then");
	check_call(&root, ENOENT, call_open("new", O_CREAT | O_RDWR, 0644), "and no file");
	check_call(&root, ENOENT, call_symlink("x", "new"), "and no link");
	check_number(0, fchdir(back), "one may leave it");
	check_absent("folder", "it is gone");
}

/* How many entries besides "." and "..". */
static int count_entries(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	int n = 0;

	if (!dir)
		return -1;
	while ((entry = readdir(dir)))
		n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(dir);
	return n;
}

static void check_listing(void)
{
	make(KIND_FOLDER, "folder", 0755, &root);
	make(KIND_FOLDER, "folder/one", 0755, &root);
	make(KIND_FOLDER, "folder/two", 0755, &root);
	check_number(2, count_entries("folder"), "two folders are listed");
	must(&root, call_rmdir("folder/one"));
	check_number(1, count_entries("folder"), "then one");
	must(&root, call_rmdir("folder/two"));
	check_number(0, count_entries("folder"), "then none");
	check_kind("folder", KIND_FOLDER, "the folder they were in stays");
	clear("folder");
}

void topic_rmdir(void)
{
	check_empty();
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		check_not_empty((enum kind)kind);
		if (kind != KIND_FOLDER)
			check_no_folder((enum kind)kind);
	}
	check_names();
	check_open();
	check_current();
	check_listing();
}
