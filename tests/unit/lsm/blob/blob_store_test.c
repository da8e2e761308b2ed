/*
 * Chunks go out and come back; files live as long as somebody wants them.
 */
#include "tests/unit/lsm/blob/blob_fixture.h"

START_TEST(chunks_come_back_whole_and_in_part)
{
	struct fixture f;
	struct blob_file *file;

	fixture_init(&f, fixture_options());
	for (uint64_t seed = 1; seed <= 40; seed++) {
		bool soft = seed % 2 == 0;
		size_t len = 1 + (size_t)(seed * 997 % FIXTURE_CHUNK);
		struct extent e = fixture_write(&f, seed, len, soft, &file);

		blob_file_unref(file);
		ck_assert_uint_eq(e.file, 1);
		ck_assert_uint_eq(e.offset, 0);
		ck_assert_uint_eq(e.from, 0);
		ck_assert_uint_eq(e.len, len);
		ck_assert_uint_eq(e.raw_len, len);
		if (!soft)
			ck_assert_uint_eq(e.stored_len, len);
		else if (len > 100)
			ck_assert_uint_lt(e.stored_len, len);
		ck_assert(fixture_reads_right(&f, &e, seed, soft));
		e.from = (uint32_t)len / 3;
		e.len = (uint32_t)len / 2 + 1;
		ck_assert(fixture_reads_right(&f, &e, seed, soft));
		e.from = (uint32_t)len - 1;
		e.len = 1;
		ck_assert(fixture_reads_right(&f, &e, seed, soft));
	}
	struct blob_stats stats = fixture_stats(&f);

	ck_assert_uint_eq(stats.files, 1);
	ck_assert_uint_eq(stats.bytes, fixture_file(&f, 1).len);
	ck_assert_uint_eq(stats.bytes, BLOB_HEADER_SIZE + stats.written_bytes);
	ck_assert_uint_gt(stats.written_raw_bytes, stats.written_bytes);
	ck_assert_uint_eq(stats.chunks_written, 40);
	ck_assert_uint_eq(stats.chunks_read, 120);
	ck_assert_uint_eq(stats.read_bytes, 3 * stats.written_bytes);
	ck_assert_uint_eq(stats.open_files, 1);
	fixture_done(&f);
}
END_TEST

START_TEST(a_full_file_is_followed_by_another)
{
	struct fixture f;
	struct blob_options options = fixture_options();
	struct blob_file *files[6];

	options.file_bytes = BLOB_HEADER_SIZE + 2000;
	fixture_init(&f, options);
	for (uint64_t i = 0; i < 6; i++) {
		struct extent e = fixture_write(&f, i, 1000, false, &files[i]);

		ck_assert_uint_eq(e.file, 1 + i / 2);
		ck_assert_uint_eq(e.file, files[i]->number);
		ck_assert_uint_eq(e.at, BLOB_HEADER_SIZE + 1000 * (i % 2));
	}
	ck_assert_uint_eq(fixture_stats(&f).files, 3);
	for (size_t i = 0; i < 6; i++)
		blob_file_unref(files[i]);
	ck_assert_uint_eq(fixture_stats(&f).files, 0);
	fixture_done(&f);
}
END_TEST

START_TEST(lanes_have_files_of_their_own)
{
	struct fixture f;
	struct blob_options options = fixture_options();
	struct slice raw = slice_str("twelve bytes");

	options.writers = 3;
	fixture_init(&f, options);
	for (uint64_t lane = 0; lane < 9; lane++) {
		struct blob_file *file;
		struct extent e;

		ck_assert_int_eq(blob_store_write(f.store,
						  &(struct blob_write){.lane = lane, .raw = raw},
						  &e, &file),
				 0);
		ck_assert_uint_eq(e.file, 1 + lane % 3);
		ck_assert_uint_eq(e.at, BLOB_HEADER_SIZE + raw.len * (lane / 3));
		blob_file_unref(file);
	}
	blob_store_seal(f.store);
	ck_assert_uint_eq(fixture_stats(&f).files, 0);
	fixture_done(&f);
}
END_TEST

