#include "lsm/env/env_fault.h"
#include "tests/unit/lsm/sst/table_fixture.h"

static bool is_damage(int rc)
{
	return rc == -EBADMSG || rc == -EUCLEAN;
}

/* A table of every sort of block: packed, stored, several versions of a key over several blocks. */
static void small_rows(struct rows *rows)
{
	static const char text[] = "some words, some words again, and again some words to pack";

	rows_add_text(rows, "a/1", 9, text);
	rows_add_text(rows, "a/2", 8, "x");
	rows_add_text(rows, "b", 7, "third version of three");
	rows_add_text(rows, "b", 6, "second version of three");
	rows_add_text(rows, "b", 5, "first version of three");
	rows_add_text(rows, "c/d", 4, "0123456789abcdefghijklmnopqrstuvwxyz0123456789");
}

static struct table_options small_options(void)
{
	struct table_options options = fixture_options();

	options.block_size = 200;
	options.value_inline_max = 40;
	return options;
}

/* An answer is right or an error of damage, whichever way it is asked for. */
static void check_answers(struct table *t, const struct rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct record *want = &rows->recs[i];
		struct table_hit hit;
		int rc = table_get(t, want->key, want->seqno, &hit);

		if (rc) {
			ck_assert_msg(is_damage(rc), "get: %d", rc);
			continue;
		}
		assert_same_head(&hit.rec, want);
		rc = table_hit_value(&hit);
		if (rc)
			ck_assert_msg(is_damage(rc), "value: %d", rc);
		else
			assert_slice_eq(hit.rec.value, want->value);
		table_hit_done(&hit);
	}
}

static void check_walk(struct iter *it, const struct rows *rows)
{
	size_t at = 0;
	struct slice value;

	for (iter_first(it); iter_valid(it); iter_next(it), at++) {
		ck_assert_uint_lt(at, rows->count);
		assert_same_head(&it->rec, &rows->recs[at]);

		int rc = iter_value(it, &value);

		if (rc)
			ck_assert_msg(is_damage(rc), "value: %d", rc);
		else
			assert_slice_eq(value, rows->recs[at].value);
	}
	if (iter_status(it))
		ck_assert_msg(is_damage(iter_status(it)), "walk: %d", iter_status(it));
	else
		ck_assert_uint_eq(at, rows->count);
}

static void check_iterators(struct table *t, const struct rows *rows)
{
	struct iter *it;

	for (int access = TABLE_CACHED; access <= TABLE_SCAN; access++) {
		ck_assert_int_eq(table_iter_as(t, (enum table_access)access, &it), 0);
		check_walk(it, rows);
		iter_free(it);
	}
}

START_TEST(no_flipped_bit_gives_a_wrong_answer)
{
	struct table_options options = small_options();
	struct fixture f;
	struct rows rows = {0};
	uint64_t opened = 0;

	small_rows(&rows);
	fixture_init(&f, 0);
	table_unref(build_and_open(&f, &options, &rows));

	struct slice file = copy_file(&f);

	ck_assert_uint_lt(file.len, 2000);
	for (uint64_t bit = 0; bit < 8 * file.len; bit++) {
		struct table *t = NULL;

		flip_bit(&f, bit / 8, bit % 8);
		fail_clear();

		int rc = table_open(&f.tables, FIXTURE_NUMBER, file.len, FIXTURE_TABLE_ID, &t);

		if (rc) {
			ck_assert_msg(is_damage(rc), "bit %llu: %d", (unsigned long long)bit, rc);
			ck_assert_ptr_nonnull(strstr(fail_text(), "000001.sst"));
		} else {
			opened++;
			check_answers(t, &rows);
			check_iterators(t, &rows);
			ck_assert(is_damage(table_verify(t, NULL)));
			table_unref(t);
		}
		flip_bit(&f, bit / 8, bit % 8);
	}
	ck_assert_uint_gt(opened, 1000);
	free((void *)file.ptr);
	fixture_done(&f);
	rows_done(&rows);
}
END_TEST

