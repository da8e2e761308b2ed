#include "lsm/wal/wal_writer.h"

#include <errno.h>
#include <stdatomic.h>

#include "lsm/base/coding.h"
#include "lsm/base/error.h"
#include "lsm/base/thread.h"
#include "lsm/env/env_fault.h"
#include "lsm/wal/wal_codec.h"
#include "lsm/wal/wal_reader.h"
#include "tests/unit/lsm/wal/wal_fixture.h"

static const struct spec three[] = {{1, 2, 0}, {3, 1, 2}, {4, 5, 3}};

/* The log holds exactly these records and then ends cleanly, or badly. */
static void expect_records(struct disk *d, uint64_t number, const struct spec *specs, size_t count,
			   int end)
{
	struct wal_reader *r;
	struct wal_record rec;
	uint8_t space[FIXTURE_PAYLOAD_MAX];

	ck_assert_int_eq(wal_reader_open(d->dir, number, &r), 0);
	for (size_t i = 0; i < count; i++) {
		ck_assert_int_eq(wal_reader_next(r, &rec), 0);
		ck_assert_uint_eq(rec.first_seqno, specs[i].first_seqno);
		ck_assert_uint_eq(rec.count, specs[i].count);
		ck_assert_uint_eq(rec.durable_seqno, specs[i].durable_seqno);
		if (rec.count)
			ck_assert(slice_eq(rec.payload, fixture_payload(rec.first_seqno, space)));
	}
	ck_assert_int_eq(wal_reader_next(r, &rec), end);
	wal_reader_close(r);
}

START_TEST(file_names_have_six_digits_or_more)
{
	char name[ENV_NAME_MAX + 1];

	wal_file_name(12, name);
	ck_assert_str_eq(name, "000012.wal");
	wal_file_name(UINT64_MAX, name);
	ck_assert_str_eq(name, "18446744073709551615.wal");
}
END_TEST

START_TEST(what_is_appended_is_read_back)
{
	struct disk d;
	struct wal_writer *w;
	uint64_t size = WAL_FILE_HEADER_SIZE;

	disk_open(&d);
	ck_assert_int_eq(wal_writer_create(d.dir, 3, fixture_salt(3), &w), 0);
	ck_assert_uint_eq(wal_writer_number(w), 3);
	ck_assert_uint_eq(wal_writer_size(w), size);
	for (size_t i = 0; i < array_size(three); i++) {
		ck_assert_int_eq(fixture_append(w, &three[i]), 0);
		size += fixture_record_size(&three[i]);
		ck_assert_uint_eq(wal_writer_size(w), size);
	}
	wal_writer_close(w);
	expect_records(&d, 3, three, array_size(three), -ENODATA);
	struct buf bytes = fixture_bytes(&d, 3);

	ck_assert_uint_eq(bytes.len, size);
	buf_done(&bytes);
	disk_close(&d);
}
END_TEST

START_TEST(a_new_log_and_synced_records_survive_a_power_cut)
{
	struct disk d;
	struct wal_writer *w;

	disk_open(&d);
	ck_assert_int_eq(wal_writer_create(d.dir, 3, fixture_salt(3), &w), 0);
	env_mem_power_cut(d.env);
	wal_writer_close(w);
	expect_records(&d, 3, NULL, 0, -ENODATA);

	ck_assert_int_eq(wal_writer_resume(d.dir, 3, WAL_FILE_HEADER_SIZE, &w), 0);
	ck_assert_int_eq(fixture_append(w, &three[0]), 0);
	ck_assert_int_eq(wal_writer_sync(w), 0);
	ck_assert_int_eq(fixture_append(w, &three[1]), 0);
	env_mem_power_cut(d.env);
	wal_writer_close(w);
	expect_records(&d, 3, three, 1, -ENODATA);
	disk_close(&d);
}
END_TEST

START_TEST(an_existing_log_is_never_created_over)
{
	struct disk d;
	struct wal_writer *w = NULL;

	disk_open(&d);
	fixture_log(&d, 3, three, array_size(three));
	ck_assert_int_eq(wal_writer_create(d.dir, 3, 1, &w), -EEXIST);
	ck_assert_ptr_null(w);
	expect_records(&d, 3, three, array_size(three), -ENODATA);
	disk_close(&d);
}
END_TEST

