#include "fs/core/stripes.h"

#include "tests/unit/unit.h"

static struct stripes stripes;

static struct stripe *file_stripe(const char *key)
{
	struct node_name name = node_name_file(slice_str(key));

	return stripe_of(&stripes, &name);
}

static struct stripe *folder_stripe(const char *prefix, bool partial)
{
	struct node_name name = node_name_folder(slice_str(prefix), partial);

	return stripe_of(&stripes, &name);
}

START_TEST(file_and_folder_of_a_name_share_a_stripe)
{
	stripes_init(&stripes, '/');
	ck_assert_ptr_eq(file_stripe("a/b"), folder_stripe("a/b/", false));
	ck_assert_ptr_ne(file_stripe("a/b"), folder_stripe("a/", false));
	stripes_done(&stripes);
}
END_TEST

START_TEST(a_partial_folder_has_the_stripe_of_its_anchor)
{
	stripes_init(&stripes, '/');
	ck_assert_ptr_eq(folder_stripe("a/xxxx", true), folder_stripe("a/", false));
	ck_assert_ptr_eq(folder_stripe("xxxx", true), folder_stripe("", false));
	stripes_done(&stripes);
}
END_TEST

START_TEST(a_set_is_in_order_and_without_doubles)
{
	struct stripe_set set = {0};

	stripes_init(&stripes, '/');
	stripe_set_add(&set, &stripes.all[7]);
	stripe_set_add(&set, &stripes.all[3]);
	stripe_set_add(&set, &stripes.all[7]);
	stripe_set_add(&set, &stripes.all[500]);
	stripe_set_add(&set, &stripes.all[0]);
	stripe_set_add(&set, &stripes.all[3]);
	ck_assert_uint_eq(set.count, 4);
	ck_assert_ptr_eq(set.members[0], &stripes.all[0]);
	ck_assert_ptr_eq(set.members[1], &stripes.all[3]);
	ck_assert_ptr_eq(set.members[2], &stripes.all[7]);
	ck_assert_ptr_eq(set.members[3], &stripes.all[500]);
	stripes_lock(&stripes, &set);
	stripes_unlock(&stripes, &set);
	stripes_done(&stripes);
}
END_TEST

START_TEST(a_change_shows_in_its_stripes_alone)
{
	struct stripe_set set = {0};

	stripes_init(&stripes, '/');
	stripe_set_add(&set, &stripes.all[1]);

	uint64_t before = stripes_ticket(&stripes);

	stripes_lock(&stripes, &set);
	uint64_t during = stripes_ticket(&stripes);

	ck_assert_uint_gt(stripe_changed(&stripes.all[1]), before);
	stripes_unlock(&stripes, &set);
	/* Whoever read the store in between must look again. */
	ck_assert_uint_gt(stripe_changed(&stripes.all[1]), during);
	ck_assert_uint_eq(stripe_changed(&stripes.all[2]), 0);
	stripes_done(&stripes);
}
END_TEST

static const TTest *const *const tests[] = {
	&file_and_folder_of_a_name_share_a_stripe,
	&a_partial_folder_has_the_stripe_of_its_anchor,
	&a_set_is_in_order_and_without_doubles,
	&a_change_shows_in_its_stripes_alone,
};

UNIT_SUITE("fs/core/stripes", tests)
