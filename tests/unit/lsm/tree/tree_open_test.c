#include "lsm/tree/tree_impl.h"
#include "tests/unit/lsm/tree/manifest_fixture.h"
#include "tests/unit/lsm/tree/store_fixture.h"

/* A store with tables on several levels and one log; closed. */
static struct env *filled_store(struct model *m)
{
	struct env *env = env_mem_new();
	struct store s;
	struct rng r;

	rng_seed(&r, 7);
	memset(m, 0, sizeof(*m));
	store_create(&s, env);
	ck_assert_int_eq(store_add_log(&s), 0);
	for (int i = 0; i < 5; i++) {
		store_random_changes(&s, m, &r, 80);
		ck_assert_int_eq(store_flush(&s, m), 0);
		if (i != 4)
			ck_assert_int_eq(store_compact(&s, m), 0);
	}
	tree_purge(s.tree);
	store_close(&s);
	return env;
}

static void expect_refused(struct env *env, bool read_only, int code, const char *sentence)
{
	struct store s;

	fail_clear();
	int err = store_try_open(&s, env, read_only);
	ck_assert_msg(err == code, "%d: %s", err, fail_text());
	ck_assert_msg(strstr(fail_text(), sentence) != NULL, "%s", fail_text());
}

/* The name of some table or log of the store. */
static void find_file(struct env *env, enum file_kind kind, char *ret_name)
{
	for (uint64_t number = 1; number < 200; number++) {
		file_name_make(kind, number, ret_name);
		if (disk_has(env, ret_name))
			return;
	}
	ck_abort_msg("no such file");
}

START_TEST(a_new_tree_is_empty_and_opens)
{
	struct env *env = env_mem_new();
	struct store s;

	store_create(&s, env);
	ck_assert_uint_eq(s.found.store_id, STORE_ID);
	ck_assert_uint_eq(s.found.flushed_seqno, 0);
	ck_assert_uint_eq(s.found.log_count, 0);
	struct version *v = tree_current(s.tree);
	ck_assert_uint_eq(version_tables(v), 0);
	ck_assert(!tree_may_contain_prefix(s.tree, v, slice_str("a")));
	version_unref(v);
	expect_no_orphans(&s);
	expect_verified(&s);
	store_close(&s);
	env_free(env);
}
END_TEST

START_TEST(no_current_is_enoent)
{
	struct env *env = env_mem_new();
	struct store s;

	ck_assert_int_eq(store_try_open(&s, env, false), -ENOENT);
	ck_assert_int_eq(store_try_open(&s, env, true), -ENOENT);
	env_free(env);
}
END_TEST

START_TEST(creation_survives_a_power_cut_at_once_and_a_crash_before_it)
{
	struct env *env = env_mem_new();
	struct env_dir *dir;
	struct store s;

	/* What a creation that was cut off left behind. */
	ck_assert_int_eq(
		env_mem_set_file(env, FIXTURE_DIR, "MANIFEST-000001", slice_str("half a man")), 0);
	ck_assert_int_eq(env_mem_set_file(env, FIXTURE_DIR, "CURRENT.tmp", slice_str("MANI")), 0);
	ck_assert_int_eq(env_open_dir(env, FIXTURE_DIR, true, &dir), 0);
	ck_assert_int_eq(tree_create(dir, STORE_ID), 0);
	env_dir_close(dir);
	env_mem_power_cut(env);
	store_open(&s, env);
	expect_no_orphans(&s);
	store_close(&s);
	env_free(env);
}
END_TEST

START_TEST(what_was_flushed_is_there_again)
{
	static struct model m;
	struct env *env = filled_store(&m);
	struct store s;

	for (int i = 0; i < 4; i++) {
		if (i == 2)
			env_mem_power_cut(env);
		store_open(&s, env);
		ck_assert_uint_eq(s.found.flushed_seqno, m.count);
		ck_assert_uint_eq(s.found.log_count, 1);
		expect_model(&s, &m);
		expect_no_orphans(&s);
		expect_verified(&s);
		store_close(&s);
	}
	env_free(env);
}
END_TEST

