/*
 * Random operations on a mount and on a model of it (exercise.h), for seed after seed, with clean
 * ends of the daemon and kill -9 in between.
 *
 * usage: exerciser_test APEXFS [--seeds N] [--operations N] [--seed FIRST] [--workers N]
 *			       [--trail 1] [--plain 1]
 * APEX_SEED runs that one seed. --trail: note each operation. --plain: in a folder without a mount,
 * in TMPDIR, to see that the model is right.
 */
#include <assert.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lsm/base/clock.h"
#include "lsm/lsm.h"
#include "tests/mount/exerciser/exercise.h"
#include "tests/support/detach.h"
#include "tests/support/mounted.h"
#include "tests/support/scratch.h"
#include "tests/support/seeds.h"
#include "tests/support/tap.h"

enum {
	COMPARE_EVERY = 250,
	LIFE_OPERATIONS = 700, /* of one daemon, on average */
};

/* Shared by the workers' processes. */
struct board {
	const char *program;
	bool plain, trail;
	uint64_t operations_wanted; /* of each seed */
	_Atomic uint64_t seeds, operations, compared, stops, kills;
	_Atomic uint64_t folder_renames;
};

struct run {
	struct board *board;
	struct exercise x;
	struct mounted mounted; /* unless plain */
	char *plain;            /* owned: the scratch folder, if plain */
};

/* ---- the mount ---- */

/* Small sizes bring flushes, compactions and blob files into a run; the defaults rarely would. */
static int start(struct run *r)
{
	static const char *const options[] = {
		"",
		"memtable.max_size=256k,sstable.target_file_size=256k,"
		"compaction.base_level_size=1m",
		"memtable.max_size=1m,sstable.target_file_size=256k,compaction.base_level_size=1m,"
		"blob.large_value_threshold=8k,blob.chunk_size=4k,blob.file_size=256k",
	};

	return mounted_start(&r->mounted, options[rng_below(&r->x.rng, array_size(options))]);
}

static int end_daemon(struct run *r, bool cleanly)
{
	struct mounted_death death;

	atomic_fetch_add(cleanly ? &r->board->stops : &r->board->kills, 1);
	if (cleanly)
		return mounted_stop(&r->mounted);
	int rc = mounted_kill(&r->mounted, &death);

	return rc ? rc : detach_mounts(r->mounted.point);
}

/* The daemon ends, and another one finds what it left. */
static bool live_again(struct run *r)
{
	struct exercise *x = &r->x;
	bool cleanly = exercise_one_in(x, 2);

	if (!exercise_settle(x))
		return false;
	exercise_doing(x, "%s", cleanly ? "clean end and mount" : "kill -9 and mount");
	if (!r->board->plain) {
		int rc = end_daemon(r, cleanly);

		if (!rc)
			rc = start(r);
		if (rc)
			return exercise_trouble(x, "%s", strerror(-rc));
	}
	return exercise_compare(x);
}

static bool store_is_sound(struct run *r)
{
	struct lsm_verify_report report;
	struct lsm *db;
	int rc = lsm_open(r->mounted.store, NULL, &db);

	if (!rc) {
		rc = lsm_verify(db, &report);
		int close_rc = lsm_close(db);

		rc = rc ? rc : close_rc;
	}
	return rc == 0 || exercise_trouble(&r->x, "the store: %s", lsm_error_text());
}

/* ---- one seed ---- */

static bool compare(struct run *r)
{
	atomic_fetch_add(&r->board->compared, 1);
	if (!r->board->plain)
		guard_beat(&r->mounted.guard);
	return exercise_compare(&r->x);
}

static bool operate(struct run *r)
{
	bool good = true;

	for (uint64_t i = 1; i <= r->board->operations_wanted && good; i++) {
		good = exercise_step(&r->x);
		if (good && i % COMPARE_EVERY == 0)
			good = compare(r);
		if (good && exercise_one_in(&r->x, LIFE_OPERATIONS))
			good = live_again(r);
	}
	return good && compare(r) && live_again(r) && exercise_settle(&r->x);
}