/* A disk whose n-th changing call fails. */
static void faulty_open(struct disk *d, struct env **ret_fault, struct env_dir **ret_dir)
{
	disk_open(d);
	*ret_fault = env_fault_new(d->env);
	ck_assert_ptr_nonnull(*ret_fault);
	ck_assert_int_eq(env_open_dir(*ret_fault, FIXTURE_DIR, true, ret_dir), 0);
}

static void faulty_close(struct disk *d, struct env *fault, struct env_dir *dir)
{
	env_dir_close(dir);
	env_free(fault);
	disk_close(d);
}

START_TEST(a_creation_that_fails_at_any_call_leaves_no_file)
{
	bool struck = true;

	for (uint64_t n = 0; struck; n++) {
		struct env_fault_plan plan = {.at_call = n, .error = -ENOSPC};
		struct wal_writer *w = NULL;
		struct env_dir *dir;
		struct env *fault;
		struct disk d;

		plan.how = n % 2 ? ENV_FAULT_SHORT : ENV_FAULT_TORN;
		faulty_open(&d, &fault, &dir);
		env_fault_set(fault, &plan);
		int rc = wal_writer_create(dir, 3, 1, &w);

		struck = env_fault_struck(fault);
		ck_assert_int_eq(rc, struck ? -ENOSPC : 0);
		ck_assert(fixture_exists(&d, 3) == !struck);
		ck_assert((w == NULL) == struck);
		wal_writer_close(w);
		faulty_close(&d, fault, dir);
		ck_assert_uint_lt(n, 100);
	}
}
END_TEST

START_TEST(the_first_error_of_a_creation_is_reported_when_all_fail_after_it)
{
	struct env_fault_plan plan = {.at_call = 1, .sticky = true, .error = -ENOSPC};
	struct wal_writer *w = NULL;
	struct env_dir *dir;
	struct env *fault;
	struct disk d;

	faulty_open(&d, &fault, &dir);
	env_fault_set(fault, &plan);
	fail_clear();
	ck_assert_int_eq(wal_writer_create(dir, 3, 1, &w), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(fail_text(), "000003.wal"));
	ck_assert_ptr_null(w);
	faulty_close(&d, fault, dir);
}
END_TEST

static void fail_one_append(enum env_fault_how how)
{
	struct env_fault_plan plan = {.error = -ENOSPC, .how = how};
	struct wal_writer *w;
	struct env_dir *dir;
	struct env *fault;
	struct disk d;

	faulty_open(&d, &fault, &dir);
	ck_assert_int_eq(wal_writer_create(dir, 3, fixture_salt(3), &w), 0);
	ck_assert_int_eq(fixture_append(w, &three[0]), 0);
	uint64_t size = wal_writer_size(w);

	env_fault_set(fault, &plan);
	ck_assert_int_eq(fixture_append(w, &three[1]), -ENOSPC);
	env_fault_set(fault, NULL);
	ck_assert_uint_eq(wal_writer_size(w), size);
	/* The disk would take it again, but nobody knows what stands in the file. */
	ck_assert_int_eq(fixture_append(w, &three[1]), -EIO);
	ck_assert_int_eq(wal_writer_sync(w), -EIO);
	ck_assert_ptr_nonnull(strstr(fail_text(), "000003.wal"));
	ck_assert_uint_eq(env_fault_calls(fault), 0);
	wal_writer_close(w);

	expect_records(&d, 3, three, 1, how == ENV_FAULT_ERROR ? -ENODATA : -EBADMSG);
	ck_assert_int_eq(wal_writer_resume(dir, 3, size, &w), 0);
	ck_assert_int_eq(fixture_append(w, &three[1]), 0);
	ck_assert_int_eq(fixture_append(w, &three[2]), 0);
	wal_writer_close(w);
	expect_records(&d, 3, three, 3, -ENODATA);
	faulty_close(&d, fault, dir);
}

