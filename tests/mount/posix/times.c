/*
 * The times of the folder in which an operation makes or removes an entry: they move when it
 * succeeds, and only then. What is new has new times.
 */
#include <errno.h>
#include <stdio.h>

#include "tests/mount/posix/posix.h"

enum {
	OPS_MAX = 64,
	PATH_TEXT = 32,
};

/* One operation with a folder of its own, so that one wait serves all. */
struct trial {
	char folder[PATH_TEXT];
	char path[PATH_TEXT];
	struct watch before;
};

static struct trial trials[OPS_MAX];

static void trials_begin(mode_t folder_mode)
{
	for (size_t i = 0; i < op_count; i++) {
		struct trial *t = &trials[i];

		snprintf(t->folder, sizeof(t->folder), "%zu", i);
		snprintf(t->path, sizeof(t->path), "%zu/x", i);
		make(KIND_FOLDER, t->folder, 0755, &root);
		op_prepare(&ops[i], t->path, &root);
		must(&root, call_chmod(t->folder, folder_mode));
	}
	make(KIND_FILE, "stamp", 0644, &root);
	for (size_t i = 0; i < op_count; i++)
		trials[i].before = watch(trials[i].folder);
	tick();
}

static void trials_end(void)
{
	for (size_t i = 0; i < op_count; i++)
		clear(trials[i].folder);
	clear("stamp");
	clear("source");
	clear("other");
}

static void check_success(const struct op *op, const struct trial *t, const struct watch *stamp)
{
	int expected = op_success(op, &root);

	clear("other");
	clear("source");
	make(KIND_FILE, "source", 0644, &root);
	check_call(&root, expected, op->at(t->path), "%s in a folder", op->name);
	check_times(&t->before, op->in_folder && !expected ? BOTH_MOVE : NOTHING_MOVES,
		    "%s: %s of the folder", op->name,
		    op->in_folder && !expected ? "mtime and ctime move, those" : "no time moves");
	if (op->need == NEEDS_NOTHING && !expected && look("source").st_mode)
		check_young(t->path, stamp, "%s: all times are new", op->name);
}

static void check_failure(const struct op *op, const struct trial *t)
{
	if (!op->in_folder)
		return;
	check_call(&ann, EACCES, op->at(t->path), "%s in a folder of others", op->name);
	check_times(&t->before, NOTHING_MOVES, "%s that failed: no time of the folder moves",
		    op->name);
}

void topic_times(void)
{
	trials_begin(0755);

	struct watch stamp = watch("stamp");

	for (size_t i = 0; i < op_count; i++)
		check_success(&ops[i], &trials[i], &stamp);
	trials_end();
	trials_begin(0755);
	clear("source");
	make(KIND_FILE, "source", 0644, &ann);
	for (size_t i = 0; i < op_count; i++)
		check_failure(&ops[i], &trials[i]);
	trials_end();
}
