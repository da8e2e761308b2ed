#include "lsm/base/mutex.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lsm/base/clock.h"
#include "lsm/base/thread.h"
#include "tests/unit/unit.h"

/* Two of one rank and one of a higher. */
static struct mutex outer[2], inner;
static struct cond changed;

static void set_up(void)
{
	mutex_init(&outer[0], RANK_DB_WRITE);
	mutex_init(&outer[1], RANK_DB_WRITE);
	mutex_init(&inner, RANK_CACHE);
	cond_init(&changed);
}

static void tear_down(void)
{
	cond_done(&changed);
	mutex_done(&inner);
	mutex_done(&outer[1]);
	mutex_done(&outer[0]);
}

START_TEST(ranks_in_order_are_taken)
{
	set_up();
	mutex_lock(&outer[0]);
	mutex_lock_same_rank(&outer[1]);
	mutex_lock(&inner);
	mutex_assert_held(&outer[0]);
	mutex_assert_held(&outer[1]);
	mutex_assert_held(&inner);
	/* released in another order than taken */
	mutex_unlock(&outer[0]);
	mutex_unlock(&inner);
	mutex_assert_held(&outer[1]);
	mutex_lock(&inner);
	mutex_unlock(&outer[1]);
	mutex_unlock(&inner);
	mutex_lock(&outer[0]);
	mutex_unlock(&outer[0]);
	tear_down();
}
END_TEST

START_TEST(guard_holds_until_the_end_of_its_block)
{
	set_up();
	{
		mutex_guard(&outer[0]);
		mutex_assert_held(&outer[0]);
	}
	{
		mutex_guard(&outer[0]);
		mutex_assert_held(&outer[0]);
	}
	tear_down();
}
END_TEST

static void try_inner(void *arg)
{
	bool *ret_taken = arg;

	*ret_taken = mutex_trylock(&inner);
	if (*ret_taken)
		mutex_unlock(&inner);
}

START_TEST(trylock_says_whether_it_took)
{
	struct thread t = {0};
	bool taken = true;

	set_up();
	mutex_lock(&inner);
	ck_assert_int_eq(thread_start(&t, "try", try_inner, &taken), 0);
	thread_join(&t);
	ck_assert(!taken);
	ck_assert(mutex_trylock(&outer[0])); /* out of order, but it cannot wait */
	mutex_assert_held(&outer[0]);
	mutex_unlock(&outer[0]);
	mutex_unlock(&inner);
	ck_assert_int_eq(thread_start(&t, "try", try_inner, &taken), 0);
	thread_join(&t);
	ck_assert(taken);
	tear_down();
}
END_TEST

enum {
	ADDERS = 3,
	ADDS = 20000,
};

static unsigned long total; /* guarded by inner */

static void add_many(void *arg)
{
	(void)arg;
	for (int i = 0; i < ADDS; i++) {
		mutex_guard(&inner);
		total++;
	}
}

START_TEST(one_thread_at_a_time_is_inside)
{
	struct thread threads[ADDERS] = {0};

	set_up();
	total = 0;
	for (size_t i = 0; i < ADDERS; i++)
		ck_assert_int_eq(thread_start(&threads[i], "adder", add_many, NULL), 0);
	for (size_t i = 0; i < ADDERS; i++)
		thread_join(&threads[i]);
	ck_assert_uint_eq(total, (unsigned long)ADDERS * ADDS);
	tear_down();
}
END_TEST

static int turn; /* guarded by inner: whose turn it is, 0 or 1 */

/* Take 1000 turns as player 1. */
static void play(void *arg)
{
	(void)arg;
	for (int i = 0; i < 1000; i++) {
		mutex_guard(&inner);
		while (turn != 1)
			cond_wait(&changed, &inner);
		turn = 0;
		cond_signal(&changed);
	}
}

START_TEST(waiters_are_woken)
{
	struct thread t = {0};

	set_up();
	turn = 0;
	ck_assert_int_eq(thread_start(&t, "player", play, NULL), 0);
	for (int i = 0; i < 1000; i++) {
		mutex_guard(&inner);
		while (turn != 0) {
			uint64_t far_ns = clock_mono_ns() + 200 * (uint64_t)1000000000;

			ck_assert(cond_wait_until(&changed, &inner, far_ns));
		}
		turn = 1;
		cond_broadcast(&changed);
	}
	thread_join(&t);
	ck_assert_int_eq(turn, 0);
	tear_down();
}
END_TEST

