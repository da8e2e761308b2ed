/*
 * Calls that fail leave the store as it was, and usable.
 */
#include "tests/unit/lsm/blob/blob_fixture.h"

enum {
	LEN = 1000,
};

/* What a failed write must not have touched. */
static const struct extent untouched = {.file = 4711};

/* One write that fails in each of its calls in turn, until it passes; then all is as if nothing had
 * failed. */
static void expect_each_failure_harmless(bool first_write, int error, enum env_fault_how how)
{
	for (uint64_t nth = 0;; nth++) {
		struct fixture f;
		struct blob_file *file = NULL, *before = NULL;
		struct extent e = untouched;
		struct extent old = {0};

		fixture_init(&f, fixture_options());
		if (!first_write)
			old = fixture_write(&f, 1, LEN, false, &before);
		struct blob_stats stats = fixture_stats(&f);

		fixture_fail_write(&f, nth, error, how);
		int rc = fixture_try_write(&f, 2, LEN, false, &e, &file);
		bool struck = env_fault_struck(f.fault);

		env_fault_set(f.fault, NULL);
		ck_assert_int_eq(rc, struck ? error : 0);
		if (struck) {
			ck_assert_ptr_null(file);
			ck_assert_uint_eq(e.file, untouched.file);
			ck_assert_uint_eq(fixture_stats(&f).written_bytes, stats.written_bytes);
			e = fixture_write(&f, 2, LEN, false, &file);
		}
		ck_assert(fixture_reads_right(&f, &e, 2, false));
		if (!first_write)
			ck_assert(fixture_reads_right(&f, &old, 1, false));
		/* No file is there that the store does not know, and it is not longer than known.
		 */
		ck_assert_uint_eq(fixture_stats(&f).files, 1);
		ck_assert_uint_eq(fixture_stats(&f).bytes, fixture_file(&f, e.file).len);
		for (uint64_t number = 1; number < e.file; number++)
			ck_assert(!fixture_has_file(&f, number));
		fixture_done(&f);
		if (!struck)
			break;
		ck_assert_uint_lt(nth, 10);
	}
}

static void expect_failures_harmless(int error, enum env_fault_how how)
{
	expect_each_failure_harmless(true, error, how);
	expect_each_failure_harmless(false, error, how);
}

START_TEST(a_write_that_fails_has_not_happened)
{
	expect_failures_harmless(-EIO, ENV_FAULT_ERROR);
	expect_failures_harmless(-EDQUOT, ENV_FAULT_ERROR);
	expect_failures_harmless(-EIO, ENV_FAULT_SHORT);
	expect_failures_harmless(-EIO, ENV_FAULT_TORN);
}
END_TEST

START_TEST(a_full_disk_is_over_when_there_is_space)
{
	expect_failures_harmless(-ENOSPC, ENV_FAULT_ERROR);
	expect_failures_harmless(-ENOSPC, ENV_FAULT_SHORT);
	expect_failures_harmless(-ENOSPC, ENV_FAULT_TORN);
}
END_TEST

START_TEST(garbage_of_a_failed_append_is_overwritten)
{
	struct fixture f;
	struct blob_file *file, *again;

	fixture_init(&f, fixture_options());
	struct extent first = fixture_write(&f, 1, LEN, false, &file);
	struct extent e = untouched;

	fixture_fail_write(&f, 0, -ENOSPC, ENV_FAULT_SHORT);
	ck_assert_int_eq(fixture_try_write(&f, 2, 4 * LEN, false, &e, &again), -ENOSPC);
	ck_assert_uint_eq(fixture_file(&f, 1).len, BLOB_HEADER_SIZE + 3 * LEN);
	ck_assert_uint_eq(atomic_load(&file->bytes), BLOB_HEADER_SIZE + LEN);
	env_fault_set(f.fault, NULL);
	/* A shorter one leaves some of it behind itself, until the next comes. */
	e = fixture_write(&f, 3, LEN, false, &again);
	ck_assert_uint_eq(e.at, first.at + LEN);
	ck_assert(fixture_reads_right(&f, &first, 1, false));
	ck_assert(fixture_reads_right(&f, &e, 3, false));
	ck_assert_int_eq(blob_store_sync(f.store), 0);
	fixture_done(&f);
}
END_TEST

START_TEST(a_real_full_disk)
{
	struct fixture f;
	struct blob_file *file;
	struct extent e = untouched;

	fixture_init(&f, fixture_options());
	env_mem_set_capacity(f.disk, BLOB_HEADER_SIZE - 1);
	ck_assert_int_eq(fixture_try_write(&f, 1, LEN, false, &e, &file), -ENOSPC);
	ck_assert(!fixture_has_file(&f, 1));
	env_mem_set_capacity(f.disk, BLOB_HEADER_SIZE + LEN - 1);
	ck_assert_int_eq(fixture_try_write(&f, 1, LEN, false, &e, &file), -ENOSPC);
	env_mem_set_capacity(f.disk, BLOB_HEADER_SIZE + LEN);
	e = fixture_write(&f, 1, LEN, false, &file);
	ck_assert(fixture_reads_right(&f, &e, 1, false));
	fixture_done(&f);
}
END_TEST

