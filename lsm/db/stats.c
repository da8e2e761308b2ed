/*
 * Statistics are pulled: each module counts its own, and this collects.
 */
#include <stdio.h>
#include <string.h>

#include "lsm/base/error.h"
#include "lsm/db/counters.h"
#include "lsm/db/health.h"
#include "lsm/db/live.h"
#include "lsm/db/state.h"

/* Acquire: pairs with the release of tally_add, and keeps these loads in their order. */
static uint64_t load(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_acquire);
}

static void read_memtables(const struct db_state *state, struct lsm_stats *s)
{
	s->memtable_records = memtable_count(state->memtable);
	s->memtable_bytes = memtable_bytes(state->memtable);
	s->full_memtables = state->full_count;
	for (size_t i = 0; i < state->full_count; i++) {
		s->full_memtable_records += memtable_count(state->full[i].table);
		s->full_memtable_bytes += memtable_bytes(state->full[i].table);
	}
}

static void read_tree(struct lsm *db, const struct db_state *state, struct lsm_stats *s)
{
	struct tree_stats tree = {0};

	tree_stats_read(db->tree, state->version, &tree);
	for (int i = 0; i < LSM_LEVELS; i++) {
		s->levels[i] = (struct lsm_level_stats){
			.files = tree.levels[i].files,
			.runs = tree.levels[i].runs,
			.bytes = tree.levels[i].bytes,
			.entries = tree.levels[i].entries,
			.tombstones = tree.levels[i].tombstones,
			.score = tree.levels[i].score,
			.read_bytes = tree.levels[i].read_bytes,
			.written_bytes = tree.levels[i].written_bytes,
			.jobs = tree.levels[i].jobs,
		};
		s->table_files += tree.levels[i].files;
		s->table_bytes += tree.levels[i].bytes;
		s->table_records += tree.levels[i].entries;
	}
	s->flushes = tree.flushes;
	s->flush_bytes = tree.flush_bytes;
	s->compactions = tree.compactions;
	s->compaction_read_bytes = tree.compaction_read_bytes;
	s->compaction_written_bytes = tree.compaction_written_bytes;
	s->compaction_paced_ns = tree.paced_ns;
	s->trivial_moves = tree.trivial_moves;
	s->compaction_debt_bytes = tree.debt_bytes;
	s->open_tables = tree.open_tables;
	s->table_memory_bytes = tree.table_memory_bytes;
	s->blob_live_bytes = tree.blob_live_bytes;
	s->blob_moved_bytes = tree.blob_moved_bytes;
	s->manifest_bytes = tree.manifest_bytes;
}

static void read_table_counters(struct lsm *db, struct lsm_stats *s)
{
	const struct table_counters *c = tree_table_counters(db->tree);

	s->blocks_read = load(&c->blocks_read);
	s->block_bytes_read = load(&c->bytes_read);
	s->filter_checks = load(&c->filter_checks);
	s->filter_negatives = load(&c->filter_negatives);
	s->filter_false_positives = load(&c->filter_false_positives);
	s->table_checksum_errors = load(&c->checksum_errors);
}

static void read_cache(struct lsm *db, struct lsm_stats *s)
{
	struct cache_stats cache;

	cache_stats_read(db->blocks, &cache);
	s->cache_capacity_bytes = cache.capacity;
	s->cache_bytes = cache.charge;
	s->cache_blocks = cache.entries;
	s->cache_hits = cache.hits;
	s->cache_misses = cache.misses;
	s->cache_evictions = cache.evictions;
}

static void read_blobs(struct lsm *db, struct lsm_stats *s)
{
	struct blob_stats blobs;

	blob_store_stats(tree_blobs(db->tree), &blobs);
	s->blob_files = blobs.files;
	s->blob_bytes = blobs.bytes;
	s->blob_written_bytes = blobs.written_bytes;
	s->blob_read_bytes = blobs.read_bytes;
	s->blob_checksum_errors = blobs.checksum_errors;
}

