#include "lsm/blob/blob_refs.h"
#include "tests/unit/lsm/blob/blob_fixture.h"

static struct extent extent_in(uint64_t file, uint64_t at, uint32_t len)
{
	return (struct extent){
		.file = file, .at = at, .stored_len = 1000, .raw_len = 1000, .from = 0, .len = len};
}

static void note(struct blob_refs *r, struct extent e)
{
	ck_assert_int_eq(blob_refs_note(r, &e), 0);
}

START_TEST(what_is_named_adds_up_by_file)
{
	static const uint64_t numbers[] = {50, 7, 99, 7, 50, 1, 7, 60, 55};
	struct blob_refs r = {0};

	ck_assert_ptr_null(blob_refs_find(&r, 7));
	for (size_t i = 0; i < array_size(numbers); i++)
		note(&r, extent_in(numbers[i], 100 * (i + 1), 10));
	ck_assert_uint_eq(r.count, 6);
	for (size_t i = 1; i < r.count; i++)
		ck_assert_uint_lt(r.refs[i - 1].number, r.refs[i].number);
	ck_assert_uint_eq(blob_refs_find(&r, 7)->bytes, 30);
	ck_assert_uint_eq(blob_refs_find(&r, 7)->end, 700 + 1000);
	ck_assert_uint_eq(blob_refs_find(&r, 99)->bytes, 10);
	ck_assert_ptr_null(blob_refs_find(&r, 7)->file);
	ck_assert_ptr_null(blob_refs_find(&r, 8));
	ck_assert_ptr_null(blob_refs_find(&r, 100));
	/* An earlier chunk does not move the end back. */
	note(&r, extent_in(7, 32, 1000));
	ck_assert_uint_eq(blob_refs_find(&r, 7)->end, 1700);
	ck_assert_uint_eq(blob_refs_find(&r, 7)->bytes, 1030);
	blob_refs_done(&r);
	ck_assert_uint_eq(r.count, 0);
}
END_TEST

START_TEST(a_list_is_noted_if_it_makes_sense)
{
	cleanup_buf struct buf list = {0};
	struct blob_refs r = {0};
	struct extent e = extent_in(3, 100, 10);

	ck_assert_int_eq(blob_refs_note_list(&r, buf_slice(&list)), 0);
	ck_assert_uint_eq(r.count, 0);
	ck_assert_int_eq(extent_append(&list, &e), 0);
	e.file = 4;
	ck_assert_int_eq(extent_append(&list, &e), 0);
	ck_assert_int_eq(blob_refs_note_list(&r, buf_slice(&list)), 0);
	ck_assert_uint_eq(r.count, 2);
	ck_assert_int_eq(blob_refs_note_list(&r, slice_of(list.ptr, list.len - 1)), -EUCLEAN);
	e.file = 0;
	ck_assert_int_eq(extent_append(&list, &e), 0);
	ck_assert_int_eq(blob_refs_note_list(&r, buf_slice(&list)), -EUCLEAN);
	blob_refs_done(&r);
}
END_TEST

START_TEST(resolving_holds_the_files_until_the_end)
{
	struct fixture f;
	struct blob_refs r = {0}, copy = {0};
	struct blob_file *file;

	fixture_init(&f, fixture_options());
	note(&r, fixture_write(&f, 1, 500, false, &file));
	ck_assert_int_eq(blob_refs_resolve(&r, f.store), 0);
	ck_assert_ptr_eq(r.refs[0].file, file);
	ck_assert_int_eq(blob_refs_resolve(&r, f.store), 0);
	blob_file_unref(file);
	blob_store_seal(f.store);
	ck_assert_int_eq(blob_refs_copy(&r, &copy), 0);
	ck_assert_uint_eq(copy.refs[0].bytes, 500);
	blob_refs_done(&r);
	blob_store_purge(f.store);
	ck_assert(fixture_has_file(&f, 1));
	blob_refs_done(&copy);
	blob_store_purge(f.store);
	ck_assert(!fixture_has_file(&f, 1));
	fixture_done(&f);
}
END_TEST

START_TEST(an_empty_set_and_one_of_numbers_can_be_copied)
{
	struct blob_refs r = {0}, copy;

	ck_assert_int_eq(blob_refs_copy(&r, &copy), 0);
	ck_assert_uint_eq(copy.count, 0);
	note(&copy, extent_in(5, 100, 10));
	ck_assert_int_eq(blob_refs_copy(&copy, &r), 0);
	ck_assert_uint_eq(r.count, 1);
	ck_assert_ptr_null(r.refs[0].file);
	/* The copy can grow. */
	note(&r, extent_in(4, 100, 10));
	ck_assert_uint_eq(r.count, 2);
	blob_refs_done(&r);
	blob_refs_done(&copy);
}
END_TEST

START_TEST(a_missing_or_short_file_is_damage)
{
	struct fixture f;
	struct blob_refs r = {0};
	struct blob_file *file;

	fixture_init(&f, fixture_options());
	ck_assert_int_eq(blob_store_add(f.store, 12, 1099, &file), 0);
	note(&r, extent_in(12, 100, 10));
	ck_assert_int_eq(blob_refs_resolve(&r, f.store), -EUCLEAN);
	ck_assert_str_eq(fail_text(), "000012.blob: 1099 bytes, a chunk ends at 1100");
	ck_assert_ptr_null(r.refs[0].file);
	note(&r, extent_in(8, 100, 10));
	ck_assert_int_eq(blob_refs_resolve(&r, f.store), -EUCLEAN);
	ck_assert_str_eq(fail_text(), "000008.blob: missing");
	blob_refs_done(&r);
	/* The refused one holds nothing. */
	blob_file_unref(file);
	ck_assert_uint_eq(fixture_stats(&f).files, 0);
	fixture_done(&f);
}
END_TEST

static const TTest *const *const tests[] = {
	&what_is_named_adds_up_by_file,           &a_list_is_noted_if_it_makes_sense,
	&resolving_holds_the_files_until_the_end, &an_empty_set_and_one_of_numbers_can_be_copied,
	&a_missing_or_short_file_is_damage,
};

UNIT_SUITE("lsm/blob/blob_refs", tests)
