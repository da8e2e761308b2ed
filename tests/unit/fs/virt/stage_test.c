#include "fs/virt/stage.h"

#include <errno.h>

#include "tests/unit/unit.h"

enum {
	TEXT_MAX = 10,
};

static struct stages stages;

static void setup(void)
{
	stages_init(&stages, TEXT_MAX);
}

static void teardown(void)
{
	stages_done(&stages);
	ck_assert_uint_eq(stages.bytes, 0);
}

/* A new one with that text; the reference is the caller's. */
static struct stage *make(const char *name, const char *text)
{
	ck_assert_int_eq(stages_create(&stages, slice_str(name)), 0);
	struct stage *stage = stages_find(&stages, slice_str(name));

	ck_assert_ptr_nonnull(stage);
	ck_assert_int_eq(stage_write(&stages, stage, 0, slice_str(text)), 0);
	return stage;
}

static void check_text(struct stage *stage, const char *text, size_t len)
{
	struct buf bytes = {0};

	ck_assert_uint_eq(stage_size(stage), len);
	ck_assert_int_eq(stage_read(stage, 0, 100, &bytes), 0);
	ck_assert(slice_eq(buf_slice(&bytes), slice_of(text, len)));
	buf_done(&bytes);
}

START_TEST(text_is_put_together_by_writes_anywhere)
{
	setup();
	struct stage *stage = make("x", "abc");
	struct buf bytes = {0};

	ck_assert_int_eq(stage_write(&stages, stage, 5, slice_str("f")), 0);
	check_text(stage, "abc\0\0f", 6);
	ck_assert_int_eq(stage_write(&stages, stage, 1, slice_str("BCDE")), 0);
	check_text(stage, "aBCDEf", 6);
	ck_assert_int_eq(stage_resize(&stages, stage, 2), 0);
	ck_assert_int_eq(stage_resize(&stages, stage, 4), 0);
	check_text(stage, "aB\0\0", 4);
	ck_assert_int_eq(stage_read(stage, 1, 2, &bytes), 0);
	ck_assert(slice_eq(buf_slice(&bytes), slice_of("B\0", 2)));
	ck_assert_int_eq(stage_read(stage, UINT64_MAX, 2, &bytes), 0);
	ck_assert_uint_eq(bytes.len, 2);
	buf_done(&bytes);
	stage_unref(stage);
	teardown();
}
END_TEST

START_TEST(text_over_the_limit_is_refused_and_nothing_of_it_taken)
{
	setup();
	struct stage *stage = make("x", "abc");

	ck_assert_int_eq(stage_write(&stages, stage, 3, slice_str("12345678")), -EFBIG);
	ck_assert_int_eq(stage_write(&stages, stage, UINT64_MAX, slice_str("12")), -EFBIG);
	ck_assert_int_eq(stage_resize(&stages, stage, TEXT_MAX + 1), -EFBIG);
	check_text(stage, "abc", 3);
	ck_assert_int_eq(stage_write(&stages, stage, 3, slice_str("1234567")), 0);
	stage_unref(stage);
	teardown();
}
END_TEST

START_TEST(all_texts_together_have_a_limit_too)
{
	static const char *const names[STAGES_ROOM + 1] = {"a", "b", "c", "d", "e"};
	struct stage *all[STAGES_ROOM + 1];

	setup();
	for (int i = 0; i < STAGES_ROOM; i++)
		all[i] = make(names[i], "0123456789");
	all[STAGES_ROOM] = make(names[STAGES_ROOM], "");
	ck_assert_int_eq(stage_write(&stages, all[STAGES_ROOM], 0, slice_str("x")), -ENOSPC);
	ck_assert_int_eq(stage_resize(&stages, all[0], 9), 0);
	ck_assert_int_eq(stage_write(&stages, all[STAGES_ROOM], 0, slice_str("x")), 0);
	ck_assert_int_eq(stages_remove(&stages, slice_str("b")), 0);
	check_text(all[1], "", 0); /* still open, but of use to nobody */
	ck_assert_int_eq(stage_resize(&stages, all[0], TEXT_MAX), 0);
	for (int i = 0; i <= STAGES_ROOM; i++)
		stage_unref(all[i]);
	teardown();
}
END_TEST

START_TEST(text_stands_still_while_it_is_applied)
{
	setup();
	struct stage *stage = make("x", "abc");
	struct slice text;
	struct slice again;

	ck_assert_int_eq(stage_apply_begin(stage, &text), 0);
	ck_assert(slice_eq(text, slice_str("abc")));
	ck_assert_int_eq(stage_apply_begin(stage, &again), -EBUSY);
	ck_assert_int_eq(stage_write(&stages, stage, 0, slice_str("x")), -EBUSY);
	ck_assert_int_eq(stage_resize(&stages, stage, 0), -EBUSY);
	stage_apply_end(stage);
	ck_assert_int_eq(stage_write(&stages, stage, 0, slice_str("x")), 0);
	stage_unref(stage);
	teardown();
}
END_TEST

START_TEST(text_that_is_removed_while_it_is_applied_stays_until_the_end)
{
	setup();
	struct stage *stage = make("x", "abc");
	struct slice text;

	ck_assert_int_eq(stage_apply_begin(stage, &text), 0);
	ck_assert_int_eq(stages_remove(&stages, slice_str("x")), 0);
	ck_assert(slice_eq(text, slice_str("abc")));
	ck_assert_uint_eq(stages.bytes, 3);
	stage_apply_end(stage);
	ck_assert_uint_eq(stages.bytes, 0);
	stage_unref(stage);
	teardown();
}
END_TEST

START_TEST(names_lead_to_one_text_each)
{
	setup();
	struct stage *one = make("one", "1");
	struct stage *two = make("two", "2");

	ck_assert_int_eq(stages_create(&stages, slice_str("one")), -EEXIST);
	ck_assert_int_eq(stages_rename(&stages, slice_str("one"), slice_str("two")), 0);
	struct stage *found = stages_find(&stages, slice_str("two"));

	ck_assert_ptr_eq(found, one);
	ck_assert_ptr_null(stages_find(&stages, slice_str("one")));
	stages_drop(&stages, two); /* replaced: not in the list any more */
	stages_drop(&stages, one);
	ck_assert_ptr_null(stages_find(&stages, slice_str("two")));
	ck_assert_int_eq(stages_remove(&stages, slice_str("two")), -ENOENT);
	stage_unref(found);
	stage_unref(one);
	stage_unref(two);
	teardown();
}
END_TEST

static const TTest *const *const tests[] = {
	&text_is_put_together_by_writes_anywhere,
	&text_over_the_limit_is_refused_and_nothing_of_it_taken,
	&all_texts_together_have_a_limit_too,
	&text_stands_still_while_it_is_applied,
	&text_that_is_removed_while_it_is_applied_stays_until_the_end,
	&names_lead_to_one_text_each,
};

UNIT_SUITE("fs/virt/stage", tests)
