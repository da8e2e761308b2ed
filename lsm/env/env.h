/*
 * The only way to the disk and the clock: every system call on a store's files goes through this
 * vtable.
 *
 * Implementations: env_posix.h (the kernel), env_mem.h (a file system in memory that can forget
 * what was not synced), env_record.h (passes on and logs every call with its data), env_fault.h
 * (passes on and makes chosen calls fail). The last two wrap another env.
 *
 * Names are single components ("000012.sst"); no path is ever built from a key. Files are created
 * 0600, folders 0700, opened O_NOFOLLOW | O_CLOEXEC relative to one directory descriptor.
 *
 * Errors: 0 or a negative errno; the implementation leaves a sentence (lsm/base/error.h) that names
 * the file, and the offset where there is one. EINTR and short transfers are dealt with inside. A
 * folder or the like where a file is wanted is -EUCLEAN.
 *
 * Thread rule: env and env_dir, any thread. env_file: reads from any thread; append, sync, allocate
 * and truncate by one thread at a time, except that sync may run beside append (it covers at least
 * what was appended before it began).
 */
#pragma once

#include <errno.h>
#include <stdbool.h>

#include "lsm/base/compiler.h"
#include "lsm/base/slice.h"

enum {
	ENV_HOLDER_MAX = 200, /* longest line that a lock's holder leaves, with the terminator */
	ENV_NAME_MAX = 64,    /* longest name of a store's file, without the terminator */
};

enum env_open_mode {
	ENV_READ,    /* an existing file, for reading */
	ENV_CREATE,  /* a new file, for appending and reading; -EEXIST when there is one */
	ENV_REPLACE, /* a new or emptied file, for appending and reading */
	ENV_REUSE,   /* an existing file as it is; appending overwrites from offset 0 (see
			env_file_seek) */
	/*
	 * As ENV_CREATE, but written past the page cache (O_DIRECT) where the file system lets one.
	 * For a file that is appended to and synced, and nothing else: reads, truncate and seek are
	 * refused (-EBADF), and appends are gathered, so an error of an append may be an earlier
	 * one's and is final.
	 */
	ENV_CREATE_DIRECT,
	/* As ENV_READ for a file that never changes: reads may come through a mapping of it. */
	ENV_MAP,
};

/* What the mode means where there is neither a page cache nor a mapping. */
static inline enum env_open_mode env_plain_mode(enum env_open_mode mode)
{
	if (mode == ENV_CREATE_DIRECT)
		return ENV_CREATE;
	return mode == ENV_MAP ? ENV_READ : mode;
}

struct env;
struct env_dir;
struct env_file;
struct env_lock;

struct env_space {
	uint64_t total_bytes;
	uint64_t free_bytes;      /* in all */
	uint64_t available_bytes; /* of them, to this user */
	uint64_t total_files;
	uint64_t free_files;
	uint32_t block_bytes;
};

struct env_ops {
	/* The folder at a host path; `create` makes it (one level, and syncs the parent) when
	 * absent. */
	int (*open_dir)(struct env *, const char *path, bool create, struct env_dir **ret_dir);
	uint64_t (*real_ns)(struct env *);
	uint64_t (*mono_ns)(struct env *);
	void (*free)(struct env *);
};

struct env_dir_ops {
	int (*open)(struct env_dir *, const char *name, enum env_open_mode,
		    struct env_file **ret_file);
	/* Make creations, renames, links and unlinks so far durable. */
	int (*sync)(struct env_dir *);
	/* Replaces `to`. */
	int (*rename)(struct env_dir *, const char *from, const char *to);
	int (*unlink)(struct env_dir *, const char *name);
	/* A hard link to `name` in another folder of the same env and device. */
	int (*link)(struct env_dir *, const char *name, struct env_dir *to_dir, const char *to);
	/*
	 * Call visit for each entry but "." and "..", in no order; a non-zero answer ends the
	 * listing and is returned. Entries made or removed meanwhile may or may not be seen.
	 */
	int (*list)(struct env_dir *, int (*visit)(void *arg, const char *name), void *arg);
	int (*file_size)(struct env_dir *, const char *name, uint64_t *ret_size);
	/*
	 * Whether the host path is this folder or lies anywhere below it. It need not exist, but
	 * the folder that it would be made in: else -ENOENT.
	 */
	int (*holds_path)(struct env_dir *, const char *path, bool *ret_holds);
	/*
	 * Take the exclusive lock on `name` (created 0600), held by this process until released,
	 * and leave `holder` (one line of text) in it for others. -EWOULDBLOCK when someone has it;
	 * the error sentence then is the holder's line.
	 */
	int (*lock)(struct env_dir *, const char *name, const char *holder,
		    struct env_lock **ret_lock);
	void (*unlock)(struct env_dir *, struct env_lock *);
	int (*space)(struct env_dir *, struct env_space *ret_space);
	void (*close)(struct env_dir *);
};

