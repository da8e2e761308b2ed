/*
 * Stores made of sorted records, and what is left when that fails.
 */
#include "lsm/load.h"

#include "lsm/env/env_fault.h"
#include "tests/unit/lsm/db/db_fixture.h"

enum {
	RECORDS = 3000,
	LARGE = 7, /* this record's value lies in blob files */
	LARGE_BYTES = 300000,
	CALLS_MAX = 3000,
	CALLS_MIN = 20,
	WIDE_RECORDS = 20000,
	WIDE_BYTES = 400,           /* of a value then */
	WIDE_TABLE_BYTES = 1 << 20, /* so that threads are worth it */
};

struct numbers {
	unsigned next, count;
	unsigned odd; /* from here on the keys are not in order; 0: never */
	bool wide;    /* larger values and tables */
	char key[32], value[WIDE_BYTES + 1];
	char *large; /* owned */
};

/* Letters that do not pack well, behind what is there. */
static void widen(char value[WIDE_BYTES + 1], unsigned i)
{
	uint64_t x = i + 1;

	for (size_t at = strlen(value); at < WIDE_BYTES; at++) {
		x = x * UINT64_C(6364136223846793005) + 1;
		value[at] = (char)('!' + (x >> 58));
		value[at + 1] = '\0';
	}
}

static int next_number(void *arg, struct slice *ret_key, struct slice *ret_meta,
		       struct slice *ret_value)
{
	struct numbers *n = arg;
	unsigned i = n->next++;

	if (i >= n->count)
		return -ENODATA;
	(void)snprintf(n->key, sizeof(n->key), "key%08u", n->odd && i >= n->odd ? n->odd - 1 : i);
	(void)snprintf(n->value, sizeof(n->value), "value %u", i);
	if (n->wide)
		widen(n->value, i);
	*ret_key = slice_str(n->key);
	*ret_meta = slice_str(i % 3 ? "" : "meta");
	*ret_value = i == LARGE ? slice_of(n->large, LARGE_BYTES) : slice_str(n->value);
	return 0;
}

static struct numbers numbers_of(unsigned count)
{
	struct numbers n = {.count = count, .large = malloc(LARGE_BYTES)};

	ck_assert_ptr_nonnull(n.large);
	for (unsigned i = 0; i < LARGE_BYTES; i++)
		n.large[i] = (char)(i * 2654435761U >> 24);
	return n;
}

static int load(struct env *env, struct numbers *n, struct lsm_load_report *report)
{
	struct lsm_options options = db_small_options(env);
	const struct lsm_source source = {.next = next_number, .arg = n};
	int err;

	options.large_value_threshold = 4096;
	if (n->wide)
		options.target_file_bytes = WIDE_TABLE_BYTES;
	n->next = 0;
	err = lsm_load_sorted(DB_DIR, &options, &source, report);
	return err;
}

static int open_loaded(struct env *env, struct lsm **ret_db)
{
	struct lsm_options options = db_small_options(env);

	options.create = false;
	return lsm_open(DB_DIR, &options, ret_db);
}

/* All of them, in order, each with its own value, meta and seqno. */
static void expect_all(struct env *env, struct numbers *n)
{
	struct lsm_verify_report report;
	struct slice key, meta, value;
	struct lsm_iter *it;
	struct lsm *db;

	ck_assert_int_eq(open_loaded(env, &db), 0);
	ck_assert_int_eq(lsm_iter_new(db, NULL, &it), 0);
	lsm_iter_first(it);
	for (n->next = 0; next_number(n, &key, &meta, &value) == 0; lsm_iter_next(it)) {
		struct slice found;

		ck_assert(lsm_iter_valid(it));
		ck_assert(slice_eq(lsm_iter_record(it)->key, key));
		ck_assert(slice_eq(lsm_iter_record(it)->meta, meta));
		ck_assert(lsm_iter_record(it)->seqno == n->next);
		ck_assert(lsm_iter_value(it, &found) == 0 && slice_eq(found, value));
	}
	ck_assert(!lsm_iter_valid(it));
	ck_assert_int_eq(lsm_iter_status(it), 0);
	lsm_iter_free(it);
	ck_assert_int_eq(lsm_verify(db, &report), 0);
	ck_assert_int_eq(lsm_put(db, slice_str("later"), slice_str("x"), NULL), 0);
	ck_assert_uint_eq(db_stats(db).last_seqno, n->count + 1);
	db_close(db);
}

