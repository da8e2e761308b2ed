/*
 * mkfifo, and what a FIFO then does.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "tests/mount/posix/posix.h"

struct masked {
	mode_t asked, umask, mode;
};

static const struct masked masks[] = {
	{0666, 022, 0644}, {0755, 0, 0755},   {0666, 0777, 0},    {0, 0, 0},
	{0151, 0, 0151},   {0151, 077, 0100}, {0345, 0501, 0244}, {0600, 077, 0600},
};

static void check_new_mode(void)
{
	for (size_t i = 0; i < array_size(masks); i++) {
		const struct masked *m = &masks[i];

		umask(m->umask);
		check_call(&ann, 0, call_mkfifo("new", m->asked), "asked for %04o with umask %04o",
			   m->asked, m->umask);
		umask(0);
		check_mode("new", m->mode, "it has %04o", m->mode);
		clear("new");
	}
}

static void check_new(void)
{
	make(KIND_FILE, "stamp", 0644, &root);

	struct watch stamp = watch("stamp"), here = watch(".");

	tick();
	check_call(&ann, 0, call_mkfifo("new", 0640), "a new FIFO");
	check_kind("new", KIND_FIFO, "is a FIFO");
	check_size("new", 0, "is empty");
	check_owner("new", ann.uid, ann.gid, "belongs to who made it");
	check_young("new", &stamp, "has new times");
	check_times(&here, BOTH_MOVE, "mtime and ctime of the folder move");
	here = watch(".");
	tick();
	check_call(&ann, EEXIST, call_mkfifo("new", 0777), "a second time");
	check_mode("new", 0640, "its mode stays");
	check_times(&here, NOTHING_MOVES, "and no time of the folder moves");
	check_call(&bob, EACCES, call_open("new", O_RDONLY | O_NONBLOCK, 0), "others stay out");
	check_call(&root, either(ENOENT, ENOTDIR), call_mkfifo("slash/", 0644),
		   "a name with a slash behind");
	make(KIND_FOLDER, "folder", 02777, &bob);
	check_call(&ann, 0, call_mkfifo("folder/new", 0644), "in a set-group-id folder");
	check_owner("folder/new", ann.uid, bob.gid, "it has the group of that");
	clear("folder");
	clear("new");
	clear("stamp");
}

static void check_use(void)
{
	char text[8] = "";

	make(KIND_FIFO, "fifo", 0666, &root);

	cleanup_fd int reader = open_here("fifo", O_RDONLY | O_NONBLOCK);
	cleanup_fd int writer = open_here("fifo", O_WRONLY | O_NONBLOCK);

	check_number(3, write(writer, "abc", 3), "what goes in");
	check_number(3, read(reader, text, sizeof(text)), "comes out");
	check_true(text[0] == 'a' && text[2] == 'c', "as it went in");
	check_number(-1, read(reader, text, sizeof(text)), "then it is empty");
	check_error(EAGAIN, errno, "and says so");
	check_size("fifo", 0, "it has no size");
	check_number(-1, lseek(reader, 0, SEEK_SET), "and no offset");
	check_error(ESPIPE, errno, "as it says");
	must(&root, call_rename("fifo", "renamed"));
	check_number(2, write(writer, "de", 2), "under a new name it goes on");
	check_number(2, read(reader, text, sizeof(text)), "to its reader");

	cleanup_fd int other = open_here("renamed", O_RDONLY | O_NONBLOCK);

	check_number(1, write(writer, "f", 1), "by the new name");
	check_number(1, read(other, text, sizeof(text)), "it is the same FIFO");
	must(&root, call_unlink("renamed"));
	check_number(1, write(writer, "g", 1), "without a name it goes on");
	check_number(1, read(reader, text, sizeof(text)), "as well");
}

void topic_mkfifo(void)
{
	check_new_mode();
	check_new();
	check_use();
}
