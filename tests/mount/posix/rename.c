/*
 * rename: of all kinds, over all kinds, and what it leaves as it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "tests/mount/posix/posix.h"

enum {
	LARGE = 300000, /* bytes that no store keeps within a record */
};

static void check_moved(enum kind kind)
{
	const char *name = kind_names[kind];

	make(kind, "old", 0640, &ann);

	struct stat before = look("old");
	struct watch here = watch(".");

	tick();
	check_call(&root, 0, call_rename("old", "new"), "a %s to a new name", name);
	check_absent("old", "the old name of the %s is gone", name);
	check_kind("new", kind, "the new one leads to a %s", name);
	check_number(before.st_mode, look("new").st_mode, "of the mode it had");
	check_owner("new", ann.uid, ann.gid, "and the owner");
	check_number(before.st_size, look("new").st_size, "and the size");
	check_number(before.st_mtim.tv_nsec, look("new").st_mtim.tv_nsec, "and the mtime");
	check_times(&here, BOTH_MOVE, "mtime and ctime of the folder move");
	make(KIND_FOLDER, "folder", 0755, &root);
	here = watch(".");

	struct watch there = watch("folder");

	tick();
	check_call(&root, 0, call_rename("new", "folder/moved"), "a %s to another folder", name);
	check_absent("new", "the %s has left", name);
	check_kind("folder/moved", kind, "the %s has come", name);
	check_times(&here, BOTH_MOVE, "the times of the one folder move");
	check_times(&there, BOTH_MOVE, "and of the other");
	if (kind == KIND_FILE)
		check_text("folder/moved", "old", "its content stays");
	if (kind == KIND_LINK)
		check_target("folder/moved", "absent", "its target stays");
	clear("folder");
	clear("old");
	clear("new");
}

/* What rename answers when the one is to replace the other. */
static int replacing(enum kind from, enum kind to)
{
	if (from == KIND_FOLDER)
		return to == KIND_FOLDER ? 0 : ENOTDIR;
	return to == KIND_FOLDER ? EISDIR : 0;
}

static void check_replacing(enum kind from, enum kind to)
{
	int expected = replacing(from, to);

	make(from, "from", 0640, &ann);
	make(to, "to", 0604, &bob);

	struct watch here = watch(".");

	tick();
	check_call(&root, expected, call_rename("from", "to"), "a %s over a %s", kind_names[from],
		   kind_names[to]);
	check_kind("to", expected ? to : from, "then that is a %s",
		   kind_names[expected ? to : from]);
	if (expected) {
		check_kind("from", from, "and the %s is where it was", kind_names[from]);
		check_times(&here, NOTHING_MOVES, "and no time of the folder has moved");
	} else {
		check_absent("from", "and the old name is gone");
		check_owner("to", ann.uid, ann.gid, "the owner has come along");
		check_times(&here, BOTH_MOVE, "and the folder's times have moved");
	}
	clear("from");
	clear("to");
}

static void check_content(void)
{
	char bytes[16] = "";

	make(KIND_FILE, "from", 0644, &root);
	make_pattern("to", LARGE);

	cleanup_fd int old = open_here("to", O_RDWR);
	cleanup_fd int moved = open_here("from", O_RDWR);

	check_call(&root, 0, call_rename("from", "to"), "over a large file that is open");
	check_text("to", "from", "the name leads to the new content");
	check_number(5, pread(old, bytes, 5, 1000), "the replaced file can be read");
	check_number(pattern_byte(1004), (unsigned char)bytes[4], "its content is the old one");
	check_number(4, pwrite(old, "lost", 4, 0), "it can be written");
	check_text("to", "from", "which nobody sees by name");
	check_number(2, pwrite(moved, "FR", 2, 0), "the moved file can be written");
	check_text("to", "FRom", "which all see");
	clear("to");
	make_pattern("from", LARGE);
	check_call(&root, 0, call_rename("from", "to"), "a large file");
	check_pattern("to", LARGE, LARGE, "comes whole");
	check_call(&root, 0, call_rename("to", "from"), "and back");
	check_pattern("from", LARGE, LARGE, "as well");
	clear("from");
}

