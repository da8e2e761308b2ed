/*
 * Large values and patches through the whole engine: in memory, in tables, in snapshots, iterators,
 * copies, checkpoints.
 */
#include <poll.h>

#include "tests/unit/lsm/db/gate.h"
#include "tests/unit/lsm/db/large_fixture.h"

#define PATIENCE_NS UINT64_C(20000000000)

/* What the background does without being asked; false when it did not. */
static bool shrinks_below(struct lsm *db, uint64_t blob_bytes)
{
	uint64_t start = clock_mono_ns();

	while (db_stats(db).blob_bytes >= blob_bytes) {
		if (clock_mono_ns() - start > PATIENCE_NS)
			return false;
		(void)poll(NULL, 0, 1);
	}
	return true;
}

START_TEST(a_large_value_reads_as_it_was_put)
{
	struct env *env = env_mem_new();
	struct lsm *db = open_large(env);
	uint8_t *bytes = noise(BIG, 1);

	ck_assert_int_eq(lsm_put(db, slice_str("big"), slice_of(bytes, BIG), NULL), 0);
	expect_value(db, "big", bytes, BIG);
	ck_assert_int_eq(lsm_flush(db), 0);
	expect_value(db, "big", bytes, BIG);
	ck_assert_uint_gt(db_stats(db).blob_files, 1);
	ck_assert_uint_lt(db_stats(db).table_bytes, 8000);
	db_close(db);
	db = open_large(env);
	expect_value(db, "big", bytes, BIG);
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	expect_value(db, "big", bytes, BIG);
	struct lsm_verify_report report;

	ck_assert_int_eq(lsm_verify(db, &report), 0);
	ck_assert_uint_gt(report.bytes, BIG);
	/* deleted, compacted: the files go */
	db_delete(db, "big");
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	db_close(db);
	db = open_large(env);
	ck_assert_uint_eq(db_stats(db).blob_files, 0);
	ck_assert_uint_eq(db_find(env, ".blob").count, 0);
	db_close(db);
	env_free(env);
	free(bytes);
}
END_TEST

/* Sizes around the threshold and across it, over every kind of base, flushed or not. */
START_TEST(patches_change_a_part)
{
	for (int flushes = 0; flushes < 8; flushes++) {
		struct env *env = env_mem_new();
		struct lsm *db = open_large(env);
		uint8_t *bytes = noise(BIG, 2);
		size_t size = 900;

		memset(bytes + 20000, 0, 10000); /* never written below */
		ck_assert_int_eq(lsm_put(db, slice_str("k"), slice_of(bytes, 100), NULL), 0);
		if (flushes & 1)
			ck_assert_int_eq(lsm_flush(db), 0);
		patch(db, "k", size, 100, slice_of(bytes + 100, 800));
		expect_value(db, "k", bytes, size);
		if (flushes & 2)
			ck_assert_int_eq(lsm_flush(db), 0);
		patch(db, "k", 20000, 900, slice_of(bytes + 900, 19100));
		expect_value(db, "k", bytes, 20000);
		patch(db, "k", 40000, 30000, slice_of(bytes + 30000, 500));
		patch(db, "k", 40000, 30500, slice_of(bytes + 30500, 9500));
		expect_value(db, "k", bytes, 40000);
		if (flushes & 4)
			ck_assert_int_eq(lsm_flush(db), 0);
		/* cut, and grown again */
		patch(db, "k", 10, 0, slice_of(NULL, 0));
		expect_value(db, "k", bytes, 10);
		patch(db, "k", 3000, 0, slice_of(NULL, 0));
		memset(bytes + 10, 0, 2990);
		expect_value(db, "k", bytes, 3000);
		ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
		expect_value(db, "k", bytes, 3000);
		db_close(db);
		db = open_large(env);
		expect_value(db, "k", bytes, 3000);
		db_close(db);
		env_free(env);
		free(bytes);
	}
}
END_TEST

