/*
 * A tree in a folder, with a memtable in front of it and a model beside it that remembers every
 * change ever made.
 */
#pragma once

#include "lsm/base/cleanup.h"
#include "lsm/blob/value_writer.h"
#include "lsm/mem/memtable.h"
#include "lsm/tree/blob_use.h"
#include "lsm/tree/file_name.h"
#include "lsm/tree/merge.h"
#include "lsm/tree/tree.h"
#include "tests/unit/lsm/tree/tree_fixture.h"

enum {
	STORE_KEYS = 120,
	STORE_CHANGES = 20000,
	STORE_SNAPSHOTS = 8,
	STORE_VALUE_MAX = 400,
	STORE_ITERS = 64,
	STORE_CHUNK = 64,
	STORE_WRITERS = 2,
};

#define STORE_ID UINT64_C(0x0123456789abcdef)

/* Values of STORE_VALUE_MAX bytes are large ones, in the blob files of the tree opened last. */
static bool store_large;
static struct blob_store *store_blobs; /* borrowed; NULL: they stand in the records */

/* Change number i has seqno i + 1. */
struct change {
	unsigned key;
	bool is_put;
};

struct model {
	struct change changes[STORE_CHANGES];
	uint64_t count;
	uint64_t snapshots[STORE_SNAPSHOTS + 1]; /* ascending */
	size_t snapshot_count;
};

struct store {
	struct env *env; /* borrowed */
	struct env_dir *dir;
	struct cache *blocks;
	struct tree *tree;
	struct memtable *memtable;
	struct tree_recovery found;
	uint64_t log; /* the newest, in use */
	enum picker_strategy strategy;
	unsigned runs_max;
};

static inline struct tree_options store_options(struct store *s)
{
	return (struct tree_options){
		.env = s->env,
		.dir = s->dir,
		.blocks = s->blocks,
		.max_open_tables = 8,
		.table = {.block_size = 256,
			  .restart_interval = 4,
			  .codec = SST_STORED,
			  .bloom_bits_per_key = 10,
			  .filter_separator = '/',
			  .value_inline_max = 100},
		.picker = {.strategy = s->strategy,
			   .runs_max = s->runs_max,
			   .l0_threshold = 2,
			   .size_ratio = 3,
			   .base_level_bytes = 6000,
			   .target_file_bytes = 2000},
		.blob = {.chunk_bytes = STORE_CHUNK,
			 .file_bytes = 20 * STORE_CHUNK,
			 .max_open = 4,
			 .writers = STORE_WRITERS},
		.blob_gc_pct = 50,
		.manifest_roll_bytes = 8 << 20,
	};
}

/*
 * Open folder and tree, not the log, with the strategy that s names. 0 or the error, and then
 * nothing is left open.
 */
must_check static inline int store_try_open_as(struct store *s, struct env *env, bool read_only)
{
	*s = (struct store){.env = env, .strategy = s->strategy, .runs_max = s->runs_max};
	int err = env_open_dir(env, FIXTURE_DIR, true, &s->dir);

	if (!err)
		err = cache_new(20000, 1, &s->blocks);
	struct tree_options options = store_options(s);
	options.read_only = read_only;
	if (!err)
		err = tree_open(&options, &s->found, &s->tree);
	if (!err)
		err = memtable_new(&s->memtable);
	store_blobs = !err && store_large ? tree_blobs(s->tree) : NULL;
	if (store_blobs && !read_only) {
		tree_release_found_blobs(s->tree);
		tree_purge(s->tree);
	}
	if (err) {
		cache_free(s->blocks);
		env_dir_close(s->dir);
		*s = (struct store){0};
	}
	return err;
}

must_check static inline int store_try_open(struct store *s, struct env *env, bool read_only)
{
	*s = (struct store){.strategy = PICKER_LEVELED};
	return store_try_open_as(s, env, read_only);
}

static inline void store_close(struct store *s)
{
	memtable_unref(s->memtable);
	tree_close(s->tree);
	cache_free(s->blocks);
	env_dir_close(s->dir);
	free(s->found.logs);
	*s = (struct store){0};
}

static inline void store_open(struct store *s, struct env *env)
{
	int err = store_try_open(s, env, false);

	ck_assert_msg(err == 0, "%d: %s", err, fail_text());
}

static inline void store_open_as(struct store *s, struct env *env, enum picker_strategy strategy,
				 unsigned runs_max)
{
	*s = (struct store){.strategy = strategy, .runs_max = runs_max};
	int err = store_try_open_as(s, env, false);

	ck_assert_msg(err == 0, "%d: %s", err, fail_text());
}

