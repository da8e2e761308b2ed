/*
 * The workload's changes of small values.
 */
#include <errno.h>

#include "lsm/base/error.h"
#include "tests/fault/workload_run.h"

enum {
	CONDITIONS_MAX = 3, /* of a batch */
};

void op_put(struct run *r)
{
	struct ledger_change change = {.count = 1, .touched[0].put = true};
	unsigned key = (unsigned)rng_below(&r->rng, LEDGER_KEYS);
	struct lsm_write_options options = {.sync = rng_below(&r->rng, SYNCED_PUT_EVERY) == 0};
	char text[LEDGER_KEY_TEXT];
	uint8_t value[LEDGER_VALUE_MAX];

	if (run_is_read_only(r))
		return;
	change.touched[0].key = (uint16_t)key;
	uint32_t number = ledger_begin(r->ledger, &change);
	int err = lsm_put(r->db, ledger_key(key, text), ledger_value(r->ledger, key, number, value),
			  &options);

	run_answer_change(r, err, options.sync);
}

void op_delete(struct run *r)
{
	struct ledger_change change = {.count = 1};
	unsigned key = (unsigned)rng_below(&r->rng, LEDGER_KEYS);
	char text[LEDGER_KEY_TEXT];

	if (run_is_read_only(r))
		return;
	change.touched[0].key = (uint16_t)key;
	(void)ledger_begin(r->ledger, &change); /* a deletion has no value to number */
	run_answer_change(r, lsm_delete(r->db, ledger_key(key, text), NULL), false);
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

void op_batch(struct run *r)
{
	struct ledger_change change = draw_batch(r);
	struct lsm_write_options options = {.sync = rng_below(&r->rng, SYNCED_PUT_EVERY) == 0};

	if (run_is_read_only(r))
		return;
	uint32_t number = ledger_begin(r->ledger, &change);
	struct lsm_batch *batch = lsm_batch_new();
	int err = batch ? fill_batch(r, &change, number, batch) : -ENOMEM;

	if (!err)
		err = lsm_write(r->db, batch, &options, NULL);
	lsm_batch_free(batch);
	run_answer_change(r, err, options.sync);
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
		run_get_key(r, key);
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
		run_violate(r, "a batch whose preconditions do not hold is applied");
	else if (right && fail_text()[0] == '\0')
		run_violate(r, "a precondition does not hold: no sentence");
	else if (!right)
		run_judge_error(r, "conditional change", err, false);
	if (!r->outcome->violation[0])
		run_resolve_doubt(r, false);
}

void op_conditional(struct run *r)
{
	struct ledger_change change = draw_batch(r);
	struct lsm_write_options options = {.sync = rng_below(&r->rng, SYNCED_PUT_EVERY) == 0};
	unsigned conditions = 1 + (unsigned)rng_below(&r->rng, CONDITIONS_MAX);
	struct verdict verdict = {0};

	if (run_is_read_only(r))
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
		run_answer_change(r, err, options.sync);
}
