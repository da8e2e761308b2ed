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
 * Or (large) one value as long as the store, under the same limit: written, read, copied, changed,
 * compacted and verified, in pieces.
 *
 * usage: memory_test [large] [STORE_MIB [LIMIT_MIB]]	(default 256 24)
 * Long form: memory_test 1024 64; memory_test large 1024 64
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
#include "tests/limits/stream.h"
#include "tests/support/scratch.h"
#include "tests/support/tap.h"

enum {
	VALUE_BYTES = 1000,
	READS = 50000,
	REWRITES = 24,           /* of pieces of the long value */
	SHORT_STEP = 64000,      /* in patches that stand in the log */
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

static bool verify(struct run *r)
{
	struct lsm_verify_report report;

	return good(lsm_verify(r->db, &report), "verify");
}

static bool rewrite_some(struct run *r, struct stream *s)
{
	for (unsigned i = 0; i < REWRITES; i++) {
		uint64_t piece = rng_below(&r->rng, s->pieces);

		if (!stream_rewrite(s, r->db, "copy", piece,
				    rng_below(&r->rng, 2) ? STREAM_PIECE : SHORT_STEP))
			return false;
	}
	return true;
}

static bool copy_value(struct run *r)
{
	struct lsm_batch *batch = lsm_batch_new();
	int err =
		lsm_batch_copy(batch, r->db, slice_str("value"), slice_str("copy"), slice_str("m"));

	if (!err)
		err = lsm_write(r->db, batch, NULL, NULL);
	lsm_batch_free(batch);
	return good(err, "copy");
}

static bool compact_all(struct run *r)
{
	return good(lsm_compact(r->db, slice_str(""), slice_str("")), "compact");
}

static void stream_through(struct run *r, uint64_t mib)
{
	struct lsm_options options = small_options(r->limit_mib);
	struct stream s = stream_new(mib * MIB / STREAM_PIECE);

	if (tap_result(good(lsm_open(r->store, &options, &r->db), "open"), "it opens")) {
		tap_result(stream_write(&s, r->db, "value"), "%" PRIu64 " MiB go in", mib);
		tap_result(stream_check(&s, r->db, "value", false), "and out");
		tap_result(copy_value(r) && rewrite_some(r, &s), "a copy is made, and changed");
		tap_result(stream_check(&s, r->db, "copy", true), "it is what it must be");
		tap_result(good(lsm_delete(r->db, slice_str("value"), NULL), "delete") &&
				   compact_all(r) && compact_all(r),
			   "the first is deleted, all compacted");
		tap_result(stream_check(&s, r->db, "copy", false), "the copy is as it was");
		tap_result(verify(r), "verification");
		tap_result(within_limit(r), "within %" PRIu64 " MiB", r->limit_mib);
		tap_result(good(lsm_close(r->db), "close"), "it closes");
	}
	stream_free(&s);
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

/* Called with "build", "use" or "stream", the store, its MiB, the limit and the seed. */
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
	else if (strcmp(argv[1], "use") == 0)
		use(&r);
	else
		stream_through(&r, strtoull(argv[3], NULL, 10));
	records_free(&r.records);
	return strcmp(argv[1], "build") == 0 ? status : tap_end();
}

/* What a limited process is told. */
struct parts {
	char *store, *store_mib, *limit_mib;
	char seed[32];
};

static int run_one(struct parts *p, const char *part, uint64_t limit_mib)
{
	char program[] = "/proc/self/exe", name[16];
	char *arguments[] = {program, name, p->store, p->store_mib, p->limit_mib, p->seed, NULL};

	(void)snprintf(name, sizeof(name), "%s", part);
	return run_limited(program, arguments, limit_mib);
}

static int run_parts(struct parts *p, bool large)
{
	const char *seed_text = getenv("APEX_SEED");
	uint64_t start = clock_mono_ns();

	if (seed_text)
		(void)snprintf(p->seed, sizeof(p->seed), "%s", seed_text);
	else
		(void)snprintf(p->seed, sizeof(p->seed), "%" PRIu64, start);
	tap_note("seed %s: a store of %s MiB, %s MiB of memory", p->seed, p->store_mib,
		 p->limit_mib);
	int status = large ? 0 : run_one(p, "build", 0);

	if (status) {
		printf("not ok 1 - the store is built: status %d\n1..1\n", status);
		return 1;
	}
	if (!large)
		tap_note("built in %" PRIu64 " ms", (clock_mono_ns() - start) / 1000000);
	status = run_one(p, large ? "stream" : "use", strtoull(p->limit_mib, NULL, 10));
	if (status > 2 || status < 0)
		printf("Bail out! the limited process ended with status %d\n", status);
	return status;
}

int main(int argc, char **argv)
{
	bool large = argc > 1 && strcmp(argv[1], "large") == 0;
	char default_store[] = "256", default_limit[] = "24";
	char *folder, store[512];

	if (argc > 5)
		return run_part(argv);
	if (scratch_make("apex-memory", &folder)) {
		fprintf(stderr, "memory_test: no folder\n");
		return 2;
	}
	argc -= large;
	argv += large;
	(void)snprintf(store, sizeof(store), "%s/store", folder);
	struct parts parts = {
		.store = store,
		.store_mib = argc > 1 ? argv[1] : default_store,
		.limit_mib = argc > 2 ? argv[2] : default_limit,
	};
	int status = run_parts(&parts, large);

	if (scratch_remove(folder))
		tap_note("%s cannot be removed", folder);
	free(folder);
	return status;
}
