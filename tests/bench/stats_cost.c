/*
 * What counting costs a put and a get, and what reading the numbers costs: two stores in memory,
 * one of which counts, take turns of some thousand operations each, in random order, so that
 * whatever else the machine does falls on both. Prints the median of the turns' ratios (which tells
 * differences of some percent, as the two lie differently in memory), and the time of the counting
 * alone.
 *
 * usage: stats_cost [PAIRS [OPERATIONS]]
 *        stats_cost on|off put|get OPERATIONS     one kind alone, for callgrind
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lsm/base/clock.h"
#include "lsm/base/compiler.h"
#include "lsm/base/metric.h"
#include "lsm/base/rng.h"
#include "lsm/db/counters.h"
#include "tests/support/scratch.h"

enum {
	KEYS = 100000,
	VALUE_BYTES = 100,
	READINGS = 2000,
	COUNTS = 100000,
	ROUNDS = 300,
};

struct side {
	struct lsm *db;
	char *folder; /* owned */
	unsigned next;
};

static void require(int rc, const char *what)
{
	if (rc)
		errx(1, "%s: %s", what, lsm_error_text());
}

static struct slice key_of(unsigned n, char text[32])
{
	int len = snprintf(text, 32, "key%010u", (n % KEYS) * 2654435761U);

	return slice_of(text, (size_t)len);
}

static void put_some(struct side *s, unsigned count)
{
	static const char value[VALUE_BYTES];
	char text[32];

	for (unsigned i = 0; i < count; i++)
		require(lsm_put(s->db, key_of(s->next++, text), slice_of(value, VALUE_BYTES), NULL),
			"put");
}

static void get_some(struct side *s, unsigned count)
{
	struct lsm_record record;
	char text[32];

	for (unsigned i = 0; i < count; i++) {
		require(lsm_get(s->db, key_of(s->next++, text), NULL, &record), "get");
		lsm_record_release(&record);
	}
}

static void side_open(struct side *s, bool counts)
{
	struct lsm_options options;

	lsm_options_init(&options);
	options.memtable_bytes = UINT64_C(2) << 30;
	options.sync_mode = LSM_SYNC_MANUAL;
	options.stats_enable = counts;
	require(scratch_make("apexfs-bench", &s->folder), "folder");
	require(lsm_open(s->folder, &options, &s->db), "open");
	put_some(s, KEYS);
}

static void side_close(struct side *s)
{
	require(lsm_close(s->db), "close");
	require(scratch_remove(s->folder), "remove");
	free(s->folder);
}

static double time_ns(struct side *s, void (*work)(struct side *, unsigned), unsigned count)
{
	uint64_t start = clock_mono_ns();

	work(s, count);
	return (double)(clock_mono_ns() - start) / count;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

static void measure(struct side sides[2], const char *name, void (*work)(struct side *, unsigned),
		    unsigned pairs, unsigned count)
{
	double *ratios = calloc(pairs, sizeof(double));
	double *plain = calloc(pairs, sizeof(double));
	struct rng rng;

	if (!ratios || !plain)
		err(1, NULL);
	rng_seed(&rng, 1);
	for (unsigned i = 0; i < pairs; i++) {
		double ns[2];
		unsigned first = (unsigned)rng_below(&rng, 2);

		ns[first] = time_ns(&sides[first], work, count);
		ns[!first] = time_ns(&sides[!first], work, count);
		ratios[i] = ns[1] / ns[0];
		plain[i] = ns[0];
	}
	double middle = median(ratios, pairs);

	printf("%-5s %8.1f ns without counting; with it x %.4f (quartiles %.4f %.4f)\n", name,
	       median(plain, pairs), middle, ratios[pairs / 4], ratios[pairs * 3 / 4]);
	free(ratios);
	free(plain);
}

/* What a get does beside reading, and a put beside writing, alone: the best of many rounds. */
static double count_get_ns(struct lsm *db)
{
	uint64_t start = clock_mono_ns();

	for (int i = 0; i < COUNTS; i++) {
		struct db_counters *own = db_counters_own(db);
		struct db_timer timer;

		if (db_op_count(db, own, LSM_OP_GET, &timer))
			db_timer_end(db, LSM_OP_GET, timer);
		(void)db_count(db, own, read_bytes, 100);
	}
	return (double)(clock_mono_ns() - start) / COUNTS;
}

static double count_put_ns(struct lsm *db)
{
	uint64_t start = clock_mono_ns();

	for (int i = 0; i < COUNTS; i++) {
		struct db_counters *own = db_counters_own(db);
		struct db_timer timer = db_op_begin(db, own, LSM_OP_PUT);

		db_op_done(db, own, LSM_OP_PUT, timer);
		(void)db_count(db, own, records_written, 1);
		(void)db_count(db, own, written_bytes, 100);
	}
	return (double)(clock_mono_ns() - start) / COUNTS;
}

static void measure_counting(struct lsm *db)
{
	double get = count_get_ns(db), put = count_put_ns(db);

	for (int i = 0; i < ROUNDS; i++) {
		get = min_of(get, count_get_ns(db));
		put = min_of(put, count_put_ns(db));
	}
	printf("counting alone: %.2f ns a get, %.2f ns a put\n", get, put);
}

static void measure_reading(struct lsm *db)
{
	static double us[READINGS];
	struct lsm_stats stats;
	struct metric_set set = {.snapshot = &stats};

	set.rows = lsm_stats_metrics(&set.count);
	for (int i = 0; i < READINGS; i++) {
		cleanup_buf struct buf text = {0};
		uint64_t start = clock_mono_ns();

		lsm_stats_read(db, &stats);
		require(metric_render_text(&set, METRIC_ALL, &text), "render");
		us[i] = (double)(clock_mono_ns() - start) / 1000;
	}
	(void)median(us, READINGS);
	printf("read and render: %.1f us, 99 of 100 below %.1f us\n", us[READINGS / 2],
	       us[READINGS * 99 / 100]);
}

static int run_one(char **argv)
{
	struct side side = {0};
	unsigned count = (unsigned)atoi(argv[3]);

	side_open(&side, strcmp(argv[1], "on") == 0);
	if (strcmp(argv[2], "put") == 0)
		put_some(&side, count);
	else
		get_some(&side, count);
	side_close(&side);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned pairs = argc > 1 ? (unsigned)atoi(argv[1]) : 400;
	unsigned count = argc > 2 ? (unsigned)atoi(argv[2]) : 2000;
	struct side sides[2] = {{0}};

	if (argc == 4)
		return run_one(argv);
	side_open(&sides[0], false);
	side_open(&sides[1], true);
	measure(sides, "get", get_some, pairs, count);
	measure(sides, "put", put_some, pairs, count);
	measure_counting(sides[1].db);
	measure_reading(sides[1].db);
	side_close(&sides[0]);
	side_close(&sides[1]);
	return 0;
}