struct env_file_ops {
	/* Up to len bytes at offset; fewer only at the end of the file. */
	int (*read)(struct env_file *, uint64_t offset, void *into, size_t len, size_t *ret_len);
	/*
	 * Write the parts, in order, at the cursor and move the cursor past them. After an error
	 * any part of the bytes may be in the file and the cursor has not moved.
	 */
	int (*append)(struct env_file *, const struct slice *parts, size_t part_count);
	/* Where the next append goes; at the start 0, for ENV_REUSE too. */
	int (*seek)(struct env_file *, uint64_t offset);
	/* The file's bytes and size are on the disk (fdatasync). Never call it again after it
	 * failed. */
	int (*sync)(struct env_file *);
	/*
	 * The same for a file that another process wrote, which may have met an error of a sync:
	 * pages may look clean that nobody has written. Memory lets go of them, as far as it can,
	 * so that reads from here on see what is on the disk. NULL: sync.
	 */
	int (*resync)(struct env_file *);
	/*
	 * Blocks for [offset, offset + len), size grown to match, zeros; bytes that are there stay.
	 * -ENOSPC early instead of late, and then the file may be longer by zeros but holds what it
	 * held. (On a file system without fallocate: zeros are written behind the end of the file.)
	 */
	int (*allocate)(struct env_file *, uint64_t offset, uint64_t len);
	int (*truncate)(struct env_file *, uint64_t size);
	int (*size)(struct env_file *, uint64_t *ret_size);
	/* A hint that [offset, offset + len) is read soon; 0 len: that reads will be sequential. */
	void (*read_ahead)(struct env_file *, uint64_t offset, uint64_t len);
	/* Unsynced bytes may be lost by a power cut; close itself never fails. */
	void (*close)(struct env_file *);
};

/* What every implementation's object begins with. */
struct env {
	const struct env_ops *ops;
};

struct env_dir {
	const struct env_dir_ops *ops;
	struct env *env; /* borrowed */
};

struct env_file {
	const struct env_file_ops *ops;
};

must_check static inline int env_open_dir(struct env *e, const char *path, bool create,
					  struct env_dir **ret_dir)
{
	return e->ops->open_dir(e, path, create, ret_dir);
}

static inline uint64_t env_real_ns(struct env *e)
{
	return e->ops->real_ns(e);
}

static inline uint64_t env_mono_ns(struct env *e)
{
	return e->ops->mono_ns(e);
}

static inline void env_free(struct env *e)
{
	if (e)
		e->ops->free(e);
}

must_check static inline int env_dir_open(struct env_dir *d, const char *name,
					  enum env_open_mode mode, struct env_file **ret_file)
{
	return d->ops->open(d, name, mode, ret_file);
}

must_check static inline int env_dir_sync(struct env_dir *d)
{
	return d->ops->sync(d);
}

must_check static inline int env_dir_rename(struct env_dir *d, const char *from, const char *to)
{
	return d->ops->rename(d, from, to);
}

must_check static inline int env_dir_unlink(struct env_dir *d, const char *name)
{
	return d->ops->unlink(d, name);
}

must_check static inline int env_dir_link(struct env_dir *d, const char *name,
					  struct env_dir *to_dir, const char *to)
{
	return d->ops->link(d, name, to_dir, to);
}

must_check static inline int env_dir_list(struct env_dir *d,
					  int (*visit)(void *arg, const char *name), void *arg)
{
	return d->ops->list(d, visit, arg);
}

must_check static inline int env_dir_file_size(struct env_dir *d, const char *name,
					       uint64_t *ret_size)
{
	return d->ops->file_size(d, name, ret_size);
}