/* Effects before their causes: each thread counts the cause first. gets_found: those missed, so
 * far.
 */
static void read_shard(const struct db_counters *c, struct lsm_stats *s)
{
	s->gets_found += load(&c->gets_missed);
	s->user_read_bytes += load(&c->read_bytes);
	s->patches += load(&c->patches);
	s->user_written_bytes += load(&c->written_bytes);
	s->records_written += load(&c->records_written);
	s->iterators += load(&c->iterators);
	for (int op = 0; op < LSM_OP_COUNT; op++)
		s->ops[op].count += load(&c->ops[op]);
}

static void read_callers(const struct lsm *db, struct lsm_stats *s)
{
	for (int op = 0; op < LSM_OP_COUNT; op++) {
		histogram_summarise(&db->ops[op], &s->ops[op]);
		/* the others are not all timed, and counted elsewhere */
		if (op != LSM_OP_SYNC && op != LSM_OP_FLUSH && op != LSM_OP_COMPACT)
			s->ops[op].count = 0;
	}
	for (size_t i = 0; i < TALLY_SLOTS; i++)
		read_shard(&db->counters[i], s);
	s->gets = s->ops[LSM_OP_GET].count;
	s->gets_found = s->gets - s->gets_found;
	s->writes = s->ops[LSM_OP_PUT].count + s->ops[LSM_OP_DELETE].count +
		    s->ops[LSM_OP_PATCH].count + s->ops[LSM_OP_BATCH].count;
	s->checkpoints = load(&db->checkpoints);
}

static void read_stalls(const struct lsm *db, struct lsm_stats *s)
{
	for (int reason = 0; reason < LSM_STALL_COUNT; reason++) {
		s->stalls_ns[reason] = load(&db->stalls_ns[reason]);
		s->stalls[reason] = load(&db->stalls[reason]);
		s->stall_ns += s->stalls_ns[reason];
		if (reason == LSM_STALL_LEVEL0_SLOW)
			s->stall_slow += s->stalls[reason];
		else
			s->stall_stop += s->stalls[reason];
	}
	s->stalled_writers = load(&db->stalled_writers);
}

static void read_log(const struct lsm *db, struct lsm_stats *s)
{
	/* in this order, so that none is ahead of one that it follows */
	s->flushed_seqno = load(&db->flushed_seqno);
	s->durable_seqno = max_of(load(&db->durable_seqno), s->flushed_seqno);
	s->last_seqno = load(&db->visible_seqno);
	s->log_files = load(&db->log_files);
	s->log_bytes = load(&db->log_bytes);
	s->log_written_bytes = load(&db->log_written_bytes);
	s->log_syncs = load(&db->log_syncs);
	s->recovered_records = db->recovered_records;
	s->recovered_bytes = db->recovered_bytes;
	s->recovery_torn_bytes = db->recovery_torn_bytes;
	s->recovery_damaged = db->recovery_damaged;
	s->recovery_ns = db->recovery_ns;
}

static void read_disk(struct lsm *db, struct lsm_stats *s)
{
	struct lsm_space space;

	if (lsm_space(db, &space) == 0) {
		s->disk_free_bytes = space.available_bytes;
		s->disk_total_bytes = space.total_bytes;
	}
	s->reserve_bytes = load(&db->reserve.held_bytes);
}

/* What has failed besides stands behind it. */
static void read_frozen(struct lsm_stats *s)
{
	char why[sizeof(s->health_text)];

	if (s->health == LSM_HEALTH_READ_ONLY)
		return;
	memcpy(why, s->health_text, sizeof(why));
	(void)snprintf(s->health_text, sizeof(s->health_text), "%s%s%.200s", DB_FROZEN_TEXT,
		       why[0] ? "; " : "", why);
	s->health = LSM_HEALTH_READ_ONLY;
}

