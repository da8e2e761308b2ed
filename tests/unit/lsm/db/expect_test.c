/*
 * Preconditions: when a batch is applied, when it is not, and that it never half is.
 */
#include "lsm/db/expect.h"

#include "lsm/base/rng.h"
#include "lsm/base/thread.h"
#include "tests/unit/lsm/db/db_fixture.h"

enum {
	THREADS = 4,
	INCREMENTS = 300, /* by each thread */
	MODEL_KEYS = 40,
	MODEL_STEPS = 6000,
};

static uint64_t seqno_of(struct lsm *db, const char *key)
{
	struct lsm_record record;
	int err = lsm_get(db, slice_str(key), NULL, &record);
	uint64_t seqno = err ? 0 : record.seqno;

	ck_assert(err == 0 || err == -ENOENT);
	if (!err)
		lsm_record_release(&record);
	return seqno;
}

static void expect(struct lsm_batch *batch, const char *key, uint64_t seqno)
{
	ck_assert_int_eq(lsm_batch_expect(batch, slice_str(key), seqno), 0);
}

static void batch_set(struct lsm_batch *batch, const char *key, const char *value)
{
	ck_assert_int_eq(lsm_batch_put(batch, slice_str(key), slice_of(NULL, 0), slice_str(value)),
			 0);
}

/* Put key = value if `watched` still has the seqno. */
static int put_if(struct lsm *db, const char *watched, uint64_t seqno, const char *key,
		  const char *value)
{
	struct lsm_batch *batch = lsm_batch_new();

	expect(batch, watched, seqno);
	batch_set(batch, key, value);
	int err = lsm_write(db, batch, NULL, NULL);

	lsm_batch_free(batch);
	return err;
}

/* The key's newest version is brought to where the n-th kind of home is. */
static void settle(struct lsm *db, unsigned home)
{
	if (home >= 1)
		ck_assert_int_eq(lsm_flush(db), 0);
	if (home >= 2)
		ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
}

START_TEST(a_batch_is_applied_only_to_the_version_it_was_made_for)
{
	for (unsigned home = 0; home < 3; home++) {
		struct env *env = env_mem_new();
		struct lsm *db = db_open_small(env);

		db_put(db, "k", "1");
		db_put(db, "k", "2");
		db_put(db, "other", "x");
		settle(db, home);
		uint64_t now = seqno_of(db, "k");

		ck_assert_uint_eq(now, 2);
		ck_assert_int_eq(put_if(db, "k", now - 1, "k", "3"), -ESTALE);
		ck_assert_int_eq(put_if(db, "k", now + 1, "k", "3"), -ESTALE);
		ck_assert_int_eq(put_if(db, "k", 0, "k", "3"), -EEXIST);
		ck_assert(db_has(db, "k", "2"));
		ck_assert_int_eq(put_if(db, "k", now, "k", "3"), 0);
		ck_assert(db_has(db, "k", "3"));
		ck_assert_int_eq(put_if(db, "k", now, "k", "4"), -ESTALE);
		db_close(db);
		env_free(env);
	}
}
END_TEST

START_TEST(absent_means_never_written_or_deleted)
{
	for (unsigned home = 0; home < 3; home++) {
		struct env *env = env_mem_new();
		struct lsm *db = db_open_small(env);

		db_put(db, "gone", "1");
		db_delete(db, "gone");
		settle(db, home);
		ck_assert_int_eq(put_if(db, "gone", 1, "k", "v"), -ESTALE);
		ck_assert_int_eq(put_if(db, "gone", 2, "k", "v"), -ESTALE);
		ck_assert_int_eq(put_if(db, "never", 1, "k", "v"), -ESTALE);
		ck_assert(db_has(db, "k", NULL));
		ck_assert_int_eq(put_if(db, "gone", 0, "gone", "v"), 0);
		ck_assert_int_eq(put_if(db, "never", 0, "never", "v"), 0);
		ck_assert_int_eq(put_if(db, "never", 0, "never", "w"), -EEXIST);
		ck_assert(db_has(db, "never", "v"));
		db_close(db);
		env_free(env);
	}
}
END_TEST

