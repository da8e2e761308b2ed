/*
 * What a sync covers, and in which order; power cuts.
 */
#include "tests/unit/lsm/blob/blob_fixture.h"

enum {
	LEN = 1000,
	FILES = 4,
};

static void write_files(struct fixture *f, struct extent ret_extents[FILES])
{
	struct blob_file *file;

	for (uint64_t i = 0; i < FILES; i++) {
		ret_extents[i] = fixture_write(f, i, LEN, i % 2, &file);
		if (i + 1 < FILES)
			blob_store_seal(f->store);
	}
}

/* Lose power and begin anew with what is on the disk. */
static void cut(struct fixture *f)
{
	env_mem_power_cut(f->disk);
	blob_store_free(f->store);
	fixture_new_store(f, fixture_options());
}

static bool survives(struct fixture *f, const struct extent *e, uint64_t seed)
{
	struct blob_file *file;

	ck_assert_int_eq(blob_store_add(f->store, e->file, 0, &file), 0);
	return fixture_reads_right(f, e, seed, seed % 2);
}

START_TEST(synced_chunks_and_their_names_survive_a_power_cut)
{
	struct fixture f;
	struct extent extents[FILES];

	fixture_init(&f, fixture_options());
	write_files(&f, extents);
	ck_assert_int_eq(blob_store_sync(f.store), 0);
	ck_assert_uint_eq(fixture_stats(&f).syncs, FILES);
	cut(&f);
	for (uint64_t i = 0; i < FILES; i++)
		ck_assert(survives(&f, &extents[i], i));
	fixture_done(&f);
}
END_TEST

START_TEST(chunks_behind_the_last_sync_are_lost)
{
	struct fixture f;
	struct blob_file *file;

	fixture_init(&f, fixture_options());
	struct extent first = fixture_write(&f, 1, LEN, true, &file);
	ck_assert_int_eq(blob_store_sync(f.store), 0);
	struct extent second = fixture_write(&f, 3, LEN, true, &file);
	cut(&f);
	ck_assert(survives(&f, &first, 1));
	ck_assert(!survives(&f, &second, 3));
	fixture_done(&f);
}
END_TEST

START_TEST(only_what_is_new_is_synced)
{
	struct fixture f;
	struct extent extents[FILES];
	struct blob_file *file;

	fixture_init(&f, fixture_options());
	ck_assert_int_eq(blob_store_sync(f.store), 0);
	write_files(&f, extents);
	env_fault_set(f.fault, NULL);
	ck_assert_int_eq(blob_store_sync(f.store), 0);
	ck_assert_uint_eq(env_fault_calls(f.fault), FILES + 1);
	ck_assert_int_eq(blob_store_sync(f.store), 0);
	ck_assert_uint_eq(env_fault_calls(f.fault), FILES + 1);
	/* Into a file whose name is there: no sync of the folder. */
	(void)fixture_write(&f, 1, LEN, true, &file);
	ck_assert_int_eq(blob_store_sync(f.store), 0);
	ck_assert_uint_eq(env_fault_calls(f.fault), FILES + 3);
	fixture_done(&f);
}
END_TEST

START_TEST(what_nobody_wants_is_not_synced)
{
	struct fixture f;
	struct blob_file *file;

	fixture_init(&f, fixture_options());
	(void)fixture_write(&f, 1, LEN, true, &file);
	blob_file_unref(file);
	blob_store_seal(f.store);
	ck_assert_int_eq(blob_store_sync(f.store), 0);
	ck_assert_uint_eq(fixture_stats(&f).syncs, 0);
	blob_store_purge(f.store);
	ck_assert(!fixture_has_file(&f, 1));
	fixture_done(&f);
}
END_TEST

