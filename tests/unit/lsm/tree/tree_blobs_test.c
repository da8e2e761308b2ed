/*
 * Large values: files that are missing, that nobody names, that are mostly dead; copies, damage.
 */
#include "lsm/env/env_fault.h"
#include "lsm/tree/tree_impl.h"
#include "lsm/tree/tree_ingest.h"
#include "tests/unit/lsm/tree/store_fixture.h"

enum {
	FILLER = STORE_KEYS - 1, /* its changes lie between those that matter */
	COPY_ID = 77,
};

/* The next change's seqno decides how long a value is: pass those of the other kind. */
static void change_as(struct store *s, struct model *m, unsigned key, bool large)
{
	while (((m->count + 1) % 9 == 0) != large)
		store_change(m, s->memtable, FILLER, false);
	store_change(m, s->memtable, key, true);
}

static void flush(struct store *s, struct model *m)
{
	int err = store_flush(s, m);

	ck_assert_msg(err == 0, "%d: %s", err, fail_text());
}

/* With a purge after each job: what one has replaced holds its files until then. */
static void compact(struct store *s, struct model *m)
{
	struct compaction_job job;
	int err;

	while ((err = tree_pick(s->tree, &job)) == 0) {
		err = store_run(s, m, &job);
		ck_assert_msg(err == 0, "%d: %s", err, fail_text());
		tree_purge(s->tree);
	}
	ck_assert_int_eq(err, -ENOENT);
}

static void compact_range(struct store *s, struct model *m, const char *from, const char *to)
{
	int err = store_compact_range(s, m, from, to);

	ck_assert_msg(err == 0, "%d: %s", err, fail_text());
	tree_purge(s->tree);
}

static struct tree_stats stats_of(struct store *s)
{
	struct version *v = tree_current(s->tree);
	struct tree_stats stats;

	tree_stats_read(s->tree, v, &stats);
	version_unref(v);
	return stats;
}

static void begin(struct store *s, struct env *env, struct model *m)
{
	memset(m, 0, sizeof(*m));
	store_large = true;
	store_create(s, env);
}

/* Whether the current version names the file. */
static bool is_named(struct store *s, uint64_t number)
{
	struct version *v = tree_current(s->tree);
	struct blob_use use = {0};
	bool named = false;

	ck_assert_int_eq(blob_use_note_version(&use, v), 0);
	for (size_t i = 0; i < use.count; i++)
		named |= use.files[i].number == number;
	blob_use_done(&use);
	version_unref(v);
	return named;
}

static size_t count_leaving(struct store *s)
{
	struct version *v = tree_current(s->tree);
	struct number_list leaving = {0};

	ck_assert_int_eq(tree_list_leaving_blobs(s->tree, v, &leaving), 0);
	size_t count = leaving.count;
	number_list_done(&leaving);
	version_unref(v);
	return count;
}

/* The only blob file that is named; its name. */
static uint64_t only_blob(struct store *s, char *ret_name)
{
	struct version *v = tree_current(s->tree);
	struct blob_use use = {0};

	ck_assert_int_eq(blob_use_note_version(&use, v), 0);
	ck_assert_uint_eq(use.count, 1);
	uint64_t number = use.files[0].number;
	file_name_make(FILE_BLOB, number, ret_name);
	blob_use_done(&use);
	version_unref(v);
	return number;
}

/*
 * Key 0 in a table of level 0, alone in a complete file that once had keys 8 and 22 as well, which
 * are gone.
 */
static uint64_t make_mostly_dead(struct store *s, struct model *m)
{
	char name[ENV_NAME_MAX + 1];

	change_as(s, m, 8, true);
	change_as(s, m, 22, true);
	flush(s, m);
	change_as(s, m, 0, true);
	flush(s, m);
	blob_store_seal(tree_blobs(s->tree));
	uint64_t number = only_blob(s, name);
	store_change(m, s->memtable, 8, false);
	store_change(m, s->memtable, 22, false);
	flush(s, m);
	compact_range(s, m, "f01", "f01~");
	return number;
}

