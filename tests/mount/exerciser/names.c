#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/mount/exerciser/operations.h"

#define LONG_PART "a-name-that-goes-on-and-on-and-does-not-end-where-names-end."

/* Some sort before, some behind the separator; no two are one name in another case or escape. */
static const char *const names[] = {
	"a", "b", "c", "a.b", "a!", "a b", "~", "%25", "z\xc3\xbc", LONG_PART LONG_PART,
};

void names_draw(struct exercise *x, char ret_path[MODEL_PATH_MAX])
{
	const struct model_node *folder;

	do
		folder = x->model.nodes[rng_below(&x->rng, x->model.count)];
	while (folder->kind != MODEL_FOLDER || model_depth(folder->path) >= MODEL_DEPTH_MAX);
	model_path(folder->path, names[rng_below(&x->rng, array_size(names))], ret_path);
}

struct model_node *names_draw_file(struct exercise *x)
{
	size_t start = rng_below(&x->rng, x->model.count);

	for (size_t i = 0; i < x->model.count; i++) {
		struct model_node *node = x->model.nodes[(start + i) % x->model.count];

		if (node->kind == MODEL_FILE)
			return node;
	}
	return NULL;
}

/* Half of the time one that is there; never the root. */
static void draw_mostly_there(struct exercise *x, char ret_path[MODEL_PATH_MAX])
{
	const struct model_node *node = x->model.nodes[rng_below(&x->rng, x->model.count)];

	if (exercise_one_in(x, 2) || !*node->path)
		names_draw(x, ret_path);
	else
		snprintf(ret_path, MODEL_PATH_MAX, "%s", node->path);
}

/* A folder that is there, if one is easily found; never the root. */
static void draw_folder(struct exercise *x, char ret_path[MODEL_PATH_MAX])
{
	draw_mostly_there(x, ret_path);
	for (size_t i = 1 + rng_below(&x->rng, x->model.count); i < x->model.count; i++) {
		if (x->model.nodes[i]->kind == MODEL_FOLDER) {
			memcpy(ret_path, x->model.nodes[i]->path, MODEL_PATH_MAX);
			return;
		}
	}
}

/* ---- files ---- */

static int create_answer(const struct model_node *node, int flags)
{
	if (!node)
		return 0;
	if (flags & O_EXCL)
		return -EEXIST;
	if (node->kind == MODEL_LINK)
		return -ELOOP;
	return node->kind == MODEL_FOLDER ? -EISDIR : 0;
}

bool op_create(struct exercise *x)
{
	static const int ways[] = {O_RDWR, O_RDWR, O_WRONLY, O_RDWR | O_APPEND, O_RDONLY};
	char path[MODEL_PATH_MAX], whole[MODEL_PATH_MAX * 2];
	int flags = O_CREAT | O_NOFOLLOW | O_CLOEXEC | ways[rng_below(&x->rng, array_size(ways))];

	names_draw(x, path);
	struct model_node *node = model_find(&x->model, path);

	flags |= exercise_one_in(x, 3) ? O_EXCL : 0;
	flags |= (flags & O_ACCMODE) != O_RDONLY && exercise_one_in(x, 3) ? O_TRUNC : 0;
	if (!node && model_is_full(&x->model))
		return true;
	exercise_doing(x, "create %s, flags %o", path, flags);
	int fd = open(exercise_path(x, path, whole), flags, 0644);

	if (!exercise_answers(x, exercise_answer(fd), create_answer(node, flags)))
		return false;
	if (fd < 0)
		return true;
	if (!node)
		node = model_add(&x->model, path, MODEL_FILE, 0644);
	if (flags & O_TRUNC)
		model_resize(node, 0);
	return files_keep(x, fd, flags, node);
}

