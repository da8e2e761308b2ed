/*
 * What the strategies cost: keys are written, overwritten ten times at random, and compacted. A
 * table of disk space, bytes written for each byte of the user's, tables asked for each get, time.
 *
 * usage: amplification [KEYS [FOLDER]]    1 million keys; the stores are made in FOLDER (a scratch
 *                                         folder) and removed
 *
 * Live data is what the same keys take in a fresh store, written once and compacted: the size that
 * no strategy can be below. Raw data is the bytes of keys and values. The exit status is 1 when
 * leveled takes more than 1.15 times the live data once it is compacted.
 */
#include <dirent.h>
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "lsm/base/clock.h"
#include "lsm/base/rng.h"
#include "lsm/lsm.h"
#include "tests/support/scratch.h"

enum {
	KEY_BYTES = 16,
	VALUE_BYTES = 100, /* half of it compresses */
	OVERWRITES = 10,
	GETS_SHARE = 10,   /* one get for so many keys */
	ALLOWED_PCT = 115, /* space of LEVELED, in hundredths of the live data */
};

static const struct strategy {
	const char *name;
	enum lsm_strategy kind;
} strategies[] = {
	{"leveled", LSM_LEVELED},
	{"tiered", LSM_TIERED},
	{"lazy_leveling", LSM_LAZY_LEVELING},
};

/* The bytes of a store's folder. */
struct footprint {
	uint64_t tables, logs, reserve, others;
};

struct bench {
	const char *folder;
	uint64_t keys;
	struct rng rng;
	uint64_t live_bytes;
};

struct result {
	struct footprint written, compacted;
	double write_amp_written, write_amp_compacted;
	double tables_hit, tables_miss; /* asked for each get of a key that is there, or is not */
	double write_s, settle_s, compact_s;
};

static void check(int failure, const char *what)
{
	if (failure)
		errx(1, "%s: %s", what, lsm_error_text());
}

/* ---- files ---- */

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);

	return len >= end_len && strcmp(name + len - end_len, end) == 0;
}

static struct footprint measure(const char *store)
{
	struct footprint f = {0};
	DIR *dir = opendir(store);

	if (!dir)
		err(1, "%s", store);
	for (struct dirent *entry; (entry = readdir(dir));) {
		struct stat st;

		if (fstatat(dirfd(dir), entry->d_name, &st, 0) || !S_ISREG(st.st_mode))
			continue;
		uint64_t bytes = (uint64_t)st.st_blocks * 512;

		if (ends_with(entry->d_name, ".sst"))
			f.tables += bytes;
		else if (ends_with(entry->d_name, ".wal"))
			f.logs += bytes;
		else if (strstr(entry->d_name, "RESERVE"))
			f.reserve += bytes;
		else
			f.others += bytes;
	}
	closedir(dir);
	return f;
}

static struct lsm *open_store(const struct bench *b, const char *name, enum lsm_strategy strategy,
			      char **ret_path)
{
	struct lsm_options options;
	struct lsm *db;

	lsm_options_init(&options);
	options.strategy = strategy;
	if (asprintf(ret_path, "%s/%s", b->folder, name) < 0)
		err(1, "%s", name);
	check(lsm_open(*ret_path, &options, &db), *ret_path);
	return db;
}

static void remove_store(char *path)
{
	if (scratch_remove(path))
		warnx("%s: not removed", path);
	free(path);
}

/* ---- records ---- */

/* Keys look random and are distinct: an odd factor maps 64 bits one to one. */
static struct slice key_of(uint64_t number, char text[KEY_BYTES + 1])
{
	(void)snprintf(text, KEY_BYTES + 1, "%016" PRIx64, number * UINT64_C(0x9e3779b97f4a7c15));
	return slice_of(text, KEY_BYTES);
}

static void put_one(struct bench *b, struct lsm *db, uint64_t number)
{
	uint8_t value[VALUE_BYTES];
	char key[KEY_BYTES + 1];

	memset(value, 'a' + (int)(number % 26), VALUE_BYTES);
	rng_fill(&b->rng, value, VALUE_BYTES / 2);
	check(lsm_put(db, key_of(number, key), slice_of(value, VALUE_BYTES), NULL), "put");
}

static void put_all(struct bench *b, struct lsm *db)
{
	for (uint64_t i = 0; i < b->keys; i++)
		put_one(b, db, i);
}

static void overwrite(struct bench *b, struct lsm *db)
{
	for (uint64_t i = 0; i < OVERWRITES * b->keys; i++)
		put_one(b, db, rng_below(&b->rng, b->keys));
}

/* Numbers from b->keys on are of keys that are not there. */
static double tables_asked(struct bench *b, struct lsm *db, uint64_t from)
{
	uint64_t gets = b->keys / GETS_SHARE + 1;
	struct lsm_stats before, after;

	lsm_stats_read(db, &before);
	for (uint64_t i = 0; i < gets; i++) {
		struct lsm_record record;
		char key[KEY_BYTES + 1];
		uint64_t number = from + rng_below(&b->rng, b->keys);

		if (lsm_get(db, key_of(number, key), NULL, &record) == 0)
			lsm_record_release(&record);
	}
	lsm_stats_read(db, &after);
	return (double)(after.filter_checks - before.filter_checks) / (double)gets;
}

