#include "lsm/tree/tree_impl.h"
#include "tests/unit/lsm/tree/store_fixture.h"

static struct env *filled_store(struct model *m, uint64_t *ret_table)
{
	struct env *env = env_mem_new();
	struct store s;

	memset(m, 0, sizeof(*m));
	store_create(&s, env);
	for (unsigned key = 0; key < 30; key++)
		store_change(m, s.memtable, key, key % 5 != 0);
	ck_assert_int_eq(store_flush(&s, m), 0);
	for (unsigned key = 10; key < 20; key++)
		store_change(m, s.memtable, key, false);
	ck_assert_int_eq(store_flush(&s, m), 0);
	struct version *v = tree_current(s.tree);
	*ret_table = v->levels[0].files[0]->number;
	version_unref(v);
	store_close(&s);
	return env;
}

static int verify(struct store *s)
{
	struct version *v = tree_current(s->tree);
	struct long_work work = {0};
	uint64_t tables = 0;

	fail_clear();
	int err = tree_verify(s->tree, v, &work, &tables);
	if (!err) {
		ck_assert_uint_eq(tables, 2);
		ck_assert_uint_gt(long_work_done(&work), 500);
		ck_assert_uint_eq(long_work_done(&work), long_work_total(&work));
	}
	version_unref(v);
	return err;
}

START_TEST(a_sound_tree_passes)
{
	static struct model m;
	uint64_t table;
	struct env *env = filled_store(&m, &table);
	struct store s;

	store_open(&s, env);
	ck_assert_int_eq(verify(&s), 0);
	store_close(&s);
	ck_assert_int_eq(store_try_open(&s, env, true), 0);
	ck_assert_int_eq(verify(&s), 0);
	store_close(&s);
	env_free(env);
}
END_TEST

START_TEST(any_flipped_byte_of_a_table_is_found_and_its_file_named)
{
	static struct model m;
	uint64_t table;
	struct env *env = filled_store(&m, &table);
	char name[ENV_NAME_MAX + 1];

	file_name_make(FILE_TABLE, table, name);
	struct buf bytes = disk_bytes(env, name);
	for (size_t at = 0; at < bytes.len; at++) {
		struct env *copy = env_mem_clone(env);
		struct store s;

		bytes.ptr[at] ^= 0x10;
		ck_assert_int_eq(env_mem_set_file(copy, FIXTURE_DIR, name, buf_slice(&bytes)), 0);
		store_open(&s, copy);
		int err = verify(&s);
		ck_assert_msg(err == -EUCLEAN || err == -EBADMSG, "offset %zu: %d", at, err);
		ck_assert_msg(strstr(fail_text(), name) != NULL, "offset %zu: %s", at, fail_text());
		bytes.ptr[at] ^= 0x10;
		store_close(&s);
		env_free(copy);
	}
	buf_done(&bytes);
	env_free(env);
}
END_TEST

/* A sound table that is not what the manifest says: only the comparison finds it. */
START_TEST(a_table_that_the_manifest_describes_differently_is_found)
{
	static struct model m;
	uint64_t table;
	struct env *env = filled_store(&m, &table);
	struct store s;

	store_open(&s, env);
	struct version *v = tree_current(s.tree);
	struct table_file *f = v->levels[0].files[0];
	ck_assert_uint_eq(f->number, table);
	uint64_t *const claims[] = {&f->entries, &f->tombstones, &f->smallest_seqno,
				    &f->largest_seqno};
	for (size_t i = 0; i < array_size(claims); i++) {
		++*claims[i];
		ck_assert_int_eq(verify(&s), -EUCLEAN);
		ck_assert_msg(strstr(fail_text(), "but the manifest says") != NULL, "%s",
			      fail_text());
		--*claims[i];
	}
	struct slice *const ends[] = {&f->smallest, &f->largest};
	for (size_t i = 0; i < array_size(ends); i++) {
		struct slice right = *ends[i];

		*ends[i] = slice_str("f03/x");
		ck_assert_int_eq(verify(&s), -EUCLEAN);
		ck_assert_msg(strstr(fail_text(), "key is not the manifest's") != NULL, "%s",
			      fail_text());
		*ends[i] = right;
	}
	ck_assert_int_eq(verify(&s), 0);
	version_unref(v);
	store_close(&s);
	env_free(env);
}
END_TEST

