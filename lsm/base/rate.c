#include "lsm/base/rate.h"

#define SECOND_NS UINT64_C(1000000000)
#define BURST_NS  (RATE_BURST_MS * UINT64_C(1000000))

void rate_init(struct rate *r, uint64_t per_second)
{
	atomic_init(&r->per_second, per_second);
	atomic_init(&r->paid_until_ns, 0);
}

void rate_set(struct rate *r, uint64_t per_second)
{
	atomic_store_explicit(&r->per_second, per_second, memory_order_relaxed);
}

static uint64_t price_ns(uint64_t units, uint64_t per_second)
{
	uint64_t seconds = units / per_second;
	uint64_t rest = units % per_second;

	if (seconds > UINT32_MAX)
		return UINT32_MAX * SECOND_NS;
	/* in floating point, as rest * SECOND_NS may not fit; a part of a second needs no more */
	return seconds * SECOND_NS +
	       (uint64_t)((double)rest * (double)SECOND_NS / (double)per_second);
}

uint64_t rate_take(struct rate *r, uint64_t units, uint64_t now_ns)
{
	uint64_t per_second = atomic_load_explicit(&r->per_second, memory_order_relaxed);

	if (per_second == 0)
		return 0;
	uint64_t price = price_ns(units, per_second);
	uint64_t earliest = now_ns > BURST_NS ? now_ns - BURST_NS : 0;
	uint64_t before = atomic_load_explicit(&r->paid_until_ns, memory_order_relaxed);
	uint64_t after;

	do
		after = max_of(before, earliest) + price;
	while (!atomic_compare_exchange_weak_explicit(&r->paid_until_ns, &before, after,
						      memory_order_relaxed, memory_order_relaxed));
	return after > now_ns ? after - now_ns : 0;
}
