/*
 * The workload's reads of whole values.
 */
#include <errno.h>
#include <string.h>

#include "lsm/base/error.h"
#include "tests/fault/workload_run.h"

enum {
	SCAN_STEPS_MAX = 12,
};

void run_get_key(struct run *r, unsigned key)
{
	char text[LEDGER_KEY_TEXT];
	struct lsm_record record = {0};
	unsigned named = 0;
	uint32_t number = 0;
	int err = lsm_get(r->db, ledger_key(key, text), NULL, &record);

	if (err && err != -ENOENT) {
		run_judge_error(r, "get", err, true);
		return;
	}
	if (err == 0) {
		err = ledger_recognise(r->ledger, &record, record.value, &named, &number, r->why);
		r->seen[key] = (struct seen){.number = number, .seqno = record.seqno};
		lsm_record_release(&record);
		if (err)
			run_violate(r, "get: %s", r->why);
	}
	if (!r->ended && !run_may_see(r, key, number))
		run_violate(r, "get: key %u has change %u, not %u", key, number,
			    ledger_now(r->ledger)->by[key]);
}

void op_get(struct run *r)
{
	run_get_key(r, (unsigned)rng_below(&r->rng, LEDGER_KEYS));
}

void op_stat(struct run *r)
{
	unsigned key = (unsigned)rng_below(&r->rng, LEDGER_KEYS);
	char text[LEDGER_KEY_TEXT];
	struct lsm_record record;
	bool there = ledger_now(r->ledger)->by[key] != 0;
	int err = lsm_stat(r->db, ledger_key(key, text), NULL, &record);

	if (err == 0)
		lsm_record_release(&record);
	if (err && err != -ENOENT)
		run_judge_error(r, "stat", err, true);
	else if (!r->ledger->doubtful && (err == 0) != there)
		run_violate(r, "stat: key %u is %s", key, there ? "missing" : "there");
}

void run_drop_snapshot(struct run *r)
{
	if (r->snapshot)
		lsm_snapshot_release(r->db, r->snapshot);
	r->snapshot = NULL;
}

/* The next key that a reader sees from `key` on in direction `step`, or one past the ends. */
static int next_present(const struct run *r, int key, int step)
{
	while (key >= 0 && key < LEDGER_KEYS && run_may_see(r, (unsigned)key, 0))
		key += step;
	return key;
}

/* From a random key some steps on; all that comes is what must come. */
static void scan(struct run *r, int step)
{
	int from = (int)rng_below(&r->rng, LEDGER_KEYS), due;
	unsigned left = 1 + (unsigned)rng_below(&r->rng, SCAN_STEPS_MAX);
	char text[LEDGER_KEY_TEXT];
	struct lsm_iter *it;
	int err = lsm_iter_new(r->db, NULL, &it);

	if (err) {
		run_judge_error(r, "iterator", err, true);
		return;
	}
	if (step > 0)
		lsm_iter_seek(it, ledger_key((unsigned)from, text));
	else
		lsm_iter_seek_back(it, ledger_key((unsigned)from, text));
	for (due = next_present(r, from, step); left > 0 && lsm_iter_valid(it); left--) {
		struct slice value;
		unsigned key;
		uint32_t number;

		err = lsm_iter_value(it, &value);
		if (err)
			break;
		err = ledger_recognise(r->ledger, lsm_iter_record(it), value, &key, &number,
				       r->why);
		if (err)
			run_violate(r, "scan: %s", r->why);
		else if ((int)key != due || !run_may_see(r, key, number))
			run_violate(r, "scan: key %u by change %u where key %d is due", key, number,
				    due);
		if (r->ended)
			break;
		due = next_present(r, (int)key + step, step);
		if (step > 0)
			lsm_iter_next(it);
		else
			lsm_iter_prev(it);
	}
	if (!r->ended && !err && left > 0) {
		err = lsm_iter_status(it);
		if (!err && due >= 0 && due < LEDGER_KEYS)
			run_violate(r, "scan: ends before key %d", due);
	}
	if (!r->ended && err)
		run_judge_error(r, "scan", err, true);
	lsm_iter_free(it);
}

void op_scan(struct run *r)
{
	if (!r->ledger->doubtful)
		scan(r, 1);
}

void op_scan_back(struct run *r)
{
	if (!r->ledger->doubtful)
		scan(r, -1);
}

static void check_snapshot(struct run *r)
{
	struct lsm_read_options options = {.snapshot = r->snapshot};
	struct ledger_state found;
	bool by_scan = rng_below(&r->rng, 2) == 0;
	int err = by_scan ? ledger_scan(r->ledger, r->db, &options, rng_below(&r->rng, 2) == 0,
					&found, r->why)
			  : ledger_read(r->ledger, r->db, &options, &found, r->why);

	if (err == -EUCLEAN)
		run_violate(r, "snapshot: %s", r->why);
	else if (err)
		run_judge_error(r, "snapshot", err, true);
	else if (memcmp(&found, &r->at_snapshot, sizeof(found)) != 0)
		run_violate(r, "the snapshot has changed");
}

void op_snapshot(struct run *r)
{
	if (r->snapshot) {
		check_snapshot(r);
		run_drop_snapshot(r);
		return;
	}
	if (r->ledger->doubtful)
		return;
	r->at_snapshot = *ledger_now(r->ledger);

	int err = lsm_snapshot_new(r->db, &r->snapshot);

	if (err)
		r->snapshot = NULL;
	run_judge_error(r, "new snapshot", err, true);
}