static void check_same(void)
{
	make(KIND_FILE, "file", 0644, &root);
	make(KIND_FOLDER, "folder", 0755, &root);
	check_call(&root, 0, call_rename("file", "file"), "a file to its own name");
	check_text("file", "file", "it is there");
	check_call(&root, 0, call_rename("folder", "folder"), "a folder to its own name");
	check_kind("folder", KIND_FOLDER, "it is there");
	check_call(&root, 0, call_rename("file", "folder/../file"), "by another path");
	check_text("file", "file", "it is there");
	check_call(&root, target_is_apexfs ? EPERM : 0, call_link("file", "second"),
		   "a second link");
	if (!target_is_apexfs) {
		check_call(&root, 0, call_rename("file", "second"),
			   "of two links, one to the other");
		check_text("file", "file", "both stay");
		check_text("second", "file", "as they were");
	}
	clear("second");
	clear("file");
	clear("folder");
}

static void check_links(void)
{
	make(KIND_FILE, "file", 0644, &root);
	make(KIND_FOLDER, "folder", 0755, &root);
	must(&root, call_symlink("file", "to_file"));
	must(&root, call_symlink("folder", "to_folder"));
	check_call(&root, 0, call_rename("to_file", "link"), "a link is not followed");
	check_target("link", "file", "it is moved itself");
	make(KIND_FILE, "other", 0644, &root);
	check_call(&root, 0, call_rename("other", "link"), "nor followed when it is replaced");
	check_text("link", "other", "there is the file now");
	check_text("file", "file", "and what it led to is as it was");
	make(KIND_FOLDER, "second", 0755, &root);
	check_call(&root, ENOTDIR, call_rename("second", "to_folder"),
		   "a link to a folder is no folder");
	check_call(&root, 0, call_rename("link", "to_folder/inside"), "but as a prefix it is");
	check_text("folder/inside", "other", "the file is in the folder");
	check_target("to_folder", "folder", "the link is as it was");
	clear("second");
	clear("to_folder");
	clear("folder");
	clear("file");
}

static void check_names(void)
{
	make(KIND_FILE, "file", 0644, &root);
	make(KIND_FOLDER, "folder", 0755, &root);
	check_call(&root, ENOENT, call_rename("absent", "new"), "what is not there");
	check_call(&root, ENOENT, call_rename("absent", "file"), "nor over what is");
	check_call(&root, ENOENT, call_rename("file", "absent/new"), "into what is not there");
	check_call(&root, ENOTDIR, call_rename("folder", "file/new"), "below a file");
	check_call(&root, ENOTDIR, call_rename("file/", "new"), "a file with a slash");
	check_call(&root, ENOTDIR, call_rename("file", "new/"), "a file to a name with one");
	check_call(&root, either(EINVAL, EBUSY), call_rename(".", "new"), "\".\"");
	check_call(&root, either(EINVAL, EBUSY), call_rename("folder/.", "new"),
		   "a folder's \".\"");
	check_call(&root, either(EINVAL, EBUSY), call_rename("..", "new"), "\"..\"");
	check_call(&root, either(EINVAL, EBUSY), call_rename("folder", "."), "to \".\"");
	check_call(&root, either(EINVAL, EBUSY), call_rename("folder", "folder/.."), "to \"..\"");
	check_call(&root, EXDEV, call_rename("file", "/proc/file"), "to another file system");
	check_text("file", "file", "the file is as it was");
	check_kind("folder", KIND_FOLDER, "and the folder");
	check_absent("new", "and nothing is new");
	clear("file");
	clear("folder");
}

void topic_rename(void)
{
	for (unsigned from = 0; from < KIND_COUNT; from++) {
		check_moved((enum kind)from);
		for (unsigned to = 0; to < KIND_COUNT; to++)
			check_replacing((enum kind)from, (enum kind)to);
	}
	check_content();
	check_same();
	check_links();
	check_names();
}
