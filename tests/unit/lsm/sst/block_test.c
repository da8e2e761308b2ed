#include "lsm/sst/block_builder.h"
#include "lsm/sst/block_cursor.h"
#include "tests/unit/lsm/sst/table_fixture.h"

/* A data block of these records; the bytes are the caller's to free. */
static struct slice build(const struct rows *rows, unsigned restart_interval)
{
	struct block_builder b;
	struct slice raw;

	block_builder_init(&b, restart_interval);
	for (size_t i = 0; i < rows->count; i++) {
		struct block_handle outside = {.offset = i, .stored_len = rows->recs[i].seqno};
		size_t before = block_builder_size(&b);

		ck_assert_int_eq(block_builder_add(&b, &rows->recs[i], i % 5 ? NULL : &outside), 0);
		ck_assert_uint_le(block_builder_size(&b),
				  before + block_builder_cost(&rows->recs[i], i % 5));
	}

	size_t size = block_builder_size(&b);

	ck_assert_int_eq(block_builder_finish(&b, &raw), 0);
	ck_assert_uint_eq(raw.len, size);
	raw = copy_slice(raw);
	block_builder_done(&b);
	return raw;
}

static void assert_at(const struct block_cursor *c, const struct rows *rows, size_t at)
{
	const struct record *want = &rows->recs[at];

	ck_assert_int_eq(c->valid, at < rows->count);
	if (!c->valid)
		return;
	assert_slice_eq(c->key, want->key);
	ck_assert_uint_eq(c->entry.seqno, want->seqno);
	ck_assert_uint_eq(c->entry.time_ns, want->time_ns);
	ck_assert_int_eq(c->entry.kind, want->kind);
	assert_slice_eq(c->entry.meta, want->meta);
	ck_assert_uint_eq(c->entry.value_len, want->value_len);
	ck_assert_int_eq(block_entry_is_outside(&c->entry), at % 5 == 0);
	if (at % 5) {
		assert_slice_eq(c->entry.value, want->value);
	} else {
		ck_assert_uint_eq(c->entry.outside.offset, at);
		ck_assert_uint_eq(c->entry.outside.stored_len, want->seqno);
	}
}

START_TEST(a_cursor_finds_what_was_put_in)
{
	struct rng rng;

	rng_seed(&rng, fixture_seed());
	for (unsigned interval = 1; interval <= 64; interval = interval * 2 + 1) {
		struct rows rows = {0};
		struct block_cursor c = {0};

		rows_random(&rows, &rng, 200);

		struct slice raw = build(&rows, interval);
		struct block block = block_view(raw);

		ck_assert_uint_eq(block.restart_count, (rows.count + interval - 1) / interval);
		block_cursor_enter(&c, &block);
		ck_assert_int_eq(block_cursor_first(&c), 0);
		for (size_t i = 0; i < rows.count; i++) {
			assert_at(&c, &rows, i);
			ck_assert_int_eq(block_cursor_next(&c), 0);
		}
		ck_assert(!c.valid);
		for (size_t i = 0; i < rows.count; i++) {
			const struct record *rec = &rows.recs[i];
			uint64_t seqno = rec->seqno - 1 + rng_below(&rng, 3);

			ck_assert_int_eq(block_cursor_seek(&c, rec->key, seqno), 0);
			assert_at(&c, &rows, rows_seek(&rows, rec->key, seqno));
			ck_assert_int_eq(block_cursor_seek_before(&c, rec->key, seqno), 0);
			assert_at(&c, &rows, rows_seek(&rows, rec->key, seqno) - 1);
		}
		block_cursor_done(&c);
		free((void *)raw.ptr);
		rows_done(&rows);
	}
}
END_TEST

