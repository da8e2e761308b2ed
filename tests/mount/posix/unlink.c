/*
 * unlink.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "tests/mount/posix/posix.h"

enum {
	LARGE = 100000,
};

static void check_kinds(enum kind kind)
{
	const char *name = kind_names[kind];

	make(kind, "it", 0, &ann);

	struct watch here = watch(".");

	tick();
	check_call(&ann, 0, call_unlink("it"), "a %s, whatever its mode", name);
	check_absent("it", "the %s is gone", name);
	check_times(&here, BOTH_MOVE, "mtime and ctime of the folder move");
	here = watch(".");
	tick();
	check_call(&ann, ENOENT, call_unlink("it"), "a %s, a second time", name);
	check_times(&here, NOTHING_MOVES, "no time of the folder moves");
	make(KIND_FOLDER, "folder", 0755, &root);
	make(kind, "folder/it", 0777, &ann);
	check_call(&ann, EACCES, call_unlink("folder/it"), "one's own %s in a folder of others",
		   name);
	check_kind("folder/it", kind, "the %s is there", name);
	must(&root, call_chown("folder", bob.uid, bob.gid));
	check_call(&bob, 0, call_unlink("folder/it"), "another's %s in one's own folder", name);
	check_absent("folder/it", "the %s is gone", name);
	clear("folder");
}

static void check_folders(void)
{
	make(KIND_FOLDER, "folder", 0777, &ann);
	make(KIND_FILE, "file", 0644, &ann);
	must(&root, call_symlink("folder", "link"));
	check_call(&ann, either(EISDIR, EPERM), call_unlink("folder"), "a folder");
	check_call(&root, either(EISDIR, EPERM), call_unlink("folder"), "also by root");
	check_call(&root, either(EISDIR, EPERM), call_unlink("folder/"), "also with a slash");
	check_kind("folder", KIND_FOLDER, "it is there");
	check_call(&root, ENOTDIR, call_unlink("file/"), "a file with a slash");
	check_text("file", "file", "it is there");
	check_call(&root, ENOTDIR, call_unlink("link/"), "a link with a slash");
	check_call(&root, 0, call_unlink("link"), "a link to a folder");
	check_absent("link", "is gone");
	check_kind("folder", KIND_FOLDER, "and its folder is not");
	clear("folder");
	clear("file");
}

static void check_link(void)
{
	make(KIND_FILE, "file", 0644, &root);
	must(&root, call_symlink("file", "link"));
	must(&root, call_symlink("link", "second"));
	check_call(&root, 0, call_unlink("second"), "a link to a link");
	check_target("link", "file", "the link it led to is there");
	check_call(&root, 0, call_unlink("link"), "a link to a file");
	check_text("file", "file", "the file is there");
	clear("file");
}

static void check_open(void)
{
	char bytes[LARGE / 1000] = "";
	struct stat st = {0};

	make_pattern("file", LARGE);

	cleanup_fd int fd = open_here("file", O_RDWR);
	cleanup_fd int reader = open_here("file", O_RDONLY);

	must(&root, call_unlink("file"));
	check_number(0, fstat(fd, &st), "an open file can be looked at");
	check_number(0, (long long)st.st_nlink, "it has no link");
	check_number(LARGE, st.st_size, "and its size");
	check_number(1, pread(reader, bytes, 1, LARGE - 1), "it can be read to the end");
	check_number(pattern_byte(LARGE - 1), (unsigned char)bytes[0], "it is what was there");
	check_number(4, pwrite(fd, "abcd", 4, 50000), "it can be written");
	check_number(4, pread(reader, bytes, 4, 50000), "and read by another descriptor");
	check_number(0, memcmp(bytes, "abcd", 4), "as it was written");
	check_number(3, pwrite(fd, "end", 3, LARGE), "it can grow");
	check_number(3, pread(reader, bytes, sizeof(bytes), LARGE), "up to there");
	make(KIND_FILE, "file", 0600, &bob);
	check_text("file", "file", "a new file of the name is another");
	check_number(1, pread(reader, bytes, 1, 0), "the old one is still open");
	check_number(pattern_byte(0), (unsigned char)bytes[0], "and has its content");
	check_number(0, fstat(reader, &st), "and its attributes");
	check_number(0644, st.st_mode & ALLPERMS, "its mode");
	check_number(0, st.st_uid, "its owner");
	check_owner("file", bob.uid, bob.gid, "the new one has its own");
	check_call(&root, 0, call_unlink("file"), "the new one goes as well");
	check_number(3, pread(reader, bytes, sizeof(bytes), LARGE), "the old one still does not");
}

static void check_hard_links(void)
{
	make(KIND_FILE, "file", 0644, &root);

	if (!check_call(&root, target_is_apexfs ? EPERM : 0, call_link("file", "link"), "a link") ||
	    target_is_apexfs) {
		check_absent("link", "there is no second name");
		check_number(1, (long long)look("file").st_nlink, "the file has one link");
		clear("file");
		return;
	}
	check_number(2, (long long)look("file").st_nlink, "the file has two links");

	struct watch it = watch("link");

	tick();
	check_call(&root, 0, call_unlink("file"), "one of two links");
	check_text("link", "file", "the other is there");
	check_number(1, (long long)look("link").st_nlink, "and the only one");
	check_times(&it, CTIME_MOVES, "ctime of the file has moved");
	clear("link");
}

static void check_new_names(void)
{
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		make(KIND_FILE, "it", 0644, &root);
		must(&root, call_unlink("it"));
		make((enum kind)kind, "it", 0644, &ann);
		check_kind("it", (enum kind)kind, "a name that was a file's is free for a %s",
			   kind_names[kind]);
		check_owner("it", ann.uid, ann.gid, "with its own owner");
		clear("it");
	}
}

void topic_unlink(void)
{
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		if (kind != KIND_FOLDER)
			check_kinds((enum kind)kind);
	}
	check_folders();
	check_link();
	check_open();
	check_hard_links();
	check_new_names();
}
