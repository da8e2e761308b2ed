#include "tests/power/disk.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "lsm/base/compiler.h"
#include "lsm/env/env_mem.h"

enum {
	SECTOR = 512,
};

/* ---- names ---- */

static int find(const struct disk_names *names, uint32_t folder, const char *name)
{
	for (int i = 0; i < names->count; i++)
		if (names->list[i].folder == folder && strcmp(names->list[i].name, name) == 0)
			return i;
	return -1;
}

static void set_name(struct disk_names *names, const struct disk_name *change)
{
	if (!change->name[0])
		return;
	int at = find(names, change->folder, change->name);

	if (change->file < 0) {
		if (at >= 0)
			names->list[at] = names->list[--names->count];
		return;
	}
	if (at < 0) {
		assert(names->count < DISK_NAMES_MAX);
		at = names->count++;
	}
	names->list[at] = *change;
}

static void set_names(struct disk_names *names, const struct disk_change *change)
{
	set_name(names, &change->second);
	set_name(names, &change->first);
}

static void change_names(struct disk *d, const struct disk_change *change)
{
	assert(d->pending_count < DISK_CHANGES_MAX);
	d->pending[d->pending_count++] = *change;
	set_names(&d->now, change);
}

static struct disk_name named(uint32_t folder, const char *name, int file)
{
	struct disk_name n = {.folder = folder, .file = file};

	(void)snprintf(n.name, sizeof(n.name), "%s", name);
	return n;
}

/* All changes are within one folder. */
static void sync_names(struct disk *d, uint32_t folder)
{
	int left = 0;

	for (int i = 0; i < d->pending_count; i++) {
		if (d->pending[i].first.folder == folder)
			set_names(&d->synced, &d->pending[i]);
		else
			d->pending[left++] = d->pending[i];
	}
	d->pending_count = left;
}

static int file_index(const struct disk *d, uint32_t folder, const char *name)
{
	int at = find(&d->now, folder, name);

	assert(at >= 0);
	return d->now.list[at].file;
}

/* ---- bytes ---- */

static void resize(struct buf *b, size_t size)
{
	if (size > b->len) {
		size_t extra = size - b->len;
		int err = buf_reserve(b, extra);

		assert(!err);
		memset(b->ptr + b->len, 0, extra);
	}
	b->len = size;
}

static void copy(struct buf *into, struct slice bytes)
{
	int err = buf_set(into, bytes);

	assert(!err);
}

static void write_at(struct buf *b, uint64_t offset, struct slice bytes)
{
	if (offset + bytes.len > b->len)
		resize(b, offset + bytes.len);
	if (bytes.len)
		memcpy(b->ptr + offset, bytes.ptr, bytes.len);
}

/* ---- calls ---- */

static void create(struct disk *d, uint32_t folder, const char *name)
{
	int at = find(&d->now, folder, name);

	if (at >= 0) {
		buf_clear(&d->files[d->now.list[at].file].now);
		return;
	}
	assert(d->file_count < DISK_FILES_MAX);
	struct disk_change change = {.first = named(folder, name, d->file_count++)};

	change_names(d, &change);
}

static void move(struct disk *d, const struct env_call *call)
{
	struct disk_change change = {
		.first = named(call->folder, call->to, file_index(d, call->folder, call->name)),
		.second = named(call->folder, call->name, -1),
	};

	change_names(d, &change);
}

static void link_file(struct disk *d, const struct env_call *call)
{
	struct disk_change change = {
		.first = named(call->to_folder, call->to, file_index(d, call->folder, call->name)),
	};

	change_names(d, &change);
}

static void remove_name(struct disk *d, const struct env_call *call)
{
	struct disk_change change = {.first = named(call->folder, call->name, -1)};

	change_names(d, &change);
}

static void apply_to_file(struct disk_file *f, const struct env_call *call)
{
	switch (call->kind) {
	case ENV_CALL_APPEND:
		write_at(&f->now, call->offset, call->bytes);
		break;
	case ENV_CALL_SYNC:
		copy(&f->synced, buf_slice(&f->now));
		break;
	case ENV_CALL_TRUNCATE:
		resize(&f->now, call->offset);
		break;
	default: /* ALLOCATE */
		if (call->offset + call->length > f->now.len)
			resize(&f->now, call->offset + call->length);
		break;
	}
}

