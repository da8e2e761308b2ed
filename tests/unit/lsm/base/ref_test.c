#include "lsm/base/ref.h"

#include "lsm/base/thread.h"
#include "tests/unit/unit.h"

START_TEST(last_put_says_so)
{
	struct ref r;

	ref_init(&r);
	ref_get(&r);
	ck_assert(!ref_put(&r));
	ref_get(&r);
	ck_assert(!ref_put(&r));
	ck_assert(ref_put(&r));
}
END_TEST

enum {
	PUTTERS = 4,
	ROUNDS = 3000,
};

struct counted {
	struct ref ref;
	unsigned int written[PUTTERS]; /* one element a thread, read by whoever frees */
	unsigned int sum;
};

struct putter {
	struct counted *counted;
	size_t number;
};

static void get_and_put(void *arg)
{
	struct putter *p = arg;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		ref_get(&p->counted->ref);
		p->counted->written[p->number]++;
		ck_assert(!ref_put(&p->counted->ref));
	}
	if (!ref_put(&p->counted->ref))
		return;
	for (size_t i = 0; i < PUTTERS; i++)
		p->counted->sum += p->counted->written[i];
}

START_TEST(last_of_several_threads_sees_what_all_wrote)
{
	struct counted counted = {0};
	struct putter putters[PUTTERS];
	struct thread threads[PUTTERS] = {0};

	ref_init(&counted.ref);
	for (size_t i = 1; i < PUTTERS; i++)
		ref_get(&counted.ref);
	for (size_t i = 0; i < PUTTERS; i++) {
		putters[i] = (struct putter){.counted = &counted, .number = i};
		ck_assert_int_eq(thread_start(&threads[i], "putter", get_and_put, &putters[i]), 0);
	}
	for (size_t i = 0; i < PUTTERS; i++)
		thread_join(&threads[i]);
	ck_assert_uint_eq(counted.sum, (uint64_t)PUTTERS * ROUNDS);
}
END_TEST

static const TTest *const *const tests[] = {
	&last_put_says_so,
	&last_of_several_threads_sees_what_all_wrote,
};

UNIT_SUITE("lsm/base/ref", tests)
