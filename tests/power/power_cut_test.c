/*
 * Power cuts: every prefix of a recorded run, with what was not synced lost, kept or mangled, must
 * open as a prefix of the run's history that holds at least what the last sync promised, take
 * changes, and open again; that second run is recorded too and cut at random places. This holds
 * whatever `recovery` says, but that WHOLE refuses what is torn (life.h). In some states a record
 * of a log is damaged, too: TAIL refuses it unless it can be a torn end, PREFIX keeps what was
 * before, and goes on doing so when the power goes again.
 *
 * usage: power_cut_test [--states N] [--every N] [--seed FIRST] [--workers N]
 * --every: cut after one in N calls only, each time another one; APEX_SEED runs that one seed.
 *
 * Background threads take part in each run, so a seed gives the same changes, but not the same
 * calls in the same order: after a failure the files are kept.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lsm/base/clock.h"
#include "lsm/base/log.h"
#include "lsm/env/env_mem.h"
#include "tests/power/cut.h"
#include "tests/support/seeds.h"
#include "tests/support/tap.h"

enum {
	CHANGES = 240,
	NOTE_EVERY_STATES = 500000,
};

/* Shared by the workers' processes. */
struct board {
	struct cut_counts counts;
	uint64_t states_wanted;
	uint64_t every;         /* one in so many calls is cut after */
	_Atomic uint64_t seeds; /* done */
	_Atomic uint64_t noted; /* states at the last note */
	_Atomic uint64_t told;  /* lines about damage */
	_Atomic bool failed;
};

static uint64_t states_so_far(struct board *b)
{
	return atomic_load(&b->counts.first) + atomic_load(&b->counts.second);
}

static bool is_over(struct board *b)
{
	return atomic_load(&b->failed) || states_so_far(b) >= b->states_wanted;
}

/* ---- one seed ---- */

static const char *record_run(struct life *l)
{
	static const struct world empty;
	const char *wrong;

	story_begin(l->story, 1, &empty, 0);
	wrong = life_open(l);
	if (!wrong)
		wrong = life_run(l);
	if (!wrong)
		wrong = life_close(l);
	return wrong;
}

/* After each call: nothing unsynced is kept; then something is. */
static bool cut_everywhere(struct cut *c, struct env *recorder, struct board *board)
{
	size_t count;
	const struct env_call *calls = env_record_calls(recorder, &count);
	struct disk *disk = calloc(1, sizeof(*disk));
	bool good = true;

	assert(disk);
	c->disk = disk;
	for (size_t i = 0; i < count && good && !is_over(board); i++) {
		disk_apply(disk, &calls[i]);
		if (calls[i].kind == ENV_CALL_MARK) {
			promises_pass(&c->promised, &calls[i]);
			continue;
		}
		if (rng_below(c->rng, board->every) > 0)
			continue;
		c->call = i;
		c->tail = DISK_TAIL_NOTHING;
		good = cut_check(c);
		c->tail = rng_below(c->rng, 4) == 0
				  ? DISK_TAIL_ALL
				  : (enum disk_tail)(1 + rng_below(c->rng, DISK_TAIL_ANY));
		good = good && cut_check(c);
	}
	disk_done(disk);
	free(disk);
	return good;
}

static bool run_seed(uint64_t seed, struct board *board)
{
	struct rng rng;
	struct env *memory = env_mem_new(), *recorder = env_record_new(memory);

	rng_seed(&rng, seed);
	const struct life_odds odds = {
		.changes = CHANGES,
		.sync = 12,
		.flush = 40,
		.compact = 60,
		.reopen = 40,
		.roll = 30,
		.name = 12,
		.copy_at = (uint32_t)(1 + rng_below(&rng, CHANGES - 1)),
	};
	struct life life = {
		.env = recorder,
		.path = cut_folders[CUT_STORE],
		.copy_path = cut_folders[CUT_COPY],
		.story = calloc(1, sizeof(struct story)),
		.rng = &rng,
		.odds = &odds,
		.note = promises_note,
		.note_arg = recorder,
		.counts = &board->counts.life,
	};

	assert(memory && recorder && life.story);
	const char *wrong = record_run(&life);
	struct cut c = {
		.seed = seed,
		.story = life.story,
		.promised = {.namings = &life.story->namings},
		.rng = &rng,
		.counts = &board->counts,
	};

	if (wrong)
		tap_note("seed %" PRIu64 ": the recorded run itself %s (%s)", seed, wrong,
			 lsm_error_text());
	bool good = !wrong && cut_everywhere(&c, recorder, board);

	env_free(recorder);
	env_free(memory);
	free(life.story);
	return good;
}

/* ---- all of them ---- */

static void note_progress(struct board *board)
{
	uint64_t states = states_so_far(board), noted = atomic_load(&board->noted);

	if (states - noted >= NOTE_EVERY_STATES &&
	    atomic_compare_exchange_strong(&board->noted, &noted, states))
		tap_note("%" PRIu64 " states", states);
}

