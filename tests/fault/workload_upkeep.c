/*
 * The workload's operations on the store as a whole.
 */
#include "tests/fault/workload_run.h"

enum {
	OPERATIONS_PER_COPY = 200,
};

void op_flush(struct run *r)
{
	run_judge_durable(r, "flush", lsm_flush(r->db));
}

void op_compact(struct run *r)
{
	char from[LEDGER_KEY_TEXT], to[LEDGER_KEY_TEXT];
	unsigned first = (unsigned)rng_below(&r->rng, LEDGER_KEYS);
	unsigned last = first + (unsigned)rng_below(&r->rng, LEDGER_KEYS - first);

	run_judge_durable(r, "compact",
			  lsm_compact(r->db, ledger_key(first, from), ledger_key(last, to)));
}

void op_sync(struct run *r)
{
	run_judge_durable(r, "sync", lsm_sync(r->db));
}

void op_verify(struct run *r)
{
	struct lsm_verify_report report;

	run_judge_error(r, "verify", lsm_verify(r->db, &report), true);
}

void op_space(struct run *r)
{
	struct lsm_space space;

	run_judge_error(r, "space", lsm_space(r->db, &space), true);
}

/* Looked at when nothing fails any more (copies.h). */
void op_checkpoint(struct run *r)
{
	struct copies *copies = &r->outcome->copies;
	char path[COPY_PATH_MAX];

	if (copies->made > r->w->operations / OPERATIONS_PER_COPY ||
	    !copies_begin(copies, r->w->path, r->ledger->kept, path))
		return;
	int err = lsm_checkpoint(r->db, path);

	run_judge_error(r, "checkpoint", err, false);
	if (err)
		return;
	if (r->sync_failed)
		run_violate(r, "checkpoint answers 0 of a store that takes no writes");
	copies_keep(copies);
}