START_TEST(a_patch_of_nothing_makes_a_value)
{
	struct env *env = env_mem_new();
	struct lsm *db = open_large(env);
	uint8_t zeros[500] = {0};

	patch(db, "new", 500, 0, slice_of(NULL, 0));
	expect_value(db, "new", zeros, 500);
	db_put(db, "old", "value");
	db_delete(db, "old");
	patch(db, "old", 3, 0, slice_str("abc"));
	expect_value(db, "old", (const uint8_t *)"abc", 3);
	ck_assert_int_eq(lsm_flush(db), 0);
	expect_value(db, "new", zeros, 500);
	expect_value(db, "old", (const uint8_t *)"abc", 3);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_meta_changes_without_the_value)
{
	struct env *env = env_mem_new();
	struct lsm *db = open_large(env);
	uint8_t *bytes = noise(BIG, 3);
	struct lsm_record record;

	ck_assert_int_eq(lsm_put(db, slice_str("k"), slice_of(bytes, BIG), NULL), 0);
	uint64_t before = db_stats(db).blob_written_bytes, log = db_stats(db).log_written_bytes;
	const struct lsm_patch same = {.size = BIG};
	const struct lsm_write_options options = {.meta = slice_str("mode")};

	ck_assert_int_eq(lsm_write_patch(db, slice_str("k"), &same, &options), 0);
	ck_assert_uint_eq(db_stats(db).blob_written_bytes, before);
	ck_assert_uint_lt(db_stats(db).log_written_bytes, log + 300);
	for (int round = 0; round < 2; round++) {
		ck_assert_int_eq(lsm_stat(db, slice_str("k"), NULL, &record), 0);
		ck_assert(slice_eq(record.meta, slice_str("mode")));
		lsm_record_release(&record);
		expect_value(db, "k", bytes, BIG);
		ck_assert_int_eq(lsm_flush(db), 0);
	}
	ck_assert_uint_eq(db_stats(db).blob_written_bytes, before);
	db_close(db);
	env_free(env);
	free(bytes);
}
END_TEST

/* A snapshot and an iterator see the value as it was; flushes and compactions go on below them. */
START_TEST(snapshots_and_iterators_keep_what_they_saw)
{
	struct env *env = env_mem_new();
	struct lsm *db = open_large(env);
	uint8_t *first = noise(BIG, 4), *second = noise(BIG, 4), *change = noise(5000, 5);
	struct lsm_snapshot *snapshot;
	struct lsm_iter *it;
	struct slice value;

	memcpy(second + 7000, change, 5000);
	ck_assert_int_eq(lsm_put(db, slice_str("k"), slice_of(first, BIG), NULL), 0);
	patch(db, "k", BIG, 10, slice_of(first + 10, 20));
	ck_assert_int_eq(lsm_snapshot_new(db, &snapshot), 0);
	ck_assert_int_eq(lsm_iter_new(db, NULL, &it), 0);
	patch(db, "k", BIG, 7000, slice_of(change, 500));
	patch(db, "k", BIG, 7500, slice_of(change + 500, 4500));
	const struct lsm_read_options old = {.snapshot = snapshot};

	for (int round = 0; round < 3; round++) {
		expect_value(db, "k", second, BIG);
		expect_value_at(db, "k", first, BIG, &old);
		if (round % 2)
			lsm_iter_first(it);
		else
			lsm_iter_last(it);
		ck_assert(lsm_iter_valid(it));
		ck_assert_uint_eq(lsm_iter_record(it)->value_len, BIG);
		ck_assert_int_eq(lsm_iter_value(it, &value), 0);
		ck_assert(slice_eq(value, slice_of(first, BIG)));
		uint8_t part[100];
		const struct lsm_range range = {.offset = 7000, .into = part, .len = 100};
		size_t len = 0;

		ck_assert_int_eq(lsm_iter_read(it, &range, &len), 0);
		ck_assert(len == 100 && memcmp(part, first + 7000, 100) == 0);
		ck_assert_int_eq(
			round ? lsm_compact(db, slice_str(""), slice_str("")) : lsm_flush(db), 0);
	}
	lsm_iter_free(it);
	lsm_snapshot_release(db, snapshot);
	db_close(db);
	env_free(env);
	free(first);
	free(second);
	free(change);
}
END_TEST

