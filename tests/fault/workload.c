#include "tests/fault/workload.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lsm/base/error.h"
#include "lsm/base/rng.h"
#include "tests/fault/quiet.h"
#include "tests/support/scratch.h"

enum {
	OPENS_TRIED_MAX = 3, /* in a row; then the run ends */
	SYNCED_PUT_EVERY = 6,
	SCAN_STEPS_MAX = 12,
	CONDITIONS_MAX = 3, /* of a batch */
	OPERATIONS_PER_COPY = 200,
};

/* What a reader was told of a key since the store was opened. */
struct seen {
	uint32_t number; /* the change that put it */
	uint64_t seqno;  /* 0: nothing was */
};

struct run {
	const struct workload *w;
	struct ledger *ledger;
	struct workload_outcome *outcome;
	struct rng rng; /* of this operation: what was drawn before does not depend on answers */
	struct lsm *db; /* NULL: the last open failed */
	unsigned opens_failed;
	struct lsm_snapshot *snapshot;          /* NULL: none is held */
	struct ledger_state at_snapshot;        /* what it must show */
	uint64_t struck_at_open, struck_before; /* w->struck then; before the operation before */
	struct seen seen[LEDGER_KEYS];
	bool sync_failed; /* of the doubtful change, which readers see */
	bool ended;
	char why[LEDGER_WHY_MAX];
};

static void violate(struct run *r, const char *fmt, ...) printf_like(2, 3);

static void violate(struct run *r, const char *fmt, ...)
{
	char *text = r->outcome->violation;

	r->ended = true;
	if (text[0]) /* the first is the one to look at */
		return;
	int len = snprintf(text, WORKLOAD_TEXT_MAX, "operation %u: ", r->outcome->operation);
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text + len, WORKLOAD_TEXT_MAX - (size_t)len, fmt, args);
	va_end(args);
}

/* An answer that is an error: whether there is a reason for it. Reads have no right to fail because
 * of what went wrong before. */
static void judge_error(struct run *r, const char *what, int err, bool reads)
{
	uint64_t struck = r->w->struck();
	bool excused = struck > r->struck_before;

	if (err >= 0)
		return;
	r->outcome->errors++;
	if (r->w->rule == WORKLOAD_ERRORS && !reads)
		excused = struck > r->struck_at_open;
	if (r->w->rule == WORKLOAD_NO_ERRORS)
		excused = false;
	if (!excused)
		violate(r, "%s: error %d without a reason: %s", what, err, fail_text());
	else if (fail_text()[0] == '\0' && err != -ENOMEM)
		violate(r, "%s: error %d without a sentence", what, err);
	if (r->w->dies_at_error)
		r->ended = true;
}

static void judge_durable(struct run *r, const char *what, int err)
{
	judge_error(r, what, err, false);
	if (err)
		return;
	if (r->sync_failed)
		violate(r, "%s answers 0 after the sync of change %u failed", what,
			r->ledger->doubtful);
	ledger_mark_durable(r->ledger);
}

/* Another store shape for each opening; the same one for the same seed. */
static struct lsm_options options_of(const struct workload *w, uint64_t opening)
{
	static const uint32_t block_bytes[] = {512, 1024, 4096};
	struct lsm_options o;
	struct rng rng;

	rng_seed(&rng, w->seed * UINT64_C(1000003) + WORKLOAD_OPERATIONS + opening);
	lsm_options_init(&o);
	o.env = w->env;
	o.sync_mode = w->sync_mode;
	o.sync_interval_ms = 3600000; /* the timer's turn is for the mode BATCH */
	o.sync_batch_delay_us = 3600000000U;
	o.sync_batch_records = 10;
	o.memtable_bytes = 6 << 10;
	o.block_bytes = block_bytes[opening % array_size(block_bytes)];
	o.compression = opening % 2 ? LSM_COMPRESSION_NONE : LSM_COMPRESSION_LZ4;
	o.strategy = (enum lsm_strategy)rng_below(&rng, LSM_LAZY_LEVELING + 1);
	o.runs_max = 2 + (unsigned)rng_below(&rng, 3);
	o.reserve_bytes = rng_below(&rng, 2) == 0 ? 0 : 64 << 10;
	o.l0_threshold = 2;
	o.base_level_bytes = 16 << 10;
	o.target_file_bytes = 8 << 10;
	o.cache_bytes = 16 << 10;
	o.cache_shards = 1;
	o.max_open_tables = 4;
	return o;
}

