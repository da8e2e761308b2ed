#include "lsm/cli/key_range.h"

static void seek_start(struct lsm_iter *it, const struct key_range *r)
{
	if (!r->reverse) {
		if (r->from.len > 0)
			lsm_iter_seek(it, r->from);
		else
			lsm_iter_first(it);
		return;
	}
	if (r->to.len == 0) {
		lsm_iter_last(it);
		return;
	}
	lsm_iter_seek_back(it, r->to);
	if (lsm_iter_valid(it) && slice_eq(lsm_iter_record(it)->key, r->to))
		lsm_iter_prev(it); /* `to` itself is outside */
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
	uint64_t left = r->limit;

	for (seek_start(it, r); left > 0 && lsm_iter_valid(it); left--) {
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