START_TEST(a_failed_append_is_the_last_and_a_new_writer_cuts_it_off)
{
	fail_one_append(ENV_FAULT_ERROR);
	fail_one_append(ENV_FAULT_SHORT);
	fail_one_append(ENV_FAULT_TORN);
}
END_TEST

START_TEST(a_failed_sync_is_never_repeated)
{
	struct env_fault_plan plan = {.error = -EIO};
	struct wal_writer *w;
	struct env_dir *dir;
	struct env *fault;
	struct disk d;

	faulty_open(&d, &fault, &dir);
	ck_assert_int_eq(wal_writer_create(dir, 3, fixture_salt(3), &w), 0);
	ck_assert_int_eq(fixture_append(w, &three[0]), 0);
	env_fault_set(fault, &plan);
	ck_assert_int_eq(wal_writer_sync(w), -EIO);
	env_fault_set(fault, NULL);
	ck_assert_int_eq(wal_writer_sync(w), -EIO);
	ck_assert_int_eq(fixture_append(w, &three[1]), -EIO);
	ck_assert_uint_eq(env_fault_calls(fault), 0);
	wal_writer_close(w);
	faulty_close(&d, fault, dir);
}
END_TEST

START_TEST(a_payload_over_the_limit_is_refused_and_the_writer_lives_on)
{
	struct disk d;
	struct wal_writer *w;
	uint8_t byte = 0;
	struct wal_record rec = {
		.type = WAL_BATCH,
		.count = 1,
		.first_seqno = 1,
		.payload = slice_of(&byte, WAL_PAYLOAD_MAX + 1), /* refused before it is read */
	};

	disk_open(&d);
	ck_assert_int_eq(wal_writer_create(d.dir, 3, fixture_salt(3), &w), 0);
	ck_assert_int_eq(wal_writer_append(w, &rec), -E2BIG);
	ck_assert_uint_eq(wal_writer_size(w), WAL_FILE_HEADER_SIZE);
	ck_assert_int_eq(fixture_append(w, &three[0]), 0);
	wal_writer_close(w);
	expect_records(&d, 3, three, 1, -ENODATA);
	disk_close(&d);
}
END_TEST

START_TEST(reserved_space_is_zeros_behind_the_end)
{
	struct disk d;
	struct wal_writer *w;

	disk_open(&d);
	ck_assert_int_eq(wal_writer_create(d.dir, 3, fixture_salt(3), &w), 0);
	for (size_t i = 0; i < array_size(three); i++) {
		ck_assert_int_eq(wal_writer_reserve(w, FIXTURE_PAYLOAD_MAX, 4096), 0);
		ck_assert_int_eq(fixture_append(w, &three[i]), 0);
	}
	ck_assert_int_eq(wal_writer_reserve(w, WAL_PAYLOAD_MAX + 1, 4096), -E2BIG);
	uint64_t size = wal_writer_size(w);

	ck_assert_int_eq(wal_writer_sync(w), 0);
	wal_writer_close(w);
	struct buf bytes = fixture_bytes(&d, 3);

	ck_assert_uint_eq(bytes.len, WAL_FILE_HEADER_SIZE + 4096);
	buf_done(&bytes);
	expect_records(&d, 3, three, 3, -ENODATA);
	ck_assert_int_eq(wal_writer_resume(d.dir, 3, size, &w), 0);
	wal_writer_close(w);
	bytes = fixture_bytes(&d, 3);
	ck_assert_uint_eq(bytes.len, size);
	buf_done(&bytes);
	disk_close(&d);
}
END_TEST

