#include "tests/power/disk.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "lsm/base/compiler.h"
#include "lsm/env/env_mem.h"

enum {
	SECTOR = 512,
};

static int find(const struct disk_name *names, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (strcmp(names[i].name, name) == 0)
			return i;
	return -1;
}

static void set_name(struct disk_name *names, int *count, const struct disk_name *change)
{
	int at = find(names, *count, change->name);

	if (!change->name[0])
		return;
	if (at < 0) {
		assert(*count < DISK_FILES_MAX);
		at = (*count)++;
	}
	names[at] = *change;
}

static struct disk_file *file_of(struct disk *d, const char *name)
{
	int at = find(d->now, d->now_count, name);

	assert(at >= 0 && d->now[at].file >= 0);
	return &d->files[d->now[at].file];
}

static void change_names(struct disk *d, const struct disk_change *change)
{
	assert(d->pending_count < DISK_CHANGES_MAX);
	d->pending[d->pending_count++] = *change;
	set_name(d->now, &d->now_count, &change->first);
	set_name(d->now, &d->now_count, &change->second);
}

static struct disk_name named(const char *name, int file)
{
	struct disk_name n = {.file = file};

	(void)snprintf(n.name, sizeof(n.name), "%s", name);
	return n;
}

static void sync_names(struct disk *d)
{
	memcpy(d->synced, d->now, sizeof(d->now));
	d->synced_count = d->now_count;
	d->pending_count = 0;
}

static void resize(struct buf *b, size_t size)
{
	if (size > b->len) {
		assert(buf_reserve(b, size - b->len) == 0);
		memset(b->ptr + b->len, 0, size - b->len);
	}
	b->len = size;
}

static void write_at(struct buf *b, uint64_t offset, struct slice bytes)
{
	if (offset + bytes.len > b->len)
		resize(b, offset + bytes.len);
	if (bytes.len)
		memcpy(b->ptr + offset, bytes.ptr, bytes.len);
}

static void create(struct disk *d, const char *name)
{
	int at = find(d->now, d->now_count, name);

	if (at >= 0 && d->now[at].file >= 0) {
		buf_clear(&d->files[d->now[at].file].now);
		return;
	}
	assert(d->file_count < DISK_FILES_MAX);
	struct disk_change change = {.first = named(name, d->file_count++)};

	change_names(d, &change);
}

static void rename_file(struct disk *d, const char *from, const char *to)
{
	int at = find(d->now, d->now_count, from);

	assert(at >= 0);
	struct disk_change change = {
		.first = named(to, d->now[at].file),
		.second = named(from, -1),
	};

	change_names(d, &change);
}

void disk_apply(struct disk *d, const struct env_call *call)
{
	struct disk_change removal = {.first = named(call->name, -1)};

	switch (call->kind) {
	case ENV_CALL_CREATE:
		create(d, call->name);
		break;
	case ENV_CALL_APPEND:
		write_at(&file_of(d, call->name)->now, call->offset, call->bytes);
		break;
	case ENV_CALL_SYNC:
		assert(buf_set(&file_of(d, call->name)->synced,
			       buf_slice(&file_of(d, call->name)->now)) == 0);
		break;
	case ENV_CALL_TRUNCATE:
		resize(&file_of(d, call->name)->now, call->offset);
		break;
	case ENV_CALL_ALLOCATE:
		if (call->offset + call->length > file_of(d, call->name)->now.len)
			resize(&file_of(d, call->name)->now, call->offset + call->length);
		break;
	case ENV_CALL_RENAME:
		rename_file(d, call->name, call->to);
		break;
	case ENV_CALL_UNLINK:
		change_names(d, &removal);
		break;
	case ENV_CALL_SYNC_DIR:
		sync_names(d);
		break;
	case ENV_CALL_LINK:
	case ENV_CALL_MARK:
		break;
	}
}

void disk_done(struct disk *d)
{
	for (int i = 0; i < d->file_count; i++) {
		buf_done(&d->files[i].now);
		buf_done(&d->files[i].synced);
	}
}

/* A place at a sector's edge in (from, to). */
static size_t sector_between(size_t from, size_t to, struct rng *rng)
{
	size_t first = from / SECTOR + 1;
	size_t last = to / SECTOR;

	return first <= last ? (first + rng_below(rng, last - first + 1)) * SECTOR : from;
}

/* What the disk has of one file after the cut. */
static void cut_file(const struct disk_file *f, enum disk_tail tail, struct rng *rng,
		     struct buf *ret_bytes)
{
	struct slice now = buf_slice(&f->now), synced = buf_slice(&f->synced);
	size_t same = slice_common(now, synced);

	if (tail == DISK_TAIL_NOTHING || slice_eq(now, synced)) {
		assert(buf_set(ret_bytes, synced) == 0);
		return;
	}
	assert(buf_set(ret_bytes, now) == 0);
	if (tail == DISK_TAIL_ALL || now.len <= same)
		return;
	/* the first sector that differs may hold synced bytes: sectors are written whole, so it is
	 * old or new */
	size_t edge = sector_between(same, now.len, rng);

	if (tail == DISK_TAIL_TORN) {
		/* behind it nothing has changed: where bytes were overwritten, the old ones stand
		 */
		ret_bytes->len = edge;
		if (synced.len > edge)
			write_at(ret_bytes, edge, slice_of(synced.ptr + edge, synced.len - edge));
	} else if (tail == DISK_TAIL_ZEROS) {
		memset(ret_bytes->ptr + edge, 0, now.len - edge);
	} else if (tail == DISK_TAIL_GARBAGE) {
		rng_fill(rng, ret_bytes->ptr + edge, now.len - edge);
	} else {
		size_t end = edge + SECTOR < now.len ? edge + SECTOR : now.len;

		memset(ret_bytes->ptr + edge, 0, end - edge);
	}
}

struct env *disk_cut(const struct disk *d, const char *dir, enum disk_tail tail, struct rng *rng)
{
	struct env *env = env_mem_new();
	struct disk_name names[DISK_FILES_MAX];
	int count = d->synced_count;
	int kept = (int)rng_below(rng, (uint64_t)d->pending_count + 1);
	struct env_dir *made;
	cleanup_buf struct buf bytes = {0};

	assert(env && env_open_dir(env, dir, true, &made) == 0);
	env_dir_close(made);
	memcpy(names, d->synced, sizeof(names));
	for (int i = 0; i < kept; i++) {
		set_name(names, &count, &d->pending[i].first);
		set_name(names, &count, &d->pending[i].second);
	}
	for (int i = 0; i < count; i++) {
		if (names[i].file < 0)
			continue;
		cut_file(&d->files[names[i].file], tail, rng, &bytes);
		assert(env_mem_set_file(env, dir, names[i].name, buf_slice(&bytes)) == 0);
	}
	return env;
}
