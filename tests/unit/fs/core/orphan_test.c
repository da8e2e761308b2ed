#include "fs/core/orphan.h"

#include "tests/unit/fs/core/fs_fixture.h"

enum {
	BASE = 5 * ORPHAN_PAGE + 100,
	SIZE_MAX_ = 12 * ORPHAN_PAGE,
	STEPS = 4000,
};

/* An unlinked file whose value was so many bytes, and what it must read. */
struct world {
	struct fixture *f;
	struct orphan_memory memory;
	struct orphan *orphan;
	uint8_t bytes[SIZE_MAX_];
	size_t size;
};

static const char *const key = "gone";

static struct world *world_new(size_t size)
{
	struct world *w = calloc(1, sizeof(*w));
	struct attr attr = {.mode = S_IFREG | 0644, .size = size};

	ck_assert_ptr_nonnull(w);
	w->f = fixture_new();
	for (size_t i = 0; i < size; i++)
		w->bytes[i] = (uint8_t)(1 + i * 7 % 255);
	w->size = size;
	ck_assert_int_eq(lsm_put(w->f->db, slice_str(key), slice_of(w->bytes, size), NULL), 0);
	ck_assert_int_eq(orphan_new(w->f->db, &w->memory, &attr, true, &w->orphan), 0);
	ck_assert_int_eq(lsm_delete(w->f->db, slice_str(key), NULL), 0);
	return w;
}

static void world_free(struct world *w)
{
	orphan_free(w->orphan);
	ck_assert_uint_eq(w->memory.bytes, 0);
	fixture_free(w->f);
	free(w);
}

static void write_at(struct world *w, size_t offset, size_t len, uint8_t byte)
{
	memset(w->bytes + offset, byte, len);
	if (w->size < offset)
		memset(w->bytes + w->size, 0, offset - w->size);
	w->size = max_of(w->size, offset + len);
	ck_assert_int_eq(
		orphan_write(w->orphan, slice_str(key), offset, slice_of(w->bytes + offset, len)),
		0);
}

static void resize(struct world *w, size_t size)
{
	if (size > w->size)
		memset(w->bytes + w->size, 0, size - w->size);
	w->size = size;
	orphan_resize(w->orphan, size);
}

static void zero_at(struct world *w, size_t offset, size_t len)
{
	if (offset < w->size)
		memset(w->bytes + offset, 0, min_of(len, w->size - offset));
	ck_assert_int_eq(orphan_zero(w->orphan, slice_str(key), offset, len), 0);
}

static void check_part(const struct world *w, size_t offset, size_t len)
{
	uint8_t found[SIZE_MAX_ + 1];
	struct lsm_range range = {.offset = offset, .into = found, .len = len};
	size_t want = offset < w->size ? min_of(len, w->size - offset) : 0;
	size_t found_len = 0;

	memset(found, 0xee, sizeof(found));
	ck_assert_int_eq(orphan_read(w->orphan, slice_str(key), &range, &found_len), 0);
	ck_assert_uint_eq(found_len, want);
	ck_assert(memcmp(found, w->bytes + min_of(offset, w->size), want) == 0);
	ck_assert_uint_eq(found[want], 0xee); /* nothing beyond it was touched */
}

/* From data to hole to data: holes are zeros, and lie where the other is not. */
static void check_holes(const struct world *w)
{
	uint64_t at = 0, data, hole;

	while (at < w->size) {
		ck_assert_int_eq(orphan_seek(w->orphan, slice_str(key), at, LSM_HOLE, &hole), 0);
		ck_assert(hole >= at && hole <= w->size);
		if (orphan_seek(w->orphan, slice_str(key), at, LSM_DATA, &data)) {
			ck_assert_uint_eq(hole, at);
			data = w->size;
		}
		ck_assert(hole == at || data == at);
		for (uint64_t i = hole; i < data; i++)
			ck_assert(w->bytes[i] == 0);
		at = max_of(hole, data);
	}
}

static void check_all(const struct world *w)
{
	check_holes(w);
	ck_assert_uint_eq(w->orphan->attr.size, w->size);
	check_part(w, 0, SIZE_MAX_);
}

static bool has_base(const struct world *w)
{
	struct lsm_stats stats;

	lsm_stats_read(w->f->db, &stats);
	ck_assert_uint_eq(stats.snapshots, w->orphan->snapshot != NULL);
	return stats.snapshots > 0;
}

