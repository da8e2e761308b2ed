/*
 * mkdir.
 */
#include <errno.h>
#include <fcntl.h>

#include "tests/mount/posix/posix.h"

struct masked {
	mode_t asked, umask, mode;
};

static const struct masked masks[] = {
	{0777, 022, 0755}, {0755, 022, 0755},  {0777, 0, 0777},   {0777, 0777, 0},
	{0, 0, 0},         {0151, 0, 0151},    {0151, 077, 0100}, {0345, 0501, 0244},
	{0700, 077, 0700}, {0750, 0111, 0640},
};

static void check_new_mode(void)
{
	for (size_t i = 0; i < array_size(masks); i++) {
		const struct masked *m = &masks[i];

		umask(m->umask);
		check_call(&ann, 0, call_mkdir("new", m->asked), "asked for %04o with umask %04o",
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
	check_call(&ann, 0, call_mkdir("new", 0750), "a new folder");
	check_kind("new", KIND_FOLDER, "is a folder");
	check_owner("new", ann.uid, ann.gid, "belongs to who made it");
	check_young("new", &stamp, "has new times");
	check_times(&here, BOTH_MOVE, "mtime and ctime of the folder above move");

	struct watch it = watch("new");

	here = watch(".");
	tick();
	check_call(&ann, EEXIST, call_mkdir("new", 0777), "a second time");
	check_mode("new", 0750, "its mode stays");
	check_times(&it, NOTHING_MOVES, "its times stay");
	check_times(&here, NOTHING_MOVES, "and those of the folder above");
	check_call(&ann, 0, call_mkdir("new/sub", 0755), "a folder in it");
	check_times(&it, BOTH_MOVE, "moves its times");
	check_times(&here, NOTHING_MOVES, "and not those of the folder above");
	check_call(&ann, 0, call_open("new/sub/file", O_CREAT | O_WRONLY, 0644), "a file in that");
	check_text("new/sub/file", "", "is there");
	check_call(&bob, EACCES, call_mkdir("new/other", 0755), "another makes none in it");
	clear("new");
	clear("stamp");
}

static void check_names(void)
{
	check_call(&root, 0, call_mkdir("slash/", 0755), "a name with a slash behind");
	check_kind("slash", KIND_FOLDER, "is made");
	check_call(&root, EEXIST, call_mkdir("slash/", 0755), "once");
	check_call(&root, EEXIST, call_mkdir(".", 0755), "\".\" is there");
	check_call(&root, EEXIST, call_mkdir("..", 0755), "\"..\" is there");
	check_call(&root, EEXIST, call_mkdir("/", 0755), "\"/\" is there");
	check_call(&root, EEXIST, call_mkdir("slash/..", 0755), "and \"..\" of another");
	check_call(&root, ENOENT, call_mkdir("absent/..", 0755), "but not of what is absent");
	check_call(&root, ENOENT, call_mkdir("absent/x", 0755), "no two levels at once");
	check_absent("absent", "and none of them is made");
	clear("slash");
}

static void check_group(void)
{
	make(KIND_FOLDER, "folder", 02777, &bob);
	check_call(&ann, 0, call_mkdir("folder/new", 0755), "in a set-group-id folder");
	check_owner("folder/new", ann.uid, bob.gid, "it has the group of that");
	check_mode("folder/new", 02755, "and hands it on as well");
	check_call(&ann, 0, call_mkdir("folder/new/sub", 0700), "and one level down");
	check_owner("folder/new/sub", ann.uid, bob.gid, "has the group");
	check_mode("folder/new/sub", 02700, "and the bit");
	check_call(&ann, 0, call_mkdir("plain", 0755), "elsewhere");
	check_owner("plain", ann.uid, ann.gid, "it has its maker's group");
	check_mode("plain", 0755, "and no such bit");
	clear("folder");
	clear("plain");
}

static void check_over(void)
{
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		make((enum kind)kind, "it", 0644, &root);
		check_call(&root, EEXIST, call_mkdir("it", 0755), "over a %s", kind_names[kind]);
		check_kind("it", (enum kind)kind, "the %s stays", kind_names[kind]);
		clear("it");
	}
}

static nlink_t links(const char *path)
{
	return look(path).st_nlink;
}

/* A folder's links: its name, ".", and the ".." of each folder in it. */
static void check_links(void)
{
	make(KIND_FOLDER, "from", 0755, &root);
	make(KIND_FOLDER, "to", 0755, &root);
	check_number(2, links("from"), "an empty folder has two links");
	must(&root, call_mkdir("from/sub", 0755));
	check_number(3, links("from"), "and one more for each folder in it");
	check_number(2, links("to"), "and none for another's");
	check_number((long long)look("from").st_ino, (long long)look("from/sub/..").st_ino,
		     "\"..\" leads to it");
	must(&root, call_mkdir("from/sub/below", 0755));
	make(KIND_FILE, "from/file", 0644, &root);
	make(KIND_LINK, "from/link", 0777, &root);
	make(KIND_FIFO, "from/fifo", 0644, &root);
	make(KIND_SOCKET, "from/socket", 0644, &root);
	check_number(3, links("from"), "nor for files of all kinds, or a folder below");
	must(&root, call_rename("from/sub", "to/new"));
	check_number(2, links("from"), "a folder that leaves takes its link along");
	check_number(3, links("to"), "to where it goes");
	check_number(3, links("to/new"), "and keeps its own");
	check_number((long long)look("to").st_ino, (long long)look("to/new/..").st_ino,
		     "\"..\" leads there");
	must(&root, call_mkdir("from/empty", 0755));
	must(&root, call_rename("to/new", "from/empty"));
	check_number(3, links("from"), "over a folder it takes its place");
	check_number(2, links("to"), "and has left");
	check_call(&root, ENOTEMPTY, call_rmdir("from/empty"), "a folder that is not removed");
	check_number(3, links("from"), "counts");
	must(&root, call_rmdir("from/empty/below"));
	must(&root, call_rmdir("from/empty"));
	check_number(2, links("from"), "and one that is does not");
	clear("from");
	clear("to");
}

void topic_mkdir(void)
{
	check_links();
	check_new_mode();
	check_new();
	check_names();
	check_group();
	check_over();
}
