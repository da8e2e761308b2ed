#include "tests/mount/names/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lsm/base/buf.h"
#include "lsm/base/cleanup.h"

struct level {
	DIR *dir;        /* owned */
	size_t path_len; /* of the path of what is in it */
	char name[NAME_MAX + 1];
};

struct walk {
	const struct tree_visitor *visitor;
	struct level levels[TREE_DEPTH_MAX];
	unsigned depth;
	struct buf path;
};

static int go_down(struct walk *w, int above, const char *name)
{
	struct level *level = &w->levels[w->depth];

	if (w->depth == TREE_DEPTH_MAX)
		return -E2BIG;

	int fd = openat(above, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	level->dir = fd < 0 ? NULL : fdopendir(fd);
	if (!level->dir) {
		int err = -errno;

		if (fd >= 0)
			close(fd);
		return err;
	}
	level->path_len = w->path.len;
	strcpy(level->name, name);
	w->depth++;
	return 0;
}

/* What stood in the folder has been visited. */
static int go_up(struct walk *w)
{
	struct level *left = &w->levels[--w->depth];

	closedir(left->dir);
	if (w->depth == 0)
		return 0;
	w->path.len = w->levels[w->depth - 1].path_len;
	if (!w->visitor->folder)
		return 0;
	return w->visitor->folder(w->visitor->arg, dirfd(w->levels[w->depth - 1].dir), left->name);
}

static int visit_file(struct walk *w)
{
	int err = buf_append_byte(&w->path, 0);

	if (!err && w->visitor->file)
		err = w->visitor->file(w->visitor->arg, (const char *)w->path.ptr);
	w->path.len = w->levels[w->depth - 1].path_len;
	return err;
}

static int visit(struct walk *w, DIR *dir, const struct dirent *entry)
{
	int err = buf_append_slice(&w->path, slice_str(entry->d_name));

	if (err || entry->d_type != DT_DIR)
		return err ? err : visit_file(w);
	err = buf_append_byte(&w->path, '/');
	return err ? err : go_down(w, dirfd(dir), entry->d_name);
}

static int step(struct walk *w)
{
	DIR *dir = w->levels[w->depth - 1].dir;

	errno = 0;
	const struct dirent *entry = readdir(dir);

	if (!entry)
		return errno ? -errno : go_up(w);
	if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
		return 0;
	return visit(w, dir, entry);
}

int tree_walk(int root, const struct tree_visitor *visitor)
{
	cleanup_free struct walk *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->visitor = visitor;

	int err = go_down(w, root, ".");

	while (!err && w->depth > 0)
		err = step(w);
	while (w->depth > 0)
		closedir(w->levels[--w->depth].dir);
	buf_done(&w->path);
	return err;
}

typedef int enter_fn(int above, const char *name);

static int enter_folder(int above, const char *name)
{
	int fd = openat(above, name, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int make_folder(int above, const char *name)
{
	if (mkdirat(above, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	return enter_folder(above, name);
}

static int descend(int root, const char *path, enter_fn *enter, int *ret_fd, const char **ret_name)
{
	int fd = enter_folder(root, ".");
	const char *slash;

	while (fd >= 0 && (slash = strchr(path, '/')) != NULL) {
		char name[NAME_MAX + 1];
		size_t len = (size_t)(slash - path);

		if (len > NAME_MAX) {
			close(fd);
			return -ENAMETOOLONG;
		}
		memcpy(name, path, len);
		name[len] = '\0';
		int below = enter(fd, name);

		close(fd);
		fd = below;
		path = slash + 1;
	}
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	*ret_name = path;
	return 0;
}

int tree_parent(int root, const char *path, int *ret_fd, const char **ret_name)
{
	return descend(root, path, enter_folder, ret_fd, ret_name);
}

int tree_make_parent(int root, const char *path, int *ret_fd, const char **ret_name)
{
	return descend(root, path, make_folder, ret_fd, ret_name);
}
