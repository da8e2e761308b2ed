#include "lsm/cli/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

enum {
	ALARM_NS = 20 * 1000 * 1000,
};

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

/* What the handler, which runs in the one thread that uses this, reads and writes. Lock-free;
 * relaxed: nothing else is told with them. */
static _Atomic bool noted;
static _Atomic bool waiting; /* for input */
static _Atomic(_Atomic bool *) other;

static struct sigaction before[array_size(signals)], alarm_before;
static int depth; /* the begins that have not ended */

/*
 * Wakes who waits for input: a signal just before the read would find nobody waiting yet, and the
 * read would go on waiting, so SIGALRM comes until it has ended. What else waits is restarted
 * (SA_RESTART): output is not lost for a signal.
 */
static timer_t waker;
static bool has_waker; /* immutable while the handler may run */

static void set_waker(long ns)
{
	struct itimerspec times = {.it_value.tv_nsec = ns, .it_interval.tv_nsec = ns};

	if (has_waker)
		(void)timer_settime(waker, 0, &times, NULL); /* may be called by a handler */
}

static void note_signal(int number)
{
	_Atomic bool *also = atomic_load_explicit(&other, memory_order_relaxed);
	int error = errno;

	(void)number; /* SA_RESETHAND: the next one is as ever */
	atomic_store_explicit(&noted, true, memory_order_relaxed);
	if (also)
		atomic_store_explicit(also, true, memory_order_relaxed);
	if (atomic_load_explicit(&waiting, memory_order_relaxed))
		set_waker(ALARM_NS);
	errno = error;
}

static void ignore_alarm(int number)
{
	(void)number;
}

static void make_waker(void)
{
	struct sigaction action = {.sa_handler = ignore_alarm};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};

	has_waker = timer_create(CLOCK_MONOTONIC, &event, &waker) == 0;
	if (has_waker)
		(void)sigaction(SIGALRM, &action, &alarm_before);
}

static void free_waker(void)
{
	if (!has_waker)
		return;
	has_waker = false;
	(void)timer_delete(waker);
	(void)sigaction(SIGALRM, &alarm_before, NULL);
}

void interrupt_begin(_Atomic bool *also)
{
	struct sigaction action = {.sa_handler = note_signal,
				   .sa_flags = (int)SA_RESETHAND | SA_RESTART};

	atomic_store_explicit(&other, also, memory_order_relaxed);
	if (depth++ > 0) {
		if (also && interrupted())
			atomic_store_explicit(also, true, memory_order_relaxed);
		return;
	}
	atomic_store_explicit(&noted, false, memory_order_relaxed);
	make_waker();
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
	free_waker();
}

bool interrupted(void)
{
	return atomic_load_explicit(&noted, memory_order_relaxed);
}

int interrupt_check(void)
{
	return interrupted() ? -ECANCELED : 0;
}

int interrupt_wait_begin(void)
{
	if (depth == 0)
		return 0;
	atomic_store_explicit(&waiting, true, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst); /* a handler from here on sees it */
	if (!interrupted())
		return 0;
	interrupt_wait_end();
	return -EINTR;
}

void interrupt_wait_end(void)
{
	atomic_store_explicit(&waiting, false, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	if (depth > 0 && interrupted())
		set_waker(0);
}
