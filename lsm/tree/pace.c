#include "lsm/tree/pace.h"

#include "lsm/base/clock.h"

void pace_init(struct pace *p, uint64_t bytes_per_second)
{
	*p = (struct pace){0};
	rate_init(&p->rate, bytes_per_second);
	mutex_init(&p->mu, RANK_TREE_PACE);
	cond_init(&p->stop);
}

void pace_done(struct pace *p)
{
	cond_done(&p->stop);
	mutex_done(&p->mu);
}

void pace_take(struct pace *p, uint64_t bytes)
{
	uint64_t start_ns = clock_mono_ns();
	uint64_t wait_ns = rate_take(&p->rate, bytes, start_ns);

	if (wait_ns == 0)
		return;
	mutex_lock(&p->mu);
	while (!pace_is_stopped(p) && cond_wait_until(&p->stop, &p->mu, start_ns + wait_ns))
		;
	mutex_unlock(&p->mu);
	atomic_fetch_add_explicit(&p->waited_ns, clock_mono_ns() - start_ns, memory_order_relaxed);
}

void pace_stop(struct pace *p)
{
	mutex_guard(&p->mu);
	atomic_store_explicit(&p->stopped, true, memory_order_relaxed);
	cond_broadcast(&p->stop);
}
