#include "fs/shutdown.h"

#include <stdlib.h>
#include <unistd.h>

#include "lsm/base/clock.h"
#include "lsm/base/log.h"

static void watch(void *arg)
{
	struct shutdown_watch *w = arg;
	bool in_time = true;

	mutex_lock(&w->mu);
	while (!w->is_over && in_time)
		in_time = cond_wait_until(&w->over, &w->mu, w->deadline_ns);
	bool late = !w->is_over;

	mutex_unlock(&w->mu);
	if (!late)
		return;
	log_error("closing takes longer than fuse.shutdown_timeout: the next open replays the log");
	_exit(EXIT_FAILURE); /* not exit: what it would wait for is what hangs */
}

void shutdown_watch_begin(struct shutdown_watch *w, unsigned seconds)
{
	*w = (struct shutdown_watch){.deadline_ns =
					     clock_mono_ns() + seconds * UINT64_C(1000000000)};
	mutex_init(&w->mu, RANK_FS_SHUTDOWN);
	cond_init(&w->over);
	if (seconds > 0 && thread_start(&w->thread, "apexfs-end", watch, w))
		log_warn("no thread to watch the shutdown");
}

void shutdown_watch_end(struct shutdown_watch *w)
{
	mutex_lock(&w->mu);
	w->is_over = true;
	cond_signal(&w->over);
	mutex_unlock(&w->mu);
	thread_join(&w->thread);
	cond_done(&w->over);
	mutex_done(&w->mu);
}
