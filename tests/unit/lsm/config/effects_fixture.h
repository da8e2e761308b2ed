/*
 * Stores in memory, opened by settings as people write them.
 */
#pragma once

#include "lsm/base/cleanup.h"
#include "lsm/config/engine_options.h"
#include "lsm/config/profile.h"
#include "tests/unit/lsm/config/effects.h"
#include "tests/unit/lsm/db/db_fixture.h"
#include "tests/unit/lsm/db/spy_env.h"

/* What each test sees in its own way may be overridden by it. */
#define EFFECTS_BASE "store.reserve=0 wal.sync_mode=manual cache.shards=1 "

/* The options that these settings, separated by blanks, come to. */
static inline struct lsm_options effects_options(struct env *env, const char *settings)
{
	struct lsm_options o;
	struct config *c = NULL;
	char copy[512];

	(void)snprintf(copy, sizeof(copy), "%s%s", EFFECTS_BASE, settings);
	ck_assert_int_eq(config_new(engine_options, engine_options_count, &c), 0);
	for (char *rest = copy, *item; (item = strsep(&rest, " "));) {
		if (*item && config_set(c, item))
			ck_abort_msg("%s", fail_text());
	}
	/* apexfs's own, of which profiles name some */
	static const char *const foreign[] = {"fuse", NULL};

	config_set_foreign(c, foreign);
	config_take_profile(c);
	lsm_options_init(&o);
	engine_options_apply(c, &o);
	o.env = env;
	config_free(c);
	return o;
}

static inline struct lsm *effects_open(struct env *env, const char *settings)
{
	struct lsm_options o = effects_options(env, settings);

	return db_open_with(&o);
}

static inline int effects_try_open(struct env *env, const char *settings)
{
	struct lsm_options o = effects_options(env, settings);
	struct lsm *db;
	int err = lsm_open(DB_DIR, &o, &db);

	if (!err)
		db_close(db);
	return err;
}

/* n keys with values of `bytes` zeros. */
static inline void effects_fill_zeros(struct lsm *db, unsigned n, size_t bytes)
{
	cleanup_free uint8_t *zeros = calloc(1, bytes);
	char text[DB_TEXT_MAX];

	for (unsigned i = 0; i < n; i++)
		ck_assert(lsm_put(db, slice_str(db_key(text, i)), slice_of(zeros, bytes), NULL) ==
			  0);
}

/* Read each of n keys. */
static inline void effects_read(struct lsm *db, unsigned n)
{
	char text[DB_TEXT_MAX];

	for (unsigned i = 0; i < n; i++) {
		struct lsm_record record;

		ck_assert(lsm_get(db, slice_str(db_key(text, i)), NULL, &record) == 0);
		lsm_record_release(&record);
	}
}

static inline void effects_flush(struct lsm *db)
{
	ck_assert_msg(lsm_flush(db) == 0, "%s", lsm_error_text());
}

static inline void effects_compact(struct lsm *db)
{
	ck_assert_msg(lsm_compact(db, slice_str(""), slice_str("")) == 0, "%s", lsm_error_text());
}

/* Until compaction has nothing to do. */
static inline void effects_await_rest(struct lsm *db)
{
	for (bool wanted = true; wanted; sched_yield()) {
		struct lsm_stats s = db_stats(db);

		wanted = s.full_memtables > 0;
		for (int level = 0; level < LSM_LEVELS; level++)
			wanted |= s.levels[level].score >= 1;
	}
}

#define EFFECTS_TEST(option, test) &test,