START_TEST(orphans_of_ours_go_and_strangers_stay)
{
	static const char *const orphans[] = {"000777.sst", "000778.wal", "MANIFEST-000779",
					      "CURRENT.tmp", "1000000.sst"};
	static const char *const strangers[] = {"notes.txt", "LOCK",  "12.sst",  "000777.sst.bak",
						"780.blob",  "x.tmp", "MANIFEST"};
	static struct model m;
	struct env *env = filled_store(&m);
	struct store s;

	for (size_t i = 0; i < array_size(orphans); i++)
		ck_assert_int_eq(env_mem_set_file(env, FIXTURE_DIR, orphans[i], slice_str("x")), 0);
	for (size_t i = 0; i < array_size(strangers); i++)
		ck_assert_int_eq(env_mem_set_file(env, FIXTURE_DIR, strangers[i], slice_str("x")),
				 0);
	store_open(&s, env);
	for (size_t i = 0; i < array_size(orphans); i++)
		ck_assert_msg(!disk_has(env, orphans[i]), "%s", orphans[i]);
	for (size_t i = 0; i < array_size(strangers); i++)
		ck_assert_msg(disk_has(env, strangers[i]), "%s", strangers[i]);
	expect_model(&s, &m);
	/* No number that any file bore comes again, not even after another open. */
	ck_assert_uint_gt(tree_new_file_number(s.tree), 1000000);
	store_close(&s);
	store_open(&s, env);
	ck_assert_uint_gt(tree_new_file_number(s.tree), 1000000);
	store_close(&s);
	env_free(env);
}
END_TEST

/* The logs may name it. */
START_TEST(a_blob_file_that_nobody_names_stays_until_the_logs_have_been_replayed)
{
	static struct model m;
	struct env *env = filled_store(&m);
	struct store s;
	struct blob_file *f;

	ck_assert_int_eq(env_mem_set_file(env, FIXTURE_DIR, "1000780.blob", slice_str("x")), 0);
	ck_assert_int_eq(env_mem_set_file(env, FIXTURE_DIR, "1000781.blob", slice_str("xy")), 0);
	store_open(&s, env);
	tree_purge(s.tree);
	ck_assert(disk_has(env, "1000780.blob") && disk_has(env, "1000781.blob"));
	ck_assert_uint_gt(tree_new_file_number(s.tree), 1000781);
	ck_assert_int_eq(blob_store_find(tree_blobs(s.tree), 1000781, &f), 0);
	ck_assert_uint_eq(f->bytes, 2);
	tree_release_found_blobs(s.tree);
	tree_purge(s.tree);
	ck_assert(!disk_has(env, "1000780.blob") && disk_has(env, "1000781.blob"));
	blob_file_unref(f);
	tree_purge(s.tree);
	ck_assert(!disk_has(env, "1000781.blob"));
	expect_no_orphans(&s);
	store_close(&s);
	store_open(&s, env);
	ck_assert_uint_gt(tree_new_file_number(s.tree), 1000781);
	store_close(&s);
	env_free(env);
}
END_TEST

START_TEST(a_missing_or_cut_file_is_damage)
{
	static struct model m;
	struct env *env = filled_store(&m);
	char name[ENV_NAME_MAX + 1], sentence[200];

	find_file(env, FILE_TABLE, name);
	struct env *copy = env_mem_clone(env);
	ck_assert_int_eq(env_mem_remove_file(copy, FIXTURE_DIR, name), 0);
	(void)snprintf(sentence, sizeof(sentence), "%s: missing, but the manifest names it", name);
	expect_refused(copy, false, -EUCLEAN, sentence);
	expect_refused(copy, true, -EUCLEAN, sentence);
	env_free(copy);

	copy = env_mem_clone(env);
	struct buf bytes = disk_bytes(copy, name);
	ck_assert_int_eq(
		env_mem_set_file(copy, FIXTURE_DIR, name, slice_of(bytes.ptr, bytes.len - 1)), 0);
	buf_done(&bytes);
	expect_refused(copy, false, -EUCLEAN, "but the manifest says");
	env_free(copy);

	copy = env_mem_clone(env);
	find_file(env, FILE_LOG, name);
	ck_assert_int_eq(env_mem_remove_file(copy, FIXTURE_DIR, name), 0);
	expect_refused(copy, false, -EUCLEAN, name);
	env_free(copy);

	copy = env_mem_clone(env);
	find_file(env, FILE_MANIFEST, name);
	ck_assert_int_eq(env_mem_remove_file(copy, FIXTURE_DIR, name), 0);
	expect_refused(copy, false, -EUCLEAN, "which is missing");
	env_free(copy);
	env_free(env);
}
END_TEST

