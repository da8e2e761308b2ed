/*
 * Point reads: memtable, full memtables, tables, newest first; the first version found decides.
 */
#include "lsm/db/read.h"

#include <errno.h>
#include <stdlib.h>

#include "lsm/base/error.h"
#include "lsm/db/counters.h"
#include "lsm/db/state.h"
#include "lsm/db/value.h"

static struct lsm_pin as_lsm_pin(struct pin *pin)
{
	struct lsm_pin moved = {.release = pin->release, .owner = pin->owner};

	*pin = (struct pin){0};
	return moved;
}

/* The record keeps what its slices lie in; f is spent. `own`: the value, if it is memory of its
 * own. */
static void hand_over(struct found_version *f, struct slice key, void *own,
		      struct lsm_record *ret_record)
{
	*ret_record = (struct lsm_record){
		.key = key,
		.meta = f->meta,
		.value_len = f->size,
		.seqno = f->rec.seqno,
		.time_ns = f->rec.time_ns,
	};
	if (own)
		ret_record->pins[1] = (struct lsm_pin){free, own};
	if (!f->hit.table) {
		/* the memtable lives as long as the state */
		ret_record->pins[0] = (struct lsm_pin){db_state_release, f->state};
		return;
	}
	ret_record->pins[0] = as_lsm_pin(&f->hit.block);
	if (!own)
		ret_record->pins[1] = as_lsm_pin(&f->hit.value);
	found_version_done(f);
}

/* A value that lies in one piece is not copied; others are put together in *ret_own. */
static int load_value(struct lsm *db, struct found_version *f, struct slice *ret_value,
		      uint8_t **ret_own)
{
	int err = 0;

	if (f->rec.kind != RECORD_PUT) {
		err = found_version_whole(db, f, ret_own);
		if (!err)
			*ret_value = slice_of(*ret_own, (size_t)f->size);
		return err;
	}
	if (!f->hit.table) {
		*ret_value = f->rec.value;
		return 0;
	}
	err = table_hit_value(&f->hit);
	if (!err)
		*ret_value = f->hit.rec.value;
	return err;
}

/* What lsm_get and lsm_stat are called with, besides the store. */
struct read_call {
	struct slice key;
	const struct lsm_read_options *options;
	struct lsm_record *ret_record;
};

static int read_record(struct lsm *db, struct slice key, const struct lsm_read_options *options,
		       bool with_value, struct lsm_record *ret_record)
{
	struct slice value = {0};
	struct found_version f;
	uint8_t *own = NULL;
	int err = found_version_get(db, key, options, &f);

	if (err)
		return err;
	if (with_value)
		err = load_value(db, &f, &value, &own);
	if (err) {
		found_version_done(&f);
		return err;
	}
	hand_over(&f, key, own, ret_record);
	ret_record->value = value;
	return 0;
}

/* The rare one that is timed; apart, so that the others carry nothing of it. */
static __attribute__((noinline)) int read_record_timed(struct lsm *db, const struct read_call *call,
						       enum lsm_op op, struct db_timer timer)
{
	int err = read_record(db, call->key, call->options, op == LSM_OP_GET, call->ret_record);

	db_timer_end(db, op, timer);
	return err;
}

int lsm_get(struct lsm *db, struct slice key, const struct lsm_read_options *options,
	    struct lsm_record *ret_record)
{
	struct db_counters *own = db_counters_own(db);
	struct db_timer timer;
	int err;

	if (unlikely(db_op_count(db, own, LSM_OP_GET, &timer)))
		err = read_record_timed(db, &(struct read_call){key, options, ret_record},
					LSM_OP_GET, timer);
	else
		err = read_record(db, key, options, true, ret_record);
	if (likely(!err))
		(void)db_count(db, own, read_bytes, ret_record->value_len);
	else
		(void)db_count(db, own, gets_missed, 1);
	return err;
}

int lsm_stat(struct lsm *db, struct slice key, const struct lsm_read_options *options,
	     struct lsm_record *ret_record)
{
	struct db_counters *own = db_counters_own(db);
	struct db_timer timer;

	if (unlikely(db_op_count(db, own, LSM_OP_STAT, &timer)))
		return read_record_timed(db, &(struct read_call){key, options, ret_record},
					 LSM_OP_STAT, timer);
	return read_record(db, key, options, false, ret_record);
}

int lsm_locate(struct lsm *db, struct slice key, const struct lsm_read_options *options,
	       struct lsm_place *ret_place)
{
	struct lsm_place place = {0};
	struct found_version f;
	int err = found_version_get(db, key, options, &f);

