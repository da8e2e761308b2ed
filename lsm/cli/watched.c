#include "lsm/cli/watched.h"

#include <errno.h>

#include "lsm/cli/interrupt.h"
#include "lsm/cli/report.h"

void watched_begin(struct watched *w, const char *what, const struct lsm_options *options)
{
	w->work = options->work;
	atomic_store_explicit(&w->work->total_bytes, 0, memory_order_relaxed);
	atomic_store_explicit(&w->work->done_bytes, 0, memory_order_relaxed);
	atomic_store_explicit(&w->work->stop, false, memory_order_relaxed);
	interrupt_begin(&w->work->stop);
	meter_begin(&w->meter, what, HUMAN_BYTES, 0);
	meter_follow(&w->meter, w->work);
}

void watched_end(struct watched *w, int error, const char *left)
{
	char done[HUMAN_MAX];

	meter_unfollow(&w->meter);
	interrupt_end();
	if (error != -ECANCELED)
		return;
	human_number((double)long_work_done(w->work), HUMAN_BYTES, done);
	report_note("%s: stopped by a signal after %s; %s", w->meter.what, done, left);
}
