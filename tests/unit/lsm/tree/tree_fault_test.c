/*
 * Every call to the disk fails once, with every kind of failure; then the process dies or the power
 * goes, and the store is opened again: it holds the state before the job or after it, and nothing
 * that was reported as done is gone.
 */
#include "lsm/env/env_fault.h"
#include "lsm/tree/tree_impl.h"
#include "tests/unit/lsm/tree/store_fixture.h"

struct outcome {
	bool opened;
	bool log_added;
	bool flushed;
	uint64_t log; /* the newest that was made known */
};

static struct env *base_store(struct model *m)
{
	struct env *env = env_mem_new();
	struct store s;
	struct rng r;

	rng_seed(&r, 3);
	memset(m, 0, sizeof(*m));
	store_create(&s, env);
	ck_assert_int_eq(store_add_log(&s), 0);
	for (int i = 0; i < 2; i++) {
		store_random_changes(&s, m, &r, 60);
		ck_assert_int_eq(store_flush(&s, m), 0);
	}
	m->snapshots[m->snapshot_count++] = m->count;
	store_close(&s);
	return env;
}

/*
 * Open, a log, a flush, compactions, purge. `m` gets the changes of the flush; how far it came is
 * in *ret_outcome.
 */
static void run_jobs(struct env *env, struct model *m, struct outcome *ret_outcome)
{
	struct store s;
	struct rng r;

	rng_seed(&r, 4);
	*ret_outcome = (struct outcome){0};
	if (store_try_open(&s, env, false) < 0)
		return;
	ret_outcome->opened = true;
	ret_outcome->log_added = store_add_log(&s) == 0;
	ret_outcome->log = s.log;
	store_random_changes(&s, m, &r, 60);
	ret_outcome->flushed = store_flush(&s, m) == 0;
	if (store_compact(&s, m) == 0)
		ignore_result(store_compact_range(&s, m, "", "")); /* may be what fails */
	tree_purge(s.tree);
	store_close(&s);
}

static void check_reopened(struct env *env, const struct model *before, const struct model *after,
			   const struct outcome *o)
{
	struct store s;

	store_open(&s, env);
	if (o->flushed)
		ck_assert_uint_eq(s.found.flushed_seqno, after->count);
	else
		ck_assert(s.found.flushed_seqno == before->count ||
			  s.found.flushed_seqno == after->count);
	if (o->log_added) {
		ck_assert_uint_ge(s.found.log_count, 1);
		ck_assert_uint_eq(s.found.logs[s.found.log_count - 1], o->log);
	}
	expect_model(&s, s.found.flushed_seqno == before->count ? before : after);
	expect_no_orphans(&s);
	expect_verified(&s);
	store_close(&s);
}

