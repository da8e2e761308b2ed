#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include "lsm/base/cleanup.h"
#include "lsm/env/env_name.h"
#include "lsm/env/env_posix_dir.h"
#include "lsm/env/env_posix_file.h"
#include "lsm/env/env_posix_open.h"

/*
 * flock(2) and not fcntl locks: it belongs to the open file description, so a second open by the
 * same process is refused too, and closing some other descriptor of the file does not drop it.
 */
struct posix_lock {
	int fd; /* owned */
};

static int take_flock(int fd)
{
	int rc;

	do
		rc = flock(fd, LOCK_EX | LOCK_NB) ? -errno : 0;
	while (rc == -EINTR);
	return rc;
}

static int refuse(const char *name, int fd)
{
	char content[ENV_HOLDER_MAX];
	size_t len = 0;

	if (posix_read(fd, 0, content, sizeof(content), &len))
		len = 0; /* the holder stays unnamed; that it is locked is the news */
	return env_lock_refused(name, slice_of(content, len));
}

/*
 * The new line goes over the old one and the file is cut behind it, so that one who reads in
 * between sees the new line, and no block has to be found on a full disk. If one is wanting all the
 * same, the lock is held without a line: a store on a full disk must open, or nobody could delete
 * from it.
 */
static int write_holder(const char *name, int fd, const char *holder)
{
	struct slice parts[] = {slice_str(holder), slice_str("\n")};
	uint64_t done = 0;
	int rc = posix_write(fd, 0, parts, array_size(parts), &done);
	off_t keep = rc ? 0 : (off_t)done;

	if (rc && rc != -ENOSPC && rc != -EDQUOT)
		return posix_fail_at(rc, name, done, "write");
	rc = posix_truncate(fd, keep);
	return rc ? posix_fail_at(rc, name, (uint64_t)keep, "truncate") : 0;
}

int posix_dir_lock(struct env_dir *dir, const char *name, const char *holder,
		   struct env_lock **ret_lock)
{
	struct posix_dir *d = container_of(dir, struct posix_dir, dir);
	cleanup_free struct posix_lock *lock = (struct posix_lock *)calloc(1, sizeof(*lock));
	cleanup_fd int fd = -1;
	int rc;

	if (!lock)
		return -ENOMEM;
	rc = posix_open_regular(d->fd, name, O_RDWR | O_CREAT, &fd);
	if (rc)
		return rc;
	rc = take_flock(fd);
	if (rc == -EWOULDBLOCK)
		return refuse(name, fd);
	if (rc)
		return posix_fail(rc, name, "lock");
	rc = write_holder(name, fd, holder);
	if (rc)
		return rc;
	lock->fd = fd;
	fd = -1;
	*ret_lock = (struct env_lock *)move_ptr(&lock);
	return 0;
}

void posix_dir_unlock(struct env_dir *dir, struct env_lock *lock)
{
	struct posix_lock *l = (struct posix_lock *)lock;

	(void)dir;
	/*
	 * Closing alone would leave it held while a child between fork and exec has a copy of the
	 * descriptor.
	 */
	(void)flock(l->fd, LOCK_UN);
	(void)close(l->fd);
	free(l);
}
