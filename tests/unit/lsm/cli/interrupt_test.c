#include "lsm/cli/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static void expect_wait_to_end(void)
{
	int ends[2];
	char byte;

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(read(ends[0], &byte, 1), -1);
	ck_assert_int_eq(errno, EINTR);
	ck_assert_int_eq(close(ends[0]), 0);
	ck_assert_int_eq(close(ends[1]), 0);
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

START_TEST(a_wait_that_begins_after_the_signal_ends_too)
{
	interrupt_begin(NULL);
	ck_assert_int_eq(raise(SIGINT), 0);
	expect_wait_to_end();
	expect_wait_to_end();
	interrupt_end();
}
END_TEST

START_TEST(what_the_program_did_with_signals_is_as_before)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGALRM};
	struct sigaction before[array_size(numbers)], after;

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

int main(void)
{
	static const TTest *const *tests[] = {
		&a_signal_is_noted_and_told,
		&a_wait_that_begins_after_the_signal_ends_too,
		&what_the_program_did_with_signals_is_as_before,
	};

	return unit_run("interrupt", tests, array_size(tests));
}