/* What was put together for a snapshot is not taken for what has become of it since, wherever the
 * patches behind it lie. */
START_TEST(a_snapshots_read_leaves_no_stale_value_behind)
{
	for (int newer = 0; newer < 2; newer++) {
		struct env *env = env_mem_new();
		struct lsm_options options = large_options(gate_over(env, false));
		struct lsm *db = db_open_with(&options);
		struct lsm_snapshot *snapshot;
		const uint8_t *bytes = (const uint8_t *)"abcdef";

		patch(db, "k", 2, 0, slice_str("ab"));
		ck_assert_int_eq(lsm_snapshot_new(db, &snapshot), 0);
		patch(db, "k", 4, 2, slice_str("cd"));
		gate_set(true);
		ck_assert_int_eq(db_fill(db, 0, 200, 100), 0);
		gate_wait(); /* the patches are in the full memtable */
		if (newer)
			patch(db, "k", 6, 4, slice_str("ef"));
		const struct lsm_read_options old = {.snapshot = snapshot};

		expect_value_at(db, "k", bytes, 2, &old);
		expect_value(db, "k", bytes, newer ? 6 : 4);
		expect_value_at(db, "k", bytes, 2, &old);
		lsm_snapshot_release(db, snapshot);
		gate_set(false);
		db_close(db);
		env_free(env);
	}
}
END_TEST

/* An iterator reads a patched value of the past; when it is gone nothing keeps that. */
START_TEST(a_read_of_the_past_keeps_nothing)
{
	struct env *env = env_mem_new();
	struct lsm *db = open_large(env);
	uint8_t *bytes = noise(65536, 13); /* a blob file, complete */
	const struct lsm_range range = {.into = bytes, .len = 10};
	struct lsm_iter *it;
	size_t len;

	ck_assert_int_eq(lsm_put(db, slice_str("k"), slice_of(bytes, 65536), NULL), 0);
	patch(db, "k", 65536, 5, slice_str("patched"));
	ck_assert_int_eq(lsm_iter_new(db, NULL, &it), 0);
	db_delete(db, "k");
	ck_assert_int_eq(lsm_flush(db), 0);
	db_put(db, "other", "so that the flush before is over");
	ck_assert_int_eq(lsm_flush(db), 0);
	lsm_iter_first(it);
	ck_assert(lsm_iter_valid(it));
	ck_assert_int_eq(lsm_iter_read(it, &range, &len), 0);
	ck_assert_uint_eq(db_stats(db).blob_files, 1);
	lsm_iter_free(it);
	ck_assert(shrinks_below(db, 1));
	db_close(db);
	ck_assert_uint_eq(db_find(env, ".blob").count, 0);
	env_free(env);
	free(bytes);
}
END_TEST

/* Files of which little is in use are emptied as soon as no reader of the past needs the rest. */
START_TEST(the_last_reader_leaves_nothing_to_empty)
{
	struct env *env = env_mem_new();
	struct lsm *db = open_large(env);
	uint8_t *bytes = noise(BIG, 16);
	struct lsm_iter *it;

	ck_assert_int_eq(lsm_put(db, slice_str("k"), slice_of(bytes, BIG), NULL), 0);
	ck_assert_int_eq(lsm_flush(db), 0);
	ck_assert_int_eq(lsm_iter_new(db, NULL, &it), 0);
	for (size_t at = 0; at + 40000 < BIG; at += 65536)
		patch(db, "k", BIG, at, slice_of(bytes + at, 40000));
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	ck_assert_uint_gt(db_stats(db).blob_bytes, BIG + 150000);
	lsm_iter_free(it);
	ck_assert(shrinks_below(db, BIG + 100000));
	expect_value(db, "k", bytes, BIG);
	db_close(db);
	env_free(env);
	free(bytes);
}
END_TEST