static inline void store_create_as(struct store *s, struct env *env, enum picker_strategy strategy,
				   unsigned runs_max)
{
	struct env_dir *dir;

	ck_assert_int_eq(env_open_dir(env, FIXTURE_DIR, true, &dir), 0);
	ck_assert_int_eq(tree_create(dir, STORE_ID), 0);
	env_dir_close(dir);
	store_open_as(s, env, strategy, runs_max);
}

static inline void store_create(struct store *s, struct env *env)
{
	store_create_as(s, env, PICKER_LEVELED, 0);
}

/* Make a log's file (its content is none of the tree's business) and tell the tree. */
must_check static inline int store_add_log(struct store *s)
{
	uint64_t number = tree_new_file_number(s->tree);
	char name[ENV_NAME_MAX + 1];
	struct env_file *file;

	file_name_make(FILE_LOG, number, name);
	int err = env_dir_open(s->dir, name, ENV_CREATE, &file);
	if (err)
		return err;
	err = env_file_sync(file);
	env_file_close(file);
	if (!err)
		err = env_dir_sync(s->dir);
	if (!err)
		err = tree_add_log(s->tree, number);
	if (!err)
		s->log = number;
	return err;
}

static inline const char *store_key(unsigned key, char *space)
{
	(void)sprintf(space, "f%02u/k%03u", key % 7, key);
	return space;
}

/* A value of a length and content that its seqno decides. */
static inline struct slice store_value(uint64_t seqno, char *space)
{
	size_t len = seqno % 9 == 0 ? STORE_VALUE_MAX : seqno * 7 % 60;

	memset(space, 'a' + (int)(seqno % 26), len);
	return slice_of(space, len);
}

static inline void store_release_file(void *file)
{
	blob_file_unref(file);
}

/* The memtable holds the files from now on. */
static inline void store_keep_files(struct memtable *memtable, const struct blob_refs *refs)
{
	for (size_t i = 0; i < refs->count; i++) {
		const struct pin pin = {.release = store_release_file,
					.owner = blob_file_ref(refs->refs[i].file)};

		ck_assert(memtable_keep(memtable, pin) == 0);
	}
}

/* As chunks. False: the disk did not take them. */
static inline bool store_put_large(struct memtable *memtable, struct batch *b, struct slice key,
				   struct slice value)
{
	struct value_writer w = {.blobs = store_blobs, .lane = key.ptr[key.len - 1]};
	struct buf meta = {0};
	bool written = value_writer_bytes(&w, 0, value) == 0;

	if (written) {
		ck_assert(value_meta_append(&meta, value.len, slice_str("meta")) == 0);
		const struct record rec = {.key = key,
					   .kind = RECORD_LARGE,
					   .meta = buf_slice(&meta),
					   .value = buf_slice(&w.extents),
					   .value_len = w.extents.len};
		ck_assert(batch_add(b, &rec) == 0);
		store_keep_files(memtable, &w.refs);
	}
	buf_done(&meta);
	value_writer_done(&w);
	return written;
}

static inline void store_put(struct memtable *memtable, struct batch *b, struct slice key,
			     struct slice value)
{
	if (store_blobs && value.len == STORE_VALUE_MAX && store_put_large(memtable, b, key, value))
		return;
	ck_assert(batch_put(b, key, slice_str("meta"), value) == 0);
}

/* One more change, into the model and the memtable (NULL: the model only). */
static inline void store_change(struct model *m, struct memtable *memtable, unsigned key,
				bool is_put)
{
	char key_space[32], value_space[STORE_VALUE_MAX];
	struct batch b = {0};

	ck_assert(m->count < STORE_CHANGES);
	m->changes[m->count++] = (struct change){key, is_put};
	if (!memtable)
		return;
	struct slice name = slice_str(store_key(key, key_space));
	if (is_put)
		store_put(memtable, &b, name, store_value(m->count, value_space));
	else
		ck_assert(batch_delete(&b, name) == 0);
	ck_assert(memtable_reserve(memtable, b.memory_bytes, b.count) == 0);
	memtable_apply(memtable, buf_slice(&b.rep), m->count, 1000 + m->count);
	batch_done(&b);
}

static inline void store_random_changes(struct store *s, struct model *m, struct rng *r,
					unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		store_change(m, s->memtable, (unsigned)rng_below(r, STORE_KEYS), rng_below(r, 3));
}

static inline void store_random_snapshots(struct model *m, struct rng *r)
{
	if (m->snapshot_count > 0 && rng_below(r, 3) == 0) {
		size_t at = rng_below(r, m->snapshot_count);

		m->snapshot_count--;
		memmove(&m->snapshots[at], &m->snapshots[at + 1],
			(m->snapshot_count - at) * sizeof(m->snapshots[0]));
	}
	if (m->snapshot_count < STORE_SNAPSHOTS && rng_below(r, 2) &&
	    (m->snapshot_count == 0 || m->snapshots[m->snapshot_count - 1] < m->count))
		m->snapshots[m->snapshot_count++] = m->count;
}

