#include "tests/rot/rot_store.h"

#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lsm/base/coding.h"
#include "lsm/base/error.h"
#include "lsm/base/rng.h"
#include "lsm/env/env_mem.h"
#include "lsm/tree/file_name.h"
#include "lsm/tree/manifest.h"
#include "lsm/wal/wal_reader.h"
#include "tests/rot/rot_chunks.h"
#include "tests/rot/rot_large.h"

/*
 * The memory's own calls, but while tables are refused none can be made: so a full memtable stays,
 * and with it its log. While logs are refused, no spare one is made either.
 */
static struct {
	struct env_ops env;
	struct env_dir_ops dir;
	const struct env_ops *real_env;
	const struct env_dir_ops *real_dir;
	bool no_tables, no_logs;
} gate;

static bool is_refused(const char *name)
{
	switch (file_name_parse(name).kind) {
	case FILE_TABLE:
		return gate.no_tables;
	case FILE_LOG:
		return gate.no_logs;
	default:
		return false;
	}
}

static int gate_open(struct env_dir *d, const char *name, enum env_open_mode mode,
		     struct env_file **ret_file)
{
	if (mode == ENV_CREATE && is_refused(name))
		return fail(-EIO, "%s: the test refuses to make it", name);
	return gate.real_dir->open(d, name, mode, ret_file);
}

static int gate_open_dir(struct env *e, const char *path, bool create, struct env_dir **ret_dir)
{
	int err = gate.real_env->open_dir(e, path, create, ret_dir);

	if (err)
		return err;
	gate.real_dir = (*ret_dir)->ops;
	gate.dir = *gate.real_dir;
	gate.dir.open = gate_open;
	(*ret_dir)->ops = &gate.dir;
	return 0;
}

static void gate_put_before(struct env *e)
{
	gate.real_env = e->ops;
	gate.env = *gate.real_env;
	gate.env.open_dir = gate_open_dir;
	e->ops = &gate.env;
}

struct lsm_options rot_options(struct env *env)
{
	struct lsm_options o;

	lsm_options_init(&o);
	o.reserve_bytes = 512;
	o.env = env;
	o.sync_mode = LSM_SYNC_MANUAL;
	o.memtable_bytes = 4 << 10;
	o.memtables_max = 4;
	o.block_bytes = 512;
	o.restart_interval = 4;
	o.value_inline_max = 300;
	o.large_value_threshold = 1024;
	o.chunk_bytes = 4096;
	o.blob_file_bytes = 64 << 10;
	o.filter_separator = '/';
	o.cache_bytes = 0;
	o.cache_shards = 1;
	o.compaction_threads = 0;
	o.l0_threshold = 1;
	o.base_level_bytes = 8 << 10;
	o.target_file_bytes = 4 << 10;
	return o;
}

const char *rot_ending_name(enum rot_ending ending)
{
	static const char *const names[ROT_ENDINGS] = {"closed", "killed", "killed, unsynced",
						       "killed, newest log new"};

	return names[ending];
}

struct slice rot_key(int key)
{
	static char texts[ROT_KEYS][32];

	if (!texts[key][0])
		(void)snprintf(texts[key], sizeof(texts[key]), "folder%d/key%02d", key % 3, key);
	return slice_str(texts[key]);
}

/* Short, long and compressible, noise, or long enough for a block of its own. */
static void make_value(struct buf *value, int key, uint32_t n)
{
	char head[32];
	int len = snprintf(head, sizeof(head), "%d by %u ", key, n);
	size_t more = (n + (uint32_t)key) % 11 == 0 ? 400 : n * 37 % 130;

	assert(buf_set(value, slice_of(head, (size_t)len)) == 0);
	assert(buf_reserve(value, more) == 0);
	if (n % 3 == 0) {
		struct rng noise;

		rng_seed(&noise, (uint64_t)key << 32 | n);
		rng_fill(&noise, value->ptr + len, more);
	} else {
		memset(value->ptr + len, 'a' + (int)(n % 26), more);
	}
	value->len += more;
}

struct slice rot_value(const struct rot_store *s, int key, uint32_t n)
{
	if (key >= ROT_SMALL_KEYS)
		return rot_large_value(s, key, n);