START_TEST(large_values_are_durable_with_their_table)
{
	static struct model m;
	struct env *env = env_mem_new();
	struct store s;

	begin(&s, env, &m);
	for (unsigned key = 0; key < 10; key++)
		change_as(&s, &m, key, true);
	flush(&s, &m);
	ck_assert_uint_ge(store_folder(&s).blobs, 3);
	ck_assert_uint_eq(stats_of(&s).blob_live_bytes, 10 * STORE_VALUE_MAX);
	expect_no_orphans(&s);
	store_close(&s);
	env_mem_power_cut(env);
	store_open(&s, env);
	expect_model(&s, &m);
	expect_verified(&s);
	expect_no_orphans(&s);
	store_close(&s);
	env_free(env);
}
END_TEST

START_TEST(a_file_goes_when_no_table_names_it_any_more)
{
	static struct model m;
	struct env *env = env_mem_new();
	struct store s;

	begin(&s, env, &m);
	for (unsigned key = 0; key < 10; key++)
		change_as(&s, &m, key, true);
	flush(&s, &m);
	blob_store_seal(tree_blobs(s.tree));
	struct version *old = tree_current(s.tree);
	for (unsigned key = 0; key < 10; key++)
		change_as(&s, &m, key, false);
	flush(&s, &m);
	compact_range(&s, &m, "", "");
	/* an old version still reads them */
	ck_assert_uint_ge(store_folder(&s).blobs, 3);
	version_unref(old);
	tree_purge(s.tree);
	ck_assert_uint_eq(store_folder(&s).blobs, 0);
	ck_assert_uint_eq(stats_of(&s).blob_live_bytes, 0);
	expect_model(&s, &m);
	store_close(&s);
	env_free(env);
}
END_TEST

START_TEST(a_file_goes_with_a_flush_that_leaves_its_values_out)
{
	static struct model m;
	struct env *env = env_mem_new();
	struct store s;

	begin(&s, env, &m);
	change_as(&s, &m, 3, true);
	change_as(&s, &m, 3, false);
	blob_store_seal(tree_blobs(s.tree));
	ck_assert_uint_eq(store_folder(&s).blobs, 1);
	flush(&s, &m);
	tree_purge(s.tree);
	ck_assert_uint_eq(store_folder(&s).blobs, 0);
	store_close(&s);
	env_free(env);
}
END_TEST

/* ---- opening ---- */

static struct env *store_of_one_file(struct model *m, char *ret_name)
{
	struct env *env = env_mem_new();
	struct store s;

	begin(&s, env, m);
	change_as(&s, m, 2, true);
	change_as(&s, m, 4, true);
	flush(&s, m);
	(void)only_blob(&s, ret_name);
	store_close(&s);
	return env;
}

static void expect_refused(struct env *env, const char *name, const char *why)
{
	for (int read_only = 0; read_only < 2; read_only++) {
		struct store s;

		fail_clear();
		int err = store_try_open(&s, env, read_only);
		ck_assert_msg(err == -EUCLEAN, "%d: %s", err, fail_text());
		ck_assert_msg(strstr(fail_text(), name) && strstr(fail_text(), why), "%s",
			      fail_text());
	}
}

START_TEST(a_missing_blob_file_is_damage)
{
	static struct model m;
	char name[ENV_NAME_MAX + 1];
	struct env *env = store_of_one_file(&m, name);

	ck_assert_int_eq(env_mem_remove_file(env, FIXTURE_DIR, name), 0);
	expect_refused(env, name, "missing, but the manifest names it");
	env_free(env);
}
END_TEST