START_TEST(contents_come_before_names_and_the_first_failure_is_told)
{
	/* Each file, then the folder. */
	for (uint64_t nth = 0; nth <= FILES; nth++) {
		struct fixture f;
		struct extent extents[FILES];

		fixture_init(&f, fixture_options());
		write_files(&f, extents);
		fixture_fail_call(&f, nth, -EIO);
		ck_assert_int_eq(blob_store_sync(f.store), -EIO);
		ck_assert_uint_eq(env_fault_calls(f.fault), nth + 1);
		ck_assert_uint_eq(fixture_stats(&f).syncs, min_of(nth + 1, (uint64_t)FILES));
		if (nth < FILES) {
			char name[ENV_NAME_MAX + 1];

			blob_file_name(extents[nth].file, name);
			ck_assert_ptr_nonnull(strstr(fail_text(), name));
		}
		/* No name was synced before the last file was. */
		env_fault_set(f.fault, NULL);
		cut(&f);
		for (uint64_t i = 0; i < FILES; i++)
			ck_assert(!fixture_has_file(&f, extents[i].file));
		fixture_done(&f);
	}
}
END_TEST

START_TEST(a_failed_sync_is_never_tried_again)
{
	struct fixture f;
	struct extent extents[FILES];

	fixture_init(&f, fixture_options());
	write_files(&f, extents);
	fixture_fail_call(&f, 2, -ENOSPC);
	ck_assert_int_eq(blob_store_sync(f.store), -ENOSPC);
	env_fault_set(f.fault, NULL);
	ck_assert_int_eq(blob_store_sync(f.store), -EIO);
	ck_assert_uint_eq(env_fault_calls(f.fault), 0);
	/* Reads go on. */
	for (uint64_t i = 0; i < FILES; i++)
		ck_assert(fixture_reads_right(&f, &extents[i], i, i % 2));
	fixture_done(&f);
}
END_TEST

START_TEST(a_found_file_can_be_made_durable)
{
	struct fixture f;
	struct blob_file *file;

	fixture_init(&f, fixture_options());
	struct extent e = fixture_write(&f, 1, LEN, true, &file);
	uint64_t bytes = fixture_file(&f, 1).len;
	/* The process is killed: the bytes are in the page cache, the store's memory is gone. */
	blob_store_free(f.store);
	fixture_new_store(&f, fixture_options());
	ck_assert_int_eq(blob_store_add(f.store, 1, bytes, &file), 0);
	ck_assert_int_eq(blob_file_resync(file), 0);
	ck_assert_int_eq(env_dir_sync(f.dir), 0);
	cut(&f);
	ck_assert(survives(&f, &e, 1));
	fixture_done(&f);
}
END_TEST

/* Each has a descriptor open. */
START_TEST(files_that_wait_for_their_sync_do_not_pile_up)
{
	enum {
		MANY = 40
	};
	struct fixture f;
	struct blob_options options = fixture_options();
	struct blob_file *files[MANY];
	struct extent e = {0};

	options.file_bytes = 500;
	options.max_open = 3;
	fixture_init(&f, options);
	for (uint64_t i = 0; i < MANY; i++)
		e = fixture_write(&f, i, 1000, false, &files[i]);
	ck_assert_uint_eq(e.file, MANY);
	ck_assert_uint_ge(fixture_stats(&f).syncs, MANY - 2 * (options.max_open + 2));
	ck_assert_uint_le(fixture_stats(&f).syncs, MANY);
	for (size_t i = 0; i < MANY; i++)
		blob_file_unref(files[i]);
	fixture_done(&f);
}
END_TEST

static const TTest *const *const tests[] = {
	&synced_chunks_and_their_names_survive_a_power_cut,
	&chunks_behind_the_last_sync_are_lost,
	&only_what_is_new_is_synced,
	&what_nobody_wants_is_not_synced,
	&contents_come_before_names_and_the_first_failure_is_told,
	&a_failed_sync_is_never_tried_again,
	&a_found_file_can_be_made_durable,
	&files_that_wait_for_their_sync_do_not_pile_up,
};

UNIT_SUITE("lsm/blob/blob_sync", tests)
