#include "tests/kill/verdict.h"

#include <assert.h>

#include "fs/core/fs.h"

static const uint64_t ms_ns = 1000000;

/* How long the daemon took to log something, at worst, with the disk and the machine as they were.
 */
static uint64_t slowest_ns(const struct history *const *histories, uint32_t writers,
			   const struct mounted_death *death)
{
	uint64_t slowest = 0;

	for (uint32_t w = 0; w < writers; w++) {
		const struct history *h = histories[w];

		for (uint32_t i = 0; i < h->started; i++) {
			const struct change *c = &h->changes[i];
			uint64_t end_ns = c->ack_ns ? c->ack_ns : death->dead_ns;

			if (end_ns > c->start_ns)
				slowest = max_of(slowest, end_ns - c->start_ns);
		}
	}
	return slowest;
}

static bool is_write_to(const struct change *c, uint32_t file)
{
	return (c->kind == CHANGE_WRITE || c->kind == CHANGE_APPEND) && c->file == file;
}

/*
 * Whether it may be missing, when things are in the log held_ns after their acknowledgement at the
 * latest. next: what was in flight, or NULL.
 */
static bool may_be_missing(const struct change *held, uint64_t held_ns, const struct change *next,
			   const struct mounted_death *death)
{
	uint64_t logged_ns = held->ack_ns + held_ns;

	if (death->alive_ns < logged_ns)
		return true;
	return next && is_write_to(next, held->file) && next->start_ns < logged_ns;
}

/* What the daemon may have had in hand: not what a writer began only after its death. */
static const struct change *in_flight(const struct history *h, const struct mounted_death *death)
{
	const struct change *next = history_in_flight(h);

	return next && next->start_ns < death->dead_ns ? next : NULL;
}

/* Whether any writer was in an fsync at some time from from_ns to its end. */
static bool somebody_synced(const struct history *const *histories, uint32_t writers,
			    uint64_t from_ns, const struct mounted_death *death)
{
	for (uint32_t w = 0; w < writers; w++) {
		const struct history *h = histories[w];

		for (uint32_t i = h->started; i > 0; i--) {
			const struct change *c = &h->changes[i - 1];

			if (c->ack_ns && c->ack_ns < from_ns)
				break;
			if (c->kind == CHANGE_SYNC && c->start_ns < death->dead_ns)
				return true;
		}
	}
	return false;
}

/* The number of changes before the held ones that end the history; the number of acknowledged ones
 * when none do. */
static uint32_t held_from(const struct history *h)
{
	uint32_t first = h->acked;

	while (first > 0 && change_may_be_held(&h->changes[first - 1]) &&
	       h->changes[first - 1].file == h->changes[h->acked - 1].file)
		first--;
	return first;
}

static void allow(struct verdict *v, uint32_t changes)
{
	if (v->count < VERDICT_STATES_MAX)
		v->states[v->count++] = (struct verdict_state){.changes = changes};
}

struct verdict verdict_of(const struct history *const *histories, uint32_t writers, uint32_t writer,
			  const struct mounted_death *death)
{
	const struct history *h = histories[writer];
	const struct change *next = in_flight(h, death);
	uint32_t first = held_from(h);
	struct verdict v = {0};

	if (next) {
		allow(&v, h->acked + 1);
		v.states[v.count++] = (struct verdict_state){.changes = h->acked, .part = true};
	}
	if (first == h->acked) {
		allow(&v, h->acked);
		return v;
	}
	const struct change *oldest = &h->changes[first];
	bool logged_by_time = death->dead_ns >= oldest->start_ns + FS_HOLD_MS * ms_ns;
	bool logged_by_change = next && !is_write_to(next, oldest->file);

	if (logged_by_time || logged_by_change ||
	    somebody_synced(histories, writers, oldest->start_ns, death))
		allow(&v, h->acked);
	uint64_t held_ns =
		(FS_HOLD_MS + VERDICT_WAKE_MS) * ms_ns + slowest_ns(histories, writers, death);

	for (uint32_t i = h->acked; i > first; i--) {
		if (may_be_missing(&h->changes[i - 1], held_ns, next, death))
			allow(&v, i - 1);
	}
	return v;
}
