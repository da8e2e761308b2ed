#include "fs/ops/ops_count.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lsm/base/clock.h"
#include "lsm/base/tally.h"

struct ops_shard {
	_Alignas(64) _Atomic uint64_t requests[OPS_REQUEST_COUNT];
	_Atomic uint64_t begun, ended; /* of all kinds but forgets */
};

/* Relaxed, but for the shards: each is a number for people. */
struct ops_counters {
	struct ops_shard shards[TALLY_SLOTS];
	struct histogram durations[OPS_REQUEST_COUNT];
	_Atomic uint64_t errors[OPS_REQUEST_COUNT][OPS_ERRNO_MAX + 1];
};

/* The request that a thread works on. */
static _Thread_local struct {
	enum ops_request kind; /* OPS_REQUEST_COUNT: none */
	uint32_t weight;
	uint64_t start_ns; /* 0: not timed */
} current = {.kind = OPS_REQUEST_COUNT};

int ops_counters_new(struct ops_counters **ret_counters)
{
	struct ops_counters *c = aligned_alloc(_Alignof(struct ops_counters), sizeof(*c));

	if (!c)
		return -ENOMEM;
	memset(c, 0, sizeof(*c));
	*ret_counters = c;
	return 0;
}

void ops_counters_free(struct ops_counters *counters)
{
	free(counters);
}

void ops_count_begin(struct ops_counters *counters, enum ops_request request)
{
	unsigned slot = tally_slot();

	if (!counters)
		return;
	uint64_t n = tally_add(&counters->shards[slot].requests[request], slot, 1);

	(void)tally_add(&counters->shards[slot].begun, slot, 1);

	current.kind = request;
	current.weight = n <= OPS_TIMED_FIRST ? 1 : OPS_TIMED_EVERY;
	current.start_ns = n <= OPS_TIMED_FIRST || n % OPS_TIMED_EVERY == 0 ? clock_mono_ns() : 0;
}

uint64_t ops_count_alone(const struct ops_counters *counters)
{
	uint64_t ended = 0, begun = 0;

	if (!counters)
		return 0;
	/* Read first: then they differ by ours alone only if nothing else was under way here. */
	for (size_t i = 0; i < TALLY_SLOTS; i++)
		ended += atomic_load_explicit(&counters->shards[i].ended, memory_order_acquire);
	for (size_t i = 0; i < TALLY_SLOTS; i++)
		begun += atomic_load_explicit(&counters->shards[i].begun, memory_order_acquire);
	return begun == ended + 1 ? begun : 0;
}

void ops_count_forgets(struct ops_counters *counters, uint64_t nodes)
{
	unsigned slot = tally_slot();

	if (counters)
		(void)tally_add(&counters->shards[slot].requests[OPS_FORGET], slot, nodes);
}

void ops_count_end(struct ops_counters *counters, int rc)
{
	enum ops_request kind = current.kind;

	if (!counters || kind == OPS_REQUEST_COUNT)
		return;
	current.kind = OPS_REQUEST_COUNT;
	unsigned slot = tally_slot();

	(void)tally_add(&counters->shards[slot].ended, slot, 1);
	if (rc)
		atomic_fetch_add_explicit(&counters->errors[kind][-rc <= OPS_ERRNO_MAX ? -rc : 0],
					  1, memory_order_relaxed);
	if (current.start_ns)
		histogram_record_many(&counters->durations[kind],
				      clock_mono_ns() - current.start_ns, current.weight);
}

static void read_kind(const struct ops_counters *c, size_t kind, struct ops_stats *s)
{
	uint64_t *errors = &s->by_kind_and_errno[kind * (OPS_ERRNO_MAX + 1)];

	/* an error is counted after its request: so read before it */
	for (size_t e = 0; e <= OPS_ERRNO_MAX; e++) {
		errors[e] = atomic_load_explicit(&c->errors[kind][e], memory_order_acquire);
		s->by_errno[e] += errors[e];
		s->errors += errors[e];
	}
	histogram_summarise(&c->durations[kind], &s->kinds[kind]);
	s->kinds[kind].count = 0;
	for (size_t i = 0; i < TALLY_SLOTS; i++)
		s->kinds[kind].count +=
			atomic_load_explicit(&c->shards[i].requests[kind], memory_order_acquire);
	s->requests += kind == OPS_FORGET ? 0 : s->kinds[kind].count;
}

void ops_stats_read(const struct ops_counters *counters, struct ops_stats *ret_stats)
{
	memset(ret_stats, 0, sizeof(*ret_stats));
	for (size_t kind = 0; kind < OPS_REQUEST_COUNT && counters; kind++)
		read_kind(counters, kind, ret_stats);
}