/* A copy shares the chunks; it outlives its source. */
START_TEST(a_copy_writes_no_chunk_again)
{
	for (int flushed = 0; flushed < 2; flushed++) {
		struct env *env = env_mem_new();
		struct lsm *db = open_large(env);
		uint8_t *bytes = noise(BIG, 6);
		struct lsm_batch *batch = lsm_batch_new();

		ck_assert_int_eq(lsm_put(db, slice_str("from"), slice_of(bytes, BIG), NULL), 0);
		if (flushed)
			ck_assert_int_eq(lsm_flush(db), 0);
		uint64_t before = db_stats(db).blob_written_bytes;

		ck_assert_int_eq(lsm_batch_copy(batch, db, slice_str("from"), slice_str("to"),
						slice_str("m")),
				 0);
		ck_assert_int_eq(lsm_batch_delete(batch, slice_str("from")), 0);
		ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), 0);
		expect_value(db, "to", bytes, BIG);
		ck_assert_uint_eq(db_stats(db).blob_written_bytes, before);
		/* a stale one is refused */
		ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), -ESTALE);
		lsm_batch_clear(batch);
		const struct lsm_range_copy range = {.from = slice_str("to"),
						     .from_offset = 5000,
						     .len = 20000,
						     .to = slice_str("part"),
						     .to_offset = 100,
						     .to_size = 20100};

		ck_assert_int_eq(lsm_batch_copy_range(batch, db, &range), 0);
		ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), 0);
		ck_assert_uint_eq(db_stats(db).blob_written_bytes, before);
		uint8_t *part = calloc(1, 20100);

		memcpy(part + 100, bytes + 5000, 20000);
		expect_value(db, "part", part, 20100);
		db_delete(db, "to");
		ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
		expect_value(db, "part", part, 20100);
		lsm_batch_free(batch);
		db_close(db);
		env_free(env);
		free(bytes);
		free(part);
	}
}
END_TEST

/* Of whatever kind the change is. */
START_TEST(a_meta_has_one_limit)
{
	struct env *env = env_mem_new();
	struct lsm *db = open_large(env);
	uint8_t *meta = noise(LSM_META_MAX + 1, 14), *bytes = noise(BIG, 15);
	struct lsm_batch *batch = lsm_batch_new();

	for (int over = 0; over < 2; over++) {
		const struct lsm_write_options options = {
			.meta = slice_of(meta, LSM_META_MAX + over)};
		const struct lsm_patch same = {.size = BIG};
		const struct lsm_range_copy part = {.from = slice_str("k"),
						    .len = 2000,
						    .to = slice_str("l"),
						    .to_meta = options.meta,
						    .to_size = 2000};
		uint64_t written = db_stats(db).blob_written_bytes;
		int err = over ? -E2BIG : 0;

		ck_assert_int_eq(lsm_put(db, slice_str("k"), slice_of(bytes, BIG), &options), err);
		ck_assert_int_eq(lsm_write_patch(db, slice_str("k"), &same, &options), err);
		ck_assert_int_eq(
			lsm_batch_copy(batch, db, slice_str("k"), slice_str("l"), options.meta),
			err);
		ck_assert_int_eq(lsm_batch_copy_range(batch, db, &part), err);
		ck_assert(over == 0 || db_stats(db).blob_written_bytes == written);
		ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), 0);
		lsm_batch_clear(batch);
	}
	ck_assert_int_eq(lsm_flush(db), 0);
	expect_value(db, "l", bytes, 2000);
	lsm_batch_free(batch);
	db_close(db);
	env_free(env);
	free(meta);
	free(bytes);
}
END_TEST

