/*
 * What the nine permission bits let whom do, with files and with folders. Only the first class that
 * fits a user counts: the others say the opposite here.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "tests/mount/posix/posix.h"

enum {
	BITS = 8,
	READ = 4,
	WRITE = 2,
	EXECUTE = 1,
};

struct class
{
	const struct user *who;
	unsigned shift;
	const char *name;
};

/* Of what belongs to bob. */
static const struct class classes[] = {
	{&bob, 6, "owner"},
	{&ann_with_bob, 3, "group"},
	{&cid, 0, "others"},
};

static mode_t mode_of(const struct class *class, unsigned bits)
{
	unsigned rest = ~bits & (BITS - 1);
	mode_t mode = 0;

	for (size_t i = 0; i < array_size(classes); i++)
		mode |= (&classes[i] == class ? bits : rest) << classes[i].shift;
	return mode;
}

static int answer(unsigned bits, unsigned needed)
{
	return (bits & needed) == needed ? 0 : EACCES;
}

static void check_file(const struct class *class, unsigned bits)
{
	const struct user *who = class->who;
	mode_t mode = mode_of(class, bits);

	must(&root, call_chmod("file", mode));
	check_call(who, answer(bits, READ), call_open("file", O_RDONLY, 0),
		   "%s of a file %04o: open to read", class->name, mode);
	check_call(who, answer(bits, WRITE), call_open("file", O_WRONLY, 0),
		   "%s of a file %04o: open to write", class->name, mode);
	check_call(who, answer(bits, READ | WRITE), call_open("file", O_RDWR, 0),
		   "%s of a file %04o: open for both", class->name, mode);
	check_call(who, answer(bits, WRITE), call_truncate("file", 1),
		   "%s of a file %04o: truncate", class->name, mode);
	check_call(who, answer(bits, EXECUTE), call_access("file", X_OK),
		   "%s of a file %04o: execute", class->name, mode);
}

static void check_folder(const struct class *class, unsigned bits)
{
	const struct user *who = class->who;
	mode_t mode = mode_of(class, bits);

	must(&root, call_chmod("folder", mode));
	check_call(who, answer(bits, READ), call_open("folder", O_RDONLY | O_DIRECTORY, 0),
		   "%s of a folder %04o: list", class->name, mode);
	check_call(who, answer(bits, EXECUTE), call_stat("folder/file"),
		   "%s of a folder %04o: search", class->name, mode);
	check_call(who, answer(bits, WRITE | EXECUTE), call_mkdir("folder/new", 0755),
		   "%s of a folder %04o: make an entry", class->name, mode);
	clear("folder/new");
}

static void check_root(void)
{
	must(&root, call_chmod("file", 0));
	must(&root, call_chmod("folder", 0));
	check_call(&root, 0, call_open("file", O_RDWR, 0), "root may read and write any file");
	check_call(&root, EACCES, call_access("file", X_OK), "root executes no file without x");
	check_call(&root, 0, call_stat("folder/file"), "root may search any folder");
	check_call(&root, 0, call_mkdir("folder/new", 0755), "root may write any folder");
}

/* access(2) asks for the real user, and for what there is. */
static void check_access(void)
{
	must(&root, call_chmod("file", 0640));
	check_call(&bob, 0, call_access("file", F_OK), "it is there for its owner");
	check_call(&cid, 0, call_access("file", F_OK), "it is there for others");
	check_call(&bob, 0, call_access("file", R_OK | W_OK), "the owner may read and write");
	check_call(&ann_with_bob, 0, call_access("file", R_OK), "the group may read");
	check_call(&ann_with_bob, EACCES, call_access("file", R_OK | W_OK),
		   "the group may not write as well");
	check_call(&cid, EACCES, call_access("file", R_OK), "others may not read");
	check_call(&root, EINVAL, call_access("file", BITS), "a bit that access(2) does not know");
}

void topic_access(void)
{
	make(KIND_FILE, "file", 0644, &bob);
	make(KIND_FOLDER, "folder", 0755, &bob);
	make(KIND_FILE, "folder/file", 0644, &bob);
	for (size_t i = 0; i < array_size(classes); i++) {
		for (unsigned bits = 0; bits < BITS; bits++) {
			check_file(&classes[i], bits);
			check_folder(&classes[i], bits);
		}
	}
	check_root();
	check_access();
}
