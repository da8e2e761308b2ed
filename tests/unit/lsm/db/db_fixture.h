/*
 * A small store in memory, and short words for what tests do with it.
 */
#pragma once

#include <errno.h>
#include <string.h>

#include "lsm/db/db.h"
#include "lsm/env/env_fault.h"
#include "lsm/env/env_mem.h"
#include "lsm/env/env_record.h"
#include "tests/unit/unit.h"

#define DB_DIR "store"

enum {
	DB_TEXT_MAX = 64,
	DB_ENDLESS = INT32_MAX, /* capacity of a disk */
};

/* Small tables, no sync unasked: a test says itself when something is synced. */
static inline struct lsm_options db_small_options(struct env *env)
{
	struct lsm_options o;

	lsm_options_init(&o);
	o.env = env;
	o.sync_mode = LSM_SYNC_MANUAL;
	o.memtable_bytes = 16 << 10;
	o.block_bytes = 512;
	o.base_level_bytes = 64 << 10;
	o.target_file_bytes = 16 << 10;
	o.cache_bytes = 1 << 20;
	o.cache_shards = 1;
	o.reserve_bytes = 0; /* but where a test is about it */
	return o;
}

static inline struct lsm *db_open_with(const struct lsm_options *options)
{
	struct lsm *db = NULL;
	int err = lsm_open(DB_DIR, options, &db);

	if (err)
		ck_abort_msg("open: %d %s", err, lsm_error_text());
	return db;
}

static inline struct lsm *db_open_small(struct env *env)
{
	struct lsm_options options = db_small_options(env);

	return db_open_with(&options);
}

static inline void db_close(struct lsm *db)
{
	ck_assert_int_eq(lsm_close(db), 0);
}

/* A sync fails, as does all that it still writes; the file loses what it was to sync. */
static inline void db_fail_sync(struct lsm *db, struct env *faulty)
{
	const struct env_fault_plan plan = {
		.sticky = true,
		.writes_only = true,
		.error = -EIO,
		.sync_lost = env_mem_file_lose,
	};

	env_fault_set(faulty, &plan);
	ck_assert_int_eq(lsm_sync(db), -EIO);
	ignore_result(lsm_close(db));
	env_fault_set(faulty, NULL);
}

static inline int db_try_put(struct lsm *db, const char *key, const char *value)
{
	return lsm_put(db, slice_str(key), slice_str(value), NULL);
}

static inline void db_put(struct lsm *db, const char *key, const char *value)
{
	int err = db_try_put(db, key, value);

	if (err)
		ck_abort_msg("put: %d %s", err, lsm_error_text());
}

static inline void db_delete(struct lsm *db, const char *key)
{
	ck_assert_int_eq(lsm_delete(db, slice_str(key), NULL), 0);
}

static inline int db_put_synced(struct lsm *db, const char *key, const char *value)
{
	const struct lsm_write_options options = {.sync = true};

	return lsm_put(db, slice_str(key), slice_str(value), &options);
}

static inline const char *db_key(char text[DB_TEXT_MAX], unsigned n)
{
	(void)snprintf(text, DB_TEXT_MAX, "key%06u", n);
	return text;
}

/*
 * Until the flush thread has made the spare log, or could not: from then on no call of its own is
 * counted by an env_fault, so the first that changes the disk is the caller's.
 */
static inline enum spare_log_state db_await_spare_log(struct lsm *db)
{
	mutex_guard(&db->work_mu);

	while (db->spare_state != SPARE_READY && db->spare_state != SPARE_FAILED)
		cond_wait(&db->work_done, &db->work_mu);
	return db->spare_state;
}

/* Run on a fresh disk each time, with another call to fail, until none does: `run` says whether one
 * did. How often it was run. */
static inline uint64_t db_fail_each_call(bool (*run)(struct env *disk, struct env *faulty,
						     uint64_t call))
{
	uint64_t call = 0;
	bool struck = true;

	for (; struck; call++) {
		struct env *disk = env_mem_new(), *faulty = env_fault_new(disk);

		struck = run(disk, faulty, call);
		env_free(faulty);
		env_free(disk);
	}
	return call;
}

/* Whether the store (as `options` see it) has exactly this value; NULL: nothing. */
static inline bool db_has_at(struct lsm *db, const char *key, const char *value,
			     const struct lsm_read_options *options)
{
	struct lsm_record record;
	int err = lsm_get(db, slice_str(key), options, &record);

	if (err == -ENOENT)
		return !value;
	if (err)
		ck_abort_msg("get %s: %d %s", key, err, lsm_error_text());
	bool same = value && slice_eq(record.value, slice_str(value));
	lsm_record_release(&record);
	return same;
}

static inline bool db_has(struct lsm *db, const char *key, const char *value)
{
	return db_has_at(db, key, value, NULL);
}

