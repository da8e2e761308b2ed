/*
 * The thread that logs what was held for too long.
 */
#include "fs/core/fs_internal.h"
#include "fs/core/hold.h"
#include "lsm/base/clock.h"
#include "lsm/base/error.h"
#include "lsm/base/log.h"

static const uint64_t ms_ns = 1000000;

/* Once for all that fails until something could be logged again. */
static void note_failure(struct hold *h, int err)
{
	if (!atomic_exchange_explicit(&h->failing, true, memory_order_relaxed))
		log_error(
			"a new or emptied file could not be logged, will try again: %s (errno %d)",
			fail_text(), -err);
}

/* Until when the timer has nothing to do; 0: there is something due. */
static uint64_t timer_rest_until(struct hold *h, uint64_t now_ns)
{
	/* What is held from now on is due later than this, so no signal is needed for it. */
	if (!h->first)
		return now_ns + FS_HOLD_MS * ms_ns;

	uint64_t due_ns = max_of(h->first->deadline_ns, h->retry_ns);

	return due_ns > now_ns ? due_ns : 0;
}

static void timer_log_due(struct fs *fs, uint64_t now_ns)
{
	struct hold *h = &fs->hold;

	mutex_unlock(&h->mu);
	int err = hold_expire(fs, now_ns);

	if (err)
		note_failure(h, err);
	mutex_lock(&h->mu);
	h->retry_ns = err ? now_ns + HOLD_RETRY_MS * ms_ns : 0;
}

/*
 * A signal for each thing held would wake this thread, and cost its caller a system call, for each
 * `echo >`, whose write comes long before the time is up. So while things are held it looks every
 * FS_HOLD_MS by itself, and only after a second without any does it sleep until it is signalled.
 */
static void timer_run(void *arg)
{
	struct fs *fs = arg;
	struct hold *h = &fs->hold;

	thread_set_kind(THREAD_PROMPT);
	mutex_lock(&h->mu);
	while (!h->stopping) {
		uint64_t now_ns = clock_mono_ns();
		uint64_t until_ns = timer_rest_until(h, now_ns);

		if (until_ns == 0) {
			timer_log_due(fs, now_ns);
		} else if (h->first || now_ns < h->active_ns + HOLD_IDLE_MS * ms_ns) {
			(void)cond_wait_until(&h->wake, &h->mu, until_ns); /* either is fine */
		} else {
			h->asleep = true;
			cond_wait(&h->wake, &h->mu);
		}
	}
	mutex_unlock(&h->mu);
}

int hold_timer_start(struct fs *fs)
{
	return thread_start(&fs->hold.timer, "fs-hold", timer_run, fs);
}

void hold_timer_stop(struct fs *fs)
{
	mutex_lock(&fs->hold.mu);
	fs->hold.stopping = true;
	mutex_unlock(&fs->hold.mu);
	cond_signal(&fs->hold.wake);
	thread_join(&fs->hold.timer);
}