static int rename_answer(const struct exercise *x, const char *from_path, const char *to_path,
			 unsigned flags)
{
	const struct model_node *from = model_find(&x->model, from_path);
	const struct model_node *to = model_find(&x->model, to_path);

	if (!from)
		return -ENOENT;
	if (to && flags == RENAME_NOREPLACE)
		return -EEXIST;
	if (!to && flags == RENAME_EXCHANGE)
		return -ENOENT;
	if (model_is_below(to_path, from_path))
		return -EINVAL;
	if (model_is_below(from_path, to_path))
		return flags == RENAME_EXCHANGE ? -EINVAL : -ENOTEMPTY;
	if (!to || from == to || flags == RENAME_EXCHANGE)
		return 0;
	if (from->kind != MODEL_FOLDER)
		return to->kind == MODEL_FOLDER ? -EISDIR : 0;
	if (to->kind != MODEL_FOLDER)
		return -ENOTDIR;
	return model_children(&x->model, to_path) ? -ENOTEMPTY : 0;
}

/* In the folder and in the model. */
static bool rename_both(struct exercise *x, const char *from_path, const char *to_path,
			unsigned flags)
{
	char from_whole[MODEL_PATH_MAX * 2], to_whole[MODEL_PATH_MAX * 2];
	struct model_node *from = model_find(&x->model, from_path);
	int want = rename_answer(x, from_path, to_path, flags);
	int answer =
		exercise_answer(renameat2(AT_FDCWD, exercise_path(x, from_path, from_whole),
					  AT_FDCWD, exercise_path(x, to_path, to_whole), flags));

	if (!exercise_answers(x, answer, want))
		return false;
	if (answer != 0)
		return true;
	x->folder_renames += from->kind == MODEL_FOLDER;
	if (flags == RENAME_EXCHANGE)
		model_exchange(&x->model, from, model_find(&x->model, to_path));
	else
		model_rename(&x->model, from, to_path);
	return true;
}

bool op_rename(struct exercise *x)
{
	char from_path[MODEL_PATH_MAX], to_path[MODEL_PATH_MAX];
	static const unsigned ways[] = {0, 0, 0, 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE};
	unsigned flags = ways[rng_below(&x->rng, array_size(ways))];

	if (exercise_one_in(x, 3))
		draw_folder(x, from_path);
	else
		draw_mostly_there(x, from_path);
	draw_mostly_there(x, to_path);
	const struct model_node *from = model_find(&x->model, from_path);

	const struct model_node *to = model_find(&x->model, to_path);

	if (from && !model_can_move(&x->model, from, to_path))
		return true;
	if (to && flags == RENAME_EXCHANGE && !model_can_move(&x->model, to, from_path))
		return true;
	exercise_doing(x, "rename %s to %s, flags %u", from_path, to_path, flags);
	return rename_both(x, from_path, to_path, flags);
}

bool op_save(struct exercise *x)
{
	static const char *const saved = "saved"; /* stays there when it cannot take the place */
	char path[MODEL_PATH_MAX], whole[MODEL_PATH_MAX * 2];
	int flags = O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC;
	bool synced = exercise_one_in(x, 3);
	struct model_node *node = model_find(&x->model, saved);

	draw_mostly_there(x, path);
	if (node ? node->kind != MODEL_FILE : model_is_full(&x->model))
		return true;
	exercise_doing(x, "create %s", saved);
	int fd = open(exercise_path(x, saved, whole), flags, 0644);

	if (!exercise_answers(x, exercise_answer(fd), 0))
		return false;
	if (!node)
		node = model_add(&x->model, saved, MODEL_FILE, 0644);
	model_resize(node, 0);
	struct exercise_handle handle = {.fd = fd, .node = node, .writes = true};

	model_use(node);
	bool good = files_write(x, &handle, exercise_length(x));

	if (exercise_one_in(x, 4))
		good = good && files_write(x, &handle, exercise_length(x));
	if (synced)
		good = good && exercise_answers(x, exercise_answer(fsync(fd)), 0);
	good = files_close(x, &handle) && good;
	exercise_doing(x, "rename %s to %s", saved, path);
	return good && rename_both(x, saved, path, 0);
}