/* Keys [from, to) with values of `bytes` bytes that do not compress. */
static inline int db_fill(struct lsm *db, unsigned from, unsigned to, size_t bytes)
{
	char text[DB_TEXT_MAX];
	uint8_t *value = malloc(bytes);
	int err = 0;

	for (unsigned n = from; !err && n < to; n++) {
		uint32_t x = n * 2654435761U + 1;

		for (size_t i = 0; i < bytes; i++) {
			x = x * 1664525U + 1013904223U;
			value[i] = (uint8_t)(x >> 24);
		}
		err = lsm_put(db, slice_str(db_key(text, n)), slice_of(value, bytes), NULL);
	}
	free(value);
	return err;
}

/* "first" was synced, then "lost" was put, and its sync fails: the next opening, with these
 * options, does not believe the memory of the kernel, and what is synced from there on stays. */
static inline void db_check_lost_sync(struct lsm *db, struct env *faulty, struct env *disk,
				      const struct lsm_options *options)
{
	db_fail_sync(db, faulty);
	db = db_open_with(options);
	ck_assert(db_has(db, "first", "1") && db_has(db, "lost", NULL));
	ck_assert_int_eq(db_put_synced(db, "second", "3"), 0);
	db_close(db);
	env_mem_power_cut(disk);
	db = db_open_with(options);
	ck_assert(db_has(db, "first", "1") && db_has(db, "lost", NULL));
	ck_assert(db_has(db, "second", "3"));
	db_close(db);
	env_free(faulty);
	env_free(disk);
}

static inline struct lsm_stats db_stats(struct lsm *db)
{
	struct lsm_stats stats;

	lsm_stats_read(db, &stats);
	return stats;
}

/* Bytes of all files, so the capacity that leaves not one byte free. */
static inline uint64_t db_used_bytes(struct env *env)
{
	struct env_dir *dir;
	struct env_space space;

	env_mem_set_capacity(env, DB_ENDLESS);
	ck_assert_int_eq(env_open_dir(env, DB_DIR, false, &dir), 0);
	ck_assert_int_eq(env_dir_space(dir, &space), 0);
	env_dir_close(dir);
	return DB_ENDLESS - space.free_bytes;
}

static inline void db_fill_disk(struct env *env)
{
	env_mem_set_capacity(env, db_used_bytes(env));
}

/* Of the files whose names end in `suffix` the first by name, and how many there are. */
struct db_found_name {
	const char *suffix;
	char name[ENV_NAME_MAX + 1];
	unsigned count;
};

static inline int db_visit_name(void *arg, const char *name)
{
	struct db_found_name *found = arg;
	size_t len = strlen(name), suffix_len = strlen(found->suffix);

	if (len < suffix_len || strcmp(name + len - suffix_len, found->suffix) != 0)
		return 0;
	/* the lowest, so that the answer does not depend on the order of the listing */
	if (found->count == 0 || strcmp(name, found->name) < 0)
		(void)snprintf(found->name, sizeof(found->name), "%s", name);
	found->count++;
	return 0;
}

static inline struct db_found_name db_find_in(struct env *env, const char *path, const char *suffix)
{
	struct db_found_name found = {.suffix = suffix};
	struct env_dir *dir;

	ck_assert_int_eq(env_open_dir(env, path, false, &dir), 0);
	ck_assert_int_eq(env_dir_list(dir, db_visit_name, &found), 0);
	env_dir_close(dir);
	return found;
}

static inline struct db_found_name db_find(struct env *env, const char *suffix)
{
	return db_find_in(env, DB_DIR, suffix);
}

/* Turn over the bits of the byte at `offset` (from the end when negative) of a file, durably. */
static inline void db_damage(struct env *env, const char *name, int64_t offset)
{
	struct slice bytes;

	ck_assert_int_eq(env_mem_file(env, DB_DIR, name, &bytes), 0);
	uint8_t *copy = malloc(bytes.len);
	size_t at = offset < 0 ? bytes.len - (size_t)-offset : (size_t)offset;

	ck_assert_uint_lt(at, bytes.len);
	memcpy(copy, bytes.ptr, bytes.len);
	copy[at] ^= 0xff;
	ck_assert_int_eq(env_mem_set_file(env, DB_DIR, name, slice_of(copy, bytes.len)), 0);
	free(copy);
}

static inline void db_set_file(struct env *env, const char *name, const char *text)
{
	ck_assert_int_eq(env_mem_set_file(env, DB_DIR, name, slice_str(text)), 0);
}

/* Opening fails with `error` and one line that holds `word`; *ret_db is untouched. */
static inline void db_expect_no_open(const struct lsm_options *options, int error, const char *word)
{
	struct lsm *untouched = (struct lsm *)8, *db = untouched;
	int err = lsm_open(DB_DIR, options, &db);

	ck_assert_int_eq(err, error);
	ck_assert_ptr_eq(db, untouched);
	if (!strstr(lsm_error_text(), word) || strchr(lsm_error_text(), '\n'))
		ck_abort_msg("the sentence is \"%s\", not about %s", lsm_error_text(), word);
}
