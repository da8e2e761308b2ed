/*
 * chmod and fchmod.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "tests/mount/posix/posix.h"

static void check_bits(void)
{
	static const mode_t modes[] = {0,    0001, 0002,  0004,  0010,  0020, 0040,
				       0100, 0200, 0400,  0644,  0755,  0777, 0111,
				       0222, 0444, 01755, 02755, 04755, 07777};

	make(KIND_FILE, "file", 0644, &root);
	make(KIND_FOLDER, "folder", 0755, &root);
	for (size_t i = 0; i < array_size(modes); i++) {
		check_call(&root, 0, call_chmod("file", modes[i]), "a file to %04o", modes[i]);
		check_mode("file", modes[i], "and it has %04o", modes[i]);
		check_call(&root, 0, call_chmod("folder", modes[i]), "a folder to %04o", modes[i]);
		check_mode("folder", modes[i], "and it has %04o", modes[i]);
	}
	check_kind("file", KIND_FILE, "a file stays a file");
	check_kind("folder", KIND_FOLDER, "a folder stays a folder");
	check_text("file", "file", "the content stays");
	clear("file");
	clear("folder");
}

static void check_kinds(void)
{
	static const enum kind kinds[] = {KIND_FILE, KIND_FOLDER, KIND_FIFO, KIND_SOCKET};

	for (size_t i = 0; i < array_size(kinds); i++) {
		const char *name = kind_names[kinds[i]];

		make(kinds[i], "it", 0644, &ann);

		struct watch before = watch("it");

		tick();
		check_call(&bob, EPERM, call_chmod("it", 0777), "not of another's %s", name);
		check_call(&ann_with_bob, 0, call_chmod("it", 0644), "the owner's %s", name);
		check_times(&before, CTIME_MOVES, "ctime of the %s moves, mtime does not", name);
		before = watch("it");
		tick();
		check_call(&bob, EPERM, call_chmod("it", 0000), "another may not, a %s", name);
		check_mode("it", 0644, "and the mode of the %s stays", name);
		check_times(&before, NOTHING_MOVES, "and its times do");
		check_call(&root, 0, call_chmod("it", 0711), "root may, a %s", name);
		check_mode("it", 0711, "and the %s has the mode", name);
		check_owner("it", ann.uid, ann.gid, "and the owner it had");
		check_kind("it", kinds[i], "and is still a %s", name);
		clear("it");
	}
}

static void check_link(void)
{
	make(KIND_FILE, "file", 0644, &ann);
	must(&root, call_symlink("file", "link"));

	mode_t of_link = look("link").st_mode & ALLPERMS;

	check_call(&ann, 0, call_chmod("link", 0600), "a link is followed");
	check_mode("file", 0600, "to the file");
	check_mode("link", of_link, "and has what it had");
	check_call(&bob, EPERM, call_chmod("link", 0644), "to another's file as well");
	clear("file");
	clear("link");
}

/* A member of no such group must not make a program that runs as the group. */
static void check_set_group(void)
{
	make(KIND_FILE, "file", 0755, &ann);
	must(&root, call_chown("file", ann.uid, bob.gid));
	check_call(&ann, 0, call_chmod("file", 02755), "set-group-id of a group of others");
	check_mode("file", 0755, "is dropped");
	check_call(&ann, 0, call_chmod("file", 04755), "set-user-id of one's own");
	check_mode("file", 04755, "is kept");
	check_call(&ann_with_bob, 0, call_chmod("file", 02755), "set-group-id of a member");
	check_mode("file", 02755, "is kept");
	check_call(&root, 0, call_chmod("file", 06755), "both by root");
	check_mode("file", 06755, "are kept");
	make(KIND_FOLDER, "folder", 0755, &ann);
	check_call(&ann, 0, call_chmod("folder", 03770), "a folder's set-group-id and sticky bits");
	check_mode("folder", 03770, "are the owner's to set");
	clear("file");
	clear("folder");
}

static void check_open_file(void)
{
	make(KIND_FILE, "file", 0644, &ann);

	cleanup_fd int fd = open_here("file", O_RDONLY);
	struct watch before = watch("file");
	struct stat st = {0};

	tick();
	check_call(&bob, EPERM, call_fchmod(fd, 0777), "fchmod of another's");
	check_times(&before, NOTHING_MOVES, "moves no times");
	check_call(&ann, 0, call_fchmod(fd, 0400), "fchmod by the owner");
	check_mode("file", 0400, "sets the mode");
	check_times(&before, CTIME_MOVES, "and moves ctime alone");
	check_call(&root, EBADF, call_fchmod(-1, 0644), "fchmod without a file");
	must(&root, call_unlink("file"));
	check_call(&root, 0, call_fchmod(fd, 0604), "fchmod after unlink");
	check_number(0, fstat(fd, &st), "the file is still open");
	check_number(0604, st.st_mode & ALLPERMS, "and has the mode");
}

/* What was opened before stays open. */
static void check_rights_of_open_file(void)
{
	make(KIND_FILE, "file", 0644, &root);

	cleanup_fd int fd = open_here("file", O_RDWR);

	must(&root, call_chmod("file", 0));
	check_number(1, write(fd, "x", 1), "a file that was opened before can be written");
	check_mode("file", 0, "although nobody could open it now");
	clear("file");
}

void topic_chmod(void)
{
	check_bits();
	check_kinds();
	check_link();
	check_set_group();
	check_open_file();
	check_rights_of_open_file();
}