bool op_unlink(struct exercise *x)
{
	char path[MODEL_PATH_MAX], whole[MODEL_PATH_MAX * 2];

	draw_mostly_there(x, path);
	struct model_node *node = model_find(&x->model, path);
	int want = !node ? -ENOENT : node->kind == MODEL_FOLDER ? -EISDIR : 0;

	exercise_doing(x, "unlink %s", path);
	if (!exercise_answers(x, exercise_answer(unlink(exercise_path(x, path, whole))), want))
		return false;
	if (want == 0)
		model_remove(&x->model, node);
	return true;
}

/* ---- folders and links ---- */

bool op_mkdir(struct exercise *x)
{
	char path[MODEL_PATH_MAX], whole[MODEL_PATH_MAX * 2];

	names_draw(x, path);
	int want = model_find(&x->model, path) ? -EEXIST : 0;

	if (model_is_full(&x->model))
		return true;
	exercise_doing(x, "mkdir %s", path);
	if (!exercise_answers(x, exercise_answer(mkdir(exercise_path(x, path, whole), 0755)), want))
		return false;
	if (want == 0)
		model_add(&x->model, path, MODEL_FOLDER, 0755);
	return true;
}

bool op_rmdir(struct exercise *x)
{
	char path[MODEL_PATH_MAX], whole[MODEL_PATH_MAX * 2];

	draw_mostly_there(x, path);
	struct model_node *node = model_find(&x->model, path);
	int want = 0;

	if (!node)
		want = -ENOENT;
	else if (node->kind != MODEL_FOLDER)
		want = -ENOTDIR;
	else if (model_children(&x->model, path) > 0)
		want = -ENOTEMPTY;
	exercise_doing(x, "rmdir %s", path);
	if (!exercise_answers(x, exercise_answer(rmdir(exercise_path(x, path, whole))), want))
		return false;
	if (want == 0)
		model_remove(&x->model, node);
	return true;
}

bool op_symlink(struct exercise *x)
{
	char path[MODEL_PATH_MAX], whole[MODEL_PATH_MAX * 2], target[MODEL_TARGET_MAX];
	size_t len = 1 + rng_below(&x->rng, MODEL_TARGET_MAX - 1);

	names_draw(x, path);
	int want = model_find(&x->model, path) ? -EEXIST : 0;

	if (model_is_full(&x->model))
		return true;
	for (size_t i = 0; i < len; i++)
		target[i] = (char)('.' + rng_below(&x->rng, 60));
	target[len] = '\0';
	exercise_doing(x, "symlink %s, %zu bytes", path, len);
	int answer = exercise_answer(symlink(target, exercise_path(x, path, whole)));

	if (!exercise_answers(x, answer, want))
		return false;
	if (want == 0)
		memcpy(model_add(&x->model, path, MODEL_LINK, 0777)->target, target, len + 1);
	return true;
}

bool op_chmod(struct exercise *x)
{
	char whole[MODEL_PATH_MAX * 2];
	struct model_node *node = x->model.nodes[rng_below(&x->rng, x->model.count)];
	mode_t mode = (mode_t)(0700 + rng_below(&x->rng, 0100));

	if (node->kind == MODEL_LINK || !*node->path)
		return true;
	exercise_doing(x, "chmod %o %s", mode, node->path);
	node->mode = mode;
	return exercise_answers(
		x, exercise_answer(chmod(exercise_path(x, node->path, whole), mode)), 0);
}

/* ---- reading ---- */

bool op_lstat(struct exercise *x)
{
	char path[MODEL_PATH_MAX], whole[MODEL_PATH_MAX * 2];
	struct stat st;

	draw_mostly_there(x, path);
	const struct model_node *node = model_find(&x->model, path);

	exercise_doing(x, "lstat %s", path);
	if (node)
		return compare_node(x, node);
	return exercise_answers(x, exercise_answer(lstat(exercise_path(x, path, whole), &st)),
				-ENOENT);
}

bool op_list(struct exercise *x)
{
	const struct model_node *node = x->model.nodes[rng_below(&x->rng, x->model.count)];

	if (node->kind != MODEL_FOLDER)
		return true;
	exercise_doing(x, "list %s", node->path);
	return compare_folder(x, node);
}
