/*
 * rename of folders with all that is in them.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "tests/mount/posix/posix.h"

enum {
	LARGE = 100000,
	DEPTH = 40,
	MANY = 300,
};

struct member {
	const char *path;
	enum kind kind;
	mode_t mode;
};

static const struct member members[] = {
	{"empty", KIND_FOLDER, 0700},       {"a", KIND_FOLDER, 0755},
	{"a/b", KIND_FOLDER, 0711},         {"a/b/c", KIND_FOLDER, 01777},
	{"a/b/c/empty", KIND_FOLDER, 0750}, {"file", KIND_FILE, 0644},
	{"a/file", KIND_FILE, 0600},        {"a/b/file", KIND_FILE, 0444},
	{"a/b/c/file", KIND_FILE, 0755},    {"a/link", KIND_LINK, 0777},
	{"a/b/fifo", KIND_FIFO, 0640},      {"a/b/c/socket", KIND_SOCKET, 0604},
};

static void path_in(const char *folder, const char *member, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%s", folder, member);
}

static void make_tree(const char *folder)
{
	char path[PATH_MAX];

	make(KIND_FOLDER, folder, 0755, &ann);
	for (size_t i = 0; i < array_size(members); i++) {
		path_in(folder, members[i].path, path);
		make(members[i].kind, path, members[i].mode, i % 2 ? &ann : &bob);
	}
	path_in(folder, "a/large", path);
	make_pattern(path, LARGE);
}

/* `made` is the name under which it was made: files contain it. */
static void check_tree(const char *folder, const char *made)
{
	char path[PATH_MAX], first[PATH_MAX];

	for (size_t i = 0; i < array_size(members); i++) {
		const struct member *m = &members[i];
		const struct user *owner = i % 2 ? &ann : &bob;

		path_in(folder, m->path, path);
		path_in(made, m->path, first);
		check_kind(path, m->kind, "%s is a %s", path, kind_names[m->kind]);
		check_owner(path, owner->uid, owner->gid, "%s has its owner", path);
		if (m->kind != KIND_LINK)
			check_mode(path, m->mode, "%s has its mode", path);
		if (m->kind == KIND_FILE)
			check_text(path, first, "%s has its content", path);
	}
	path_in(folder, "a/large", path);
	check_pattern(path, LARGE, LARGE, "%s has its content", path);
}

static void check_tree_moves(void)
{
	make_tree("tree");
	make(KIND_FOLDER, "other", 0755, &root);
	make(KIND_FOLDER, "other/empty", 0755, &bob);

	struct watch here = watch("."), there = watch("other"), below = watch("tree/a");

	tick();
	check_call(&root, 0, call_rename("tree", "wood"), "a folder with a tree to a new name");
	check_absent("tree", "the old name is gone");
	check_absent("tree/a/file", "and all below it");
	check_tree("wood", "tree");
	check_times(&here, BOTH_MOVE, "mtime and ctime of the folder above move");
	here = watch(".");
	tick();
	check_call(&root, 0, call_rename("wood", "other/empty"), "over an empty folder elsewhere");
	check_absent("wood/a/b/file", "it has left");
	check_tree("other/empty", "tree");
	check_owner("other/empty", ann.uid, ann.gid, "its owner has come along");
	check_times(&here, BOTH_MOVE, "the times of the one folder move");
	check_times(&there, BOTH_MOVE, "and of the other");
	below.path = "other/empty/a";
	check_times(&below, NOTHING_MOVES, "and of none below");
	check_call(&root, 0, call_rename("other", "forest"), "the folder above it");
	check_tree("forest/empty", "tree");
	must(&root, call_mkdir("tree", 0700));
	check_absent("tree/a", "a new folder of the old name is empty");
	check_call(&root, 0, call_rmdir("tree"), "and can be removed");
	clear("forest");
}

static void check_not_empty(enum kind kind)
{
	make(KIND_FOLDER, "from", 0755, &root);
	make(KIND_FILE, "from/mine", 0644, &root);
	make(KIND_FOLDER, "to", 0755, &root);
	make(kind, "to/theirs", 0644, &root);
	check_call(&root, either(ENOTEMPTY, EEXIST), call_rename("from", "to"),
		   "over a folder with a %s", kind_names[kind]);
	check_kind("to/theirs", kind, "which is still there");
	check_text("from/mine", "from/mine", "and so is the other folder's");
	clear("from");
	clear("to");
}

static void check_own_subtree(void)
{
	make(KIND_FOLDER, "top", 0755, &root);
	make(KIND_FOLDER, "top/middle", 0755, &root);
	make(KIND_FOLDER, "top/middle/low", 0755, &root);
	check_call(&root, EINVAL, call_rename("top", "top/new"), "into itself");
	check_call(&root, EINVAL, call_rename("top", "top/middle/new"), "below itself");
	check_call(&root, EINVAL, call_rename("top", "top/middle/low/new"), "far below itself");
	check_call(&root, EINVAL, call_rename("top", "top/middle"), "over its own entry");
	check_call(&root, EINVAL, call_rename("top", "top/middle/low"), "over one further down");
	check_call(&root, either(ENOTEMPTY, EEXIST), call_rename("top/middle/low", "top"),
		   "over a folder far above");
	check_call(&root, either(ENOTEMPTY, EEXIST), call_rename("top/middle", "top"),
		   "over the folder above");
	check_kind("top/middle/low", KIND_FOLDER, "all are where they were");
	must(&root, call_mkdir("top2", 0755));
	check_call(&root, 0, call_rename("top", "top2/x"), "a name that only begins alike is free");
	check_kind("top2/x/middle/low", KIND_FOLDER, "they are there");
	clear("top2");
}

