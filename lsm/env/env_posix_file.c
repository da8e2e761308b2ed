#include "lsm/env/env_posix_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lsm/base/error.h"

enum {
	IOV_BATCH = 64,       /* parts handed to one pwritev */
	READ_BATCH = 1 << 30, /* the kernel moves less than 2 GiB a call */
};

struct posix_file {
	struct env_file file;
	/* immutable after posix_file_adopt */
	int fd; /* owned */
	char name[ENV_NAME_MAX + 1];
	/* owned by the appending thread */
	uint64_t cursor;
	/* owned by the syncing thread */
	bool sync_failed;
};

/* A place in a list of parts. */
struct part_cursor {
	const struct slice *parts;
	size_t count;
	size_t skip; /* bytes of parts[0] already dealt with */
};

static struct posix_file *posix_file_of(struct env_file *f)
{
	return container_of(f, struct posix_file, file);
}

int posix_fail_at(int code, const char *name, uint64_t offset, const char *what)
{
	return fail(code, "%s: offset %llu: %s: %s", name, (unsigned long long)offset, what,
		    strerror(-code));
}

int posix_fail(int code, const char *name, const char *what)
{
	return fail(code, "%s: %s: %s", name, what, strerror(-code));
}

int posix_read(int fd, uint64_t offset, void *into, size_t len, size_t *ret_len)
{
	size_t done = 0;

	/* Past what a file offset can say is past the end of every file. */
	while (done < len && offset + done <= INT64_MAX) {
		size_t want = min_of(len - done, (size_t)READ_BATCH);
		ssize_t n = pread(fd, (char *)into + done, want, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	*ret_len = done;
	return 0;
}

/* Drop written bytes, then any empty parts, from the front. */
static void part_cursor_skip(struct part_cursor *at, size_t written)
{
	at->skip += written;
	while (at->count > 0 && at->skip >= at->parts[0].len) {
		at->skip -= at->parts[0].len;
		at->parts++;
		at->count--;
	}
}

static int part_cursor_gather(const struct part_cursor *at, struct iovec *iov)
{
	size_t skip = at->skip;
	int n = 0;

	for (size_t i = 0; i < at->count && n < IOV_BATCH; i++) {
		struct slice part = at->parts[i];

		if (part.len > 0) {
			iov[n].iov_base = (void *)(part.ptr + skip);
			iov[n].iov_len = part.len - skip;
			n++;
		}
		skip = 0;
	}
	return n;
}

int posix_write(int fd, uint64_t offset, const struct slice *parts, size_t part_count,
		uint64_t *done)
{
	struct part_cursor at = {.parts = parts, .count = part_count};

	*done = 0;
	part_cursor_skip(&at, 0);
	while (at.count > 0) {
		struct iovec iov[IOV_BATCH];
		int iov_count = part_cursor_gather(&at, iov);
		ssize_t n = pwritev(fd, iov, iov_count, (off_t)(offset + *done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0) /* never seen for a regular file; without this it would loop for ever */
			return -EIO;
		*done += (uint64_t)n;
		part_cursor_skip(&at, (size_t)n);
	}
	return 0;
}

static int posix_file_read(struct env_file *file, uint64_t offset, void *into, size_t len,
			   size_t *ret_len)
{
	struct posix_file *f = posix_file_of(file);
	int rc = posix_read(f->fd, offset, into, len, ret_len);

	return rc ? posix_fail_at(rc, f->name, offset, "read") : 0;
}

static int posix_file_append(struct env_file *file, const struct slice *parts, size_t part_count)
{
	struct posix_file *f = posix_file_of(file);
	uint64_t done = 0;
	int rc = posix_write(f->fd, f->cursor, parts, part_count, &done);

	if (rc)
		return posix_fail_at(rc, f->name, f->cursor + done, "write");
	f->cursor += done;
	return 0;
}

static int posix_file_seek(struct env_file *file, uint64_t offset)
{
	struct posix_file *f = posix_file_of(file);

	if (offset > INT64_MAX)
		return posix_fail_at(-EINVAL, f->name, offset, "seek");
	f->cursor = offset;
	return 0;
}

/*
 * After a failed fdatasync the kernel may have dropped the dirty pages and marked them clean: a
 * second call then succeeds without the bytes being anywhere (Rebello et al., "Can Applications
 * Recover from fsync Failures?", USENIX ATC 2020). So the first failure is final for this file.
 */
static int posix_file_sync(struct env_file *file)
{
	struct posix_file *f = posix_file_of(file);

	if (f->sync_failed)
		return fail(-EIO, "%s: sync: an earlier one failed, none after it can be trusted",
			    f->name);
	int rc = posix_fdatasync(f->fd);

	if (rc == 0)
		return 0;
	f->sync_failed = true;
	return posix_fail(rc, f->name, "sync");
}

static int posix_file_resync(struct env_file *file)
{
	int rc = posix_file_sync(file);

	/* a hint: what is dirty or mapped stays, and there is nothing of either */
	if (rc == 0)
		(void)posix_fadvise(posix_file_of(file)->fd, 0, 0, POSIX_FADV_DONTNEED);
	return rc;
}

int posix_fdatasync(int fd)
{
	int rc;

	do
		rc = fdatasync(fd) ? -errno : 0;
	while (rc == -EINTR);
	return rc;
}

int posix_truncate(int fd, off_t size)
{
	int rc;

	do
		rc = ftruncate(fd, size) ? -errno : 0;
	while (rc == -EINTR);
	return rc;
}

/*
 * Where a file system has no fallocate (ext2, some network ones) its blocks are taken by writing
 * zeros, from the end of the file on: what lies before it has been written. Without the room the
 * file is as before.
 */
static int write_zeros(int fd, uint64_t from, uint64_t to)
{
	static const uint8_t zeros[64 * 1024];
	struct stat st;
	int rc = 0;

	if (fstat(fd, &st))
		return -errno;
	uint64_t old_size = (uint64_t)st.st_size;

	for (uint64_t at = max_of(from, old_size); !rc && at < to;) {
		struct slice part = slice_of(zeros, min_of(to - at, (uint64_t)sizeof(zeros)));
		uint64_t done;

		rc = posix_write(fd, at, &part, 1, &done);
		at += done;
	}
	/* a cut that fails leaves zeros at the end, which readers take for the end */
	if (rc)
		ignore_result(posix_truncate(fd, (off_t)old_size));
	return rc;
}

int posix_allocate(int fd, uint64_t offset, uint64_t len)
{
	int rc;

	if (len == 0)
		return 0;
	if (offset > INT64_MAX || len > INT64_MAX - offset)
		return -EFBIG;
	do
		rc = fallocate(fd, 0, (off_t)offset, (off_t)len) ? -errno : 0;
	while (rc == -EINTR);
	if (rc == -EOPNOTSUPP || rc == -ENOSYS)
		rc = write_zeros(fd, offset, offset + len);
	return rc;
}

static int posix_file_allocate(struct env_file *file, uint64_t offset, uint64_t len)
{
	struct posix_file *f = posix_file_of(file);
	int rc = posix_allocate(f->fd, offset, len);

	return rc ? posix_fail_at(rc, f->name, offset, "allocate") : 0;
}

static int posix_file_truncate(struct env_file *file, uint64_t size)
{
	struct posix_file *f = posix_file_of(file);
	int rc;

	if (size > INT64_MAX)
		return posix_fail_at(-EFBIG, f->name, size, "truncate");
	rc = posix_truncate(f->fd, (off_t)size);
	return rc ? posix_fail_at(rc, f->name, size, "truncate") : 0;
}

static int posix_file_size(struct env_file *file, uint64_t *ret_size)
{
	struct posix_file *f = posix_file_of(file);
	struct stat st;

	if (fstat(f->fd, &st))
		return posix_fail(-errno, f->name, "size");
	*ret_size = (uint64_t)st.st_size;
	return 0;
}

static void posix_file_read_ahead(struct env_file *file, uint64_t offset, uint64_t len)
{
	struct posix_file *f = posix_file_of(file);

	if (offset > INT64_MAX || len > INT64_MAX - offset)
		return;
	/* A hint: the answer changes nothing. */
	(void)posix_fadvise(f->fd, (off_t)offset, (off_t)len,
			    len ? POSIX_FADV_WILLNEED : POSIX_FADV_SEQUENTIAL);
}

static void posix_file_close(struct env_file *file)
{
	struct posix_file *f = posix_file_of(file);

	(void)close(f->fd); /* what must be kept was synced; nobody can act on an answer here */
	free(f);
}

static const struct env_file_ops posix_file_ops = {
	.read = posix_file_read,
	.append = posix_file_append,
	.seek = posix_file_seek,
	.sync = posix_file_sync,
	.resync = posix_file_resync,
	.allocate = posix_file_allocate,
	.truncate = posix_file_truncate,
	.size = posix_file_size,
	.read_ahead = posix_file_read_ahead,
	.close = posix_file_close,
};

struct posix_file *posix_file_new(const char *name)
{
	struct posix_file *f = (struct posix_file *)calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->file.ops = &posix_file_ops;
	f->fd = -1;
	(void)snprintf(f->name, sizeof(f->name), "%s", name);
	return f;
}

struct env_file *posix_file_adopt(struct posix_file *f, int fd)
{
	f->fd = fd;
	return &f->file;
}

void posix_file_discard(struct posix_file *f)
{
	free(f);
}
