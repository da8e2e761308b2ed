/*
 * What a search of all keys for a text costs: nanoseconds a key, for a store in memory, in eight
 * runs that overlap, in one run, whose blocks are in the cache or in the kernel's, and in one run
 * below eight that have all its keys again; what it does to the process's memory; and what a
 * hundred keys with a prefix cost. The best of some rounds is printed, as the machine's noise only
 * adds.
 *
 * usage: key_search [RECORDS [ROUNDS]]
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lsm/base/clock.h"
#include "lsm/base/compiler.h"
#include "lsm/lsm.h"
#include "tests/support/scratch.h"

enum {
	RUNS = 8,
	PREFIX_HITS = 100,
	VALUE_LEN = 32,
};

struct bench {
	struct lsm *db;
	unsigned records, rounds;
};

static void require(int rc, const char *what)
{
	if (rc)
		errx(1, "%s: %s", what, lsm_error_text());
}

/* Neighbours in time are none in order; of each hundred the last two digits are one folder's. */
static struct slice key_of(const struct bench *b, unsigned n, char text[64])
{
	unsigned at = (unsigned)((uint64_t)n * 7919 % b->records);
	int len =
		snprintf(text, 64, "user/%07u/entry-%02u.txt", at / PREFIX_HITS, at % PREFIX_HITS);

	return slice_of(text, (size_t)len);
}

static void put_range(struct bench *b, unsigned from, unsigned to)
{
	uint8_t value[VALUE_LEN] = "value";
	char text[64];

	for (unsigned n = from; n < to; n++) {
		memcpy(value + 8, &n, sizeof(n));
		require(lsm_put(b->db, key_of(b, n, text), slice_of(value, VALUE_LEN), NULL),
			"put");
	}
}

static long resident_kib(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long size, resident;

	if (!file || fscanf(file, "%ld %ld", &size, &resident) != 2)
		err(1, "/proc/self/statm");
	fclose(file);
	return resident * 4;
}

static void search(struct bench *b, const struct lsm_read_options *options, const char *text,
		   unsigned want)
{
	struct lsm_iter *it;
	size_t len = strlen(text);
	unsigned hits = 0, keys = 0;

	require(lsm_iter_new(b->db, options, &it), "iterator");
	for (lsm_iter_first(it); lsm_iter_valid(it); lsm_iter_next(it)) {
		struct slice key = lsm_iter_record(it)->key;

		keys++;
		hits += memmem(key.ptr, key.len, text, len) != NULL;
	}
	require(lsm_iter_status(it), "search");
	lsm_iter_free(it);
	if (hits != want || (!options->prefix.len && keys != b->records))
		errx(1, "%u hits in %u keys, not %u in %u", hits, keys, want, b->records);
}

/* Of this process: what others do to the machine shows in the wall's clock only. */
static uint64_t cpu_ns(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now))
		err(1, "clock");
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void time_search(struct bench *b, const char *where)
{
	const struct lsm_read_options all = {.no_cache_fill = true};
	long before = resident_kib(), after = before;
	uint64_t best = UINT64_MAX, best_cpu = UINT64_MAX;

	for (unsigned round = 0; round < b->rounds; round++) {
		uint64_t start = clock_mono_ns(), start_cpu = cpu_ns();

		search(b, &all, "0123/entry-42", b->records / PREFIX_HITS / 10000);
		best = min_of(best, clock_mono_ns() - start);
		best_cpu = min_of(best_cpu, cpu_ns() - start_cpu);
		after = max_of(after, resident_kib());
	}
	printf("%-12s %6.1f ns a key, %6.1f of them of CPU; %5.2f million keys a second; "
	       "%ld KiB more memory\n",
	       where, (double)best / b->records, (double)best_cpu / b->records,
	       b->records * 1e3 / (double)best, after - before);
}

static void time_prefix(struct bench *b)
{
	const struct lsm_read_options few = {.prefix = slice_str("user/0000077/"),
					     .no_cache_fill = true};
	uint64_t best = UINT64_MAX;

	for (unsigned round = 0; round < b->rounds; round++) {
		uint64_t start;

		lsm_drop_cache(b->db);
		start = clock_mono_ns();
		search(b, &few, "", PREFIX_HITS);
		best = min_of(best, clock_mono_ns() - start);
	}
	printf("%-12s %6.1f us for %d keys\n", "prefix", (double)best / 1e3, PREFIX_HITS);
}

static void fill_cache(struct bench *b)
{
	const struct lsm_read_options options = {0};

	search(b, &options, "0123/entry-42", b->records / PREFIX_HITS / 10000);
}

static void open_store(struct bench *b, const char *folder, const char *name)
{
	struct lsm_options options;
	char path[4096];

	lsm_options_init(&options);
	options.sync_mode = LSM_SYNC_MANUAL;
	options.memtable_bytes = UINT64_C(1) << 30;
	options.compaction_threads = 0;
	options.cache_bytes = 256 << 20;
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	require(lsm_open(path, &options, &b->db), "open");
}

/* Each has an eighth of all keys, from anywhere. */
static void put_runs(struct bench *b)
{
	for (unsigned i = 0; i < RUNS; i++) {
		put_range(b, b->records / RUNS * i, b->records / RUNS * (i + 1));
		require(lsm_flush(b->db), "flush");
	}
}

static void run_in_memory(struct bench *b, const char *folder)
{
	open_store(b, folder, "memory");
	put_range(b, 0, b->records);
	time_search(b, "memory");
	require(lsm_close(b->db), "close");
}

static void run_in_tables(struct bench *b, const char *folder)
{
	open_store(b, folder, "tables");
	put_runs(b);
	fill_cache(b);
	time_search(b, "eight runs");
	require(lsm_compact(b->db, slice_str(""), slice_str("")), "compact");
	lsm_drop_cache(b->db);
	time_search(b, "one run");
	time_prefix(b);
	fill_cache(b);
	time_search(b, "cached");
	put_runs(b);
	fill_cache(b);
	time_search(b, "overwritten");
	require(lsm_close(b->db), "close");
}

int main(int argc, char **argv)
{
	struct bench b = {
		.records = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000000,
		.rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 5,
	};
	char *path;

	require(scratch_make("key_search", &path), "scratch folder");
	run_in_memory(&b, path);
	run_in_tables(&b, path);
	require(scratch_remove(path), "removing the scratch folder");
	free(path);
	return 0;
}