	if (err)
		return err;
	place.in_memory = !f.hit.table;
	if (!place.in_memory)
		err = tree_locate(db->tree, f.state->version, &f.rec, &place.level, &place.table);
	if (!err)
		*ret_place = place;
	found_version_done(&f);
	return err;
}

int lsm_read(struct lsm *db, struct slice key, const struct lsm_read_options *options,
	     const struct lsm_range *range, size_t *ret_len, struct lsm_record *ret_record)
{
	const struct value_range want = {
		.offset = range->offset, .into = range->into, .len = range->len};
	struct db_counters *own = db_counters_own(db);
	struct db_timer timer = {0};
	struct found_version f;
	size_t len = 0;

	(void)db_op_count(db, own, LSM_OP_GET, &timer); /* a timer that was not begun ends so */
	int err = found_version_get(db, key, options, &f);
	bool found = !err;

	if (found)
		err = found_version_read(db, &f, &want, &len);
	db_timer_end(db, LSM_OP_GET, timer);
	if (err) {
		(void)db_count(db, own, gets_missed, 1);
		if (found)
			found_version_done(&f);
		return err;
	}
	(void)db_count(db, own, read_bytes, len);
	*ret_len = len;
	if (ret_record)
		hand_over(&f, key, NULL, ret_record);
	else
		found_version_done(&f);
	return 0;
}

int lsm_seek(struct lsm *db, struct slice key, const struct lsm_read_options *options,
	     uint64_t offset, enum lsm_stretch wanted, uint64_t *ret_offset)
{
	struct found_version f;
	int err = found_version_get(db, key, options, &f);

	if (err)
		return err;
	err = found_version_seek(db, &f, offset, wanted == LSM_HOLE, ret_offset);
	found_version_done(&f);
	return err;
}

void lsm_read_ahead(struct lsm *db, struct slice key, uint64_t offset, uint64_t len)
{
	cleanup_buf struct buf chunks = {0};
	struct found_version f;

	if (found_version_get(db, key, NULL, &f))
		return; /* the read tells what is wrong */
	if (f.rec.kind != RECORD_PUT && found_version_chunks(db, &f, offset, len, &chunks) == 0)
		value_chunks_read_ahead(tree_blobs(db->tree), buf_slice(&chunks));
	found_version_done(&f);
}

int db_newest_seqno(struct lsm *db, struct slice key, uint64_t *ret_seqno)
{
	struct lsm_record record;
	int err = read_record(db, key, NULL, false, &record);

	if (err && err != -ENOENT)
		return err;
	*ret_seqno = err ? 0 : record.seqno;
	if (!err)
		lsm_record_release(&record);
	return 0;
}

void lsm_record_release(struct lsm_record *record)
{
	for (size_t i = 0; i < array_size(record->pins); i++)
		if (record->pins[i].release)
			record->pins[i].release(record->pins[i].owner);
	*record = (struct lsm_record){0};
}

/* Whether a version, of whatever kind, of a key with the prefix is in the memtable; -ENOMEM. */
static int memtable_has_prefix(struct memtable *m, struct slice prefix)
{
	struct iter *it;
	int err = memtable_iter(m, &it);

	if (err)
		return err;
	iter_seek(it, prefix, RECORD_SEQNO_MAX);
	err = iter_valid(it) && slice_starts_with(it->rec.key, prefix) ? 0 : -ENOENT;
	iter_free(it);
	return err;
}

/* -ENOENT: surely no key with the prefix, found out without reading a block. 0: an iterator must
 * look. */
static int prefix_may_exist(struct lsm *db, struct slice prefix)
{
	struct db_state *state = db_state_acquire(db);
	int err = memtable_has_prefix(state->memtable, prefix);

	for (size_t i = 0; err == -ENOENT && i < state->full_count; i++)
		err = memtable_has_prefix(state->full[i].table, prefix);
	if (err == -ENOENT && tree_may_contain_prefix(db->tree, state->version, prefix))
		err = 0;
	db_state_release(state);
	return err;
}

int lsm_prefix_exists(struct lsm *db, struct slice prefix, const struct lsm_read_options *options)
{
	struct lsm_read_options bounded = {
		.snapshot = options ? options->snapshot : NULL,
		.prefix = prefix,
	};
	struct lsm_iter *it;
	int err = prefix_may_exist(db, prefix);

	if (!err)
		err = lsm_iter_new(db, &bounded, &it);
	if (err)
		return err;
	lsm_iter_first(it);
	err = lsm_iter_valid(it) ? 0 : lsm_iter_status(it);
	if (!err && !lsm_iter_valid(it))
		err = -ENOENT;
	lsm_iter_free(it);
	return err;
}