static void check_slashes(void)
{
	make(KIND_FOLDER, "one", 0755, &root);
	check_call(&root, 0, call_rename("one/", "two"), "from a name with a slash");
	check_call(&root, 0, call_rename("two", "three/"), "to a name with a slash");
	check_call(&root, 0, call_rename("three/", "four/"), "both");
	check_kind("four", KIND_FOLDER, "it is there");
	clear("four");
}

/* What holds a folder open, or stands in it, goes along. */
static void check_open(void)
{
	make_tree("tree");
	make(KIND_FOLDER, "other", 0755, &root);
	make(KIND_FILE, "other/marker", 0644, &root);

	cleanup_fd int folder = open_here("tree/a", O_RDONLY | O_DIRECTORY);
	cleanup_fd int file = open_here("tree/a/b/c/file", O_RDWR);
	cleanup_fd int back = open_here(".", O_RDONLY | O_DIRECTORY);
	struct stat st;

	must(&root, call_rename("tree", "other/wood"));
	check_number(0, fstatat(folder, "b/file", &st, 0), "an open folder leads to its entries");
	check_number(0, fstatat(folder, "../file", &st, 0), "and to its neighbours");
	check_number(0, fstatat(folder, "../../marker", &st, 0), "and to the new folder above");
	check_number(4, pwrite(file, "TREE", 4, 0), "an open file can be written");
	check_text("other/wood/a/b/c/file", "TREE/a/b/c/file", "and read by the new name");
	check_number(0, mkdirat(folder, "new", 0755), "an open folder takes entries");
	check_kind("other/wood/a/new", KIND_FOLDER, "that are seen by the new name");
	if (fchdir(folder) == 0) {
		check_call(&root, 0, call_stat("b/c/file"), "who stands in it finds its entries");
		check_call(&root, 0, call_rename("../../wood", "../../trees"),
			   "and may rename it from there");
		check_call(&root, 0, call_stat("b/c/file"), "and still does");
		check_call(&root, 0, call_stat("../../trees"), "and finds the new name");
		check_number(0, fchdir(back), "then goes back");
	}
	clear("other");
}

/* ".." is an entry of a folder: who moves it elsewhere changes the folder. */
static void check_write_permission(void)
{
	make(KIND_FOLDER, "one", 0777, &root);
	make(KIND_FOLDER, "two", 0777, &root);
	make(KIND_FOLDER, "one/it", 0555, &ann);
	check_call(&ann, EACCES, call_rename("one/it", "two/it"),
		   "to another folder, without write permission for the moved one");
	check_kind("one/it", KIND_FOLDER, "it stays");
	check_call(&ann, 0, call_rename("one/it", "one/that"), "within one folder she may");
	must(&root, call_chmod("one/that", 0755));
	check_call(&ann, 0, call_rename("one/that", "two/it"), "with it she may");
	check_kind("two/it", KIND_FOLDER, "and has");
	clear("one");
	clear("two");
}

static void deepen(const char *top, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s", top);
	for (unsigned i = 0; i < DEPTH; i++) {
		size_t len = strlen(path);

		snprintf(path + len, PATH_MAX - len, "/level %u", i);
	}
}

static void check_deep(void)
{
	char path[PATH_MAX], moved[PATH_MAX];

	deepen("deep", path);
	deepen("moved", moved);
	for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		must(&root, call_mkdir(path, 0755));
		*slash = '/';
	}
	make(KIND_FILE, path, 0644, &root);
	check_call(&root, 0, call_rename("deep", "moved"), "%d levels", DEPTH);
	check_text(moved, path, "what is at the bottom is there");
	check_absent(path, "and no more where it was");
	clear("moved");
}

static void check_wide(void)
{
	char path[PATH_MAX];
	unsigned found = 0;

	make(KIND_FOLDER, "wide", 0755, &root);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(path, sizeof(path), "wide/%u", i);
		make(KIND_FILE, path, 0644, &root);
	}
	check_call(&root, 0, call_rename("wide", "moved"), "%d entries", MANY);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(path, sizeof(path), "moved/%u", i);
		found += look(path).st_size > 0;
	}
	check_number(MANY, found, "all are there");
	check_absent("wide/0", "none is where it was");
	clear("moved");
	clear("wide");
}

void topic_rename_folder(void)
{
	check_tree_moves();
	for (unsigned kind = 0; kind < KIND_COUNT; kind++)
		check_not_empty((enum kind)kind);
	check_own_subtree();
	check_slashes();
	check_open();
	check_write_permission();
	check_deep();
	check_wide();
}