static void read_health(struct lsm *db, struct lsm_stats *s)
{
	s->flush_failures = load(&db->job_failures[DB_JOB_FLUSH]);
	s->compaction_failures = load(&db->job_failures[DB_JOB_COMPACTION]);
	s->health = db_health_read(db, s->health_text);
	if (lsm_is_frozen(db))
		read_frozen(s);
	s->compaction_paused = lsm_compaction_is_paused(db);
	s->takes_no_writes = db->options.read_only || s->health == LSM_HEALTH_READ_ONLY;
}

/* Of what was read before, so that they agree. */
static void add_up(struct lsm_stats *s)
{
	s->checksum_errors = s->table_checksum_errors + s->blob_checksum_errors;
	s->memory_bytes =
		s->memtable_bytes + s->full_memtable_bytes + s->cache_bytes + s->table_memory_bytes;
	s->used_bytes = s->table_bytes + s->blob_bytes + s->log_bytes + s->manifest_bytes +
			s->reserve_bytes;
}

void lsm_stats_read(struct lsm *db, struct lsm_stats *ret_stats)
{
	struct lsm_stats *s = ret_stats;
	struct db_state *state = db_state_acquire(db);

	*s = (struct lsm_stats){.memtable_max_bytes = db_live_get(db, memtable_bytes)};
	read_memtables(state, s);
	read_tree(db, state, s);
	db_state_release(state);
	read_table_counters(db, s);
	read_blobs(db, s);
	read_cache(db, s);
	read_callers(db, s);
	read_stalls(db, s);
	read_log(db, s);
	s->snapshots = load(&db->snapshot_count);
	s->oldest_snapshot_seqno = load(&db->oldest_snapshot);
	s->named_snapshots = load(&db->named_count);
	s->compactions_running = load(&db->compactions_running);
	read_disk(db, s);
	read_health(db, s);
	add_up(s);
}

int lsm_space(struct lsm *db, struct lsm_space *ret_space)
{
	struct env_space space;
	int err = env_dir_space(db->dir, &space);

	if (err)
		return err;
	*ret_space = (struct lsm_space){
		.total_bytes = space.total_bytes,
		.free_bytes = space.free_bytes,
		.available_bytes = space.available_bytes,
		.total_files = space.total_files,
		.free_files = space.free_files,
		.block_bytes = space.block_bytes,
	};
	return 0;
}

const char *lsm_op_name(enum lsm_op op)
{
	static const char *const names[LSM_OP_COUNT] = {
		[LSM_OP_GET] = "get",       [LSM_OP_STAT] = "stat",       [LSM_OP_PUT] = "put",
		[LSM_OP_DELETE] = "delete", [LSM_OP_PATCH] = "patch",     [LSM_OP_BATCH] = "batch",
		[LSM_OP_SEEK] = "seek",     [LSM_OP_ITERATE] = "iterate", [LSM_OP_SYNC] = "sync",
		[LSM_OP_FLUSH] = "flush",   [LSM_OP_COMPACT] = "compact",
	};

	return op < LSM_OP_COUNT ? names[op] : "unknown";
}

const char *lsm_stall_name(enum lsm_stall stall)
{
	static const char *const names[LSM_STALL_COUNT] = {
		[LSM_STALL_LEVEL0_SLOW] = "level0_slow",
		[LSM_STALL_LEVEL0_STOP] = "level0_stop",
		[LSM_STALL_MEMTABLES] = "memtables",
	};

	return stall < LSM_STALL_COUNT ? names[stall] : "unknown";
}

const char *lsm_health_name(enum lsm_health health)
{
	static const char *const names[] = {
		[LSM_HEALTH_OK] = "ok",
		[LSM_HEALTH_DEGRADED] = "degraded",
		[LSM_HEALTH_READ_ONLY] = "read_only",
	};

	return (size_t)health < array_size(names) ? names[health] : "unknown";
}