START_TEST(a_refused_batch_leaves_no_trace)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct lsm_batch *batch = lsm_batch_new();
	struct lsm_commit untouched = {.seqno = 77, .time_ns = 77}, commit = untouched;

	db_put(db, "a", "1");
	struct lsm_stats before = db_stats(db);

	batch_set(batch, "a", "secret");
	batch_set(batch, "b", "secret");
	expect(batch, "c", 0);
	expect(batch, "a", 9);
	ck_assert_int_eq(lsm_write(db, batch, NULL, &commit), -ESTALE);
	ck_assert_ptr_nonnull(strstr(lsm_error_text(), "precondition 2 of 2"));
	ck_assert_ptr_null(strstr(lsm_error_text(), "secret"));
	ck_assert_ptr_null(strchr(lsm_error_text(), '\n'));
	ck_assert_mem_eq(&commit, &untouched, sizeof(commit));
	struct lsm_stats after = db_stats(db);

	ck_assert_uint_eq(after.last_seqno, before.last_seqno);
	ck_assert_uint_eq(after.log_written_bytes, before.log_written_bytes);
	ck_assert_uint_eq(after.memtable_records, before.memtable_records);
	ck_assert_uint_eq(after.writes, before.writes);
	ck_assert(db_has(db, "a", "1") && db_has(db, "b", NULL));
	lsm_batch_free(batch);
	db_close(db);
	db = db_open_small(env);
	ck_assert(db_has(db, "a", "1") && db_has(db, "b", NULL));
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(the_batch_is_judged_by_what_was_before_it)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct lsm_batch *batch = lsm_batch_new();

	db_put(db, "k", "1");
	batch_set(batch, "k", "2");
	ck_assert_int_eq(lsm_batch_delete(batch, slice_str("k")), 0);
	batch_set(batch, "new", "n");
	/* the order of the calls says nothing, and a key may be expected twice */
	expect(batch, "k", 1);
	expect(batch, "k", 1);
	expect(batch, "new", 0);
	ck_assert_uint_eq(lsm_batch_count(batch), 3);
	ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), 0);
	ck_assert(db_has(db, "k", NULL) && db_has(db, "new", "n"));
	/* the batch is as it was: its conditions hold no more */
	ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), -ESTALE);
	lsm_batch_clear(batch);
	batch_set(batch, "k", "3");
	expect(batch, "k", 0);
	expect(batch, "k", 1);
	ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), -ESTALE);
	lsm_batch_free(batch);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_cleared_batch_expects_nothing)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct lsm_batch *batch = lsm_batch_new();
	char key[] = "k";

	expect(batch, key, 5);
	key[0] = 'x'; /* it was copied */
	batch_set(batch, "v", "1");
	ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), -ESTALE);
	lsm_batch_clear(batch);
	batch_set(batch, "v", "2");
	ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), 0);
	ck_assert(db_has(db, "v", "2"));
	lsm_batch_free(batch);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(without_changes_it_is_a_pure_check)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct lsm_batch *batch = lsm_batch_new();
	struct lsm_commit commit = {.time_ns = 99};
	const struct lsm_write_options synced = {.sync = true};

	db_put(db, "a", "1");
	db_put(db, "b", "2");
	expect(batch, "a", 1);
	expect(batch, "c", 0);
	ck_assert_int_eq(lsm_write(db, batch, NULL, &commit), 0);
	ck_assert_uint_eq(commit.seqno, 2);
	ck_assert_uint_eq(commit.time_ns, 0);
	ck_assert_uint_eq(db_stats(db).last_seqno, 2);
	ck_assert_int_eq(lsm_write(db, batch, &synced, NULL), 0);
	ck_assert_uint_eq(db_stats(db).durable_seqno, 2);
	db_put(db, "c", "3");
	ck_assert_int_eq(lsm_write(db, batch, NULL, &commit), -EEXIST);
	db_close(db);

	struct lsm_options options = db_small_options(env);

	options.read_only = true;
	db = db_open_with(&options);
	ck_assert_int_eq(lsm_write(db, batch, NULL, &commit), -EEXIST);
	lsm_batch_clear(batch);
	expect(batch, "c", 3);
	ck_assert_int_eq(lsm_write(db, batch, NULL, &commit), 0);
	ck_assert_uint_eq(commit.seqno, 3);
	batch_set(batch, "c", "4");
	ck_assert_int_eq(lsm_write(db, batch, NULL, &commit), -EROFS);
	lsm_batch_free(batch);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(keys_and_their_number_have_limits)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct lsm_batch *batch = lsm_batch_new();
	uint8_t *bytes = calloc(1, LSM_KEY_MAX + 1);
	char text[DB_TEXT_MAX];

	ck_assert_int_eq(lsm_batch_expect(batch, slice_of(NULL, 0), 0), -EINVAL);
	ck_assert_int_eq(lsm_batch_expect(batch, slice_of(bytes, LSM_KEY_MAX + 1), 0),
			 -ENAMETOOLONG);
	ck_assert_int_eq(lsm_batch_expect(batch, slice_of(bytes, LSM_KEY_MAX), 0), 0);
	for (unsigned n = 1; n < LSM_EXPECT_MAX; n++)
		expect(batch, db_key(text, n), 0);
	ck_assert_int_eq(lsm_batch_expect(batch, slice_str("k"), 0), -E2BIG);
	batch_set(batch, "v", "1");
	ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), 0);
	db_put(db, db_key(text, LSM_EXPECT_MAX - 1), "there");
	ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), -EEXIST);
	free(bytes);
	lsm_batch_free(batch);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(damage_met_by_a_check_is_the_answer)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);
	struct lsm_batch *batch = lsm_batch_new();

	options.cache_bytes = 0;
	struct lsm *db = db_open_with(&options);

	db_put(db, "k", "1");
	ck_assert_int_eq(lsm_flush(db), 0);
	db_damage(env, db_find(env, ".sst").name, 3);
	struct lsm_stats before = db_stats(db);

	expect(batch, "k", 1);
	batch_set(batch, "k", "2");
	ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(lsm_error_text(), ".sst"));
	ck_assert_uint_eq(db_stats(db).last_seqno, before.last_seqno);
	ck_assert_uint_eq(db_stats(db).log_written_bytes, before.log_written_bytes);
	lsm_batch_free(batch);
	db_close(db);
	env_free(env);
}
END_TEST

