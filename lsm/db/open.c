/*
 * Opening and closing: the order in which the parts come up, and go down again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/base/error.h"
#include "lsm/base/log.h"
#include "lsm/db/background.h"
#include "lsm/db/folder.h"
#include "lsm/db/health.h"
#include "lsm/db/live.h"
#include "lsm/db/logs.h"
#include "lsm/db/named_snapshots.h"
#include "lsm/db/options.h"
#include "lsm/db/recover.h"
#include "lsm/db/reserve.h"
#include "lsm/db/second_look.h"
#include "lsm/db/snapshot.h"
#include "lsm/db/spare_log.h"
#include "lsm/db/state.h"
#include "lsm/db/value.h"
#include "lsm/env/env_posix.h"

const char *lsm_error_text(void)
{
	return fail_text();
}

static void init_locks(struct lsm *db)
{
	mutex_init(&db->reserve.mu, RANK_DB_RESERVE);
	mutex_init(&db->sync_mu, RANK_DB_SYNC);
	mutex_init(&db->write_mu, RANK_DB_WRITE);
	mutex_init(&db->work_mu, RANK_DB_WORK);
	mutex_init(&db->timer_mu, RANK_DB_TIMER);
	cond_init(&db->work_wanted);
	cond_init(&db->work_done);
	cond_init(&db->timer_wanted);
	db_snapshots_init(db);
}

static void done_locks(struct lsm *db)
{
	mutex_done(&db->snapshots_mu);
	mutex_done(&db->naming_mu);
	cond_done(&db->timer_wanted);
	cond_done(&db->work_done);
	cond_done(&db->work_wanted);
	mutex_done(&db->timer_mu);
	mutex_done(&db->work_mu);
	mutex_done(&db->write_mu);
	mutex_done(&db->sync_mu);
	mutex_done(&db->reserve.mu);
}

static void free_store(struct lsm *db)
{
	db_background_stop(db);
	if (db->dir)
		(void)db_spare_log_give_back(db); /* the next open does what this cannot */
	db_logs_close(db);
	db_named_snapshots_done(db);
	wal_writer_close(db->spare_log);
	db_folds_free(db->folds);
	if (db->tree) {
		tree_purge(db->tree);
		tree_keep_blobs(db->tree);
	}
	if (db->memtable)
		shared_slot_done(&db->state);
	if (db->tree)
		tree_purge(db->tree); /* tables that only this state held */
	tree_close(db->tree);
	cache_free(db->blocks);
	db_reserve_close(db);
	if (db->dir)
		env_dir_unlock(db->dir, db->lock);
	env_dir_close(db->dir);
	shared_slot_done(&db->health);
	arena_pool_done(&db->pool);
	done_locks(db);
	free(db);
}

static int new_store(const struct lsm_options *options, struct lsm **ret_db)
{
	struct lsm *db = aligned_alloc(_Alignof(struct lsm), sizeof(*db));

	if (!db)
		return -ENOMEM;
	memset(db, 0, sizeof(*db));
	db->options = *options;
	db_options_fit(&db->options);
	db_live_init(db);
	db->env = options->env ? options->env : env_posix();
	if (db_health_start(db)) {
		free(db);
		return -ENOMEM;
	}
	init_locks(db);
	arena_pool_init(&db->pool, db->options.memtable_pool_bytes);
	*ret_db = db;
	return 0;
}

/*
 * Processes that die again and again before their first flush leave a log or more each: before it
 * becomes too many, a flush makes an end of them.
 */
static void drop_recovered_logs(struct lsm *db)
{
	if (atomic_load_explicit(&db->log_files, memory_order_relaxed) <= DB_RECOVERED_LOGS_FLUSH)
		return;
	int err = lsm_flush(db);

	if (err) /* it is tried again in the background */
		log_warn("flush at open failed error=%d reason=\"%s\"", err, fail_text());
}

static int open_once(const char *path, const struct lsm_options *options, struct lsm **ret_db)
{
	struct lsm *db;
	int err = new_store(options, &db);

	if (err)
		return err;
	err = cache_new(options->cache_bytes, options->cache_shards, &db->blocks);
	db->folds = db_folds_new();
	if (!db->folds)
		err = -ENOMEM;
	if (!err)
		err = db_folder_open(db, path);
	if (!err && !options->read_only)
		err = db_reserve_open(db);
	if (!err)
		err = db_recover(db);
	if (!err)
		tree_trust_reads(db->tree, !options->verify_reads);
	if (!err && !options->read_only)
		db_reserve_start(db);
	if (!err && !options->read_only)
		err = db_background_start(db);
	if (!err)
		err = db_settle_damage(db);
	if (err) {
		free_store(db);
		return err;
	}
	if (!options->read_only)
		drop_recovered_logs(db);
	*ret_db = db;
	return 0;
}

static int open_verified(const char *path, const struct lsm_options *options, struct lsm **ret_db)
{
	struct lsm_verify_report report;
	struct lsm *db;
	int err = open_once(path, options, &db);

	if (err)
		return err;
	if (options->verify_on_open)
		err = lsm_verify(db, &report);
	if (!err) {
		*ret_db = db;
		return 0;
	}
	char why[ERROR_TEXT_MAX];

	(void)snprintf(why, sizeof(why), "%s", fail_text());
	free_store(db); /* nobody has written to it */
	return fail(err, "%s", why);
}

static int open_beside_writer(const char *path, const struct lsm_options *options,
			      struct lsm **ret_db)
{
	struct second_look look = {0};
	int err;

	do
		err = open_verified(path, options, ret_db);
	while (err && second_look_wanted(&look, err));
	return err;
}

int lsm_open(const char *path, const struct lsm_options *options, struct lsm **ret_db)
{
	struct lsm_options defaults;

	fail_clear();
	lsm_options_init(&defaults);
	if (!options)
		options = &defaults;
	int err = db_options_check(options);

	if (err)
		return err;
	return options->read_only ? open_beside_writer(path, options, ret_db)
				  : open_verified(path, options, ret_db);
}

int lsm_separator(const struct lsm *db)
{
	return tree_separator(db->tree);
}

static uint64_t unflushed_bytes(struct lsm *db)
{
	struct db_state *state = db_state_acquire(db);
	uint64_t bytes = memtable_bytes(state->memtable);

	for (size_t i = 0; i < state->full_count; i++)
		bytes += memtable_bytes(state->full[i].table);
	db_state_release(state);
	return bytes;
}

/* Leave little to replay, and nothing unsynced. */
static int settle(struct lsm *db)
{
	int err;

	if (db->options.read_only)
		return 0;
	if (unflushed_bytes(db) > DB_CLOSE_FLUSH_BYTES) {
		err = lsm_flush(db);
		if (err) /* the log has it all */
			log_warn("flush at close failed error=%d reason=\"%s\"", err, fail_text());
	}
	db_background_stop(db);
	err = db_logs_finish(db);
	if (err)
		return err;
	/* the mark in the log is at its end, and could be lost with it */
	int noted = tree_note_durable(db->tree, db->last_seqno);

	if (noted) /* everything is durable; only this proof is missing */
		log_warn("close cannot be noted in the manifest error=%d reason=\"%s\"", noted,
			 fail_text());
	return 0;
}

int lsm_close(struct lsm *db)
{
	if (!db)
		return 0;
	int err = settle(db);

	free_store(db);
	return err;
}