START_TEST(a_blob_file_that_ends_before_its_last_chunk_is_damage)
{
	static struct model m;
	char name[ENV_NAME_MAX + 1];
	struct env *env = store_of_one_file(&m, name);
	struct buf bytes = disk_bytes(env, name);
	struct store s;

	ck_assert_int_eq(
		env_mem_set_file(env, FIXTURE_DIR, name, slice_of(bytes.ptr, bytes.len - 1)), 0);
	expect_refused(env, name, "the file ends here");
	ck_assert_int_eq(env_mem_set_file(env, FIXTURE_DIR, name, slice_of(NULL, 0)), 0);
	expect_refused(env, name, "the file ends here");
	/* What is longer has a dead end. */
	ck_assert_int_eq(buf_append(&bytes, "torn", 4), 0);
	ck_assert_int_eq(env_mem_set_file(env, FIXTURE_DIR, name, buf_slice(&bytes)), 0);
	store_open(&s, env);
	expect_model(&s, &m);
	expect_verified(&s);
	store_close(&s);
	buf_done(&bytes);
	env_free(env);
}
END_TEST

/* ---- emptying files ---- */

static void set_gc_pct(struct store *s, unsigned percent)
{
	struct tree_tuning tuning = tree_tuning(s->tree);

	tuning.blob_gc_pct = percent;
	tree_tune(s->tree, &tuning);
}

START_TEST(mostly_dead_files_are_emptied_and_go)
{
	static struct model m;
	struct env *env = env_mem_new();
	struct store s;

	begin(&s, env, &m);
	for (unsigned key = 0; key < 60; key++)
		change_as(&s, &m, key, true);
	flush(&s, &m);
	compact_range(&s, &m, "", "");
	blob_store_seal(tree_blobs(s.tree));
	unsigned blobs = store_folder(&s).blobs;
	for (unsigned key = 0; key < 60; key++) {
		if (key % 6)
			change_as(&s, &m, key, false);
	}
	flush(&s, &m);
	compact_range(&s, &m, "", "");
	set_gc_pct(&s, 0);
	compact(&s, &m); /* what the strategy wants */
	set_gc_pct(&s, 50);
	ck_assert_uint_eq(stats_of(&s).blob_moved_bytes, 0);
	ck_assert_uint_gt(count_leaving(&s), 5);
	struct tree_stats before = stats_of(&s);
	compact(&s, &m);
	ck_assert_uint_eq(count_leaving(&s), 0);
	ck_assert_uint_lt(store_folder(&s).blobs, blobs / 2);
	struct tree_stats after = stats_of(&s);
	ck_assert_uint_gt(after.blob_moved_bytes, 5 * STORE_VALUE_MAX);
	ck_assert_uint_le(after.blob_moved_bytes, 10 * STORE_VALUE_MAX);
	ck_assert_uint_eq(after.blob_live_bytes, 10 * STORE_VALUE_MAX);
	/* Each table at most once, and nothing changed its place. */
	uint64_t tables = 0;
	for (int level = 0; level < TREE_LEVELS; level++) {
		tables += before.levels[level].files;
		ck_assert_uint_eq(before.levels[level].files, after.levels[level].files);
		ck_assert_uint_eq(before.levels[level].entries, after.levels[level].entries);
	}
	ck_assert_uint_le(after.compactions - before.compactions, tables);
	expect_model(&s, &m);
	expect_verified(&s);
	expect_no_orphans(&s);
	store_close(&s);
	env_mem_power_cut(env);
	store_open(&s, env);
	compact(&s, &m);
	ck_assert_uint_eq(stats_of(&s).blob_moved_bytes, 0);
	expect_model(&s, &m);
	expect_verified(&s);
	store_close(&s);
	env_free(env);
}
END_TEST