static void try_open(struct run *r)
{
	struct lsm_options options = options_of(r->w, r->outcome->opens);

	r->struck_at_open = r->w->struck();
	r->struck_before = r->struck_at_open;

	int err = lsm_open(r->w->path, &options, &r->db);

	judge_error(r, "open", err, false);
	memset(r->seen, 0, sizeof(r->seen)); /* a seqno of a change that was lost is given again */
	r->opens_failed = err ? r->opens_failed + 1 : 0;
	r->outcome->opens++;
	if (err)
		r->db = NULL;
	if (r->opens_failed >= OPENS_TRIED_MAX)
		r->ended = true;
}

static void drop_snapshot(struct run *r)
{
	if (r->snapshot)
		lsm_snapshot_release(r->db, r->snapshot);
	r->snapshot = NULL;
}

static void count_jobs(struct run *r)
{
	struct lsm_stats stats;

	lsm_stats_read(r->db, &stats);
	r->outcome->flushes += stats.flushes;
	r->outcome->compactions += stats.compactions + stats.trivial_moves;
}

static void close_store(struct run *r)
{
	if (!r->db)
		return;
	count_jobs(r);
	drop_snapshot(r);
	judge_durable(r, "close", lsm_close(r->db));
	r->db = NULL;
	r->sync_failed = false;
}

/*
 * A change that asked for a sync was answered with an error: it is applied or not, and a reader can
 * tell. If it is, whether it is on the disk nobody knows. If the reader fails too, the run ends. A
 * change that did not ask is not there.
 */
static void resolve_doubt(struct run *r, bool synced)
{
	struct ledger *l = r->ledger;
	struct ledger_state found;
	uint64_t struck = r->w->struck();
	int err = ledger_read(l, r->db, NULL, &found, r->why);

	if (err == -EUCLEAN || (err && r->w->struck() == struck))
		violate(r, "reading after a failed change: %s", r->why);
	else if (err && synced)
		r->ended = true;
	else if (err || memcmp(&found, ledger_now(l), sizeof(found)) == 0)
		ledger_refuse(l);
	else if (!synced || memcmp(&found, &l->with_doubtful, sizeof(found)) != 0)
		violate(r, "a refused change is there, in whole or in part");
	else
		r->sync_failed = true;
}

/* The change has been begun; this was the answer. */
static void answer_change(struct run *r, int err, bool synced)
{
	synced = synced || r->w->sync_mode == LSM_SYNC_ALWAYS;
	if (err == 0) {
		ledger_keep(r->ledger);
		if (synced)
			ledger_mark_durable(r->ledger);
		return;
	}
	judge_error(r, "change", err, false);
	if (!r->outcome->violation[0])
		resolve_doubt(r, synced);
}

/* A change is in memory whose sync has failed: the store must take no other on top of it. */
static bool is_read_only(struct run *r)
{
	char text[LEDGER_KEY_TEXT];
	int err;

	if (!r->sync_failed)
		return false;
	err = lsm_delete(r->db, ledger_key(0, text), NULL);
	if (err != -EROFS)
		violate(r, "a change after a failed sync: %d, not EROFS", err);
	return true;
}

static void op_put(struct run *r)
{
	struct ledger_change change = {.count = 1, .touched[0].put = true};
	unsigned key = (unsigned)rng_below(&r->rng, LEDGER_KEYS);
	struct lsm_write_options options = {.sync = rng_below(&r->rng, SYNCED_PUT_EVERY) == 0};
	char text[LEDGER_KEY_TEXT];
	uint8_t value[LEDGER_VALUE_MAX];

	if (is_read_only(r))
		return;
	change.touched[0].key = (uint16_t)key;
	uint32_t number = ledger_begin(r->ledger, &change);
	int err = lsm_put(r->db, ledger_key(key, text), ledger_value(r->ledger, key, number, value),
			  &options);

	answer_change(r, err, options.sync);
}

