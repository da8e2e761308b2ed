#include "tests/mount/exerciser/exercise.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "tests/mount/exerciser/operations.h"
#include "tests/support/tap.h"

enum {
	SMALL_MAX = 20 << 10,
	MIDDLE_MAX = 300 << 10,
	LARGE_MAX = 3 << 20,
	/* No large ones are made beyond this: a comparison reads all there is. */
	ALL_BYTES_MAX = 24 << 20,
};

static const struct {
	bool (*run)(struct exercise *x);
	unsigned weight;
} operations[] = {
	{op_create, 8},   {op_save, 3},     {op_mkdir, 3},     {op_rmdir, 2},     {op_unlink, 5},
	{op_symlink, 1},  {op_rename, 8},   {op_chmod, 2},     {op_lstat, 3},     {op_list, 2},
	{op_open, 4},     {op_close, 4},    {op_overwrite, 4}, {op_append, 3},    {op_write, 14},
	{op_read, 14},    {op_truncate, 7}, {op_copy, 4},      {op_sync, 2},      {op_fstat, 3},
	{op_allocate, 5}, {op_seek, 3},     {op_map, 2},       {op_map_write, 4}, {op_map_read, 3},
	{op_unmap, 1},
};

void exercise_begin(struct exercise *x, const char *root, uint64_t seed)
{
	*x = (struct exercise){.root = root, .seed = seed, .bytes = malloc(MODEL_FILE_MAX)};
	assert(x->bytes);
	rng_seed(&x->rng, seed);
	model_begin(&x->model);
}

void exercise_end(struct exercise *x)
{
	for (int i = 0; i < EXERCISE_MAPPINGS; i++)
		ignore_result(mappings_close(x, &x->mappings[i], false)); /* it is over */
	for (int i = 0; i < EXERCISE_HANDLES; i++)
		ignore_result(files_close(x, &x->handles[i])); /* the same */
	model_end(&x->model);
	free(x->bytes);
}

/* ---- what goes wrong ---- */

bool exercise_trouble(struct exercise *x, const char *fmt, ...)
{
	va_list args;

	if (*x->trouble)
		return false; /* the first one counts */
	va_start(args, fmt);
	vsnprintf(x->trouble, sizeof(x->trouble), fmt, args);
	va_end(args);
	return false;
}

void exercise_doing(struct exercise *x, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(x->doing, sizeof(x->doing), fmt, args);
	va_end(args);
	if (x->trail)
		tap_note("seed %" PRIu64 " operation %" PRIu64 ": %s", x->seed, x->operation,
			 x->doing);
}

void exercise_note(const struct exercise *x)
{
	tap_note("seed %" PRIu64 " operation %" PRIu64 ": %s: %s", x->seed, x->operation, x->doing,
		 x->trouble);
}

int exercise_answer(int64_t result)
{
	return result < 0 ? -errno : 0;
}

bool exercise_answers(struct exercise *x, int answer, int want)
{
	if (answer == want)
		return true;
	return exercise_trouble(x, "the answer is %s, not %s",
				answer ? strerrorname_np(-answer) : "0",
				want ? strerrorname_np(-want) : "0");
}

bool exercise_same(struct exercise *x, const struct model_node *node, size_t offset,
		   const uint8_t *bytes, size_t len)
{
	if (len == 0 || memcmp(node->bytes + offset, bytes, len) == 0)
		return true;
	size_t first = 0, differ = 0;

	while (node->bytes[offset + first] == bytes[first])
		first++;
	for (size_t i = first; i < len; i++)
		differ += node->bytes[offset + i] != bytes[i];
	return exercise_trouble(x, "%s: %zu of %zu bytes from %zu on differ, the first one at %zu",
				node->path, differ, len, offset, offset + first);
}

static mode_t type_of(enum model_kind kind)
{
	switch (kind) {
	case MODEL_FOLDER:
		return S_IFDIR;
	case MODEL_FILE:
		return S_IFREG;
	default:
		return S_IFLNK;
	}
}

