/*
 * One writer and several readers at once, for ThreadSanitizer: what is committed is found, whole,
 * in order.
 */
#include <errno.h>
#include <stdatomic.h>

#include "lsm/base/coding.h"
#include "lsm/base/thread.h"
#include "tests/unit/lsm/mem/mem_fixture.h"

enum {
	READERS = 3,
	COMMITS = 8000,
	KEYS = 1500,
};

struct stress {
	struct memtable *table;
	/* The last committed seqno; released by the writer, acquired by readers, as the engine
	 * does. */
	_Atomic uint64_t visible;
	_Atomic bool failed;
	uint64_t seed;
};

struct reader {
	struct stress *stress;
	uint64_t number;
	struct thread thread;
};

/* Which key a seqno writes: readers can work out what must be there. */
static uint64_t key_of(const struct stress *s, uint64_t seqno)
{
	/* splitmix64 (S. Vigna) */
	uint64_t x = s->seed + seqno * UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return (x ^ x >> 31) % KEYS;
}

static struct slice spell_key(uint64_t number, char *space, size_t size)
{
	return slice_of(space, (size_t)snprintf(space, size, "user/%04u", (unsigned)number));
}

/* The value holds the seqno in every word, so a half-written one shows. */
static bool record_is_whole(const struct record *rec, struct slice value)
{
	if (value.len != rec->value_len || value.len != 8 * (1 + rec->seqno % 5))
		return false;
	for (size_t i = 0; i < value.len; i += 8)
		if (fixed64_get(value.ptr + i) != rec->seqno)
			return false;
	return rec->time_ns == 1000 + rec->seqno && rec->meta.len == 1;
}

static void check_get(struct stress *s, struct rng *rng)
{
	uint64_t visible = atomic_load_explicit(&s->visible, memory_order_acquire);
	char space[32];
	struct record rec;

	if (visible == 0)
		return;
	uint64_t seqno = 1 + rng_below(rng, visible);
	struct slice key = spell_key(key_of(s, seqno), space, sizeof(space));

	/* Exactly this version must be there, whatever the writer does meanwhile. */
	if (memtable_get(s->table, key, seqno, &rec) || rec.seqno != seqno ||
	    !slice_eq(rec.key, key) || !record_is_whole(&rec, rec.value))
		atomic_store(&s->failed, true);
}

/* A walk that begins when `visible` records are in meets all of those, in order. */
static void check_walk(struct stress *s, bool forward)
{
	uint64_t visible = atomic_load_explicit(&s->visible, memory_order_acquire);
	uint64_t committed = 0;
	struct record last = {0};
	struct slice value;
	struct iter *it;

	if (memtable_iter(s->table, &it)) {
		atomic_store(&s->failed, true);
		return;
	}
	if (forward)
		iter_first(it);
	else
		iter_last(it);
	while (iter_valid(it)) {
		int order = last.seqno
				    ? record_cmp(last.key, last.seqno, it->rec.key, it->rec.seqno)
				    : 0;

		if ((last.seqno && (forward ? order >= 0 : order <= 0)) || iter_value(it, &value) ||
		    !record_is_whole(&it->rec, value))
			atomic_store(&s->failed, true);
		committed += it->rec.seqno <= visible;
		last = it->rec;
		if (forward)
			iter_next(it);
		else
			iter_prev(it);
	}
	if (committed != visible || iter_status(it))
		atomic_store(&s->failed, true);
	iter_free(it);
}

static void read_along(void *arg)
{
	struct reader *reader = arg;
	struct stress *s = reader->stress;
	struct rng rng;

	rng_seed(&rng, s->seed + reader->number);
	while (atomic_load_explicit(&s->visible, memory_order_acquire) < COMMITS) {
		for (int i = 0; i < 200; i++)
			check_get(s, &rng);
		if (rng_below(&rng, 8) == 0)
			check_walk(s, rng_below(&rng, 2) == 0);
	}
	check_walk(s, true);
	check_walk(s, false);
}

static void write_all(struct stress *s)
{
	for (uint64_t seqno = 1; seqno <= COMMITS; seqno++) {
		char space[32];
		uint8_t words[5 * 8];
		struct slice key = spell_key(key_of(s, seqno), space, sizeof(space));

		for (size_t i = 0; i < sizeof(words); i += 8)
			fixed64_put(words + i, seqno);
		fixture_put(s->table, key, seqno, slice_of(words, 8 * (1 + seqno % 5)));
		atomic_store_explicit(&s->visible, seqno, memory_order_release);
	}
}

START_TEST(readers_see_whole_ordered_records_while_one_writes)
{
	struct stress s = {.seed = unit_seed()};
	struct reader readers[READERS] = {0};

	ck_assert_int_eq(memtable_new(&s.table), 0);
	for (size_t i = 0; i < READERS; i++) {
		readers[i].stress = &s;
		readers[i].number = i;
		ck_assert_int_eq(
			thread_start(&readers[i].thread, "reader", read_along, &readers[i]), 0);
	}
	write_all(&s);
	for (size_t i = 0; i < READERS; i++)
		thread_join(&readers[i].thread);
	ck_assert(!atomic_load(&s.failed));
	ck_assert_uint_eq(memtable_count(s.table), COMMITS);
	memtable_unref(s.table);
}
END_TEST

static const TTest *const *const tests[] = {
	&readers_see_whole_ordered_records_while_one_writes,
};

UNIT_SUITE("lsm/mem/memtable_stress", tests)
