#include "lsm/env/env_posix_map.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lsm/base/error.h"
#include "lsm/env/env_posix_file.h"
#include "lsm/env/env_posix_open.h"

struct map_file {
	struct env_file file;
	/* immutable */
	int fd;              /* owned */
	const uint8_t *base; /* owned mapping; NULL: none */
	size_t size;         /* of the mapping */
	char name[ENV_NAME_MAX + 1];
};

static struct map_file *map_file_of(struct env_file *f)
{
	return container_of(f, struct map_file, file);
}

/* The copy that this thread is at: a fault in [from, to) is the mapping's. */
struct copy_guard {
	const uint8_t *from, *to;
	sigjmp_buf out;
};

/* Read by the handler, which runs in the thread that faulted, so the compiler alone is in the way.
 */
static _Thread_local struct copy_guard *volatile guard;

static struct sigaction action_before;

static void on_bus_error(int signal, siginfo_t *info, void *context)
{
	struct copy_guard *g = guard;
	const uint8_t *at = info->si_addr;

	(void)signal;
	(void)context;
	if (g && at >= g->from && at < g->to)
		siglongjmp(g->out, 1);
	/* Not ours: the instruction is run again, and faults into the hands of who was there
	 * before.
	 */
	(void)sigaction(SIGBUS, &action_before, NULL);
}

static void handler_install(void)
{
	/* SA_NODEFER: the handler is left by a jump, which does not restore the mask */
	struct sigaction action = {.sa_sigaction = on_bus_error,
				   .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK};

	sigemptyset(&action.sa_mask);
	(void)sigaction(SIGBUS, &action, &action_before); /* cannot fail for a real signal */
}

/*
 * Jumping out of a handler leaves the mask as it is there. With SA_NODEFER nothing is blocked, but
 * whoever stands between the kernel and handlers (a sanitizer) may block all; and saving the mask
 * in sigsetjmp would be a system call for each read.
 */
static void unblock_bus_error(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGBUS);
	(void)pthread_sigmask(SIG_UNBLOCK, &set, NULL); /* cannot fail for these */
}

/* False: a page of it is not there. */
static bool copy_guarded(uint8_t *into, const uint8_t *from, size_t len)
{
	struct copy_guard g = {.from = from, .to = from + len};

	if (sigsetjmp(g.out, 0)) {
		guard = NULL;
		unblock_bus_error();
		return false;
	}
	guard = &g;
	atomic_signal_fence(memory_order_seq_cst); /* the handler sees g, whole, or no guard */
	memcpy(into, from, len);
	atomic_signal_fence(memory_order_seq_cst);
	guard = NULL;
	return true;
}

static int map_read(struct env_file *file, uint64_t offset, void *into, size_t len, size_t *ret_len)
{
	struct map_file *f = map_file_of(file);

	if (f->base && len > 0 && offset < f->size && len <= f->size - offset &&
	    copy_guarded(into, f->base + offset, len)) {
		*ret_len = len;
		return 0;
	}
	int rc = posix_read(f->fd, offset, into, len, ret_len);

	return rc ? posix_fail_at(rc, f->name, offset, "read") : 0;
}

static int refuse(struct map_file *f, const char *what)
{
	return posix_fail(-EBADF, f->name, what);
}

static int map_append(struct env_file *file, const struct slice *parts, size_t part_count)
{
	(void)parts;
	(void)part_count;
	return refuse(map_file_of(file), "write");
}

static int map_seek(struct env_file *file, uint64_t offset)
{
	(void)offset;
	return refuse(map_file_of(file), "seek");
}

static int map_sync(struct env_file *file)
{
	struct map_file *f = map_file_of(file);
	int rc = posix_fdatasync(f->fd);

	return rc ? posix_fail(rc, f->name, "sync") : 0;
}

static int map_allocate(struct env_file *file, uint64_t offset, uint64_t len)
{
	(void)offset;
	(void)len;
	return refuse(map_file_of(file), "allocate");
}

static int map_truncate(struct env_file *file, uint64_t size)
{
	(void)size;
	return refuse(map_file_of(file), "truncate");
}

static int map_size(struct env_file *file, uint64_t *ret_size)
{
	struct map_file *f = map_file_of(file);
	struct stat st;

	if (fstat(f->fd, &st))
		return posix_fail(-errno, f->name, "size");
	*ret_size = (uint64_t)st.st_size;
	return 0;
}

static void map_read_ahead(struct env_file *file, uint64_t offset, uint64_t len)
{
	struct map_file *f = map_file_of(file);

	if (offset > INT64_MAX || len > INT64_MAX - offset)
		return;
	/* A hint, about pages that file and mapping share. */
	(void)posix_fadvise(f->fd, (off_t)offset, (off_t)len,
			    len ? POSIX_FADV_WILLNEED : POSIX_FADV_SEQUENTIAL);
}

static void map_close(struct env_file *file)
{
	struct map_file *f = map_file_of(file);

	if (f->base)
		(void)munmap((void *)f->base, f->size);
	(void)close(f->fd); /* only read from */
	free(f);
}

static const struct env_file_ops map_file_ops = {
	.read = map_read,
	.append = map_append,
	.seek = map_seek,
	.sync = map_sync,
	.allocate = map_allocate,
	.truncate = map_truncate,
	.size = map_size,
	.read_ahead = map_read_ahead,
	.close = map_close,
};

/* Without a mapping pread(2) does all: an empty file, or one too large for this address space. */
static void map_whole(struct map_file *f)
{
	struct stat st;

	if (fstat(f->fd, &st) || st.st_size <= 0 || (uint64_t)st.st_size > SIZE_MAX)
		return;
	void *base = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, f->fd, 0);

	if (base == MAP_FAILED)
		return;
	f->base = base;
	f->size = (size_t)st.st_size;
}

int posix_map_open(int dir_fd, const char *name, struct env_file **ret_file)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct map_file *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	(void)snprintf(f->name, sizeof(f->name), "%s", name);
	f->file.ops = &map_file_ops;
	int rc = posix_open_regular(dir_fd, name, O_RDONLY, &f->fd);

	if (rc) {
		free(f);
		return rc;
	}
	(void)pthread_once(&once, handler_install); /* cannot fail */
	map_whole(f);
	*ret_file = &f->file;
	return 0;
}
