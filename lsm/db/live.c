#include "lsm/db/live.h"

#include "lsm/base/error.h"
#include "lsm/db/background.h"
#include "lsm/db/options.h"
#include "lsm/db/sync_timer.h"

#define live_set(live, field, value)                                                               \
	atomic_store_explicit(&(live)->field, value, memory_order_relaxed)

static void take(struct db_live *live, const struct lsm_options *o)
{
	live_set(live, memtable_bytes, o->memtable_bytes);
	live_set(live, memtables_max, o->memtables_max);
	live_set(live, key_max, o->key_max);
	live_set(live, stall_timeout_ms, o->stall_timeout_ms);
	live_set(live, log_record_max, o->log_record_max);
	live_set(live, log_segment_bytes, o->log_segment_bytes);
	live_set(live, sync_mode, o->sync_mode);
	live_set(live, sync_interval_ms, o->sync_interval_ms);
	live_set(live, sync_batch_records, o->sync_batch_records);
	live_set(live, sync_batch_delay_us, o->sync_batch_delay_us);
	live_set(live, large_value_threshold, o->large_value_threshold);
	live_set(live, value_max, o->value_max);
	live_set(live, l0_slowdown, o->l0_slowdown);
	live_set(live, l0_stop, o->l0_stop);
}

void db_live_init(struct lsm *db)
{
	take(&db->live, &db->options);
}

/* The options at open, but for what can change. */
static struct lsm_options merged(const struct lsm *db, const struct lsm_options *wanted)
{
	struct lsm_options o = *wanted;

	o.max_open_tables = db->options.max_open_tables;
	o.compaction_threads = db->options.compaction_threads;
	db_options_fit(&o);
	return o;
}

int lsm_set_options(struct lsm *db, const struct lsm_options *options)
{
	int err = db_options_check(options);

	if (err)
		return err;
	const struct lsm_options o = merged(db, options);
	const struct tree_tuning tuning = {
		.table = db_table_options(&o),
		.picker = db_picker_options(&o),
		.large_value_threshold = o.large_value_threshold,
		.blob_gc_pct = o.blob_gc_pct,
		.compaction_rate = o.compaction_rate,
	};

	mutex_lock(&db->work_mu);
	take(&db->live, &o);
	tree_tune(db->tree, &tuning);
	tree_trust_reads(db->tree, !o.verify_reads);
	cache_set_capacity(db->blocks, o.cache_bytes);
	db->compaction_wanted = true;
	cond_broadcast(&db->work_wanted);
	cond_broadcast(&db->work_done); /* who waits for room may have it now */
	mutex_unlock(&db->work_mu);
	db_sync_timer_wake(db);
	return 0;
}
