#include "fs/core/dir_source.h"

#include <assert.h>

#include "lsm/base/coding.h"

int dir_source_open(struct fs *fs, struct slice prefix, struct dir_source *ret_source)
{
	struct dir_source source = {0};
	/* Before the snapshot: what is logged in between is met twice, not lost. */
	int err = hold_keys_below(fs, prefix, &source.held_keys);

	if (fs->read.snapshot)
		source.snapshot = fs->read.snapshot;
	else if (!err)
		err = lsm_snapshot_new(fs->db, &source.own_snapshot);
	if (source.own_snapshot)
		source.snapshot = source.own_snapshot;
	if (!err) {
		struct lsm_read_options options = {
			.snapshot = source.snapshot, .prefix = prefix, .no_cache_fill = true};

		err = lsm_iter_new(fs->db, &options, &source.it);
	}
	if (err) {
		dir_source_done(fs, &source);
		return err;
	}
	*ret_source = source;
	return 0;
}

void dir_source_done(struct fs *fs, struct dir_source *source)
{
	if (source->it)
		lsm_iter_free(source->it);
	if (source->own_snapshot)
		lsm_snapshot_release(fs->db, source->own_snapshot);
	buf_done(&source->held_keys);
	*source = (struct dir_source){0};
}

static void held_next(struct dir_source *source)
{
	source->held_key = slice_of(NULL, 0);
	if (source->held_rest.len > 0) {
		int err = sized_take(&source->held_rest, &source->held_key);

		assert(!err); /* our own bytes, in memory */
		(void)err;
	}
}

void dir_source_first(struct dir_source *source)
{
	source->held_rest = buf_slice(&source->held_keys);
	held_next(source);
	lsm_iter_first(source->it);
}

/* < 0: the store's key is next, > 0: the held one is, 0: both, they are equal. Valid. */
static int order(const struct dir_source *source)
{
	if (source->held_key.len == 0)
		return -1;
	if (!lsm_iter_valid(source->it))
		return 1;
	return slice_cmp(lsm_iter_record(source->it)->key, source->held_key);
}

void dir_source_next(struct dir_source *source)
{
	int which = order(source);

	if (which <= 0)
		lsm_iter_next(source->it);
	if (which >= 0)
		held_next(source);
}

void dir_source_seek(struct dir_source *source, struct slice key)
{
	while (source->held_key.len > 0 && slice_cmp(source->held_key, key) < 0)
		held_next(source);
	lsm_iter_seek(source->it, key);
}

int dir_source_status(const struct dir_source *source)
{
	return lsm_iter_status(source->it);
}

bool dir_source_valid(const struct dir_source *source)
{
	/* After a failure the held keys alone would look like all there is. */
	if (lsm_iter_valid(source->it))
		return true;
	return source->held_key.len > 0 && !dir_source_status(source);
}

struct slice dir_source_key(const struct dir_source *source)
{
	return order(source) < 0 ? lsm_iter_record(source->it)->key : source->held_key;
}

const struct lsm_record *dir_source_record(const struct dir_source *source)
{
	return order(source) < 0 ? lsm_iter_record(source->it) : NULL;
}
