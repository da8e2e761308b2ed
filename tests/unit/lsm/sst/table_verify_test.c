/*
 * Tables that are whole, with every checksum right, and wrong all the same: made block by block.
 */
#include "lsm/sst/block_builder.h"
#include "lsm/sst/block_writer.h"
#include "lsm/sst/bloom.h"
#include "lsm/sst/footer.h"
#include "lsm/sst/properties.h"
#include "tests/unit/lsm/sst/table_fixture.h"

enum flaw {
	FLAW_NONE,
	FLAW_RECORDS_OUT_OF_ORDER,
	FLAW_SEPARATOR_TOO_LOW,
	FLAW_SEPARATOR_TOO_HIGH,
	FLAW_KEY_NOT_IN_FILTER,
	FLAW_PREFIX_NOT_IN_FILTER,
	FLAW_WRONG_COUNT,
	FLAW_WRONG_LARGEST_KEY,
	FLAW_BLOCK_NOBODY_NAMES,
	FLAW_VALUE_OF_OTHER_LENGTH,
	FLAW_VALUE_NAMED_TWICE,
	FLAW_VALUE_BEYOND_THE_FILE,
	FLAW_INDEX_NAMES_A_VALUE,
	FLAW_COUNT, /* of all these */
};

/* Two data blocks, {a, b/c} and {k, m}; b/c has a value of its own. */
struct craft {
	enum flaw flaw;
	struct block_writer w;
	struct block_builder block;
	struct block_builder index;
	struct bloom_builder bloom;
	struct properties properties;
	struct block_handle value;
};

static void put_block(struct craft *c, struct slice raw, struct block_handle *ret_handle)
{
	ck_assert_int_eq(block_writer_put(&c->w, raw, SST_STORED, 0, ret_handle), 0);
}

static void add_entry(struct craft *c, const char *key, uint64_t seqno,
		      const struct block_handle *outside)
{
	struct record rec = {
		.key = slice_str(key),
		.seqno = seqno,
		.kind = RECORD_PUT,
		.value = slice_str("value of 20 bytes..."),
		.value_len = 20,
	};

	if (outside && c->flaw == FLAW_VALUE_OF_OTHER_LENGTH)
		rec.value_len++;
	ck_assert_int_eq(block_builder_add(&c->block, &rec, outside), 0);
	properties_count(&c->properties, &rec);
	if (c->flaw != FLAW_KEY_NOT_IN_FILTER || key[0] != 'k')
		ck_assert_int_eq(bloom_builder_add(&c->bloom, rec.key, 0), 0);
}

static void end_block(struct craft *c, const char *separator)
{
	uint8_t value[BLOCK_HANDLE_MAX_BYTES];
	struct block_handle h;
	struct slice raw;

	ck_assert_int_eq(block_builder_finish(&c->block, &raw), 0);
	put_block(c, raw, &h);
	block_builder_clear(&c->block);
	if (c->flaw == FLAW_INDEX_NAMES_A_VALUE && separator[0] < 'm')
		h = c->value;

	struct record entry = {.key = slice_str(separator), .kind = RECORD_PUT};

	entry.value = slice_of(value, (size_t)(block_handle_put(value, h) - value));
	entry.value_len = entry.value.len;
	ck_assert_int_eq(block_builder_add(&c->index, &entry, NULL), 0);
	c->properties.numbers[SST_DATA_BLOCKS]++;
}

static void write_first_block(struct craft *c)
{
	bool out_of_order = c->flaw == FLAW_RECORDS_OUT_OF_ORDER;
	struct block_handle named;

	put_block(c, slice_str("value of 20 bytes..."), &c->value);
	c->properties.numbers[SST_VALUE_BLOCKS]++;
	named = c->value;
	if (c->flaw == FLAW_VALUE_BEYOND_THE_FILE)
		named.offset = UINT64_C(1) << 40;
	add_entry(c, "a", out_of_order ? 1 : 2, NULL);
	add_entry(c, out_of_order ? "a" : "b/c", out_of_order ? 2 : 1, &named);
	end_block(c, c->flaw == FLAW_SEPARATOR_TOO_LOW    ? "b"
		     : c->flaw == FLAW_SEPARATOR_TOO_HIGH ? "k1"
							  : "c");
}

static void write_second_block(struct craft *c)
{
	struct block_handle unnamed;

	if (c->flaw == FLAW_BLOCK_NOBODY_NAMES)
		put_block(c, slice_str("nobody's"), &unnamed);
	add_entry(c, "k", 3, NULL);
	add_entry(c, "m", 4, c->flaw == FLAW_VALUE_NAMED_TWICE ? &c->value : NULL);
	end_block(c, "m");
}

static void write_end(struct craft *c)
{
	struct footer footer = {.table_id = FIXTURE_TABLE_ID};
	cleanup_buf struct buf filter = {0};
	cleanup_buf struct buf properties = {0};
	const char *largest = c->flaw == FLAW_WRONG_LARGEST_KEY ? "n" : "m";
	uint8_t bytes[SST_FOOTER_SIZE];
	struct slice raw;

	c->properties.numbers[SST_FILTER_SEPARATOR] =
		c->flaw == FLAW_PREFIX_NOT_IN_FILTER ? 'm' + 1 : '/' + 1;
	c->properties.numbers[SST_ENTRIES] += c->flaw == FLAW_WRONG_COUNT;
	ck_assert_int_eq(buf_set(&c->properties.smallest_key, slice_str("a")), 0);
	ck_assert_int_eq(buf_set(&c->properties.largest_key, slice_str(largest)), 0);
	ck_assert_int_eq(bloom_builder_finish(&c->bloom, &filter), 0);
	put_block(c, buf_slice(&filter), &footer.filter);
	ck_assert_int_eq(properties_encode(&c->properties, &properties), 0);
	put_block(c, buf_slice(&properties), &footer.properties);
	ck_assert_int_eq(block_builder_finish(&c->index, &raw), 0);
	put_block(c, raw, &footer.index);
	footer_encode(&footer, bytes);
	ck_assert_int_eq(block_writer_put_raw(&c->w, slice_of(bytes, sizeof(bytes))), 0);
	ck_assert_int_eq(block_writer_flush(&c->w), 0);
}