/* A range of keys, often open at its end. */
static inline void store_random_range(struct rng *r, char from[32], char to[32])
{
	store_key((unsigned)rng_below(r, STORE_KEYS), from);
	store_key((unsigned)rng_below(r, STORE_KEYS), to);
	if (strcmp(from, to) > 0)
		to[0] = '\0';
}

/* Flush the memtable and begin another; the log before the newest is then needed no more. */
must_check static inline int store_flush(struct store *s, const struct model *m)
{
	struct iter *source;
	struct memtable *fresh;

	ck_assert(memtable_iter(s->memtable, &source) == 0);
	const struct tree_flush_job job = {
		.source = source,
		.flushed_seqno = m->count,
		.keep_log = s->log,
		.snapshots = m->snapshots,
		.snapshot_count = m->snapshot_count,
	};
	int err = tree_flush(s->tree, &job);

	iter_free(source);
	if (err)
		return err;
	ck_assert(memtable_new(&fresh) == 0);
	memtable_unref(s->memtable);
	s->memtable = fresh;
	return 0;
}

must_check static inline int store_run(struct store *s, const struct model *m,
				       struct compaction_job *job)
{
	const struct tree_compact_limits limits = {.snapshots = m->snapshots,
						   .snapshot_count = m->snapshot_count};

	return tree_compact(s->tree, job, &limits);
}

/* Compactions until none is wanted. */
must_check static inline int store_compact(struct store *s, const struct model *m)
{
	struct compaction_job job;
	int err;

	while ((err = tree_pick(s->tree, &job)) == 0) {
		err = store_run(s, m, &job);
		if (err)
			return err;
	}
	return err == -ENOENT ? 0 : err;
}

must_check static inline int store_compact_range(struct store *s, const struct model *m,
						 const char *from, const char *to)
{
	struct compaction_job job;

	for (int level = 0; level < TREE_LEVELS; level++) {
		int err = tree_pick_range(s->tree, level, slice_str(from), slice_str(to), &job);

		if (err == -ENOENT)
			continue;
		if (!err)
			err = store_run(s, m, &job);
		if (err)
			return err;
	}
	return 0;
}

/* The seqno of the put that a reader at `seqno` sees; 0: the key is not there. */
static inline uint64_t model_get(const struct model *m, unsigned key, uint64_t seqno)
{
	for (uint64_t i = min_of(seqno, m->count); i > 0; i--) {
		if (m->changes[i - 1].key == key)
			return m->changes[i - 1].is_put ? i : 0;
	}
	return 0;
}

/* A put or a large value, as change number seqno made it. */
static inline void expect_value(struct tree *t, const struct record *rec, uint64_t seqno)
{
	char value_space[STORE_VALUE_MAX], read[STORE_VALUE_MAX + 1];
	struct slice expected = store_value(seqno, value_space);
	struct value_view view = {.extents = rec->value};
	const struct value_range range = {.into = read, .len = sizeof(read)};
	struct slice meta;
	size_t len = 0;

	if (rec->kind == RECORD_PUT) {
		ck_assert(slice_eq(rec->value, expected));
		ck_assert(slice_eq(rec->meta, slice_str("meta")));
		return;
	}
	ck_assert(rec->kind == RECORD_LARGE);
	ck_assert(value_meta_take(rec->meta, &view.size, &meta) == 0);
	ck_assert(slice_eq(meta, slice_str("meta")));
	int err = value_view_read(&view, tree_blobs(t), &range, &len);
	ck_assert_msg(err == 0, "%d: %s", err, fail_text());
	ck_assert(slice_eq(slice_of(read, len), expected));
}

static inline void expect_get(struct tree *t, const struct version *v, const struct model *m,
			      unsigned key, uint64_t seqno)
{
	char key_space[32];
	struct table_hit hit;
	uint64_t expected = model_get(m, key, seqno);
	int err = tree_get(t, v, slice_str(store_key(key, key_space)), seqno, &hit);

	if (err) {
		ck_assert_msg(err == -ENOENT, "%d: %s", err, fail_text());
		ck_assert(expected == 0);
		return;
	}
	if (hit.rec.kind == RECORD_DELETE) {
		ck_assert(expected == 0);
	} else {
		ck_assert(hit.rec.seqno == expected);
		ck_assert(table_hit_value(&hit) == 0);
		expect_value(t, &hit.rec, expected);
		ck_assert(hit.rec.time_ns == 1000 + expected);
	}
	table_hit_done(&hit);
}