START_TEST(a_table_of_level_0_goes_down_when_its_file_is_to_be_emptied)
{
	static struct model m;
	struct env *env = env_mem_new();
	struct store s;
	char name[ENV_NAME_MAX + 1];

	begin(&s, env, &m);
	file_name_make(FILE_BLOB, make_mostly_dead(&s, &m), name);
	ck_assert_uint_eq(count_leaving(&s), 1);
	ck_assert_uint_eq(stats_of(&s).levels[0].files, 1);
	compact(&s, &m);
	ck_assert_uint_eq(stats_of(&s).levels[0].files, 0);
	ck_assert_uint_eq(stats_of(&s).blob_moved_bytes, STORE_VALUE_MAX);
	ck_assert(!disk_has(env, name));
	expect_model(&s, &m);
	expect_verified(&s);
	store_close(&s);
	env_free(env);
}
END_TEST

START_TEST(a_file_that_somebody_else_holds_is_not_emptied)
{
	static struct model m;
	struct env *env = env_mem_new();
	struct store s;
	struct compaction_job job;
	struct blob_file *held;

	begin(&s, env, &m);
	uint64_t number = make_mostly_dead(&s, &m);
	ck_assert_int_eq(blob_store_find(tree_blobs(s.tree), number, &held), 0);
	ck_assert_int_eq(tree_pick(s.tree, &job), -ENOENT);
	blob_file_unref(held);
	ck_assert_int_eq(tree_pick(s.tree, &job), 0);
	tree_drop_job(s.tree, &job);
	/* A reader of an old version needs it as it is. */
	struct version *old = tree_current(s.tree);
	compact_range(&s, &m, "f00", "f00~");
	ck_assert(!is_named(&s, number));
	ck_assert_int_eq(blob_store_find(tree_blobs(s.tree), number, &held), 0);
	blob_file_unref(held);
	version_unref(old);
	tree_purge(s.tree);
	ck_assert_int_eq(blob_store_find(tree_blobs(s.tree), number, &held), -ENOENT);
	expect_model(&s, &m);
	store_close(&s);
	env_free(env);
}
END_TEST

START_TEST(any_compaction_moves_chunks_out_of_leaving_files)
{
	static struct model m;
	struct env *env = env_mem_new();
	struct store s;

	begin(&s, env, &m);
	uint64_t number = make_mostly_dead(&s, &m);
	change_as(&s, &m, 7, false); /* in the same folder */
	flush(&s, &m);
	ck_assert_uint_eq(stats_of(&s).levels[0].files, 2);
	compact_range(&s, &m, "f00", "f00~");
	ck_assert(!is_named(&s, number));
	ck_assert_uint_eq(stats_of(&s).blob_moved_bytes, STORE_VALUE_MAX);
	expect_model(&s, &m);
	store_close(&s);
	env_free(env);
}
END_TEST

START_TEST(without_a_percentage_nothing_is_emptied)
{
	static struct model m;
	struct env *env = env_mem_new();
	struct store s;
	struct compaction_job job;

	begin(&s, env, &m);
	(void)make_mostly_dead(&s, &m);
	set_gc_pct(&s, 0);
	ck_assert_uint_eq(count_leaving(&s), 0);
	ck_assert_int_eq(tree_pick(s.tree, &job), -ENOENT);
	store_close(&s);
	env_free(env);
}
END_TEST

static void flip_last_byte(struct env *env, const char *name)
{
	struct buf content = disk_bytes(env, name);

	content.ptr[content.len - 1] ^= 4; /* key 0 came last */
	ck_assert_int_eq(env_mem_set_file(env, FIXTURE_DIR, name, buf_slice(&content)), 0);
	buf_done(&content);
}

static void break_file(struct env *env, const char *name)
{
	ck_assert_int_eq(env_mem_break_file(env, FIXTURE_DIR, name), 0);
}

