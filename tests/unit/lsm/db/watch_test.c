#include "tests/unit/lsm/db/db_fixture.h"

static struct lsm_watch *watch(struct lsm *db)
{
	struct lsm_watch *w;

	ck_assert_int_eq(lsm_watch_open(db, LSM_WATCH_BYTES_MIN, &w), 0);
	return w;
}

static void expect_change(struct lsm_watch *w, uint64_t seqno, enum lsm_change_kind kind,
			  const char *key)
{
	struct lsm_change c;

	ck_assert_int_eq(lsm_watch_next(w, &c), 0);
	ck_assert_uint_eq(c.seqno, seqno);
	ck_assert_int_eq(c.kind, kind);
	ck_assert(slice_eq(c.key, slice_str(key)));
	ck_assert_uint_eq(c.lost, 0);
	ck_assert_uint_gt(c.time_ns, 0);
}

static void expect_none(struct lsm_watch *w)
{
	struct lsm_change c;

	ck_assert_int_eq(lsm_watch_next(w, &c), -EAGAIN);
}

START_TEST(a_watch_shows_what_is_committed_from_its_opening_on)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);
	const struct lsm_patch patch = {.size = 3, .bytes = slice_str("x")};
	static uint8_t large[5000];
	struct lsm_batch *batch = lsm_batch_new();

	options.large_value_threshold = 4096;
	struct lsm *db = db_open_with(&options);

	db_put(db, "before", "1");
	struct lsm_watch *w = watch(db);

	expect_none(w);
	db_put(db, "a", "1");
	ck_assert_int_eq(lsm_write_patch(db, slice_str("a"), &patch, NULL), 0);
	ck_assert_int_eq(lsm_put(db, slice_str("large"), slice_of(large, sizeof(large)), NULL), 0);
	ck_assert_int_eq(lsm_batch_put(batch, slice_str("b"), slice_str(""), slice_str("2")), 0);
	ck_assert_int_eq(lsm_batch_delete(batch, slice_str("a")), 0);
	ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), 0);
	expect_change(w, 2, LSM_CHANGE_PUT, "a");
	expect_change(w, 3, LSM_CHANGE_PATCH, "a");
	expect_change(w, 4, LSM_CHANGE_PUT, "large");
	expect_change(w, 5, LSM_CHANGE_PUT, "b");
	expect_change(w, 6, LSM_CHANGE_DELETE, "a");
	expect_none(w);
	/* flushes, compactions and what fails are no changes */
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	lsm_batch_clear(batch);
	ck_assert_int_eq(lsm_batch_expect(batch, slice_str("b"), 1), 0);
	ck_assert_int_eq(lsm_batch_delete(batch, slice_str("b")), 0);
	ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), -ESTALE);
	expect_none(w);
	lsm_watch_seek(w, 5);
	expect_change(w, 5, LSM_CHANGE_PUT, "b");
	lsm_batch_free(batch);
	lsm_watch_close(w);
	lsm_watch_close(NULL);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(what_a_slow_watch_has_lost_is_counted)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct lsm_watch *w = watch(db);
	struct lsm_change c;
	uint64_t met = 0, lost = 0;

	ck_assert_int_eq(db_fill(db, 0, 20000, 1), 0);
	while (lsm_watch_next(w, &c) == 0) {
		lost += c.lost;
		met++;
		ck_assert_uint_eq(c.seqno, met + lost);
	}
	ck_assert_uint_eq(met + lost, 20000);
	ck_assert_uint_gt(lost, 10000);
	ck_assert_uint_gt(met, 2000);
	/* the same again, and from the middle of what is there */
	lsm_watch_seek(w, 100);
	ck_assert_int_eq(lsm_watch_next(w, &c), 0);
	ck_assert_uint_eq(c.seqno, lost + 1);
	ck_assert_uint_eq(c.lost, lost + 1 - 100);
	lsm_watch_seek(w, 19999);
	ck_assert_int_eq(lsm_watch_next(w, &c), 0);
	ck_assert_uint_eq(c.seqno, 19999);
	ck_assert_uint_eq(c.lost, 0);
	lsm_watch_seek(w, 20002);
	expect_none(w);
	ck_assert_int_eq(db_fill(db, 0, 2, 1), 0);
	ck_assert_int_eq(lsm_watch_next(w, &c), 0);
	ck_assert_uint_eq(c.seqno, 20002);
	lsm_watch_close(w);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(one_window_serves_all_and_goes_with_the_last)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct lsm_watch *first = watch(db), *second, *untouched = (struct lsm_watch *)8;
	struct lsm_watch *w = untouched;

	ck_assert_int_eq(lsm_watch_open(db, LSM_WATCH_BYTES_MIN - 1, &w), -EINVAL);
	ck_assert_int_eq(lsm_watch_open(db, LSM_WATCH_BYTES_MAX + UINT64_C(1), &w), -EINVAL);
	ck_assert_ptr_eq(w, untouched);
	db_put(db, "a", "1");
	second = watch(db);
	expect_none(second);
	db_put(db, "b", "1");
	expect_change(second, 2, LSM_CHANGE_PUT, "b");
	expect_change(first, 1, LSM_CHANGE_PUT, "a");
	lsm_watch_close(first);
	db_put(db, "c", "1");
	lsm_watch_seek(second, 1);
	expect_change(second, 1, LSM_CHANGE_PUT, "a");
	lsm_watch_close(second);
	ck_assert_ptr_null(db->feed);
	db_put(db, "d", "1");
	second = watch(db);
	lsm_watch_seek(second, 1);
	expect_none(second);
	db_put(db, "e", "1");
	struct lsm_change c;

	ck_assert_int_eq(lsm_watch_next(second, &c), 0);
	ck_assert_uint_eq(c.seqno, 5);
	ck_assert_uint_eq(c.lost, 4);
	lsm_watch_close(second);
	db_close(db);
	env_free(env);
}
END_TEST

