#include "tests/fault/copies.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/scratch.h"

static void copy_path(const char *store, unsigned n, char path[COPY_PATH_MAX])
{
	int len = snprintf(path, COPY_PATH_MAX, "%s-copy-%u", store, n);

	assert(len > 0 && len < COPY_PATH_MAX);
}

bool copies_begin(struct copies *c, const char *store, uint32_t kept, char path[COPY_PATH_MAX])
{
	if (c->made == COPIES_MAX)
		return false;
	if (!c->begun)
		c->tried[c->made].first = kept;
	c->tried[c->made].last = kept;
	c->begun = true;
	copy_path(store, c->made, path);
	return true;
}

void copies_keep(struct copies *c)
{
	assert(c->begun);
	c->begun = false;
	c->made++;
}

/* `code` is that of the copy's sentence. */
static bool say(char why[LEDGER_WHY_MAX], unsigned n, int code, const char *reason)
{
	char text[LEDGER_WHY_MAX];

	(void)snprintf(text, sizeof(text), "copy %u: %.400s (%d)", n, reason, code);
	memcpy(why, text, sizeof(text));
	return false;
}

static int read_copy(struct lsm *db, const struct ledger *l, struct ledger_state *ret_state,
		     char why[LEDGER_WHY_MAX])
{
	struct lsm_verify_report report;
	struct ledger_state forward;
	int err = lsm_verify(db, &report);

	if (err) {
		(void)snprintf(why, LEDGER_WHY_MAX, "%s", lsm_error_text());
		return err;
	}
	err = ledger_read(l, db, NULL, ret_state, why);
	if (!err)
		err = ledger_scan(l, db, NULL, false, &forward, why);
	if (!err && memcmp(&forward, ret_state, sizeof(forward)) != 0) {
		(void)snprintf(why, LEDGER_WHY_MAX, "get and scan differ");
		err = -EUCLEAN;
	}
	return err;
}

/* Some m of the tries' is what it has; a copy made had one last try, which is the one that counts.
 */
static bool check_state(const struct copies *c, unsigned n, const struct ledger *l,
			const struct ledger_state *found, char why[LEDGER_WHY_MAX])
{
	uint32_t first = n < c->made ? c->tried[n].last : c->tried[n].first;

	for (uint32_t m = first; m <= c->tried[n].last; m++)
		if (memcmp(found, &l->after[m], sizeof(*found)) == 0)
			return true;
	return say(why, n, 0, "it is not what the store was when it was asked for");
}

static bool check_copy(const struct copies *c, unsigned n, const char *path,
		       const struct lsm_options *options, const struct ledger *l,
		       char why[LEDGER_WHY_MAX])
{
	struct ledger_state found;
	struct lsm *db;
	int err = lsm_open(path, options, &db);

	if (err && n == c->made && (err == -ENOENT || err == -EUCLEAN))
		return true;
	if (err)
		return say(why, n, err, lsm_error_text());
	err = read_copy(db, l, &found, why);
	bool good = err ? say(why, n, err, why) : check_state(c, n, l, &found, why);
	int closed = lsm_close(db);

	return good && closed ? say(why, n, closed, "does not close") : good;
}

bool copies_check(const struct copies *c, const char *store, const struct lsm_options *options,
		  const struct ledger *l, char why[LEDGER_WHY_MAX])
{
	struct lsm_options opening = *options;

	opening.create = false;
	for (unsigned n = 0; n < c->made + c->begun; n++) {
		char path[COPY_PATH_MAX];

		copy_path(store, n, path);
		if (!check_copy(c, n, path, &opening, l, why))
			return false;
	}
	return true;
}

int copies_remove(const char *store)
{
	int rc = 0;

	for (unsigned n = 0; n <= COPIES_MAX; n++) {
		char path[COPY_PATH_MAX];

		copy_path(store, n, path);
		if (!rc)
			rc = scratch_remove(path);
	}
	return rc;
}