/* Or the tables that name it could never be compacted again. */
static void check_stays(void (*harm)(struct env *env, const char *name), int error)
{
	static struct model m;
	struct env *env = env_mem_new();
	struct store s;
	struct compaction_job job;
	char name[ENV_NAME_MAX + 1];
	uint64_t tables = 0;
	struct long_work work = {0};

	begin(&s, env, &m);
	uint64_t number = make_mostly_dead(&s, &m);
	store_close(&s);
	file_name_make(FILE_BLOB, number, name);
	harm(env, name);
	store_open(&s, env);
	ck_assert_uint_eq(count_leaving(&s), 1);
	compact(&s, &m);
	ck_assert(is_named(&s, number) && disk_has(env, name));
	ck_assert_int_eq(tree_pick(s.tree, &job), -ENOENT);
	change_as(&s, &m, 7, false);
	flush(&s, &m);
	compact_range(&s, &m, "", "");
	struct version *v = tree_current(s.tree);
	ck_assert_int_eq(tree_verify(s.tree, v, &work, &tables), error);
	ck_assert_msg(strstr(fail_text(), name) != NULL, "%s", fail_text());
	version_unref(v);
	store_close(&s);
	env_free(env);
}

START_TEST(a_damaged_chunk_stays_where_it_is_and_stops_no_job)
{
	check_stays(flip_last_byte, -EBADMSG);
}
END_TEST

START_TEST(nor_does_one_in_bad_sectors)
{
	check_stays(break_file, -EIO);
}
END_TEST

START_TEST(a_job_for_emptying_that_finds_no_space_changes_nothing)
{
	static struct model m;
	struct env *env = env_mem_new();
	struct store s;
	struct compaction_job job;

	begin(&s, env, &m);
	uint64_t number = make_mostly_dead(&s, &m);
	ck_assert_int_eq(tree_pick(s.tree, &job), 0);
	env_mem_set_capacity(env, 0);
	ck_assert_int_eq(store_run(&s, &m, &job), -ENOSPC);
	env_mem_set_capacity(env, UINT64_MAX);
	ck_assert(is_named(&s, number));
	compact(&s, &m);
	ck_assert(!is_named(&s, number));
	expect_model(&s, &m);
	store_close(&s);
	env_free(env);
}
END_TEST

/* ---- beside a writer ---- */

START_TEST(a_reader_beside_a_writer_is_told_that_its_file_has_been_replaced)
{
	static struct model m;
	struct env *env = env_mem_new();
	struct store s, reader;
	struct table_hit hit;
	char key[32];
	struct extent e;
	uint8_t room[STORE_CHUNK];

	begin(&s, env, &m);
	(void)make_mostly_dead(&s, &m);
	ck_assert_int_eq(store_try_open(&reader, env, true), 0);
	expect_model(&reader, &m);
	store_close(&reader);
	ck_assert_int_eq(store_try_open(&reader, env, true), 0);
	store_blobs = tree_blobs(s.tree);
	struct version *v = tree_current(reader.tree);
	ck_assert_int_eq(
		tree_get(reader.tree, v, slice_str(store_key(0, key)), RECORD_SEQNO_MAX, &hit), 0);
	ck_assert_int_eq(table_hit_value(&hit), 0);
	ck_assert_int_eq(extent_list_get(hit.rec.value, 0, &e), 0);
	compact(&s, &m);
	ck_assert_int_eq(blob_store_read(tree_blobs(reader.tree), &e, room), -ESTALE);
	ck_assert_msg(strstr(fail_text(), "open the store again") != NULL, "%s", fail_text());
	table_hit_done(&hit);
	version_unref(v);
	tree_purge(reader.tree);
	store_close(&reader);
	expect_model(&s, &m);
	store_close(&s);
	env_free(env);
}
END_TEST

/* ---- copies ---- */

static void open_copy(struct store *c, struct env *env, struct env_dir *dir)
{
	*c = (struct store){.env = env, .dir = dir};
	ck_assert_int_eq(cache_new(20000, 1, &c->blocks), 0);
	const struct tree_options options = store_options(c);

	int err = tree_open(&options, &c->found, &c->tree);
	ck_assert_msg(err == 0, "%d: %s", err, fail_text());
	tree_release_found_blobs(c->tree);
	tree_purge(c->tree);
}

