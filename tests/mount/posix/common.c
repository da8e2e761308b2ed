/*
 * The errors that every operation on a path has in common, one row of ops[] after the other.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "tests/mount/posix/posix.h"

enum {
	COMPONENT_MAX = 255, /* NAME_MAX */
};

static char name_max[COMPONENT_MAX + 1];
static char name_long[COMPONENT_MAX + 2];
static char name_long_above[COMPONENT_MAX + 4];
static char path_max[PATH_MAX + 1];
static char path_long[PATH_MAX + 1];

struct wrong {
	const char *path;
	int error;
	const char *what;
};

/* Whatever the operation needs at its path: it does not get there. */
static const struct wrong wrong_paths[] = {
	{"file/x", ENOTDIR, "a file is no folder"},
	{"file/x/y", ENOTDIR, "nor two levels above"},
	{"to_file/x", ENOTDIR, "nor behind a link"},
	{"absent/x", ENOENT, "a prefix that is absent"},
	{"folder/absent/x", ENOENT, "a deeper prefix that is absent"},
	{"to_absent/x", ENOENT, "a prefix that is a dangling link"},
	{"", ENOENT, "an empty path"},
	{"loop/x", ELOOP, "a prefix that is a link to itself"},
	{"ring_a/x", ELOOP, "a prefix in a ring of links"},
	{name_long, ENAMETOOLONG, "a name of 256 bytes"},
	{name_long_above, ENAMETOOLONG, "a prefix of 256 bytes"},
	{path_long, ENAMETOOLONG, "a path of PATH_MAX bytes"},
};

static void make_long_names(void)
{
	memset(name_max, 'n', COMPONENT_MAX);
	memset(name_long, 'n', COMPONENT_MAX + 1);
	snprintf(name_long_above, sizeof(name_long_above), "%s/x", name_long);
	long_path(PATH_MAX - 1, "x", path_max);
	long_path(PATH_MAX, "x", path_long);
}

static void make_surroundings(void)
{
	make(KIND_FILE, "file", 0644, &root);
	make(KIND_FOLDER, "folder", 0755, &root);
	must(&root, call_symlink("file", "to_file"));
	must(&root, call_symlink("absent", "to_absent"));
	must(&root, call_symlink("loop", "loop"));
	must(&root, call_symlink("ring_b", "ring_a"));
	must(&root, call_symlink("ring_a", "ring_b"));
	make(KIND_FILE, "source", 0644, &root);
}

static void check_wrong_paths(const struct op *op)
{
	for (size_t i = 0; i < array_size(wrong_paths); i++) {
		const struct wrong *w = &wrong_paths[i];

		check_call(&root, w->error, op->at(w->path), "%s: %s", op->name, w->what);
	}
	check_call(&root, EFAULT, op->at(bad_address()), "%s: an address without a path", op->name);
	if (op->need != NEEDS_NOTHING)
		check_call(&root, ENOENT, op->at("absent"), "%s: an absent name", op->name);
	if (op->follows) {
		check_call(&root, ELOOP, op->at("loop"), "%s: a link to itself", op->name);
		check_call(&root, ENOENT, op->at("to_absent"), "%s: a dangling link", op->name);
	}
}

static void check_longest(const struct op *op)
{
	op_prepare(op, name_max, &root);
	check_call(&root, op_success(op, &root), op->at(name_max), "%s: a name of 255 bytes",
		   op->name);
	op_clear(op, name_max);
	op_prepare(op, "x", &root);
	check_call(&root, op_success(op, &root), op->at(path_max),
		   "%s: a path of PATH_MAX - 1 bytes", op->name);
	op_clear(op, "x");
}

/* The second path of those that have two. */
static void check_second_address(void)
{
	const char *bad = bad_address();

	make(KIND_FILE, "source", 0644, &root);
	check_call(&root, EFAULT, call_rename("source", bad), "rename: no second path");
	check_call(&root, EFAULT, call_rename(bad, "source"), "rename: no first path");
	check_call(&root, EFAULT, call_link("source", bad), "link: no second path");
	check_call(&root, EFAULT, call_symlink(bad, "other"), "symlink: no target");
	check_absent("other", "symlink: without a target there is no link");
	check_text("source", "source", "what failed has left the file as it was");
	clear("source");
}