START_TEST(all_records_are_there_and_the_store_goes_on)
{
	struct env *env = env_mem_new();
	struct numbers n = numbers_of(RECORDS);
	struct lsm_load_report report;

	ck_assert_int_eq(load(env, &n, &report), 0);
	ck_assert_uint_eq(report.records, RECORDS);
	env_mem_power_cut(env); /* it was durable */
	expect_all(env, &n);
	free(n.large);
	env_free(env);
}
END_TEST

START_TEST(threads_make_the_same_of_it)
{
	struct env *env = env_mem_new();
	struct numbers n = numbers_of(WIDE_RECORDS);
	struct lsm_load_report report;

	n.wide = true;
	ck_assert_int_eq(load(env, &n, &report), 0);
	ck_assert_uint_eq(report.records, WIDE_RECORDS);
	env_mem_power_cut(env); /* tables that were synced by another thread are durable, too */
	expect_all(env, &n);
	free(n.large);
	env_free(env);
}
END_TEST

START_TEST(no_records_make_an_empty_store)
{
	struct env *env = env_mem_new();
	struct numbers n = numbers_of(0);
	struct lsm_load_report report;

	ck_assert_int_eq(load(env, &n, &report), 0);
	ck_assert_uint_eq(report.records, 0);
	expect_all(env, &n);
	free(n.large);
	env_free(env);
}
END_TEST

START_TEST(what_is_out_of_order_leaves_no_store)
{
	struct env *env = env_mem_new();
	struct numbers n = numbers_of(RECORDS);
	struct lsm_load_report report = {.records = 77};
	struct lsm *db;

	n.odd = 1000;
	ck_assert_int_eq(load(env, &n, &report), -EINVAL);
	ck_assert_uint_eq(n.next, 1001);
	ck_assert_uint_eq(report.records, 77);
	ck_assert_ptr_nonnull(strstr(lsm_error_text(), "precedes"));
	ck_assert_int_eq(open_loaded(env, &db), -ENOENT);
	n.odd = 0;
	ck_assert_int_eq(load(env, &n, &report), 0); /* the folder does for another try */
	ck_assert_int_eq(load(env, &n, &report), -ENOTEMPTY);
	expect_all(env, &n);
	free(n.large);
	env_free(env);
}
END_TEST

/* False: the call was not reached, the load worked. */
static bool fail_at(struct numbers *n, uint64_t at_call, bool sticky, enum env_fault_how how)
{
	struct env *memory = env_mem_new();
	struct env *env = env_fault_new(memory);
	const struct env_fault_plan plan = {
		.at_call = at_call, .sticky = sticky, .error = -EIO, .how = how};
	struct lsm_load_report report;
	struct lsm *db;

	env_fault_set(env, &plan);
	int err = load(env, n, &report);
	bool struck = env_fault_struck(env);

	ck_assert(struck || err == 0);
	env_free(env);
	env_mem_power_cut(memory);
	if (err == 0) {
		expect_all(memory, n);
	} else if (!sticky) {
		/* none, or what a crash leaves; or the whole one, if the last sync is what failed
		 */
		err = open_loaded(memory, &db);
		if (err == 0)
			db_close(db);
		else
			ck_assert(err == -ENOENT || err == -EUCLEAN);
	}
	env_free(memory);
	return struck;
}

static void fail_everywhere(bool sticky, enum env_fault_how how)
{
	struct numbers n = numbers_of(200);
	uint64_t at = 0;

	while (fail_at(&n, at, sticky, how) && at < CALLS_MAX)
		at += UNIT_SLOWNESS;
	ck_assert_uint_gt(at, CALLS_MIN);
	ck_assert_uint_lt(at, CALLS_MAX);
	free(n.large);
}

START_TEST(a_call_that_fails_leaves_no_half_store)
{
	fail_everywhere(false, ENV_FAULT_ERROR);
	fail_everywhere(false, ENV_FAULT_SHORT);
	fail_everywhere(true, ENV_FAULT_ERROR);
}
END_TEST

/* The calls are not the same ones each time: threads make some of them. */
START_TEST(a_call_that_fails_beside_threads_leaves_no_half_store)
{
	struct numbers n = numbers_of(WIDE_RECORDS);

	n.wide = true;
	for (uint64_t at = 0; at < CALLS_MIN * 4; at += 3 * UNIT_SLOWNESS)
		(void)fail_at(&n, at, false, ENV_FAULT_ERROR);
	free(n.large);
}
END_TEST

static const TTest *const *const tests[] = {
	&all_records_are_there_and_the_store_goes_on,
	&threads_make_the_same_of_it,
	&a_call_that_fails_beside_threads_leaves_no_half_store,
	&no_records_make_an_empty_store,
	&what_is_out_of_order_leaves_no_store,
	&a_call_that_fails_leaves_no_half_store,
};

UNIT_SUITE("lsm/db/load", tests)
