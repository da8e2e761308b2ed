/*
 * Twenty-four open files: a store of hundreds of tables is written, read, scanned, compacted,
 * checkpointed and reopened by a process that may not open more.
 *
 * And one of hundreds of blob files, of which each value is in one.
 *
 * usage: files_test [RECORDS]		(default 30000); APEX_SEED chooses the reads
 * Long form: files_test 1000000
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "lsm/base/clock.h"
#include "lsm/base/rng.h"
#include "tests/limits/records.h"
#include "tests/support/scratch.h"
#include "tests/support/tap.h"

enum {
	FILES_MAX = 24,
	VALUE_BYTES = 100,
	LARGE_BYTES = 1500,
	LARGE_SHARE = 3, /* one large value for so many small ones */
	FILES_MIN = 200,
	READS = 20000,
};

struct run {
	struct lsm *db;
	struct lsm_options options;
	struct records records;
	struct rng rng;
	const char *store;
	bool large;
};

/* Small files; how many may be open is left to the engine. */
static struct lsm_options small_files(bool large)
{
	struct lsm_options o;

	lsm_options_init(&o);
	o.memtable_bytes = 256 << 10;
	o.target_file_bytes = 8 << 10;
	o.base_level_bytes = 256 << 10;
	o.cache_bytes = 64 << 10;
	o.compaction_threads = 2;
	if (large) {
		o.large_value_threshold = 1 << 10;
		o.chunk_bytes = 4 << 10;
		o.blob_file_bytes = 64 << 10;
	}
	return o;
}

static bool good(int err, const char *what)
{
	if (err)
		tap_note("%s: %d (%s)", what, err, lsm_error_text());
	return !err;
}

static bool write_share(struct run *r, uint8_t generation, unsigned share)
{
	for (uint64_t i = 0; i < r->records.count; i++) {
		/* not in the order of the keys, so that tables overlap */
		uint64_t number = i * 7919 % r->records.count;

		if (share > 1 && rng_below(&r->rng, share) != 0)
			continue;
		if (!good(records_put(&r->records, r->db, number, generation), "put"))
			return false;
	}
	return true;
}

static bool read_some(struct run *r)
{
	for (unsigned i = 0; i < READS; i++) {
		if (!records_check(&r->records, r->db, rng_below(&r->rng, r->records.count)))
			return false;
	}
	return true;
}

static bool reopen(struct run *r)
{
	int err = lsm_close(r->db);

	r->db = NULL;
	return good(err, "close") && good(lsm_open(r->store, &r->options, &r->db), "open");
}

static bool has_files(struct run *r)
{
	struct lsm_stats stats;

	lsm_stats_read(r->db, &stats);
	tap_note("%" PRIu64 " tables, %" PRIu64 " of them open, %" PRIu64 " blob files",
		 stats.table_files, stats.open_tables, stats.blob_files);
	return (r->large ? stats.blob_files : stats.table_files) >= FILES_MIN;
}

static bool is_healthy(struct run *r)
{
	struct lsm_stats stats;

	lsm_stats_read(r->db, &stats);
	if (stats.health != LSM_HEALTH_OK)
		tap_note("health: %s", stats.health_text);
	return stats.health == LSM_HEALTH_OK;
}

static bool verify(struct run *r)
{
	struct lsm_verify_report report;

	return good(lsm_verify(r->db, &report), "verify");
}

static bool compact(struct run *r)
{
	return good(lsm_compact(r->db, slice_str(""), slice_str("")), "compact");
}

static bool scan(struct run *r)
{
	return records_check_scan(&r->records, r->db, true) &&
	       records_check_scan(&r->records, r->db, false);
}

/* A copy by hard links, opened beside the store: both have to do with what there is. */
static bool copy_is_whole(struct run *r)
{
	struct lsm *copy;
	char path[600];

	(void)snprintf(path, sizeof(path), "%s.copy", r->store);
	if (!good(lsm_checkpoint(r->db, path), "checkpoint") ||
	    !good(lsm_open(path, &r->options, &copy), "open of the copy"))
		return false;
	bool whole = records_check_scan(&r->records, copy, true);

	return good(lsm_close(copy), "close of the copy") && whole;
}

static bool run(struct run *r)
{
	if (!tap_result(good(lsm_open(r->store, &r->options, &r->db), "open"), "a store is made"))
		return false;
	return tap_result(write_share(r, 1, 1) && good(lsm_flush(r->db), "flush"),
			  "%" PRIu64 " records are written", r->records.count) &&
	       tap_result(compact(r) && has_files(r), "there are hundreds of files") &&
	       tap_result(read_some(r), "%d random reads", READS) &&
	       tap_result(scan(r), "scans both ways") &&
	       tap_result(write_share(r, 2, 10), "a tenth is overwritten") &&
	       tap_result(write_share(r, RECORD_ABSENT, 20), "a twentieth is deleted") &&
	       tap_result(compact(r), "compaction of everything") &&
	       tap_result(copy_is_whole(r), "a checkpoint, opened beside the store") &&
	       tap_result(reopen(r), "reopening") && tap_result(scan(r), "scans after that") &&
	       tap_result(read_some(r), "reads after that") &&
	       tap_result(verify(r), "verification") &&
	       tap_result(is_healthy(r), "nothing has failed in the background");
}

static void live(const char *folder, uint64_t seed, uint64_t records, bool large)
{
	struct run r = {.options = small_files(large), .large = large};
	char store[512];

	r.records = records_new(records, large ? LARGE_BYTES : VALUE_BYTES);
	(void)snprintf(store, sizeof(store), "%s/%s", folder, large ? "large" : "small");
	r.store = store;
	tap_note("seed %" PRIu64 "%s", seed, large ? ", large values" : "");
	rng_seed(&r.rng, seed);
	(void)run(&r);
	if (lsm_close(r.db))
		tap_note("close: %s", lsm_error_text());
	records_free(&r.records);
}

int main(int argc, char **argv)
{
	const struct rlimit limit = {FILES_MAX, FILES_MAX};
	const char *seed_text = getenv("APEX_SEED");
	uint64_t seed = seed_text ? strtoull(seed_text, NULL, 10) : clock_real_ns();
	uint64_t records = argc > 1 ? strtoull(argv[1], NULL, 10) : 30000;
	char *folder;

	if (scratch_make("apex-files", &folder) || setrlimit(RLIMIT_NOFILE, &limit)) {
		fprintf(stderr, "files_test: no folder, or no limit\n");
		return 2;
	}
	live(folder, seed, records, false);
	live(folder, seed, records / LARGE_SHARE, true);
	if (scratch_remove(folder))
		tap_note("%s cannot be removed", folder);
	free(folder);
	return tap_end();
}