/* One counter, incremented by many threads by compare and swap. */
struct race {
	struct lsm *db;
	_Atomic uint64_t refused;
};

/* Read "n", write "n + 1" if nobody did so in between. */
static int try_increment(struct lsm *db)
{
	struct lsm_record record;
	char text[DB_TEXT_MAX] = "0";
	uint64_t seqno = 0;
	int err = lsm_get(db, slice_str("counter"), NULL, &record);

	if (!err) {
		ck_assert(record.value.len < sizeof(text));
		memcpy(text, record.value.ptr, record.value.len);
		text[record.value.len] = '\0';
		seqno = record.seqno;
		lsm_record_release(&record);
	} else {
		ck_assert(err == -ENOENT);
	}
	unsigned long long n = strtoull(text, NULL, 10);
	struct lsm_batch *batch = lsm_batch_new();

	(void)snprintf(text, sizeof(text), "%llu", n + 1);
	err = lsm_batch_expect(batch, slice_str("counter"), seqno);
	if (!err)
		err = lsm_batch_put(batch, slice_str("counter"), slice_of(NULL, 0),
				    slice_str(text));
	if (!err)
		err = lsm_write(db, batch, NULL, NULL);
	lsm_batch_free(batch);
	return err;
}

static void increment_often(void *arg)
{
	struct race *race = arg;

	for (unsigned done = 0; done < INCREMENTS;) {
		int err = try_increment(race->db);

		ck_assert(err == 0 || err == -ESTALE || err == -EEXIST);
		if (err)
			race->refused++;
		else
			done++;
	}
}

/* Beside them the memtable is flushed and tables are merged, so the counter is read from all of
 * these. */
static void settle_often(void *arg)
{
	struct race *race = arg;

	for (unsigned n = 0; n < 20; n++) {
		ck_assert(db_fill(race->db, n * 20, n * 20 + 20, 400) == 0);
		ck_assert(lsm_compact(race->db, slice_str(""), slice_str("")) == 0);
	}
}

START_TEST(no_increment_by_compare_and_swap_is_lost)
{
	struct env *env = env_mem_new();
	struct race race = {.db = db_open_small(env)};
	struct thread threads[THREADS + 1] = {0};
	char text[DB_TEXT_MAX];

	for (unsigned i = 0; i < THREADS; i++)
		ck_assert_int_eq(thread_start(&threads[i], "increment", increment_often, &race), 0);
	ck_assert_int_eq(thread_start(&threads[THREADS], "settle", settle_often, &race), 0);
	for (unsigned i = 0; i <= THREADS; i++)
		thread_join(&threads[i]);
	(void)snprintf(text, sizeof(text), "%d", THREADS * INCREMENTS);
	ck_assert(db_has(race.db, "counter", text));
	db_close(race.db);
	env_free(env);
}
END_TEST