START_TEST(a_full_disk_shows_before_anything_is_written)
{
	struct disk d;
	struct wal_writer *w;
	uint64_t first = fixture_record_size(&three[0]);

	disk_open(&d);
	ck_assert_int_eq(wal_writer_create(d.dir, 3, fixture_salt(3), &w), 0);
	/* Room for the first record, not for the step. */
	env_mem_set_capacity(d.env, WAL_FILE_HEADER_SIZE + first + 20);
	ck_assert_int_eq(wal_writer_reserve(w, 6, 4096), 0);
	ck_assert_int_eq(fixture_append(w, &three[0]), 0);
	ck_assert_int_eq(wal_writer_reserve(w, 8, 4096), -ENOSPC);
	ck_assert_int_eq(wal_writer_reserve(w, 8, 0), -ENOSPC);
	ck_assert_uint_eq(wal_writer_size(w), WAL_FILE_HEADER_SIZE + first);
	ck_assert_int_eq(wal_writer_sync(w), 0);
	env_mem_set_capacity(d.env, UINT64_MAX);
	ck_assert_int_eq(wal_writer_reserve(w, 8, 4096), 0);
	ck_assert_int_eq(fixture_append(w, &three[1]), 0);
	wal_writer_close(w);
	expect_records(&d, 3, three, 2, -ENODATA);
	disk_close(&d);
}
END_TEST

START_TEST(a_resumed_log_never_shows_what_was_cut_off)
{
	struct disk d;
	struct wal_writer *w;
	struct spec other = {3, 1, 0};
	uint64_t cut = WAL_FILE_HEADER_SIZE + fixture_record_size(&three[0]);

	disk_open(&d);
	fixture_log(&d, 3, three, array_size(three));
	ck_assert_int_eq(wal_writer_resume(d.dir, 3, cut, &w), 0);
	ck_assert_uint_eq(wal_writer_number(w), 3);
	ck_assert_uint_eq(wal_writer_size(w), cut);
	/* The cut itself is durable. */
	env_mem_power_cut(d.env);
	wal_writer_close(w);
	expect_records(&d, 3, three, 1, -ENODATA);

	ck_assert_int_eq(wal_writer_resume(d.dir, 3, cut, &w), 0);
	ck_assert_int_eq(fixture_append(w, &other), 0);
	ck_assert_int_eq(wal_writer_sync(w), 0);
	wal_writer_close(w);
	const struct spec now[] = {three[0], other};

	expect_records(&d, 3, now, 2, -ENODATA);
	disk_close(&d);
}
END_TEST

START_TEST(resume_refuses_a_missing_damaged_or_shortened_log)
{
	struct disk d;
	struct wal_writer *w = NULL;

	disk_open(&d);
	ck_assert_int_eq(wal_writer_resume(d.dir, 3, WAL_FILE_HEADER_SIZE, &w), -ENOENT);
	fixture_log(&d, 3, three, array_size(three));
	struct buf bytes = fixture_bytes(&d, 3);

	ck_assert_int_eq(wal_writer_resume(d.dir, 3, bytes.len + 8, &w), -EUCLEAN);
	bytes.ptr[24] ^= 1;
	fixture_set_bytes(&d, 3, buf_slice(&bytes));
	ck_assert_int_eq(wal_writer_resume(d.dir, 3, WAL_FILE_HEADER_SIZE, &w), -EBADMSG);
	fixture_set_bytes(&d, 3, slice_of(bytes.ptr, 20));
	ck_assert_int_eq(wal_writer_resume(d.dir, 3, WAL_FILE_HEADER_SIZE, &w), -EUCLEAN);
	ck_assert_ptr_null(w);
	buf_done(&bytes);
	disk_close(&d);
}
END_TEST

START_TEST(a_resume_that_fails_at_any_call_can_be_repeated)
{
	bool struck = true;
	uint64_t cut = WAL_FILE_HEADER_SIZE + fixture_record_size(&three[0]);

	for (uint64_t n = 0; struck; n++) {
		struct env_fault_plan plan = {.at_call = n, .error = -EIO};
		struct wal_writer *w = NULL;
		struct env_dir *dir;
		struct env *fault;
		struct disk d;

		faulty_open(&d, &fault, &dir);
		fixture_log(&d, 3, three, array_size(three));
		env_fault_set(fault, &plan);
		int rc = wal_writer_resume(dir, 3, cut, &w);

		struck = env_fault_struck(fault);
		ck_assert_int_eq(rc, struck ? -EIO : 0);
		ck_assert((w == NULL) == struck);
		wal_writer_close(w);
		ck_assert_int_eq(wal_writer_resume(d.dir, 3, cut, &w), 0);
		ck_assert_int_eq(fixture_append(w, &three[1]), 0);
		wal_writer_close(w);
		expect_records(&d, 3, three, 2, -ENODATA);
		faulty_close(&d, fault, dir);
		ck_assert_uint_lt(n, 100);
	}
}
END_TEST