/* ---- one strategy ---- */

static double write_amplification(struct lsm *db)
{
	struct lsm_stats s;

	lsm_stats_read(db, &s);
	return (double)(s.flush_bytes + s.compaction_written_bytes + s.log_written_bytes) /
	       (double)s.user_written_bytes;
}

static double seconds_since(uint64_t start_ns)
{
	return (double)(clock_mono_ns() - start_ns) / 1e9;
}

/* Flush, and wait until the background finds nothing more to do. */
static void settle(struct lsm *db)
{
	struct lsm_stats before, after;

	check(lsm_flush(db), "flush");
	lsm_stats_read(db, &after);
	do {
		struct timespec pause = {.tv_nsec = 300000000};

		before = after;
		nanosleep(&pause, NULL); /* longer than a job takes to show in the figures */
		lsm_stats_read(db, &after);
	} while (after.compactions + after.trivial_moves !=
		 before.compactions + before.trivial_moves);
}

static struct result run(struct bench *b, const struct strategy *strategy)
{
	struct result r;
	char *path;
	struct lsm *db = open_store(b, strategy->name, strategy->kind, &path);
	uint64_t start = clock_mono_ns();

	put_all(b, db);
	overwrite(b, db);
	r.write_s = seconds_since(start);
	start = clock_mono_ns();
	settle(db);
	r.settle_s = seconds_since(start);
	r.written = measure(path);
	r.write_amp_written = write_amplification(db);
	r.tables_hit = tables_asked(b, db, 0);
	r.tables_miss = tables_asked(b, db, b->keys);
	start = clock_mono_ns();
	check(lsm_compact(db, slice_str(""), slice_str("")), "compact");
	r.compact_s = seconds_since(start);
	r.compacted = measure(path);
	r.write_amp_compacted = write_amplification(db);
	check(lsm_close(db), "close");
	remove_store(path);
	return r;
}

static void measure_live(struct bench *b)
{
	char *path;
	struct lsm *db = open_store(b, "fresh", LSM_LEVELED, &path);

	put_all(b, db);
	check(lsm_compact(db, slice_str(""), slice_str("")), "compact");
	b->live_bytes = measure(path).tables;
	check(lsm_close(db), "close");
	remove_store(path);
}

/* ---- the report ---- */

static double share(uint64_t bytes, uint64_t of)
{
	return (double)bytes / (double)of;
}

static void print_row(const struct bench *b, const char *name, const char *when,
		      const struct footprint *f, double write_amp)
{
	uint64_t raw = b->keys * (KEY_BYTES + VALUE_BYTES);

	printf("%-14s %-10s %9.1f %9.1f %9.1f %9.1f %8.3f %8.3f %8.2f\n", name, when,
	       (double)f->tables / 1e6, (double)f->logs / 1e6, (double)f->reserve / 1e6,
	       (double)f->others / 1e6, share(f->tables, b->live_bytes), share(f->tables, raw),
	       write_amp);
}

int main(int argc, char **argv)
{
	struct bench b = {.keys = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000};
	struct result results[array_size(strategies)];
	char *scratch = NULL;

	if (!b.keys)
		errx(2, "usage: amplification [KEYS [FOLDER]]");
	if (argc <= 2 && scratch_make("apexfs-bench", &scratch))
		errx(1, "no scratch folder");
	b.folder = argc > 2 ? argv[2] : scratch;
	rng_seed(&b.rng, 1);
	measure_live(&b);
	for (size_t i = 0; i < array_size(strategies); i++)
		results[i] = run(&b, &strategies[i]);
	if (scratch && scratch_remove(scratch))
		warnx("%s: not removed", scratch);
	free(scratch);

	printf("%" PRIu64
	       " keys of %d bytes, values of %d, overwritten %d times: live data %.1f MB, "
	       "raw %.1f MB\n\n",
	       b.keys, KEY_BYTES, VALUE_BYTES, OVERWRITES, (double)b.live_bytes / 1e6,
	       (double)(b.keys * (KEY_BYTES + VALUE_BYTES)) / 1e6);
	printf("%-14s %-10s %9s %9s %9s %9s %8s %8s %8s\n", "strategy", "when", "tables MB",
	       "logs MB", "reserve", "other MB", "of live", "of raw", "write");
	for (size_t i = 0; i < array_size(strategies); i++) {
		const struct result *r = &results[i];

		print_row(&b, strategies[i].name, "written", &r->written, r->write_amp_written);
		print_row(&b, strategies[i].name, "compacted", &r->compacted,
			  r->write_amp_compacted);
	}
	printf("\n%-14s %12s %12s %10s %10s %10s\n", "strategy", "tables/hit", "tables/miss",
	       "write s", "settle s", "compact s");
	for (size_t i = 0; i < array_size(strategies); i++)
		printf("%-14s %12.2f %12.2f %10.1f %10.1f %10.1f\n", strategies[i].name,
		       results[i].tables_hit, results[i].tables_miss, results[i].write_s,
		       results[i].settle_s, results[i].compact_s);
	return results[0].compacted.tables * 100 > b.live_bytes * ALLOWED_PCT;
}
