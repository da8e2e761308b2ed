#include "tests/unit/lsm/db/db_fixture.h"

enum {
	READERS = 3,
	CHECKS = 300,
};

static bool snapshot_has(struct lsm *db, const struct lsm_snapshot *s, const char *key,
			 const char *value)
{
	const struct lsm_read_options options = {.snapshot = s};

	return db_has_at(db, key, value, &options);
}

START_TEST(a_snapshot_survives_flush_compaction_and_deletion)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct lsm_snapshot *empty, *one, *two;

	ck_assert_int_eq(lsm_snapshot_new(db, &empty), 0);
	db_put(db, "k", "1");
	ck_assert_int_eq(lsm_snapshot_new(db, &one), 0);
	db_put(db, "k", "2");
	db_put(db, "only here", "x");
	ck_assert_int_eq(lsm_snapshot_new(db, &two), 0);
	db_delete(db, "k");
	db_delete(db, "only here");
	for (int round = 0; round < 3; round++) {
		ck_assert(snapshot_has(db, empty, "k", NULL));
		ck_assert(snapshot_has(db, one, "k", "1"));
		ck_assert(snapshot_has(db, two, "k", "2"));
		ck_assert(snapshot_has(db, one, "only here", NULL));
		ck_assert(snapshot_has(db, two, "only here", "x"));
		ck_assert(db_has(db, "k", NULL));
		if (round == 0)
			ck_assert_int_eq(lsm_flush(db), 0);
		else
			ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	}
	const struct lsm_read_options at_two = {.snapshot = two};
	ck_assert_int_eq(lsm_prefix_exists(db, slice_str("only"), &at_two), 0);
	ck_assert_int_eq(lsm_prefix_exists(db, slice_str("only"), NULL), -ENOENT);
	ck_assert_uint_eq(lsm_snapshot_seqno(two), 3);
	ck_assert_uint_eq(db_stats(db).snapshots, 3);
	ck_assert_uint_eq(db_stats(db).oldest_snapshot_seqno, lsm_snapshot_seqno(empty));
	lsm_snapshot_release(db, empty);
	ck_assert_uint_eq(db_stats(db).oldest_snapshot_seqno, 1);
	lsm_snapshot_release(db, one);
	lsm_snapshot_release(db, two);
	ck_assert_uint_eq(db_stats(db).snapshots, 0);
	ck_assert_uint_eq(db_stats(db).oldest_snapshot_seqno, 0);
	db_put(db, "z", "z");
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	ck_assert_uint_eq(db_stats(db).table_records, 1);
	db_close(db);
	env_free(env);
}
END_TEST

struct reader {
	struct lsm *db;
	struct thread thread;
	_Atomic unsigned *running;
};

/* Keys a and b always change together: each snapshot has them equal, and keeps them so. */
static void check_snapshots(void *arg)
{
	struct reader *r = arg;

	for (unsigned n = 0; n < CHECKS; n++) {
		struct lsm_snapshot *s;
		uint64_t seqnos[4];

		ck_assert(!lsm_snapshot_new(r->db, &s));
		const struct lsm_read_options options = {.snapshot = s};
		for (int i = 0; i < 4; i++) {
			struct lsm_record record;

			ck_assert(!lsm_get(r->db, slice_str(i % 2 ? "b" : "a"), &options, &record));
			seqnos[i] = record.seqno;
			lsm_record_release(&record);
		}
		ck_assert(seqnos[1] == seqnos[0] + 1);
		ck_assert(seqnos[2] == seqnos[0] && seqnos[3] == seqnos[1]);
		ck_assert(seqnos[1] <= lsm_snapshot_seqno(s));
		lsm_snapshot_release(r->db, s);
	}
	atomic_fetch_sub(r->running, 1);
}

static void put_both(struct lsm *db)
{
	struct lsm_batch *batch = lsm_batch_new();

	ck_assert(!lsm_batch_put(batch, slice_str("a"), slice_of(NULL, 0), slice_str("v")));
	ck_assert(!lsm_batch_put(batch, slice_str("b"), slice_of(NULL, 0), slice_str("v")));
	ck_assert(!lsm_write(db, batch, NULL, NULL));
	lsm_batch_free(batch);
}

START_TEST(snapshots_made_while_jobs_run_lose_nothing)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);

	options.memtable_bytes = 4 << 10;
	options.compaction_threads = 2;
	options.l0_threshold = 2;
	struct lsm *db = db_open_with(&options);
	struct reader readers[READERS] = {{0}};
	_Atomic unsigned running = READERS;

	put_both(db);
	for (unsigned i = 0; i < READERS; i++) {
		readers[i].db = db;
		readers[i].running = &running;
		ck_assert_int_eq(
			thread_start(&readers[i].thread, "reader", check_snapshots, &readers[i]),
			0);
	}
	while (atomic_load(&running) > 0)
		put_both(db);
	for (unsigned i = 0; i < READERS; i++)
		thread_join(&readers[i].thread);
	db_close(db);
	env_free(env);
}
END_TEST

static const TTest *const *const tests[] = {
	&a_snapshot_survives_flush_compaction_and_deletion,
	&snapshots_made_while_jobs_run_lose_nothing,
};

UNIT_SUITE("lsm/db/snapshot", tests)