START_TEST(a_long_key_is_put_together)
{
	static uint8_t key[RECORD_KEY_MAX];
	struct rows rows = {0};
	struct block_cursor c = {0};

	for (uint64_t i = 0; i < 40; i++) {
		struct record rec = {
			.key = slice_of(key, 1 + i * 1680),
			.seqno = 100 - i,
			.kind = RECORD_PUT,
		};

		memset(key, 'k', sizeof(key));
		rows_add(&rows, &rec);
	}

	struct slice raw = build(&rows, 16);
	struct block block = block_view(raw);

	ck_assert_uint_lt(raw.len, 300000);
	for (size_t i = 0; i < rows.count; i++) {
		block_cursor_enter(&c, &block);
		ck_assert_int_eq(block_cursor_seek(&c, rows.recs[i].key, RECORD_SEQNO_MAX), 0);
		assert_at(&c, &rows, i);
		ck_assert_int_eq(block_cursor_seek(&c, c.key, RECORD_SEQNO_MAX), 0);
		assert_at(&c, &rows, i);
	}
	block_cursor_done(&c);
	free((void *)raw.ptr);
	rows_done(&rows);
}
END_TEST

/* Every move, whatever the bytes: an answer or -EUCLEAN, and never a byte outside of the block. */
static void try_all(const struct block *block, struct rng *rng)
{
	struct block_cursor c = {0};
	uint8_t room[32];
	int rc;

	block_cursor_enter(&c, block);
	rc = block_cursor_first(&c);
	for (int i = 0; !rc && c.valid && i < 1000; i++)
		rc = block_cursor_next(&c);
	ck_assert(rc == 0 || rc == -EUCLEAN);
	rc = block_cursor_last(&c);
	for (int i = 0; !rc && c.valid && i < 1000; i++)
		rc = block_cursor_prev(&c);
	ck_assert(rc == 0 || rc == -EUCLEAN);
	for (int i = 0; i < 5; i++) {
		struct slice key = random_key(rng, room);

		rc = block_cursor_seek(&c, key, rng_below(rng, 300));
		ck_assert(rc == 0 || rc == -EUCLEAN);
		rc = block_cursor_seek_before(&c, key, rng_below(rng, 300));
		ck_assert(rc == 0 || rc == -EUCLEAN);
	}
	block_cursor_done(&c);
}

START_TEST(damaged_bytes_are_never_trusted)
{
	struct rng rng;
	struct rows rows = {0};

	rng_seed(&rng, fixture_seed());
	rows_random(&rows, &rng, 60);
	for (int i = 0; i < 3000; i++) {
		struct slice raw = build(&rows, 1 + (unsigned)rng_below(&rng, 20));
		uint8_t *bytes = (uint8_t *)raw.ptr;

		for (uint64_t n = 1 + rng_below(&rng, 4); n > 0; n--)
			bytes[rng_below(&rng, raw.len)] = (uint8_t)rng_next(&rng);
		if (rng_below(&rng, 4) == 0)
			raw.len = rng_below(&rng, raw.len);

		/* A copy of exactly that length, so that a step too far is caught. */
		struct slice exact = slice_of(malloc(raw.len), raw.len);

		memcpy((void *)exact.ptr, raw.ptr, raw.len);

		struct block block = block_view(exact);

		if (block.restart_count)
			try_all(&block, &rng);
		free((void *)exact.ptr);
		free(bytes);
	}
	rows_done(&rows);
}
END_TEST

static uint32_t restarts_of(const uint32_t *words, size_t count)
{
	uint8_t bytes[64];

	memset(bytes, 1, sizeof(bytes));
	for (size_t i = 0; i < count; i++)
		fixed32_put(bytes + 16 + i * 4, words[i]);
	return block_view(slice_of(bytes, 16 + count * 4)).restart_count;
}