static bool run_mounted(struct run *r, uint64_t seed)
{
	int rc = mounted_begin(&r->mounted, r->board->program, "apexfs-exerciser");

	if (rc) {
		tap_note("seed %" PRIu64 ": a scratch folder: %s", seed, strerror(-rc));
		return false;
	}
	exercise_begin(&r->x, r->mounted.point, seed);
	r->x.trail = r->board->trail;
	rc = start(r);
	bool good = rc ? exercise_trouble(&r->x, "a first mount: %s", strerror(-rc)) : operate(r);

	if (good)
		exercise_doing(&r->x, "the end");
	if (good)
		good = mounted_stop(&r->mounted) == 0 ? store_is_sound(r)
						      : exercise_trouble(&r->x, "no clean end");
	if (!good) {
		exercise_note(&r->x);
		mounted_note_output(&r->mounted);
	}
	exercise_end(&r->x);
	mounted_end(&r->mounted, !good);
	return good;
}

static bool run_plain(struct run *r, uint64_t seed)
{
	char root[512];

	if (scratch_make("exerciser", &r->plain) != 0)
		return false;
	snprintf(root, sizeof(root), "%s/root", r->plain);
	exercise_begin(&r->x, root, seed);
	r->x.trail = r->board->trail;
	r->x.plain = true;
	bool good = mkdir(root, 0755) == 0 && operate(r);

	if (!good)
		exercise_note(&r->x);
	exercise_end(&r->x);
	if (good)
		ignore_result(scratch_remove(r->plain)); /* a folder that is left harms nobody */
	free(r->plain);
	return good;
}

static const struct exercise *running;

/* A page of a mapping could not be read. The access that fails is a plain one of ours. */
static _Noreturn void end_by_bus_error(int signal_number)
{
	tap_note("signal %d", signal_number);
	exercise_note(running);
	_exit(EXIT_FAILURE);
}

static bool run_seed(void *arg, uint64_t seed)
{
	static struct run r;
	struct board *board = arg;

	r = (struct run){.board = board};
	running = &r.x;
	signal(SIGBUS, end_by_bus_error);
	bool good = board->plain ? run_plain(&r, seed) : run_mounted(&r, seed);

	atomic_fetch_add(&board->seeds, 1);
	atomic_fetch_add(&board->operations, r.x.operation);
	atomic_fetch_add(&board->folder_renames, r.x.folder_renames);
	return good;
}

/* ---- all of them ---- */

static void show(struct board *b, bool good, uint64_t ms)
{
	tap_result(good && b->seeds > 0,
		   "%" PRIu64 " operations of %" PRIu64 " seeds do what the model does",
		   b->operations, b->seeds);
	tap_note("%" PRIu64 " ms; the whole compared %" PRIu64 " times, and after %" PRIu64
		 " clean ends and %" PRIu64 " kills",
		 ms, b->compared, b->stops, b->kills);
	tap_note("%" PRIu64 " renames and exchanges of folders", b->folder_renames);
}

static void take_arguments(struct board *board, struct seeds *seeds, int argc, char **argv)
{
	for (int i = 2; i + 1 < argc; i += 2) {
		uint64_t value = strtoull(argv[i + 1], NULL, 10);

		if (strcmp(argv[i], "--seeds") == 0)
			seeds->count = value;
		else if (strcmp(argv[i], "--operations") == 0)
			board->operations_wanted = value;
		else if (strcmp(argv[i], "--seed") == 0)
			seeds->first = value;
		else if (strcmp(argv[i], "--workers") == 0)
			seeds->workers = (unsigned)value;
		else if (strcmp(argv[i], "--trail") == 0)
			board->trail = value;
		else if (strcmp(argv[i], "--plain") == 0)
			board->plain = value;
	}
	seeds_take_environment(seeds);
}

int main(int argc, char **argv)
{
	struct board *board = seeds_share(sizeof(*board));
	struct seeds seeds = {.first = 1, .count = 20, .run = run_seed, .arg = board};
	uint64_t start_ns = clock_mono_ns();

	if (argc < 2 || !board) {
		fprintf(stderr, "usage: exerciser_test APEXFS [--seeds N] [--operations N] ...\n");
		return EXIT_FAILURE;
	}
	board->program = argv[1];
	board->operations_wanted = 20000;
	take_arguments(board, &seeds, argc, argv);
	const char *obstacle = board->plain ? NULL : mounted_obstacle();

	if (obstacle) {
		tap_skip("exerciser", obstacle);
		return tap_end();
	}
	umask(022);
	tap_note("seeds from %" PRIu64 " on", seeds.first);
	bool good = seeds_run(&seeds);

	show(board, good, (clock_mono_ns() - start_ns) / 1000000);
	return tap_end();
}
