#include "lsm/cli/words.h"

#include <errno.h>

#include "lsm/base/error.h"
#include "tests/unit/unit.h"

static void expect_words(const char *line, const char *const *expected, size_t count)
{
	struct words w = {0};

	ck_assert_int_eq(words_parse(&w, slice_str(line)), 0);
	ck_assert_uint_eq(w.count, count);
	for (size_t i = 0; i < count; i++)
		ck_assert_msg(slice_eq(words_at(&w, i), slice_str(expected[i])), "%s: word %zu",
			      line, i);
	words_done(&w);
}

static void expect_refused(const char *line, const char *why)
{
	struct words w = {0};

	fail_clear();
	ck_assert_int_eq(words_parse(&w, slice_str(line)), -EINVAL);
	ck_assert_msg(strstr(fail_text(), why) != NULL, "%s: %s", line, fail_text());
	ck_assert_uint_eq(w.count, 0);
	words_done(&w);
}

START_TEST(words_are_split_at_blanks)
{
	expect_words("", NULL, 0);
	expect_words(" \t ", NULL, 0);
	expect_words("  put  a\tb ", (const char *const[]){"put", "a", "b"}, 3);
	expect_words("a # b", (const char *const[]){"a"}, 1);
	expect_words("a#b", (const char *const[]){"a#b"}, 1);
}
END_TEST

START_TEST(quotes_keep_blanks)
{
	expect_words("put user:1 \"John Doe\"", (const char *const[]){"put", "user:1", "John Doe"},
		     3);
	expect_words("'a \"b\\n' \"it's\"", (const char *const[]){"a \"b\\n", "it's"}, 2);
	expect_words("\"\" ''", (const char *const[]){"", ""}, 2);
	expect_words("a\"b c\"'d e'f", (const char *const[]){"ab cd ef"}, 1);
	expect_words("\"say \\\"hi\\\"\\n\"", (const char *const[]){"say \"hi\"\n"}, 1);
	expect_words("a\\ b \\\"c \\#d \\x41", (const char *const[]){"a b", "\"c", "#d", "A"}, 4);
}
END_TEST

START_TEST(any_bytes_can_be_in_a_word)
{
	struct words w = {0};

	ck_assert_int_eq(words_parse(&w, slice_str("\"\\x00\\xff\"")), 0);
	ck_assert(slice_eq(words_at(&w, 0), slice_of("\0\xff", 2)));
	words_done(&w);
}
END_TEST

START_TEST(what_is_not_closed_or_no_escape_is_refused)
{
	expect_refused("put a \"b", "\" that is not closed");
	expect_refused("'", "' that is not closed");
	expect_refused("a\\q", "begins no escape");
	expect_refused("a\\", "begins no escape");
	expect_refused("\"\\x", "begins no escape");
}
END_TEST

static const TTest *const *const tests[] = {
	&words_are_split_at_blanks,
	&quotes_keep_blanks,
	&any_bytes_can_be_in_a_word,
	&what_is_not_closed_or_no_escape_is_refused,
};

UNIT_SUITE("lsm/cli/words", tests)