void disk_apply(struct disk *d, const struct env_call *call)
{
	switch (call->kind) {
	case ENV_CALL_CREATE:
		create(d, call->folder, call->name);
		break;
	case ENV_CALL_RENAME:
		move(d, call);
		break;
	case ENV_CALL_UNLINK:
		remove_name(d, call);
		break;
	case ENV_CALL_LINK:
		link_file(d, call);
		break;
	case ENV_CALL_SYNC_DIR:
		sync_names(d, call->folder);
		break;
	case ENV_CALL_MARK:
		break;
	case ENV_CALL_SYNC:
		/* A sync of a log may be overtaken by the flush that makes the log superfluous and
		 * removes it; nothing else may touch a file that has gone. */
		if (find(&d->now, call->folder, call->name) >= 0)
			apply_to_file(&d->files[file_index(d, call->folder, call->name)], call);
		break;
	default:
		apply_to_file(&d->files[file_index(d, call->folder, call->name)], call);
		break;
	}
}

struct loading {
	struct disk *disk;
	struct env *env;
	const char *path;
	uint32_t folder;
};

static int load_file(void *arg, const char *name)
{
	struct loading *l = arg;
	struct slice bytes;
	int err = env_mem_file(l->env, l->path, name, &bytes);

	if (err)
		return err;
	assert(l->disk->file_count < DISK_FILES_MAX);
	struct disk_name n = named(l->folder, name, l->disk->file_count++);

	copy(&l->disk->files[n.file].now, bytes);
	copy(&l->disk->files[n.file].synced, bytes);
	set_name(&l->disk->now, &n);
	set_name(&l->disk->synced, &n);
	return 0;
}

void disk_load(struct disk *d, struct env *env, const char *const *folders, size_t folder_count)
{
	for (uint32_t i = 0; i < folder_count; i++) {
		struct loading l = {.disk = d, .env = env, .path = folders[i], .folder = i};
		struct env_dir *dir;

		if (env_open_dir(env, folders[i], false, &dir))
			continue;
		int err = env_dir_list(dir, load_file, &l);

		assert(!err);
		env_dir_close(dir);
	}
}

static void copy_file(struct disk *d, const struct disk *from, int file)
{
	if (file < 0)
		return;
	copy(&d->files[file].now, buf_slice(&from->files[file].now));
	copy(&d->files[file].synced, buf_slice(&from->files[file].synced));
}

void disk_copy(struct disk *d, const struct disk *from)
{
	size_t changes_size = (size_t)from->pending_count * sizeof(from->pending[0]);

	d->now = from->now;
	d->synced = from->synced;
	d->pending_count = from->pending_count;
	memcpy(d->pending, from->pending, changes_size);
	d->file_count = from->file_count;
	/* files that can be found under some name; others are gone for good */
	for (int i = 0; i < d->now.count; i++)
		copy_file(d, from, d->now.list[i].file);
	for (int i = 0; i < d->synced.count; i++)
		copy_file(d, from, d->synced.list[i].file);
	for (int i = 0; i < d->pending_count; i++)
		copy_file(d, from, d->pending[i].first.file);
}

void disk_done(struct disk *d)
{
	for (int i = 0; i < d->file_count; i++) {
		buf_done(&d->files[i].now);
		buf_done(&d->files[i].synced);
	}
}

/* ---- the cut ---- */

/* The sector's bytes in a file that is this long; a part of it may be there. */
static struct slice sector_of(struct slice file, size_t sector)
{
	size_t from = sector * SECTOR;

	if (from >= file.len)
		return slice_of(NULL, 0);
	return slice_of(file.ptr + from, min_of(file.len - from, (size_t)SECTOR));
}

/* Where in the file it is cut. */
struct cutting {
	enum disk_tail tail;
	size_t edge; /* the dirty sector, counted from 0, from which on something is wrong */
	struct rng *rng;
};

/* Whether the dirty sector number i has its new bytes. */
static bool sector_is_new(const struct cutting *c, size_t i)
{
	if (c->tail == DISK_TAIL_HOLE)
		return i != c->edge;
	if (c->tail == DISK_TAIL_MIXED)
		return rng_below(c->rng, 2);
	return i < c->edge;
}

