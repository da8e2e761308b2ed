#include "lsm/cli/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

enum {
	AGAIN_NS = 20 * 1000 * 1000,
};

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

/* Written by the handler, lock-free; relaxed: nothing else is told with them. */
static _Atomic bool noted;
static _Atomic(_Atomic bool *) other;
static struct sigaction before[array_size(signals)];
static int depth; /* the begins that have not ended */

/*
 * A signal between the last look at `noted` and a call that waits, for input for example, would not
 * end that wait. From the first one on SIGALRM comes again and again, and does.
 */
static timer_t again;
static bool has_again;
static struct sigaction alarm_before;

static void ignore_alarm(int number)
{
	(void)number;
}

static void begin_again(void)
{
	struct sigaction action = {.sa_handler = ignore_alarm};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};

	has_again = timer_create(CLOCK_MONOTONIC, &event, &again) == 0;
	if (has_again)
		(void)sigaction(SIGALRM, &action, &alarm_before);
}

static void end_again(void)
{
	if (!has_again)
		return;
	has_again = false;
	(void)timer_delete(again);
	(void)sigaction(SIGALRM, &alarm_before, NULL);
}

/* Safe in a handler, as timer_settime(2) is. */
static void start_again(void)
{
	struct itimerspec times = {.it_value.tv_nsec = AGAIN_NS, .it_interval.tv_nsec = AGAIN_NS};

	if (has_again)
		(void)timer_settime(again, 0, &times, NULL);
}

static void note_signal(int number)
{
	_Atomic bool *also = atomic_load_explicit(&other, memory_order_relaxed);

	(void)number; /* SA_RESETHAND: the next one is as ever */
	atomic_store_explicit(&noted, true, memory_order_relaxed);
	if (also)
		atomic_store_explicit(also, true, memory_order_relaxed);
	start_again();
}

void interrupt_begin(_Atomic bool *also)
{
	struct sigaction action = {.sa_handler = note_signal, .sa_flags = (int)SA_RESETHAND};

	atomic_store_explicit(&other, also, memory_order_relaxed);
	if (depth++ > 0)
		return;
	atomic_store_explicit(&noted, false, memory_order_relaxed);
	begin_again();
	for (size_t i = 0; i < array_size(signals); i++) {
		/* the numbers are good; what is ignored (nohup) stays so */
		(void)sigaction(signals[i], NULL, &before[i]);
		if (before[i].sa_handler != SIG_IGN)
			(void)sigaction(signals[i], &action, NULL);
	}
}

void interrupt_end(void)
{
	atomic_store_explicit(&other, NULL, memory_order_relaxed);
	if (--depth > 0)
		return;
	for (size_t i = 0; i < array_size(signals); i++)
		(void)sigaction(signals[i], &before[i], NULL);
	end_again();
}

bool interrupted(void)
{
	return atomic_load_explicit(&noted, memory_order_relaxed);
}

int interrupt_check(void)
{
	return interrupted() ? -ECANCELED : 0;
}