	struct buf *value = &s->values[n * ROT_SMALL_KEYS + (uint32_t)key];

	if (value->len == 0)
		make_value(value, key, n);
	return buf_slice(value);
}

uint32_t rot_value_change(const struct rot_store *s, int key, struct slice value)
{
	char head[32] = "", *end;

	if (key >= ROT_SMALL_KEYS)
		return rot_large_change(s, key, value);
	memcpy(head, value.ptr, min_of(value.len, sizeof(head) - 1));
	if (strtol(head, &end, 10) != key || strncmp(end, " by ", 4) != 0)
		return 0;
	unsigned long n = strtoul(end + 4, NULL, 10);

	if (n == 0 || n > s->changes)
		return 0;
	return slice_eq(value, rot_value(s, key, (uint32_t)n)) ? (uint32_t)n : 0;
}

/* ---- making the history ---- */

enum {
	LARGE_EVERY = 4, /* changes have a large value in them */
};

struct maker {
	struct rot_store *store;
	struct lsm *db;
	struct rng rng;
};

static void change_key(struct maker *m, struct lsm_batch *batch, uint32_t n)
{
	int key = (int)rng_below(&m->rng, ROT_SMALL_KEYS);
	uint32_t *by = &m->store->after[n].by[key];

	if (rng_below(&m->rng, 5) == 0) {
		assert(lsm_batch_delete(batch, rot_key(key)) == 0);
		*by = 0;
		return;
	}
	assert(lsm_batch_put(batch, rot_key(key), slice_str("m"), rot_value(m->store, key, n)) ==
	       0);
	*by = n;
}

static void make_changes(struct maker *m, unsigned count)
{
	struct rot_store *s = m->store;
	struct lsm_batch *batch = lsm_batch_new();
	struct lsm_commit commit;

	for (; count > 0; count--) {
		uint32_t n = ++s->changes;

		assert(n <= ROT_CHANGES_MAX);
		s->after[n] = s->after[n - 1];
		lsm_batch_clear(batch);
		for (uint64_t left = 1 + rng_below(&m->rng, 3); left > 0; left--)
			change_key(m, batch, n);
		if (rng_below(&m->rng, LARGE_EVERY) == 0)
			rot_change_large(s, m->db, batch, &m->rng, n);
		assert(lsm_write(m->db, batch, NULL, &commit) == 0);
		s->last_seqno[n] = commit.seqno;
	}
	lsm_batch_free(batch);
}

static void reopen(struct maker *m, unsigned compaction_threads)
{
	struct lsm_options options = rot_options(m->store->env);

	options.compaction_threads = compaction_threads;
	assert(lsm_close(m->db) == 0);
	assert(lsm_open(ROT_DIR, &options, &m->db) == 0);
}

/* Bring level 0 one level down, not all the way, as a background compaction does. */
static void settle(struct maker *m)
{
	struct lsm_stats stats;

	reopen(m, 1);
	do {
		sched_yield();
		lsm_stats_read(m->db, &stats);
	} while (stats.levels[0].files > 0);
	reopen(m, 0);
}

static enum rot_kind kind_of(const char *name)
{
	switch (file_name_parse(name).kind) {
	case FILE_LOG:
		return ROT_LOG;
	case FILE_TABLE:
		return ROT_TABLE;
	case FILE_BLOB:
		return ROT_BLOB;
	case FILE_MANIFEST:
		return ROT_MANIFEST;
	default:
		return strcmp(name, "CURRENT") == 0 ? ROT_CURRENT : ROT_ASIDE;
	}
}

struct listing {
	struct rot_file *files;
	size_t count, limit;
};

static int list_file(void *arg, const char *name)
{
	struct listing *l = arg;

	assert(l->count < l->limit);
	struct rot_file *f = &l->files[l->count++];

	(void)snprintf(f->name, sizeof(f->name), "%s", name);
	f->kind = kind_of(name);
	return 0;
}

