#include "fs/stats_dump.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/clock.h"
#include "lsm/base/error.h"
#include "lsm/base/log.h"
#include "lsm/base/mutex.h"
#include "lsm/base/thread.h"

enum {
	DUMP_MODE = 0644, /* less the umask: it holds no keys and no values */
};

struct stats_dump {
	/* immutable */
	int dir_fd;  /* owned */
	char *name;  /* owned; within the folder */
	char *other; /* owned; the temporary one */
	enum stats_format format;
	const struct stats *stats; /* borrowed; set before the thread starts */

	struct thread thread;
	struct mutex mu; /* RANK_FS_VIRT: nothing is called with it held */
	struct cond changed;
	unsigned interval_s; /* guarded by mu */
	bool stopping;       /* guarded by mu */

	bool failing; /* of the thread: the last try failed, and that was logged */
};

static bool ends_in(const char *name, const char *ending)
{
	size_t len = strlen(name);
	size_t tail = strlen(ending);

	return len >= tail && strcmp(name + len - tail, ending) == 0;
}

static int open_folder(struct stats_dump *d, const char *path)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *folder = strndup(path, slash == path ? 1 : (size_t)(slash - path));

	d->name = strdup(slash + 1);
	if (!folder || !d->name || asprintf(&d->other, "%s.tmp", slash + 1) < 0) {
		d->other = NULL;
		return -ENOMEM;
	}
	d->dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->dir_fd < 0)
		return fail(-errno, "stats.file: %s: %s", folder, strerror(errno));
	return 0;
}

static void dump_free(struct stats_dump *d)
{
	if (d->dir_fd >= 0)
		(void)close(d->dir_fd); /* only looked up in */
	mutex_done(&d->mu);
	cond_done(&d->changed);
	free(d->name);
	free(d->other);
	free(d);
}

bool stats_dump_path_ok(const char *path)
{
	return path[0] == '/' && !ends_in(path, "/");
}

int stats_dump_open(const char *path, struct stats_dump **ret_dump)
{
	if (!stats_dump_path_ok(path))
		return fail(-EINVAL, "stats.file: '%s' is not the absolute path of a file", path);
	struct stats_dump *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->dir_fd = -1;
	d->format = ends_in(path, ".prom") ? STATS_PROM : STATS_JSON;
	mutex_init(&d->mu, RANK_FS_VIRT);
	cond_init(&d->changed);
	int rc = open_folder(d, path);

	if (rc) {
		dump_free(d);
		return rc;
	}
	*ret_dump = d;
	return 0;
}

static int write_all(int fd, struct slice bytes)
{
	while (bytes.len > 0) {
		ssize_t n = write(fd, bytes.ptr, bytes.len);

		if (n < 0 && errno != EINTR)
			return -errno;
		bytes = slice_skip(bytes, n > 0 ? (size_t)n : 0);
	}
	return 0;
}

/* A file of our own making: whatever stands under the temporary name is not opened. */
static int write_other(const struct stats_dump *d, struct slice bytes)
{
	if (unlinkat(d->dir_fd, d->other, 0) != 0 && errno != ENOENT)
		return -errno;
	cleanup_fd int fd = openat(d->dir_fd, d->other,
				   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, DUMP_MODE);

	if (fd < 0)
		return -errno;
	return write_all(fd, bytes);
}

static int dump(const struct stats_dump *d)
{
	cleanup_buf struct buf text = {0};
	int rc = stats_read(d->stats, (struct stats_form){d->format, METRIC_ALL}, &text);

	if (!rc)
		rc = write_other(d, buf_slice(&text));
	if (!rc && renameat(d->dir_fd, d->other, d->dir_fd, d->name) != 0)
		rc = -errno;
	return rc;
}

static void dump_and_tell(struct stats_dump *d)
{
	int rc = dump(d);

	if (rc && !d->failing)
		log_warn("statistics are not written file=%s reason=\"%s\"", d->name,
			 strerror(-rc));
	else if (!rc && d->failing)
		log_info("statistics are written again file=%s", d->name);
	d->failing = rc != 0;
}

/* Sleep for an interval, which may change meanwhile. False: stop. */
static bool wait_interval(struct stats_dump *d)
{
	mutex_guard(&d->mu);

	const uint64_t start_ns = clock_mono_ns();

	while (!d->stopping) {
		uint64_t until_ns = start_ns + d->interval_s * UINT64_C(1000000000);

		if (!cond_wait_until(&d->changed, &d->mu, until_ns))
			break;
	}
	return !d->stopping;
}

static void dump_loop(void *arg)
{
	struct stats_dump *d = arg;

	do
		dump_and_tell(d);
	while (wait_interval(d));
	dump_and_tell(d);
}

int stats_dump_start(struct stats_dump *d, const struct stats *stats, unsigned interval_s)
{
	d->stats = stats;
	d->interval_s = interval_s;
	return thread_start(&d->thread, "apexfs-stats", dump_loop, d);
}

void stats_dump_set_interval(struct stats_dump *d, unsigned interval_s)
{
	mutex_guard(&d->mu);

	d->interval_s = interval_s;
	cond_broadcast(&d->changed);
}

void stats_dump_close(struct stats_dump *d)
{
	if (!d)
		return;
	mutex_lock(&d->mu);
	d->stopping = true;
	cond_broadcast(&d->changed);
	mutex_unlock(&d->mu);
	thread_join(&d->thread);
	dump_free(d);
}
