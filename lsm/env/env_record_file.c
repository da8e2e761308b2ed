#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/env/env_record_impl.h"

struct record_file {
	struct env_file file;
	/* immutable after record_file_attach */
	struct record_env *owner; /* borrowed */
	struct env_file *inner;   /* owned */
	uint32_t folder;
	/* guarded by owner->mu */
	struct record_file *prev;
	struct record_file *next;
	char name[ENV_NAME_MAX + 1]; /* as it is now; "" when it has none any more */
	/* owned by the appending thread */
	uint64_t cursor;
};

static struct record_file *record_file_of(struct env_file *f)
{
	return container_of(f, struct record_file, file);
}

static int begin(struct record_file *f, struct record_pending *p, enum env_call_kind kind)
{
	char name[ENV_NAME_MAX + 1];

	mutex_lock(&f->owner->mu);
	memcpy(name, f->name, sizeof(name));
	mutex_unlock(&f->owner->mu);

	int rc = record_log_begin(&f->owner->log, p, kind, name, NULL);

	if (rc)
		return rc;
	p->call.folder = f->folder;
	p->dropped = name[0] == '\0'; /* nobody can reach these bytes by a name */
	return 0;
}

static int end(struct record_file *f, struct record_pending *p, int rc)
{
	return record_log_end(&f->owner->log, p, rc);
}

static int record_read(struct env_file *file, uint64_t offset, void *into, size_t len,
		       size_t *ret_len)
{
	return env_file_read(record_file_of(file)->inner, offset, into, len, ret_len);
}

static int join(const struct slice *parts, size_t part_count, struct slice *ret_joined)
{
	size_t len = 0;
	size_t at = 0;
	uint8_t *joined;

	for (size_t i = 0; i < part_count; i++)
		len += parts[i].len;
	joined = (uint8_t *)malloc(len ? len : 1);
	if (!joined)
		return -ENOMEM;
	for (size_t i = 0; i < part_count; i++) {
		if (parts[i].len > 0)
			memcpy(joined + at, parts[i].ptr, parts[i].len);
		at += parts[i].len;
	}
	*ret_joined = slice_of(joined, len);
	return 0;
}

static int record_append(struct env_file *file, const struct slice *parts, size_t part_count)
{
	struct record_file *f = record_file_of(file);
	struct record_pending p;
	int rc = begin(f, &p, ENV_CALL_APPEND);

	if (rc)
		return rc;
	rc = join(parts, part_count, &p.call.bytes);
	if (!rc)
		rc = env_file_append(f->inner, parts, part_count);
	p.call.offset = f->cursor;
	p.call.length = p.call.bytes.len;
	if (!rc)
		f->cursor += p.call.length;
	return end(f, &p, rc);
}

static int record_seek(struct env_file *file, uint64_t offset)
{
	struct record_file *f = record_file_of(file);
	int rc = env_file_seek(f->inner, offset);

	if (!rc)
		f->cursor = offset;
	return rc;
}

static int record_sync(struct env_file *file)
{
	struct record_file *f = record_file_of(file);
	struct record_pending p;
	int rc = begin(f, &p, ENV_CALL_SYNC);

	return rc ? rc : end(f, &p, env_file_sync(f->inner));
}

static int record_resync(struct env_file *file)
{
	struct record_file *f = record_file_of(file);
	struct record_pending p;
	int rc = begin(f, &p, ENV_CALL_SYNC);

	return rc ? rc : end(f, &p, env_file_resync(f->inner));
}

static int record_allocate(struct env_file *file, uint64_t offset, uint64_t len)
{
	struct record_file *f = record_file_of(file);
	struct record_pending p;
	int rc = begin(f, &p, ENV_CALL_ALLOCATE);

	if (rc)
		return rc;
	p.call.offset = offset;
	p.call.length = len;
	return end(f, &p, env_file_allocate(f->inner, offset, len));
}

static int record_truncate(struct env_file *file, uint64_t size)
{
	struct record_file *f = record_file_of(file);
	struct record_pending p;
	int rc = begin(f, &p, ENV_CALL_TRUNCATE);

	if (rc)
		return rc;
	p.call.offset = size;
	return end(f, &p, env_file_truncate(f->inner, size));
}

static int record_size(struct env_file *file, uint64_t *ret_size)
{
	return env_file_size(record_file_of(file)->inner, ret_size);
}

static void record_read_ahead(struct env_file *file, uint64_t offset, uint64_t len)
{
	env_file_read_ahead(record_file_of(file)->inner, offset, len);
}

static void record_close(struct env_file *file)
{
	struct record_file *f = record_file_of(file);

	mutex_lock(&f->owner->mu);
	if (f->prev)
		f->prev->next = f->next;
	else
		f->owner->files = f->next;
	if (f->next)
		f->next->prev = f->prev;
	mutex_unlock(&f->owner->mu);
	env_file_close(f->inner);
	free(f);
}

static const struct env_file_ops record_file_ops = {
	.read = record_read,
	.append = record_append,
	.seek = record_seek,
	.sync = record_sync,
	.resync = record_resync,
	.allocate = record_allocate,
	.truncate = record_truncate,
	.size = record_size,
	.read_ahead = record_read_ahead,
	.close = record_close,
};

struct record_file *record_file_new(struct record_env *e, uint32_t folder, const char *name)
{
	struct record_file *f = (struct record_file *)calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->file.ops = &record_file_ops;
	f->owner = e;
	f->folder = folder;
	(void)snprintf(f->name, sizeof(f->name), "%s", name);
	return f;
}

struct env_file *record_file_attach(struct record_file *f, struct env_file *inner)
{
	mutex_guard(&f->owner->mu);

	f->inner = inner;
	f->next = f->owner->files;
	if (f->next)
		f->next->prev = f;
	f->owner->files = f;
	return &f->file;
}

void record_file_discard(struct record_file *f)
{
	free(f);
}

void record_files_renamed(struct record_env *e, uint32_t folder, const char *from, const char *to)
{
	mutex_guard(&e->mu);

	for (struct record_file *f = e->files; f; f = f->next) {
		if (f->folder != folder)
			continue;
		if (to && strcmp(f->name, to) == 0)
			f->name[0] = '\0';
		else if (strcmp(f->name, from) == 0)
			(void)snprintf(f->name, sizeof(f->name), "%s", to ? to : "");
	}
}
