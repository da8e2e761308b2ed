/*
 * What a run has left, when nothing fails any more.
 */
#include <stdio.h>
#include <string.h>

#include "tests/fault/recoveries.h"
#include "tests/fault/workload_run.h"

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
	struct lsm_options options = workload_options(w, 0);
	struct lsm_verify_report report;
	struct ledger_state found;
	char reason[LEDGER_WHY_MAX] = "";
	struct lsm *db;
	bool there;

	if (!copies_check(&outcome->copies, w->path, &options, ledger, reason))
		return say(why, "checkpoint", reason);
	if (recoveries_open(w->path, &options, w->may_tear, &db))
		return say(why, "does not open again", lsm_error_text());
	if (!check_content(db, ledger, w->loses_power ? ledger->durable : ledger->kept, &found,
			   reason))
		return say(why, "opened again", reason);
	if (named_look(&outcome->named, ledger, db, &there, reason))
		return say(why, "opened again", reason);
	ledger_adopt(ledger, &found);
	if (lsm_verify(db, &report))
		return say(why, "verify", lsm_error_text());
	if (!write_more(db, ledger))
		return say(why, "takes no more changes", lsm_error_text());
	if (lsm_close(db))
		return say(why, "does not close", lsm_error_text());
	options.recovery = workload_options(w, 1).recovery;
	if (recoveries_open(w->path, &options, false, &db))
		return say(why, "does not open a second time", lsm_error_text());
	if (!check_content(db, ledger, ledger->kept, &found, reason))
		return say(why, "opened a second time", reason);
	if (named_look(&outcome->named, ledger, db, &there, reason))
		return say(why, "opened a second time", reason);
	if (lsm_close(db))
		return say(why, "does not close a second time", lsm_error_text());
	return true;
}
