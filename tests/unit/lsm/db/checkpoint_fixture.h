/*
 * A history of writes of which every state can be told: write n puts key n, and n as the value of
 * "last", in one batch.
 */
#pragma once

#include "tests/unit/lsm/db/db_fixture.h"

#define COPY_DIR "copy"

static inline int open_at(struct env *env, const char *path, struct lsm **ret_db)
{
	struct lsm_options options = db_small_options(env);

	options.create = false;
	return lsm_open(path, &options, ret_db);
}

static inline struct lsm *must_open_at(struct env *env, const char *path)
{
	struct lsm *db = NULL;
	int err = open_at(env, path, &db);

	if (err)
		ck_abort_msg("open %s: %d %s", path, err, lsm_error_text());
	return db;
}

static inline int history_write(struct lsm *db, unsigned n)
{
	struct lsm_batch *batch = lsm_batch_new();
	struct slice none = slice_of(NULL, 0);
	char key[DB_TEXT_MAX], value[DB_TEXT_MAX];
	int err;

	(void)snprintf(value, sizeof(value), "%u", n);
	err = lsm_batch_put(batch, slice_str(db_key(key, n)), none, slice_str(value));
	if (!err)
		err = lsm_batch_put(batch, slice_str("last"), none, slice_str(value));
	if (!err)
		err = lsm_write(db, batch, NULL, NULL);
	lsm_batch_free(batch);
	return err;
}

/* Writes [from, to). */
static inline void history_extend(struct lsm *db, unsigned from, unsigned to)
{
	for (unsigned n = from; n < to; n++) {
		int err = history_write(db, n);

		if (err)
			ck_abort_msg("write %u: %d %s", n, err, lsm_error_text());
	}
}

/* How many writes the store holds; aborts unless they are the first ones, each whole. */
static inline unsigned history_length(struct lsm *db)
{
	struct lsm_iter *it = NULL;
	unsigned n = 0;
	char text[DB_TEXT_MAX];

	ck_assert_int_eq(lsm_iter_new(db, NULL, &it), 0);
	lsm_iter_first(it);
	for (; lsm_iter_valid(it) && !slice_eq(lsm_iter_record(it)->key, slice_str("last")); n++) {
		ck_assert(slice_eq(lsm_iter_record(it)->key, slice_str(db_key(text, n))));
		lsm_iter_next(it);
	}
	int err = lsm_iter_status(it);

	if (err)
		ck_abort_msg("scan: %d %s", err, lsm_error_text());
	(void)snprintf(text, sizeof(text), "%u", n - 1);
	ck_assert(lsm_iter_valid(it) == (n > 0));
	lsm_iter_free(it);
	ck_assert(db_has(db, "last", n > 0 ? text : NULL));
	return n;
}

/* As history_length of the whole store at path, which is also verified. */
static inline unsigned history_at(struct env *env, const char *path)
{
	struct lsm *db = must_open_at(env, path);
	struct lsm_verify_report report;
	unsigned n = history_length(db);

	ck_assert_int_eq(lsm_verify(db, &report), 0);
	db_close(db);
	return n;
}

/* How many names are in the folder, but for the lock's. */
static inline int count_name(void *arg, const char *name)
{
	unsigned *count = arg;

	*count += strcmp(name, "LOCK") != 0;
	return 0;
}

static inline unsigned names_in(struct env *env, const char *path)
{
	struct env_dir *dir;
	unsigned count = 0;

	if (env_open_dir(env, path, false, &dir))
		return 0;
	ck_assert_int_eq(env_dir_list(dir, count_name, &count), 0);
	env_dir_close(dir);
	return count;
}
