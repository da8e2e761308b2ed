#include "lsm/cli/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "lsm/base/thread.h"
#include "tests/unit/unit.h"

static timer_t timer;
static int ends[2]; /* of a pipe, within a test that has one */

static void begin_with_pipe(int flags)
{
	ck_assert_int_eq(pipe2(ends, flags), 0);
	interrupt_begin(NULL);
}

static void end_with_pipe(void)
{
	interrupt_end();
	ck_assert_int_eq(close(ends[0]), 0);
	ck_assert_int_eq(close(ends[1]), 0);
}

/* SIGTERM comes in 50 ms: what waits has mostly begun to by then. */
static void signal_soon(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGTERM};
	struct itimerspec times = {.it_value.tv_nsec = 50 * 1000 * 1000};

	ck_assert_int_eq(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	ck_assert_int_eq(timer_settime(timer, 0, &times, NULL), 0);
}

static void expect_read_to_end(void)
{
	char byte;

	ck_assert_int_eq(read(ends[0], &byte, 1), -1);
	ck_assert_int_eq(errno, EINTR);
}

START_TEST(a_signal_is_noted_and_told)
{
	_Atomic bool stop = false;

	interrupt_begin(&stop);
	ck_assert(!interrupted());
	ck_assert_int_eq(interrupt_check(), 0);
	ck_assert_int_eq(raise(SIGTERM), 0);
	ck_assert(interrupted());
	ck_assert_int_eq(interrupt_check(), -ECANCELED);
	ck_assert(stop);
	interrupt_end();
}
END_TEST

START_TEST(who_begins_later_is_told_too)
{
	_Atomic bool stop = false;

	interrupt_begin(NULL);
	ck_assert_int_eq(raise(SIGTERM), 0);
	interrupt_begin(&stop);
	ck_assert(stop);
	interrupt_end();
	interrupt_end();
}
END_TEST

START_TEST(a_signal_ends_a_wait_for_input)
{
	begin_with_pipe(0);
	ck_assert_int_eq(interrupt_wait_begin(), 0);
	signal_soon();
	expect_read_to_end();
	interrupt_wait_end();
	ck_assert_int_eq(interrupt_wait_begin(), -EINTR);
	end_with_pipe();
	ck_assert_int_eq(timer_delete(timer), 0);
}
END_TEST

/* As if it came after the last look at the flag. */
START_TEST(also_one_that_begins_after_it)
{
	begin_with_pipe(0);
	ck_assert_int_eq(interrupt_wait_begin(), 0);
	ck_assert_int_eq(raise(SIGINT), 0);
	expect_read_to_end();
	expect_read_to_end();
	interrupt_wait_end();
	end_with_pipe();
}
END_TEST

static void read_once_interrupted(void *arg)
{
	char bytes[4096];

	(void)arg;
	while (!interrupted())
		sched_yield();
	ck_assert(read(ends[0], bytes, sizeof(bytes)) == sizeof(bytes));
}

START_TEST(output_goes_on)
{
	const char bytes[4096] = {0};
	struct thread reader = {0};

	begin_with_pipe(O_NONBLOCK);
	while (write(ends[1], bytes, sizeof(bytes)) > 0)
		continue; /* until it is full */
	ck_assert_int_eq(fcntl(ends[1], F_SETFL, 0), 0);
	ck_assert_int_eq(thread_start(&reader, "reader", read_once_interrupted, NULL), 0);
	signal_soon();
	ck_assert_int_eq(write(ends[1], bytes, 1), 1);
	ck_assert(interrupted());
	thread_join(&reader);
	end_with_pipe();
	ck_assert_int_eq(timer_delete(timer), 0);
}
END_TEST

START_TEST(what_the_program_did_with_signals_is_as_before)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGALRM};
	struct sigaction before[array_size(numbers)], after;

	ck_assert(signal(SIGHUP, SIG_DFL) != SIG_ERR); /* nohup has it ignored */
	for (size_t i = 0; i < array_size(numbers); i++)
		ck_assert_int_eq(sigaction(numbers[i], NULL, &before[i]), 0);
	interrupt_begin(NULL);
	interrupt_begin(NULL);
	interrupt_end();
	ck_assert_int_eq(raise(SIGHUP), 0);
	ck_assert(interrupted());
	interrupt_end();
	for (size_t i = 0; i < array_size(numbers); i++) {
		ck_assert_int_eq(sigaction(numbers[i], NULL, &after), 0);
		ck_assert(after.sa_handler == before[i].sa_handler);
	}
	interrupt_begin(NULL);
	ck_assert(!interrupted());
	interrupt_end();
}
END_TEST

static const TTest *const *const tests[] = {
	&a_signal_is_noted_and_told,
	&who_begins_later_is_told_too,
	&a_signal_ends_a_wait_for_input,
	&also_one_that_begins_after_it,
	&output_goes_on,
	&what_the_program_did_with_signals_is_as_before,
};

UNIT_SUITE("lsm/cli/interrupt", tests)
