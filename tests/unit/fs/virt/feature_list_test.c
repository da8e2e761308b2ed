#include "fs/virt/feature_list.h"

#include <errno.h>

#include "lsm/base/error.h"
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

	list = (struct feature_list){0};
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

#define ONE                                                                                        \
	"\x03"                                                                                     \
	"one"                                                                                      \
	"\x01\x02\x04"                                                                             \
	"text"

/* The bytes stand in stores: they stay what they are. */
START_TEST(encoding_is_the_one_that_stands_in_stores)
{
	static const char first[] = "apexfeat\x01" ONE;
	static const char golden[] = "apexfeat\x02\x05" ONE;
	static const char none[] = "apexfeat\x02\x05";
	static const char later[] = "apexfeat\x03\x05" ONE;
	static const char far[] = "apexfeat\x02\xff\xff\xff\xff\xff\xff\xff\xff\x7f";
	static struct feature_list back;
	struct buf bytes = {0};

	ck_assert_int_eq(feature_list_decode(slice_of(golden, sizeof(golden) - 1), &back), 0);
	ck_assert_uint_eq(back.count, 1);
	ck_assert_uint_eq(back.first_version, 5);
	ck_assert_str_eq(back.items[0].name, "one");
	ck_assert(back.items[0].enabled);
	ck_assert_uint_eq(back.items[0].version, 2);
	ck_assert_str_eq(back.items[0].description, "text");
	ck_assert_int_eq(feature_list_encode(&back, &bytes), 0);
	ck_assert(slice_eq(buf_slice(&bytes), slice_of(golden, sizeof(golden) - 1)));
	ck_assert_int_eq(feature_list_decode(slice_of(first, sizeof(first) - 1), &back), 0);
	ck_assert_uint_eq(back.first_version, 0);
	ck_assert_str_eq(back.items[0].name, "one");
	ck_assert_int_eq(feature_list_decode(slice_of(none, sizeof(none) - 1), &back), 0);
	ck_assert_uint_eq(back.count, 0);
	buf_clear(&bytes);
	ck_assert_int_eq(feature_list_encode(&back, &bytes), 0);
	ck_assert(slice_eq(buf_slice(&bytes), slice_of(none, sizeof(none) - 1)));
	ck_assert_int_eq(feature_list_decode(slice_of(later, sizeof(later) - 1), &back), -EUCLEAN);
	ck_assert_int_eq(feature_list_decode(slice_of(far, sizeof(far) - 1), &back), -EUCLEAN);
	buf_done(&bytes);
}
END_TEST

/* Who has seen one of that name before must not take the new one for it. */
START_TEST(a_feature_made_again_has_a_version_of_its_own)
{
	static struct feature_list back;
	struct buf bytes = {0};

	list = (struct feature_list){0};
	ck_assert_uint_eq(add("x")->version, 0);
	/* nobody can tell it from one that is made again */
	feature_remove(&list, feature_find(&list, slice_str("x")));
	ck_assert_uint_eq(add("x")->version, 0);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(change(feature_find(&list, slice_str("x")), "on"), 0);
	ck_assert_int_eq(change(add("y"), "on"), 0);
	feature_remove(&list, feature_find(&list, slice_str("x")));
	feature_remove(&list, feature_find(&list, slice_str("y")));
	/* also by who opens the store anew */
	ck_assert_int_eq(feature_list_encode(&list, &bytes), 0);
	ck_assert_int_eq(feature_list_decode(buf_slice(&bytes), &back), 0);
	list = back;
	ck_assert_uint_eq(add("x")->version, 4);
	ck_assert_int_eq(change(feature_find(&list, slice_str("x")), "version 3 off"), -ESTALE);
	ck_assert_int_eq(change(feature_find(&list, slice_str("x")), "version 4 off"), 0);
	buf_done(&bytes);
}
END_TEST

START_TEST(what_was_never_changed_is_not_kept)
{
	struct buf bytes = {0};
	static struct feature_list back;

	list = (struct feature_list){0};
	(void)add("one");
	ck_assert_int_eq(feature_list_encode(&list, &bytes), 0);
	ck_assert_uint_eq(bytes.len, 0);
	ck_assert_int_eq(change(add("two"), "off"), 0);
	ck_assert_int_eq(feature_list_encode(&list, &bytes), 0);
	ck_assert_int_eq(feature_list_decode(buf_slice(&bytes), &back), 0);
	ck_assert_uint_eq(back.count, 1);
	ck_assert_str_eq(back.items[0].name, "two");
	buf_done(&bytes);
}
END_TEST

static void check_reason(const char *text, const char *why)
{
	struct feature_change change;

	ck_assert_int_eq(feature_change_parse(slice_str(text), &change), -EINVAL);
	ck_assert_msg(strstr(fail_text(), why) != NULL, "\"%s\": %s", text, fail_text());
}

START_TEST(what_is_refused_is_refused_for_what_it_is)
{
	char text[FEATURE_DESCRIPTION_MAX + 20] = "description ";

	check_reason("description a\tb", "a tab or another control character");
	check_reason("version x", "version is a number");
	check_reason("version 18446744073709551616", "fits 64 bits");
	check_reason("nonsense", "enabled on or off");
	memset(text + strlen(text), 'x', FEATURE_DESCRIPTION_MAX + 1);
	check_reason(text, "more than 255 bytes");
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
		list = (struct feature_list){0};
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
	list = (struct feature_list){0};
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

static const TTest *const *const tests[] = {
	&what_is_encoded_comes_back,
	&encoding_is_the_one_that_stands_in_stores,
	&a_feature_made_again_has_a_version_of_its_own,
	&what_was_never_changed_is_not_kept,
	&what_is_refused_is_refused_for_what_it_is,
	&changes_are_what_the_table_says,
	&names_and_numbers_have_limits,
};

UNIT_SUITE("fs/virt/feature_list", tests)
