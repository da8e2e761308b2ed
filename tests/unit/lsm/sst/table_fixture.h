/*
 * A folder in memory, a block cache and records to build tables from, for the tests of lsm/sst.
 */
#pragma once

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "lsm/base/error.h"
#include "lsm/base/rng.h"
#include "lsm/env/env_mem.h"
#include "lsm/sst/table.h"
#include "lsm/sst/table_builder.h"
#include "tests/unit/unit.h"

enum {
	FIXTURE_TABLE_ID = 77,
	FIXTURE_NUMBER = 1,
};

/* The seed of this run, printed so that a failure can be had again with APEX_SEED. */
static inline uint64_t fixture_seed(void)
{
	const char *text = getenv("APEX_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : (uint64_t)time(NULL);

	printf("APEX_SEED=%llu\n", (unsigned long long)seed);
	(void)fflush(stdout);
	return seed;
}

struct fixture {
	struct env *env;
	struct env_dir *dir;
	struct cache *cache;
	struct table_counters counters;
	struct table_env tables;
};

/* env: from env_mem_new, owned; outer: it, or what wraps it. */
static inline void fixture_init_around(struct fixture *f, struct env *env, struct env *outer,
				       uint64_t cache_bytes)
{
	memset(f, 0, sizeof(*f));
	f->env = env;
	ck_assert_int_eq(env_open_dir(outer, "store", true, &f->dir), 0);
	ck_assert_int_eq(cache_new(cache_bytes, 1, &f->cache), 0);
	f->tables = (struct table_env){
		.dir = f->dir,
		.blocks = f->cache,
		.counters = &f->counters,
	};
}

static inline void fixture_init(struct fixture *f, uint64_t cache_bytes)
{
	struct env *env = env_mem_new();

	ck_assert_ptr_nonnull(env);
	fixture_init_around(f, env, env, cache_bytes);
}

static inline void fixture_done(struct fixture *f)
{
	cache_free(f->cache);
	env_dir_close(f->dir);
	env_free(f->env);
}

static inline struct table_options fixture_options(void)
{
	return (struct table_options){
		.block_size = 4096,
		.restart_interval = 16,
		.codec = SST_LZ4,
		.min_saving_pct = 12,
		.bloom_bits_per_key = 10,
		.filter_separator = '/',
		.value_inline_max = 512,
	};
}

/* Records in record order; each owns its bytes. */
struct rows {
	struct record *recs;
	size_t count;
	size_t cap;
};

static inline struct slice copy_slice(struct slice s)
{
	uint8_t *p = malloc(s.len + 1);

	ck_assert_ptr_nonnull(p);
	if (s.len)
		memcpy(p, s.ptr, s.len);
	return slice_of(p, s.len);
}

static inline void rows_add(struct rows *rows, const struct record *rec)
{
	if (rows->count == rows->cap) {
		rows->cap = 2 * rows->cap + 16;
		rows->recs = realloc(rows->recs, rows->cap * sizeof(*rows->recs));
		ck_assert_ptr_nonnull(rows->recs);
	}

	struct record *copy = &rows->recs[rows->count++];

	*copy = *rec;
	copy->key = copy_slice(rec->key);
	copy->meta = copy_slice(rec->meta);
	copy->value = copy_slice(rec->value);
	copy->value_len = rec->value.len;
}

static inline void rows_add_text(struct rows *rows, const char *key, uint64_t seqno,
				 const char *value)
{
	struct record rec = {
		.key = slice_str(key),
		.seqno = seqno,
		.kind = RECORD_PUT,
		.time_ns = 1000 + seqno,
		.value = slice_str(value),
	};

	rows_add(rows, &rec);
}

static inline void rows_done(struct rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		free((void *)rows->recs[i].key.ptr);
		free((void *)rows->recs[i].meta.ptr);
		free((void *)rows->recs[i].value.ptr);
	}
	free(rows->recs);
	*rows = (struct rows){0};
}

static inline int rows_compare(const void *a, const void *b)
{
	const struct record *x = a;
	const struct record *y = b;

	return record_cmp(x->key, x->seqno, y->key, y->seqno);
}

/* Few different bytes and many short components: long shared prefixes, prefixes of others, ties. */
static inline struct slice random_key(struct rng *rng, uint8_t *room)
{
	static const char letters[] = "ab/\xff";
	size_t len = 1 + rng_below(rng, 24);

	for (size_t i = 0; i < len; i++)
		room[i] = (uint8_t)letters[rng_below(rng, 4)];
	return slice_of(room, len);
}

static inline struct slice random_bytes(struct rng *rng, uint8_t *room, size_t len)
{
	if (rng_below(rng, 2))
		rng_fill(rng, room, len);
	else
		memset(room, (int)rng_below(rng, 256), len);
	return slice_of(room, len);
}