static struct table *craft_table(struct fixture *f, enum flaw flaw)
{
	struct craft c = {.flaw = flaw};
	struct env_file *file;
	struct table *t = NULL;

	ck_assert_int_eq(env_dir_open(f->dir, "000001.sst", ENV_REPLACE, &file), 0);
	c.w = (struct block_writer){
		.file = file,
		.name = "000001.sst",
		.table_id = FIXTURE_TABLE_ID,
	};
	c.bloom = (struct bloom_builder){.bits_per_key = 40, .separator = '/'};
	block_builder_init(&c.block, 16);
	block_builder_init(&c.index, 16);
	write_first_block(&c);
	write_second_block(&c);
	write_end(&c);
	block_writer_done(&c.w);
	block_builder_done(&c.block);
	block_builder_done(&c.index);
	bloom_builder_done(&c.bloom);
	properties_done(&c.properties);
	env_file_close(file);
	ck_assert_int_eq(table_open(&f->tables, FIXTURE_NUMBER, c.w.offset, FIXTURE_TABLE_ID, &t),
			 0);
	return t;
}

START_TEST(every_flaw_behind_right_checksums_is_found)
{
	for (enum flaw flaw = FLAW_NONE; flaw < FLAW_COUNT; flaw++) {
		struct fixture f;

		fixture_init(&f, 1 << 20);
		fail_clear();

		struct table *t = craft_table(&f, flaw);
		int rc = table_verify(t, NULL);

		ck_assert_msg(rc == (flaw == FLAW_NONE ? 0 : -EUCLEAN), "flaw %d: %d: %s", flaw, rc,
			      fail_text());
		ck_assert_int_eq(strstr(fail_text(), "000001.sst: offset ") != NULL,
				 flaw != FLAW_NONE);
		table_unref(t);
		fixture_done(&f);
	}
}
END_TEST

static int get_value(struct fixture *f, enum flaw flaw, const char *key)
{
	struct table *t = craft_table(f, flaw);
	struct table_hit hit;
	int rc = table_get(t, slice_str(key), 100, &hit);

	if (!rc) {
		rc = table_hit_value(&hit);
		table_hit_done(&hit);
	}
	table_unref(t);
	return rc;
}

START_TEST(a_get_trusts_none_of_them)
{
	struct fixture f;

	fixture_init(&f, 0);
	ck_assert_int_eq(get_value(&f, FLAW_NONE, "b/c"), 0);
	ck_assert_int_eq(get_value(&f, FLAW_VALUE_OF_OTHER_LENGTH, "b/c"), -EUCLEAN);
	ck_assert_int_eq(get_value(&f, FLAW_VALUE_BEYOND_THE_FILE, "b/c"), -EUCLEAN);
	ck_assert_int_eq(get_value(&f, FLAW_INDEX_NAMES_A_VALUE, "b/c"), -EUCLEAN);
	ck_assert_ptr_nonnull(strstr(fail_text(), "000001.sst: offset 0"));
	fixture_done(&f);
}
END_TEST

START_TEST(progress_ends_at_the_size_of_the_file)
{
	struct table_options options = fixture_options();
	struct long_work work = {0};
	struct fixture f;
	struct rows rows = {0};
	struct rng rng;

	rng_seed(&rng, fixture_seed());
	rows_random(&rows, &rng, 1000);
	fixture_init(&f, 1 << 20);

	struct table *t = build_and_open(&f, &options, &rows);
	struct slice file = copy_file(&f);

	ck_assert_int_eq(table_verify(t, &work), 0);
	ck_assert_uint_eq(long_work_done(&work), file.len);
	long_work_stop(&work);
	ck_assert_int_eq(table_verify(t, &work), -ECANCELED);
	free((void *)file.ptr);
	table_unref(t);
	fixture_done(&f);
	rows_done(&rows);
}
END_TEST

START_TEST(a_record_that_no_reader_takes_is_found)
{
	struct table_options options = fixture_options();

	for (unsigned kind = RECORD_DELETE; kind <= RECORD_LARGE; kind++) {
		struct rows rows = {0};
		struct fixture f;
		struct table *t;

		rows_add_text(&rows, "a", 1, "value");
		rows_add_text(&rows, "b", 2, kind == RECORD_DELETE ? "" : "value");
		rows.recs[1].kind = (enum record_kind)kind;
		fixture_init(&f, 1 << 20);
		t = build_and_open(&f, &options, &rows);
		ck_assert_int_eq(table_verify(t, NULL), kind == RECORD_PATCH ? -EUCLEAN : 0);
		table_unref(t);
		fixture_done(&f);
		rows_done(&rows);
	}
}
END_TEST

static const TTest *const *const tests[] = {
	&every_flaw_behind_right_checksums_is_found,
	&a_get_trusts_none_of_them,
	&progress_ends_at_the_size_of_the_file,
	&a_record_that_no_reader_takes_is_found,
};

UNIT_SUITE("lsm/sst/table_verify", tests)