/* A random life: what a map says of each precondition is what the store says. */
struct model {
	struct env *env;
	struct lsm *db;
	struct rng rng;
	uint64_t seqnos[MODEL_KEYS]; /* 0: absent */
	uint64_t last_seqno;
	unsigned applied, refused;
};

/* What to expect of a key: mostly the truth. */
static uint64_t guess(struct model *m, unsigned key)
{
	switch (rng_below(&m->rng, 16)) {
	case 0:
		return 0;
	case 1:
		return 1 + rng_below(&m->rng, m->last_seqno + 2);
	default:
		return m->seqnos[key];
	}
}

static int expect_some(struct model *m, struct lsm_batch *batch)
{
	int verdict = 0;
	char text[DB_TEXT_MAX];

	for (uint64_t left = rng_below(&m->rng, 4); left > 0; left--) {
		unsigned key = (unsigned)rng_below(&m->rng, MODEL_KEYS);
		uint64_t seqno = guess(m, key);

		expect(batch, db_key(text, key), seqno);
		if (!verdict && seqno != m->seqnos[key])
			verdict = seqno ? -ESTALE : -EEXIST;
	}
	return verdict;
}

static void write_some(struct model *m)
{
	struct lsm_batch *batch = lsm_batch_new();
	int verdict = expect_some(m, batch);
	uint64_t seqno = m->last_seqno;
	struct lsm_commit commit;
	char text[DB_TEXT_MAX];

	for (uint64_t left = rng_below(&m->rng, 4); left > 0; left--) {
		unsigned key = (unsigned)rng_below(&m->rng, MODEL_KEYS);
		bool put = rng_below(&m->rng, 3) > 0;

		seqno++;
		if (put)
			batch_set(batch, db_key(text, key), "some value of some length");
		else
			ck_assert_int_eq(lsm_batch_delete(batch, slice_str(db_key(text, key))), 0);
		if (!verdict)
			m->seqnos[key] = put ? seqno : 0;
	}
	int err = lsm_write(m->db, batch, NULL, &commit);

	if (err != verdict)
		ck_abort_msg("answer %d, not %d (%s)", err, verdict, lsm_error_text());
	if (!err) {
		m->last_seqno = seqno;
		ck_assert_uint_eq(commit.seqno, seqno);
	}
	m->applied += !err;
	m->refused += err != 0;
	lsm_batch_free(batch);
}

static void check_all(struct model *m)
{
	char text[DB_TEXT_MAX];

	for (unsigned key = 0; key < MODEL_KEYS; key++)
		if (seqno_of(m->db, db_key(text, key)) != m->seqnos[key])
			ck_abort_msg("%s has another seqno", text);
	ck_assert_uint_eq(db_stats(m->db).last_seqno, m->last_seqno);
}

static void step(struct model *m)
{
	switch (rng_below(&m->rng, 400)) {
	case 0:
		db_close(m->db);
		m->db = db_open_small(m->env);
		check_all(m);
		break;
	case 1:
		ck_assert_int_eq(lsm_compact(m->db, slice_str(""), slice_str("")), 0);
		break;
	case 2:
	case 3:
		ck_assert_int_eq(lsm_flush(m->db), 0);
		break;
	default:
		write_some(m);
	}
}

START_TEST(random_conditions_are_judged_as_by_a_map)
{
	struct model m = {.env = env_mem_new()};

	rng_seed(&m.rng, unit_seed());
	m.db = db_open_small(m.env);
	for (unsigned n = 0; n < MODEL_STEPS; n++)
		step(&m);
	check_all(&m);
	ck_assert_uint_gt(m.applied, MODEL_STEPS / 2);
	ck_assert_uint_gt(m.refused, MODEL_STEPS / 20);
	db_close(m.db);
	env_free(m.env);
}
END_TEST

static const TTest *const *const tests[] = {
	&a_batch_is_applied_only_to_the_version_it_was_made_for,
	&absent_means_never_written_or_deleted,
	&a_refused_batch_leaves_no_trace,
	&the_batch_is_judged_by_what_was_before_it,
	&a_cleared_batch_expects_nothing,
	&without_changes_it_is_a_pure_check,
	&keys_and_their_number_have_limits,
	&damage_met_by_a_check_is_the_answer,
	&no_increment_by_compare_and_swap_is_lost,
	&random_conditions_are_judged_as_by_a_map,
};

UNIT_SUITE("lsm/db/expect", tests)
