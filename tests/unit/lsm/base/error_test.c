#include "lsm/base/error.h"

#include <errno.h>
#include <string.h>

#include "lsm/base/thread.h"
#include "tests/unit/unit.h"

START_TEST(line_is_left_and_code_returned)
{
	fail_clear();
	ck_assert_str_eq(fail_text(), "");
	ck_assert_int_eq(fail(-EUCLEAN, "%s: offset %d: bad magic", "000001.sst", 42), -EUCLEAN);
	ck_assert_str_eq(fail_text(), "000001.sst: offset 42: bad magic");
	ck_assert_int_eq(fail(-EIO, "short"), -EIO);
	ck_assert_str_eq(fail_text(), "short");
	fail_clear();
	ck_assert_str_eq(fail_text(), "");
}
END_TEST

START_TEST(line_may_be_made_of_the_one_before)
{
	fail(-EIO, "read failed");
	fail(-EIO, "opening: %s", fail_text());
	ck_assert_str_eq(fail_text(), "opening: read failed");
}
END_TEST

START_TEST(long_line_is_cut)
{
	fail(-EIO, "%0999d", 7);
	ck_assert_uint_eq(strlen(fail_text()), ERROR_TEXT_MAX - 1);
}
END_TEST

static void fail_in_thread(void *arg)
{
	bool *ret_was_empty = arg;

	*ret_was_empty = fail_text()[0] == '\0';
	fail(-EIO, "the other thread's");
}

START_TEST(threads_have_lines_of_their_own)
{
	struct thread t = {0};
	bool was_empty = false;

	fail(-EIO, "mine");
	ck_assert_int_eq(thread_start(&t, "other", fail_in_thread, &was_empty), 0);
	thread_join(&t);
	ck_assert(was_empty);
	ck_assert_str_eq(fail_text(), "mine");
}
END_TEST

static const TTest *const *const tests[] = {
	&line_is_left_and_code_returned,
	&line_may_be_made_of_the_one_before,
	&long_line_is_cut,
	&threads_have_lines_of_their_own,
};

UNIT_SUITE("lsm/base/error", tests)