START_TEST(reading_takes_no_memory)
{
	struct world *w = world_new(BASE);

	check_all(w);
	check_part(w, 5000, 1000);
	check_part(w, BASE - 1, 100);
	check_part(w, BASE, 100);
	check_part(w, BASE + 1, 100);
	ck_assert_uint_eq(w->memory.bytes, 0);
	world_free(w);
}
END_TEST

START_TEST(a_write_takes_the_pages_it_touches)
{
	struct world *w = world_new(BASE);

	write_at(w, ORPHAN_PAGE + 10, 5, 'x');
	ck_assert_uint_eq(w->memory.bytes, ORPHAN_PAGE);
	write_at(w, 2 * ORPHAN_PAGE - 1, 2, 'y');
	ck_assert_uint_eq(w->memory.bytes, 2 * ORPHAN_PAGE);
	write_at(w, ORPHAN_PAGE, 2 * ORPHAN_PAGE, 'z');
	ck_assert_uint_eq(w->memory.bytes, 2 * ORPHAN_PAGE);
	ck_assert(has_base(w));
	check_all(w);
	check_part(w, 2 * ORPHAN_PAGE - 7, 3 * ORPHAN_PAGE);
	world_free(w);
}
END_TEST

START_TEST(what_was_cut_off_does_not_come_back)
{
	struct world *w = world_new(BASE);

	resize(w, ORPHAN_PAGE + 50);
	check_all(w);
	resize(w, BASE);
	check_all(w);
	write_at(w, 3 * ORPHAN_PAGE + 1, ORPHAN_PAGE, 'x');
	resize(w, 3 * ORPHAN_PAGE + 100);
	check_all(w);
	resize(w, BASE + ORPHAN_PAGE);
	check_all(w);
	resize(w, 3 * ORPHAN_PAGE);
	ck_assert_uint_eq(w->memory.bytes, 0);
	resize(w, BASE);
	check_all(w);
	world_free(w);
}
END_TEST

START_TEST(the_snapshot_goes_when_nothing_of_it_shows)
{
	struct world *w = world_new(BASE);

	write_at(w, 0, BASE - 200, 'x');
	ck_assert(has_base(w)); /* the last page but 100 bytes is the base's */
	resize(w, 5 * ORPHAN_PAGE);
	ck_assert(!has_base(w));
	check_all(w);
	world_free(w);
	w = world_new(100);
	write_at(w, 50, 1, 'x'); /* all that there was is in the page */
	ck_assert(!has_base(w));
	check_all(w);
	world_free(w);
	w = world_new(BASE);
	resize(w, 0);
	ck_assert(!has_base(w));
	write_at(w, 7, 1, 'x');
	check_all(w);
	world_free(w);
}
END_TEST

START_TEST(zeros_take_memory_only_over_the_base)
{
	struct world *w = world_new(BASE);

	zero_at(w, BASE, 100);
	zero_at(w, SIZE_MAX_, 100);
	ck_assert_uint_eq(w->memory.bytes, 0);
	zero_at(w, ORPHAN_PAGE + 10, 20);
	ck_assert_uint_eq(w->memory.bytes, ORPHAN_PAGE);
	check_all(w);
	/* to the end of the base: there is less of it then */
	zero_at(w, 3 * ORPHAN_PAGE + 7, BASE);
	ck_assert_uint_eq(w->memory.bytes, ORPHAN_PAGE);
	ck_assert(has_base(w));
	check_all(w);
	write_at(w, 2 * ORPHAN_PAGE, 6 * ORPHAN_PAGE, 'x');
	zero_at(w, 4 * ORPHAN_PAGE - 1, 3 * ORPHAN_PAGE + 1);
	ck_assert_uint_eq(w->memory.bytes, 4 * ORPHAN_PAGE);
	check_all(w);
	zero_at(w, 0, SIZE_MAX_);
	ck_assert_uint_eq(w->memory.bytes, 0);
	ck_assert(!has_base(w));
	check_all(w);
	world_free(w);
}
END_TEST

