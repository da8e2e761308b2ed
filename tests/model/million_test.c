/*
 * A million small records through lsm.h: every one there, in order both ways, with its content, as
 * written, after reopening, and after changes and a compaction.
 *
 * usage: million_test [RECORDS]     (default 100000); APEX_SEED chooses the order of the puts and
 * the records that are read
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lsm/base/clock.h"
#include "lsm/base/rng.h"
#include "lsm/lsm.h"
#include "tests/support/scratch.h"
#include "tests/support/tap.h"

enum {
	KEY_BYTES = 16,
	VALUE_BYTES = 100,
	CHANGED_SHARE = 10, /* one in so many records is overwritten, and one is deleted */
	OVERWRITTEN = 3,    /* the record's number modulo CHANGED_SHARE */
	DELETED = 7,
	MS_NS = 1000000,
};

#define FULL_RECORDS UINT64_C(1000000)
#define SIZE_MIN     UINT64_C(65536)

struct run {
	const char *store;
	struct lsm *db;
	struct rng rng;
	uint64_t records;
	bool changed; /* overwritten and deleted */
};

struct key {
	char bytes[KEY_BYTES + 1];
};

/* In key order, since the digits are. Even numbers only: the odd ones are the keys that are
 * missing. */
static struct key key_of(uint64_t number)
{
	struct key key;

	snprintf(key.bytes, sizeof(key.bytes), "%016" PRIu64, 2 * number);
	return key;
}

static struct key missing_key_of(uint64_t number)
{
	struct key key;

	snprintf(key.bytes, sizeof(key.bytes), "%016" PRIu64, 2 * number + 1);
	return key;
}

static struct slice key_slice(const struct key *key)
{
	return slice_of(key->bytes, KEY_BYTES);
}

/* Made from the number, so that a record in the wrong place is seen; half of it compresses. */
static void value_make(uint64_t number, unsigned generation, uint8_t *ret_value)
{
	struct rng rng;

	rng_seed(&rng, number * 2 + generation);
	memset(ret_value, 'a' + (int)(number % 26), VALUE_BYTES);
	rng_fill(&rng, ret_value, VALUE_BYTES / 2);
}

static bool is_there(const struct run *run, uint64_t number)
{
	return !run->changed || number % CHANGED_SHARE != DELETED;
}

static bool has_right_value(const struct run *run, uint64_t number, struct slice value)
{
	uint8_t expected[VALUE_BYTES];

	value_make(number, run->changed && number % CHANGED_SHARE == OVERWRITTEN, expected);
	return slice_eq(value, slice_of(expected, VALUE_BYTES));
}

/* ---- changes ---- */

/* A step that shares no factor with the number of records takes each of them once, in a scattered
 * order. */
static uint64_t scattering_step(struct run *run)
{
	for (;;) {
		uint64_t step = 1 + rng_below(&run->rng, run->records);
		uint64_t a = step, b = run->records;

		while (b) {
			uint64_t rest = a % b;

			a = b;
			b = rest;
		}
		if (a == 1)
			return step;
	}
}

static int put(struct run *run, uint64_t number, unsigned generation)
{
	struct key key = key_of(number);
	uint8_t value[VALUE_BYTES];

	value_make(number, generation, value);
	return lsm_put(run->db, key_slice(&key), slice_of(value, VALUE_BYTES), NULL);
}

static void put_all(struct run *run)
{
	uint64_t step = scattering_step(run), number = 0, start_ns = clock_mono_ns();
	int err = 0;

	for (uint64_t i = 0; i < run->records && !err; i++) {
		err = put(run, number, 0);
		number = (number + step) % run->records;
	}
	tap_result(err == 0, "%" PRIu64 " puts in a scattered order, %" PRIu64 " ms (%d)",
		   run->records, (clock_mono_ns() - start_ns) / MS_NS, err);
}

static void change_a_fifth(struct run *run)
{
	int err = 0;

	for (uint64_t i = 0; i < run->records && !err; i++) {
		struct key key = key_of(i);

		if (i % CHANGED_SHARE == OVERWRITTEN)
			err = put(run, i, 1);
		else if (i % CHANGED_SHARE == DELETED)
			err = lsm_delete(run->db, key_slice(&key), NULL);
	}
	run->changed = true;
	tap_result(err == 0, "a tenth overwritten, a tenth deleted (%d)", err);
}

/* ---- checks ---- */

/* Whether the iterator stands on that record, with its content. */
static bool stands_on(const struct run *run, struct lsm_iter *it, uint64_t number)
{
	struct key key = key_of(number);
	struct slice value;

	if (!lsm_iter_valid(it) || !slice_eq(lsm_iter_record(it)->key, key_slice(&key)))
		return false;
	return lsm_iter_record(it)->value_len == VALUE_BYTES && lsm_iter_value(it, &value) == 0 &&
	       has_right_value(run, number, value);
}

/* How many records an iteration meets before one is not the expected one, or all of them. */
static uint64_t iterate(const struct run *run, struct lsm_iter *it, bool backward)
{
	uint64_t met = 0;

	for (uint64_t i = 0; i < run->records; i++) {
		uint64_t number = backward ? run->records - 1 - i : i;

		if (!is_there(run, number))
			continue;
		if (!stands_on(run, it, number))
			return met;
		met++;
		if (backward)
			lsm_iter_prev(it);
		else
			lsm_iter_next(it);
	}
	return met;
}

static uint64_t expected_count(const struct run *run)
{
	uint64_t count = 0;

	for (uint64_t i = 0; i < run->records; i++)
		count += is_there(run, i);
	return count;
}

