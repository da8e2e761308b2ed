#include "fs/virt/batch_text.h"

#include <errno.h>

#include "lsm/base/error.h"
#include "tests/unit/unit.h"

static const struct {
	const char *text;
	int rc;
	enum batch_line_kind kind;
	const char *key, *value;
} cases[] = {
	{"", 0, BATCH_LINE_NONE, "", ""},
	{"# a=b", 0, BATCH_LINE_NONE, "", ""},
	{"a=b", 0, BATCH_LINE_PUT, "a", "b"},
	{"a=", 0, BATCH_LINE_PUT, "a", ""},
	{"a=b=c", 0, BATCH_LINE_PUT, "a", "b=c"},
	{" a = b ", 0, BATCH_LINE_PUT, " a ", " b "},
	{"a\\t=\\n", 0, BATCH_LINE_PUT, "a\\t", "\\n"},
	{"put=1", 0, BATCH_LINE_PUT, "put", "1"},
	{"put\ta\tb", 0, BATCH_LINE_PUT, "a", "b"},
	{"put\ta\t", 0, BATCH_LINE_PUT, "a", ""},
	{"put\ta=b\tc=d", 0, BATCH_LINE_PUT, "a=b", "c=d"},
	{"put\t#a\tb", 0, BATCH_LINE_PUT, "#a", "b"},
	{"put\ta\\tb\\x41\tc\\n\\\\\\r", 0, BATCH_LINE_PUT, "a\tbA", "c\n\\\r"},
	{"del\ta", 0, BATCH_LINE_DELETE, "a", ""},
	{"del\ta\\x2fb", 0, BATCH_LINE_DELETE, "a/b", ""},
	{"a", -EINVAL, BATCH_LINE_NONE, "", ""},
	{"=b", -EINVAL, BATCH_LINE_NONE, "", ""},
	{"put\ta", -EINVAL, BATCH_LINE_NONE, "", ""},
	{"put\t\tb", -EINVAL, BATCH_LINE_NONE, "", ""},
	{"put\ta\tb\tc", -EINVAL, BATCH_LINE_NONE, "", ""},
	{"put\ta\t\\q", -EINVAL, BATCH_LINE_NONE, "", ""},
	{"put\ta\t\\x", -EINVAL, BATCH_LINE_NONE, "", ""},
	{"put\ta\t\\400", -EINVAL, BATCH_LINE_NONE, "", ""},
	{"put\t\\101\t\\1018\\x4\\x414", 0, BATCH_LINE_PUT, "A",
	 "A8\x04"
	 "A4"},
	{"put\tquote\t\\\"\\'\\?", 0, BATCH_LINE_PUT, "quote", "\"'?"},
	{"put\ta\t\\", -EINVAL, BATCH_LINE_NONE, "", ""},
	{"del\t", -EINVAL, BATCH_LINE_NONE, "", ""},
	{"del\ta\tb", -EINVAL, BATCH_LINE_NONE, "", ""},
};

START_TEST(each_line_is_what_the_table_says)
{
	struct buf memory = {0};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct batch_line line = {0};
		int rc;

		fail_clear();
		rc = batch_line_parse(slice_str(cases[i].text), &memory, &line);
		ck_assert_msg(rc == cases[i].rc, "\"%s\": %d", cases[i].text, rc);
		if (rc)
			ck_assert_msg(fail_text()[0] != '\0', "\"%s\"", cases[i].text);
		ck_assert_int_eq(line.kind, cases[i].kind);
		ck_assert_msg(slice_eq(line.key, slice_str(cases[i].key)), "\"%s\"", cases[i].text);
		ck_assert_msg(slice_eq(line.value, slice_str(cases[i].value)), "\"%s\"",
			      cases[i].text);
	}
	buf_done(&memory);
}
END_TEST

START_TEST(nul_bytes_are_bytes)
{
	static const char text[] = "a\0b=c\0d";
	struct buf memory = {0};
	struct batch_line line;

	ck_assert_int_eq(batch_line_parse(slice_of(text, sizeof(text) - 1), &memory, &line), 0);
	ck_assert(slice_eq(line.key, slice_of("a\0b", 3)));
	ck_assert(slice_eq(line.value, slice_of("c\0d", 3)));
	ck_assert_int_eq(batch_line_parse(slice_str("put\t\\x00\t\\x00"), &memory, &line), 0);
	ck_assert(slice_eq(line.key, slice_of("\0", 1)));
	ck_assert_int_eq(batch_line_parse(slice_str("del\t\\0"), &memory, &line), 0);
	ck_assert(slice_eq(line.key, slice_of("\0", 1)));
	buf_done(&memory);
}
END_TEST

static const TTest *const *const tests[] = {
	&each_line_is_what_the_table_says,
	&nul_bytes_are_bytes,
};

UNIT_SUITE("fs/virt/batch_text", tests)
