/*
 * Writers of several lanes, readers, and one thread that syncs, seals, purges and closes: for
 * ThreadSanitizer. On a real folder, for a folder in memory has a lock of its own that would order
 * everything.
 *
 * Writers replace chunks in slots that all share. What is in a slot has a reference, so it must be
 * readable, right, until the last reader is done with it.
 */
#include "lsm/base/mutex.h"
#include "lsm/base/thread.h"
#include "lsm/env/env_posix.h"
#include "tests/support/scratch.h"
#include "tests/unit/lsm/blob/blob_fixture.h"

enum {
	WRITERS = 3,
	READERS = 3,
	SLOTS = 64,
	CHUNKS = 2000, /* of each writer */
};

struct slot {
	struct blob_file *file; /* a reference; NULL: empty */
	struct extent extent;
	uint64_t seed;
};

struct stress {
	struct fixture fixture; /* only its store and numbers */
	uint64_t seed;
	struct mutex mu; /* guards the slots */
	struct slot slots[SLOTS];
	_Atomic unsigned writing;
};

struct worker {
	struct stress *stress;
	uint64_t number;
	struct thread thread;
};

static struct slot take_slot(struct stress *s, uint64_t i)
{
	mutex_guard(&s->mu);
	struct slot taken = s->slots[i];

	if (taken.file)
		blob_file_ref(taken.file);
	return taken;
}

static void fill_slot(struct stress *s, uint64_t i, struct slot fresh)
{
	mutex_lock(&s->mu);
	struct slot old = s->slots[i];
	s->slots[i] = fresh;
	mutex_unlock(&s->mu);
	blob_file_unref(old.file);
}

static void write_along(void *arg)
{
	struct worker *w = arg;
	struct stress *s = w->stress;
	struct rng rng;
	uint8_t bytes[FIXTURE_CHUNK];

	rng_seed(&rng, s->seed + w->number);
	for (int i = 0; i < CHUNKS; i++) {
		struct slot fresh = {.seed = rng_next(&rng)};
		size_t len = 1 + (size_t)rng_below(&rng, FIXTURE_CHUNK);

		fixture_fill(bytes, len, fresh.seed, fresh.seed % 2);
		ck_assert(blob_store_write(s->fixture.store,
					   &(struct blob_write){.lane = rng_next(&rng),
								.raw = slice_of(bytes, len)},
					   &fresh.extent, &fresh.file) == 0);
		fill_slot(s, rng_below(&rng, SLOTS), fresh);
		if (rng_below(&rng, 32) == 0)
			ck_assert(blob_store_sync(s->fixture.store) == 0);
	}
	atomic_fetch_sub(&s->writing, 1);
}

static void read_along(void *arg)
{
	struct worker *w = arg;
	struct stress *s = w->stress;
	struct rng rng;

	rng_seed(&rng, s->seed - w->number);
	while (atomic_load(&s->writing) > 0) {
		struct slot slot = take_slot(s, rng_below(&rng, SLOTS));
		struct extent *e = &slot.extent;

		if (!slot.file)
			continue;
		e->from = (uint32_t)rng_below(&rng, e->raw_len);
		e->len = 1 + (uint32_t)rng_below(&rng, e->raw_len - e->from);
		if (rng_below(&rng, 8) == 0)
			blob_store_read_ahead(s->fixture.store, e);
		ck_assert(fixture_reads_right(&s->fixture, e, slot.seed, slot.seed % 2));
		blob_file_unref(slot.file);
	}
}

static void keep_house(void *arg)
{
	struct worker *w = arg;
	struct stress *s = w->stress;
	struct rng rng;

	rng_seed(&rng, s->seed ^ w->number);
	while (atomic_load(&s->writing) > 0) {
		struct blob_stats stats;

		ck_assert(blob_store_sync(s->fixture.store) == 0);
		blob_store_purge(s->fixture.store);
		if (rng_below(&rng, 16) == 0)
			blob_store_seal(s->fixture.store);
		if (rng_below(&rng, 16) == 0)
			(void)blob_store_make_way(s->fixture.store);
		blob_store_stats(s->fixture.store, &stats);
		ck_assert(stats.checksum_errors == 0);
	}
}

static void run(struct stress *s)
{
	struct worker workers[WRITERS + READERS + 1] = {0};

	atomic_init(&s->writing, WRITERS);
	for (size_t i = 0; i < array_size(workers); i++) {
		struct worker *w = &workers[i];
		void (*body)(void *) = i < WRITERS             ? write_along
				       : i < WRITERS + READERS ? read_along
							       : keep_house;

		w->stress = s;
		w->number = i + 1;
		ck_assert_int_eq(thread_start(&w->thread, "worker", body, w), 0);
	}
	for (size_t i = 0; i < array_size(workers); i++)
		thread_join(&workers[i].thread);
}

static int expect_no_blob(void *arg, const char *name)
{
	(void)arg;
	ck_assert_msg(!strstr(name, ".blob"), "%s is left", name);
	return 0;
}

START_TEST(chunks_are_right_while_files_come_and_go)
{
	struct stress *s = calloc(1, sizeof(*s));
	struct fixture *f = &s->fixture;
	struct blob_options options = fixture_options();
	char *path;

	options.file_bytes = 10 * FIXTURE_CHUNK;
	options.max_open = 3;
	options.writers = 2;
	s->seed = unit_seed();
	mutex_init(&s->mu, RANK_FS_PATH);
	atomic_init(&f->next, 1);
	ck_assert_int_eq(scratch_make("blob_stress", &path), 0);
	ck_assert_int_eq(env_open_dir(env_posix(), path, false, &f->dir), 0);
	fixture_new_store(f, options);
	run(s);
	for (size_t i = 0; i < SLOTS; i++) {
		struct slot *slot = &s->slots[i];

		if (slot->file)
			ck_assert(
				fixture_reads_right(f, &slot->extent, slot->seed, slot->seed % 2));
		blob_file_unref(slot->file);
	}
	blob_store_seal(f->store);
	blob_store_purge(f->store);
	ck_assert_uint_eq(fixture_stats(f).files, 0);
	ck_assert_uint_eq(fixture_stats(f).bytes, 0);
	ck_assert_uint_eq(fixture_stats(f).open_files, 0);
	ck_assert_uint_eq(fixture_stats(f).chunks_written, WRITERS * CHUNKS);
	ck_assert_int_eq(env_dir_list(f->dir, expect_no_blob, NULL), 0);
	blob_store_free(f->store);
	env_dir_close(f->dir);
	ck_assert_int_eq(scratch_remove(path), 0);
	mutex_done(&s->mu);
	free(path);
	free(s);
}
END_TEST

static const TTest *const *const tests[] = {
	&chunks_are_right_while_files_come_and_go,
};

UNIT_SUITE("lsm/blob/blob_stress", tests)
