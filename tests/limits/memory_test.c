/*
 * 64 MiB of memory and a store of 1 GiB: one process builds it, another with its memory limited
 * opens it, reads, scans, overwrites, compacts and closes it.
 *
 * The limit is the kernel's on writable private memory (RLIMIT_DATA: heap, stacks, what malloc
 * maps) and, checked at the end, on the pages of the process that were resident at once. What the
 * kernel caches of the files is not the process's.
 *
 * The documented small options are those of small_options below: of the 64 MiB take memtables 3 x 4
 * MiB, cache 8 MiB, and of each table's index and filter about 1.2 % of its bytes.
 *
 * usage: memory_test [STORE_MIB [LIMIT_MIB]]	(default 256 24)
 * Long form: memory_test 1024 64
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lsm/base/clock.h"
#include "lsm/base/rng.h"
#include "tests/limits/records.h"
#include "tests/support/scratch.h"
#include "tests/support/tap.h"

enum {
	VALUE_BYTES = 1000,
	READS = 50000,
	STACK_BYTES = 512 << 10, /* of a thread; the limit counts all of it */
};

#define MIB (UINT64_C(1) << 20)

struct run {
	const char *store;
	uint64_t limit_mib;
	struct records records;
	struct rng rng;
	struct lsm *db;
};

static struct lsm_options small_options(uint64_t limit_mib)
{
	struct lsm_options o;

	lsm_options_init(&o);
	o.memtable_bytes = limit_mib * MIB / 16;
	o.memtables_max = 1;
	o.cache_bytes = limit_mib * MIB / 8;
	o.cache_shards = 4;
	o.compaction_threads = 1;
	o.base_level_bytes = 16 * MIB;
	o.target_file_bytes = 8 * MIB;
	return o;
}

static bool good(int err, const char *what)
{
	if (err)
		tap_note("%s: %d (%s)", what, err, lsm_error_text());
	return !err;
}

static void note_tables(const struct run *r)
{
	struct lsm_stats stats;

	lsm_stats_read(r->db, &stats);
	tap_note("%" PRIu64 " MiB in %" PRIu64 " tables, indexes and filters %" PRIu64
		 " KiB, cache %" PRIu64 " KiB, compactions owe %" PRIu64 " MiB",
		 stats.table_bytes / MIB, stats.table_files, stats.table_memory_bytes / 1024,
		 stats.cache_bytes / 1024, stats.compaction_debt_bytes / MIB);
}

static int build(struct run *r)
{
	struct lsm_options options = small_options(r->limit_mib);

	options.memtable_bytes = 32 * MIB;
	options.memtables_max = 3;
	if (!good(lsm_open(r->store, &options, &r->db), "open"))
		return 1;
	for (uint64_t i = 0; i < r->records.count; i++) {
		uint64_t number = i * 7919 % r->records.count;

		if (!good(records_put(&r->records, r->db, number, 1), "put"))
			return 1;
	}
	note_tables(r);
	return good(lsm_close(r->db), "close") ? 0 : 1;
}

static bool read_some(struct run *r)
{
	for (unsigned i = 0; i < READS; i++) {
		if (!records_check(&r->records, r->db, rng_below(&r->rng, r->records.count)))
			return false;
	}
	return true;
}

static bool overwrite_some(struct run *r)
{
	for (uint64_t i = 0; i < r->records.count / 20; i++) {
		uint64_t number = rng_below(&r->rng, r->records.count);

		if (!good(records_put(&r->records, r->db, number, 2), "put"))
			return false;
	}
	return true;
}

/* A tenth of the keys. */
static bool compact_some(struct run *r)
{
	char from[RECORD_TEXT_MAX], to[RECORD_TEXT_MAX];
	uint64_t first = r->records.count / 2;

	return good(lsm_compact(r->db, record_key(first, from),
				record_key(first + r->records.count / 10, to)),
		    "compact");
}

static uint64_t peak_kib(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_SELF, &usage) ? UINT64_MAX : (uint64_t)usage.ru_maxrss;
}

