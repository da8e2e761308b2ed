/*
 * What small values cost: microseconds of a put, an overwrite, a get from memory and from tables, a
 * step of an iterator and a delete, for values of 16, 100 and 1000 bytes. The best of some rounds
 * is printed, as the machine's noise only adds.
 *
 * usage: small_values [RECORDS [ROUNDS]]
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/base/clock.h"
#include "lsm/base/compiler.h"
#include "lsm/base/rng.h"
#include "lsm/lsm.h"
#include "tests/support/scratch.h"

enum step {
	STEP_PUT,
	STEP_GET_MEMORY,
	STEP_GET_TABLES,
	STEP_SCAN,
	STEP_OVERWRITE,
	STEP_DELETE,
	STEPS,
};

static const char *const step_names[STEPS] = {"put",  "get_memory", "get_tables",
					      "scan", "overwrite",  "delete"};

struct bench {
	struct lsm *db;
	unsigned records;
	size_t value_len;
	uint8_t value[1000];
};

static void require(int rc, const char *what)
{
	if (rc)
		errx(1, "%s: %s", what, lsm_error_text());
}

/* Spread over the key space, so that neighbours in time are none in order. */
static struct slice key_of(unsigned n, char text[32])
{
	int len = snprintf(text, 32, "key%010u", n * 2654435761U);

	return slice_of(text, (size_t)len);
}

static void put_all(struct bench *b)
{
	char text[32];

	for (unsigned n = 0; n < b->records; n++)
		require(lsm_put(b->db, key_of(n, text), slice_of(b->value, b->value_len), NULL),
			"put");
}

static void get_all(struct bench *b)
{
	struct lsm_record record;
	char text[32];

	for (unsigned n = 0; n < b->records; n++) {
		require(lsm_get(b->db, key_of(n, text), NULL, &record), "get");
		lsm_record_release(&record);
	}
}

static void scan_all(struct bench *b)
{
	struct lsm_iter *it;
	struct slice value;

	require(lsm_iter_new(b->db, NULL, &it), "iterator");
	for (lsm_iter_first(it); lsm_iter_valid(it); lsm_iter_next(it))
		require(lsm_iter_value(it, &value), "value");
	lsm_iter_free(it);
}

static void delete_all(struct bench *b)
{
	char text[32];

	for (unsigned n = 0; n < b->records; n++)
		require(lsm_delete(b->db, key_of(n, text), NULL), "delete");
}

static void run_step(struct bench *b, enum step step)
{
	switch (step) {
	case STEP_PUT:
	case STEP_OVERWRITE:
		put_all(b);
		break;
	case STEP_GET_MEMORY:
	case STEP_GET_TABLES:
		get_all(b);
		break;
	case STEP_SCAN:
		scan_all(b);
		break;
	case STEP_DELETE:
		delete_all(b);
		break;
	case STEPS:
		break;
	}
}

/* All in one memtable until it is flushed: what is timed waits for no background. */
static void run_round(struct bench *b, double best_us[STEPS])
{
	struct lsm_options options;
	char *folder;

	require(scratch_make("apexfs-bench", &folder), "folder");
	lsm_options_init(&options);
	options.memtable_bytes = UINT64_C(1) << 30;
	options.sync_mode = LSM_SYNC_MANUAL;
	options.compaction_threads = 0;
	require(lsm_open(folder, &options, &b->db), "open");
	for (int step = 0; step < STEPS; step++) {
		if (step == STEP_GET_TABLES)
			require(lsm_flush(b->db), "flush");
		uint64_t start = clock_mono_ns();

		run_step(b, (enum step)step);
		double us = (double)(clock_mono_ns() - start) / 1000 / b->records;

		best_us[step] = best_us[step] > 0 ? min_of(best_us[step], us) : us;
	}
	require(lsm_close(b->db), "close");
	require(scratch_remove(folder), "remove");
	free(folder);
}

int main(int argc, char **argv)
{
	static const size_t lens[] = {16, 100, 1000};
	struct bench b = {.records = argc > 1 ? (unsigned)atoi(argv[1]) : 200000};
	int rounds = argc > 2 ? atoi(argv[2]) : 5;
	struct rng rng;

	rng_seed(&rng, 1);
	rng_fill(&rng, b.value, sizeof(b.value));
	printf("bytes");
	for (int step = 0; step < STEPS; step++)
		printf(" %12s", step_names[step]);
	printf("  (us, best of %d)\n", rounds);
	for (size_t i = 0; i < array_size(lens); i++) {
		double best_us[STEPS] = {0};

		b.value_len = lens[i];
		for (int round = 0; round < rounds; round++)
			run_round(&b, best_us);
		printf("%5zu", lens[i]);
		for (int step = 0; step < STEPS; step++)
			printf(" %12.3f", best_us[step]);
		printf("\n");
	}
	return 0;
}
