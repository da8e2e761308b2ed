/*
 * The workload's named snapshot.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lsm/base/error.h"
#include "tests/fault/workload_run.h"

static int look_through(const struct workload_named *named, const struct ledger *l, struct lsm *db,
			struct lsm_snapshot *snapshot, char why[LEDGER_WHY_MAX])
{
	const struct lsm_read_options options = {.snapshot = snapshot};
	struct ledger_state found;
	int err = ledger_read(l, db, &options, &found, why);

	if (!err && memcmp(&found, &named->at, sizeof(found)) != 0) {
		(void)snprintf(why, LEDGER_WHY_MAX, "the named snapshot is not as it was made");
		err = -EUCLEAN;
	}
	return err;
}

int named_look(const struct workload_named *named, const struct ledger *l, struct lsm *db,
	       bool *ret_there, char why[LEDGER_WHY_MAX])
{
	struct lsm_snapshot *snapshot;
	int err = lsm_snapshot_open(db, slice_str(WORKLOAD_SNAPSHOT), &snapshot);
	bool there = !err;

	if (err && err != -ENOENT)
		return err;
	if (there != (named->state == NAMED_PRESENT) && named->state != NAMED_DOUBTFUL) {
		(void)snprintf(why, LEDGER_WHY_MAX, "the named snapshot is %s",
			       there ? "there, though it was dropped" : "lost");
		err = -EUCLEAN;
	} else {
		err = there ? look_through(named, l, db, snapshot, why) : 0;
	}
	if (there)
		lsm_snapshot_release(db, snapshot);
	if (!err)
		*ret_there = there;
	return err;
}

static void make(struct run *r)
{
	struct workload_named *named = &r->outcome->named;

	named->at = *ledger_now(r->ledger);
	named->state = NAMED_DOUBTFUL; /* if the process dies */
	int err = lsm_snapshot_make(r->db, slice_str(WORKLOAD_SNAPSHOT));

	if (!err)
		named->state = NAMED_PRESENT;
	run_judge_durable(r, "make snapshot", err);
}

static void drop(struct run *r)
{
	struct workload_named *named = &r->outcome->named;

	named->state = NAMED_DOUBTFUL;
	int err = lsm_snapshot_drop(r->db, slice_str(WORKLOAD_SNAPSHOT));

	if (!err)
		named->state = NAMED_ABSENT;
	run_judge_error(r, "drop snapshot", err, false);
}

void op_name(struct run *r)
{
	bool there = false;

	if (r->ledger->doubtful || r->sync_failed)
		return;
	int err = named_look(&r->outcome->named, r->ledger, r->db, &there, r->why);

	if (err == -EUCLEAN)
		run_violate(r, "%s", r->why);
	else if (err)
		run_judge_error(r, "open snapshot", err, true);
	else if (there)
		drop(r);
	else
		make(r);
}