static bool run_in_worker(void *arg, uint64_t seed)
{
	struct board *board = arg;
	bool good = run_seed(seed, board);

	if (!good)
		atomic_store(&board->failed, true);
	atomic_fetch_add(&board->seeds, 1);
	note_progress(board);
	return good;
}

static bool are_enough(void *arg)
{
	return is_over(arg);
}

static struct board *board_of_all;

/* What the engine says: of damage it is counted, else it is for people. */
static void take_line(enum log_level level, const char *text)
{
	(void)level;
	if (strstr(text, "the log is damaged") && strstr(text, "offset "))
		atomic_fetch_add(&board_of_all->told, 1);
	else
		tap_note("%s", text);
}

static void show(struct board *b, bool good, uint64_t ms)
{
	const struct cut_counts *n = &b->counts;

	tap_result(good && n->first > 0, "%" PRIu64 " states after a power cut hold a prefix",
		   n->first);
	tap_result(good && n->second > 0, "%" PRIu64 " states after a second one do", n->second);
	tap_result(good && n->copies > 0 && n->half_copies > 0,
		   "%" PRIu64 " states hold a whole checkpoint, %" PRIu64
		   " none while it was being made",
		   n->copies, n->half_copies);
	tap_result(good && n->proven > 0 && n->damaged > n->proven && b->told >= n->proven,
		   "%" PRIu64 " states with a damaged log hold what came before, %" PRIu64
		   " of them are refused otherwise",
		   n->damaged, n->proven);
	tap_note("%" PRIu64 " runs in %" PRIu64 " ms: %" PRIu64 " states a second; %" PRIu64
		 " batches refused by their preconditions",
		 atomic_load(&b->seeds), ms, states_so_far(b) * 1000 / (ms + 1), n->life.refused);
	tap_note("%" PRIu64 " changes with large values, %" PRIu64 " patches, %" PRIu64
		 " copies; %" PRIu64 " snapshots named or dropped",
		 n->life.large, n->life.patches, n->life.copies, n->life.namings);
	tap_note("stores opened with sync mode always %" PRIu64 ", batch %" PRIu64
		 ", interval %" PRIu64 ", manual %" PRIu64,
		 n->life.modes[LSM_SYNC_ALWAYS], n->life.modes[LSM_SYNC_BATCH],
		 n->life.modes[LSM_SYNC_INTERVAL], n->life.modes[LSM_SYNC_MANUAL]);
	tap_result(n->life.recoveries[LSM_RECOVER_WHOLE] > n->life.torn && n->life.torn > 0 &&
			   n->life.recoveries[LSM_RECOVER_TAIL] > 0 &&
			   n->life.recoveries[LSM_RECOVER_PREFIX] > 0,
		   "stores opened with recovery whole %" PRIu64 " (%" PRIu64
		   " refused, torn), tail %" PRIu64 ", prefix %" PRIu64,
		   n->life.recoveries[LSM_RECOVER_WHOLE], n->life.torn,
		   n->life.recoveries[LSM_RECOVER_TAIL], n->life.recoveries[LSM_RECOVER_PREFIX]);
	tap_note("with strategy leveled %" PRIu64 ", tiered %" PRIu64 ", lazy leveling %" PRIu64,
		 n->life.strategies[LSM_LEVELED], n->life.strategies[LSM_TIERED],
		 n->life.strategies[LSM_LAZY_LEVELING]);
}

int main(int argc, char **argv)
{
	struct board *board = seeds_share(sizeof(*board));
	struct seeds seeds = {
		.first = 1,
		.count = UINT64_MAX,
		.run = run_in_worker,
		.enough = are_enough,
		.arg = board,
	};
	uint64_t start_ns = clock_mono_ns();

	assert(board);
	board->states_wanted = 20000;
	board->every = 1;
	for (int i = 1; i + 1 < argc; i += 2) {
		uint64_t value = strtoull(argv[i + 1], NULL, 10);

		if (strcmp(argv[i], "--states") == 0)
			board->states_wanted = value;
		else if (strcmp(argv[i], "--every") == 0)
			board->every = max_of(value, UINT64_C(1));
		else if (strcmp(argv[i], "--seed") == 0)
			seeds.first = value;
		else if (strcmp(argv[i], "--workers") == 0)
			seeds.workers = (unsigned)value;
	}
	seeds_take_environment(&seeds);
	board_of_all = board;
	log_set_sink(take_line);
	log_set_level(LOG_LEVEL_ERROR); /* a torn end is what each cut leaves */
	tap_note("seeds from %" PRIu64 " on", seeds.first);
	bool good = seeds_run(&seeds);

	show(board, good, (clock_mono_ns() - start_ns) / 1000000);
	return tap_end();
}