START_TEST(sealed_files_are_not_written_again)
{
	struct fixture f;
	struct blob_file *first, *second;

	fixture_init(&f, fixture_options());
	blob_store_seal(f.store);
	ck_assert_uint_eq(fixture_write(&f, 1, 100, false, &first).file, 1);
	blob_store_seal(f.store);
	blob_store_seal(f.store);
	ck_assert_uint_eq(fixture_write(&f, 2, 100, false, &second).file, 2);
	blob_file_unref(first);
	blob_file_unref(second);
	fixture_done(&f);
}
END_TEST

START_TEST(the_last_reference_makes_a_file_obsolete_and_purge_removes_it)
{
	struct fixture f;
	struct blob_file *file, *again;

	fixture_init(&f, fixture_options());
	struct extent e = fixture_write(&f, 1, 1000, false, &file);
	/* Its writer has it, too. */
	ck_assert_uint_eq(blob_file_references(file), 2);
	blob_store_purge(f.store);
	ck_assert_uint_eq(blob_file_references(file), 2);
	blob_store_seal(f.store);
	ck_assert_ptr_eq(blob_file_ref(file), file);
	ck_assert_int_eq(blob_store_find(f.store, 1, &again), 0);
	ck_assert_ptr_eq(again, file);
	ck_assert_uint_eq(blob_file_references(file), 3);
	blob_file_unref(file);
	blob_file_unref(file);
	blob_store_purge(f.store);
	ck_assert(fixture_reads_right(&f, &e, 1, false));
	ck_assert_uint_eq(fixture_stats(&f).bytes, BLOB_HEADER_SIZE + 1000);

	blob_file_unref(again);
	ck_assert(fixture_has_file(&f, 1));
	ck_assert_int_eq(blob_store_find(f.store, 1, &again), -ENOENT);
	ck_assert(!fixture_reads_right(&f, &e, 1, false));
	ck_assert_str_eq(fail_text(), "000001.blob: missing");
	ck_assert_uint_eq(fixture_stats(&f).files, 0);
	ck_assert_uint_eq(fixture_stats(&f).bytes, 0);
	blob_store_purge(f.store);
	ck_assert(!fixture_has_file(&f, 1));
	ck_assert_uint_eq(fixture_stats(&f).open_files, 0);
	blob_file_unref(NULL);
	fixture_done(&f);
}
END_TEST

/* Else what is dead would stay until the file is complete, which may be never. */
START_TEST(a_file_being_written_goes_when_all_in_it_is_dead)
{
	struct fixture f;
	struct blob_file *first, *second;

	fixture_init(&f, fixture_options());
	(void)fixture_write(&f, 1, 1000, false, &first);
	(void)fixture_write(&f, 1, 1000, false, &second);
	ck_assert_ptr_eq(first, second);
	blob_file_unref(first);
	blob_store_purge(f.store);
	ck_assert(fixture_has_file(&f, 1));
	blob_file_unref(second);
	blob_store_purge(f.store);
	ck_assert(!fixture_has_file(&f, 1));
	ck_assert_uint_eq(fixture_stats(&f).files, 0);
	/* the next chunk goes to another, which is still written */
	struct extent e = fixture_write(&f, 1, 1000, false, &first);

	ck_assert_uint_eq(e.file, 2);
	blob_store_purge(f.store);
	ck_assert_uint_eq(fixture_write(&f, 1, 1000, false, &second).file, 2);
	blob_file_unref(first);
	blob_file_unref(second);
	fixture_done(&f);
}
END_TEST

START_TEST(a_removal_that_failed_is_tried_again)
{
	struct fixture f;
	struct blob_file *files[3];

	fixture_init(&f, fixture_options());
	for (uint64_t i = 0; i < 3; i++) {
		(void)fixture_write(&f, i, 1000, false, &files[i]);
		blob_store_seal(f.store);
	}
	for (size_t i = 0; i < 3; i++)
		blob_file_unref(files[i]);
	fixture_fail_write(&f, 1, -EIO, ENV_FAULT_ERROR);
	blob_store_purge(f.store);
	ck_assert(env_fault_struck(f.fault));
	ck_assert(!fixture_has_file(&f, 1));
	ck_assert(fixture_has_file(&f, 2));
	ck_assert(!fixture_has_file(&f, 3));
	env_fault_set(f.fault, NULL);
	blob_store_purge(f.store);
	ck_assert(!fixture_has_file(&f, 2));
	/* One that somebody else removed is no trouble. */
	ck_assert_int_eq(blob_store_add(f.store, 9, 100, &files[0]), 0);
	blob_file_unref(files[0]);
	blob_store_purge(f.store);
	uint64_t calls = env_fault_calls(f.fault);
	blob_store_purge(f.store);
	ck_assert_uint_eq(env_fault_calls(f.fault), calls);
	fixture_done(&f);
}
END_TEST