static void op_delete(struct run *r)
{
	struct ledger_change change = {.count = 1};
	unsigned key = (unsigned)rng_below(&r->rng, LEDGER_KEYS);
	char text[LEDGER_KEY_TEXT];

	if (is_read_only(r))
		return;
	change.touched[0].key = (uint16_t)key;
	(void)ledger_begin(r->ledger, &change); /* a deletion has no value to number */
	answer_change(r, lsm_delete(r->db, ledger_key(key, text), NULL), false);
}

static int fill_batch(struct run *r, const struct ledger_change *change, uint32_t number,
		      struct lsm_batch *batch)
{
	char text[LEDGER_KEY_TEXT];
	uint8_t value[LEDGER_VALUE_MAX];
	int err = 0;

	for (uint32_t i = 0; !err && i < change->count; i++) {
		unsigned key = change->touched[i].key;

		err = change->touched[i].put
			      ? lsm_batch_put(batch, ledger_key(key, text), (struct slice){0},
					      ledger_value(r->ledger, key, number, value))
			      : lsm_batch_delete(batch, ledger_key(key, text));
	}
	return err;
}

static struct ledger_change draw_batch(struct run *r)
{
	struct ledger_change change = {
		.count = 2 + (uint32_t)rng_below(&r->rng, LEDGER_TOUCHED_MAX - 1),
	};

	for (uint32_t i = 0; i < change.count; i++) {
		change.touched[i].key = (uint16_t)rng_below(&r->rng, LEDGER_KEYS);
		change.touched[i].put = rng_below(&r->rng, 4) != 0;
	}
	return change;
}

static void op_batch(struct run *r)
{
	struct ledger_change change = draw_batch(r);
	struct lsm_write_options options = {.sync = rng_below(&r->rng, SYNCED_PUT_EVERY) == 0};

	if (is_read_only(r))
		return;
	uint32_t number = ledger_begin(r->ledger, &change);
	struct lsm_batch *batch = lsm_batch_new();
	int err = batch ? fill_batch(r, &change, number, batch) : -ENOMEM;

	if (!err)
		err = lsm_write(r->db, batch, &options, NULL);
	lsm_batch_free(batch);
	answer_change(r, err, options.sync);
}

/* Whether a reader may see this in the key: 0 is absence. */
static bool may_see(const struct run *r, unsigned key, uint32_t number)
{
	return number == ledger_now(r->ledger)->by[key] ||
	       (r->ledger->doubtful && number == r->ledger->with_doubtful.by[key]);
}

static void get_key(struct run *r, unsigned key)
{
	char text[LEDGER_KEY_TEXT];
	struct lsm_record record = {0};
	unsigned named = 0;
	uint32_t number = 0;
	int err = lsm_get(r->db, ledger_key(key, text), NULL, &record);

	if (err && err != -ENOENT) {
		judge_error(r, "get", err, true);
		return;
	}
	if (err == 0) {
		err = ledger_recognise(r->ledger, &record, record.value, &named, &number, r->why);
		r->seen[key] = (struct seen){.number = number, .seqno = record.seqno};
		lsm_record_release(&record);
		if (err)
			violate(r, "get: %s", r->why);
	}
	if (!r->ended && !may_see(r, key, number))
		violate(r, "get: key %u has change %u, not %u", key, number,
			ledger_now(r->ledger)->by[key]);
}

static void op_get(struct run *r)
{
	get_key(r, (unsigned)rng_below(&r->rng, LEDGER_KEYS));
}

/* What the ledger says of a batch with preconditions. */
struct verdict {
	bool stale, exists; /* a precondition fails in this way */
};

/* From `key` on round the first that was seen, or `key`. */
static unsigned next_seen(const struct run *r, unsigned key)
{
	for (unsigned i = 0; i < LEDGER_KEYS; i++)
		if (r->seen[(key + i) % LEDGER_KEYS].seqno != 0)
			return (key + i) % LEDGER_KEYS;
	return key;
}

/*
 * A precondition of a key: that it is absent, or that it is as it was seen last, which may be long
 * ago; mostly it is looked at again first, so that the precondition holds.
 */