START_TEST(a_checkpoint_has_the_blob_files_and_they_do_not_grow)
{
	static struct model m, then;
	struct env *env = env_mem_new();
	struct env_dir *to;
	struct store s, copy;
	char name[ENV_NAME_MAX + 1];
	struct slice linked;

	begin(&s, env, &m);
	change_as(&s, &m, 2, true);
	change_as(&s, &m, 4, true);
	flush(&s, &m);
	(void)only_blob(&s, name);
	ck_assert_int_eq(env_open_dir(env, "copy", true, &to), 0);
	ck_assert_int_eq(tree_checkpoint(s.tree, to, COPY_ID), 0);
	then = m;
	ck_assert_int_eq(env_mem_file(env, "copy", name, &linked), 0);
	uint64_t size = linked.len;
	change_as(&s, &m, 6, true);
	ck_assert_int_eq(env_mem_file(env, "copy", name, &linked), 0);
	ck_assert_uint_eq(linked.len, size);
	/* They go their own ways. */
	for (unsigned key = 2; key < 6; key++)
		change_as(&s, &m, key, false);
	flush(&s, &m);
	compact_range(&s, &m, "", "");
	ck_assert(!disk_has(env, name));
	env_mem_power_cut(env);
	store_close(&s);
	open_copy(&copy, env, to);
	expect_model(&copy, &then);
	expect_verified(&copy);
	store_close(&copy);
	env_free(env);
}
END_TEST

static int count_name(void *arg, const char *name)
{
	(void)name;
	++*(unsigned *)arg;
	return 0;
}

START_TEST(a_checkpoint_that_fails_leaves_no_blob_file_behind)
{
	static struct model m;
	struct env *disk = env_mem_new(), *env = env_fault_new(disk);
	bool struck = true;
	struct env_dir *to;
	struct store s;
	unsigned tries = 0;

	begin(&s, env, &m);
	for (unsigned key = 0; key < 8; key++)
		change_as(&s, &m, key, true);
	flush(&s, &m);
	ck_assert_int_eq(env_open_dir(env, "copy", true, &to), 0);
	for (; struck; tries++) {
		const struct env_fault_plan plan = {
			.at_call = tries, .error = -EIO, .writes_only = true};
		unsigned left = 0;

		env_fault_set(env, &plan);
		int err = tree_checkpoint(s.tree, to, COPY_ID);
		struck = env_fault_struck(env);
		env_fault_set(env, NULL);
		ck_assert_int_eq(err, struck ? -EIO : 0);
		ck_assert_int_eq(env_dir_list(to, count_name, &left), 0);
		if (struck)
			ck_assert_uint_eq(left, 0);
		else
			ck_assert_uint_gt(left, 4);
	}
	ck_assert_uint_gt(tries, 6);
	env_dir_close(to);
	store_close(&s);
	env_free(env);
	env_free(disk);
}
END_TEST

START_TEST(sorted_input_may_have_large_values)
{
	static struct model m;
	struct env *env = env_mem_new();
	struct store s;
	struct iter *source;

	begin(&s, env, &m);
	for (unsigned key = 0; key < 20; key++)
		change_as(&s, &m, key, key % 3);
	ck_assert_int_eq(memtable_iter(s.memtable, &source), 0);
	ck_assert_int_eq(tree_ingest(s.tree, source, m.count), 0);
	iter_free(source);
	memtable_unref(s.memtable);
	s.memtable = NULL;
	tree_purge(s.tree);
	expect_model(&s, &m);
	expect_verified(&s);
	expect_no_orphans(&s);
	store_close(&s);
	env_mem_power_cut(env);
	store_open(&s, env);
	expect_model(&s, &m);
	store_close(&s);
	env_free(env);
}
END_TEST

/* ---- verify ---- */

