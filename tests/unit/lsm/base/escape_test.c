#include "lsm/base/escape.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lsm/base/error.h"
#include "tests/unit/unit.h"

/* What escape_print writes; the caller frees it. */
static char *printed(struct slice bytes)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(f);
	escape_print(f, bytes);
	ck_assert_int_eq(fclose(f), 0);
	return text;
}

static void assert_printed(const char *bytes, size_t len, const char *text)
{
	char *found = printed(slice_of(bytes, len));

	ck_assert_str_eq(found, text);
	free(found);
}

START_TEST(what_prints_stands_for_itself)
{
	assert_printed("", 0, "");
	assert_printed("user/1 ~!\"'%", 12, "user/1 ~!\"'%");
}
END_TEST

START_TEST(what_does_not_print_is_escaped)
{
	assert_printed("a\tb\nc\rd\\e", 9, "a\\tb\\nc\\rd\\\\e");
	assert_printed("\0\x01\x1f\x7f\x80\xff", 6, "\\x00\\x01\\x1f\\x7f\\x80\\xff");
	assert_printed("x\0y", 3, "x\\x00y");
}
END_TEST

START_TEST(every_byte_comes_back)
{
	uint8_t bytes[512];
	cleanup_buf struct buf back = {0};

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i % 2 ? 'a' : i / 2);

	char *text = printed(slice_of(bytes, sizeof(bytes)));

	for (const char *at = text; *at; at++)
		ck_assert(*at >= 0x20 && *at < 0x7f);
	ck_assert_int_eq(escape_parse(text, &back), 0);
	ck_assert(slice_eq(buf_slice(&back), slice_of(bytes, sizeof(bytes))));
	free(text);
}
END_TEST

START_TEST(bad_escapes_are_refused)
{
	static const char *const bad[] = {"\\",  "\\q",   "\\x",   "\\xg1", "a\\",
					  "\\8", "\\400", "\\777", "\\X41", "\\u0041"};
	cleanup_buf struct buf bytes = {0};

	for (size_t i = 0; i < array_size(bad); i++) {
		fail_clear();
		ck_assert_msg(escape_parse(bad[i], &bytes) == -EINVAL, "%s", bad[i]);
		ck_assert_ptr_nonnull(strstr(fail_text(), "no escape"));
	}
}
END_TEST

START_TEST(hex_digits_may_be_of_either_case)
{
	cleanup_buf struct buf bytes = {0};

	ck_assert_int_eq(escape_parse("\\xfF\\xAb", &bytes), 0);
	ck_assert(slice_eq(buf_slice(&bytes), slice_str("\xff\xab")));
}
END_TEST

START_TEST(the_escapes_of_c_are_read)
{
	static const struct {
		const char *text;
		size_t len;
		const char *bytes;
	} cases[] = {
		{"\\a\\b\\f\\v\\\"\\'\\?\\\\\\t\\n\\r", 11, "\a\b\f\v\"'\?\\\t\n\r"},
		{"\\0", 1, "\0"},
		{"\\101\\102", 2, "AB"},
		{"\\1018", 2, "A8"},
		{"\\1010", 2, "A0"},
		{"\\78", 2, "\a8"},
		{"\\377\\00\\000", 3, "\xff\0\0"},
		{"\\x41\\x4", 2, "A\x04"},
		{"\\x4g", 2, "\x04g"},
		{"\\x414", 2, "A4"},
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		cleanup_buf struct buf bytes = {0};

		ck_assert_msg(escape_parse(cases[i].text, &bytes) == 0, "%s", cases[i].text);
		ck_assert_msg(slice_eq(buf_slice(&bytes), slice_of(cases[i].bytes, cases[i].len)),
			      "%s", cases[i].text);
	}
}
END_TEST

static const TTest *const *const tests[] = {
	&what_prints_stands_for_itself,
	&what_does_not_print_is_escaped,
	&every_byte_comes_back,
	&bad_escapes_are_refused,
	&hex_digits_may_be_of_either_case,
	&the_escapes_of_c_are_read,
};

UNIT_SUITE("lsm/base/escape", tests)