static void check_iteration(const struct run *run, const char *when, bool backward)
{
	uint64_t start_ns = clock_mono_ns(), met = 0;
	struct lsm_iter *it;
	int err = lsm_iter_new(run->db, NULL, &it);
	bool ended = false;

	if (!err) {
		if (backward)
			lsm_iter_last(it);
		else
			lsm_iter_first(it);
		met = iterate(run, it, backward);
		ended = !lsm_iter_valid(it);
		err = lsm_iter_status(it);
		lsm_iter_free(it);
	}
	tap_result(!err && ended && met == expected_count(run),
		   "%s: iteration %s meets each record: %" PRIu64 " of %" PRIu64 ", %" PRIu64
		   " ms (%d)",
		   when, backward ? "backward" : "forward", met, expected_count(run),
		   (clock_mono_ns() - start_ns) / MS_NS, err);
}

/* Whether a get answers what it must. */
static bool get_is_right(const struct run *run, uint64_t number)
{
	struct key key = key_of(number);
	struct lsm_record record;
	int err = lsm_get(run->db, key_slice(&key), NULL, &record);

	if (!is_there(run, number))
		return err == -ENOENT;
	if (err)
		return false;
	bool right = has_right_value(run, number, record.value);

	lsm_record_release(&record);
	return right;
}

static bool miss_is_right(const struct run *run, uint64_t number)
{
	struct key key = missing_key_of(number);
	struct lsm_record record;
	int err = lsm_get(run->db, key_slice(&key), NULL, &record);

	if (!err)
		lsm_record_release(&record);
	return err == -ENOENT;
}

static void check_gets(struct run *run, const char *when)
{
	uint64_t gets = run->records / 10, start_ns = clock_mono_ns();
	uint64_t wrong_hits = 0, wrong_misses = 0;

	for (uint64_t i = 0; i < gets; i++)
		wrong_hits += !get_is_right(run, rng_below(&run->rng, run->records));
	for (uint64_t i = 0; i < gets; i++)
		wrong_misses += !miss_is_right(run, rng_below(&run->rng, run->records));
	tap_result(!wrong_hits && !wrong_misses,
		   "%s: %" PRIu64 " random gets, as many of missing keys; wrong: %" PRIu64
		   ", %" PRIu64 "; %" PRIu64 " ms",
		   when, gets, wrong_hits, wrong_misses, (clock_mono_ns() - start_ns) / MS_NS);
}

static void check_all(struct run *run, const char *when)
{
	check_iteration(run, when, false);
	check_iteration(run, when, true);
	check_gets(run, when);
}

/* ---- upkeep ---- */

/* A million records have the default sizes; fewer have smaller ones, and so as many tables and
 * levels. */
static struct lsm_options scaled_options(const struct run *run)
{
	struct lsm_options options;
	uint64_t share = min_of(run->records, FULL_RECORDS);

	lsm_options_init(&options);
	options.memtable_bytes = max_of(options.memtable_bytes * share / FULL_RECORDS, SIZE_MIN);
	options.base_level_bytes =
		max_of(options.base_level_bytes * share / FULL_RECORDS, SIZE_MIN);
	options.target_file_bytes =
		max_of(options.target_file_bytes * share / FULL_RECORDS, SIZE_MIN);
	return options;
}

static bool open_store(struct run *run, const char *what)
{
	struct lsm_options options = scaled_options(run);
	uint64_t start_ns = clock_mono_ns();
	int err = lsm_open(run->store, &options, &run->db);

	return tap_result(err == 0, "%s takes %.1f ms (%d)", what,
			  (double)(clock_mono_ns() - start_ns) / MS_NS, err);
}

static bool close_store(struct run *run)
{
	int err = lsm_close(run->db);

	run->db = NULL;
	return tap_result(err == 0, "closed (%d)", err);
}

static void compact_and_verify(struct run *run)
{
	struct lsm_verify_report report = {0};
	uint64_t start_ns = clock_mono_ns();
	int err = lsm_compact(run->db, slice_str(""), slice_str(""));

	tap_result(err == 0, "compacted, %" PRIu64 " ms (%d)", (clock_mono_ns() - start_ns) / MS_NS,
		   err);
	check_all(run, "compacted");
	err = lsm_verify(run->db, &report);
	tap_result(err == 0, "verified: %" PRIu64 " tables, %" PRIu64 " bytes (%d)", report.tables,
		   report.bytes, err);
}

static void run_all(struct run *run)
{
	if (!open_store(run, "making the store"))
		return;
	put_all(run);
	check_all(run, "written");
	if (!close_store(run) || !open_store(run, "reopening"))
		return;
	check_all(run, "reopened");
	change_a_fifth(run);
	check_all(run, "changed");
	compact_and_verify(run);
	if (!close_store(run) || !open_store(run, "reopening the compacted store"))
		return;
	check_all(run, "compacted and reopened");
	close_store(run);
}

int main(int argc, char **argv)
{
	const char *given = getenv("APEX_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : clock_real_ns();
	struct run run = {.records = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000};
	char *store;
	int rc = run.records ? scratch_make("apexfs-million", &store) : -EINVAL;

	if (rc) {
		tap_result(false, "%" PRIu64 " records in a scratch folder: %s", run.records,
			   strerror(-rc));
		return tap_end();
	}
	tap_note("APEX_SEED=%" PRIu64, seed);
	rng_seed(&run.rng, seed);
	run.store = store;
	run_all(&run);
	if (tap_has_failed())
		tap_note("%s; kept for inspection: %s", lsm_error_text(), store);
	else if (scratch_remove(store) != 0)
		tap_note("%s: cannot be removed", store);
	free(store);
	return tap_end();
}
