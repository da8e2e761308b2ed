#include "fs/virt/feature_list.h"

#include <errno.h>

#include "tests/unit/unit.h"

static struct feature_list list;

static struct feature *add(const char *name)
{
	struct feature *feature = feature_add(&list, slice_str(name));

	ck_assert_ptr_nonnull(feature);
	return feature;
}

static int change(struct feature *feature, const char *text)
{
	struct feature_change change;
	int rc = feature_change_parse(slice_str(text), &change);

	return rc ? rc : feature_apply(feature, &change);
}

START_TEST(what_is_encoded_comes_back)
{
	struct buf bytes = {0};
	static struct feature_list back;

	list.count = 0;
	ck_assert_int_eq(feature_list_encode(&list, &bytes), 0);
	ck_assert_uint_eq(bytes.len, 0);
	ck_assert_int_eq(feature_list_decode(buf_slice(&bytes), &back), 0);
	ck_assert_uint_eq(back.count, 0);
	ck_assert_int_eq(change(add("one"), "on\ndescription what it is"), 0);
	ck_assert_int_eq(change(add("two-2.x_"), "off"), 0);
	ck_assert_int_eq(feature_list_encode(&list, &bytes), 0);
	ck_assert_int_eq(feature_list_decode(buf_slice(&bytes), &back), 0);
	ck_assert_uint_eq(back.count, 2);
	ck_assert_mem_eq(back.items, list.items, 2 * sizeof(list.items[0]));
	/* any cut, and any byte more, is noticed */
	for (size_t len = 1; len < bytes.len; len++) {
		int rc = feature_list_decode(slice_of(bytes.ptr, len), &back);

		ck_assert(rc == -EUCLEAN || (rc == 0 && back.count < 2));
	}
	buf_done(&bytes);
}
END_TEST

/* The bytes stand in stores: they stay what they are. */
START_TEST(encoding_is_the_one_that_stands_in_stores)
{
	static const char golden[] = "apexfeat\x01"
				     "\x03"
				     "one"
				     "\x01\x02\x04"
				     "text";
	static struct feature_list back;
	struct buf bytes = {0};

	ck_assert_int_eq(feature_list_decode(slice_of(golden, sizeof(golden) - 1), &back), 0);
	ck_assert_uint_eq(back.count, 1);
	ck_assert_str_eq(back.items[0].name, "one");
	ck_assert(back.items[0].enabled);
	ck_assert_uint_eq(back.items[0].version, 2);
	ck_assert_str_eq(back.items[0].description, "text");
	ck_assert_int_eq(feature_list_encode(&back, &bytes), 0);
	ck_assert(slice_eq(buf_slice(&bytes), slice_of(golden, sizeof(golden) - 1)));
	buf_done(&bytes);
}
END_TEST

START_TEST(changes_are_what_the_table_says)
{
	static const struct {
		const char *text;
		int rc;
		bool enabled;
		const char *description;
	} cases[] = {
		{"on", 0, true, "d"},
		{"1\n", 0, true, "d"},
		{"enabled on", 0, true, "d"},
		{"enabled=true\n", 0, true, "d"},
		{"version 5 on", 0, true, "d"},
		{"version=5\nenabled=on\ndescription a b=c\n", 0, true, "a b=c"},
		{"on description x version 1", 0, true, "x version 1"},
		{"description ", 0, false, ""},
		{"version 4 on", -ESTALE, false, "d"},
		{"version x on", -EINVAL, false, "d"},
		{"version 99999999999999999999999 on", -EINVAL, false, "d"},
		{"version", -EINVAL, false, "d"},
		{"enabled maybe", -EINVAL, false, "d"},
		{"on off", -EINVAL, false, "d"},
		{"nonsense", -EINVAL, false, "d"},
		{"description a\tb", -EINVAL, false, "d"},
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		list.count = 0;
		struct feature *feature = add("x");

		feature->version = 5;
		strcpy(feature->description, "d");
		int rc = change(feature, cases[i].text);

		ck_assert_msg(rc == cases[i].rc, "\"%s\": %d", cases[i].text, rc);
		ck_assert_uint_eq(feature->version, rc ? 5 : 6);
		ck_assert_int_eq(feature->enabled, cases[i].enabled);
		ck_assert_str_eq(feature->description, cases[i].description);
	}
}
END_TEST

START_TEST(names_and_numbers_have_limits)
{
	char name[FEATURE_NAME_MAX + 2];

	memset(name, 'a', sizeof(name));
	ck_assert(feature_name_is_valid(slice_of(name, FEATURE_NAME_MAX)));
	ck_assert(!feature_name_is_valid(slice_of(name, FEATURE_NAME_MAX + 1)));
	ck_assert(!feature_name_is_valid(slice_str("")));
	ck_assert(!feature_name_is_valid(slice_str(".a")));
	ck_assert(!feature_name_is_valid(slice_str("a b")));
	list.count = 0;
	for (int i = 0; i < FEATURES_MAX; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		(void)add(name);
	}
	ck_assert_ptr_null(feature_add(&list, slice_str("more")));
	feature_remove(&list, feature_find(&list, slice_str("f3")));
	ck_assert_ptr_null(feature_find(&list, slice_str("f3")));
	ck_assert_ptr_nonnull(feature_find(&list, slice_str("f127")));
	ck_assert_ptr_nonnull(feature_add(&list, slice_str("more")));
}
END_TEST

int main(void)
{
	static const TTest *const *tests[] = {
		&what_is_encoded_comes_back,
		&encoding_is_the_one_that_stands_in_stores,
		&changes_are_what_the_table_says,
		&names_and_numbers_have_limits,
	};

	return unit_run("feature_list", tests, array_size(tests));
}
