#include "lsm/base/helper.h"

#include <stdatomic.h>
#include <string.h>

#include "tests/unit/unit.h"

enum {
	CALLERS = 3,
	ROUNDS = 300
};

/* A task that tells who ran it, and waits to be let go. */
struct probe {
	struct mutex mu;
	struct cond changed;
	bool begun, let_go;
	unsigned runs;
	char ran_in[16];
};

static void probe_init(struct probe *p)
{
	*p = (struct probe){0};
	mutex_init(&p->mu, RANK_ENV);
	cond_init(&p->changed);
}

static void probe_done(struct probe *p)
{
	cond_done(&p->changed);
	mutex_done(&p->mu);
}

static void probe_run(void *arg)
{
	struct probe *p = arg;
	mutex_guard(&p->mu);

	(void)pthread_getname_np(pthread_self(), p->ran_in, sizeof(p->ran_in));
	p->runs++;
	p->begun = true;
	cond_broadcast(&p->changed);
	while (!p->let_go)
		cond_wait(&p->changed, &p->mu);
}

static void wait_until_begun(struct probe *p)
{
	mutex_guard(&p->mu);

	while (!p->begun)
		cond_wait(&p->changed, &p->mu);
}

static void let_go(struct probe *p)
{
	mutex_guard(&p->mu);

	p->let_go = true;
	cond_broadcast(&p->changed);
}

START_TEST(helper_works_beside_who_asked)
{
	struct helper h;
	struct probe p;

	helper_init(&h, "helps");
	probe_init(&p);
	struct helper_task t = {.run = probe_run, .arg = &p};

	helper_offer(&h, &t);
	wait_until_begun(&p); /* so it is another thread that runs it */
	let_go(&p);
	helper_finish(&h, &t);
	ck_assert_uint_eq(p.runs, 1);
	ck_assert_str_eq(p.ran_in, "helps");
	helper_done(&h);
	probe_done(&p);
}
END_TEST

START_TEST(what_a_busy_helper_has_not_begun_is_taken_back)
{
	struct helper h;
	struct probe first, second, third;

	helper_init(&h, "helps");
	probe_init(&first);
	probe_init(&second);
	probe_init(&third);
	second.let_go = third.let_go = true;
	struct helper_task t1 = {.run = probe_run, .arg = &first};
	struct helper_task t2 = {.run = probe_run, .arg = &second};
	struct helper_task t3 = {.run = probe_run, .arg = &third};

	helper_offer(&h, &t1);
	wait_until_begun(&first);
	helper_offer(&h, &t2);
	helper_offer(&h, &t3); /* more than one is not kept */
	helper_finish(&h, &t3);
	helper_finish(&h, &t2);
	ck_assert_str_ne(second.ran_in, "helps");
	ck_assert_str_ne(third.ran_in, "helps");
	let_go(&first);
	helper_finish(&h, &t1);
	ck_assert_uint_eq(first.runs, 1);
	ck_assert_uint_eq(second.runs, 1);
	ck_assert_uint_eq(third.runs, 1);
	helper_done(&h);
	probe_done(&first);
	probe_done(&second);
	probe_done(&third);
}
END_TEST

START_TEST(what_is_cancelled_is_not_begun_any_more)
{
	struct helper h;
	struct probe first, second;

	helper_init(&h, "helps");
	probe_init(&first);
	probe_init(&second);
	struct helper_task t1 = {.run = probe_run, .arg = &first};
	struct helper_task t2 = {.run = probe_run, .arg = &second};

	helper_offer(&h, &t1);
	wait_until_begun(&first);
	helper_offer(&h, &t2);
	helper_cancel(&h, &t2);
	let_go(&first);
	helper_cancel(&h, &t1); /* it is waited for */
	ck_assert_int_eq(t1.state, TASK_ENDED);
	helper_done(&h);
	ck_assert_uint_eq(second.runs, 0);
	probe_done(&first);
	probe_done(&second);
}
END_TEST

START_TEST(helper_that_was_never_asked_ends)
{
	struct helper h;

	helper_init(&h, "helps");
	ck_assert(!h.thread.started);
	helper_done(&h);
}
END_TEST

struct caller {
	struct helper *h;
	struct thread thread;
	_Atomic unsigned runs;
};

static void count(void *arg)
{
	struct caller *c = arg;

	atomic_fetch_add(&c->runs, 1);
}

static void ask_often(void *arg)
{
	struct caller *c = arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct helper_task t = {.run = count, .arg = c};

		helper_offer(c->h, &t);
		helper_finish(c->h, &t);
		ck_assert(atomic_load(&c->runs) == i + 1);
	}
}

START_TEST(each_task_is_run_once_whoever_asks)
{
	struct helper h;
	struct caller callers[CALLERS] = {0};

	helper_init(&h, "helps");
	for (unsigned i = 0; i < CALLERS; i++) {
		callers[i].h = &h;
		ck_assert_int_eq(thread_start(&callers[i].thread, "asks", ask_often, &callers[i]),
				 0);
	}
	for (unsigned i = 0; i < CALLERS; i++) {
		thread_join(&callers[i].thread);
		ck_assert_uint_eq(callers[i].runs, ROUNDS);
	}
	helper_done(&h);
}
END_TEST

static const TTest *const *const tests[] = {
	&helper_works_beside_who_asked,           &what_a_busy_helper_has_not_begun_is_taken_back,
	&what_is_cancelled_is_not_begun_any_more, &helper_that_was_never_asked_ends,
	&each_task_is_run_once_whoever_asks,
};

UNIT_SUITE("lsm/base/helper", tests)