/* ---- permissions of the folders on the way ---- */

/* One class of users lacks a permission that the other two have. */
struct lack {
	const char *folder;
	const struct user *owner; /* of the folder */
	const struct user *who;
	mode_t without_search;
	mode_t without_write;
	mode_t alone; /* write and search for that class and nobody else */
	const char *what;
};

static const struct lack lacks[] = {
	{"of_owner", &ann, &ann, 0677, 0577, 0300, "the owner"},
	{"of_group", &bob, &ann_with_bob, 0767, 0757, 0030, "a member of the group"},
	{"of_others", &bob, &cid, 0776, 0775, 0003, "another"},
};

static void check_no_search(const struct op *op, const struct lack *lack)
{
	char path[PATH_MAX], below[PATH_MAX];

	snprintf(path, sizeof(path), "%s/x", lack->folder);
	snprintf(below, sizeof(below), "%s/inner/x", lack->folder);
	must(&root, call_chmod(lack->folder, lack->without_search));
	check_call(lack->who, EACCES, op->at(path), "%s: %s without search permission", op->name,
		   lack->what);
	check_call(lack->who, EACCES, op->at(below), "%s: %s without it further up", op->name,
		   lack->what);
}

static void check_write(const struct op *op, const struct lack *lack)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/x", lack->folder);
	must(&root, call_chmod(lack->folder, 0777));
	op_prepare(op, path, lack->who);
	must(&root, call_chmod(lack->folder, lack->without_write));
	check_call(lack->who, EACCES, op->at(path), "%s: %s without write permission", op->name,
		   lack->what);
	must(&root, call_chmod(lack->folder, lack->alone));
	check_call(lack->who, op_success(op, lack->who), op->at(path),
		   "%s: %s with write and search permission alone", op->name, lack->what);
	op_clear(op, path);
}

static void check_permissions(const struct op *op, const struct lack *lack)
{
	make(KIND_FILE, "source", 0644, lack->who);
	check_no_search(op, lack);
	if (op->in_folder)
		check_write(op, lack);
	clear("source");
}

static void make_lacking(const struct lack *lack)
{
	char inner[PATH_MAX];

	make(KIND_FOLDER, lack->folder, 0777, lack->owner);
	snprintf(inner, sizeof(inner), "%s/inner", lack->folder);
	make(KIND_FOLDER, inner, 0777, &root);
}

/* ---- names that are taken ---- */

static bool is_creator(const struct op *op)
{
	return op->need == NEEDS_NOTHING && strncmp(op->name, "rename", strlen("rename")) != 0;
}

static void check_taken(enum kind kind)
{
	make(kind, "taken", 0644, &root);
	for (size_t i = 0; i < op_count; i++) {
		const struct op *op = &ops[i];

		if (!is_creator(op))
			continue;
		op_prepare(op, "free", &root);
		check_call(&root, EEXIST, op->at("taken"), "%s: a %s has the name", op->name,
			   kind_names[kind]);
		op_clear(op, "free");
	}
	check_kind("taken", kind, "the %s is still there", kind_names[kind]);
	clear("taken");
}

void topic_common(void)
{
	make_long_names();
	make_surroundings();
	for (size_t i = 0; i < op_count; i++)
		check_wrong_paths(&ops[i]);
	check_text("file", "file", "what failed has left the file as it was");
	clear("source");
	for (size_t i = 0; i < op_count; i++)
		check_longest(&ops[i]);
	check_second_address();
	for (size_t k = 0; k < array_size(lacks); k++) {
		make_lacking(&lacks[k]);
		for (size_t i = 0; i < op_count; i++)
			check_permissions(&ops[i], &lacks[k]);
	}
	for (unsigned kind = 0; kind < KIND_COUNT; kind++)
		check_taken((enum kind)kind);
}