START_TEST(a_found_file_is_known_under_its_number)
{
	struct fixture f;
	struct blob_file *file, *again;

	fixture_init(&f, fixture_options());
	struct extent e = fixture_write(&f, 1, 1000, true, &file);
	uint64_t bytes = fixture_file(&f, 1).len;
	blob_store_free(f.store);
	fixture_new_store(&f, fixture_options());

	ck_assert_int_eq(blob_store_find(f.store, 1, &file), -ENOENT);
	ck_assert_int_eq(blob_store_add(f.store, 1, bytes, &file), 0);
	ck_assert_int_eq(blob_store_add(f.store, 1, bytes, &again), 0);
	ck_assert_ptr_eq(file, again);
	ck_assert(fixture_reads_right(&f, &e, 1, true));
	ck_assert_int_eq(blob_file_resync(file), 0);
	blob_file_unref(file);
	ck_assert(fixture_reads_right(&f, &e, 1, true));
	blob_file_unref(again);
	blob_store_purge(f.store);
	ck_assert(!fixture_has_file(&f, 1));
	fixture_done(&f);
}
END_TEST

/* Found in the order of a listing, which is none. */
START_TEST(many_files_are_found_by_their_numbers)
{
	enum {
		FILES = 3000
	};
	struct fixture f;
	struct blob_file *file;
	struct rng rng;
	bool *known = calloc(FILES, sizeof(bool));
	uint64_t count = 0;

	rng_seed(&rng, unit_seed());
	fixture_init(&f, fixture_options());
	for (int i = 0; i < 3 * FILES; i++) {
		uint64_t number = 1 + rng_below(&rng, FILES);

		if (!known[number - 1]) {
			ck_assert_int_eq(blob_store_add(f.store, number, 100, &file), 0);
			count++;
		} else {
			ck_assert_int_eq(blob_store_find(f.store, number, &file), 0);
			blob_file_unref(file);
			blob_file_unref(file);
			count--;
		}
		known[number - 1] = !known[number - 1];
	}
	ck_assert_uint_eq(fixture_stats(&f).files, count);
	ck_assert_uint_eq(fixture_stats(&f).bytes, 100 * count);
	for (uint64_t number = 1; number <= FILES; number++) {
		int rc = blob_store_find(f.store, number, &file);

		ck_assert_int_eq(rc, known[number - 1] ? 0 : -ENOENT);
		if (rc == 0)
			ck_assert_uint_eq(file->number, number);
	}
	free(known);
	fixture_done(&f);
}
END_TEST

/* `count` sealed files of one chunk each; their references are dropped by the end of the store. */
static void write_files(struct fixture *f, size_t count, struct extent *ret_extents)
{
	struct blob_file *file;

	for (size_t i = 0; i < count; i++) {
		ret_extents[i] = fixture_write(f, i, 1000, i % 2, &file);
		blob_store_seal(f->store);
	}
	ck_assert_int_eq(blob_store_sync(f->store), 0);
}

START_TEST(no_more_files_than_allowed_stay_open)
{
	enum {
		FILES = 20,
		OPEN = 3
	};
	struct fixture f;
	struct blob_options options = fixture_options();
	struct extent extents[FILES];

	options.max_open = OPEN;
	fixture_init(&f, options);
	write_files(&f, FILES, extents);
	for (size_t i = 0; i < FILES; i++) {
		ck_assert(fixture_reads_right(&f, &extents[i], i, i % 2));
		ck_assert_uint_eq(fixture_stats(&f).open_files, min_of(i + 1, (size_t)OPEN));
	}
	/* The last ones are open: a read is one call; the one read longest ago is closed first. */
	env_fault_set(f.fault, NULL);
	ck_assert(fixture_reads_right(&f, &extents[FILES - 3], FILES - 3, (FILES - 3) % 2));
	ck_assert(fixture_reads_right(&f, &extents[0], 0, false));
	ck_assert(fixture_reads_right(&f, &extents[FILES - 3], FILES - 3, (FILES - 3) % 2));
	ck_assert(fixture_reads_right(&f, &extents[FILES - 1], FILES - 1, (FILES - 1) % 2));
	ck_assert_uint_eq(env_fault_calls(f.fault), 4 + 2); /* and one open with its header */
	fixture_done(&f);
}
END_TEST