static void fail_every_call(const struct env_fault_plan *how, bool power_cut)
{
	static struct model before, after;
	struct env *base = base_store(&before);
	bool struck = true;
	uint64_t at = 0;

	for (; struck; at++) {
		struct env *disk = env_mem_clone(base), *env = env_fault_new(disk);
		struct env_fault_plan plan = *how;
		struct outcome o;

		plan.at_call = at;
		env_fault_set(env, &plan);
		after = before;
		run_jobs(env, &after, &o);
		struck = env_fault_struck(env);
		if (power_cut)
			env_mem_power_cut(disk);
		if (!o.opened)
			after = before;
		check_reopened(disk, &before, &after, &o);
		if (!struck)
			ck_assert(o.flushed);
		env_free(env);
		env_free(disk);
	}
	ck_assert_uint_gt(at, 40);
	env_free(base);
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

START_TEST(one_failed_call_with_large_values_then_the_power_goes)
{
	const struct env_fault_plan plan = {.error = -EIO};

	store_large = true;
	fail_every_call(&plan, true);
	store_large = false;
}
END_TEST

START_TEST(the_disk_is_full_for_large_values_from_some_call_on)
{
	const struct env_fault_plan plan = {
		.error = -ENOSPC, .sticky = true, .writes_only = true, .how = ENV_FAULT_SHORT};

	store_large = true;
	fail_every_call(&plan, false);
	store_large = false;
}
END_TEST

START_TEST(creating_a_tree_fails_at_every_call_and_can_be_repeated)
{
	bool struck = true;

	for (uint64_t at = 1; struck; at++) {
		struct env *disk = env_mem_new(), *env = env_fault_new(disk);
		const struct env_fault_plan plan = {.at_call = at, .error = -EIO, .sticky = true};
		struct env_dir *dir;
		struct store s;

		env_fault_set(env, &plan);
		ck_assert_int_eq(env_open_dir(env, FIXTURE_DIR, true, &dir), 0);
		int err = tree_create(dir, STORE_ID);
		struck = env_fault_struck(env);
		ck_assert(struck == (err != 0));
		env_dir_close(dir);
		env_mem_power_cut(disk);
		if (store_try_open(&s, disk, false) == 0) {
			store_close(&s);
		} else {
			ck_assert_int_ne(err, 0);
			store_create(&s, disk);
			store_close(&s);
		}
		env_free(env);
		env_free(disk);
	}
}
END_TEST

/* The n-th call that changes the disk is the manifest's append or sync: found by trying. */
START_TEST(after_a_failed_manifest_write_nothing_is_changed_any_more)
{
	static struct model base_model, m;
	struct env *base = base_store(&base_model);
	bool struck = true;
	unsigned broken = 0;

	for (uint64_t at = 0; struck; at++) {
		struct env *disk = env_mem_clone(base), *env = env_fault_new(disk);
		const struct env_fault_plan plan = {
			.at_call = at, .error = -EIO, .writes_only = true};
		struct compaction_job job;
		struct store s;

		m = base_model;
		store_open(&s, env);
		store_change(&m, s.memtable, 5, true);
		env_fault_set(env, &plan);
		int err = store_flush(&s, &m);
		struck = env_fault_struck(env);
		ck_assert_int_eq(err, struck ? -EIO : 0);
		env_fault_set(env, NULL);
		unsigned tables = store_folder(&s).tables;
		if (tree_is_broken(s.tree)) {
			broken++;
			ck_assert_int_eq(store_flush(&s, &m), -EIO);
			ck_assert_int_eq(store_add_log(&s), -EIO);
			ck_assert_int_eq(tree_pick(s.tree, &job), -EIO);
			ck_assert_uint_eq(store_folder(&s).tables, tables);
		} else {
			/*
			 * The table is gone and nothing else has changed: the flush can be
			 * repeated.
			 */
			if (struck)
				ck_assert_int_eq(store_flush(&s, &m), 0);
			ck_assert_int_eq(store_compact(&s, &m), 0);
			expect_model(&s, &m);
		}
		store_close(&s);
		env_free(env);
		env_free(disk);
	}
	/* The folder's sync, the manifest's append, the manifest's sync. */
	ck_assert_uint_eq(broken, 3);
	env_free(base);
}
END_TEST

/* What either kind of crash leaves of the disk is the store of the model. */
static void expect_after_crash(struct env *disk, const struct model *m)
{
	for (int power_cut = 0; power_cut < 2; power_cut++) {
		struct env *copy = env_mem_clone(disk);
		struct store s;

		if (power_cut)
			env_mem_power_cut(copy);
		store_open(&s, copy);
		ck_assert_uint_eq(s.found.flushed_seqno, m->count);
		expect_model(&s, m);
		store_close(&s);
		env_free(copy);
	}
}

/*
 * One call of a flush finds the disk full. Either nothing has happened, or the tree is broken, and
 * then by another error: who hears of a full disk tries again with more room. Returns how many
 * calls broke it.
 */
static unsigned fill_disk_once(int error)
{
	static struct model base_model, m;
	struct env *base = base_store(&base_model);
	bool struck = true;
	unsigned broken = 0;

	for (uint64_t at = 0; struck; at++) {
		struct env *disk = env_mem_clone(base), *env = env_fault_new(disk);
		const struct env_fault_plan plan = {
			.at_call = at, .error = error, .writes_only = true, .how = ENV_FAULT_SHORT};
		struct store s;

		m = base_model;
		store_open(&s, env);
		store_change(&m, s.memtable, 5, true);
		env_fault_set(env, &plan);
		int err = store_flush(&s, &m);
		struck = env_fault_struck(env);
		env_fault_set(env, NULL);
		if (tree_is_broken(s.tree)) {
			broken++;
			ck_assert_int_eq(err, -EIO);
			ck_assert_ptr_nonnull(strstr(fail_text(), strerror(-error)));
			ck_assert_int_eq(store_flush(&s, &m), -EIO);
		} else if (err) {
			ck_assert_int_eq(err, error);
			expect_after_crash(disk, &base_model);
			ck_assert_int_eq(store_flush(&s, &m), 0);
		}
		if (!tree_is_broken(s.tree))
			expect_after_crash(disk, &m);
		store_close(&s);
		env_free(env);
		env_free(disk);
	}
	env_free(base);
	return broken;
}

START_TEST(a_full_disk_breaks_the_tree_only_by_a_failed_sync_and_then_with_eio)
{
	/* the folder's sync, the manifest's sync */
	ck_assert_uint_eq(fill_disk_once(-ENOSPC), 2);
	ck_assert_uint_eq(fill_disk_once(-EDQUOT), 2);
}
END_TEST

/*
 * The table of an edit whose durability is unknown stays: here the edit is durable, and its sync
 * reported a failure.
 */
START_TEST(an_edit_that_may_be_durable_keeps_its_table)
{
	static struct model base_model, m;
	struct env *base = base_store(&base_model);
	struct env *disk = env_mem_clone(base), *env = env_fault_new(disk);
	struct env_fault_plan plan = {.error = -EIO, .writes_only = true};
	struct store s;

	m = base_model;
	store_open(&s, env);
	for (int i = 0; i < 3; i++) {
		/*
		 * Once so that the manifest has space for all of them, once to count the calls,
		 * then to fail the last of as many.
		 */
		store_change(&m, s.memtable, 5, true);
		if (i == 2)
			plan.at_call = env_fault_calls(env) - 1;
		else
			plan.at_call = UINT64_MAX;
		env_fault_set(env, &plan);
		ck_assert_int_eq(store_flush(&s, &m), i < 2 ? 0 : -EIO);
	}
	ck_assert(tree_is_broken(s.tree));
	env_fault_set(env, NULL);
	store_close(&s);
	/* No power cut: what was appended is there. */
	store_open(&s, disk);
	ck_assert_uint_eq(s.found.flushed_seqno, m.count);
	expect_model(&s, &m);
	store_close(&s);
	env_free(env);
	env_free(disk);
	env_free(base);
}
END_TEST

START_TEST(a_full_disk_ends_a_compaction_and_it_works_again_with_room)
{
	static struct model m;
	struct env *env = base_store(&m);
	struct store s;

	store_open(&s, env);
	env_mem_set_capacity(env, 0);
	struct compaction_job job;
	ck_assert_int_eq(tree_pick(s.tree, &job), 0);
	ck_assert_int_eq(store_run(&s, &m, &job), -ENOSPC);
	ck_assert(!tree_is_broken(s.tree));
	expect_no_orphans(&s);
	expect_model(&s, &m);
	env_mem_set_capacity(env, UINT64_MAX);
	ck_assert_int_eq(store_compact(&s, &m), 0);
	expect_model(&s, &m);
	store_close(&s);
	env_free(env);
}
END_TEST

/* Begin a manifest with the call `at` failing; whether it struck. */
static bool begin_manifest_failing(struct store *s, struct env *env, struct env_fault_plan plan,
				   int *ret_err)
{
	env_fault_set(env, &plan);
	mutex_lock(&s->tree->log_mu);
	*ret_err = tree_begin_manifest(s->tree);
	mutex_unlock(&s->tree->log_mu);
	bool struck = env_fault_struck(env);

	env_fault_set(env, NULL);
	return struck;
}

/* After any failure the store on the disk is whole; returns how many calls broke the tree. */
static unsigned fail_new_manifests(int error, bool sticky)
{
	static struct model base_model, m;
	struct env *base = base_store(&base_model);
	unsigned broken = 0;
	bool struck = true;

	for (uint64_t at = 0; struck; at++) {
		struct env *disk = env_mem_clone(base), *env = env_fault_new(disk);
		struct env_fault_plan plan = {.at_call = at,
					      .error = error,
					      .sticky = sticky,
					      .writes_only = true,
					      .how = ENV_FAULT_SHORT};
		struct store s;
		int err;

		m = base_model;
		store_open(&s, env);
		store_change(&m, s.memtable, 5, true);
		struck = begin_manifest_failing(&s, env, plan, &err);
		if (tree_is_broken(s.tree)) {
			broken++;
			ck_assert_int_eq(err, -EIO);
			ck_assert_int_eq(store_flush(&s, &m), -EIO);
			m = base_model;
		} else {
			/* goes on with the manifest that it has */
			expect_verified(&s);
			ck_assert_int_eq(store_flush(&s, &m), 0);
			ck_assert_int_eq(store_compact(&s, &m), 0);
			expect_model(&s, &m);
		}
		store_close(&s);
		env_mem_power_cut(disk);
		store_open(&s, disk);
		expect_model(&s, &m);
		expect_no_orphans(&s);
		store_close(&s);
		env_free(env);
		env_free(disk);
	}
	env_free(base);
	return broken;
}

START_TEST(a_manifest_that_cannot_be_prepared_leaves_the_old_one_in_use)
{
	/* the folder's sync before CURRENT's rename, the rename, the folder's sync after it; the
	 * removal of the old manifest fails without harm */
	ck_assert_uint_eq(fail_new_manifests(-EIO, false), 3);
}
END_TEST

START_TEST(a_full_disk_at_a_new_manifest_breaks_nothing_but_by_a_failed_sync)
{
	/* a rename that finds no space has changed nothing */
	ck_assert_uint_eq(fail_new_manifests(-ENOSPC, false), 2);
}
END_TEST

/* The manifest has no room for another edit, but a new one has for the state. */
static void fill_manifest(struct store *s)
{
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(store_add_log(s), 0);
	s->tree->manifest.file_max = s->tree->manifest.size_bytes;
}

/*
 * One call of a flush that begins a manifest fails: the store is the one before it or after it.
 * Returns how many calls broke the tree.
 */
static unsigned fail_flush_into_new_manifest(int error)
{
	static struct model base_model, m;
	struct env *base = base_store(&base_model);
	unsigned broken = 0;
	bool struck = true;

	for (uint64_t at = 0; struck; at++) {
		struct env *disk = env_mem_clone(base), *env = env_fault_new(disk);
		const struct env_fault_plan plan = {
			.at_call = at, .error = error, .writes_only = true, .how = ENV_FAULT_SHORT};
		struct store s;

		m = base_model;
		store_open(&s, env);
		fill_manifest(&s);
		uint64_t number = s.tree->manifest.number;
		store_change(&m, s.memtable, 5, true);
		env_fault_set(env, &plan);
		int err = store_flush(&s, &m);
		struck = env_fault_struck(env);
		env_fault_set(env, NULL);
		if (tree_is_broken(s.tree)) {
			broken++;
			ck_assert_int_eq(err, -EIO);
		} else if (err) {
			ck_assert_int_eq(err, error);
			expect_after_crash(disk, &base_model);
			ck_assert_int_eq(store_flush(&s, &m), 0);
		}
		if (!tree_is_broken(s.tree)) {
			ck_assert_uint_ne(s.tree->manifest.number, number);
			expect_after_crash(disk, &m);
		}
		store_close(&s);
		env_mem_power_cut(disk);
		store_open(&s, disk);
		expect_model(&s, s.found.flushed_seqno == m.count ? &m : &base_model);
		expect_no_orphans(&s);
		store_close(&s);
		env_free(env);
		env_free(disk);
	}
	env_free(base);
	return broken;
}

START_TEST(an_edit_in_a_new_manifest_is_done_or_not)
{
	/* the folder's syncs for the table, before CURRENT's rename and after it, and the rename,
	 * which a full disk refuses */
	ck_assert_uint_eq(fail_flush_into_new_manifest(-EIO), 4);
	ck_assert_uint_eq(fail_flush_into_new_manifest(-ENOSPC), 3);
}
END_TEST

static const TTest *const *const tests[] = {
	&one_failed_call_then_the_process_dies,
	&one_failed_call_then_the_power_goes,
	&the_disk_dies_then_the_power_goes,
	&the_disk_is_full_from_some_call_on,
	&a_torn_write_then_the_process_dies,
	&one_failed_call_with_large_values_then_the_power_goes,
	&the_disk_is_full_for_large_values_from_some_call_on,
	&creating_a_tree_fails_at_every_call_and_can_be_repeated,
	&after_a_failed_manifest_write_nothing_is_changed_any_more,
	&a_full_disk_breaks_the_tree_only_by_a_failed_sync_and_then_with_eio,
	&an_edit_that_may_be_durable_keeps_its_table,
	&a_full_disk_ends_a_compaction_and_it_works_again_with_room,
	&a_manifest_that_cannot_be_prepared_leaves_the_old_one_in_use,
	&a_full_disk_at_a_new_manifest_breaks_nothing_but_by_a_failed_sync,
	&an_edit_in_a_new_manifest_is_done_or_not,
};

UNIT_SUITE("lsm/tree/tree_fault", tests)