static int list_files(void *arg, const char *name)
{
	struct buf *names = arg;

	return buf_printf(names, "%s\n", name);
}

static struct buf listing(struct env *env)
{
	struct buf names = {0};
	struct env_dir *dir;

	ck_assert_int_eq(env_open_dir(env, FIXTURE_DIR, false, &dir), 0);
	ck_assert_int_eq(env_dir_list(dir, list_files, &names), 0);
	env_dir_close(dir);
	return names;
}

START_TEST(a_reader_changes_nothing)
{
	static struct model m;
	struct env *env = filled_store(&m);
	struct store s;
	struct compaction_job job;

	ck_assert_int_eq(env_mem_set_file(env, FIXTURE_DIR, "000777.sst", slice_str("x")), 0);
	ck_assert_int_eq(env_mem_set_file(env, FIXTURE_DIR, "000778.blob", slice_str("x")), 0);
	struct buf before = listing(env);
	ck_assert_int_eq(store_try_open(&s, env, true), 0);
	expect_model(&s, &m);
	expect_verified(&s);
	ck_assert_int_eq(tree_pick(s.tree, &job), -EROFS);
	ck_assert_int_eq(tree_pick_range(s.tree, 0, slice_str(""), slice_str(""), &job), -EROFS);
	ck_assert_int_eq(tree_add_log(s.tree, 5000), -EROFS);
	ck_assert_int_eq(store_flush(&s, &m), -EROFS);
	tree_purge(s.tree);
	store_close(&s);
	struct buf after = listing(env);
	ck_assert(slice_eq(buf_slice(&before), buf_slice(&after)));
	buf_done(&before);
	buf_done(&after);
	env_free(env);
}
END_TEST

START_TEST(logs_are_named_until_a_flush_lets_go_of_them)
{
	static struct model m;
	struct env *env = env_mem_new();
	struct store s;
	uint64_t logs[3];

	memset(&m, 0, sizeof(m));
	store_create(&s, env);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(store_add_log(&s), 0);
		logs[i] = s.log;
	}
	store_close(&s);
	store_open(&s, env);
	ck_assert_uint_eq(s.found.log_count, 3);
	for (int i = 0; i < 3; i++)
		ck_assert_uint_eq(s.found.logs[i], logs[i]);
	/* An empty source installs only the numbers. */
	s.log = logs[2];
	m.count = 10;
	ck_assert_int_eq(store_flush(&s, &m), 0);
	ck_assert_uint_eq(store_folder(&s).logs, 3);
	tree_purge(s.tree);
	ck_assert_uint_eq(store_folder(&s).logs, 1);
	store_close(&s);
	store_open(&s, env);
	ck_assert_uint_eq(s.found.log_count, 1);
	ck_assert_uint_eq(s.found.logs[0], logs[2]);
	ck_assert_uint_eq(s.found.flushed_seqno, 10);
	store_close(&s);
	env_free(env);
}
END_TEST

START_TEST(ids_differ_for_every_number_and_do_not_change)
{
	struct env *env = env_mem_new();
	struct store s;

	store_create(&s, env);
	uint64_t one = tree_file_id(s.tree, 1);
	for (uint64_t n = 2; n < 1000; n++)
		ck_assert_uint_ne(tree_file_id(s.tree, n), tree_file_id(s.tree, n - 1));
	store_close(&s);
	store_open(&s, env);
	ck_assert_uint_eq(tree_file_id(s.tree, 1), one);
	store_close(&s);
	env_free(env);
}
END_TEST

START_TEST(a_long_manifest_is_begun_anew)
{
	static struct model m;
	struct env *env = filled_store(&m);
	struct store s;

	store_open(&s, env);
	uint64_t before = s.tree->manifest.number;
	s.tree->roll_bytes = s.tree->manifest.size_bytes + 100;
	for (int i = 0; i < 20 && s.tree->manifest.number == before; i++)
		ck_assert_int_eq(store_add_log(&s), 0);
	ck_assert_uint_ne(s.tree->manifest.number, before);
	ck_assert_uint_gt(s.tree->roll_bytes, 1 << 20);
	expect_no_orphans(&s);
	expect_verified(&s);
	unsigned logs = store_folder(&s).logs;
	store_close(&s);
	env_mem_power_cut(env);
	store_open(&s, env);
	ck_assert_uint_eq(s.found.log_count, logs);
	expect_model(&s, &m);
	store_close(&s);
	env_free(env);
}
END_TEST

