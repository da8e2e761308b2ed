#include <stdio.h>
#include <stdlib.h>

#include "lsm/env/env_fault_impl.h"

enum {
	SECTOR_BYTES = 512,
	GARBAGE = 0xa5, /* xored over a byte: never leaves it right */
};

struct fault_file {
	struct env_file file;
	/* immutable after fault_file_attach */
	struct fault_env *owner; /* borrowed */
	struct env_file *inner;  /* owned */
	char name[ENV_NAME_MAX + 1];
	/* owned by the appending thread */
	uint64_t cursor; /* the inner file's too, but while a failing append is at work */
};

static struct fault_file *fault_file_of(struct env_file *f)
{
	return container_of(f, struct fault_file, file);
}

static int count(struct fault_file *f, enum fault_call call, const char *what)
{
	return fault_env_count(f->owner, call, f->name, what, NULL);
}

static int fault_read(struct env_file *file, uint64_t offset, void *into, size_t len,
		      size_t *ret_len)
{
	struct fault_file *f = fault_file_of(file);
	int rc = count(f, FAULT_READS, "read");

	return rc ? rc : env_file_read(f->inner, offset, into, len, ret_len);
}

static uint64_t total_len(const struct slice *parts, size_t part_count)
{
	uint64_t len = 0;

	for (size_t i = 0; i < part_count; i++)
		len += parts[i].len;
	return len;
}

static void write_garbage(struct fault_file *f, struct slice right)
{
	while (right.len > 0) {
		uint8_t wrong[SECTOR_BYTES];
		size_t len = min_of(right.len, sizeof(wrong));
		struct slice part = slice_of(wrong, len);

		for (size_t i = 0; i < len; i++)
			wrong[i] = right.ptr[i] ^ GARBAGE;
		ignore_result(env_file_append(f->inner, &part, 1)); /* fails in any case */
		right = slice_skip(right, len);
	}
}

/* Write the parts' first `right` bytes as they are; what follows as garbage, or not at all. */
static void write_damaged(struct fault_file *f, const struct slice *parts, size_t part_count,
			  uint64_t right, bool garbage)
{
	for (size_t i = 0; i < part_count; i++) {
		size_t len = (size_t)min_of((uint64_t)parts[i].len, right);
		struct slice good = slice_of(parts[i].ptr, len);

		right -= len;
		if (len > 0)
			ignore_result(env_file_append(f->inner, &good, 1)); /* fails in any case */
		if (garbage && len < parts[i].len)
			write_garbage(f, slice_skip(parts[i], len));
	}
	ignore_result(env_file_seek(f->inner, f->cursor)); /* a failed append leaves the cursor */
}

/* How many bytes come before the sector in which [cursor, cursor + len) ends. */
static uint64_t before_last_sector(uint64_t cursor, uint64_t len)
{
	uint64_t last = (cursor + len - 1) / SECTOR_BYTES * SECTOR_BYTES;

	return last > cursor ? last - cursor : 0;
}

static int fault_append(struct env_file *file, const struct slice *parts, size_t part_count)
{
	struct fault_file *f = fault_file_of(file);
	uint64_t len = total_len(parts, part_count);
	enum env_fault_how how = ENV_FAULT_ERROR;
	int rc = fault_env_count(f->owner, FAULT_WRITES, f->name, "append", &how);

	if (rc && how == ENV_FAULT_SHORT && len > 0)
		write_damaged(f, parts, part_count, len / 2, false);
	if (rc && how == ENV_FAULT_TORN && len > 0)
		write_damaged(f, parts, part_count, before_last_sector(f->cursor, len), true);
	if (rc)
		return rc;
	rc = env_file_append(f->inner, parts, part_count);
	if (!rc)
		f->cursor += len;
	return rc;
}

static int fault_seek(struct env_file *file, uint64_t offset)
{
	struct fault_file *f = fault_file_of(file);
	int rc = count(f, FAULT_READS, "seek");

	if (!rc)
		rc = env_file_seek(f->inner, offset);
	if (!rc)
		f->cursor = offset;
	return rc;
}

static int sync_by(struct env_file *file, int (*sync)(struct env_file *inner))
{
	struct fault_file *f = fault_file_of(file);
	int rc = count(f, FAULT_WRITES, "sync");

	if (!rc)
		return sync(f->inner);
	mutex_lock(&f->owner->mu);
	void (*lost)(struct env_file *) = f->owner->plan.sync_lost;
	mutex_unlock(&f->owner->mu);

	if (lost)
		lost(f->inner);
	return rc;
}

static int fault_sync(struct env_file *file)
{
	return sync_by(file, env_file_sync);
}

static int fault_resync(struct env_file *file)
{
	return sync_by(file, env_file_resync);
}

static int fault_allocate(struct env_file *file, uint64_t offset, uint64_t len)
{
	struct fault_file *f = fault_file_of(file);
	int rc = count(f, FAULT_WRITES, "allocate");

	return rc ? rc : env_file_allocate(f->inner, offset, len);
}

static int fault_truncate(struct env_file *file, uint64_t size)
{
	struct fault_file *f = fault_file_of(file);
	int rc = count(f, FAULT_WRITES, "truncate");

	return rc ? rc : env_file_truncate(f->inner, size);
}

static int fault_size(struct env_file *file, uint64_t *ret_size)
{
	struct fault_file *f = fault_file_of(file);
	int rc = count(f, FAULT_READS, "size");

	return rc ? rc : env_file_size(f->inner, ret_size);
}

static void fault_read_ahead(struct env_file *file, uint64_t offset, uint64_t len)
{
	env_file_read_ahead(fault_file_of(file)->inner, offset, len);
}

static void fault_close(struct env_file *file)
{
	struct fault_file *f = fault_file_of(file);

	env_file_close(f->inner);
	free(f);
}

static const struct env_file_ops fault_file_ops = {
	.read = fault_read,
	.append = fault_append,
	.seek = fault_seek,
	.sync = fault_sync,
	.resync = fault_resync,
	.allocate = fault_allocate,
	.truncate = fault_truncate,
	.size = fault_size,
	.read_ahead = fault_read_ahead,
	.close = fault_close,
};

struct fault_file *fault_file_new(struct fault_env *e, const char *name)
{
	struct fault_file *f = (struct fault_file *)calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->file.ops = &fault_file_ops;
	f->owner = e;
	(void)snprintf(f->name, sizeof(f->name), "%s", name);
	return f;
}

struct env_file *fault_file_attach(struct fault_file *f, struct env_file *inner)
{
	f->inner = inner;
	return &f->file;
}