static int add_condition(struct run *r, struct lsm_batch *batch, struct verdict *verdict)
{
	unsigned key = (unsigned)rng_below(&r->rng, LEDGER_KEYS);
	bool look = rng_below(&r->rng, 3) != 0, absent = rng_below(&r->rng, 8) == 0;
	char text[LEDGER_KEY_TEXT];

	if (look)
		get_key(r, key);
	else if (!absent)
		key = next_seen(r, key);

	uint16_t number = ledger_now(r->ledger)->by[key];

	if (absent || (look && number == 0) || r->seen[key].seqno == 0) {
		verdict->exists |= number != 0;
		return lsm_batch_expect(batch, ledger_key(key, text), 0);
	}
	verdict->stale |= number != r->seen[key].number;
	return lsm_batch_expect(batch, ledger_key(key, text), r->seen[key].seqno);
}

/* The change has been begun, and preconditions of it do not hold. */
static void answer_wrong(struct run *r, int err, const struct verdict *verdict)
{
	bool right = (verdict->stale && err == -ESTALE) || (verdict->exists && err == -EEXIST);

	if (err == 0)
		violate(r, "a batch whose preconditions do not hold is applied");
	else if (right && fail_text()[0] == '\0')
		violate(r, "a precondition does not hold: no sentence");
	else if (!right)
		judge_error(r, "conditional change", err, false);
	if (!r->outcome->violation[0])
		resolve_doubt(r, false);
}

static void op_conditional(struct run *r)
{
	struct ledger_change change = draw_batch(r);
	struct lsm_write_options options = {.sync = rng_below(&r->rng, SYNCED_PUT_EVERY) == 0};
	unsigned conditions = 1 + (unsigned)rng_below(&r->rng, CONDITIONS_MAX);
	struct verdict verdict = {0};

	if (is_read_only(r))
		return;
	struct lsm_batch *batch = lsm_batch_new();
	int err = batch ? 0 : -ENOMEM;

	for (unsigned i = 0; !err && i < conditions && !r->ended; i++)
		err = add_condition(r, batch, &verdict);
	if (r->ended) { /* by a read */
		lsm_batch_free(batch);
		return;
	}
	uint32_t number = ledger_begin(r->ledger, &change);

	if (!err)
		err = fill_batch(r, &change, number, batch);
	if (!err)
		err = lsm_write(r->db, batch, &options, NULL);
	lsm_batch_free(batch);
	if (verdict.stale || verdict.exists)
		answer_wrong(r, err, &verdict);
	else
		answer_change(r, err, options.sync);
}

static void op_stat(struct run *r)
{
	unsigned key = (unsigned)rng_below(&r->rng, LEDGER_KEYS);
	char text[LEDGER_KEY_TEXT];
	struct lsm_record record;
	bool there = ledger_now(r->ledger)->by[key] != 0;
	int err = lsm_stat(r->db, ledger_key(key, text), NULL, &record);

	if (err == 0)
		lsm_record_release(&record);
	if (err && err != -ENOENT)
		judge_error(r, "stat", err, true);
	else if (!r->ledger->doubtful && (err == 0) != there)
		violate(r, "stat: key %u is %s", key, there ? "missing" : "there");
}

/* The next key that a reader sees from `key` on in direction `step`, or one past the ends. */
static int next_present(const struct run *r, int key, int step)
{
	while (key >= 0 && key < LEDGER_KEYS && may_see(r, (unsigned)key, 0))
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
		judge_error(r, "iterator", err, true);
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
			violate(r, "scan: %s", r->why);
		else if ((int)key != due || !may_see(r, key, number))
			violate(r, "scan: key %u by change %u where key %d is due", key, number,
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
			violate(r, "scan: ends before key %d", due);
	}
	if (!r->ended && err)
		judge_error(r, "scan", err, true);
	lsm_iter_free(it);
}

static void op_scan(struct run *r)
{
	if (!r->ledger->doubtful)
		scan(r, 1);
}

static void op_scan_back(struct run *r)
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
		violate(r, "snapshot: %s", r->why);
	else if (err)
		judge_error(r, "snapshot", err, true);
	else if (memcmp(&found, &r->at_snapshot, sizeof(found)) != 0)
		violate(r, "the snapshot has changed");
}

