#include "lsm/env/env_posix_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/env/env_name.h"
#include "lsm/env/env_posix_direct.h"
#include "lsm/env/env_posix_file.h"
#include "lsm/env/env_posix_map.h"
#include "lsm/env/env_posix_open.h"

static struct posix_dir *posix_dir_of(struct env_dir *d)
{
	return container_of(d, struct posix_dir, dir);
}

static int mode_flags(enum env_open_mode mode)
{
	switch (mode) {
	case ENV_CREATE:
	case ENV_CREATE_DIRECT:
		return O_RDWR | O_CREAT | O_EXCL;
	case ENV_REPLACE:
		return O_RDWR | O_CREAT | O_TRUNC;
	case ENV_REUSE:
		return O_RDWR;
	case ENV_READ:
	case ENV_MAP:
		break;
	}
	return O_RDONLY;
}

static int posix_dir_open_file(struct env_dir *dir, const char *name, enum env_open_mode mode,
			       struct env_file **ret_file)
{
	struct posix_dir *d = posix_dir_of(dir);

	if (mode == ENV_MAP)
		return posix_map_open(d->fd, name, ret_file);
	if (mode == ENV_CREATE_DIRECT)
		return posix_direct_create(d->fd, name, ret_file);
	struct posix_file *f = posix_file_new(name);
	int fd = -1;
	int rc;

	if (!f)
		return -ENOMEM;
	rc = posix_open_regular(d->fd, name, mode_flags(mode), &fd);
	if (rc) {
		posix_file_discard(f);
		return rc;
	}
	*ret_file = posix_file_adopt(f, fd);
	return 0;
}

/* As with files: the kernel reports a lost write once, so a second try's success means nothing. */
static int posix_dir_sync(struct env_dir *dir)
{
	struct posix_dir *d = posix_dir_of(dir);
	int rc;

	if (atomic_load_explicit(&d->sync_failed, memory_order_relaxed))
		return fail(-EIO, "%s: sync: an earlier one failed, none after it can be trusted",
			    d->path);
	rc = posix_sync_folder(d->fd);
	if (rc == 0)
		return 0;
	atomic_store_explicit(&d->sync_failed, true, memory_order_relaxed);
	return posix_fail(rc, d->path, "sync");
}

static int posix_dir_rename(struct env_dir *dir, const char *from, const char *to)
{
	struct posix_dir *d = posix_dir_of(dir);
	int rc = env_name_check(from);

	if (!rc)
		rc = env_name_check(to);
	if (rc)
		return rc;
	if (renameat(d->fd, from, d->fd, to)) {
		rc = -errno;
		return fail(rc, "%s: rename to %s: %s", from, to, strerror(-rc));
	}
	return 0;
}

static int posix_dir_unlink(struct env_dir *dir, const char *name)
{
	struct posix_dir *d = posix_dir_of(dir);
	int rc = env_name_check(name);

	if (rc)
		return rc;
	return unlinkat(d->fd, name, 0) ? posix_fail(-errno, name, "unlink") : 0;
}

static int posix_dir_link(struct env_dir *dir, const char *name, struct env_dir *to_dir,
			  const char *to)
{
	struct posix_dir *d = posix_dir_of(dir);
	int rc = env_name_check(name);

	if (!rc)
		rc = env_name_check(to);
	if (rc)
		return rc;
	if (linkat(d->fd, name, posix_dir_of(to_dir)->fd, to, 0)) {
		rc = -errno;
		return fail(rc, "%s: link to %s: %s", name, to, strerror(-rc));
	}
	return 0;
}

static void close_stream(DIR **stream)
{
	if (*stream)
		(void)closedir(*stream); /* only read from */
}

static int visit_entries(const struct posix_dir *d, DIR *stream,
			 int (*visit)(void *arg, const char *name), void *arg)
{
	for (;;) {
		errno = 0;

		const struct dirent *entry = readdir(stream);
		int rc;

		if (!entry)
			return errno ? posix_fail(-errno, d->path, "list") : 0;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		rc = visit(arg, entry->d_name);
		if (rc)
			return rc;
	}
}

