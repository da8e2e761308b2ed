/*
 * Point reads: memtable, full memtables, tables, newest first; the first version found decides.
 */
#include "lsm/db/read.h"

#include <errno.h>

#include "lsm/base/error.h"
#include "lsm/db/counters.h"
#include "lsm/db/snapshot.h"
#include "lsm/db/state.h"

static int memtables_get(const struct db_state *state, struct slice key, uint64_t seqno,
			 struct record *ret_rec)
{
	int err = memtable_get(state->memtable, key, seqno, ret_rec);

	for (size_t i = state->full_count; err == -ENOENT && i-- > 0;)
		err = memtable_get(state->full[i].table, key, seqno, ret_rec);
	return err;
}

static struct lsm_pin as_lsm_pin(struct pin *pin)
{
	struct lsm_pin moved = {.release = pin->release, .owner = pin->owner};

	*pin = (struct pin){0};
	return moved;
}

/* What the caller gets of a version found; a tombstone is nothing. */
static int to_record(const struct record *rec, struct slice key, struct lsm_record *ret_record)
{
	if (rec->kind == RECORD_DELETE)
		return -ENOENT;
	if (rec->kind != RECORD_PUT)
		return fail(-EUCLEAN, "a record of unknown kind %d", (int)rec->kind);
	*ret_record = (struct lsm_record){
		.key = key,
		.value = rec->value,
		.meta = rec->meta,
		.value_len = rec->value_len,
		.seqno = rec->seqno,
		.time_ns = rec->time_ns,
	};
	return 0;
}

static int tables_get(struct lsm *db, const struct db_state *state, struct slice key,
		      uint64_t seqno, bool with_value, struct lsm_record *ret_record)
{
	struct table_hit hit;
	int err = tree_get(db->tree, state->version, key, seqno, &hit);

	if (err)
		return err;
	if (with_value && hit.rec.kind != RECORD_DELETE)
		err = table_hit_value(&hit);
	if (!err)
		err = to_record(&hit.rec, key, ret_record);
	if (!err) {
		ret_record->pins[0] = as_lsm_pin(&hit.block);
		ret_record->pins[1] = as_lsm_pin(&hit.value);
	}
	table_hit_done(&hit);
	return err;
}

static int read_record(struct lsm *db, struct slice key, const struct lsm_read_options *options,
		       bool with_value, struct lsm_record *ret_record)
{
	struct db_state *state = db_state_acquire(db);
	uint64_t seqno = db_read_seqno(db, options);
	struct record rec;
	int err = memtables_get(state, key, seqno, &rec);

	if (err == -ENOENT) {
		err = tables_get(db, state, key, seqno, with_value, ret_record);
	} else if (!err) {
		err = to_record(&rec, key, ret_record);
		if (!err) {
			/* the memtable lives as long as the state */
			ret_record->pins[0] = (struct lsm_pin){db_state_release, state};
			return 0;
		}
	}
	db_state_release(state);
	return err;
}

int lsm_get(struct lsm *db, struct slice key, const struct lsm_read_options *options,
	    struct lsm_record *ret_record)
{
	struct db_counters *counters = db_counters_here(db);
	struct db_timer timer = db_timer_start_sampled(db);
	int err = read_record(db, key, options, true, ret_record);

	db_timer_end(db, LSM_OP_GET, timer);
	counter_add(&counters->gets, 1);
	if (!err) {
		counter_add(&counters->gets_found, 1);
		counter_add(&counters->read_bytes, ret_record->value_len);
	}
	return err;
}

int lsm_stat(struct lsm *db, struct slice key, const struct lsm_read_options *options,
	     struct lsm_record *ret_record)
{
	struct db_timer timer = db_timer_start_sampled(db);
	int err = read_record(db, key, options, false, ret_record);

	db_timer_end(db, LSM_OP_STAT, timer);
	if (!err)
		ret_record->value = (struct slice){0};
	return err;
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
