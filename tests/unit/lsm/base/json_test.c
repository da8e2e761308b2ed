#include "lsm/base/json.h"

#include <errno.h>
#include <math.h>

#include "tests/unit/unit.h"

static void check_text(const struct buf *out, const char *expected)
{
	ck_assert_msg(slice_eq(buf_slice(out), slice_str(expected)), "\"%.*s\" is not \"%s\"",
		      (int)out->len, (const char *)out->ptr, expected);
}

START_TEST(nested_values_get_their_commas)
{
	cleanup_buf struct buf out = {0};
	struct json j;

	json_begin(&j, &out);
	json_object_open(&j);
	json_name(&j, "puts");
	json_uint(&j, UINT64_MAX);
	json_name(&j, "levels");
	json_array_open(&j);
	json_uint(&j, 0);
	json_object_open(&j);
	json_object_close(&j);
	json_array_open(&j);
	json_array_close(&j);
	json_bool(&j, true);
	json_array_close(&j);
	json_name(&j, "ok");
	json_bool(&j, false);
	json_object_close(&j);
	ck_assert_int_eq(json_finish(&j), 0);
	check_text(&out, "{\"puts\":18446744073709551615,\"levels\":[0,{},[],true],\"ok\":false}");
}
END_TEST

START_TEST(text_goes_behind_what_the_buffer_has)
{
	cleanup_buf struct buf out = {0};
	struct json j;

	ck_assert_int_eq(buf_append_slice(&out, slice_str("x=")), 0);
	json_begin(&j, &out);
	json_uint(&j, 5);
	ck_assert_int_eq(json_finish(&j), 0);
	check_text(&out, "x=5");
}
END_TEST

static void check_string(struct slice s, const char *expected)
{
	cleanup_buf struct buf out = {0};
	struct json j;

	json_begin(&j, &out);
	json_string(&j, s);
	ck_assert_int_eq(json_finish(&j), 0);
	check_text(&out, expected);
}

START_TEST(special_bytes_are_escaped)
{
	check_string(slice_of(NULL, 0), "\"\"");
	check_string(slice_str("plain / text"), "\"plain / text\"");
	check_string(slice_str("\"\\\b\f\n\r\t"), "\"\\\"\\\\\\b\\f\\n\\r\\t\"");
	check_string(slice_of("\0\x01\x1f", 3), "\"\\u0000\\u0001\\u001f\"");
	check_string(slice_str("a\nb"), "\"a\\nb\"");
	check_string(slice_str("\x7f"), "\"\x7f\"");
}
END_TEST

START_TEST(utf8_is_kept)
{
	/* the first and the last of each length, and the neighbours of the surrogates */
	static const char *const good[] = {
		"\xc2\x80",     "\xdf\xbf",     "\xe0\xa0\x80",     "\xef\xbf\xbf",
		"\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
	};
	char expected[16];

	for (size_t i = 0; i < array_size(good); i++) {
		snprintf(expected, sizeof(expected), "\"%s\"", good[i]);
		check_string(slice_str(good[i]), expected);
	}
}
END_TEST

START_TEST(bytes_that_are_not_utf8_are_replaced)
{
	check_string(slice_str("a\x80z"), "\"a\\ufffdz\"");
	check_string(slice_str("\xff"), "\"\\ufffd\"");
	check_string(slice_str("\xc3"), "\"\\ufffd\"");
	check_string(slice_str("\xc3("), "\"\\ufffd(\"");
	check_string(slice_str("\xc0\xaf"), "\"\\ufffd\\ufffd\"");
	check_string(slice_str("\xe0\x9f\xbf"), "\"\\ufffd\\ufffd\\ufffd\"");
	check_string(slice_str("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"");
	check_string(slice_str("\xe2\x82"), "\"\\ufffd\\ufffd\"");
	check_string(slice_str("\xe2\x82\xac\xe2\x82("), "\"\xe2\x82\xac\\ufffd\\ufffd(\"");
	check_string(slice_str("\xf0\x8f\xbf\xbf"), "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
	check_string(slice_str("\xf4\x90\x80\x80"), "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
}
END_TEST

static void check_double(double v, const char *expected)
{
	cleanup_buf struct buf out = {0};
	struct json j;

	json_begin(&j, &out);
	json_double(&j, v);
	ck_assert_int_eq(json_finish(&j), 0);
	check_text(&out, expected);
}

START_TEST(doubles_come_back_as_they_were)
{
	check_double(0, "0");
	check_double(0.1, "0.1");
	check_double(-2.5, "-2.5");
	check_double(1e300, "1e+300");
	check_double(1.0 / 3, "0.33333333333333331");
	check_double(HUGE_VAL, "null");
	check_double((double)NAN, "null");
}
END_TEST

START_TEST(names_are_escaped_too)
{
	cleanup_buf struct buf out = {0};
	struct json j;

	json_begin(&j, &out);
	json_object_open(&j);
	json_name(&j, "a\"b");
	json_string(&j, slice_str("v"));
	json_object_close(&j);
	ck_assert_int_eq(json_finish(&j), 0);
	check_text(&out, "{\"a\\\"b\":\"v\"}");
}
END_TEST

START_TEST(greatest_depth_is_reached)
{
	cleanup_buf struct buf out = {0};
	struct json j;

	json_begin(&j, &out);
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		json_array_open(&j);
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		json_array_close(&j);
	ck_assert_int_eq(json_finish(&j), 0);
	check_text(&out, "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]");
}
END_TEST

START_TEST(failed_allocation_sticks)
{
	/* A buffer that cannot grow: it is as full as memory can be. Its bytes are never touched.
	 */
	uint8_t byte;
	struct buf full = {.ptr = &byte, .len = PTRDIFF_MAX, .cap = PTRDIFF_MAX};
	cleanup_buf struct buf roomy = {0};
	struct json j;

	json_begin(&j, &full);
	json_array_open(&j);
	json_uint(&j, 1);
	j.out = &roomy;
	json_uint(&j, 2);
	json_array_close(&j);
	ck_assert_int_eq(json_finish(&j), -ENOMEM);
	ck_assert_uint_eq(roomy.len, 0);
}
END_TEST

static const TTest *const *const tests[] = {
	&nested_values_get_their_commas,
	&text_goes_behind_what_the_buffer_has,
	&special_bytes_are_escaped,
	&utf8_is_kept,
	&bytes_that_are_not_utf8_are_replaced,
	&doubles_come_back_as_they_were,
	&names_are_escaped_too,
	&greatest_depth_is_reached,
	&failed_allocation_sticks,
};

UNIT_SUITE("lsm/base/json", tests)