static void op_snapshot(struct run *r)
{
	if (r->snapshot) {
		check_snapshot(r);
		drop_snapshot(r);
		return;
	}
	if (r->ledger->doubtful)
		return;
	r->at_snapshot = *ledger_now(r->ledger);

	int err = lsm_snapshot_new(r->db, &r->snapshot);

	if (err)
		r->snapshot = NULL;
	judge_error(r, "new snapshot", err, true);
}

static void op_flush(struct run *r)
{
	judge_durable(r, "flush", lsm_flush(r->db));
}

static void op_compact(struct run *r)
{
	char from[LEDGER_KEY_TEXT], to[LEDGER_KEY_TEXT];
	unsigned first = (unsigned)rng_below(&r->rng, LEDGER_KEYS);
	unsigned last = first + (unsigned)rng_below(&r->rng, LEDGER_KEYS - first);

	judge_durable(r, "compact",
		      lsm_compact(r->db, ledger_key(first, from), ledger_key(last, to)));
}

static void op_sync(struct run *r)
{
	judge_durable(r, "sync", lsm_sync(r->db));
}

static void op_verify(struct run *r)
{
	struct lsm_verify_report report;

	judge_error(r, "verify", lsm_verify(r->db, &report), true);
}

static void op_space(struct run *r)
{
	struct lsm_space space;

	judge_error(r, "space", lsm_space(r->db, &space), true);
}

/* Looked at when nothing fails any more (copies.h). */
static void op_checkpoint(struct run *r)
{
	struct copies *copies = &r->outcome->copies;
	char path[COPY_PATH_MAX];

	if (copies->made > r->w->operations / OPERATIONS_PER_COPY ||
	    !copies_begin(copies, r->w->path, r->ledger->kept, path))
		return;
	int err = lsm_checkpoint(r->db, path);

	judge_error(r, "checkpoint", err, false);
	if (err)
		return;
	if (r->sync_failed)
		violate(r, "checkpoint answers 0 of a store that takes no writes");
	copies_keep(copies);
}

/* A doubt ends here: what is found is what the next changes build on. */
static void settle_doubt(struct run *r)
{
	struct ledger_state found;
	int err = ledger_read(r->ledger, r->db, NULL, &found, r->why);

	if (err == -EUCLEAN)
		violate(r, "after reopening: %s", r->why);
	else if (err)
		r->ended = true; /* the check after the run will see */
	else if (!ledger_allows(r->ledger, &found, r->ledger->kept, r->why))
		violate(r, "after reopening: %s", r->why);
	else
		ledger_adopt(r->ledger, &found);
}

static void op_reopen(struct run *r)
{
	close_store(r);
	if (!r->ended)
		try_open(r);
	if (r->db && r->ledger->doubtful)
		settle_doubt(r);
}

/* Weights: how often of all. */
static const struct {
	void (*run)(struct run *r);
	unsigned weight;
} operations[] = {
	{op_put, 34},  {op_delete, 7},  {op_batch, 12},      {op_get, 12},
	{op_stat, 3},  {op_scan, 5},    {op_scan_back, 5},   {op_snapshot, 6},
	{op_flush, 3}, {op_compact, 3}, {op_sync, 4},        {op_verify, 2},
	{op_space, 1}, {op_reopen, 1},  {op_conditional, 6}, {op_checkpoint, 1},
};

static void run_operation(struct run *r)
{
	unsigned total = 0;

	for (size_t i = 0; i < array_size(operations); i++)
		total += operations[i].weight;

	unsigned drawn = (unsigned)rng_below(&r->rng, total);

	if (r->outcome->operation == r->w->operations / 2) {
		op_reopen(r); /* whatever the seed */
		return;
	}
	if (r->outcome->operation == r->w->operations / 4) {
		op_checkpoint(r);
		return;
	}
	for (size_t i = 0; i < array_size(operations); i++) {
		if (drawn < operations[i].weight) {
			operations[i].run(r);
			return;
		}
		drawn -= operations[i].weight;
	}
}

static void reach_store(struct run *r)
{
	if (r->db)
		return;
	try_open(r);
	if (r->db && r->ledger->doubtful)
		settle_doubt(r);
}

