/*
 * Power cuts: every prefix of a recorded run, with what was not synced lost, kept or mangled, must
 * open as a prefix of the run's history that holds at least what the last sync promised, take
 * writes, and open again.
 *
 * usage: power_cut_test [SEEDS]; APEX_SEED runs that one seed.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/env/env_mem.h"
#include "lsm/lsm.h"
#include "tests/power/disk.h"

enum {
	KEYS = 24,
	CHANGES = 240,
	SYNC_BIT = 1 << 20, /* in a mark: changes up to it were synced */
};

/* Per key the number of the change that put it last; 0: absent. */
struct world {
	uint32_t by[KEYS];
};

struct history {
	uint64_t seed;
	struct world after[CHANGES + 1]; /* after[n]: n changes made */
	struct env *memory, *recorder;
	uint64_t states;
};

static _Noreturn void give_up(const struct history *h, size_t call, int tail, const char *what)
{
	printf("not ok 1 - seed %" PRIu64 " cut after call %zu tail %d: %s (%s)\n", h->seed, call,
	       tail, what, lsm_error_text());
	abort();
}

static struct lsm_options small_options(struct env *env, enum lsm_sync_mode mode)
{
	struct lsm_options o;

	lsm_options_init(&o);
	o.reserve_bytes = 16 << 10;
	o.env = env;
	o.sync_mode = mode;
	o.sync_interval_ms = 3600000;
	o.memtable_bytes = 8 << 10;
	o.block_bytes = 512;
	o.base_level_bytes = 32 << 10;
	o.target_file_bytes = 8 << 10;
	o.cache_bytes = 1 << 20;
	return o;
}

static struct slice key_name(int key, char *text)
{
	(void)snprintf(text, 16, "key%02d", key);
	return slice_str(text);
}

/* The value that change n gives a key: it names both, so a mix-up shows. */
static struct slice value_of(int key, uint32_t n, char *text)
{
	int len = snprintf(text, 512, "%d by %u ", key, n);
	size_t total = (size_t)len + n * 37 % 400;

	memset(text + len, 'a' + (int)(n % 26), total - (size_t)len);
	return slice_of(text, total);
}

/* Change n: up to three keys put or deleted in one batch. */
static void make_change(struct history *h, struct lsm *db, struct rng *rng, uint32_t n)
{
	struct lsm_batch *batch = lsm_batch_new();
	struct world *world = &h->after[n];
	char key_text[16], value_text[1024];

	*world = h->after[n - 1];
	for (uint64_t left = 1 + rng_below(rng, 3); left > 0; left--) {
		int key = (int)rng_below(rng, KEYS);

		if (rng_below(rng, 4) == 0) {
			assert(lsm_batch_delete(batch, key_name(key, key_text)) == 0);
			world->by[key] = 0;
			continue;
		}
		assert(lsm_batch_put(batch, key_name(key, key_text), slice_of(NULL, 0),
				     value_of(key, n, value_text)) == 0);
		world->by[key] = n;
	}
	assert(lsm_write(db, batch, NULL, NULL) == 0);
	lsm_batch_free(batch);
	assert(env_record_mark(h->recorder, n) == 0);
}

static void record_run(struct history *h, struct rng *rng, enum lsm_sync_mode mode)
{
	struct lsm_options options = small_options(h->recorder, mode);
	struct lsm *db;

	assert(lsm_open("store", &options, &db) == 0);
	for (uint32_t n = 1; n <= CHANGES; n++) {
		make_change(h, db, rng, n);
		if (mode == LSM_SYNC_ALWAYS)
			assert(env_record_mark(h->recorder, n | SYNC_BIT) == 0);
		else if (rng_below(rng, 12) == 0) {
			assert(lsm_sync(db) == 0);
			assert(env_record_mark(h->recorder, n | SYNC_BIT) == 0);
		}
		if (rng_below(rng, 60) == 0)
			assert(lsm_compact(db, slice_str(""), slice_str("")) == 0);
		if (rng_below(rng, 40) == 0) {
			assert(lsm_close(db) == 0);
			assert(env_record_mark(h->recorder, n | SYNC_BIT) == 0);
			assert(lsm_open("store", &options, &db) == 0);
		}
	}
	assert(lsm_close(db) == 0);
	assert(env_record_mark(h->recorder, CHANGES | SYNC_BIT) == 0);
}