START_TEST(damage_after_opening_is_seen_too)
{
	struct table_options options = small_options();
	struct fixture f;
	struct rows rows = {0};

	small_rows(&rows);
	fixture_init(&f, 0);

	struct table *t = build_and_open(&f, &options, &rows);
	struct slice file = copy_file(&f);

	for (uint64_t byte = 0; byte < file.len; byte++) {
		flip_bit(&f, byte, byte % 8);
		check_answers(t, &rows);
		ck_assert(is_damage(table_verify(t, NULL)));
		flip_bit(&f, byte, byte % 8);
	}
	ck_assert_int_eq(table_verify(t, NULL), 0);
	ck_assert_uint_gt(atomic_load(&f.counters.checksum_errors), 0);
	table_unref(t);
	free((void *)file.ptr);
	fixture_done(&f);
	rows_done(&rows);
}
END_TEST

START_TEST(a_truncated_table_is_refused_at_every_length)
{
	struct table_options options = small_options();
	struct fixture f;
	struct rows rows = {0};

	small_rows(&rows);
	fixture_init(&f, 0);
	table_unref(build_and_open(&f, &options, &rows));

	struct slice file = copy_file(&f);

	for (uint64_t len = 0; len < file.len; len++) {
		struct table *t = NULL;

		replace_file(&f, slice_of(file.ptr, len));
		ck_assert_int_eq(
			table_open(&f.tables, FIXTURE_NUMBER, file.len, FIXTURE_TABLE_ID, &t),
			-EUCLEAN);
		ck_assert(is_damage(
			table_open(&f.tables, FIXTURE_NUMBER, len, FIXTURE_TABLE_ID, &t)));
		ck_assert_ptr_null(t);
	}
	free((void *)file.ptr);
	fixture_done(&f);
	rows_done(&rows);
}
END_TEST

START_TEST(another_tables_file_is_refused)
{
	struct table_options options = small_options();
	struct fixture f;
	struct rows rows = {0};
	struct table *t = NULL;
	uint64_t size;

	small_rows(&rows);
	fixture_init(&f, 0);
	ck_assert_int_eq(build_in(f.dir, FIXTURE_NUMBER, 1, &options, &rows, &size), 0);
	ck_assert_int_eq(table_open(&f.tables, FIXTURE_NUMBER, size, 2, &t), -EUCLEAN);
	ck_assert_ptr_nonnull(strstr(fail_text(), "id"));
	ck_assert_int_eq(table_open(&f.tables, FIXTURE_NUMBER, size + 1, 1, &t), -EUCLEAN);
	ck_assert_ptr_nonnull(strstr(fail_text(), "size"));
	ck_assert_int_eq(table_open(&f.tables, FIXTURE_NUMBER + 1, size, 1, &t), -ENOENT);
	fixture_done(&f);
	rows_done(&rows);
}
END_TEST

/* Tables alike in all but a character of each value: same places, same lengths. */
static void alike_rows(struct rows *rows, char c)
{
	char value[60];

	for (uint64_t i = 0; i < 20; i++) {
		char key[8];

		(void)snprintf(key, sizeof(key), "k%02llu", (unsigned long long)i);
		memset(value, c, sizeof(value));
		value[59] = '\0';
		rows_add_text(rows, key, i + 1, value);
	}
}

START_TEST(blocks_that_changed_places_are_seen)
{
	struct table_options options = small_options();
	struct fixture f;
	struct rows rows = {0};
	struct table_hit hit;

	alike_rows(&rows, 'v');
	options.codec = SST_STORED;
	options.block_size = 160;
	options.value_inline_max = 100;
	options.bloom_bits_per_key = 0;
	fixture_init(&f, 0);

	struct table *t = build_and_open(&f, &options, &rows);
	struct slice file = copy_file(&f);
	uint64_t blocks = table_property(t, SST_DATA_BLOCKS);
	uint8_t *bytes = (uint8_t *)file.ptr;
	/* All entries look alike, so the second and third block are as long as the first. */
	const uint8_t *second = memmem(bytes, file.len, "k01", 3);
	const uint8_t *third = memmem(bytes, file.len, "k02", 3);
	size_t len = (size_t)(third - second);

	ck_assert_uint_eq(blocks, 20);
	table_unref(t);

	uint8_t *swapped = malloc(len);

	memcpy(swapped, bytes + len, len);
	memcpy(bytes + len, bytes + 2 * len, len);
	memcpy(bytes + 2 * len, swapped, len);
	replace_file(&f, file);
	ck_assert_int_eq(table_open(&f.tables, FIXTURE_NUMBER, file.len, FIXTURE_TABLE_ID, &t), 0);
	ck_assert_int_eq(table_get(t, slice_str("k00"), 100, &hit), 0);
	table_hit_done(&hit);
	ck_assert_int_eq(table_get(t, slice_str("k01"), 100, &hit), -EBADMSG);
	ck_assert_int_eq(table_get(t, slice_str("k02"), 100, &hit), -EBADMSG);
	ck_assert_int_eq(table_verify(t, NULL), -EBADMSG);
	table_unref(t);
	free(swapped);
	free(bytes);
	fixture_done(&f);
	rows_done(&rows);
}
END_TEST

