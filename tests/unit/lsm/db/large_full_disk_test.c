/*
 * Large values on a full disk: a refused one takes no room, and what is dead gives its room back.
 */
#include <poll.h>

#include "lsm/base/clock.h"
#include "lsm/base/rng.h"
#include "tests/unit/lsm/db/db_fixture.h"

enum {
	RESERVE_BYTES = 128 << 10,
	BIG = 40000, /* ten chunks */
	ENDLESS = INT32_MAX,
	TRIES = 20,
};

#define PATIENCE_NS UINT64_C(20000000000)

static struct lsm_options large_options(struct env *env)
{
	struct lsm_options o = db_small_options(env);

	o.large_value_threshold = 1024;
	o.chunk_bytes = 4096;
	o.compaction_threads = 0; /* nothing frees space unasked */
	return o;
}

static struct env *disk_new(void)
{
	struct env *env = env_mem_new();

	env_mem_set_capacity(env, ENDLESS);
	return env;
}

static int put_big(struct lsm *db, const char *key, const struct lsm_write_options *options)
{
	uint8_t *bytes = malloc(BIG);
	struct rng rng;

	rng_seed(&rng, 1);
	rng_fill(&rng, bytes, BIG);
	int err = lsm_put(db, slice_str(key), slice_of(bytes, BIG), options);

	free(bytes);
	return err;
}

/* So many bytes are free from now on. */
static void leave_free(struct env *env, uint64_t bytes)
{
	struct env_dir *dir;
	struct env_space space;

	ck_assert_int_eq(env_open_dir(env, DB_DIR, false, &dir), 0);
	ck_assert_int_eq(env_dir_space(dir, &space), 0);
	env_dir_close(dir);
	env_mem_set_capacity(env, space.total_bytes - space.free_bytes + bytes);
}

struct sum {
	struct env *env;
	uint64_t bytes;
};

static int add_blob_file(void *arg, const char *name)
{
	struct sum *sum = arg;
	struct slice bytes;

	if (strstr(name, ".blob") && env_mem_file(sum->env, DB_DIR, name, &bytes) == 0)
		sum->bytes += bytes.len;
	return 0;
}

/* Of all blob files on the disk. */
static uint64_t blob_bytes(struct env *env)
{
	struct sum sum = {.env = env};
	struct env_dir *dir;

	ck_assert_int_eq(env_open_dir(env, DB_DIR, false, &dir), 0);
	ck_assert_int_eq(env_dir_list(dir, add_blob_file, &sum), 0);
	env_dir_close(dir);
	return sum.bytes;
}

/*
 * A value is refused, and its chunks go. When a background thread holds their file at that moment,
 * for a sync or its removal, they go with that, or with the next that is refused.
 */
static bool is_refused_without_trace(struct lsm *db, struct env *env,
				     const struct lsm_write_options *options, uint64_t bytes)
{
	uint64_t start = clock_mono_ns();
	bool refused;

	do
		refused = put_big(db, "more", options) == -ENOSPC;
	while (refused && blob_bytes(env) > bytes && clock_mono_ns() - start < PATIENCE_NS);
	return refused && blob_bytes(env) <= bytes;
}

/* The first try may leave some behind a live chunk; no other does. */
START_TEST(a_refused_large_value_takes_no_room)
{
	struct env *env = disk_new();
	struct lsm_options options = large_options(env);
	struct lsm *db = db_open_with(&options);

	ck_assert_int_eq(put_big(db, "there", NULL), 0);
	for (int i = 0; i < TRIES; i++) {
		uint64_t before = blob_bytes(env);

		leave_free(env, BIG / 2);
		ck_assert(is_refused_without_trace(db, env, NULL, before + (i == 0 ? BIG / 2 : 0)));
		ck_assert_int_eq(db_stats(db).health, LSM_HEALTH_DEGRADED);
		ck_assert(db_has(db, "more", NULL));
	}
	leave_free(env, BIG * 2);
	ck_assert_int_eq(put_big(db, "more", NULL), 0);
	ck_assert_int_eq(db_stats(db).health, LSM_HEALTH_OK);
	db_close(db);
	env_free(env);
}
END_TEST

/* The log finds no room for the record. */
START_TEST(nor_does_one_whose_chunks_found_room)
{
	struct env *env = disk_new();
	struct lsm_options options = large_options(env);
	struct lsm *db = db_open_with(&options);
	const struct lsm_patch patch = {.size = BIG, .bytes = slice_str("x")};
	const struct lsm_write_options meta = {.meta = slice_of(calloc(1, 60000), 60000)};

	ck_assert_int_eq(put_big(db, "there", NULL), 0);
	for (int i = 0; i < TRIES; i++) {
		uint64_t before = blob_bytes(env);

		leave_free(env, BIG + 1000);
		ck_assert(is_refused_without_trace(db, env, &meta, before + (i == 0 ? BIG : 0)));
	}
	leave_free(env, 300000);
	ck_assert_int_eq(lsm_write_patch(db, slice_str("there"), &patch, &meta), 0);
	db_close(db);
	env_free(env);
	free((void *)meta.meta.ptr);
}
END_TEST

