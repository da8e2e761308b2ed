/*
 * renameat2: RENAME_NOREPLACE and RENAME_EXCHANGE, as rename(2) describes them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "lsm/base/cleanup.h"
#include "tests/mount/posix/posix.h"

enum {
	LARGE = 100000,
};

static struct call noreplace(const char *from, const char *to)
{
	return call_rename2(from, to, RENAME_NOREPLACE);
}

static struct call exchange(const char *from, const char *to)
{
	return call_rename2(from, to, RENAME_EXCHANGE);
}

static void check_noreplace(enum kind from, enum kind to)
{
	make(from, "from", 0640, &ann);
	make(to, "to", 0604, &bob);
	check_call(&root, EEXIST, noreplace("from", "to"), "NOREPLACE: a %s over a %s",
		   kind_names[from], kind_names[to]);
	check_kind("from", from, "NOREPLACE: the %s stays", kind_names[from]);
	check_kind("to", to, "NOREPLACE: and so does the %s", kind_names[to]);
	clear("from");
	clear("to");
}

static void check_noreplace_new(enum kind kind)
{
	make(kind, "from", 0640, &ann);
	check_call(&root, 0, noreplace("from", "to"), "NOREPLACE: a %s to a new name",
		   kind_names[kind]);
	check_kind("to", kind, "NOREPLACE: the %s is there", kind_names[kind]);
	check_absent("from", "NOREPLACE: and not where it was");
	check_call(&root, EEXIST, noreplace("to", "to"), "NOREPLACE: a %s to its own name",
		   kind_names[kind]);
	clear("from");
	clear("to");
}

static void check_exchange(enum kind one, enum kind two)
{
	make(one, "one", 0640, &ann);
	make(KIND_FOLDER, "folder", 0755, &root);
	make(two, "folder/two", 0604, &bob);

	struct watch here = watch("."), there = watch("folder");

	tick();
	check_call(&root, 0, exchange("one", "folder/two"), "EXCHANGE: a %s and a %s",
		   kind_names[one], kind_names[two]);
	check_kind("one", two, "EXCHANGE: here is a %s now", kind_names[two]);
	check_kind("folder/two", one, "EXCHANGE: there is a %s now", kind_names[one]);
	check_owner("one", bob.uid, bob.gid, "EXCHANGE: with its owner");
	check_owner("folder/two", ann.uid, ann.gid, "EXCHANGE: each with its owner");
	check_times(&here, BOTH_MOVE, "EXCHANGE: the times of the one folder move");
	check_times(&there, BOTH_MOVE, "EXCHANGE: and of the other");
	if (one == KIND_FILE && two == KIND_FILE) {
		check_text("one", "folder/two", "EXCHANGE: the content has come");
		check_text("folder/two", "one", "EXCHANGE: the content has gone");
	}
	clear("folder");
	clear("one");
}

/* Folders with contents, and a large file. */
static void check_exchange_contents(void)
{
	make(KIND_FOLDER, "one", 0755, &root);
	make(KIND_FOLDER, "one/sub", 0755, &root);
	make(KIND_FILE, "one/sub/first", 0644, &root);
	make(KIND_FOLDER, "two", 0755, &root);
	make(KIND_FILE, "two/second", 0644, &root);
	make_pattern("large", LARGE);
	check_call(&root, 0, exchange("one", "two"), "EXCHANGE: two folders with contents");
	check_text("two/sub/first", "one/sub/first", "EXCHANGE: the one's is in the other");
	check_text("one/second", "two/second", "EXCHANGE: and the other way round");
	check_absent("one/sub", "EXCHANGE: nothing is in both");
	check_absent("two/second", "EXCHANGE: either way");
	check_call(&root, 0, exchange("large", "two"), "EXCHANGE: a large file and a folder");
	check_pattern("two", LARGE, LARGE, "EXCHANGE: the file has its content");
	check_text("large/sub/first", "one/sub/first", "EXCHANGE: and the folder");
	check_call(&root, 0, exchange("two", "large"), "EXCHANGE: and back");
	check_pattern("large", LARGE, LARGE, "EXCHANGE: the file has its content");
	check_text("two/sub/first", "one/sub/first", "EXCHANGE: and the folder");
	clear("one");
	clear("two");
	clear("large");
}