START_TEST(a_block_of_another_table_is_seen)
{
	struct table_options options = small_options();
	struct fixture f;
	struct rows own = {0};
	struct rows other = {0};
	struct table *t = NULL;
	struct table_hit hit;
	uint64_t size;

	alike_rows(&own, 'v');
	alike_rows(&other, 'w');
	options.codec = SST_STORED;
	options.value_inline_max = 100;
	fixture_init(&f, 0);
	ck_assert_int_eq(build_in(f.dir, FIXTURE_NUMBER, 9, &options, &other, &size), 0);

	struct slice theirs = copy_file(&f);

	table_unref(build_and_open(&f, &options, &own));

	struct slice ours = copy_file(&f);

	ck_assert_uint_eq(ours.len, theirs.len);
	memcpy((void *)ours.ptr, theirs.ptr, 300);
	replace_file(&f, ours);
	ck_assert_int_eq(table_open(&f.tables, FIXTURE_NUMBER, size, FIXTURE_TABLE_ID, &t), 0);
	ck_assert_int_eq(table_get(t, slice_str("k00"), 100, &hit), -EBADMSG);
	table_unref(t);
	free((void *)ours.ptr);
	free((void *)theirs.ptr);
	fixture_done(&f);
	rows_done(&own);
	rows_done(&other);
}
END_TEST

/* Open, get everything, walk in each way, verify; the first error. */
static int use_all(struct fixture *f, const struct rows *rows, uint64_t size)
{
	struct table *t;
	int rc = table_open(&f->tables, FIXTURE_NUMBER, size, FIXTURE_TABLE_ID, &t);

	if (rc)
		return rc;
	for (size_t i = 0; i < rows->count && !rc; i++) {
		struct table_hit hit;

		rc = table_get(t, rows->recs[i].key, rows->recs[i].seqno, &hit);
		if (rc)
			break;
		rc = table_hit_value(&hit);
		table_hit_done(&hit);
	}
	for (int access = TABLE_CACHED; access <= TABLE_SCAN && !rc; access++) {
		struct iter *it;
		struct slice value;

		ck_assert_int_eq(table_iter_as(t, (enum table_access)access, &it), 0);
		for (iter_first(it); iter_valid(it) && !rc; iter_next(it))
			rc = iter_value(it, &value);
		if (!rc)
			rc = iter_status(it);
		iter_free(it);
	}
	if (!rc)
		rc = table_verify(t, NULL);
	table_unref(t);
	return rc;
}

START_TEST(every_failing_call_of_a_reader_is_reported)
{
	struct table_options options = small_options();
	struct env *inner = env_mem_new();
	struct env *faulty = env_fault_new(inner);
	struct fixture f;
	struct rows rows = {0};
	uint64_t size = 0;
	uint64_t call = 0;

	small_rows(&rows);
	fixture_init_around(&f, inner, faulty, 0);
	ck_assert_int_eq(build_in(f.dir, FIXTURE_NUMBER, FIXTURE_TABLE_ID, &options, &rows, &size),
			 0);
	for (;; call++) {
		struct env_fault_plan plan = {.at_call = call, .error = -EIO};

		env_fault_set(faulty, &plan);

		int rc = use_all(&f, &rows, size);

		if (!env_fault_struck(faulty)) {
			ck_assert_int_eq(rc, 0);
			break;
		}
		ck_assert_int_eq(rc, -EIO);
	}
	ck_assert_uint_gt(call, 20);
	env_fault_set(faulty, NULL);
	cache_free(f.cache);
	env_dir_close(f.dir);
	env_free(faulty);
	env_free(inner);
	rows_done(&rows);
}
END_TEST

static const TTest *const *const tests[] = {
	&no_flipped_bit_gives_a_wrong_answer,          &damage_after_opening_is_seen_too,
	&a_truncated_table_is_refused_at_every_length, &another_tables_file_is_refused,
	&blocks_that_changed_places_are_seen,          &a_block_of_another_table_is_seen,
	&every_failing_call_of_a_reader_is_reported,
};

UNIT_SUITE("lsm/sst/table_damage", tests)
