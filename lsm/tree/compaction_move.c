/*
 * Moving chunks out of blob files that are leaving.
 *
 * A record whose chunks cannot be moved may as well stay as it is, if only the job gets on: the
 * table then names the file once more. But a job whose only purpose was to empty the file would
 * come again at once; so it fails, and is tried later. A chunk that is damaged will never move: its
 * file is no longer thought to be leaving, and who reads the value hears of the damage.
 */
#include <errno.h>

#include "lsm/base/error.h"
#include "lsm/base/hash.h"
#include "lsm/base/log.h"
#include "lsm/blob/value_format.h"
#include "lsm/env/env.h"
#include "lsm/sst/table_salvage.h"
#include "lsm/tree/compaction.h"

enum {
	PIECE_EXTENTS = 16, /* moved between two looks at `stop` */
};

static bool is_leaving(void *arg, uint64_t file)
{
	return number_list_has(arg, file);
}

/* The list makes sense. */
static bool names_leaving(const struct compaction *c, struct slice extents)
{
	for (size_t i = 0; i < extent_list_count(extents); i++) {
		struct extent e;

		if (extent_list_get(extents, i, &e) == 0 && number_list_has(&c->leaving, e.file))
			return true;
	}
	return false;
}

static int check_list(const struct record *rec)
{
	struct slice user_meta;
	uint64_t size = 0;
	int err = value_meta_take(rec->meta, &size, &user_meta);

	if (!err)
		err = extent_list_check(rec->value, size);
	if (err == -EUCLEAN)
		return fail(err, "the record of a large value makes no sense, seqno=%llu",
			    (unsigned long long)rec->seqno);
	return err;
}

static int move_all(struct compaction *c, struct slice extents, struct value_writer *w)
{
	const size_t piece_len = PIECE_EXTENTS * BLOB_EXTENT_SIZE;
	int err = 0;

	while (!err && extents.len > 0) {
		struct slice piece = slice_of(extents.ptr, min_of(extents.len, piece_len));
		uint64_t moved = 0;

		if (pace_is_stopped(&c->tree->pace))
			return -ECANCELED;
		err = value_writer_move(w, piece, is_leaving, &c->leaving, &moved);
		counter_add(&c->tree->counters.blob_moved_bytes, moved);
		c->moved_bytes += moved;
		extents = slice_skip(extents, piece.len);
	}
	return err;
}

/* The files that the record names are to stay. */
static int give_up_files(struct compaction *c, struct slice extents)
{
	log_warn("a damaged chunk cannot be moved, its file stays: %s", fail_text());
	for (size_t i = 0; i < extent_list_count(extents); i++) {
		struct extent e;
		int err = extent_list_get(extents, i, &e);

		if (!err && number_list_has(&c->leaving, e.file))
			err = tree_note_stuck_blob(c->tree, e.file);
		if (err)
			return err;
		number_list_remove(&c->leaving, e.file);
	}
	return 0;
}

/* Moving failed with this: 0 when the record can stay as it is. */
static int judge(struct compaction *c, struct slice extents, int error)
{
	if (table_is_damage(error))
		return give_up_files(c, extents);
	return env_is_full(error) && c->job->leaving.count == 0 ? 0 : error;
}

int compaction_move_chunks(struct compaction *c, struct record *rec, struct value_writer *w)
{
	if (c->leaving.count == 0)
		return 0;
	int err = check_list(rec);
	if (err || !names_leaving(c, rec->value))
		return err;
	w->blobs = c->tree->blobs;
	w->lane = hash64(rec->key, 0);
	err = move_all(c, rec->value, w);
	if (err)
		return judge(c, rec->value, err);
	rec->value = buf_slice(&w->extents);
	rec->value_len = rec->value.len;
	return 0;
}
