#include "fs/transport/ring_worker.h"

#include <errno.h>

#include "tests/unit/unit.h"

enum {
	QUEUES = 3,
	DEPTH = 2,
	WORKERS = QUEUES * DEPTH,
};

/* What registering came to, as their starter sees it: `status` of each. */
static bool covers(const int *status)
{
	struct ring_worker workers[WORKERS] = {0};

	for (unsigned i = 0; i < WORKERS; i++) {
		workers[i].queue = i / DEPTH;
		workers[i].status = status[i];
	}
	return ring_workers_cover(workers, WORKERS, QUEUES);
}

START_TEST(one_entry_a_queue_is_enough)
{
	const int all[WORKERS] = {0};
	const int some[WORKERS] = {-EOPNOTSUPP, 0, 0, -EOPNOTSUPP, -EOPNOTSUPP, 0};

	ck_assert(covers(all));
	ck_assert(covers(some));
}
END_TEST

START_TEST(queue_without_an_entry_is_seen)
{
	for (unsigned queue = 0; queue < QUEUES; queue++) {
		int status[WORKERS] = {0};

		for (unsigned i = 0; i < DEPTH; i++)
			status[queue * DEPTH + i] = i % 2 ? -EOPNOTSUPP : -ENXIO;
		ck_assert(!covers(status));
	}
}
END_TEST

START_TEST(without_workers_nothing_is_covered)
{
	ck_assert(!ring_workers_cover(NULL, 0, QUEUES));
}
END_TEST

START_TEST(the_last_of_a_queue_must_not_wait)
{
	struct ring_queue queue = {.workers = 3};
	struct ring_queue single = {.workers = 1};

	ck_assert(ring_queue_wait_begin(&queue));
	ck_assert(ring_queue_wait_begin(&queue));
	ck_assert(!ring_queue_wait_begin(&queue));
	ring_queue_wait_end(&queue);
	ring_queue_wait_end(&queue);
	ck_assert(ring_queue_wait_begin(&queue));
	ck_assert(!ring_queue_wait_begin(&single));
}
END_TEST

START_TEST(who_is_no_worker_may_wait)
{
	ck_assert(ring_worker_wait_begin());
	ring_worker_wait_end();
}
END_TEST

static const TTest *const *const tests[] = {
	&one_entry_a_queue_is_enough,        &queue_without_an_entry_is_seen,
	&without_workers_nothing_is_covered, &the_last_of_a_queue_must_not_wait,
	&who_is_no_worker_may_wait,
};

UNIT_SUITE("fs/transport/ring_worker", tests)
