#include "lsm/base/helper_ring.h"

#include "tests/unit/unit.h"

enum {
	TASKS = 5000,
};

struct square {
	unsigned of, result;
};

static void run_square(void *arg)
{
	struct square *s = arg;

	s->result = s->of * s->of;
}

/* The oldest one's, which is number `expected`. */
static void finish_one(struct helper_ring *r, const struct square *each, unsigned expected)
{
	const struct square *s = &each[helper_ring_finish(r)];

	ck_assert_uint_eq(s->of, expected);
	ck_assert_uint_eq(s->result, expected * expected);
}

START_TEST(tasks_are_finished_in_the_order_of_their_offers)
{
	struct square each[HELPER_RING_MAX];
	struct helper_ring ring;
	unsigned finished = 0;

	helper_ring_init(&ring, "ring");
	ck_assert_uint_ge(ring.count, 2);
	for (unsigned i = 0; i < TASKS; i++) {
		struct square *s = &each[ring.open];

		*s = (struct square){.of = i};
		if (i % 7)
			helper_ring_offer(&ring, run_square, s);
		else
			helper_ring_keep(&ring, run_square, s);
		if (helper_ring_is_full(&ring))
			finish_one(&ring, each, finished++);
	}
	while (!helper_ring_is_empty(&ring))
		finish_one(&ring, each, finished++);
	ck_assert_uint_eq(finished, TASKS);
	helper_ring_done(&ring);
}
END_TEST

START_TEST(what_is_not_finished_is_cancelled)
{
	struct square each[HELPER_RING_MAX] = {0};
	struct helper_ring ring;

	helper_ring_init(&ring, "ring");
	while (!helper_ring_is_full(&ring)) {
		each[ring.open].of = 3;
		helper_ring_offer(&ring, run_square, &each[ring.open]);
	}
	helper_ring_done(&ring);
	for (size_t i = 0; i < array_size(each); i++)
		ck_assert(each[i].result == 0 || each[i].result == 9);
}
END_TEST

static const TTest *const *const tests[] = {
	&tasks_are_finished_in_the_order_of_their_offers,
	&what_is_not_finished_is_cancelled,
};

UNIT_SUITE("lsm/base/helper_ring", tests)
