#include "lsm/sst/block_builder.h"
#include "lsm/sst/table_index.h"
#include "tests/unit/lsm/sst/table_fixture.h"

enum {
	BLOCK_STORED_LEN = 100,
};

/*
 * An index block whose separators are the records' keys and seqnos; the bytes are the caller's to
 * free.
 */
static struct slice build(const struct rows *rows)
{
	struct block_builder b;
	struct slice raw;

	block_builder_init(&b, 16);
	for (size_t i = 0; i < rows->count; i++) {
		struct block_handle h = {.offset = i * 200, .stored_len = BLOCK_STORED_LEN};
		uint8_t value[BLOCK_HANDLE_MAX_BYTES];
		struct record entry = {.key = rows->recs[i].key, .kind = RECORD_PUT};

		entry.seqno = rows->recs[i].seqno;
		entry.value = slice_of(value, (size_t)(block_handle_put(value, h) - value));
		entry.value_len = entry.value.len;
		ck_assert_int_eq(block_builder_add(&b, &entry, NULL), 0);
	}
	ck_assert_int_eq(block_builder_finish(&b, &raw), 0);
	raw = copy_slice(raw);
	block_builder_done(&b);
	return raw;
}

static int parse(const struct rows *rows, uint64_t blocks_end, struct table_index *ret_index)
{
	struct slice raw = build(rows);
	struct block block = block_view(raw);
	int rc = table_index_parse(&block, blocks_end, ret_index);

	free((void *)raw.ptr);
	return rc;
}

/* Separators with a common prefix of any length, many ties in their first eight bytes. */
static void random_separators(struct rows *rows, struct rng *rng)
{
	static const char prefix[] = "common/prefix/of/all";
	size_t prefix_len = rng_below(rng, sizeof(prefix));
	size_t count = 1 + rng_below(rng, 80);

	for (size_t i = 0; i < count; i++) {
		uint8_t room[64];
		struct record rec = {.seqno = i * 10, .kind = RECORD_PUT};

		memcpy(room, prefix, prefix_len);
		rec.key = random_key(rng, room + prefix_len);
		if (rng_below(rng, 2))
			memset(room + prefix_len, rng_below(rng, 2) ? 0xff : 'a',
			       min_of(rec.key.len, (size_t)8));
		rec.key = slice_of(room, prefix_len + rec.key.len);
		rows_add(rows, &rec);
	}
	qsort(rows->recs, rows->count, sizeof(*rows->recs), rows_compare);
}

static void check_seek(const struct table_index *index, const struct rows *rows, struct slice key,
		       uint64_t seqno)
{
	ck_assert(table_index_seek(index, key, seqno) == rows_seek(rows, key, seqno));
	for (size_t i = 0; i < rows->count; i++) {
		int got = table_index_cmp(index, i, key, seqno);
		int want = record_cmp(key, seqno, rows->recs[i].key, rows->recs[i].seqno);

		ck_assert((got > 0) - (got < 0) == (want > 0) - (want < 0));
	}
}

START_TEST(a_search_agrees_with_a_sorted_array)
{
	struct rng rng;

	rng_seed(&rng, fixture_seed());
	for (int round = 0; round < 300; round++) {
		struct rows rows = {0};
		struct table_index index;

		random_separators(&rows, &rng);
		ck_assert_int_eq(parse(&rows, 200 * rows.count, &index), 0);
		ck_assert_uint_eq(index.count, rows.count);
		for (size_t i = 0; i < rows.count; i++) {
			struct slice key = rows.recs[i].key;
			uint8_t longer[128];

			memcpy(longer, key.ptr, key.len);
			longer[key.len] = (uint8_t)(rng_below(&rng, 2) * 255);
			check_seek(&index, &rows, key, rows.recs[i].seqno);
			check_seek(&index, &rows, key, rows.recs[i].seqno + 1);
			check_seek(&index, &rows, key, RECORD_SEQNO_MAX);
			check_seek(&index, &rows, key, 0);
			check_seek(&index, &rows, slice_of(longer, key.len + 1), 5);
			check_seek(&index, &rows, slice_of(longer, rng_below(&rng, key.len)), 5);
			check_seek(&index, &rows, random_key(&rng, longer), 5);
			ck_assert_uint_eq(index.entries[i].block.offset, i * 200);
			ck_assert_uint_eq(index.entries[i].block.stored_len, BLOCK_STORED_LEN);
		}
		table_index_done(&index);
		rows_done(&rows);
	}
}
END_TEST

START_TEST(separators_out_of_order_are_refused)
{
	struct rows rows = {0};
	struct table_index index;

	rows_add_text(&rows, "b", 5, "");
	rows_add_text(&rows, "b", 4, "");
	ck_assert_int_eq(parse(&rows, 400, &index), 0);
	table_index_done(&index);
	rows_add_text(&rows, "b", 4, "");
	ck_assert_int_eq(parse(&rows, 600, &index), -EUCLEAN);
	rows.recs[2].seqno = 5;
	ck_assert_int_eq(parse(&rows, 600, &index), -EUCLEAN);
	((uint8_t *)rows.recs[2].key.ptr)[0] = 'a';
	ck_assert_int_eq(parse(&rows, 600, &index), -EUCLEAN);
	((uint8_t *)rows.recs[2].key.ptr)[0] = 'c';
	ck_assert_int_eq(parse(&rows, 600, &index), 0);
	table_index_done(&index);
	rows_done(&rows);
}
END_TEST

START_TEST(a_block_outside_of_the_file_is_refused)
{
	struct rows rows = {0};
	struct table_index index;

	rows_add_text(&rows, "a", 1, "");
	rows_add_text(&rows, "b", 2, "");
	ck_assert_int_eq(parse(&rows, 200 + BLOCK_STORED_LEN + SST_TRAILER_SIZE - 1, &index),
			 -EUCLEAN);
	ck_assert_int_eq(parse(&rows, 200 + BLOCK_STORED_LEN + SST_TRAILER_SIZE, &index), 0);
	table_index_done(&index);
	rows_done(&rows);
}
END_TEST

START_TEST(damaged_index_blocks_are_never_trusted)
{
	struct rng rng;

	rng_seed(&rng, fixture_seed());
	for (int round = 0; round < 3000; round++) {
		struct rows rows = {0};
		struct table_index index;
		uint8_t room[32];

		random_separators(&rows, &rng);

		struct slice raw = build(&rows);

		((uint8_t *)raw.ptr)[rng_below(&rng, raw.len)] = (uint8_t)rng_next(&rng);

		struct block block = block_view(raw);
		int rc = table_index_parse(&block, 200 * rows.count, &index);

		ck_assert(rc == 0 || rc == -EUCLEAN);
		if (!rc) {
			ck_assert_uint_le(table_index_seek(&index, random_key(&rng, room), 100),
					  index.count);
			table_index_done(&index);
		}
		free((void *)raw.ptr);
		rows_done(&rows);
	}
}
END_TEST

static const TTest *const *const tests[] = {
	&a_search_agrees_with_a_sorted_array,
	&separators_out_of_order_are_refused,
	&a_block_outside_of_the_file_is_refused,
	&damaged_index_blocks_are_never_trusted,
};

UNIT_SUITE("lsm/sst/table_index", tests)