START_TEST(large_values_eat_nothing_of_the_reserve)
{
	struct env *env = disk_new();
	struct lsm_options options = large_options(env);

	options.reserve_bytes = RESERVE_BYTES;
	struct lsm *db = db_open_with(&options);
	const struct lsm_write_options urgent = {.use_reserve = true};

	ck_assert_int_eq(put_big(db, "there", NULL), 0);
	leave_free(env, 0);
	ck_assert_int_eq(put_big(db, "more", NULL), -ENOSPC);
	ck_assert_uint_eq(db_stats(db).reserve_bytes, RESERVE_BYTES);
	/* who may use it does */
	ck_assert_int_eq(put_big(db, "urgent", &urgent), 0);
	ck_assert_uint_eq(db_stats(db).reserve_bytes, 0);
	uint64_t before = blob_bytes(env);

	leave_free(env, RESERVE_BYTES / 2);
	for (int i = 0; i < TRIES; i++)
		ck_assert_int_eq(put_big(db, "more", NULL), -ENOSPC);
	ck_assert_uint_eq(blob_bytes(env), before);
	ck_assert(db_has(db, "more", NULL));
	db_close(db);
	env_free(env);
}
END_TEST

/* A value of ten patches, none long enough for a chunk, in the memtable. */
static struct lsm *open_with_patches(struct env *env)
{
	struct lsm_options options = large_options(env);
	uint8_t bytes[900];
	struct rng rng;

	options.memtable_bytes = 64 << 10;
	struct lsm *db = db_open_with(&options);

	rng_seed(&rng, 2);
	for (unsigned i = 0; i < 10; i++) {
		const struct lsm_patch patch = {
			.size = BIG, .offset = i * 4096, .bytes = slice_of(bytes, 900)};

		rng_fill(&rng, bytes, sizeof(bytes));
		ck_assert_int_eq(lsm_write_patch(db, slice_str("k"), &patch, NULL), 0);
	}
	return db;
}

/* Patches become chunks in a flush, whose table then finds no room. */
START_TEST(a_flush_without_room_takes_none)
{
	struct env *env = disk_new();
	struct lsm *db = open_with_patches(env);
	static const uint64_t rooms[] = {0, 5000, 9200, 9400, 9600, ENDLESS / 2};
	uint64_t before = blob_bytes(env);
	int err = -ENOSPC;

	for (size_t i = 0; err == -ENOSPC && i < array_size(rooms); i++) {
		leave_free(env, rooms[i]);
		err = lsm_flush(db);
		if (err)
			ck_assert_uint_eq(blob_bytes(env), before);
	}
	ck_assert_int_eq(err, 0);
	ck_assert_uint_gt(blob_bytes(env), before);
	db_close(db);
	env_free(env);
}
END_TEST

/* A memtable of 30 KB, whose flush would like to write ten chunks of 64 KiB anew. */
START_TEST(a_flush_without_room_leaves_the_pieces)
{
	enum {
		CHUNK = 64 << 10,
		CHUNKS = 10,
		PATCHES = 400,
		SIZE = CHUNKS * CHUNK
	};
	struct env *env = disk_new();
	struct lsm_options options = large_options(env);
	uint8_t *bytes = malloc(SIZE), *got = malloc(SIZE);
	const struct lsm_range all = {.into = got, .len = SIZE};
	struct rng rng;
	size_t len;

	options.memtable_bytes = 1 << 20;
	options.chunk_bytes = CHUNK;
	struct lsm *db = db_open_with(&options);

	rng_seed(&rng, 4);
	rng_fill(&rng, bytes, SIZE);
	ck_assert_int_eq(lsm_put(db, slice_str("k"), slice_of(bytes, SIZE), NULL), 0);
	db_close(db); /* its file is complete: a try leaves nothing behind its chunks */
	db = db_open_with(&options);
	for (size_t i = 0; i < PATCHES; i++) {
		size_t at = i * (SIZE / PATCHES);
		const struct lsm_patch patch = {
			.size = SIZE, .offset = at, .bytes = slice_of(bytes + at, 2)};

		bytes[at] ^= 1;
		ck_assert_int_eq(lsm_write_patch(db, slice_str("k"), &patch, NULL), 0);
	}
	uint64_t before = blob_bytes(env);

	leave_free(env, SIZE / 4);
	ck_assert_int_eq(lsm_flush(db), 0);
	ck_assert_uint_lt(blob_bytes(env) - before, CHUNK);
	ck_assert_int_eq(lsm_read(db, slice_str("k"), NULL, &all, &len, NULL), 0);
	ck_assert(len == SIZE && memcmp(got, bytes, SIZE) == 0);
	/* with room they become chunks again */
	leave_free(env, ENDLESS / 2);
	const struct lsm_patch meta = {.size = SIZE};

	ck_assert_int_eq(lsm_write_patch(db, slice_str("k"), &meta, NULL), 0);
	ck_assert_int_eq(lsm_flush(db), 0);
	ck_assert_uint_ge(blob_bytes(env) - before, SIZE);
	ck_assert_int_eq(lsm_read(db, slice_str("k"), NULL, &all, &len, NULL), 0);
	ck_assert(len == SIZE && memcmp(got, bytes, SIZE) == 0);
	db_close(db);
	env_free(env);
	free(bytes);
	free(got);
}
END_TEST

