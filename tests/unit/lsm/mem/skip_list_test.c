#include "lsm/mem/skip_list.h"

#include "lsm/base/coding.h"
#include "tests/unit/lsm/mem/mem_fixture.h"

static void insert(struct skip_list *l, struct slice key, uint64_t seqno)
{
	struct record rec = {.key = key, .seqno = seqno, .kind = RECORD_PUT};

	ck_assert_int_eq(skip_list_reserve(l, skip_node_bytes(key.len, 0, 0, SKIP_HEIGHT_MAX)), 0);
	skip_list_insert(l, &rec);
}

static void insert_number(struct skip_list *l, uint32_t number, uint64_t seqno)
{
	char key[32];

	(void)snprintf(key, sizeof(key), "key%08u", number);
	insert(l, slice_str(key), seqno);
}

START_TEST(ascending_descending_and_mixed_orders_keep_the_invariants)
{
	struct rng rng;

	rng_seed(&rng, unit_seed());
	for (int order = 0; order < 4; order++) {
		struct skip_list l;

		ck_assert_int_eq(skip_list_init(&l, NULL), 0);
		for (uint32_t i = 0; i < 5000; i++) {
			/* Runs of neighbours with jumps between, too: they meet the finger half
			 * way. */
			uint32_t run = (uint32_t)rng_below(&rng, 100) * 1000 + i % 50;
			uint32_t number = order == 0   ? i
					  : order == 1 ? 5000 - i
					  : order == 2 ? (uint32_t)rng_below(&rng, 3000)
						       : run;

			insert_number(&l, number, i + 1);
		}
		ck_assert_uint_eq(skip_list_check(&l), 5000);
		skip_list_done(&l);
	}
}
END_TEST

START_TEST(an_empty_list_has_no_first_last_or_neighbour)
{
	struct skip_list l;

	ck_assert_int_eq(skip_list_init(&l, NULL), 0);
	ck_assert_ptr_null(skip_list_first(&l));
	ck_assert_ptr_null(skip_list_last(&l));
	ck_assert_ptr_null(skip_list_before(&l, slice_str("k"), 1));
	ck_assert_ptr_null(skip_list_at_or_after(&l, slice_of(NULL, 0), RECORD_SEQNO_MAX));
	ck_assert_uint_eq(skip_list_bytes(&l), 0);
	skip_list_done(&l);
	skip_list_done(&l);
}
END_TEST

START_TEST(keys_that_differ_in_zeros_alone_are_ordered_by_length)
{
	static const uint8_t zeros[12] = {'a'};
	struct skip_list l;
	uint32_t len = 0;

	ck_assert_int_eq(skip_list_init(&l, NULL), 0);
	for (uint32_t i = 0; i < 12; i++)
		insert(&l, slice_of(zeros, i * 7 % 12 + 1), i + 1);
	ck_assert_uint_eq(skip_list_check(&l), 12);
	for (const struct skip_node *n = skip_list_first(&l); n; n = skip_node_next(n, 0))
		ck_assert_uint_eq(skip_node_key(n).len, ++len);
	for (len = 1; len <= 12; len++) {
		const struct skip_node *n =
			skip_list_at_or_after(&l, slice_of(zeros, len), RECORD_SEQNO_MAX);

		ck_assert_ptr_nonnull(n);
		ck_assert_uint_eq(skip_node_key(n).len, len);
	}
	skip_list_done(&l);
}
END_TEST

START_TEST(bytes_above_127_are_unsigned)
{
	struct skip_list l;

	ck_assert_int_eq(skip_list_init(&l, NULL), 0);
	insert(&l, slice_str("\xff"), 1);
	insert(&l, slice_str("\x7f"), 2);
	insert(&l, slice_str("12345678\xff"), 3);
	insert(&l, slice_str("12345678\x7f"), 4);
	const struct skip_node *n = skip_list_first(&l);

	ck_assert_uint_eq(skip_node_seqno(n), 4);
	n = skip_node_next(n, 0);
	ck_assert_uint_eq(skip_node_seqno(n), 3);
	ck_assert_uint_eq(skip_node_seqno(skip_list_last(&l)), 1);
	skip_list_done(&l);
}
END_TEST

/* From any node on, at each level: the first whose tower reaches it. */
START_TEST(the_next_tall_node_is_found)
{
	struct skip_list l;
	char key[16];

	ck_assert_int_eq(skip_list_init(&l, NULL), 0);
	for (uint64_t i = 0; i < 500; i++) {
		(void)snprintf(key, sizeof(key), "%03u", (unsigned)(i * 379 % 500));
		insert(&l, slice_str(key), i + 1);
	}
	for (int level = 0; level < SKIP_HEIGHT_MAX; level++) {
		const struct skip_node *tall = skip_node_next(l.head, level);

		for (const struct skip_node *n = skip_list_first(&l); n; n = skip_node_next(n, 0)) {
			ck_assert_ptr_eq(skip_list_tall(&l, n, level), tall);
			if (n == tall)
				tall = skip_node_next(tall, level);
		}
		ck_assert_ptr_null(tall);
	}
	skip_list_done(&l);
}
END_TEST

START_TEST(towers_thin_out_by_a_quarter)
{
	struct skip_list l;
	uint64_t total = 0;

	ck_assert_int_eq(skip_list_init(&l, NULL), 0);
	for (uint32_t i = 0; i < 40000; i++)
		insert_number(&l, i, i + 1);
	for (int level = 0; level < SKIP_HEIGHT_MAX; level++)
		for (const struct skip_node *n = l.head; (n = skip_node_next(n, level));)
			total++;
	/* 1 + 1/4 + 1/16 ... = 4/3 of 40 000 */
	ck_assert_uint_gt(total, 52000);
	ck_assert_uint_lt(total, 55000);
	/* Every byte is accounted for: nodes and the links of their towers. */
	ck_assert_uint_eq(skip_list_bytes(&l),
			  40000 * skip_node_bytes(strlen("key00000000"), 0, 0, 0) +
				  total * sizeof(struct skip_link));
	skip_list_done(&l);
}
END_TEST

static const TTest *const *const tests[] = {
	&ascending_descending_and_mixed_orders_keep_the_invariants,
	&an_empty_list_has_no_first_last_or_neighbour,
	&keys_that_differ_in_zeros_alone_are_ordered_by_length,
	&bytes_above_127_are_unsigned,
	&the_next_tall_node_is_found,
	&towers_thin_out_by_a_quarter,
};

UNIT_SUITE("lsm/mem/skip_list", tests)