/* Neither its changes nor its precondition alone. */
START_TEST(a_copy_that_is_refused_leaves_the_batch_as_it_was)
{
	struct env *env = env_mem_new();
	struct lsm *db = open_large(env);
	uint8_t *bytes = noise(BIG, 13);
	struct lsm_batch *batch = lsm_batch_new();
	const struct lsm_range_copy to_nowhere = {
		.from = slice_str("from"), .len = 5000, .to = slice_str(""), .to_size = 5000};

	ck_assert_int_eq(lsm_put(db, slice_str("from"), slice_of(bytes, BIG), NULL), 0);
	ck_assert_int_eq(lsm_batch_copy_range(batch, db, &to_nowhere), -EINVAL);
	ck_assert_uint_eq(lsm_batch_count(batch), 0);
	db_put(db, "from", "changed"); /* no precondition is left behind */
	ck_assert_int_eq(lsm_batch_put(batch, slice_str("k"), slice_str(""), slice_str("v")), 0);
	ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), 0);
	for (int i = 0; i < LSM_EXPECT_MAX; i++)
		ck_assert_int_eq(lsm_batch_expect(batch, slice_str("absent"), 0), 0);
	ck_assert_int_eq(
		lsm_batch_copy(batch, db, slice_str("from"), slice_str("to"), slice_str("")),
		-E2BIG);
	ck_assert_uint_eq(lsm_batch_count(batch), 1);
	ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), 0);
	ck_assert(db_has(db, "to", NULL));
	lsm_batch_free(batch);
	db_close(db);
	env_free(env);
	free(bytes);
}
END_TEST

START_TEST(batches_carry_long_values)
{
	struct env *env = env_mem_new();
	struct lsm *db = open_large(env);
	uint8_t *bytes = noise(BIG, 7);
	struct lsm_batch *batch = lsm_batch_new();
	const struct lsm_patch p = {.size = 6000, .offset = 0, .bytes = slice_of(bytes, 6000)};

	ck_assert_int_eq(lsm_batch_put(batch, slice_str("a"), slice_str(""), slice_of(bytes, BIG)),
			 0);
	ck_assert_int_eq(lsm_batch_put(batch, slice_str("b"), slice_str(""), slice_str("small")),
			 0);
	ck_assert_int_eq(lsm_batch_patch(batch, slice_str("c"), slice_str(""), &p), 0);
	ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), 0);
	expect_value(db, "a", bytes, BIG);
	ck_assert(db_has(db, "b", "small"));
	expect_value(db, "c", bytes, 6000);
	/* what is too large is refused, whole */
	lsm_batch_clear(batch);
	const struct lsm_patch huge = {.size = 2 << 20};

	ck_assert_int_eq(lsm_batch_put(batch, slice_str("d"), slice_str(""), slice_str("v")), 0);
	ck_assert_int_eq(lsm_batch_patch(batch, slice_str("c"), slice_str(""), &huge), 0);
	ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), -EFBIG);
	ck_assert(db_has(db, "d", NULL));
	lsm_batch_free(batch);
	db_close(db);
	env_free(env);
	free(bytes);
}
END_TEST