static int verify(struct store *s, uint64_t *ret_bytes)
{
	struct version *v = tree_current(s->tree);
	struct long_work work = {0};
	uint64_t tables = 0;

	fail_clear();
	int err = tree_verify(s->tree, v, &work, &tables);
	*ret_bytes = long_work_done(&work);
	version_unref(v);
	return err;
}

START_TEST(verify_finds_every_flipped_bit_of_a_blob_file)
{
	static struct model m;
	char name[ENV_NAME_MAX + 1];
	struct env *env = store_of_one_file(&m, name);
	struct buf bytes = disk_bytes(env, name);
	uint64_t checked;

	for (size_t bit = 0; bit < bytes.len * 8; bit++) {
		struct env *copy = env_mem_clone(env);
		struct store s;

		bytes.ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(env_mem_set_file(copy, FIXTURE_DIR, name, buf_slice(&bytes)), 0);
		store_open(&s, copy);
		int err = verify(&s, &checked);
		ck_assert_msg(err == -EUCLEAN || err == -EBADMSG, "bit %zu: %d", bit, err);
		ck_assert_msg(strstr(fail_text(), name) != NULL, "bit %zu: %s", bit, fail_text());
		bytes.ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
		store_close(&s);
		env_free(copy);
	}
	buf_done(&bytes);
	env_free(env);
}
END_TEST

START_TEST(verify_counts_chunks_and_compares_what_the_manifest_says_of_them)
{
	static struct model m;
	char name[ENV_NAME_MAX + 1];
	struct env *env = store_of_one_file(&m, name);
	struct store s;
	uint64_t checked;

	store_open(&s, env);
	struct version *v = tree_current(s.tree);
	struct table_file *f = v->levels[0].files[0];
	struct blob_ref *ref = &f->blobs.refs[0];
	uint64_t *const claims[] = {&ref->number, &ref->bytes, &ref->end};

	ck_assert_int_eq(verify(&s, &checked), 0);
	ck_assert_uint_eq(checked, f->size_bytes + 2 * STORE_VALUE_MAX);
	for (size_t i = 0; i < array_size(claims); i++) {
		++*claims[i];
		ck_assert_int_eq(verify(&s, &checked), -EUCLEAN);
		ck_assert_msg(strstr(fail_text(), "than the manifest says") != NULL, "%s",
			      fail_text());
		--*claims[i];
	}
	f->blobs.count = 0;
	ck_assert_int_eq(verify(&s, &checked), -EUCLEAN);
	f->blobs.count = 1;
	ck_assert_int_eq(verify(&s, &checked), 0);
	version_unref(v);
	store_close(&s);
	env_free(env);
}
END_TEST

static const TTest *const *const tests[] = {
	&large_values_are_durable_with_their_table,
	&a_file_goes_when_no_table_names_it_any_more,
	&a_file_goes_with_a_flush_that_leaves_its_values_out,
	&a_missing_blob_file_is_damage,
	&a_blob_file_that_ends_before_its_last_chunk_is_damage,
	&mostly_dead_files_are_emptied_and_go,
	&a_table_of_level_0_goes_down_when_its_file_is_to_be_emptied,
	&a_file_that_somebody_else_holds_is_not_emptied,
	&any_compaction_moves_chunks_out_of_leaving_files,
	&without_a_percentage_nothing_is_emptied,
	&a_damaged_chunk_stays_where_it_is_and_stops_no_job,
	&nor_does_one_in_bad_sectors,
	&a_job_for_emptying_that_finds_no_space_changes_nothing,
	&a_reader_beside_a_writer_is_told_that_its_file_has_been_replaced,
	&a_checkpoint_has_the_blob_files_and_they_do_not_grow,
	&a_checkpoint_that_fails_leaves_no_blob_file_behind,
	&sorted_input_may_have_large_values,
	&verify_finds_every_flipped_bit_of_a_blob_file,
	&verify_counts_chunks_and_compares_what_the_manifest_says_of_them,
};

UNIT_SUITE("lsm/tree/tree_blobs", tests)
