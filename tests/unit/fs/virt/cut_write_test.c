#include "fs/virt/cut_write.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "tests/unit/unit.h"

static struct cut_write cut;
static uint64_t page;

static void setup(void)
{
	cut = (struct cut_write){0};
	page = (uint64_t)sysconf(_SC_PAGESIZE);
}

static void teardown(void)
{
	cut_write_done(&cut);
}

/* What is done of a write: NULL: it was refused. */
static const char *take(uint64_t offset, const char *text, int rc)
{
	static char done[64];
	struct virt_write whole;
	const struct virt_write write = {.offset = offset, .bytes = slice_str(text)};

	if (cut_write_take(&cut, &write, &whole))
		return NULL;
	(void)snprintf(done, sizeof(done), "%.*s@%d", (int)whole.bytes.len,
		       (const char *)whole.bytes.ptr, (int)(whole.offset - page));
	if (whole.bytes.len == 0)
		return "";
	cut_write_end(&cut, rc);
	return done;
}

START_TEST(a_write_within_a_page_is_one)
{
	ck_assert_str_eq(take(page, "flush", 0), "flush@0");
	ck_assert_str_eq(take(page + 5, "flush\n", 0), "flush\n@5");
	ck_assert_str_eq(take(2 * page - 8, "compact", 0), "compact@4088");
}
END_TEST

START_TEST(a_part_that_ends_a_page_waits_for_the_other)
{
	ck_assert_str_eq(take(page - 7, "compact", 0), "");
	ck_assert_str_eq(take(page, " user/12\n", 0), "compact user/12\n@-7");
	ck_assert_str_eq(take(page + 9, "flush\n", 0), "flush\n@9");
}
END_TEST

START_TEST(a_line_that_ends_a_page_is_whole)
{
	ck_assert_str_eq(take(page - 6, "flush\n", 0), "flush\n@-6");
	ck_assert_str_eq(take(page, "sync\n", 0), "sync\n@0");
}
END_TEST

/* Of large folios the kernel cuts at the end. */
START_TEST(a_part_may_be_longer_than_a_page)
{
	cleanup_free char *text = malloc(page + 2);

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', page + 1);
	text[page + 1] = '\0';
	ck_assert_str_eq(take(2 * page - 1, text, 0), "");
	ck_assert_str_ne(take(3 * page, "y\n", 0), "");
	ck_assert_uint_eq(cut.bytes.len, 0);
}
END_TEST

START_TEST(whole_pages_are_never_parts)
{
	cleanup_free char *text = malloc(page + 1);

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', page);
	text[page] = '\0';
	ck_assert_str_ne(take(page, text, 0), "");
	ck_assert_str_ne(take(2 * page, "x", 0), "");
}
END_TEST

START_TEST(what_does_not_follow_is_refused)
{
	ck_assert_str_eq(take(page - 3, "abc", 0), "");
	ck_assert_ptr_null(take(page + 1, "d\n", 0));
	ck_assert_ptr_null(take(0, "flush\n", 0));
	ck_assert_str_eq(take(page, "d\n", 0), "abcd\n@-3");
}
END_TEST

/* The program was told that abc is written, and does not say that it gives up the rest. */
START_TEST(after_a_refused_one_nothing_is_taken)
{
	ck_assert_str_eq(take(page - 3, "abc", 0), "");
	ck_assert_str_eq(take(page, "d\n", -EINVAL), "abcd\n@-3");
	ck_assert_ptr_null(take(page, "d\n", 0));
	ck_assert_ptr_null(take(page + 2, "flush\n", 0));
}
END_TEST

START_TEST(one_that_was_not_cut_may_be_refused)
{
	ck_assert_str_eq(take(page, "no\n", -EINVAL), "no\n@0");
	ck_assert_str_eq(take(page, "flush\n", 0), "flush\n@0");
}
END_TEST

static const TTest *const *const tests[] = {
	&a_write_within_a_page_is_one,         &a_part_that_ends_a_page_waits_for_the_other,
	&a_line_that_ends_a_page_is_whole,     &a_part_may_be_longer_than_a_page,
	&whole_pages_are_never_parts,          &what_does_not_follow_is_refused,
	&after_a_refused_one_nothing_is_taken, &one_that_was_not_cut_may_be_refused,
};

UNIT_ROUNDS("fs/virt/cut_write", tests, setup, teardown, 0, 1)