enum {
	WRITERS = 3,
	WRITES = 3000,
};

struct writer {
	struct lsm *db;
	struct thread thread;
	unsigned number;
};

static void write_many(void *arg)
{
	struct writer *w = arg;
	char text[DB_TEXT_MAX];

	for (unsigned i = 0; i < WRITES; i++) {
		(void)snprintf(text, sizeof(text), "by %u, %u", w->number, i);
		ck_assert(db_try_put(w->db, text, text) == 0);
	}
}

/* Each change that is met can be read. */
START_TEST(writers_and_watches_go_on_side_by_side)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);

	options.memtable_bytes = 256 << 10;
	struct lsm *db = db_open_with(&options);
	struct lsm_watch *w = watch(db);
	struct writer writers[WRITERS];
	uint64_t met = 0, lost = 0;

	for (unsigned i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){.db = db, .number = i};
		ck_assert_int_eq(
			thread_start(&writers[i].thread, "writer", write_many, &writers[i]), 0);
	}
	while (met + lost < (uint64_t)WRITERS * WRITES) {
		struct lsm_record record;
		struct lsm_change c;

		if (lsm_watch_next(w, &c))
			continue;
		lost += c.lost;
		met++;
		ck_assert_uint_eq(c.seqno, met + lost);
		ck_assert_int_eq(lsm_get(db, c.key, NULL, &record), 0);
		ck_assert(slice_eq(record.value, c.key));
		ck_assert_uint_eq(record.seqno, c.seqno);
		lsm_record_release(&record);
		if (met % 500 == 0) { /* others come and go */
			struct lsm_watch *other = watch(db);

			lsm_watch_close(other);
		}
	}
	for (unsigned i = 0; i < WRITERS; i++)
		thread_join(&writers[i].thread);
	expect_none(w);
	lsm_watch_close(w);
	db_close(db);
	env_free(env);
}
END_TEST

static const TTest *const *const tests[] = {
	&a_watch_shows_what_is_committed_from_its_opening_on,
	&what_a_slow_watch_has_lost_is_counted,
	&one_window_serves_all_and_goes_with_the_last,
	&writers_and_watches_go_on_side_by_side,
};

UNIT_SUITE("lsm/db/watch", tests)
