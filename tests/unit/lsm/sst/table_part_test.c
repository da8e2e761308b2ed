#include "lsm/sst/table_part.h"

#include "tests/unit/lsm/sst/table_fixture.h"

enum {
	ROWS = 4000,
	PART_MAX = 200, /* records */
};

/* Its key has no other version, and its value stays inside: it may be in a part. */
static bool fits_part(const struct rows *rows, size_t i, const struct table_options *options)
{
	const struct record *recs = rows->recs;

	if (recs[i].value_len > options->value_inline_max)
		return false;
	if (i > 0 && slice_eq(recs[i - 1].key, recs[i].key))
		return false;
	return i + 1 == rows->count || !slice_eq(recs[i].key, recs[i + 1].key);
}

/* Records from i on that may be in one part, `most` at most. */
static size_t take_part(struct table_part *part, const struct rows *rows, size_t i, size_t most)
{
	size_t count = 0;

	table_part_clear(part);
	while (count < most && i + count < rows->count &&
	       fits_part(rows, i + count, part->filler.options)) {
		ck_assert_int_eq(table_part_add(part, &rows->recs[i + count]), 0);
		count++;
	}
	if (count > 0)
		ck_assert_int_eq(table_part_end(part), 0);
	return count;
}

/* The number of parts. */
static size_t add_all(struct table_builder *b, const struct table_options *options,
		      const struct rows *rows, struct rng *rng)
{
	struct table_part part;
	size_t parts = 0;

	table_part_init(&part, options);
	for (size_t i = 0; i < rows->count;) {
		size_t count = take_part(&part, rows, i, rng_below(rng, PART_MAX));

		if (count > 0)
			ck_assert_int_eq(table_builder_add_part(b, &part), 0);
		else
			ck_assert_int_eq(table_builder_add(b, &rows->recs[i]), 0);
		parts += count > 0;
		i += count > 0 ? count : 1;
	}
	table_part_done(&part);
	return parts;
}

static void expect_rows(struct table *t, const struct rows *rows)
{
	struct iter *it;

	ck_assert_int_eq(table_iter(t, &it), 0);
	iter_first(it);
	for (size_t i = 0; i < rows->count; i++, iter_next(it)) {
		struct slice value;

		ck_assert(iter_valid(it));
		assert_slice_eq(it->rec.key, rows->recs[i].key);
		ck_assert_uint_eq(it->rec.seqno, rows->recs[i].seqno);
		ck_assert_uint_eq(it->rec.time_ns, rows->recs[i].time_ns);
		assert_slice_eq(it->rec.meta, rows->recs[i].meta);
		ck_assert_int_eq(iter_value(it, &value), 0);
		assert_slice_eq(value, rows->recs[i].value);
	}
	ck_assert(!iter_valid(it));
	ck_assert_int_eq(iter_status(it), 0);
	iter_free(it);
}

/* table_verify holds index, filter (prefixes too) and properties against the records. */
START_TEST(parts_and_records_behind_each_other_make_a_sound_table)
{
	struct table_options options = fixture_options();
	struct table_summary summary;
	struct table_builder *b;
	struct rows rows = {0};
	struct env_file *file;
	struct fixture f;
	struct table *t;
	struct rng rng;

	rng_seed(&rng, fixture_seed());
	rows_random(&rows, &rng, ROWS);
	fixture_init(&f, 1 << 20);
	ck_assert_int_eq(env_dir_open(f.dir, "000001.sst", ENV_CREATE, &file), 0);
	ck_assert_int_eq(table_builder_new(file, "000001.sst", FIXTURE_TABLE_ID, &options, &b), 0);
	ck_assert_uint_gt(add_all(b, &options, &rows, &rng), 20);
	ck_assert_int_eq(table_builder_finish(b, &summary), 0);
	ck_assert_uint_eq(summary.entries, rows.count);
	assert_slice_eq(summary.smallest_key, rows.recs[0].key);
	assert_slice_eq(summary.largest_key, rows.recs[rows.count - 1].key);
	ck_assert_int_eq(table_open(&f.tables, 1, summary.file_size, FIXTURE_TABLE_ID, &t), 0);
	ck_assert_int_eq(table_verify(t, NULL), 0);
	expect_rows(t, &rows);
	table_unref(t);
	table_builder_free(b);
	env_file_close(file);
	fixture_done(&f);
	rows_done(&rows);
}
END_TEST

static const TTest *const *const tests[] = {
	&parts_and_records_behind_each_other_make_a_sound_table,
};

UNIT_SUITE("lsm/sst/table_part", tests)