START_TEST(with_no_file_allowed_each_read_opens_one)
{
	struct fixture f;
	struct blob_options options = fixture_options();
	struct extent extents[2];

	options.max_open = 0;
	fixture_init(&f, options);
	write_files(&f, 2, extents);
	for (size_t i = 0; i < 4; i++) {
		ck_assert(fixture_reads_right(&f, &extents[i % 2], i % 2, i % 2));
		ck_assert_uint_eq(fixture_stats(&f).open_files, 0);
	}
	ck_assert(!blob_store_make_way(f.store));
	fixture_done(&f);
}
END_TEST

START_TEST(idle_files_make_way)
{
	enum {
		FILES = 8
	};
	struct fixture f;
	struct extent extents[FILES];
	uint64_t open = FILES;

	fixture_init(&f, fixture_options());
	write_files(&f, FILES, extents);
	ck_assert(!blob_store_make_way(f.store));
	for (size_t i = 0; i < FILES; i++)
		ck_assert(fixture_reads_right(&f, &extents[i], i, i % 2));
	while (open > 0) {
		ck_assert_uint_eq(fixture_stats(&f).open_files, open);
		ck_assert(blob_store_make_way(f.store));
		open /= 2;
	}
	ck_assert(!blob_store_make_way(f.store));
	ck_assert(fixture_reads_right(&f, &extents[0], 0, false));
	fixture_done(&f);
}
END_TEST

START_TEST(a_hint_changes_nothing)
{
	struct fixture f;
	struct blob_file *file;

	fixture_init(&f, fixture_options());
	struct extent e = fixture_write(&f, 1, 1000, false, &file);
	blob_store_read_ahead(f.store, &e);
	ck_assert_uint_eq(fixture_stats(&f).open_files, 1);
	ck_assert_uint_eq(fixture_stats(&f).chunks_read, 0);
	ck_assert(fixture_reads_right(&f, &e, 1, false));
	e.file = 77;
	blob_store_read_ahead(f.store, &e);
	fixture_done(&f);
}
END_TEST

START_TEST(large_chunks_are_no_different)
{
	struct fixture f;
	struct blob_options options = fixture_options();
	struct blob_file *file;

	options.chunk_bytes = BLOB_CHUNK_MAX;
	fixture_init(&f, options);
	for (uint64_t seed = 0; seed < 2; seed++) {
		struct extent e = fixture_write(&f, seed, BLOB_CHUNK_MAX, seed, &file);

		ck_assert(fixture_reads_right(&f, &e, seed, seed));
		e.from = BLOB_CHUNK_MAX - 100;
		e.len = 50;
		ck_assert(fixture_reads_right(&f, &e, seed, seed));
		blob_file_unref(file);
	}
	fixture_done(&f);
}
END_TEST

START_TEST(names_and_options_are_as_given)
{
	char name[ENV_NAME_MAX + 1];
	struct fixture f;

	blob_file_name(12, name);
	ck_assert_str_eq(name, "000012.blob");
	blob_file_name(BLOB_NUMBER_MAX, name);
	ck_assert_str_eq(name, "36028797018963968.blob");
	fixture_init(&f, fixture_options());
	ck_assert_uint_eq(blob_store_options(f.store)->chunk_bytes, FIXTURE_CHUNK);
	fixture_done(&f);
	blob_store_free(NULL);
}
END_TEST

static const TTest *const *const tests[] = {
	&chunks_come_back_whole_and_in_part,
	&a_full_file_is_followed_by_another,
	&lanes_have_files_of_their_own,
	&sealed_files_are_not_written_again,
	&the_last_reference_makes_a_file_obsolete_and_purge_removes_it,
	&a_file_being_written_goes_when_all_in_it_is_dead,
	&a_removal_that_failed_is_tried_again,
	&a_found_file_is_known_under_its_number,
	&many_files_are_found_by_their_numbers,
	&no_more_files_than_allowed_stay_open,
	&with_no_file_allowed_each_read_opens_one,
	&idle_files_make_way,
	&a_hint_changes_nothing,
	&large_chunks_are_no_different,
	&names_and_options_are_as_given,
};

UNIT_SUITE("lsm/blob/blob_store", tests)