enum {
	BESIDE_RECORDS = 3000,
};

struct beside {
	struct wal_writer *w;
	_Atomic bool done;
	_Atomic int error;
};

static void sync_along(void *arg)
{
	struct beside *b = arg;

	do {
		int rc = wal_writer_sync(b->w);

		if (rc || wal_writer_size(b->w) < WAL_FILE_HEADER_SIZE)
			atomic_store(&b->error, rc ? rc : -EINVAL);
	} while (!atomic_load(&b->done));
}

START_TEST(syncs_run_beside_appends)
{
	struct disk d;
	struct beside b = {0};
	struct thread syncer = {0};
	struct wal_reader *r;
	struct wal_record rec;

	disk_open(&d);
	ck_assert_int_eq(wal_writer_create(d.dir, 3, fixture_salt(3), &b.w), 0);
	ck_assert_int_eq(thread_start(&syncer, "syncer", sync_along, &b), 0);
	for (uint64_t seqno = 1; seqno <= BESIDE_RECORDS; seqno++) {
		struct spec s = {seqno, 1, 0};

		ck_assert(fixture_append(b.w, &s) == 0);
	}
	atomic_store(&b.done, true);
	thread_join(&syncer);
	ck_assert_int_eq(atomic_load(&b.error), 0);
	ck_assert_int_eq(wal_writer_sync(b.w), 0);
	env_mem_power_cut(d.env);
	wal_writer_close(b.w);
	ck_assert_int_eq(wal_reader_open(d.dir, 3, &r), 0);
	for (uint64_t seqno = 1; seqno <= BESIDE_RECORDS; seqno++)
		ck_assert(wal_reader_next(r, &rec) == 0 && rec.first_seqno == seqno);
	ck_assert_int_eq(wal_reader_next(r, &rec), -ENODATA);
	wal_reader_close(r);
	disk_close(&d);
}
END_TEST

START_TEST(a_log_made_of_an_older_one_keeps_its_blocks_and_shows_nothing_of_it)
{
	static const struct spec older[] = {{1, 2, 0}, {3, 1, 2}, {4, 5, 3}, {9, 1, 8}, {10, 1, 8}};
	struct disk d;
	struct wal_writer *w;

	disk_open(&d);
	fixture_log(&d, 2, older, array_size(older));
	struct buf before = fixture_bytes(&d, 2);

	ck_assert_int_eq(wal_writer_recycle(d.dir, 2, 3, fixture_salt(3), &w), 0);
	ck_assert(!fixture_exists(&d, 2));
	expect_records(&d, 3, NULL, 0, -ENODATA);
	env_mem_power_cut(d.env);
	expect_records(&d, 3, NULL, 0, -ENODATA);
	wal_writer_close(w);

	/* again, record by record: it grows only when the old space is used up */
	env_mem_set_capacity(d.env, before.len);
	ck_assert_int_eq(wal_writer_recycle(d.dir, 3, 4, fixture_salt(4), &w), 0);
	for (size_t i = 0; i < array_size(older); i++) {
		ck_assert_int_eq(wal_writer_reserve(w, FIXTURE_PAYLOAD_MAX / 2, 1), 0);
		ck_assert_int_eq(fixture_append(w, &older[i]), 0);
		expect_records(&d, 4, older, i + 1, -ENODATA);
	}
	ck_assert_int_eq(wal_writer_reserve(w, FIXTURE_PAYLOAD_MAX, 1), -ENOSPC);
	wal_writer_trim(w);
	wal_writer_close(w);
	struct buf after = fixture_bytes(&d, 4);

	ck_assert_uint_eq(after.len, before.len);
	ck_assert_mem_eq(after.ptr + WAL_FILE_HEADER_SIZE + 8,
			 before.ptr + WAL_FILE_HEADER_SIZE + 8, 16);
	buf_done(&before);
	buf_done(&after);
	disk_close(&d);
}
END_TEST

