#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/base/error.h"
#include "lsm/env/env_mem.h"
#include "lsm/env/env_mem_impl.h"

struct mem_file {
	struct env_file file;
	/* immutable after mem_file_attach_locked */
	struct mem_env *owner; /* borrowed */
	struct mem_node *node; /* counted in its open_count */
	uint64_t power_cuts;   /* the env's when it was opened */
	bool writable;
	char name[ENV_NAME_MAX + 1];
	/* owned by the appending thread */
	uint64_t cursor;
};

static struct mem_file *mem_file_of(struct env_file *f)
{
	return container_of(f, struct mem_file, file);
}

static int fail_at(int code, const struct mem_file *f, uint64_t offset, const char *what)
{
	return fail(code, "%s: offset %llu: %s: %s", f->name, (unsigned long long)offset, what,
		    strerror(-code));
}

static int check_usable_locked(const struct mem_file *f, bool to_write)
{
	if (f->power_cuts != f->owner->power_cuts)
		return fail(-EIO, "%s: the power was cut since it was opened", f->name);
	if (to_write && !f->writable)
		return fail(-EBADF, "%s: opened for reading only", f->name);
	return 0;
}

static int mem_file_read(struct env_file *file, uint64_t offset, void *into, size_t len,
			 size_t *ret_len)
{
	struct mem_file *f = mem_file_of(file);
	mutex_guard(&f->owner->mu);
	const struct buf *bytes = &f->node->bytes;
	int rc = check_usable_locked(f, false);

	if (rc)
		return rc;
	if (f->node->broken)
		return fail_at(-EIO, f, offset, "read");
	if (offset >= bytes->len)
		len = 0;
	else
		len = min_of(len, bytes->len - (size_t)offset);
	if (len > 0)
		memcpy(into, bytes->ptr + offset, len);
	*ret_len = len;
	return 0;
}

static int mem_file_append(struct env_file *file, const struct slice *parts, size_t part_count)
{
	struct mem_file *f = mem_file_of(file);
	mutex_guard(&f->owner->mu);
	uint64_t at = f->cursor;
	int rc = check_usable_locked(f, true);

	if (rc)
		return rc;
	for (size_t i = 0; i < part_count; i++) {
		rc = mem_node_write(&f->owner->disk, f->node, at, parts[i]);
		if (rc)
			return fail_at(rc, f, at, "write");
		at += parts[i].len;
	}
	f->cursor = at;
	return 0;
}

static int mem_file_seek(struct env_file *file, uint64_t offset)
{
	struct mem_file *f = mem_file_of(file);

	if (offset > INT64_MAX)
		return fail_at(-EINVAL, f, offset, "seek");
	f->cursor = offset;
	return 0;
}

static int sync_locked(struct mem_file *f)
{
	int rc = check_usable_locked(f, false);

	if (rc)
		return rc;
	rc = mem_node_sync(f->node);
	return rc ? fail_at(rc, f, f->node->bytes.len, "sync") : 0;
}

static int mem_file_sync(struct env_file *file)
{
	struct mem_file *f = mem_file_of(file);
	mutex_guard(&f->owner->mu);

	return sync_locked(f);
}

void env_mem_file_lose(struct env_file *file)
{
	struct mem_file *f = mem_file_of(file);
	mutex_guard(&f->owner->mu);

	if (check_usable_locked(f, false) == 0)
		mem_node_lose_dirty(f->node);
}

static int mem_file_resync(struct env_file *file)
{
	struct mem_file *f = mem_file_of(file);
	mutex_guard(&f->owner->mu);
	int rc = sync_locked(f);

	if (!rc)
		mem_node_reread(f->node);
	return rc;
}

static int mem_file_allocate(struct env_file *file, uint64_t offset, uint64_t len)
{
	struct mem_file *f = mem_file_of(file);
	mutex_guard(&f->owner->mu);
	int rc = check_usable_locked(f, true);

	if (rc)
		return rc;
	if (offset > MEM_FILE_MAX || len > MEM_FILE_MAX - offset)
		return fail_at(-EFBIG, f, offset, "allocate");
	if (len > 0 && offset + len > f->node->bytes.len)
		rc = mem_node_resize(&f->owner->disk, f->node, offset + len);
	return rc ? fail_at(rc, f, offset, "allocate") : 0;
}

static int mem_file_truncate(struct env_file *file, uint64_t size)
{
	struct mem_file *f = mem_file_of(file);
	mutex_guard(&f->owner->mu);
	int rc = check_usable_locked(f, true);

	if (rc)
		return rc;
	rc = mem_node_resize(&f->owner->disk, f->node, size);
	return rc ? fail_at(rc, f, size, "truncate") : 0;
}

static int mem_file_size(struct env_file *file, uint64_t *ret_size)
{
	struct mem_file *f = mem_file_of(file);
	mutex_guard(&f->owner->mu);
	int rc = check_usable_locked(f, false);

	if (rc)
		return rc;
	*ret_size = f->node->bytes.len;
	return 0;
}

static void mem_file_read_ahead(struct env_file *file, uint64_t offset, uint64_t len)
{
	(void)file;
	(void)offset;
	(void)len;
}

static void mem_file_close(struct env_file *file)
{
	struct mem_file *f = mem_file_of(file);
	struct mem_env *e = f->owner;

	mutex_lock(&e->mu);
	f->node->open_count--;
	mem_node_settle(&e->disk, f->node);
	mutex_unlock(&e->mu);
	free(f);
}

static const struct env_file_ops mem_file_ops = {
	.read = mem_file_read,
	.append = mem_file_append,
	.seek = mem_file_seek,
	.sync = mem_file_sync,
	.resync = mem_file_resync,
	.allocate = mem_file_allocate,
	.truncate = mem_file_truncate,
	.size = mem_file_size,
	.read_ahead = mem_file_read_ahead,
	.close = mem_file_close,
};

struct mem_file *mem_file_new(struct mem_env *e, const char *name, bool writable)
{
	struct mem_file *f = (struct mem_file *)calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->file.ops = &mem_file_ops;
	f->owner = e;
	f->writable = writable;
	(void)snprintf(f->name, sizeof(f->name), "%s", name);
	return f;
}

struct env_file *mem_file_attach_locked(struct mem_file *f, struct mem_node *node)
{
	mutex_assert_held(&f->owner->mu);
	node->open_count++;
	f->node = node;
	f->power_cuts = f->owner->power_cuts;
	return &f->file;
}