/* What was patched and is not flushed yet becomes chunks of the copy. */
START_TEST(nor_does_a_copy)
{
	struct env *env = disk_new();
	struct lsm *db = open_with_patches(env);
	struct lsm_batch *batch = lsm_batch_new();
	uint64_t before = blob_bytes(env);

	leave_free(env, 5000);
	for (int i = 0; i < TRIES; i++) {
		ck_assert_int_eq(
			lsm_batch_copy(batch, db, slice_str("k"), slice_str("copy"), slice_str("")),
			-ENOSPC);
		ck_assert_uint_eq(lsm_batch_count(batch), 0);
		ck_assert_uint_eq(blob_bytes(env), before);
	}
	leave_free(env, ENDLESS / 2);
	ck_assert_int_eq(
		lsm_batch_copy(batch, db, slice_str("k"), slice_str("copy"), slice_str("")), 0);
	ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), 0);
	lsm_batch_free(batch);
	db_close(db);
	env_free(env);
}
END_TEST

/* It is not waited for until the file to which its chunks were appended is complete. */
START_TEST(what_was_deleted_is_gone_with_the_flush)
{
	struct env *env = disk_new();
	struct lsm_options options = large_options(env);
	struct lsm *db = db_open_with(&options);

	ck_assert_int_eq(put_big(db, "k", NULL), 0);
	ck_assert_uint_eq(db_find(env, ".blob").count, 1);
	db_delete(db, "k");
	ck_assert_int_eq(lsm_flush(db), 0);
	/* the flush is told of before its files go */
	uint64_t start = clock_mono_ns();

	while (db_find(env, ".blob").count > 0 && clock_mono_ns() - start < PATIENCE_NS)
		;
	ck_assert_uint_eq(db_find(env, ".blob").count, 0);
	ck_assert_int_eq(put_big(db, "k", NULL), 0);
	db_close(db);
	env_free(env);
}
END_TEST

static bool takes_big(struct lsm *db)
{
	uint64_t start = clock_mono_ns();
	int err;

	while ((err = put_big(db, "new", NULL)) == -ENOSPC && clock_mono_ns() - start < PATIENCE_NS)
		(void)poll(NULL, 0, 10);
	return err == 0;
}

/* Nobody flushes or compacts: who removes files on a full disk knows of no such things. */
static void check_delete_makes_room(enum lsm_strategy strategy, uint64_t reserve_bytes)
{
	struct env *env = disk_new();
	struct lsm_options options = large_options(env);

	options.compaction_threads = 1;
	options.strategy = strategy;
	options.reserve_bytes = reserve_bytes;
	struct lsm *db = db_open_with(&options);

	ck_assert_int_eq(put_big(db, "k1", NULL), 0);
	ck_assert_int_eq(put_big(db, "k2", NULL), 0);
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	ck_assert_int_eq(put_big(db, "k3", NULL), 0);
	ck_assert_int_eq(lsm_flush(db), 0);
	leave_free(env, 3000);
	ck_assert_int_eq(put_big(db, "new", NULL), -ENOSPC);
	for (const char *const *key = (const char *const[]){"k1", "k2", "k3", NULL}; *key; key++)
		db_delete(db, *key);
	ck_assert(takes_big(db));
	db_close(db);
	env_free(env);
}

START_TEST(what_is_deleted_on_a_full_disk_makes_room)
{
	check_delete_makes_room(LSM_LEVELED, RESERVE_BYTES);
	check_delete_makes_room(LSM_TIERED, RESERVE_BYTES);
	check_delete_makes_room(LSM_LAZY_LEVELING, RESERVE_BYTES);
}
END_TEST

static const TTest *const *const tests[] = {
	&a_refused_large_value_takes_no_room,     &nor_does_one_whose_chunks_found_room,
	&large_values_eat_nothing_of_the_reserve, &a_flush_without_room_takes_none,
	&a_flush_without_room_leaves_the_pieces,  &nor_does_a_copy,
	&what_was_deleted_is_gone_with_the_flush, &what_is_deleted_on_a_full_disk_makes_room,
};

UNIT_SUITE("lsm/db/large_full_disk", tests)