static bool within_limit(const struct run *r)
{
	struct lsm_stats stats;

	lsm_stats_read(r->db, &stats);
	note_tables(r);
	tap_note("peak of %" PRIu64 " KiB resident", peak_kib());
	if (stats.health != LSM_HEALTH_OK)
		tap_note("health: %s", stats.health_text);
	return stats.health == LSM_HEALTH_OK && peak_kib() <= r->limit_mib * 1024;
}

static void use(struct run *r)
{
	struct lsm_options options = small_options(r->limit_mib);

	memset(r->records.generations, 1, r->records.count);
	if (!tap_result(good(lsm_open(r->store, &options, &r->db), "open"), "it opens"))
		return;
	tap_result(read_some(r), "%d random reads", READS);
	tap_result(records_check_scan(&r->records, r->db, true), "a scan of all");
	tap_result(overwrite_some(r), "a twentieth is overwritten");
	tap_result(compact_some(r), "a tenth is compacted");
	tap_result(records_check_scan(&r->records, r->db, false), "a scan of all, backward");
	tap_result(within_limit(r), "within %" PRIu64 " MiB", r->limit_mib);
	tap_result(good(lsm_close(r->db), "close"), "it closes");
}

/* Run ourselves again, so that the limits hold from the start and nothing is inherited. */
static int run_limited(const char *program, char **arguments, uint64_t limit_mib)
{
	const struct rlimit memory = {limit_mib * MIB, limit_mib * MIB};
	const struct rlimit stack = {STACK_BYTES, STACK_BYTES};
	int status;
	pid_t child = fork();

	if (child == 0) {
		if (limit_mib &&
		    (setrlimit(RLIMIT_DATA, &memory) || setrlimit(RLIMIT_STACK, &stack)))
			_exit(3);
		(void)execv(program, arguments);
		_exit(4);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Called with "build" or "use", the store, its MiB, the limit and the seed. */
static int run_part(char **argv)
{
	uint64_t records = strtoull(argv[3], NULL, 10) * MIB / (VALUE_BYTES + 24);
	struct run r = {
		.store = argv[2],
		.limit_mib = strtoull(argv[4], NULL, 10),
		.records = records_new(records, VALUE_BYTES),
	};
	int status = 0;

	rng_seed(&r.rng, strtoull(argv[5], NULL, 10));
	if (strcmp(argv[1], "build") == 0)
		status = build(&r);
	else
		use(&r);
	records_free(&r.records);
	return strcmp(argv[1], "build") == 0 ? status : tap_end();
}

static int run_parts(char *store, char *store_mib, char *limit_mib)
{
	char program[] = "/proc/self/exe", building[] = "build", using[] = "use", seed[32];
	char *build_part[] = {program, building, store, store_mib, limit_mib, seed, NULL};
	char *use_part[] = {program, using, store, store_mib, limit_mib, seed, NULL};
	const char *seed_text = getenv("APEX_SEED");
	uint64_t start = clock_mono_ns();

	if (seed_text)
		(void)snprintf(seed, sizeof(seed), "%s", seed_text);
	else
		(void)snprintf(seed, sizeof(seed), "%" PRIu64, start);
	tap_note("seed %s: a store of %s MiB, %s MiB of memory", seed, store_mib, limit_mib);
	int status = run_limited(program, build_part, 0);

	if (status) {
		printf("not ok 1 - the store is built: status %d\n1..1\n", status);
		return 1;
	}
	tap_note("built in %" PRIu64 " ms", (clock_mono_ns() - start) / 1000000);
	status = run_limited(program, use_part, strtoull(limit_mib, NULL, 10));
	if (status > 2 || status < 0)
		printf("Bail out! the limited process ended with status %d\n", status);
	return status;
}

int main(int argc, char **argv)
{
	char default_store[] = "256", default_limit[] = "24";
	char *folder, store[512];

	if (argc > 5)
		return run_part(argv);
	if (scratch_make("apex-memory", &folder)) {
		fprintf(stderr, "memory_test: no folder\n");
		return 2;
	}
	(void)snprintf(store, sizeof(store), "%s/store", folder);
	int status = run_parts(store, argc > 1 ? argv[1] : default_store,
			       argc > 2 ? argv[2] : default_limit);

	if (scratch_remove(folder))
		tap_note("%s cannot be removed", folder);
	free(folder);
	return status;
}
