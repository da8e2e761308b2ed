#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "tests/mount/exerciser/operations.h"

static bool is_type(const struct model_node *node, unsigned char type)
{
	switch (node->kind) {
	case MODEL_FOLDER:
		return type == DT_DIR;
	case MODEL_FILE:
		return type == DT_REG;
	default:
		return type == DT_LNK;
	}
}

static bool take_entry(struct exercise *x, const struct model_node *folder,
		       const struct dirent *entry)
{
	char path[MODEL_PATH_MAX];

	if (!model_path(folder->path, entry->d_name, path))
		return exercise_trouble(x, "%s: a name of %zu bytes is listed", folder->path,
					strlen(entry->d_name));
	struct model_node *node = model_find(&x->model, path);

	if (!node)
		return exercise_trouble(x, "%s is listed", path);
	if (node->listed == x->listing)
		return exercise_trouble(x, "%s is listed twice", path);
	if (!is_type(node, entry->d_type))
		return exercise_trouble(x, "%s: type %d", path, entry->d_type);
	node->listed = x->listing;
	return true;
}

bool compare_folder(struct exercise *x, const struct model_node *folder)
{
	char whole[MODEL_PATH_MAX * 2];
	DIR *dir = opendir(exercise_path(x, folder->path, whole));
	const struct dirent *entry;
	size_t count = 0, want = model_children(&x->model, folder->path);
	bool good = true;

	if (!dir)
		return exercise_trouble(x, "%s: %s", folder->path, strerror(errno));
	x->listing++;
	errno = 0;
	while (good && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		good = take_entry(x, folder, entry);
		count++;
	}
	if (good && errno)
		good = exercise_trouble(x, "%s: %s", folder->path, strerror(errno));
	closedir(dir);
	if (good && count != want)
		good = exercise_trouble(x, "%s: %zu entries, not %zu", folder->path, count, want);
	return good;
}

/* All of it, and nothing behind. */
static bool compare_content(struct exercise *x, int fd, const struct model_node *node)
{
	size_t done = 0;
	ssize_t n;

	if (exercise_one_in(x, 2)) /* from the daemon, not from the page cache */
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	do {
		n = pread(fd, x->bytes, MODEL_FILE_MAX, (off_t)done);
		if (n < 0)
			return exercise_trouble(x, "%s: %s", node->path, strerror(errno));
		if ((size_t)n > node->size - done)
			return exercise_trouble(x, "%s: more than %zu bytes", node->path,
						node->size);
		if (!exercise_same(x, node, done, x->bytes, (size_t)n))
			return false;
		done += (size_t)n;
	} while (n > 0);
	if (done != node->size)
		return exercise_trouble(x, "%s: %zu bytes, not %zu", node->path, done, node->size);
	return true;
}

static bool compare_link(struct exercise *x, const struct model_node *node, const char *whole)
{
	char target[MODEL_TARGET_MAX + 1];
	ssize_t n = readlink(whole, target, sizeof(target));

	if (n < 0)
		return exercise_trouble(x, "%s: %s", node->path, strerror(errno));
	if ((size_t)n != strlen(node->target) || memcmp(target, node->target, (size_t)n) != 0)
		return exercise_trouble(x, "%s: another target", node->path);
	return true;
}

bool compare_node(struct exercise *x, const struct model_node *node)
{
	char whole[MODEL_PATH_MAX * 2];
	struct stat st;

	if (lstat(exercise_path(x, node->path, whole), &st) != 0)
		return exercise_trouble(x, "%s: %s", node->path, strerror(errno));
	if (!exercise_stat_is(x, node, &st))
		return false;
	if (node->kind == MODEL_FOLDER)
		return true;
	if (node->kind == MODEL_LINK)
		return compare_link(x, node, whole);
	cleanup_fd int fd = open(whole, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return exercise_trouble(x, "%s: %s", node->path, strerror(errno));
	return compare_content(x, fd, node);
}

bool compare_handle(struct exercise *x, const struct exercise_handle *handle)
{
	struct stat st;

	if (fstat(handle->fd, &st) != 0)
		return exercise_trouble(x, "%s: %s", handle->node->path, strerror(errno));
	return exercise_stat_is(x, handle->node, &st) &&
	       (!handle->reads || compare_content(x, handle->fd, handle->node));
}
