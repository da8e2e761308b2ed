#include "lsm/base/seq_copy.h"

#include "lsm/base/thread.h"
#include "tests/unit/unit.h"

enum {
	ROUNDS = 200000,
};

static struct seq_copy cell;

/* Torn when its members differ. */
struct same {
	uint64_t a, b, c, d, e;
};

static struct same same_of(uint64_t n)
{
	return (struct same){n, n, n, n, n};
}

static void write_all(void *arg)
{
	(void)arg;
	for (uint64_t n = 1; n <= ROUNDS; n++) {
		struct same s = same_of(n);

		seq_copy_write(&cell, &s, sizeof(s));
	}
}

static struct same read_one(void)
{
	struct same s;

	seq_copy_read(&cell, &s, sizeof(s));
	return s;
}

START_TEST(copy_is_what_was_written)
{
	struct same zero = {0}, seven = same_of(7), got;

	cell = (struct seq_copy){0};
	got = read_one();
	ck_assert_mem_eq(&got, &zero, sizeof(zero));
	seq_copy_write(&cell, &seven, sizeof(seven));
	got = read_one();
	ck_assert_mem_eq(&got, &seven, sizeof(seven));
}
END_TEST

START_TEST(no_copy_is_torn_or_older_than_the_last)
{
	struct thread thread = {0};
	uint64_t last = 0;

	cell = (struct seq_copy){0};
	ck_assert_int_eq(thread_start(&thread, "writer", write_all, NULL), 0);
	while (last < ROUNDS) {
		struct same s = read_one();

		ck_assert(s.a == s.b && s.b == s.c && s.c == s.d && s.d == s.e);
		ck_assert_uint_ge(s.a, last);
		last = s.a;
	}
	thread_join(&thread);
}
END_TEST

static const TTest *const *const tests[] = {
	&copy_is_what_was_written,
	&no_copy_is_torn_or_older_than_the_last,
};

UNIT_SUITE("lsm/base/seq_copy", tests)