/* Append the store's files as they are now. */
static void copy_files(struct env *env, struct listing *l)
{
	struct env_dir *dir;
	size_t first = l->count;

	assert(env_open_dir(env, ROT_DIR, false, &dir) == 0);
	assert(env_dir_list(dir, list_file, l) == 0);
	env_dir_close(dir);
	for (size_t i = first; i < l->count; i++) {
		struct slice bytes;

		assert(env_mem_file(env, ROT_DIR, l->files[i].name, &bytes) == 0);
		assert(buf_set(&l->files[i].bytes, bytes) == 0);
	}
}

/* Keep what manifest, CURRENT and logs are like now. */
static void keep_stale(struct maker *m)
{
	struct rot_store *s = m->store;
	struct listing l = {s->stale, s->stale_count, array_size(s->stale)};
	size_t kept = s->stale_count;

	copy_files(s->env, &l);
	for (size_t i = s->stale_count; i < l.count; i++) {
		struct rot_file file = s->stale[i];

		s->stale[i] = (struct rot_file){0};
		if (file.kind == ROT_ASIDE || file.kind >= ROT_TABLE)
			buf_done(&file.bytes);
		else
			s->stale[kept++] = file;
	}
	s->stale_count = kept;
}

/* Several levels, several tables, tombstones, and a manifest with several edits. */
static void make_tables(struct maker *m)
{
	make_changes(m, 36);
	assert(lsm_compact(m->db, slice_str(""), slice_str("")) == 0);
	make_changes(m, 14);
	settle(m);
	keep_stale(m);
	make_changes(m, 8);
	assert(lsm_flush(m->db) == 0);
	make_changes(m, 5);
	assert(lsm_flush(m->db) == 0);
	keep_stale(m);
}

static uint64_t full_memtables(struct lsm *db)
{
	struct lsm_stats stats;

	lsm_stats_read(db, &stats);
	return stats.full_memtables;
}

static int count_log(void *arg, const char *name)
{
	*(uint64_t *)arg += file_name_parse(name).kind == FILE_LOG;
	return 0;
}

/* The spare log is made in the background; it is a file that holds no changes yet. */
static void wait_for_spare_log(struct maker *m)
{
	struct env_dir *dir;
	struct lsm_stats stats;
	uint64_t files;

	assert(env_open_dir(m->store->env, ROT_DIR, false, &dir) == 0);
	do {
		sched_yield();
		files = 0;
		assert(env_dir_list(dir, count_log, &files) == 0);
		lsm_stats_read(m->db, &stats);
	} while (files <= stats.log_files);
	env_dir_close(dir);
}

/* An older log that no table holds, and a newer one. */
static void make_two_logs(struct maker *m, bool sync_newer)
{
	gate.no_tables = true;
	make_changes(m, 4);
	assert(lsm_sync(m->db) == 0);
	keep_stale(m);
	while (full_memtables(m->db) == 0)
		make_changes(m, 1);
	if (m->store->ending == ROT_KILLED_NEW) {
		/* the next spare log is the manifest's last edit; use it, and let no other follow
		 */
		wait_for_spare_log(m);
		gate.no_logs = true;
		while (full_memtables(m->db) == 1)
			make_changes(m, 1);
	}
	make_changes(m, 4);
	if (sync_newer)
		assert(lsm_sync(m->db) == 0);
	make_changes(m, 4);
}

static void end_process(struct maker *m)
{
	struct rot_store *s = m->store;
	struct env *left;

	switch (s->ending) {
	case ROT_CLOSED:
		make_changes(m, 6);
		keep_stale(m);
		reopen(m, 0);
		make_changes(m, 6);
		assert(lsm_close(m->db) == 0);
		left = env_mem_clone(s->env);
		break;
	default:
		wait_for_spare_log(m);
		make_two_logs(m, s->ending != ROT_KILLED_UNSYNCED);
		left = env_mem_clone(s->env);
		gate.no_tables = gate.no_logs = false;
		assert(lsm_close(m->db) == 0);
		break;
	}
	assert(left);
	env_free(s->env);
	s->env = left;
}

/* ---- what the files hold ---- */