START_TEST(a_manifest_changed_under_the_open_tree_is_found)
{
	static struct model m;
	uint64_t table;
	struct env *env = filled_store(&m, &table);
	struct store s;
	char name[ENV_NAME_MAX + 1];

	store_open(&s, env);
	file_name_make(FILE_MANIFEST, s.tree->manifest.number, name);
	ck_assert_int_eq(store_add_log(&s), 0);
	struct buf bytes = disk_bytes(env, name);
	/* Without its last edit it is a manifest like any other, and a wrong one. */
	ck_assert_int_eq(env_mem_set_file(env, FIXTURE_DIR, name,
					  slice_of(bytes.ptr, s.tree->manifest.size_bytes - 1)),
			 0);
	ck_assert_int_eq(verify(&s), -EUCLEAN);
	ck_assert_msg(strstr(fail_text(), name) != NULL, "%s", fail_text());
	ck_assert_int_eq(env_mem_remove_file(env, FIXTURE_DIR, "CURRENT"), 0);
	ck_assert_int_eq(verify(&s), -EUCLEAN);
	ck_assert_str_eq(fail_text(), "CURRENT: missing");
	buf_done(&bytes);
	store_close(&s);
	env_free(env);
}
END_TEST

/* Compaction reads the same bytes: it must not carry damage on, nor leave anything behind. */
START_TEST(compaction_of_a_damaged_table_fails_and_changes_nothing)
{
	static struct model m;
	uint64_t table;
	struct env *env = filled_store(&m, &table);
	char name[ENV_NAME_MAX + 1];
	struct store s;

	file_name_make(FILE_TABLE, table, name);
	struct buf bytes = disk_bytes(env, name);
	bytes.ptr[10] ^= 1;
	ck_assert_int_eq(env_mem_set_file(env, FIXTURE_DIR, name, buf_slice(&bytes)), 0);
	store_open(&s, env);
	int err = store_compact_range(&s, &m, "", "");
	ck_assert_msg(err == -EBADMSG || err == -EUCLEAN, "%d", err);
	ck_assert_msg(strstr(fail_text(), name) != NULL, "%s", fail_text());
	tree_purge(s.tree);
	expect_no_orphans(&s);
	struct version *v = tree_current(s.tree);
	ck_assert_uint_eq(v->levels[0].count, 2);
	version_unref(v);
	buf_done(&bytes);
	store_close(&s);
	env_free(env);
}
END_TEST

/* Its outputs would overlap tables that the job does not know of. */
START_TEST(compaction_of_a_table_with_other_keys_than_the_manifest_says_fails)
{
	static struct model m;
	uint64_t table;
	struct env *env = filled_store(&m, &table);
	struct store s;

	store_open(&s, env);
	struct version *v = tree_current(s.tree);

	for (int end = 0; end < 2; end++) {
		struct slice right[2];

		for (size_t i = 0; i < 2; i++) {
			struct table_file *f = v->levels[0].files[i];

			right[i] = end ? f->largest : f->smallest;
			*(end ? &f->largest : &f->smallest) = slice_str("f03/x");
		}
		ck_assert_int_eq(store_compact_range(&s, &m, "", ""), -EUCLEAN);
		ck_assert_msg(strstr(fail_text(), "manifest says") != NULL, "%s", fail_text());
		for (size_t i = 0; i < 2; i++) {
			struct table_file *f = v->levels[0].files[i];

			*(end ? &f->largest : &f->smallest) = right[i];
		}
	}
	version_unref(v);
	tree_purge(s.tree);
	expect_no_orphans(&s);
	ck_assert_int_eq(store_compact_range(&s, &m, "", ""), 0);
	expect_model(&s, &m);
	store_close(&s);
	env_free(env);
}
END_TEST

static const TTest *const *const tests[] = {
	&a_sound_tree_passes,
	&any_flipped_byte_of_a_table_is_found_and_its_file_named,
	&a_table_that_the_manifest_describes_differently_is_found,
	&a_manifest_changed_under_the_open_tree_is_found,
	&compaction_of_a_damaged_table_fails_and_changes_nothing,
	&compaction_of_a_table_with_other_keys_than_the_manifest_says_fails,
};

UNIT_SUITE("lsm/tree/tree_verify", tests)
