/*
 * symlink and readlink.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/mount/posix/posix.h"

enum {
	CHAIN_LONG = 8,      /* _POSIX_SYMLOOP_MAX: must work */
	CHAIN_TOO_LONG = 50, /* Linux follows 40 */
};

static void check_length(size_t len)
{
	char target[PATH_MAX + 1];

	for (size_t i = 0; i < len; i++)
		target[i] = (char)('a' + i % 26);
	target[len] = '\0';
	check_call(&ann, 0, call_symlink(target, "link"), "a target of %zu bytes", len);
	check_target("link", target, "is as it was given");
	check_size("link", (off_t)len, "the size is its length");
	clear("link");
}

static void check_lengths(void)
{
	static const size_t lengths[] = {1,   2,   59,  60,   61,   127,  128,  255,
					 256, 511, 999, 1023, 1024, 2048, 4000, PATH_MAX - 1};
	char target[PATH_MAX + 2];

	for (size_t i = 0; i < array_size(lengths); i++)
		check_length(lengths[i]);
	long_path(PATH_MAX, "x", target);
	check_call(&root, ENAMETOOLONG, call_symlink(target, "link"), "a target of PATH_MAX bytes");
	check_call(&root, ENOENT, call_symlink("", "link"), "an empty target");
	check_absent("link", "neither is made");
}

static void check_targets(void)
{
	static const char *const targets[] = {
		".",    "..",       "/",    "//",      "/absent/", "a//b", "a/./b/../c",
		" ",    "a b",      "\n",   "%",       "%2F",      "\\",   "\x01\x7f",
		"\xff", "\xc3\xa4", "link", "*?[a-z]", "~",        "-rf",  "a/",
	};

	for (size_t i = 0; i < array_size(targets); i++) {
		must(&root, call_symlink(targets[i], "link"));
		check_target("link", targets[i], "target %zu is as it was given", i);
		clear("link");
	}
}

static void check_new(void)
{
	make(KIND_FILE, "stamp", 0644, &root);

	struct watch stamp = watch("stamp"), here = watch(".");

	tick();
	umask(077);
	check_call(&ann, 0, call_symlink("stamp", "link"), "a new link");
	umask(0);
	check_kind("link", KIND_LINK, "is a link");
	check_owner("link", ann.uid, ann.gid, "belongs to who made it");
	check_young("link", &stamp, "has new times");
	check_times(&here, BOTH_MOVE, "mtime and ctime of the folder move");
	check_call(&bob, 0, call_readlink("link"), "others may read it");
	check_text("link", "stamp", "and follow it");
	here = watch(".");

	struct watch it = watch("link");

	tick();
	check_call(&ann, EEXIST, call_symlink("other", "link"), "a second time");
	check_target("link", "stamp", "the target stays");
	check_times(&here, NOTHING_MOVES, "no time of the folder moves");
	check_times(&it, NOTHING_MOVES, "nor of the link");
	check_call(&root, EEXIST, call_symlink("other", "stamp"), "over a file");
	check_text("stamp", "stamp", "the file stays");
	make(KIND_FOLDER, "folder", 02777, &bob);
	check_call(&ann, 0, call_symlink("x", "folder/link"), "in a set-group-id folder");
	check_owner("folder/link", ann.uid, bob.gid, "it has the group of that");
	clear("folder");
	clear("link");
	clear("stamp");
}

static void check_following(void)
{
	make(KIND_FOLDER, "folder", 0755, &root);
	make(KIND_FILE, "folder/file", 0644, &root);
	make(KIND_FOLDER, "elsewhere", 0755, &root);
	must(&root, call_symlink("file", "folder/near"));
	must(&root, call_symlink("../folder/file", "elsewhere/far"));
	must(&root, call_symlink("folder", "to_folder"));
	must(&root, call_symlink("to_folder/near", "by_three"));
	check_text("folder/near", "folder/file", "a target is relative to the link's folder");
	check_text("elsewhere/far", "folder/file", "also upwards");
	check_text("to_folder/file", "folder/file", "a link serves as a prefix");
	check_text("by_three", "folder/file", "links lead to links");
	check_kind("to_folder", KIND_LINK, "without a slash it is the link");
	check_kind("to_folder/", KIND_FOLDER, "with one it is the folder");
	check_kind("to_folder/.", KIND_FOLDER, "and so it is by \".\"");
	must(&root, call_rename("folder", "gone"));
	check_call(&root, ENOENT, call_stat("to_folder"), "without its folder it leads nowhere");
	check_call(&root, 0, call_lstat("to_folder"), "but is there");
	check_call(&root, ENOENT, call_open("to_folder", O_RDONLY, 0), "and opens nothing");
	make(KIND_FOLDER, "folder", 0755, &root);
	check_call(&root, 0, call_stat("to_folder"), "with a new folder it leads there");
	clear("gone");
	clear("folder");
	clear("elsewhere");
	clear("to_folder");
	clear("by_three");
}

static void make_chain(unsigned links)
{
	char name[32], target[32];

	make(KIND_FOLDER, "chain", 0755, &root);
	make(KIND_FILE, "chain/0", 0644, &root);
	for (unsigned i = 1; i <= links; i++) {
		snprintf(name, sizeof(name), "chain/%u", i);
		snprintf(target, sizeof(target), "%u", i - 1);
		must(&root, call_symlink(target, name));
	}
}

static void check_chains(void)
{
	char name[32];

	make_chain(CHAIN_TOO_LONG);
	snprintf(name, sizeof(name), "chain/%d", CHAIN_LONG);
	check_text(name, "chain/0", "%d links in a row are followed", CHAIN_LONG);
	snprintf(name, sizeof(name), "chain/%d", CHAIN_TOO_LONG);
	check_call(&root, ELOOP, call_stat(name), "%d are not", CHAIN_TOO_LONG);
	check_call(&root, 0, call_lstat(name), "but the last can be looked at");
	clear("chain");
}

static void check_readlink(void)
{
	char bytes[8] = "........";

	make(KIND_LINK, "link", 0, &root);
	check_number(3, readlink("link", bytes, 3), "readlink fills a small buffer");
	check_number(0, memcmp(bytes, "abs.....", sizeof(bytes)), "and no more than that");
	check_number(6, readlink("link", bytes, sizeof(bytes)), "it answers the length");
	check_number(0, memcmp(bytes, "absent..", sizeof(bytes)), "and adds no NUL byte");
	clear("link");
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		if (kind == KIND_LINK)
			continue;
		make((enum kind)kind, "it", 0644, &root);
		check_call(&root, EINVAL, call_readlink("it"), "readlink of a %s",
			   kind_names[kind]);
		clear("it");
	}
}

void topic_symlink(void)
{
	check_lengths();
	check_targets();
	check_new();
	check_following();
	check_chains();
	check_readlink();
}
