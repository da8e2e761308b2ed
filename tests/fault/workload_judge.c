#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lsm/base/error.h"
#include "tests/fault/workload_run.h"

void run_violate(struct run *r, const char *fmt, ...)
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

void run_judge_error(struct run *r, const char *what, int err, bool reads)
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
		run_violate(r, "%s: error %d without a reason: %s", what, err, fail_text());
	else if (fail_text()[0] == '\0' && err != -ENOMEM)
		run_violate(r, "%s: error %d without a sentence", what, err);
	if (r->w->dies_at_error)
		r->ended = true;
}

void run_judge_durable(struct run *r, const char *what, int err)
{
	run_judge_error(r, what, err, false);
	if (err)
		return;
	if (r->sync_failed)
		run_violate(r, "%s answers 0 after the sync of change %u failed", what,
			    r->ledger->doubtful);
	ledger_mark_durable(r->ledger);
}

void run_resolve_doubt(struct run *r, bool synced)
{
	struct ledger *l = r->ledger;
	struct ledger_state found;
	uint64_t struck = r->w->struck();
	int err = ledger_read(l, r->db, NULL, &found, r->why);

	if (err == -EUCLEAN || (err && r->w->struck() == struck))
		run_violate(r, "reading after a failed change: %s", r->why);
	else if (err && synced)
		r->ended = true;
	else if (err || memcmp(&found, ledger_now(l), sizeof(found)) == 0)
		ledger_refuse(l);
	else if (!synced || memcmp(&found, &l->with_doubtful, sizeof(found)) != 0)
		run_violate(r, "a refused change is there, in whole or in part");
	else
		r->sync_failed = true;
}

void run_answer_change(struct run *r, int err, bool synced)
{
	synced = synced || r->w->sync_mode == LSM_SYNC_ALWAYS;
	if (err == 0) {
		ledger_keep(r->ledger);
		if (synced)
			ledger_mark_durable(r->ledger);
		return;
	}
	run_judge_error(r, "change", err, false);
	if (!r->outcome->violation[0])
		run_resolve_doubt(r, synced);
}

bool run_is_read_only(struct run *r)
{
	char text[LEDGER_KEY_TEXT];
	int err;

	if (!r->sync_failed)
		return false;
	err = lsm_delete(r->db, ledger_key(0, text), NULL);
	if (err != -EROFS)
		run_violate(r, "a change after a failed sync: %d, not EROFS", err);
	return true;
}

void run_settle_doubt(struct run *r)
{
	struct ledger_state found;
	int err = ledger_read(r->ledger, r->db, NULL, &found, r->why);

	if (err == -EUCLEAN)
		run_violate(r, "after reopening: %s", r->why);
	else if (err)
		r->ended = true; /* the check after the run will see */
	else if (!ledger_allows(r->ledger, &found, r->ledger->kept, r->why))
		run_violate(r, "after reopening: %s", r->why);
	else
		ledger_adopt(r->ledger, &found);
}

bool run_may_see(const struct run *r, unsigned key, uint32_t number)
{
	return number == ledger_now(r->ledger)->by[key] ||
	       (r->ledger->doubtful && number == r->ledger->with_doubtful.by[key]);
}
