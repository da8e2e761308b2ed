/*
 * One file of the kernel's: the env_file over a descriptor.
 *
 * Private to env_posix*.c and its tests.
 */
#pragma once

#include <sys/types.h>

#include "lsm/env/env.h"

struct posix_file;

/*
 * An object without a descriptor yet, so that nothing can fail once there is one.
 * NULL: out of memory.
 */
struct posix_file *posix_file_new(const char *name);

/* Give it its descriptor, which it owns from now on; the file as env.h knows it. */
struct env_file *posix_file_adopt(struct posix_file *f, int fd);

/* Free an object that has not adopted a descriptor; NULL is fine. */
void posix_file_discard(struct posix_file *f);

/* `code`, with a sentence "name: offset n: what: the errno's meaning". */
must_check int posix_fail_at(int code, const char *name, uint64_t offset, const char *what);
/* The same without an offset. */
must_check int posix_fail(int code, const char *name, const char *what);

/*
 * As pread(2) and pwritev(2) with signals and short transfers dealt with. They leave no sentence.
 */
must_check int posix_read(int fd, uint64_t offset, void *into, size_t len, size_t *ret_len);
/* *done counts what was written, also when it fails. */
must_check int posix_write(int fd, uint64_t offset, const struct slice *parts, size_t part_count,
			   uint64_t *done);
/* As fdatasync(2) and fallocate(2) (or zeros, where there is none), with signals dealt with; no
 * sentence. */
must_check int posix_fdatasync(int fd);
must_check int posix_allocate(int fd, uint64_t offset, uint64_t len);
/* As ftruncate(2) with signals dealt with; no sentence. */
must_check int posix_truncate(int fd, off_t size);
