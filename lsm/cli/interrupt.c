#include "lsm/cli/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

/* Written by the handler, lock-free; relaxed: nothing else is told with them. */
static _Atomic bool noted;
static _Atomic(_Atomic bool *) other;
static struct sigaction before[array_size(signals)];
static int depth; /* the begins that have not ended */

static void note_signal(int number)
{
	_Atomic bool *also = atomic_load_explicit(&other, memory_order_relaxed);

	(void)number; /* SA_RESETHAND: the next one is as ever */
	atomic_store_explicit(&noted, true, memory_order_relaxed);
	if (also)
		atomic_store_explicit(also, true, memory_order_relaxed);
}

void interrupt_begin(_Atomic bool *also)
{
	struct sigaction action = {.sa_handler = note_signal, .sa_flags = (int)SA_RESETHAND};

	atomic_store_explicit(&other, also, memory_order_relaxed);
	if (depth++ > 0)
		return;
	atomic_store_explicit(&noted, false, memory_order_relaxed);
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
}

bool interrupted(void)
{
	return atomic_load_explicit(&noted, memory_order_relaxed);
}

int interrupt_check(void)
{
	return interrupted() ? -ECANCELED : 0;
}
