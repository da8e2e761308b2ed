/*
 * Inside of the workload: a run under way, and how it judges what it is answered. The operations
 * are in workload_*.c; workload.c has their table.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/base/rng.h"
#include "tests/fault/workload.h"

enum {
	SYNCED_PUT_EVERY = 6,
	LARGE_KEYS = 6, /* the first ones have large values, too */
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

/* The run ends with this violation; the first is the one to look at. */
void run_violate(struct run *r, const char *fmt, ...) printf_like(2, 3);

/* An answer that is an error: whether there is a reason for it. Reads have no right to fail because
 * of what went wrong before. */
void run_judge_error(struct run *r, const char *what, int err, bool reads);
/* The answer of what promises that all before it is on the disk. */
void run_judge_durable(struct run *r, const char *what, int err);

/* The change has been begun; this was the answer. */
void run_answer_change(struct run *r, int err, bool synced);
/*
 * A change that asked for a sync was answered with an error: it is applied or not, and a reader can
 * tell. If it is, whether it is on the disk nobody knows. If the reader fails too, the run ends. A
 * change that did not ask is not there.
 */
void run_resolve_doubt(struct run *r, bool synced);
/* The store was opened again: a doubt ends here, what is found is what the next changes build on.
 */
void run_settle_doubt(struct run *r);
/* A change is in memory whose sync has failed: the store must take no other on top of it. */
bool run_is_read_only(struct run *r);

/* Whether a reader may see this in the key: 0 is absence. */
bool run_may_see(const struct run *r, unsigned key, uint32_t number);
/* Read the key, and check what it has. */
void run_get_key(struct run *r, unsigned key);
void run_drop_snapshot(struct run *r);

/* workload_writes.c */
void op_put(struct run *r);
void op_delete(struct run *r);
void op_batch(struct run *r);
void op_conditional(struct run *r);
/* workload_large.c */
void op_put_large(struct run *r);
void op_patch(struct run *r);
void op_patch_many(struct run *r);
void op_batch_large(struct run *r);
void op_copy(struct run *r);
void op_copy_range(struct run *r);
/* workload_reads.c */
void op_get(struct run *r);
void op_stat(struct run *r);
void op_scan(struct run *r);
void op_scan_back(struct run *r);
void op_snapshot(struct run *r);
/* workload_pieces.c */
void op_read(struct run *r);
void op_read_snapshot(struct run *r);
void op_iter_read(struct run *r);
/* workload_upkeep.c */
void op_flush(struct run *r);
void op_compact(struct run *r);
void op_sync(struct run *r);
void op_verify(struct run *r);
void op_space(struct run *r);
void op_checkpoint(struct run *r);
/* workload_names.c */
void op_name(struct run *r);

#define WORKLOAD_SNAPSHOT "named"

/* Whether the store has the named snapshot as it is known to be. The store's error, or -EUCLEAN:
 * it has not, `why` says how. *ret_there. */
must_check int named_look(const struct workload_named *named, const struct ledger *l,
			  struct lsm *db, bool *ret_there, char why[LEDGER_WHY_MAX]);
