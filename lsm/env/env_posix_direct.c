#include "lsm/env/env_posix_direct.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/env/env_posix_file.h"
#include "lsm/env/env_posix_open.h"

enum {
	ALIGN = 4096,        /* what all but odd devices are content with */
	ROOM_SIZE = 1 << 20, /* bytes gathered for one write; a multiple of ALIGN */
};

struct direct_file {
	struct env_file file;
	int fd;        /* owned */
	uint8_t *room; /* owned, aligned; the bytes of the file from `written` on */
	size_t fill;
	uint64_t written; /* a multiple of ALIGN, until `plain` */
	bool plain;       /* false -> true: O_DIRECT is off */
	int failed;       /* the first error of a write or sync, or 0 */
	char name[ENV_NAME_MAX + 1];
};

static struct direct_file *direct_file_of(struct env_file *f)
{
	return container_of(f, struct direct_file, file);
}

static int go_plain(struct direct_file *f)
{
	int flags = fcntl(f->fd, F_GETFL);

	if (flags < 0 || fcntl(f->fd, F_SETFL, flags & ~O_DIRECT) < 0)
		return -errno;
	f->plain = true;
	return 0;
}

/* The first len bytes of the room; whole blocks, unless the file is plain. */
static int write_room(struct direct_file *f, size_t len)
{
	struct slice part = slice_of(f->room, len);
	uint64_t done = 0;
	int rc = posix_write(f->fd, f->written, &part, 1, &done);

	/* a device with larger blocks, or one that takes them no longer where it is full */
	if (rc == -EINVAL && !f->plain) {
		rc = go_plain(f);
		if (!rc)
			rc = posix_write(f->fd, f->written, &part, 1, &done);
	}
	if (rc)
		return posix_fail_at(rc, f->name, f->written + done, "write");
	memmove(f->room, f->room + len, f->fill - len);
	f->fill -= len;
	f->written += len;
	return 0;
}

static int direct_check(const struct direct_file *f)
{
	return f->failed ? fail(f->failed, "%s: an earlier write failed", f->name) : 0;
}

static int direct_append(struct env_file *file, const struct slice *parts, size_t part_count)
{
	struct direct_file *f = direct_file_of(file);
	int rc = direct_check(f);

	for (size_t i = 0; !rc && i < part_count; i++) {
		struct slice rest = parts[i];

		while (!rc && rest.len > 0) {
			size_t n = min_of(rest.len, ROOM_SIZE - f->fill);

			memcpy(f->room + f->fill, rest.ptr, n);
			f->fill += n;
			rest = slice_skip(rest, n);
			if (f->fill == ROOM_SIZE)
				rc = f->failed = write_room(f, ROOM_SIZE);
		}
	}
	return rc;
}

/* Whole blocks past the page cache, the rest of one through it. */
static int write_rest(struct direct_file *f)
{
	size_t whole = f->plain ? 0 : f->fill - f->fill % ALIGN;
	int rc = whole ? write_room(f, whole) : 0;

	if (!rc && f->fill > 0 && !f->plain) {
		rc = go_plain(f);
		if (rc)
			return posix_fail(rc, f->name, "fcntl");
	}
	return rc || f->fill == 0 ? rc : write_room(f, f->fill);
}

static int direct_sync(struct env_file *file)
{
	struct direct_file *f = direct_file_of(file);
	int rc = direct_check(f);

	if (rc)
		return rc;
	rc = write_rest(f);
	if (!rc) {
		rc = posix_fdatasync(f->fd);
		if (rc)
			rc = posix_fail(rc, f->name, "sync");
	}
	f->failed = rc;
	return rc;
}

static int refuse(struct direct_file *f, const char *what)
{
	return posix_fail(-EBADF, f->name, what);
}

static int direct_read(struct env_file *file, uint64_t offset, void *into, size_t len,
		       size_t *ret_len)
{
	(void)offset;
	(void)into;
	(void)len;
	(void)ret_len;
	return refuse(direct_file_of(file), "read");
}

static int direct_seek(struct env_file *file, uint64_t offset)
{
	(void)offset;
	return refuse(direct_file_of(file), "seek");
}

static int direct_truncate(struct env_file *file, uint64_t size)
{
	(void)size;
	return refuse(direct_file_of(file), "truncate");
}

static int direct_allocate(struct env_file *file, uint64_t offset, uint64_t len)
{
	struct direct_file *f = direct_file_of(file);
	int rc = posix_allocate(f->fd, offset, len);

	return rc ? posix_fail_at(rc, f->name, offset, "allocate") : 0;
}

static int direct_size(struct env_file *file, uint64_t *ret_size)
{
	struct direct_file *f = direct_file_of(file);

	*ret_size = f->written + f->fill;
	return 0;
}

static void direct_read_ahead(struct env_file *file, uint64_t offset, uint64_t len)
{
	(void)file; /* nothing is read */
	(void)offset;
	(void)len;
}

static void direct_close(struct env_file *file)
{
	struct direct_file *f = direct_file_of(file);

	(void)close(f->fd); /* what must be kept was synced */
	free(f->room);
	free(f);
}

static const struct env_file_ops direct_file_ops = {
	.read = direct_read,
	.append = direct_append,
	.seek = direct_seek,
	.sync = direct_sync,
	.allocate = direct_allocate,
	.truncate = direct_truncate,
	.size = direct_size,
	.read_ahead = direct_read_ahead,
	.close = direct_close,
};

/*
 * The flag is set after opening: open(2) with O_DIRECT fails where the file system has none, and
 * may have made the file all the same.
 */
int posix_direct_create(int dir_fd, const char *name, struct env_file **ret_file)
{
	struct direct_file *f = calloc(1, sizeof(*f));
	uint8_t *room = aligned_alloc(ALIGN, ROOM_SIZE);
	int rc = f && room ? posix_open_regular(dir_fd, name, O_RDWR | O_CREAT | O_EXCL, &f->fd)
			   : -ENOMEM;

	if (rc) {
		free(room);
		free(f);
		return rc;
	}
	f->file.ops = &direct_file_ops;
	f->room = room;
	(void)snprintf(f->name, sizeof(f->name), "%s", name);
	int flags = fcntl(f->fd, F_GETFL);

	f->plain = flags < 0 || fcntl(f->fd, F_SETFL, flags | O_DIRECT) < 0;
	*ret_file = &f->file;
	return 0;
}