/* Whatever is large: the limit may be below that, or above. */
START_TEST(no_value_over_the_limit_is_written)
{
	for (int kept = 0; kept < 2; kept++) {
		struct env *env = env_mem_new();
		struct lsm_options options = large_options(env);
		uint8_t *bytes = noise(8000, 14);
		struct lsm_batch *batch = lsm_batch_new();
		const struct lsm_patch p = {.size = 4097};

		options.large_value_threshold = kept ? 1024 : 64 << 10;
		struct lsm *db = db_open_with(&options);

		ck_assert_int_eq(lsm_put(db, slice_str("a"), slice_of(bytes, 8000), NULL), 0);
		db_close(db);
		options.value_max = 4096;
		db = db_open_with(&options);
		ck_assert_int_eq(lsm_put(db, slice_str("b"), slice_of(bytes, 4097), NULL), -EFBIG);
		ck_assert_int_eq(lsm_write_patch(db, slice_str("b"), &p, NULL), -EFBIG);
		for (int kind = 0; kind < 3; kind++) {
			lsm_batch_clear(batch);
			int err = kind == 0   ? lsm_batch_put(batch, slice_str("b"), slice_str(""),
							      slice_of(bytes, 4097))
				  : kind == 1 ? lsm_batch_patch(batch, slice_str("b"),
								slice_str(""), &p)
					      : lsm_batch_copy(batch, db, slice_str("a"),
							       slice_str("b"), slice_str(""));

			ck_assert_int_eq(err, 0);
			ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), -EFBIG);
		}
		ck_assert(db_has(db, "b", NULL));
		expect_value(db, "a", bytes, 8000);
		ck_assert_int_eq(lsm_put(db, slice_str("b"), slice_of(bytes, 4096), NULL), 0);
		lsm_batch_free(batch);
		db_close(db);
		env_free(env);
		free(bytes);
	}
}
END_TEST

/* Overwritten again and again: what is dead goes, also while nothing but patches come. */
START_TEST(random_rewrites_do_not_pile_up)
{
	struct env *env = env_mem_new();
	struct lsm *db = open_large(env);
	uint8_t *bytes = noise(BIG, 11);
	struct rng rng;

	rng_seed(&rng, unit_seed());
	ck_assert_int_eq(lsm_put(db, slice_str("k"), slice_of(bytes, BIG), NULL), 0);
	for (int i = 0; i < 4000; i++) {
		size_t at = (size_t)rng_below(&rng, BIG - 4096);

		rng_fill(&rng, bytes + at, 2048);
		patch(db, "k", BIG, at, slice_of(bytes + at, 2048));
	}
	expect_value(db, "k", bytes, BIG);
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	expect_value(db, "k", bytes, BIG);
	ck_assert(shrinks_below(db, 3 * BIG));
	db_close(db);
	db = open_large(env);
	ck_assert_uint_lt(db_stats(db).blob_bytes, 3 * BIG);
	expect_value(db, "k", bytes, BIG);
	db_close(db);
	env_free(env);
	free(bytes);
}
END_TEST

START_TEST(a_checkpoint_has_the_large_values)
{
	struct env *env = env_mem_new();
	struct lsm *db = open_large(env);
	uint8_t *bytes = noise(BIG, 12);
	struct lsm_options options = large_options(env);
	struct lsm *copy;

	ck_assert_int_eq(lsm_put(db, slice_str("k"), slice_of(bytes, BIG), NULL), 0);
	patch(db, "k", BIG, 100, slice_of(bytes + 100, 100));
	ck_assert_int_eq(lsm_checkpoint(db, "copy"), 0);
	db_delete(db, "k");
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	ck_assert_int_eq(lsm_open("copy", &options, &copy), 0);
	expect_value(copy, "k", bytes, BIG);
	db_close(copy);
	db_close(db);
	env_free(env);
	free(bytes);
}
END_TEST

static const TTest *const *const tests[] = {
	&a_large_value_reads_as_it_was_put,
	&patches_change_a_part,
	&a_patch_of_nothing_makes_a_value,
	&a_meta_changes_without_the_value,
	&snapshots_and_iterators_keep_what_they_saw,
	&a_snapshots_read_leaves_no_stale_value_behind,
	&a_read_of_the_past_keeps_nothing,
	&the_last_reader_leaves_nothing_to_empty,
	&a_copy_writes_no_chunk_again,
	&a_meta_has_one_limit,
	&a_copy_that_is_refused_leaves_the_batch_as_it_was,
	&batches_carry_long_values,
	&no_value_over_the_limit_is_written,
	&random_rewrites_do_not_pile_up,
	&a_checkpoint_has_the_large_values,
};

UNIT_SUITE("lsm/db/large", tests)
