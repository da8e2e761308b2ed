#include <errno.h>

#include "lsm/tree/number_list.h"
#include "tests/unit/unit.h"

static void expect(const struct number_list *l, const uint64_t *numbers, size_t count)
{
	ck_assert_uint_eq(l->count, count);
	for (size_t i = 0; i < count; i++) {
		ck_assert_uint_eq(l->numbers[i], numbers[i]);
		ck_assert(number_list_has(l, numbers[i]));
	}
}

START_TEST(numbers_come_out_in_order_and_once)
{
	static const uint64_t in[] = {5, 1, 9, 3, 7, 2, 8, 4, 6, 10, 20, 15};
	static const uint64_t out[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 20};
	struct number_list l = {0};

	for (size_t i = 0; i < array_size(in); i++)
		ck_assert_int_eq(number_list_insert(&l, in[i]), 0);
	ck_assert_int_eq(number_list_insert(&l, 9), -EEXIST);
	expect(&l, out, array_size(out));
	ck_assert(!number_list_has(&l, 11));
	ck_assert(!number_list_has(&l, 21));
	number_list_done(&l);
}
END_TEST

START_TEST(removal_keeps_the_rest)
{
	static const uint64_t rest[] = {3, 5};
	struct number_list l = {0};

	ck_assert_int_eq(number_list_reserve(&l, 4), 0);
	for (uint64_t n = 2; n <= 5; n++)
		number_list_add(&l, n);
	number_list_add(&l, 4);
	number_list_remove(&l, 4);
	number_list_remove(&l, 40);
	number_list_drop_below(&l, 3);
	expect(&l, rest, array_size(rest));
	number_list_drop_below(&l, 100);
	expect(&l, rest, 0);
	number_list_done(&l);
}
END_TEST

static const TTest *const *const tests[] = {
	&numbers_come_out_in_order_and_once,
	&removal_keeps_the_rest,
};

UNIT_SUITE("lsm/tree/number_list", tests)