/* At the length that a reader accepts, however much is left to the size that was wanted. */
START_TEST(a_full_manifest_is_begun_anew)
{
	static struct model m;
	struct env *env = filled_store(&m);
	struct store s;
	unsigned renewed = 0;

	store_open(&s, env);
	s.tree->manifest.file_max = s.tree->manifest.size_bytes + 300;
	for (int i = 0; i < 60; i++) {
		uint64_t before = s.tree->manifest.number;

		ck_assert_int_eq(store_add_log(&s), 0);
		ck_assert_uint_le(s.tree->manifest.size_bytes, s.tree->manifest.file_max);
		renewed += s.tree->manifest.number != before;
	}
	ck_assert_uint_ge(renewed, 2);
	store_change(&m, s.memtable, 5, true);
	ck_assert_int_eq(store_flush(&s, &m), 0);
	ck_assert_int_eq(store_compact(&s, &m), 0);
	tree_purge(s.tree);
	expect_verified(&s);
	store_close(&s);
	env_mem_power_cut(env);
	store_open(&s, env);
	expect_model(&s, &m);
	expect_no_orphans(&s);
	store_close(&s);
	env_free(env);
}
END_TEST

/* Every field that an edit can have. */
static void edit_with_everything(struct tree *t, struct version_edit *e, uint64_t log)
{
	const struct named_snapshot old = named_snapshot_of(slice_str("old"), 0);
	const struct named_snapshot made = named_snapshot_of(slice_str("made"), 600);

	*e = (struct version_edit){
		.has_durable_seqno = true,
		.durable_seqno = 700,
		.has_logs_dropped = true,
		.logs_dropped = log,
		.has_note = true,
	};
	ck_assert_int_eq(buf_set(&e->note, slice_str("second")), 0);
	ck_assert_int_eq(number_list_insert(&e->logs_added, log), 0);
	ck_assert_int_eq(snapshot_list_insert(&e->snapshots_dropped, &old), 0);
	ck_assert_int_eq(snapshot_list_insert(&e->snapshots_named, &made), 0);
	ck_assert_int_eq(version_edit_set_cursor(e, 2, slice_str("cursor")), 0);
	for (int level = 1; level < TREE_LEVELS; level++) {
		const struct version_level *l = &t->current->levels[level];

		if (l->count == 0)
			continue;
		/* its first table moves up, where it is alone */
		ck_assert_int_eq(version_edit_remove_table(e, level, l->files[0]->number), 0);
		ck_assert_int_eq(version_edit_add_table(e, 0, 0, l->files[0]), 0);
		return;
	}
	ck_abort_msg("no table below level 0");
}

/* The store after the edit, closed and with the power cut; its state on the disk in *ret_state. */
static void apply_everything(struct env *env, bool is_too_long, struct manifest_state *ret_state)
{
	struct version_edit first = {.has_note = true}, edit;
	const struct named_snapshot old = named_snapshot_of(slice_str("old"), 0);
	uint64_t number;
	struct store s;

	store_open(&s, env);
	ck_assert_int_eq(buf_set(&first.note, slice_str("first")), 0);
	ck_assert_int_eq(snapshot_list_insert(&first.snapshots_named, &old), 0);
	ck_assert_int_eq(tree_apply(s.tree, &first), 0);
	version_edit_done(&first);
	ck_assert_int_eq(store_add_log(&s), 0);
	edit_with_everything(s.tree, &edit, s.log + 1);
	ck_assert_uint_eq(tree_new_file_number(s.tree), s.log + 1);
	uint64_t before = s.tree->manifest.number;
	if (is_too_long)
		s.tree->manifest.file_max = s.tree->manifest.size_bytes + 20;
	ck_assert_int_eq(tree_apply(s.tree, &edit), 0);
	ck_assert((s.tree->manifest.number != before) == is_too_long);
	version_edit_done(&edit);
	env_mem_power_cut(env);
	ck_assert_int_eq(current_read(s.dir, &number), 0);
	ck_assert_uint_eq(number, s.tree->manifest.number);
	ck_assert_int_eq(manifest_read(s.dir, number, ret_state), 0);
	store_close(&s);
}

