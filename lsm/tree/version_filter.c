#include "lsm/tree/version_filter.h"

#include <errno.h>

#include "lsm/base/error.h"

void version_filter_done(struct version_filter *f)
{
	buf_done(&f->key);
}

/* How many snapshots are older than seqno: the number of its stratum. */
static size_t stratum_of(const struct version_filter *f, uint64_t seqno)
{
	size_t low = 0, high = f->snapshot_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (f->snapshots[mid] < seqno)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool may_lie_below(const struct version_filter *f, struct slice key)
{
	for (int level = f->below_level; level < TREE_LEVELS; level++) {
		if (version_overlaps(f->below, level, key, key))
			return true;
	}
	return false;
}

static int check_record(const struct version_filter *f, const struct record *rec)
{
	if (rec->kind > RECORD_LARGE || (rec->kind == RECORD_PATCH && !f->takes_patches))
		return fail(-EUCLEAN, "a table holds a record of unknown kind %d", (int)rec->kind);
	if (rec->key.len == 0 || rec->key.len > RECORD_KEY_MAX)
		return fail(-EUCLEAN, "a table holds a key of %zu bytes", rec->key.len);
	if (record_cmp(buf_slice(&f->key), f->seqno, rec->key, rec->seqno) >= 0)
		return fail(-EUCLEAN, "tables hold records out of order, seqno=%llu",
			    (unsigned long long)rec->seqno);
	return 0;
}

int version_filter_next(struct version_filter *f, const struct record *rec,
			enum version_verdict *ret_verdict)
{
	size_t stratum = stratum_of(f, rec->seqno);
	int err = check_record(f, rec);

	if (err)
		return err;
	/* No key is empty, so the first record begins a new one. */
	bool new_key = !slice_eq(buf_slice(&f->key), rec->key);
	bool shadowed = !new_key && stratum == f->stratum;
	if (new_key) {
		err = buf_set(&f->key, rec->key);
		if (err)
			return err;
		f->key_kept = false;
	}
	f->seqno = rec->seqno;
	f->stratum = stratum;
	bool needless_tombstone =
		rec->kind == RECORD_DELETE && stratum == 0 && !may_lie_below(f, rec->key);
	if (shadowed || needless_tombstone) {
		*ret_verdict = VERSION_DROP;
		return 0;
	}
	*ret_verdict = f->key_kept ? VERSION_KEEP : VERSION_KEEP_FIRST;
	f->key_kept = true;
	return 0;
}