bool exercise_stat_is(struct exercise *x, const struct model_node *node, const struct stat *st)
{
	size_t size = node->kind == MODEL_LINK ? strlen(node->target) : node->size;

	if ((st->st_mode & S_IFMT) != type_of(node->kind))
		return exercise_trouble(x, "%s: type %o, not %o", node->path, st->st_mode & S_IFMT,
					type_of(node->kind));
	if (node->kind != MODEL_FOLDER && (size_t)st->st_size != size)
		return exercise_trouble(x, "%s: size %" PRId64 ", not %zu", node->path,
					(int64_t)st->st_size, size);
	if (node->kind != MODEL_LINK && (st->st_mode & 07777) != node->mode)
		return exercise_trouble(x, "%s: mode %o, not %o", node->path, st->st_mode & 07777,
					node->mode);
	if (node->kind == MODEL_FILE && st->st_nlink != node->linked)
		return exercise_trouble(x, "%s: %ju names, not %u", node->path,
					(uintmax_t)st->st_nlink, node->linked);
	return true;
}

/* ---- what is drawn ---- */

const char *exercise_path(const struct exercise *x, const char *path,
			  char ret_path[MODEL_PATH_MAX * 2])
{
	int len = snprintf(ret_path, (size_t)MODEL_PATH_MAX * 2, "%s%s%s", x->root,
			   *path ? "/" : "", path);

	assert(len < MODEL_PATH_MAX * 2);
	return ret_path;
}

bool exercise_one_in(struct exercise *x, unsigned n)
{
	return rng_below(&x->rng, n) == 0;
}

size_t exercise_length(struct exercise *x)
{
	uint64_t kind = rng_below(&x->rng, 200);

	if (kind < 80)
		return rng_below(&x->rng, 300);
	if (kind < 184 || model_bytes(&x->model) > ALL_BYTES_MAX)
		return rng_below(&x->rng, SMALL_MAX);
	return rng_below(&x->rng, kind < 199 ? MIDDLE_MAX : LARGE_MAX);
}

/* ---- the whole ---- */

bool exercise_step(struct exercise *x)
{
	unsigned sum = 0;
	size_t i = 0;

	for (size_t j = 0; j < array_size(operations); j++)
		sum += operations[j].weight;
	uint64_t drawn = rng_below(&x->rng, sum);

	while (drawn >= operations[i].weight)
		drawn -= operations[i++].weight;
	x->operation++;
	return operations[i].run(x);
}

bool exercise_compare(struct exercise *x)
{
	bool good = true;

	exercise_doing(x, "comparison");
	for (size_t i = 0; i < x->model.count && good; i++) {
		const struct model_node *node = x->model.nodes[i];

		good = node->kind != MODEL_FOLDER || compare_folder(x, node);
		good = good && compare_node(x, node);
	}
	for (int i = 0; i < EXERCISE_HANDLES && good; i++)
		good = !x->handles[i].node || compare_handle(x, &x->handles[i]);
	for (int i = 0; i < EXERCISE_MAPPINGS && good; i++)
		good = !x->mappings[i].node || compare_mapping(x, &x->mappings[i]);
	return good;
}

/* Held creations are written when the same thread changes something else. */
static bool change_something(struct exercise *x)
{
	char path[MODEL_PATH_MAX * 2];

	exercise_path(x, "settled", path);
	return exercise_answers(x, exercise_answer(mkdir(path, 0755)), 0) &&
	       exercise_answers(x, exercise_answer(rmdir(path)), 0);
}

static bool sync_something(struct exercise *x)
{
	char path[MODEL_PATH_MAX * 2];
	const struct model_node *node = names_draw_file(x);

	exercise_path(x, node ? node->path : "", path);
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	return exercise_answers(x, exercise_answer(fd), 0) &&
	       exercise_answers(x, exercise_answer(fsync(fd)), 0);
}

bool exercise_settle(struct exercise *x)
{
	bool good = true;

	exercise_doing(x, "close all");
	for (int i = 0; i < EXERCISE_MAPPINGS && good; i++)
		good = mappings_close(x, &x->mappings[i], exercise_one_in(x, 2));
	for (int i = 0; i < EXERCISE_HANDLES && good; i++)
		good = files_close(x, &x->handles[i]);
	if (!good)
		return false;
	return exercise_one_in(x, 2) ? change_something(x) : sync_something(x);
}