static void scan_log(struct rot_store *s, struct env_dir *dir, size_t file)
{
	struct wal_reader *reader;
	struct wal_record rec;

	assert(wal_reader_open(dir, file_name_parse(s->files[file].name).number, &reader) == 0);
	for (uint64_t offset = wal_reader_offset(reader); wal_reader_next(reader, &rec) == 0;
	     offset = wal_reader_offset(reader)) {
		assert(s->record_count < ROT_RECORDS_MAX);
		s->records[s->record_count++] = (struct rot_record){
			.file = file,
			.offset = offset,
			.end = wal_reader_offset(reader),
			.first_seqno = rec.first_seqno,
			.last_seqno = rec.first_seqno + max_of(rec.count, 1U) - 1,
			.durable_seqno = rec.durable_seqno,
		};
	}
	wal_reader_close(reader);
}

static void scan_manifest(struct rot_store *s, size_t file)
{
	cleanup_manifest_state struct manifest_state state = {0};
	struct slice bytes = buf_slice(&s->files[file].bytes);
	uint64_t offset = MANIFEST_HEADER_SIZE;

	assert(manifest_replay(s->files[file].name, bytes, &state) == 0);
	s->noted_durable = state.durable_seqno;
	for (size_t i = 0; i < s->file_count; i++) {
		struct file_name name = file_name_parse(s->files[i].name);

		s->files[i].is_stray =
			name.kind == FILE_LOG && !number_list_has(&state.logs, name.number);
	}
	while (offset < state.valid_bytes) {
		uint64_t end =
			offset + MANIFEST_EDIT_HEADER_SIZE + fixed32_get(bytes.ptr + offset + 4);

		assert(s->edit_count < ROT_RECORDS_MAX);
		s->edits[s->edit_count++] =
			(struct rot_record){.file = file, .offset = offset, .end = end};
		offset = end;
	}
}

static int compare_files(const void *a, const void *b)
{
	const struct rot_file *x = a, *y = b;

	return x->kind != y->kind ? (int)x->kind - (int)y->kind : strcmp(x->name, y->name);
}

static void scan_store(struct rot_store *s)
{
	struct listing l = {s->files, 0, ROT_FILES_MAX};
	struct env_dir *dir;

	copy_files(s->env, &l);
	s->file_count = l.count;
	qsort(s->files, s->file_count, sizeof(s->files[0]), compare_files);
	assert(env_open_dir(s->env, ROT_DIR, false, &dir) == 0);
	for (size_t i = 0; i < s->file_count; i++) {
		if (s->files[i].kind == ROT_LOG)
			scan_log(s, dir, i);
		else if (s->files[i].kind == ROT_MANIFEST)
			scan_manifest(s, i);
	}
	env_dir_close(dir);
	rot_list_chunks(s);
}

struct rot_store *rot_store_new(uint64_t seed, enum rot_ending ending)
{
	struct rot_store *s = calloc(1, sizeof(*s));
	struct maker m = {.store = s};

	assert(s);
	s->seed = seed;
	s->ending = ending;
	s->env = env_mem_new();
	s->values = calloc((ROT_CHANGES_MAX + 1) * ROT_SMALL_KEYS, sizeof(*s->values));
	assert(s->env && s->values);
	env_mem_set_clock(s->env, UINT64_C(1700000000000000000));
	gate_put_before(s->env);
	rng_seed(&m.rng, seed * ROT_ENDINGS + ending);

	struct lsm_options options = rot_options(s->env);

	assert(lsm_open(ROT_DIR, &options, &m.db) == 0);
	make_tables(&m);
	end_process(&m);
	scan_store(s);
	return s;
}

void rot_store_free(struct rot_store *s)
{
	for (size_t i = 0; i < s->file_count; i++)
		buf_done(&s->files[i].bytes);
	for (size_t i = 0; i < s->stale_count; i++)
		buf_done(&s->stale[i].bytes);
	for (size_t i = 0; i < s->large_count; i++)
		buf_done(&s->large[i].bytes);
	for (size_t i = 0; i < (ROT_CHANGES_MAX + 1) * ROT_SMALL_KEYS; i++)
		buf_done(&s->values[i]);
	free(s->values);
	env_free(s->env);
	free(s);
}