START_TEST(making_a_log_of_an_older_one_fails_at_every_call)
{
	bool struck = true;

	for (uint64_t at = 0; struck; at++) {
		struct disk d;
		struct env_dir *dir;
		struct wal_writer *w = NULL;

		disk_open(&d);
		fixture_log(&d, 2, three, array_size(three));
		struct env *env = env_fault_new(d.env);
		const struct env_fault_plan plan = {.at_call = at, .error = -EIO};

		ck_assert_int_eq(env_open_dir(env, FIXTURE_DIR, false, &dir), 0);
		env_fault_set(env, &plan);
		int rc = wal_writer_recycle(dir, 2, 3, fixture_salt(3), &w);

		struck = env_fault_struck(env);
		ck_assert_int_eq(rc, struck ? -EIO : 0);
		ck_assert(fixture_exists(&d, 3) == !struck);
		ck_assert(!fixture_exists(&d, 2));
		wal_writer_close(w);
		env_dir_close(dir);
		env_free(env);
		disk_close(&d);
	}
}
END_TEST

START_TEST(in_an_older_ones_space_an_append_that_fails_leaves_no_record)
{
	bool struck = true;

	for (uint64_t at = 0; struck; at++) {
		struct env_fault_plan plan = {.at_call = at, .error = -EIO};
		struct disk d;
		struct env *env;
		struct env_dir *dir;
		struct wal_writer *w;

		faulty_open(&d, &env, &dir);
		fixture_log(&d, 2, three, array_size(three));
		ck_assert_int_eq(wal_writer_recycle(dir, 2, 3, fixture_salt(3), &w), 0);
		ck_assert_int_eq(fixture_append(w, &three[0]), 0);
		env_fault_set(env, &plan);
		int rc = fixture_append(w, &three[1]);

		struck = env_fault_struck(env);
		ck_assert_int_eq(rc, struck ? -EIO : 0);
		wal_writer_close(w);
		expect_records(&d, 3, three, struck ? 1 : 2, -ENODATA);
		faulty_close(&d, env, dir);
	}
}
END_TEST

START_TEST(a_trimmed_log_is_written_on_where_it_ended)
{
	struct disk d;
	struct wal_writer *w;

	disk_open(&d);
	fixture_log(&d, 2, three, array_size(three));
	ck_assert_int_eq(wal_writer_recycle(d.dir, 2, 3, fixture_salt(3), &w), 0);
	ck_assert_int_eq(fixture_append(w, &three[0]), 0);
	ck_assert(wal_writer_trim(w));
	ck_assert_int_eq(fixture_append(w, &three[1]), 0);
	ck_assert_int_eq(fixture_append(w, &three[2]), 0);
	wal_writer_close(w);
	expect_records(&d, 3, three, array_size(three), -ENODATA);
	disk_close(&d);
}
END_TEST

static const TTest *const *const tests[] = {
	&file_names_have_six_digits_or_more,
	&what_is_appended_is_read_back,
	&a_new_log_and_synced_records_survive_a_power_cut,
	&an_existing_log_is_never_created_over,
	&a_creation_that_fails_at_any_call_leaves_no_file,
	&the_first_error_of_a_creation_is_reported_when_all_fail_after_it,
	&a_failed_append_is_the_last_and_a_new_writer_cuts_it_off,
	&a_failed_sync_is_never_repeated,
	&a_payload_over_the_limit_is_refused_and_the_writer_lives_on,
	&reserved_space_is_zeros_behind_the_end,
	&a_full_disk_shows_before_anything_is_written,
	&a_resumed_log_never_shows_what_was_cut_off,
	&resume_refuses_a_missing_damaged_or_shortened_log,
	&a_resume_that_fails_at_any_call_can_be_repeated,
	&syncs_run_beside_appends,
	&a_log_made_of_an_older_one_keeps_its_blocks_and_shows_nothing_of_it,
	&making_a_log_of_an_older_one_fails_at_every_call,
	&a_trimmed_log_is_written_on_where_it_ended,
	&in_an_older_ones_space_an_append_that_fails_leaves_no_record,
};

UNIT_SUITE("lsm/wal/wal_writer", tests)