must_check static inline int env_dir_holds_path(struct env_dir *d, const char *path,
						bool *ret_holds)
{
	return d->ops->holds_path(d, path, ret_holds);
}

must_check static inline int env_dir_lock(struct env_dir *d, const char *name, const char *holder,
					  struct env_lock **ret_lock)
{
	return d->ops->lock(d, name, holder, ret_lock);
}

static inline void env_dir_unlock(struct env_dir *d, struct env_lock *l)
{
	if (l)
		d->ops->unlock(d, l);
}

must_check static inline int env_dir_space(struct env_dir *d, struct env_space *ret_space)
{
	return d->ops->space(d, ret_space);
}

static inline void env_dir_close(struct env_dir *d)
{
	if (d)
		d->ops->close(d);
}

must_check static inline int env_file_read(struct env_file *f, uint64_t offset, void *into,
					   size_t len, size_t *ret_len)
{
	return f->ops->read(f, offset, into, len, ret_len);
}

must_check static inline int env_file_append(struct env_file *f, const struct slice *parts,
					     size_t part_count)
{
	return f->ops->append(f, parts, part_count);
}

must_check static inline int env_file_seek(struct env_file *f, uint64_t offset)
{
	return f->ops->seek(f, offset);
}

must_check static inline int env_file_sync(struct env_file *f)
{
	return f->ops->sync(f);
}

must_check static inline int env_file_resync(struct env_file *f)
{
	return f->ops->resync ? f->ops->resync(f) : f->ops->sync(f);
}

must_check static inline int env_file_allocate(struct env_file *f, uint64_t offset, uint64_t len)
{
	return f->ops->allocate(f, offset, len);
}

must_check static inline int env_file_truncate(struct env_file *f, uint64_t size)
{
	return f->ops->truncate(f, size);
}

must_check static inline int env_file_size(struct env_file *f, uint64_t *ret_size)
{
	return f->ops->size(f, ret_size);
}

static inline void env_file_read_ahead(struct env_file *f, uint64_t offset, uint64_t len)
{
	f->ops->read_ahead(f, offset, len);
}

static inline void env_file_close(struct env_file *f)
{
	if (f)
		f->ops->close(f);
}

/* Exactly len bytes at offset; a file that ends earlier is -EUCLEAN, with a sentence naming `name`.
 */
must_check int env_file_read_exact(struct env_file *f, const char *name, uint64_t offset,
				   void *into, size_t len);

/*
 * As env_file_read_exact for a file on a failing disk: pages that cannot be read (-EIO) become
 * zeros, and *unreadable grows by their bytes. Other errors, the end of the file among them, are
 * answered.
 */
must_check int env_file_read_patchy(struct env_file *f, const char *name, uint64_t offset,
				    void *into, size_t len, uint64_t *unreadable);

/* The whole of a small file into a heap buffer (caller frees); -EFBIG over `limit` bytes. */
must_check int env_dir_read_small(struct env_dir *d, const char *name, size_t limit,
				  uint8_t **ret_bytes, size_t *ret_len);

/*
 * Make `name` hold exactly these bytes, durably and atomically: env_dir_prepare_small, then
 * env_dir_switch_small. After a failure `name` is old or new, whole.
 */
must_check int env_dir_write_small(struct env_dir *d, const char *name, struct slice bytes);

/* Write `name`.tmp and sync it. After a failure nothing has happened: `name` is the old one. */
must_check int env_dir_prepare_small(struct env_dir *d, const char *name, struct slice bytes);
/*
 * Rename `name`.tmp over `name` and sync the folder. -ENOSPC: refused, `name` is the old one. After
 * any other failure nobody knows which of the two a power cut leaves.
 */
must_check int env_dir_switch_small(struct env_dir *d, const char *name);

/* Whether the answer means that the process, or the machine, has no file descriptor left. */
static inline bool env_is_out_of_files(int rc)
{
	return rc == -EMFILE || rc == -ENFILE;
}

/* Whether the answer means that the disk, or this user's part of it, is full. */
static inline bool env_is_full(int rc)
{
	return rc == -ENOSPC || rc == -EDQUOT;
}

static inline void env_file_close_ptr(struct env_file **f)
{
	env_file_close(*f);
}

#define cleanup_file __attribute__((cleanup(env_file_close_ptr)))
