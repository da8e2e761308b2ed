/*
 * Every call to the disk fails once, with every kind of failure; then the process dies or the power
 * goes, and the store is opened again on a healthy disk: nothing that was acknowledged (and, for a
 * power cut, synced) is gone, no value is a wrong one, and the store takes writes.
 */
#include "tests/unit/lsm/db/db_fixture.h"

enum {
	PUTS = 60,
	PUT_BYTES = 200,
	SYNC_EVERY = 7,
};

/* What the caller was told. Put n gives key n % (PUTS / 2) the value n. */
struct told {
	int acknowledged; /* puts 0 .. acknowledged - 1 */
	int synced;
	int attempted;
};

static struct slice value_of(int n, char text[PUT_BYTES + 1])
{
	int len = snprintf(text, PUT_BYTES + 1, "%d ", n);

	memset(text + len, 'a' + n % 26, PUT_BYTES - (size_t)len);
	return slice_of(text, PUT_BYTES);
}

static int put_number(struct lsm *db, int n)
{
	const struct lsm_write_options options = {.sync = n % SYNC_EVERY == 0};
	char key[DB_TEXT_MAX], value[PUT_BYTES + 1];

	return lsm_put(db, slice_str(db_key(key, (unsigned)n % (PUTS / 2))), value_of(n, value),
		       &options);
}

static struct lsm_options fault_options(struct env *env)
{
	struct lsm_options options = db_small_options(env);

	options.memtable_bytes = 4 << 10;
	options.l0_threshold = 2;
	options.reserve_bytes = 8 << 10;
	return options;
}

/* Puts until one fails: what comes after a failure may succeed or not, but is no prefix. */
static void write_some(struct lsm *db, struct told *told, int until)
{
	while (told->attempted == told->acknowledged && told->attempted < until) {
		int n = told->attempted++;

		if (put_number(db, n))
			return;
		told->acknowledged++;
		if (n % SYNC_EVERY == 0)
			told->synced = told->acknowledged;
	}
}

static void run(struct env *env, struct told *told)
{
	struct lsm_options options = fault_options(env);
	struct lsm *db;

	*told = (struct told){0};
	if (lsm_open(DB_DIR, &options, &db))
		return;
	write_some(db, told, PUTS / 2);
	if (lsm_flush(db) == 0)
		told->synced = told->acknowledged;
	write_some(db, told, PUTS);
	if (lsm_compact(db, slice_str(""), slice_str("")) == 0)
		told->synced = told->acknowledged;
	if (lsm_close(db) == 0)
		told->synced = told->acknowledged;
}

/* The number of the newest put that the store has, -1 if none; all others must fit to it. */
static int newest_found(struct lsm *db)
{
	int found[PUTS / 2], newest = -1;

	for (unsigned k = 0; k < PUTS / 2; k++) {
		char key[DB_TEXT_MAX], value[PUT_BYTES + 1];
		struct lsm_record record;
		int err = lsm_get(db, slice_str(db_key(key, k)), NULL, &record);

		found[k] = -1;
		if (err == -ENOENT)
			continue;
		if (err)
			ck_abort_msg("get: %d %s", err, lsm_error_text());
		found[k] = atoi((const char *)record.value.ptr);
		unit_expect((unsigned)found[k] % (PUTS / 2) == k);
		unit_expect(slice_eq(record.value, value_of(found[k], value)));
		newest = max_of(newest, found[k]);
		lsm_record_release(&record);
	}
	for (int k = 0; k < PUTS / 2; k++) {
		int second = k + PUTS / 2;
		int expected = second <= newest ? second : k <= newest ? k : -1;

		if (found[k] != expected)
			ck_abort_msg("key %d has put %d, not %d, with %d the newest", k, found[k],
				     expected, newest);
	}
	return newest;
}

static void check_reopened(struct env *disk, const struct told *told, int at_least, uint64_t at)
{
	struct lsm_options options = fault_options(disk);
	struct lsm_verify_report report;
	struct lsm *db;
	int err = lsm_open(DB_DIR, &options, &db);

	if (err)
		ck_abort_msg("call %llu: reopen: %d %s", (unsigned long long)at, err,
			     lsm_error_text());
	int count = newest_found(db) + 1;
	if (count < at_least || count > told->attempted)
		ck_abort_msg("call %llu: %d puts of %d acknowledged, %d synced, %d attempted",
			     (unsigned long long)at, count, told->acknowledged, told->synced,
			     told->attempted);
	if (lsm_verify(db, &report))
		ck_abort_msg("call %llu: verify: %s", (unsigned long long)at, lsm_error_text());
	db_put(db, "again", "yes");
	ck_assert_int_eq(lsm_flush(db), 0);
	db_close(db);
	db = db_open_with(&options);
	unit_expect(db_has(db, "again", "yes"));
	unit_expect(newest_found(db) + 1 == count);
	db_close(db);
}

static void fail_every_call(const struct env_fault_plan *how, bool power_cut)
{
	bool struck = true;

	for (uint64_t at = 0; struck; at++) {
		struct env *disk = env_mem_new(), *env = env_fault_new(disk);
		struct env_fault_plan plan = *how;
		struct told told;

		plan.at_call = at;
		env_fault_set(env, &plan);
		run(env, &told);
		struck = env_fault_struck(env);
		if (power_cut)
			env_mem_power_cut(disk);
		check_reopened(disk, &told, power_cut ? told.synced : told.acknowledged, at);
		if (!struck) {
			ck_assert_int_eq(told.synced, PUTS);
			ck_assert_uint_gt(at, 60);
		}
		env_free(env);
		env_free(disk);
	}
}

START_TEST(one_failed_call_then_the_process_dies)
{
	const struct env_fault_plan plan = {.error = -EIO};

	fail_every_call(&plan, false);
}
END_TEST

START_TEST(one_failed_call_then_the_power_goes)
{
	const struct env_fault_plan plan = {.error = -EIO};

	fail_every_call(&plan, true);
}
END_TEST

START_TEST(the_disk_dies_then_the_power_goes)
{
	const struct env_fault_plan plan = {.error = -EIO, .sticky = true};

	fail_every_call(&plan, true);
}
END_TEST

START_TEST(the_disk_is_full_from_some_call_on)
{
	const struct env_fault_plan plan = {
		.error = -ENOSPC, .sticky = true, .writes_only = true, .how = ENV_FAULT_SHORT};

	fail_every_call(&plan, false);
}
END_TEST

START_TEST(a_torn_write_then_the_process_dies)
{
	const struct env_fault_plan plan = {
		.error = -EIO, .sticky = true, .writes_only = true, .how = ENV_FAULT_TORN};

	fail_every_call(&plan, false);
}
END_TEST

int main(void)
{
	static const TTest *const *tests[] = {
		&one_failed_call_then_the_process_dies, &one_failed_call_then_the_power_goes,
		&the_disk_dies_then_the_power_goes,     &the_disk_is_full_from_some_call_on,
		&a_torn_write_then_the_process_dies,
	};

	return unit_run("db fault", tests, array_size(tests));
}
