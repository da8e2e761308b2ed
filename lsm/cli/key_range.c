#include "lsm/cli/key_range.h"

/* To the first key that the walk comes to at or after `key`; after it when it is left out. */
static void seek(struct lsm_iter *it, bool reverse, struct slice key, bool leave_out)
{
	if (reverse)
		lsm_iter_seek_back(it, key);
	else
		lsm_iter_seek(it, key);
	if (!leave_out || !lsm_iter_valid(it) || !slice_eq(lsm_iter_record(it)->key, key))
		return;
	if (reverse)
		lsm_iter_prev(it);
	else
		lsm_iter_next(it);
}

static void seek_start(struct lsm_iter *it, const struct key_range *r)
{
	struct slice start = r->reverse ? r->to : r->from;

	if (r->behind.len > 0)
		seek(it, r->reverse, r->behind, true);
	else if (start.len > 0)
		seek(it, r->reverse, start, r->reverse); /* `to` itself is outside */
	else if (r->reverse)
		lsm_iter_last(it);
	else
		lsm_iter_first(it);
}

static bool within(const struct key_range *r, struct slice key)
{
	if (r->reverse)
		return slice_cmp(key, r->from) >= 0; /* nothing is before the empty start */
	return r->to.len == 0 || slice_cmp(key, r->to) < 0;
}

static int walk(struct lsm_iter *it, const struct key_range *r,
		int (*visit)(struct lsm_iter *it, void *arg), void *arg)
{
	for (seek_start(it, r); lsm_iter_valid(it);) {
		if (!within(r, lsm_iter_record(it)->key))
			break;

		int rc = visit(it, arg);

		if (rc)
			return rc;
		if (r->reverse)
			lsm_iter_prev(it);
		else
			lsm_iter_next(it);
	}
	return lsm_iter_status(it);
}

int key_range_walk(struct lsm *db, const struct key_range *range,
		   int (*visit)(struct lsm_iter *it, void *arg), void *arg)
{
	struct lsm_read_options options = {.prefix = range->prefix};
	struct lsm_iter *it;
	int rc = lsm_iter_new(db, &options, &it);

	if (rc)
		return rc;
	rc = walk(it, range, visit, arg);
	lsm_iter_free(it);
	return rc;
}