/* Open, header, chunk. */
START_TEST(a_read_that_fails_can_be_tried_again)
{
	for (uint64_t nth = 0; nth < 3; nth++) {
		struct fixture f;
		struct blob_file *file;

		fixture_init(&f, fixture_options());
		struct extent e = fixture_write(&f, 1, LEN, true, &file);

		fixture_fail_call(&f, nth, -EIO);
		ck_assert(!fixture_reads_right(&f, &e, 1, true));
		ck_assert(env_fault_struck(f.fault));
		ck_assert_uint_eq(fixture_stats(&f).open_files, nth == 2);
		ck_assert(fixture_reads_right(&f, &e, 1, true));
		blob_file_unref(file);
		blob_store_seal(f.store);
		ck_assert_uint_eq(fixture_stats(&f).files, 0);
		fixture_done(&f);
	}
}
END_TEST

/* Two files; the first is open for reading. */
static void begin_two_files(struct fixture *f, struct extent ret_extents[2])
{
	struct blob_file *file;

	fixture_init(f, fixture_options());
	for (uint64_t i = 0; i < 2; i++) {
		ret_extents[i] = fixture_write(f, i, LEN, false, &file);
		blob_store_seal(f->store);
	}
	ck_assert_int_eq(blob_store_sync(f->store), 0);
	ck_assert(fixture_reads_right(f, &ret_extents[0], 0, false));
}

START_TEST(without_descriptors_idle_files_are_closed)
{
	static const int errors[] = {-EMFILE, -ENFILE};

	for (size_t i = 0; i < array_size(errors); i++) {
		struct fixture f;
		struct extent extents[2];
		struct blob_file *file;

		begin_two_files(&f, extents);
		fixture_fail_call(&f, 0, errors[i]);
		ck_assert(fixture_reads_right(&f, &extents[1], 1, false));
		ck_assert(env_fault_struck(f.fault));
		ck_assert_uint_eq(fixture_stats(&f).open_files, 1);
		/* Likewise for a new file, */
		fixture_fail_call(&f, 0, errors[i]);
		(void)fixture_write(&f, 3, LEN, false, &file);
		ck_assert(env_fault_struck(f.fault));
		ck_assert_uint_eq(fixture_stats(&f).open_files, 0);
		/* and for a sync. */
		ck_assert(fixture_reads_right(&f, &extents[0], 0, false));
		fixture_fail_call(&f, 0, errors[i]);
		ck_assert_int_eq(blob_file_resync(file), 0);
		ck_assert_uint_eq(fixture_stats(&f).open_files, 0);
		/* With none left to close, it is an error. */
		fixture_fail_call(&f, 0, errors[i]);
		ck_assert(!fixture_reads_right(&f, &extents[0], 0, false));
		ck_assert(fixture_reads_right(&f, &extents[0], 0, false));
		fixture_done(&f);
	}
}
END_TEST

START_TEST(a_found_file_that_cannot_be_synced_says_why)
{
	struct fixture f;
	struct blob_file *file;

	fixture_init(&f, fixture_options());
	(void)fixture_write(&f, 1, LEN, false, &file);
	for (uint64_t nth = 0; nth < 2; nth++) {
		fixture_fail_call(&f, nth, -EIO);
		ck_assert_int_eq(blob_file_resync(file), -EIO);
	}
	env_fault_set(f.fault, NULL);
	ck_assert_int_eq(env_mem_remove_file(f.disk, "store", "000001.blob"), 0);
	ck_assert_int_eq(blob_file_resync(file), -EUCLEAN);
	ck_assert_str_eq(fail_text(), "000001.blob: missing");
	fixture_done(&f);
}
END_TEST

START_TEST(a_failed_creation_whose_file_stays_keeps_its_sentence)
{
	struct fixture f;
	struct blob_file *file;
	struct extent e = untouched;
	struct env_fault_plan plan = {
		.at_call = 1, .sticky = true, .writes_only = true, .error = -EIO};

	fixture_init(&f, fixture_options());
	env_fault_set(f.fault, &plan);
	ck_assert_int_eq(fixture_try_write(&f, 1, LEN, false, &e, &file), -EIO);
	ck_assert_ptr_nonnull(strstr(fail_text(), "append"));
	ck_assert(fixture_has_file(&f, 1));
	env_fault_set(f.fault, NULL);
	ck_assert_uint_eq(fixture_write(&f, 1, LEN, false, &file).file, 2);
	fixture_done(&f);
}
END_TEST

static const TTest *const *const tests[] = {
	&a_write_that_fails_has_not_happened,
	&a_full_disk_is_over_when_there_is_space,
	&garbage_of_a_failed_append_is_overwritten,
	&a_real_full_disk,
	&a_read_that_fails_can_be_tried_again,
	&without_descriptors_idle_files_are_closed,
	&a_found_file_that_cannot_be_synced_says_why,
	&a_failed_creation_whose_file_stays_keeps_its_sentence,
};

UNIT_SUITE("lsm/blob/blob_fault", tests)