static void check_exchange_open(void)
{
	make(KIND_FILE, "one", 0644, &root);
	make(KIND_FILE, "two", 0644, &root);

	cleanup_fd int fd = open_here("one", O_RDWR);

	must(&root, exchange("one", "two"));
	check_number(3, pwrite(fd, "ONE", 3, 0), "EXCHANGE: an open file goes along");
	check_text("two", "ONE", "EXCHANGE: to its new name");
	check_text("one", "two", "EXCHANGE: the other is where it was");
	clear("one");
	clear("two");
}

static void check_exchange_errors(void)
{
	make(KIND_FILE, "file", 0644, &root);
	make(KIND_FOLDER, "top", 0755, &root);
	make(KIND_FOLDER, "top/low", 0755, &root);
	check_call(&root, ENOENT, exchange("file", "absent"), "EXCHANGE: with what is absent");
	check_call(&root, ENOENT, exchange("absent", "file"), "EXCHANGE: of what is absent");
	check_call(&root, EINVAL, exchange("top", "top/low"), "EXCHANGE: with an own entry");
	check_call(&root, EINVAL, exchange("top/low", "top"), "EXCHANGE: with the folder above");
	check_call(&root, 0, exchange("file", "file"), "EXCHANGE: with itself");
	check_call(&root, EINVAL, call_rename2("file", "top", RENAME_EXCHANGE | RENAME_NOREPLACE),
		   "both flags at once");
	check_call(&root, EINVAL, call_rename2("file", "new", 1U << 20), "a flag without meaning");
	check_text("file", "file", "what failed has left the file as it was");
	check_kind("top/low", KIND_FOLDER, "and the folders");
	check_absent("new", "and made nothing");
	clear("file");
	clear("top");
}

/* Both names are taken away: both folders must allow it. */
static void check_exchange_rights(void)
{
	make(KIND_FILE, "mine", 0644, &ann);
	make(KIND_FOLDER, "theirs", 0755, &root);
	make(KIND_FILE, "theirs/file", 0644, &ann);
	make(KIND_FOLDER, "sticky", 01777, &root);
	make(KIND_FILE, "sticky/bobs", 0666, &bob);
	make(KIND_FILE, "sticky/anns", 0666, &ann);
	check_call(&ann, EACCES, exchange("mine", "theirs/file"),
		   "EXCHANGE: into another's folder");
	check_call(&ann, EACCES, exchange("theirs/file", "mine"), "EXCHANGE: out of it");
	check_call(&ann, either(EPERM, EACCES), exchange("mine", "sticky/bobs"),
		   "EXCHANGE: with another's in a sticky folder");
	check_call(&ann, either(EPERM, EACCES), exchange("sticky/bobs", "mine"),
		   "EXCHANGE: and the other way round");
	check_text("mine", "mine", "EXCHANGE: what failed changed nothing");
	check_text("sticky/bobs", "sticky/bobs", "EXCHANGE: on either side");
	check_call(&ann, 0, exchange("mine", "sticky/anns"), "EXCHANGE: with one's own there");
	check_text("mine", "sticky/anns", "EXCHANGE: is done");
	clear("mine");
	clear("theirs");
	clear("sticky");
}

void topic_rename_flags(void)
{
	for (unsigned one = 0; one < KIND_COUNT; one++) {
		check_noreplace_new((enum kind)one);
		for (unsigned two = 0; two < KIND_COUNT; two++) {
			check_noreplace((enum kind)one, (enum kind)two);
			check_exchange((enum kind)one, (enum kind)two);
		}
	}
	check_exchange_contents();
	check_exchange_open();
	check_exchange_errors();
	check_exchange_rights();
}
