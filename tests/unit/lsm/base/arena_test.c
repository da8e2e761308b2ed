#include "lsm/base/arena.h"

#include <errno.h>

#include "lsm/base/rng.h"
#include "tests/unit/unit.h"

START_TEST(empty_arena_owns_nothing)
{
	struct arena a;

	arena_init(&a, NULL);
	ck_assert_uint_eq(arena_used(&a), 0);
	ck_assert_uint_eq(atomic_load(&a.footprint), 0);
	arena_done(&a);
}
END_TEST

START_TEST(allocations_are_aligned_and_counted)
{
	struct arena a;

	arena_init(&a, NULL);
	ck_assert_int_eq(arena_reserve(&a, arena_round_up(1) + arena_round_up(13)), 0);

	uint8_t *first = arena_alloc(&a, 1);
	uint8_t *second = arena_alloc(&a, 13);

	ck_assert_uint_eq((uintptr_t)first % ARENA_ALIGN, 0);
	ck_assert_uint_eq((uintptr_t)second % ARENA_ALIGN, 0);
	ck_assert_uint_eq(arena_used(&a), 8 + 16);
	ck_assert_uint_ge(atomic_load(&a.footprint), arena_used(&a));
	arena_done(&a);
	ck_assert_uint_eq(arena_used(&a), 0);
}
END_TEST

START_TEST(empty_allocation_is_not_null)
{
	struct arena a;

	arena_init(&a, NULL);
	ck_assert_int_eq(arena_reserve(&a, 0), 0);
	ck_assert_ptr_nonnull(arena_alloc(&a, 0));
	arena_done(&a);
}
END_TEST

struct piece {
	uint8_t *ptr;
	size_t len;
	uint8_t fill;
};

static void check_piece(const struct piece *piece)
{
	for (size_t i = 0; i < piece->len; i++)
		ck_assert(piece->ptr[i] == piece->fill);
}

START_TEST(pieces_of_any_size_do_not_overlap)
{
	static struct piece pieces[3000];
	struct rng rng;
	struct arena a;
	size_t total = 0;

	rng_seed(&rng, unit_seed());
	arena_init(&a, NULL);
	for (size_t i = 0; i < array_size(pieces); i++) {
		size_t limit = i % 100 == 0 ? 200000 : 300;

		pieces[i].len = (size_t)rng_below(&rng, limit);
		pieces[i].fill = (uint8_t)rng_next(&rng);
		ck_assert_int_eq(arena_reserve(&a, arena_round_up(pieces[i].len)), 0);
		pieces[i].ptr = arena_alloc(&a, pieces[i].len);
		memset(pieces[i].ptr, pieces[i].fill, pieces[i].len);
		total += arena_round_up(pieces[i].len);
	}
	for (size_t i = 0; i < array_size(pieces); i++)
		check_piece(&pieces[i]);
	ck_assert_uint_eq(arena_used(&a), total);
	ck_assert_uint_ge(atomic_load(&a.footprint), total);
	arena_done(&a);
}
END_TEST

START_TEST(one_reserve_covers_several_allocations)
{
	struct arena a;

	arena_init(&a, NULL);
	for (int round = 0; round < 50; round++) {
		ck_assert_int_eq(arena_reserve(&a, (size_t)1000 * 104), 0);

		size_t footprint = atomic_load(&a.footprint);

		for (int i = 0; i < 1000; i++)
			memset(arena_alloc(&a, 100), i, 100);
		ck_assert_uint_eq(atomic_load(&a.footprint), footprint);
	}
	arena_done(&a);
}
END_TEST

START_TEST(impossible_reserve_is_enomem_and_changes_nothing)
{
	struct arena a;

	arena_init(&a, NULL);
	ck_assert_int_eq(arena_reserve(&a, 64), 0);

	struct arena_chunk *chunks = a.chunks;
	uint8_t *cursor = a.cursor;

	ck_assert_int_eq(arena_reserve(&a, SIZE_MAX), -ENOMEM);
	ck_assert_int_eq(arena_reserve(&a, PTRDIFF_MAX), -ENOMEM);
	ck_assert_ptr_eq(a.chunks, chunks);
	ck_assert_ptr_eq(a.cursor, cursor);
	ck_assert_ptr_eq(arena_alloc(&a, 64), cursor);
	arena_done(&a);
}
END_TEST

START_TEST(chunks_go_by_way_of_the_pool)
{
	struct arena_pool pool;
	struct arena a;

	arena_pool_init(&pool, 128 << 10);
	arena_init(&a, &pool);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_int_eq(arena_reserve(&a, 60 << 10), 0);
		memset(arena_alloc(&a, 60 << 10), 1, 60 << 10);
	}
	ck_assert_int_eq(arena_reserve(&a, 1 << 20), 0); /* too large for it */
	ck_assert_uint_eq(atomic_load(&pool.reused), 0);
	arena_done(&a);
	ck_assert_uint_eq(pool.bytes, 128 << 10); /* as much as it may keep */
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(arena_reserve(&a, (60 << 10) + i), 0);
	ck_assert_uint_eq(atomic_load(&pool.reused), 1);
	memset(arena_alloc(&a, 60 << 10), 2, 60 << 10);
	ck_assert_int_eq(arena_reserve(&a, 60 << 10), 0);
	ck_assert_uint_eq(atomic_load(&pool.reused), 2);
	ck_assert_uint_eq(pool.bytes, 0);
	arena_done(&a);
	arena_pool_done(&pool);
}
END_TEST

static const TTest *const *const tests[] = {
	&empty_arena_owns_nothing,
	&allocations_are_aligned_and_counted,
	&empty_allocation_is_not_null,
	&pieces_of_any_size_do_not_overlap,
	&one_reserve_covers_several_allocations,
	&impossible_reserve_is_enomem_and_changes_nothing,
	&chunks_go_by_way_of_the_pool,
};

UNIT_SUITE("lsm/base/arena", tests)