/* count records, sorted, no version twice; some keys have many versions, some values are long. */
static inline void rows_random(struct rows *rows, struct rng *rng, size_t count)
{
	static uint8_t key_room[32], meta_room[64], value_room[4096];
	uint64_t seqno = 1;

	while (rows->count < count) {
		struct slice key = random_key(rng, key_room);
		size_t versions = rng_below(rng, 8) ? 1 : 1 + rng_below(rng, 40);

		for (size_t i = 0; i < versions; i++) {
			size_t value_max = rng_below(rng, 16) ? 100 : sizeof(value_room);
			bool is_put = rng_below(rng, 5) > 0;
			struct record rec = {
				.key = key,
				.seqno = seqno,
				.kind = is_put ? RECORD_PUT : RECORD_DELETE,
				.time_ns = UINT64_C(1700000000000000000) +
					   rng_below(rng, UINT64_C(1) << 40),
			};

			if (is_put) {
				rec.meta = random_bytes(rng, meta_room, rng_below(rng, 3) ? 0 : 30);
				rec.value =
					random_bytes(rng, value_room, rng_below(rng, value_max));
			}
			rows_add(rows, &rec);
			seqno += 1 + rng_below(rng, 3);
		}
	}
	qsort(rows->recs, rows->count, sizeof(*rows->recs), rows_compare);
}

/* Build a table of them in `dir`; 0 or the first error. */
static inline int build_in(struct env_dir *dir, uint64_t number, uint64_t id,
			   const struct table_options *options, const struct rows *rows,
			   uint64_t *ret_size)
{
	char name[ENV_NAME_MAX + 1];
	struct env_file *file;
	struct table_builder *b;
	struct table_summary summary;

	table_file_name(number, name);

	int rc = env_dir_open(dir, name, ENV_REPLACE, &file);

	if (rc)
		return rc;
	rc = table_builder_new(file, name, id, options, &b);
	ck_assert_int_eq(rc, 0);
	for (size_t i = 0; i < rows->count && !rc; i++)
		rc = table_builder_add(b, &rows->recs[i]);
	if (!rc)
		rc = table_builder_finish(b, &summary);
	if (!rc)
		rc = env_file_sync(file);
	if (!rc)
		*ret_size = summary.file_size;
	table_builder_free(b);
	env_file_close(file);
	return rc;
}

/* Build it as table FIXTURE_NUMBER and open it. */
static inline struct table *build_and_open(struct fixture *f, const struct table_options *options,
					   const struct rows *rows)
{
	struct table *t = NULL;
	uint64_t size = 0;

	ck_assert_int_eq(build_in(f->dir, FIXTURE_NUMBER, FIXTURE_TABLE_ID, options, rows, &size),
			 0);
	ck_assert_int_eq(table_open(&f->tables, FIXTURE_NUMBER, size, FIXTURE_TABLE_ID, &t), 0);
	return t;
}

/* A copy of the file of table FIXTURE_NUMBER, to damage. */
static inline struct slice copy_file(struct fixture *f)
{
	char name[ENV_NAME_MAX + 1];
	struct slice bytes;

	table_file_name(FIXTURE_NUMBER, name);
	ck_assert_int_eq(env_mem_file(f->env, "store", name, &bytes), 0);
	return copy_slice(bytes);
}

static inline void replace_file(struct fixture *f, struct slice bytes)
{
	char name[ENV_NAME_MAX + 1];

	table_file_name(FIXTURE_NUMBER, name);
	ck_assert_int_eq(env_mem_set_file(f->env, "store", name, bytes), 0);
}

/* Flip a bit of the file in place: an open table sees it. */
static inline void flip_bit(struct fixture *f, uint64_t offset, unsigned bit)
{
	char name[ENV_NAME_MAX + 1];
	struct env_file *file;
	uint8_t byte = 0;
	struct slice part = slice_of(&byte, 1);

	table_file_name(FIXTURE_NUMBER, name);
	ck_assert_int_eq(env_dir_open(f->dir, name, ENV_REUSE, &file), 0);
	ck_assert_int_eq(env_file_read_exact(file, name, offset, &byte, 1), 0);
	byte = (uint8_t)(byte ^ 1U << bit);
	ck_assert_int_eq(env_file_seek(file, offset), 0);
	ck_assert_int_eq(env_file_append(file, &part, 1), 0);
	env_file_close(file);
}

static inline void assert_slice_eq(struct slice a, struct slice b)
{
	ck_assert(a.len == b.len);
	ck_assert(slice_eq(a, b));
}

/* All but the value. */
static inline void assert_same_head(const struct record *a, const struct record *b)
{
	assert_slice_eq(a->key, b->key);
	ck_assert(a->seqno == b->seqno);
	ck_assert(a->kind == b->kind);
	ck_assert(a->time_ns == b->time_ns);
	assert_slice_eq(a->meta, b->meta);
	ck_assert(a->value_len == b->value_len);
}

/* The first of rows at or after (key, seqno). */
static inline size_t rows_seek(const struct rows *rows, struct slice key, uint64_t seqno)
{
	size_t low = 0;
	size_t high = rows->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct record *rec = &rows->recs[middle];

		if (record_cmp(rec->key, rec->seqno, key, seqno) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