START_TEST(a_new_manifest_holds_all_that_an_edit_changes)
{
	static struct model m;
	struct env *env = filled_store(&m), *copy = env_mem_clone(env);
	struct manifest_state appended = {0}, begun = {0};
	struct buf expected = {0}, found = {0};

	apply_everything(env, false, &appended);
	apply_everything(copy, true, &begun);
	ck_assert_uint_gt(appended.edits, 1);
	ck_assert_uint_eq(begun.edits, 1);
	ck_assert_uint_gt(begun.next_file, appended.next_file); /* its own number */
	begun.next_file = appended.next_file;
	manifest_state_text(&appended, &expected);
	manifest_state_text(&begun, &found);
	ck_assert_str_eq((char *)found.ptr, (char *)expected.ptr);
	ck_assert_uint_eq(begun.durable_seqno, 700);
	ck_assert(slice_eq(buf_slice(&begun.note), slice_str("second")));
	ck_assert_uint_eq(begun.snapshots.count, 1);
	ck_assert(snapshot_list_equal(&begun.snapshots, &appended.snapshots));
	buf_done(&expected);
	buf_done(&found);
	manifest_state_done(&appended);
	manifest_state_done(&begun);
	env_free(copy);
	env_free(env);
}
END_TEST

START_TEST(a_job_of_many_tables_needs_no_edit_that_holds_them_all)
{
	static struct model m;
	struct env *env = filled_store(&m);
	struct manifest_state state = {0};
	struct store s;

	store_open(&s, env);
	s.tree->manifest.edit_max = 150;
	uint64_t before = s.tree->manifest.number;
	ck_assert_int_eq(store_compact_range(&s, &m, "", ""), 0);
	ck_assert_uint_ne(s.tree->manifest.number, before);
	tree_purge(s.tree);
	ck_assert_int_eq(manifest_read(s.dir, s.tree->manifest.number, &state), 0);
	ck_assert_uint_gt(state.edits, 3);
	manifest_state_done(&state);
	expect_model(&s, &m);
	expect_no_orphans(&s);
	expect_verified(&s);
	store_close(&s);
	env_mem_power_cut(env);
	store_open(&s, env);
	expect_model(&s, &m);
	store_close(&s);
	env_free(env);
}
END_TEST

/* What a tree can hold at all has its end; there it goes on as it was. */
START_TEST(a_state_that_no_manifest_can_hold_is_refused)
{
	static struct model m;
	struct env *env = filled_store(&m);
	struct store s;

	store_open(&s, env);
	uint64_t before = s.tree->manifest.number;
	s.tree->manifest.file_max = 100;
	store_change(&m, s.memtable, 5, true);
	ck_assert_int_eq(store_flush(&s, &m), -EFBIG);
	ck_assert(!tree_is_broken(s.tree));
	ck_assert_uint_eq(s.tree->manifest.number, before);
	expect_no_orphans(&s);
	s.tree->manifest.file_max = 0;
	ck_assert_int_eq(store_flush(&s, &m), 0);
	expect_model(&s, &m);
	store_close(&s);
	env_free(env);
}
END_TEST

static const TTest *const *const tests[] = {
	&a_new_tree_is_empty_and_opens,
	&no_current_is_enoent,
	&creation_survives_a_power_cut_at_once_and_a_crash_before_it,
	&what_was_flushed_is_there_again,
	&orphans_of_ours_go_and_strangers_stay,
	&a_blob_file_that_nobody_names_stays_until_the_logs_have_been_replayed,
	&a_missing_or_cut_file_is_damage,
	&a_reader_changes_nothing,
	&logs_are_named_until_a_flush_lets_go_of_them,
	&ids_differ_for_every_number_and_do_not_change,
	&a_long_manifest_is_begun_anew,
	&a_full_manifest_is_begun_anew,
	&a_new_manifest_holds_all_that_an_edit_changes,
	&a_job_of_many_tables_needs_no_edit_that_holds_them_all,
	&a_state_that_no_manifest_can_hold_is_refused,
};

UNIT_SUITE("lsm/tree/tree_open", tests)