/* Make the sector what it was; out has the new bytes. */
static void undo_sector(struct buf *out, struct slice synced, size_t sector)
{
	struct slice old = sector_of(synced, sector);
	size_t from = sector * SECTOR;
	size_t len = min_of(out->len - from, (size_t)SECTOR);

	memset(out->ptr + from, 0, len);
	if (old.len)
		memcpy(out->ptr + from, old.ptr, min_of(old.len, len));
}

static void spoil_sector(struct buf *out, struct slice synced, size_t sector, size_t i,
			 const struct cutting *c)
{
	size_t from = sector * SECTOR;

	if (from >= out->len)
		return;
	if (c->tail == DISK_TAIL_GARBAGE && i > 0)
		rng_fill(c->rng, out->ptr + from, min_of(out->len - from, (size_t)SECTOR));
	else
		undo_sector(out, synced, sector);
}

/* What the disk has of one file after the cut. */
static void cut_file(const struct disk_file *f, enum disk_tail tail, struct rng *rng,
		     struct buf *ret_bytes)
{
	struct slice now = buf_slice(&f->now), synced = buf_slice(&f->synced);
	size_t sectors = (max_of(now.len, synced.len) + SECTOR - 1) / SECTOR;
	size_t dirty = 0, i = 0;

	copy(ret_bytes, tail == DISK_TAIL_NOTHING ? synced : now);
	for (size_t s = 0; s < sectors; s++)
		dirty += !slice_eq(sector_of(now, s), sector_of(synced, s));
	if (tail == DISK_TAIL_NOTHING || tail == DISK_TAIL_ALL || dirty == 0)
		return;
	struct cutting c = {.tail = tail, .edge = rng_below(rng, dirty), .rng = rng};

	if (now.len < synced.len &&
	    rng_below(rng, 2)) /* the truncation was lost, and with it nothing */
		write_at(ret_bytes, now.len, slice_of(synced.ptr + now.len, synced.len - now.len));
	for (size_t s = 0; s < sectors; s++) {
		if (slice_eq(sector_of(now, s), sector_of(synced, s)))
			continue;
		if (sector_is_new(&c, i++))
			continue;
		if (tail == DISK_TAIL_TORN && ret_bytes->len > synced.len)
			resize(ret_bytes, max_of(s * SECTOR, synced.len));
		spoil_sector(ret_bytes, synced, s, i - 1, &c);
	}
}

/* The names after the cut. */
static void cut_names(const struct disk *d, enum disk_tail tail, struct rng *rng,
		      struct disk_names *ret_names)
{
	/* few of them are lost, or few are kept, or about half */
	uint64_t kept_pct = 10 + 40 * rng_below(rng, 3);

	*ret_names = d->synced;
	for (int i = 0; i < d->pending_count && tail != DISK_TAIL_NOTHING; i++)
		if (tail == DISK_TAIL_ALL || rng_below(rng, 100) < kept_pct)
			set_names(ret_names, &d->pending[i]);
}

static void make_folder(struct env *env, const char *path)
{
	struct env_dir *made;
	int err = env_open_dir(env, path, true, &made);

	assert(!err);
	env_dir_close(made);
}

struct env *disk_cut(const struct disk *d, const char *const *folders, enum disk_tail tail,
		     struct rng *rng)
{
	struct env *env = env_mem_new();
	struct disk_names names;
	cleanup_buf struct buf bytes = {0};
	bool made[DISK_FOLDERS_MAX] = {false};

	assert(env);
	make_folder(env, folders[0]);
	made[0] = true;
	cut_names(d, tail, rng, &names);
	for (int i = 0; i < names.count; i++) {
		const struct disk_name *n = &names.list[i];
		enum disk_tail own = tail;

		if (tail == DISK_TAIL_ANY)
			own = (enum disk_tail)rng_below(rng, DISK_TAIL_COUNT);
		assert(n->folder < DISK_FOLDERS_MAX);
		if (!made[n->folder])
			make_folder(env, folders[n->folder]);
		made[n->folder] = true;
		cut_file(&d->files[n->file], own, rng, &bytes);
		int err = env_mem_set_file(env, folders[n->folder], n->name, buf_slice(&bytes));

		assert(!err);
	}
	return env;
}