START_TEST(unsound_restart_points_make_no_data_block)
{
	ck_assert_uint_eq(restarts_of((uint32_t[]){0, 5, 15, 3}, 4), 3);
	ck_assert_uint_eq(restarts_of((uint32_t[]){0, 0}, 2), 0);
	ck_assert_uint_eq(restarts_of((uint32_t[]){1, 5, 2}, 3), 0);
	ck_assert_uint_eq(restarts_of((uint32_t[]){0, 5, 5, 3}, 4), 0);
	ck_assert_uint_eq(restarts_of((uint32_t[]){0, 16, 2}, 3), 0);
	ck_assert_uint_eq(restarts_of((uint32_t[]){0, 1000}, 2), 0);
	ck_assert_uint_eq(restarts_of((uint32_t[]){0, UINT32_MAX}, 2), 0);
	ck_assert_uint_eq(block_view(slice_of("", 0)).restart_count, 0);
	ck_assert_uint_eq(block_view(slice_of("\0\0\0\0", 4)).restart_count, 0);
}
END_TEST

/* Such a point lies in the last entry, so no walk from the front comes by it. */
START_TEST(an_entry_that_reaches_over_a_restart_point_is_refused)
{
	struct rows rows = {0};
	struct block_cursor c = {0};
	cleanup_buf struct buf raw = {0};

	rows_add_text(&rows, "key", 2, "newer value");
	rows_add_text(&rows, "key", 1, "older value");

	struct slice built = build(&rows, 16);
	uint32_t entries_len = (uint32_t)(built.len - 2 * sizeof(uint32_t));

	ck_assert_int_eq(buf_append(&raw, built.ptr, entries_len), 0);
	ck_assert_int_eq(buf_append_fixed32(&raw, 0), 0);
	ck_assert_int_eq(buf_append_fixed32(&raw, entries_len - 2), 0);
	ck_assert_int_eq(buf_append_fixed32(&raw, 2), 0);

	struct block block = block_view(buf_slice(&raw));

	ck_assert_uint_eq(block.restart_count, 2);
	block_cursor_enter(&c, &block);
	ck_assert_int_eq(block_cursor_first(&c), 0);
	ck_assert_int_eq(block_cursor_next(&c), -EUCLEAN);
	ck_assert(!c.valid);
	block_cursor_done(&c);
	free((void *)built.ptr);
	rows_done(&rows);
}
END_TEST

START_TEST(handles_survive_the_round_trip_and_bad_ones_are_refused)
{
	uint8_t bytes[BLOCK_HANDLE_MAX_BYTES];
	struct block_handle h = {.offset = UINT64_MAX, .stored_len = 1 << 20};
	struct block_handle got = {0};
	struct slice all = slice_of(bytes, (size_t)(block_handle_put(bytes, h) - bytes));
	struct slice rest = all;

	for (size_t len = 0; len < all.len; len++) {
		rest = slice_of(bytes, len);
		ck_assert_int_eq(block_handle_take(&rest, &got), -EUCLEAN);
		ck_assert_uint_eq(rest.len, len);
	}
	rest = all;
	ck_assert_int_eq(block_handle_take(&rest, &got), 0);
	ck_assert_uint_eq(rest.len, 0);
	ck_assert_uint_eq(got.offset, h.offset);
	ck_assert_uint_eq(got.stored_len, h.stored_len);
	ck_assert(!block_handle_fits(h, UINT64_MAX));
	h = (struct block_handle){.offset = 95, .stored_len = 0};
	ck_assert(block_handle_fits(h, 100));
	ck_assert(!block_handle_fits(h, 99));
	h.stored_len = UINT64_MAX - 2;
	ck_assert(!block_handle_fits(h, UINT64_MAX));
}
END_TEST

static const TTest *const *const tests[] = {
	&a_cursor_finds_what_was_put_in,
	&a_long_key_is_put_together,
	&damaged_bytes_are_never_trusted,
	&unsound_restart_points_make_no_data_block,
	&an_entry_that_reaches_over_a_restart_point_is_refused,
	&handles_survive_the_round_trip_and_bad_ones_are_refused,
};

UNIT_SUITE("lsm/sst/block", tests)