START_TEST(timed_wait_ends_by_the_monotonic_clock)
{
	uint64_t deadline_ns;

	set_up();
	mutex_lock(&inner);
	ck_assert(!cond_wait_until(&changed, &inner, 0));
	deadline_ns = clock_mono_ns() + 3000000;
	while (cond_wait_until(&changed, &inner, deadline_ns))
		; /* woken for no reason, which the standard allows */
	ck_assert_uint_ge(clock_mono_ns(), deadline_ns);
	mutex_assert_held(&inner);
	mutex_unlock(&inner);
	tear_down();
}
END_TEST

/* Only builds with LSM_DEBUG check the order; others would wait for ever. */
#ifdef LSM_DEBUG

/* Run fault in a child, which must abort; what it said goes to text. */
static void run_to_abort(void (*fault)(void), char *text, size_t room)
{
	static const struct rlimit no_core = {0, 0};
	int ends[2];
	int status;
	size_t len = 0;
	ssize_t got;

	ck_assert_int_eq(pipe(ends), 0);
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		signal(SIGABRT, SIG_DFL);
		setrlimit(RLIMIT_CORE, &no_core);
		dup2(ends[1], STDERR_FILENO);
		fault();
		_exit(0);
	}
	close(ends[1]);
	while (len + 1 < room && (got = read(ends[0], text + len, room - 1 - len)) > 0)
		len += (size_t)got;
	text[len] = '\0';
	close(ends[0]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "status %x: %s", status,
		      text);
}

static void check_abort_says(void (*fault)(void), const char *expected)
{
	char text[1000];

	set_up();
	run_to_abort(fault, text, sizeof(text));
	ck_assert_msg(strstr(text, expected), "\"%s\" lacks \"%s\"", text, expected);
	tear_down();
}

static void take_out_of_order(void)
{
	mutex_lock(&inner);
	mutex_lock(&outer[0]);
}

static void take_twice(void)
{
	mutex_lock(&inner);
	mutex_lock(&inner);
}

static void take_same_rank_plainly(void)
{
	mutex_lock(&outer[0]);
	mutex_lock(&outer[1]);
}

static void take_same_rank_downwards(void)
{
	mutex_lock(&outer[1]);
	mutex_lock_same_rank(&outer[0]);
}

static void take_below_an_earlier_one(void)
{
	mutex_lock(&inner);
	if (mutex_trylock(&outer[1]))
		mutex_lock_same_rank(&outer[0]);
}

START_TEST(wrong_order_aborts_and_names_both)
{
	check_abort_says(take_out_of_order, "rank db write (60) wanted while rank cache (110)");
	check_abort_says(take_twice, "rank cache (110) wanted while rank cache (110)");
	check_abort_says(take_same_rank_plainly, "rank db write (60) wanted while rank db write");
	check_abort_says(take_same_rank_downwards, "rank db write (60) wanted while rank db write");
	check_abort_says(take_below_an_earlier_one, "rank db write (60) wanted while rank cache");
}
END_TEST

static void assert_what_is_not_held(void)
{
	mutex_lock(&outer[0]);
	mutex_assert_held(&outer[1]);
}

static void unlock_what_is_not_held(void)
{
	mutex_unlock(&inner);
}

static void wait_without_holding(void)
{
	cond_wait(&changed, &inner);
}

START_TEST(use_of_a_mutex_not_held_aborts)
{
	check_abort_says(assert_what_is_not_held, "rank db write (60) is not held");
	check_abort_says(unlock_what_is_not_held, "rank cache (110) is not held");
	check_abort_says(wait_without_holding, "rank cache (110) is not held");
}
END_TEST

static void wait_under_a_higher_rank(void)
{
	mutex_lock(&outer[0]);
	mutex_lock(&inner);
	cond_wait(&changed, &outer[0]);
}

START_TEST(wait_that_would_retake_out_of_order_aborts)
{
	check_abort_says(wait_under_a_higher_rank, "rank db write (60) wanted while rank cache");
}
END_TEST

#endif

static const TTest *const *tests[] = {
	&ranks_in_order_are_taken,
	&guard_holds_until_the_end_of_its_block,
	&trylock_says_whether_it_took,
	&one_thread_at_a_time_is_inside,
	&waiters_are_woken,
	&timed_wait_ends_by_the_monotonic_clock,
#ifdef LSM_DEBUG
	&wrong_order_aborts_and_names_both,
	&use_of_a_mutex_not_held_aborts,
	&wait_that_would_retake_out_of_order_aborts,
#endif
};

UNIT_SUITE("lsm/base/mutex", tests)