void workload_run(const struct workload *w, struct ledger *ledger, struct workload_outcome *outcome)
{
	struct run r = {.w = w, .ledger = ledger, .outcome = outcome};
	uint64_t struck = w->struck();

	for (uint32_t n = 0; n < w->operations && !r.ended; n++) {
		outcome->operation = n;
		rng_seed(&r.rng, w->seed * UINT64_C(1000003) + n);
		fail_clear();
		reach_store(&r);
		r.struck_before = struck;
		struck = w->struck();
		if (r.db && !r.ended)
			run_operation(&r);
		quiet_wait();
	}
	outcome->operation = w->operations;
	r.struck_before = struck;
	fail_clear();
	if (w->cut_power)
		w->cut_power();
	if (w->dies_at_error && r.ended && !w->cut_power)
		outcome->left_open = true;
	else
		close_store(&r);
}

/* Read it in each way; the same each time, and allowed. */
static bool check_content(struct lsm *db, const struct ledger *l, uint32_t at_least,
			  struct ledger_state *ret_state, char why[LEDGER_WHY_MAX])
{
	struct ledger_state forward, backward;

	if (ledger_read(l, db, NULL, ret_state, why) ||
	    ledger_scan(l, db, NULL, false, &forward, why) ||
	    ledger_scan(l, db, NULL, true, &backward, why))
		return false;
	if (memcmp(ret_state, &forward, sizeof(forward)) != 0 ||
	    memcmp(ret_state, &backward, sizeof(backward)) != 0) {
		(void)snprintf(why, LEDGER_WHY_MAX, "get and scan differ");
		return false;
	}
	return ledger_allows(l, ret_state, at_least, why);
}

static bool say(char why[WORKLOAD_TEXT_MAX], const char *what, const char *reason)
{
	(void)snprintf(why, WORKLOAD_TEXT_MAX, "%s: %s", what, reason);
	return false;
}

/* New changes, a flush under them. */
static bool write_more(struct lsm *db, struct ledger *l)
{
	for (unsigned key = 0; key < LEDGER_KEYS; key += LEDGER_KEYS / 4) {
		struct ledger_change change = {.count = 1, .touched[0] = {(uint16_t)key, true}};
		char text[LEDGER_KEY_TEXT];
		uint8_t value[LEDGER_VALUE_MAX];
		uint32_t number = ledger_begin(l, &change);

		if (lsm_put(db, ledger_key(key, text), ledger_value(l, key, number, value), NULL))
			return false;
		ledger_keep(l);
		if (key == 0 && lsm_flush(db))
			return false;
	}
	return true;
}

bool workload_check(const struct workload *w, struct ledger *ledger,
		    const struct workload_outcome *outcome, char why[WORKLOAD_TEXT_MAX])
{
	struct lsm_options options = options_of(w, 0);
	struct lsm_verify_report report;
	struct ledger_state found;
	char reason[LEDGER_WHY_MAX] = "";
	struct lsm *db;

	if (!copies_check(&outcome->copies, w->path, &options, ledger, reason))
		return say(why, "checkpoint", reason);
	if (lsm_open(w->path, &options, &db))
		return say(why, "does not open again", lsm_error_text());
	if (!check_content(db, ledger, w->loses_power ? ledger->durable : ledger->kept, &found,
			   reason))
		return say(why, "opened again", reason);
	ledger_adopt(ledger, &found);
	if (lsm_verify(db, &report))
		return say(why, "verify", lsm_error_text());
	if (!write_more(db, ledger))
		return say(why, "takes no more changes", lsm_error_text());
	if (lsm_close(db))
		return say(why, "does not close", lsm_error_text());
	if (lsm_open(w->path, &options, &db))
		return say(why, "does not open a second time", lsm_error_text());
	if (!check_content(db, ledger, ledger->kept, &found, reason))
		return say(why, "opened a second time", reason);
	if (lsm_close(db))
		return say(why, "does not close a second time", lsm_error_text());
	return true;
}

int workload_remove(const char *path)
{
	int rc = scratch_remove(path);

	return rc ? rc : copies_remove(path);
}