static int posix_dir_list(struct env_dir *dir, int (*visit)(void *arg, const char *name), void *arg)
{
	struct posix_dir *d = posix_dir_of(dir);
	/* Its own description: the position of a shared one would be shared between threads. */
	cleanup_fd int fd = -1;
	__attribute__((cleanup(close_stream))) DIR *stream = NULL;

	do
		fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return posix_fail(-errno, d->path, "list");
	stream = fdopendir(fd);
	if (!stream)
		return posix_fail(-errno, d->path, "list");
	fd = -1; /* the stream's now */
	return visit_entries(d, stream, visit, arg);
}

static int posix_dir_file_size(struct env_dir *dir, const char *name, uint64_t *ret_size)
{
	struct stat st;
	int rc = env_name_check(name);

	if (rc)
		return rc;
	if (fstatat(posix_dir_of(dir)->fd, name, &st, AT_SYMLINK_NOFOLLOW))
		return posix_fail(-errno, name, "size");
	if (!S_ISREG(st.st_mode))
		return fail(-EUCLEAN, "%s: not a regular file", name);
	*ret_size = (uint64_t)st.st_size;
	return 0;
}

static uint64_t blocks_to_bytes(uint64_t blocks, uint64_t block_bytes)
{
	uint64_t bytes;

	return __builtin_mul_overflow(blocks, block_bytes, &bytes) ? UINT64_MAX : bytes;
}

static int posix_dir_holds_path(struct env_dir *dir, const char *path, bool *ret_holds)
{
	struct posix_dir *d = posix_dir_of(dir);
	int rc = posix_folder_holds(d->fd, path, ret_holds);

	return rc ? posix_fail(rc, path, "look for folder") : 0;
}

static int posix_dir_space(struct env_dir *dir, struct env_space *ret_space)
{
	struct statvfs st;
	int rc;

	do
		rc = fstatvfs(posix_dir_of(dir)->fd, &st) ? -errno : 0;
	while (rc == -EINTR);
	if (rc)
		return posix_fail(rc, posix_dir_of(dir)->path, "space");
	*ret_space = (struct env_space){
		.total_bytes = blocks_to_bytes(st.f_blocks, st.f_frsize),
		.free_bytes = blocks_to_bytes(st.f_bfree, st.f_frsize),
		.available_bytes = blocks_to_bytes(st.f_bavail, st.f_frsize),
		.total_files = st.f_files,
		.free_files = st.f_favail,
		.block_bytes = (uint32_t)min_of(st.f_frsize, (unsigned long)UINT32_MAX),
	};
	return 0;
}

static void posix_dir_close(struct env_dir *dir)
{
	struct posix_dir *d = posix_dir_of(dir);

	(void)close(d->fd); /* only read from */
	free(d);
}

static const struct env_dir_ops posix_dir_ops = {
	.open = posix_dir_open_file,
	.sync = posix_dir_sync,
	.rename = posix_dir_rename,
	.unlink = posix_dir_unlink,
	.link = posix_dir_link,
	.list = posix_dir_list,
	.file_size = posix_dir_file_size,
	.holds_path = posix_dir_holds_path,
	.lock = posix_dir_lock,
	.unlock = posix_dir_unlock,
	.space = posix_dir_space,
	.close = posix_dir_close,
};

int posix_dir_open(struct env *e, const char *path, bool create, struct env_dir **ret_dir)
{
	size_t path_size = strlen(path) + 1;
	cleanup_free struct posix_dir *d =
		(struct posix_dir *)calloc(1, sizeof(struct posix_dir) + path_size);
	int rc;

	if (!d)
		return -ENOMEM;
	rc = posix_open_folder(path, create, &d->fd);
	if (rc)
		return rc;
	d->dir = (struct env_dir){.ops = &posix_dir_ops, .env = e};
	atomic_init(&d->sync_failed, false);
	memcpy(d->path, path, path_size);
	*ret_dir = &move_ptr(&d)->dir;
	return 0;
}