static inline struct iter *store_iter(struct tree *t, struct version *v, const char *prefix)
{
	/* as many as there are: on a busy machine level 0 grows while compaction waits for its turn
	 */
	cleanup_free struct iter **sources = calloc(tree_iter_count(v) + 1, sizeof(struct iter *));
	struct iter *merged;
	size_t count = 0;

	ck_assert(sources);
	ck_assert(tree_iters(t, v, &(struct tree_scan){.prefix = slice_str(prefix)}, sources,
			     &count) == 0);
	ck_assert(merge_iter_new(sources, count, &merged) == 0);
	return merged;
}

static inline unsigned key_number(struct slice key)
{
	ck_assert(key.len == 8);
	return (unsigned)atoi(
		(const char[]){(char)key.ptr[5], (char)key.ptr[6], (char)key.ptr[7], '\0'});
}

/*
 * Every version of the store is one that was written, in order; what a reader at seqno sees of it
 * is what the model says.
 */
static inline void expect_scan(struct tree *t, struct version *v, const struct model *m,
			       uint64_t seqno)
{
	struct iter *it = store_iter(t, v, "");
	unsigned last = STORE_KEYS;
	size_t visible = 0, expected = 0;

	for (iter_first(it); iter_valid(it); iter_next(it)) {
		unsigned key = key_number(it->rec.key);

		ck_assert(it->rec.seqno >= 1 && it->rec.seqno <= m->count);
		ck_assert(m->changes[it->rec.seqno - 1].key == key);
		if (it->rec.seqno > seqno || key == last)
			continue;
		last = key;
		if (it->rec.kind == RECORD_DELETE)
			continue;
		ck_assert(model_get(m, key, seqno) == it->rec.seqno);
		struct record rec = it->rec;
		ck_assert(iter_value(it, &rec.value) == 0);
		expect_value(t, &rec, rec.seqno);
		visible++;
	}
	ck_assert_int_eq(iter_status(it), 0);
	for (unsigned key = 0; key < STORE_KEYS; key++)
		expected += model_get(m, key, seqno) != 0;
	ck_assert_uint_eq(visible, expected);
	iter_free(it);
}

/* All that has been flushed is there, for every snapshot and the newest reader. */
static inline void expect_model(struct store *s, const struct model *m)
{
	struct version *v = tree_current(s->tree);

	version_check(v);
	for (size_t i = 0; i <= m->snapshot_count; i++) {
		uint64_t seqno = i < m->snapshot_count ? m->snapshots[i] : RECORD_SEQNO_MAX;

		for (unsigned key = 0; key < STORE_KEYS; key++)
			expect_get(s->tree, v, m, key, seqno);
		expect_scan(s->tree, v, m, seqno);
	}
	version_unref(v);
}

static inline void expect_verified(struct store *s)
{
	struct version *v = tree_current(s->tree);
	struct long_work work = {0};
	uint64_t tables = 0;
	int err = tree_verify(s->tree, v, &work, &tables);

	ck_assert_msg(err == 0, "%d: %s", err, fail_text());
	version_unref(v);
}

struct folder_count {
	unsigned tables, logs, blobs, manifests, others;
};

static inline int folder_count_visit(void *arg, const char *name)
{
	struct folder_count *c = arg;

	switch (file_name_parse(name).kind) {
	case FILE_TABLE:
		c->tables++;
		break;
	case FILE_LOG:
		c->logs++;
		break;
	case FILE_BLOB:
		c->blobs++;
		break;
	case FILE_MANIFEST:
		c->manifests++;
		break;
	case FILE_LEFTOVER:
	case FILE_UNKNOWN:
		c->others++;
		break;
	}
	return 0;
}

static inline struct folder_count store_folder(struct store *s)
{
	struct folder_count c = {0};

	ck_assert_int_eq(env_dir_list(s->dir, folder_count_visit, &c), 0);
	return c;
}

static inline unsigned version_tables(const struct version *v)
{
	unsigned count = 0;

	for (int level = 0; level < TREE_LEVELS; level++)
		count += (unsigned)v->levels[level].count;
	return count;
}

/* The folder holds CURRENT and what the tree needs, and nothing else. */
static inline void expect_no_orphans(struct store *s)
{
	struct version *v = tree_current(s->tree);
	struct folder_count c = store_folder(s);

	ck_assert_uint_eq(c.tables, version_tables(v));
	ck_assert_uint_eq(c.manifests, 1);
	ck_assert_uint_eq(c.others, 1);
	/* The memtable has nothing: what no table names is still being appended to, if anything. */
	struct blob_use use = {0};
	ck_assert_int_eq(blob_use_note_version(&use, v), 0);
	ck_assert_uint_ge(c.blobs, use.count);
	ck_assert_uint_le(c.blobs, use.count + STORE_WRITERS);
	blob_use_done(&use);
	version_unref(v);
}
