#include <errno.h>

#include "lsm/tree/snapshot_list.h"
#include "tests/unit/unit.h"

static int add(struct snapshot_list *l, const char *name, uint64_t seqno)
{
	const struct named_snapshot s = named_snapshot_of(slice_str(name), seqno);

	return snapshot_list_insert(l, &s);
}

static uint64_t seqno_of(const struct snapshot_list *l, const char *name)
{
	const struct named_snapshot *s = snapshot_list_find(l, slice_str(name));

	return s ? s->seqno : UINT64_MAX;
}

START_TEST(names_are_in_order_and_found)
{
	static const char *const names[] = {"m", "a", "zz", "z", "b", "aa"};
	static const char *const sorted[] = {"a", "aa", "b", "m", "z", "zz"};
	struct snapshot_list l = {0};

	ck_assert_uint_eq(snapshot_list_newest_seqno(&l), 0);
	ck_assert_uint_eq(seqno_of(&l, "m"), UINT64_MAX);
	ck_assert(!snapshot_list_remove(&l, slice_str("m")));
	for (size_t i = 0; i < array_size(names); i++) {
		ck_assert_int_eq(add(&l, names[i], i), 0);
		ck_assert_int_eq(add(&l, names[i], 99), -EEXIST);
	}
	ck_assert_uint_eq(l.count, array_size(names));
	for (size_t i = 0; i < array_size(names); i++) {
		ck_assert(slice_eq(named_snapshot_name(&l.items[i]), slice_str(sorted[i])));
		ck_assert_uint_eq(seqno_of(&l, names[i]), i);
	}
	ck_assert_uint_eq(snapshot_list_newest_seqno(&l), array_size(names) - 1);
	ck_assert(snapshot_list_remove(&l, slice_str("b")));
	ck_assert(!snapshot_list_remove(&l, slice_str("b")));
	ck_assert_uint_eq(seqno_of(&l, "b"), UINT64_MAX);
	ck_assert_uint_eq(seqno_of(&l, "zz"), 2);
	snapshot_list_done(&l);
}
END_TEST

START_TEST(those_above_a_seqno_go)
{
	struct snapshot_list l = {0}, copy = {0};

	ck_assert_int_eq(add(&l, "a", 5), 0);
	ck_assert_int_eq(add(&l, "b", 7), 0);
	ck_assert_int_eq(add(&l, "c", 6), 0);
	ck_assert_int_eq(snapshot_list_copy(&copy, &l), 0);
	ck_assert(snapshot_list_equal(&l, &copy));
	snapshot_list_drop_above(&l, 7);
	ck_assert(snapshot_list_equal(&l, &copy));
	snapshot_list_drop_above(&l, 6);
	ck_assert_uint_eq(l.count, 2);
	ck_assert_uint_eq(seqno_of(&l, "b"), UINT64_MAX);
	ck_assert_uint_eq(seqno_of(&l, "c"), 6);
	ck_assert(!snapshot_list_equal(&l, &copy));
	ck_assert_uint_eq(seqno_of(&copy, "b"), 7);
	snapshot_list_drop_above(&l, 4);
	ck_assert_uint_eq(l.count, 0);
	snapshot_list_done(&copy);
	ck_assert_int_eq(snapshot_list_copy(&copy, &l), 0);
	ck_assert(snapshot_list_equal(&l, &copy));
	snapshot_list_done(&copy);
	snapshot_list_done(&l);
}
END_TEST

static const TTest *const *const tests[] = {
	&names_are_in_order_and_found,
	&those_above_a_seqno_go,
};

UNIT_SUITE("lsm/tree/snapshot_list", tests)