START_TEST(too_much_is_refused_and_changes_nothing)
{
	enum {
		STEP = 1 << 20
	};

	struct world *w = world_new(BASE);
	struct attr attr = {.mode = S_IFREG | 0644};
	struct orphan *other;
	char *large = calloc(1, STEP);

	ck_assert_ptr_nonnull(large);
	write_at(w, 2 * ORPHAN_PAGE + 5, 10, 'x');
	ck_assert_int_eq(orphan_new(w->f->db, &w->memory, &attr, false, &other), 0);
	/* Two pages short of the limit, of which one is taken. */
	for (uint64_t at = 0; at < ORPHAN_MEMORY_MAX - STEP; at += STEP)
		ck_assert_int_eq(orphan_write(other, slice_str("b"), at, slice_of(large, STEP)), 0);
	ck_assert_int_eq(orphan_write(other, slice_str("b"), ORPHAN_MEMORY_MAX - STEP,
				      slice_of(large, STEP - 2 * ORPHAN_PAGE)),
			 0);
	ck_assert_int_eq(
		orphan_write(w->orphan, slice_str(key), ORPHAN_PAGE - 10, slice_of(large, 20)),
		-ENOSPC);
	check_all(w);
	ck_assert_uint_eq(w->memory.bytes, ORPHAN_MEMORY_MAX - ORPHAN_PAGE);
	write_at(w, 10, 10, 'y'); /* one more page is there */
	write_at(w, 2 * ORPHAN_PAGE, 10, 'z');
	check_all(w);
	orphan_free(other);
	write_at(w, 0, 4 * ORPHAN_PAGE, 'a');
	check_all(w);
	free(large);
	world_free(w);
}
END_TEST

START_TEST(damage_of_the_base_is_told_and_changes_nothing)
{
	struct world *w = world_new(BASE);
	struct env_fault_plan plan = {.sticky = true, .error = -EIO};
	uint8_t found[10];
	struct lsm_range range = {.offset = 10, .into = found, .len = sizeof(found)};
	size_t len;

	/* From the disk, not from the memtable. */
	ck_assert_int_eq(lsm_flush(w->f->db), 0);
	env_fault_set(w->f->fault, &plan);
	ck_assert_int_lt(orphan_read(w->orphan, slice_str(key), &range, &len), 0);
	ck_assert_int_lt(orphan_write(w->orphan, slice_str(key), 10, slice_str("x")), 0);
	env_fault_set(w->f->fault, NULL);
	ck_assert_uint_eq(w->memory.bytes, 0);
	check_all(w);
	world_free(w);
}
END_TEST

static void random_step(struct world *w, struct rng *rng)
{
	size_t offset = rng_below(rng, SIZE_MAX_);
	size_t len = 1 + rng_below(rng, min_of((size_t)SIZE_MAX_ - offset,
					       (size_t)(rng_below(rng, 4) ? 300 : SIZE_MAX_)));

	switch (rng_below(rng, 9)) {
	case 0:
		resize(w, rng_below(rng, 4) ? offset : w->size - min_of(w->size, len));
		break;
	case 1:
	case 2:
		write_at(w, offset, len, (uint8_t)(1 + rng_below(rng, 255)));
		break;
	case 3:
		zero_at(w, offset, len);
		break;
	default:
		check_part(w, offset, len);
	}
}

START_TEST(it_reads_as_a_plain_array_does)
{
	struct rng rng;

	rng_seed(&rng, test_seed());
	for (int round = 0; round < 20; round++) {
		struct world *w = world_new(rng_below(&rng, SIZE_MAX_));

		for (int i = 0; i < STEPS / 20; i++)
			random_step(w, &rng);
		check_all(w);
		for (size_t i = 1; i < w->orphan->count; i++)
			ck_assert_uint_lt(w->orphan->pages[i - 1]->number,
					  w->orphan->pages[i]->number);
		ck_assert_uint_eq(w->memory.bytes, w->orphan->count * ORPHAN_PAGE);
		world_free(w);
	}
}
END_TEST

static const TTest *const *const tests[] = {
	&reading_takes_no_memory,
	&a_write_takes_the_pages_it_touches,
	&what_was_cut_off_does_not_come_back,
	&the_snapshot_goes_when_nothing_of_it_shows,
	&zeros_take_memory_only_over_the_base,
	&too_much_is_refused_and_changes_nothing,
	&damage_of_the_base_is_told_and_changes_nothing,
	&it_reads_as_a_plain_array_does,
};

UNIT_SUITE("fs/core/orphan", tests)
