/*
 * chown, lchown and fchown.
 */
#include <errno.h>
#include <fcntl.h>

#include "lsm/base/cleanup.h"
#include "tests/mount/posix/posix.h"

static const uid_t same_uid = (uid_t)-1;
static const gid_t same_gid = (gid_t)-1;

static void check_root(enum kind kind)
{
	const char *name = kind_names[kind];

	make(kind, "it", 0644, &ann);

	struct watch before = watch("it");

	tick();
	check_call(&root, 0, call_lchown("it", 1234, 4321), "root gives a %s away", name);
	check_owner("it", 1234, 4321, "both are set");
	check_times(&before, CTIME_MOVES, "ctime of the %s moves alone", name);
	check_call(&root, 0, call_lchown("it", 77, same_gid), "the user of a %s alone", name);
	check_owner("it", 77, 4321, "the group stays");
	check_call(&root, 0, call_lchown("it", same_uid, 88), "the group of a %s alone", name);
	check_owner("it", 77, 88, "the user stays");
	check_call(&root, 0, call_lchown("it", 0, 0), "root takes a %s", name);
	check_owner("it", 0, 0, "both are 0");
	check_kind("it", kind, "it is still a %s", name);
	clear("it");
}

static void check_owner_may(enum kind kind)
{
	const char *name = kind_names[kind];

	make(kind, "it", 0644, &ann);

	struct watch before = watch("it");

	tick();
	check_call(&ann, EPERM, call_lchown("it", bob.uid, same_gid), "an owner's %s to another",
		   name);
	check_call(&ann, EPERM, call_lchown("it", same_uid, bob.gid),
		   "an owner's %s to a group of others", name);
	check_call(&ann_with_bob, EPERM, call_lchown("it", bob.uid, bob.gid),
		   "an owner's %s to both", name);
	check_call(&bob, EPERM, call_lchown("it", same_uid, bob.gid), "another's %s to one's group",
		   name);
	check_call(&bob, EPERM, call_lchown("it", bob.uid, bob.gid), "another's %s to oneself",
		   name);
	check_owner("it", ann.uid, ann.gid, "what failed has changed no owner");
	check_times(&before, NOTHING_MOVES, "and no time");
	check_call(&ann_with_bob, 0, call_lchown("it", same_uid, bob.gid),
		   "an owner's %s to another group of hers", name);
	check_owner("it", ann.uid, bob.gid, "it is of that group");
	check_call(&ann, 0, call_lchown("it", ann.uid, ann.gid), "and back to her own, a %s", name);
	check_owner("it", ann.uid, ann.gid, "it is of her group");
	check_times(&before, CTIME_MOVES, "ctime of the %s moves alone", name);
	clear("it");
}

static void check_link(void)
{
	make(KIND_FILE, "file", 0644, &ann);
	must(&root, call_symlink("file", "link"));
	check_call(&root, 0, call_chown("link", bob.uid, bob.gid), "chown follows a link");
	check_owner("file", bob.uid, bob.gid, "to the file");
	check_owner("link", 0, 0, "and leaves the link");
	check_call(&root, 0, call_lchown("link", ann.uid, ann.gid), "lchown does not follow");
	check_owner("link", ann.uid, ann.gid, "the link is hers");
	check_owner("file", bob.uid, bob.gid, "the file is not");
	check_target("link", "file", "and the link leads where it did");
	clear("file");
	clear("link");
}

struct bits {
	mode_t before, after;
};

/* Without execution by the group S_ISGID is no privilege: left out, the text has it open. */
static const struct bits file_bits[] = {
	{04755, 0755}, {02755, 0755}, {06755, 0755}, {06555, 0555}, {0644, 0644}, {01644, 01644},
};

static void check_set_id(void)
{
	make(KIND_FILE, "file", 0644, &ann);
	for (size_t i = 0; i < array_size(file_bits); i++) {
		must(&root, call_chmod("file", file_bits[i].before));
		check_call(&ann_with_bob, 0,
			   call_chown("file", same_uid, i % 2 ? ann.gid : bob.gid),
			   "the owner's group of a file %04o", file_bits[i].before);
		check_mode("file", file_bits[i].after, "set-id bits are dropped");
	}
	must(&root, call_chmod("file", 06755));
	check_call(&ann, EPERM, call_chown("file", bob.uid, same_gid), "what fails");
	check_mode("file", 06755, "drops no bits");
	must(&root, call_chown("file", bob.uid, bob.gid));
	check_mode("file", 0755, "root's chown drops them as well");
	make(KIND_FOLDER, "folder", 06755, &ann);
	check_call(&ann_with_bob, 0, call_chown("folder", same_uid, bob.gid), "of a folder");
	check_mode("folder", 06755, "they are kept");
	clear("file");
	clear("folder");
}

static void check_open_file(void)
{
	make(KIND_FILE, "file", 0644, &ann);

	cleanup_fd int fd = open_here("file", O_RDONLY);

	check_call(&ann, EPERM, call_fchown(fd, bob.uid, bob.gid), "fchown to another");
	check_owner("file", ann.uid, ann.gid, "changes nothing");
	check_call(&ann_with_bob, 0, call_fchown(fd, same_uid, bob.gid), "fchown to a group");
	check_owner("file", ann.uid, bob.gid, "changes that");
	check_call(&root, 0, call_fchown(fd, bob.uid, same_gid), "fchown by root");
	check_owner("file", bob.uid, bob.gid, "changes the user");
	check_call(&root, EBADF, call_fchown(-1, 0, 0), "fchown without a file");
	clear("file");
}

/* Who owns it now has the owner's rights, and the one before has not. */
static void check_rights(void)
{
	make(KIND_FILE, "file", 0600, &ann);
	check_call(&bob, EACCES, call_open("file", O_RDONLY, 0), "before: another is kept out");
	must(&root, call_chown("file", bob.uid, bob.gid));
	check_call(&bob, 0, call_open("file", O_RDWR, 0), "after: the new owner comes in");
	check_call(&ann, EACCES, call_open("file", O_RDONLY, 0), "and the old one does not");
	check_call(&ann, EPERM, call_chmod("file", 0644), "nor may she change the mode");
	check_call(&bob, 0, call_chmod("file", 0640), "the new owner may");
	check_mode("file", 0640, "and has");
	check_text("file", "file", "the content stays");
	clear("file");
}

void topic_chown(void)
{
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		check_root((enum kind)kind);
		check_owner_may((enum kind)kind);
	}
	check_link();
	check_set_id();
	check_open_file();
	check_rights();
}