/* Read the whole store; false when a value is none that any change wrote. */
static bool read_world(struct lsm *db, struct world *ret_world)
{
	char key_text[16], value_text[1024];

	*ret_world = (struct world){0};
	for (int key = 0; key < KEYS; key++) {
		struct lsm_record record;
		int err = lsm_get(db, key_name(key, key_text), NULL, &record);

		if (err == -ENOENT)
			continue;
		if (err)
			return false;
		unsigned by = 0;
		int named = -1;
		char head[32] = "";

		memcpy(head, record.value.ptr, record.value.len < 31 ? record.value.len : 31);
		bool whole = sscanf(head, "%d by %u ", &named, &by) == 2 && named == key &&
			     slice_eq(record.value, value_of(key, by, value_text));

		lsm_record_release(&record);
		if (!whole)
			return false;
		ret_world->by[key] = by;
	}
	return true;
}

/* Whether the world is the history after m changes, for some m in [low, high]. */
static bool is_prefix(const struct history *h, const struct world *world, uint32_t low,
		      uint32_t high)
{
	for (uint32_t m = low; m <= high && m <= CHANGES; m++)
		if (memcmp(&h->after[m], world, sizeof(*world)) == 0)
			return true;
	return false;
}

/* Open after the cut, check, write, close, open again: the write is there, the rest as before. */
static void check_state(struct history *h, struct env *env, size_t call, int tail, uint32_t synced,
			uint32_t acked)
{
	struct lsm_options options = small_options(env, LSM_SYNC_MANUAL);
	struct lsm *db;
	struct world found, again;
	char key_text[16], value_text[1024];

	h->states++;
	if (lsm_open("store", &options, &db))
		give_up(h, call, tail, "does not open");
	if (!read_world(db, &found))
		give_up(h, call, tail, "unreadable");
	if (!is_prefix(h, &found, synced, acked + 1))
		give_up(h, call, tail, "not a prefix of history since the last sync");
	if (lsm_put(db, key_name(0, key_text), value_of(0, 9999, value_text), NULL))
		give_up(h, call, tail, "takes no write");
	if (lsm_close(db) || lsm_open("store", &options, &db))
		give_up(h, call, tail, "does not open a second time");
	found.by[0] = 9999;
	if (!read_world(db, &again) || memcmp(&found, &again, sizeof(found)) != 0)
		give_up(h, call, tail, "changed by reopening");
	if (lsm_close(db))
		give_up(h, call, tail, "does not close");
}

static void cut_everywhere(struct history *h, struct rng *rng)
{
	size_t count;
	const struct env_call *calls = env_record_calls(h->recorder, &count);
	struct disk *disk = calloc(1, sizeof(*disk));
	uint32_t synced = 0, acked = 0;

	assert(disk);
	for (size_t i = 0; i < count; i++) {
		disk_apply(disk, &calls[i]);
		if (calls[i].kind == ENV_CALL_MARK) {
			uint32_t n = (uint32_t)calls[i].offset;

			if (n & SYNC_BIT)
				synced = n & ~(uint32_t)SYNC_BIT;
			else
				acked = n;
			continue;
		}
		/* nothing to lose, then to lose it all, then one of the rest */
		enum disk_tail tails[] = {
			DISK_TAIL_NOTHING,
			(enum disk_tail)(1 + rng_below(rng, DISK_TAIL_COUNT - 1)),
		};
		for (size_t k = 0; k < array_size(tails); k++) {
			struct env *env = disk_cut(disk, "store", tails[k], rng);

			check_state(h, env, i, (int)tails[k], synced, acked);
			env_free(env);
		}
	}
	disk_done(disk);
	free(disk);
}

static unsigned passed; /* seeds */

static void run_seed(uint64_t seed)
{
	struct history *h = calloc(1, sizeof(*h));
	struct rng rng;

	assert(h);
	h->seed = seed;
	rng_seed(&rng, seed);
	h->memory = env_mem_new();
	h->recorder = env_record_new(h->memory);
	record_run(h, &rng, (enum lsm_sync_mode)(seed % 4));
	cut_everywhere(h, &rng);
	printf("ok %u - seed %" PRIu64 ": %" PRIu64 " states\n", ++passed, seed, h->states);
	env_free(h->recorder);
	env_free(h->memory);
	free(h);
}

int main(int argc, char **argv)
{
	uint64_t seeds = argc > 1 ? strtoull(argv[1], NULL, 10) : 4;
	const char *one = getenv("APEX_SEED");

	printf("1..%" PRIu64 "\n", one ? 1 : seeds);
	if (one) {
		run_seed(strtoull(one, NULL, 10));
		return 0;
	}
	for (uint64_t seed = 1; seed <= seeds; seed++)
		run_seed(seed);
	return 0;
}
