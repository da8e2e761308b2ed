/*
 * The iterator users see: of all versions that the merged sources hold, the newest visible one of
 * each key, if it is no tombstone.
 *
 * Forward, the merge stands on the record shown, whose key and meta are borrowed from it. Backward,
 * versions of a key come oldest first, so the merge has to run past all of them before the newest
 * visible one is known: it is copied as it goes by, and the merge then stands before the key. Only
 * a value that lies outside of the record (lsm/db/value.h) is looked up again when it is asked for:
 * the state that the iterator holds has it.
 */
#include <errno.h>
#include <stdlib.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/db/background.h"
#include "lsm/db/batch_impl.h"
#include "lsm/db/counters.h"
#include "lsm/db/snapshot.h"
#include "lsm/db/state.h"
#include "lsm/db/value.h"
#include "lsm/tree/merge.h"

enum direction {
	FORWARD,
	BACKWARD,
};

struct lsm_iter {
	struct lsm *db;         /* borrowed */
	struct db_state *state; /* a reference: keeps the memtables and tables */
	struct iter *merge;     /* owned */
	uint64_t seqno;         /* what is newer is not seen */
	struct buf prefix;      /* keys outside are not seen */
	enum table_access access;
	enum direction direction;
	bool valid;
	int status;
	struct lsm_record record;
	enum record_kind kind;  /* of the version shown */
	struct buf key;         /* backward: the record's; forward: the key being skipped */
	struct buf meta, value; /* backward: the record's */
};

static void show_nothing(struct lsm_iter *it, int status)
{
	it->valid = false;
	it->status = status;
}

/* Show a version that is no tombstone; if it makes no sense, that is the status. */
static void show(struct lsm_iter *it, const struct record *rec)
{
	struct lsm_record *r = &it->record;

	/* one by one: the rest is never set, and this is most of what a step costs here */
	r->meta = rec->meta;
	r->value_len = rec->value_len;
	if (unlikely(rec->kind != RECORD_PUT)) {
		int err = version_describe(rec, &r->meta, &r->value_len);

		if (err) {
			show_nothing(it, err);
			return;
		}
	}
	r->key = rec->key;
	r->seqno = rec->seqno;
	r->time_ns = rec->time_ns;
	it->kind = rec->kind;
	it->valid = true;
	it->status = 0;
}

/* Whether the merge stands on a version inside the prefix. */
static bool merge_in_range(const struct lsm_iter *it)
{
	return iter_valid(it->merge) &&
	       slice_starts_with(it->merge->rec.key, buf_slice(&it->prefix));
}

/* From where the merge stands, go on to the first key to show; with `skip`, versions of it->key are
 * passed over. */
static void settle_forward(struct lsm_iter *it, bool skip)
{
	for (; merge_in_range(it); iter_next(it->merge)) {
		const struct record *rec = &it->merge->rec;

		if (rec->seqno > it->seqno || (skip && slice_eq(rec->key, buf_slice(&it->key))))
			continue;
		if (rec->kind != RECORD_DELETE) {
			show(it, rec);
			return;
		}
		int err = buf_set(&it->key, rec->key);

		if (err) {
			show_nothing(it, err);
			return;
		}
		skip = true;
	}
	show_nothing(it, iter_status(it->merge));
}

/* Copy the version that the merge stands on, to be shown unless a newer one follows. */
static int keep_version(struct lsm_iter *it, struct record *ret_kept)
{
	const struct record *rec = &it->merge->rec;
	struct slice value = {0};
	int err = buf_set(&it->key, rec->key);

	if (!err)
		err = buf_set(&it->meta, rec->meta);
	if (!err && rec->kind == RECORD_PUT)
		err = iter_value(it->merge, &value);
	if (!err)
		err = buf_set(&it->value, value);
	if (err)
		return err;
	*ret_kept = *rec;
	ret_kept->key = buf_slice(&it->key);
	ret_kept->meta = buf_slice(&it->meta);
	return 0;
}

/* From where the merge stands, go back to the last key to show. */
static void settle_backward(struct lsm_iter *it)
{
	struct record kept = {.kind = RECORD_DELETE};
	int err = 0;

	for (; !err && merge_in_range(it); iter_prev(it->merge)) {
		const struct record *rec = &it->merge->rec;

		if (kept.kind != RECORD_DELETE && !slice_eq(rec->key, kept.key))
			break;
		if (rec->seqno <= it->seqno)
			err = keep_version(it, &kept);
	}
	if (!err)
		err = iter_status(it->merge);
	if (err || kept.kind == RECORD_DELETE)
		show_nothing(it, err);
	else
		show(it, &kept);
}

/* A move of the iterator begins: counted, and perhaps timed until db_timer_end. */
static inline struct db_timer move_begin(struct lsm_iter *it, enum lsm_op op)
{
	struct db_timer timer = {0};

	(void)db_op_count(it->db, db_counters_own(it->db), op, &timer);
	return timer;
}

static void go_first(struct lsm_iter *it)
{
	it->direction = FORWARD;
	iter_seek(it->merge, buf_slice(&it->prefix), RECORD_SEQNO_MAX);
	settle_forward(it, false);
}

void lsm_iter_first(struct lsm_iter *it)
{
	struct db_timer timer = move_begin(it, LSM_OP_SEEK);

	go_first(it);
	db_timer_end(it->db, LSM_OP_SEEK, timer);
}

static void go_last(struct lsm_iter *it)
{
	cleanup_buf struct buf after = {0};
	int err = buf_set(&after, buf_slice(&it->prefix));

	it->direction = BACKWARD;
	if (err) {
		show_nothing(it, err);
		return;
	}
	if (buf_prefix_end(&after))
		iter_seek_before(it->merge, buf_slice(&after), RECORD_SEQNO_MAX);
	else
		iter_last(it->merge);
	settle_backward(it);
}

void lsm_iter_last(struct lsm_iter *it)
{
	struct db_timer timer = move_begin(it, LSM_OP_SEEK);

	go_last(it);
	db_timer_end(it->db, LSM_OP_SEEK, timer);
}

void lsm_iter_seek(struct lsm_iter *it, struct slice key)
{
	struct db_timer timer = move_begin(it, LSM_OP_SEEK);

	if (slice_cmp(key, buf_slice(&it->prefix)) <= 0) {
		go_first(it);
	} else {
		it->direction = FORWARD;
		iter_seek(it->merge, key, it->seqno);
		settle_forward(it, false);
	}
	db_timer_end(it->db, LSM_OP_SEEK, timer);
}

static void go_back_to(struct lsm_iter *it, struct slice key)
{
	struct slice prefix = buf_slice(&it->prefix);

	if (slice_cmp(key, prefix) > 0 && !slice_starts_with(key, prefix)) {
		go_last(it);
		return;
	}
	it->direction = BACKWARD;
	/* seqno 0 is behind every version of key */
	iter_seek_before(it->merge, key, 0);
	settle_backward(it);
}

void lsm_iter_seek_back(struct lsm_iter *it, struct slice key)
{
	struct db_timer timer = move_begin(it, LSM_OP_SEEK);

	go_back_to(it, key);
	db_timer_end(it->db, LSM_OP_SEEK, timer);
}

/* Leave the record shown, whose versions lie around the merge's place, and stand before them all.
 */
static int turn_backward(struct lsm_iter *it)
{
	int err = buf_set(&it->key, it->record.key);

	if (!err)
		iter_seek_before(it->merge, buf_slice(&it->key), RECORD_SEQNO_MAX);
	it->direction = BACKWARD;
	return err;
}

static void go_next(struct lsm_iter *it)
{
	int err = 0;

	if (it->direction == BACKWARD) {
		/* it->key is the record's */
		it->direction = FORWARD;
		iter_seek(it->merge, buf_slice(&it->key), 0);
	} else {
		err = buf_set(&it->key, it->record.key);
		if (!err)
			iter_next(it->merge);
	}
	if (err)
		show_nothing(it, err);
	else
		settle_forward(it, true);
}

void lsm_iter_next(struct lsm_iter *it)
{
	struct db_timer timer = move_begin(it, LSM_OP_ITERATE);

	go_next(it);
	db_timer_end(it->db, LSM_OP_ITERATE, timer);
}

static void go_prev(struct lsm_iter *it)
{
	int err = it->direction == FORWARD ? turn_backward(it) : 0;

	if (err)
		show_nothing(it, err);
	else
		settle_backward(it);
}

void lsm_iter_prev(struct lsm_iter *it)
{
	struct db_timer timer = move_begin(it, LSM_OP_ITERATE);

	go_prev(it);
	db_timer_end(it->db, LSM_OP_ITERATE, timer);
}

bool lsm_iter_valid(const struct lsm_iter *it)
{
	return it->valid;
}

int lsm_iter_status(const struct lsm_iter *it)
{
	return it->valid ? 0 : it->status;
}

const struct lsm_record *lsm_iter_record(const struct lsm_iter *it)
{
	return &it->record;
}

/* The version shown, looked up again. In a damaged table it may be seen in passing, and not where
 * the index or the filter says. */
static int find_shown(struct lsm_iter *it, struct found_version *ret_found)
{
	int err;

	shared_ref(&it->state->shared);
	err = found_version_get_at(it->db, it->record.key, it->record.seqno, it->state, ret_found);
	if (!err && ret_found->rec.seqno != it->record.seqno) {
		found_version_done(ret_found);
		err = -ENOENT;
	}
	if (err == -ENOENT)
		return fail(-EUCLEAN, "a record is not found where it should be, seqno=%llu",
			    (unsigned long long)it->record.seqno);
	return err;
}

static int whole_value(struct lsm_iter *it)
{
	struct found_version f;
	uint8_t *bytes;
	int err = find_shown(it, &f);

	if (err)
		return err;
	err = found_version_whole(it->db, &f, &bytes);
	if (!err) {
		buf_done(&it->value);
		it->value = (struct buf){
			.ptr = bytes, .len = (size_t)f.size, .cap = (size_t)f.size + 1};
	}
	found_version_done(&f);
	return err;
}

static void count_read(struct lsm_iter *it, uint64_t bytes)
{
	struct db_counters *own = db_counters_own(it->db);

	(void)db_count(it->db, own, read_bytes, bytes);
}

int lsm_iter_value(struct lsm_iter *it, struct slice *ret_value)
{
	struct slice value;
	int err = 0;

	if (it->kind == RECORD_PUT && it->direction == FORWARD) {
		err = iter_value(it->merge, &value);
	} else {
		if (it->kind != RECORD_PUT)
			err = whole_value(it);
		value = buf_slice(&it->value);
	}
	if (err)
		return err;
	count_read(it, value.len);
	*ret_value = value;
	return 0;
}

int lsm_iter_read(struct lsm_iter *it, const struct lsm_range *range, size_t *ret_len)
{
	const struct value_range want = {
		.offset = range->offset, .into = range->into, .len = range->len};
	struct found_version f;
	int err = find_shown(it, &f);

	if (err)
		return err;
	err = found_version_read(it->db, &f, &want, ret_len);
	if (!err)
		count_read(it, *ret_len);
	found_version_done(&f);
	return err;
}

int lsm_batch_copy_shown(struct lsm_batch *batch, struct lsm_iter *it, struct slice to,
			 struct slice to_meta)
{
	struct found_version f;
	int err = find_shown(it, &f);

	if (err)
		return err;
	err = lsm_batch_copy_found(batch, it->db, &f, to, to_meta);
	found_version_done(&f);
	return err;
}

static int collect_sources(struct lsm_iter *it, struct iter **sources, size_t *count)
{
	struct db_state *state = it->state;
	int err = 0;

	/* An empty one has nothing up to it->seqno, which was read before: what comes is newer. */
	if (memtable_count(state->memtable) > 0) {
		err = memtable_iter(state->memtable, &sources[*count]);
		*count += !err;
	}
	for (size_t i = state->full_count; !err && i-- > 0;) {
		err = memtable_iter(state->full[i].table, &sources[*count]);
		*count += !err;
	}
	const struct tree_scan scan = {.prefix = buf_slice(&it->prefix), .access = it->access};

	if (!err)
		err = tree_iters(it->db->tree, state->version, &scan, sources, count);
	return err;
}

static int open_merge(struct lsm_iter *it)
{
	size_t room = 1 + it->state->full_count + tree_iter_count(it->state->version);
	cleanup_free struct iter **sources = calloc(room, sizeof(struct iter *));
	size_t count = 0;
	int err = sources ? collect_sources(it, sources, &count) : -ENOMEM;

	if (!err)
		return merge_iter_new(sources, count, &it->merge);
	for (size_t i = 0; i < count; i++)
		iter_free(sources[i]);
	return err;
}

int lsm_iter_new(struct lsm *db, const struct lsm_read_options *options, struct lsm_iter **ret_iter)
{
	struct lsm_iter *it = calloc(1, sizeof(*it));

	if (!it)
		return -ENOMEM;
	it->db = db;
	it->state = db_state_acquire(db);
	it->seqno = db_read_seqno(db, options);
	it->access = options && options->no_cache_fill ? TABLE_PAST_CACHE : TABLE_CACHED;
	int err = options ? buf_set(&it->prefix, options->prefix) : 0;

	if (!err)
		err = open_merge(it);
	if (err) {
		lsm_iter_free(it);
		return err;
	}
	struct db_counters *own = db_counters_own(db);

	(void)db_count(db, own, iterators, 1);
	*ret_iter = it;
	return 0;
}

void lsm_iter_free(struct lsm_iter *it)
{
	if (!it)
		return;
	struct lsm *db = it->db;

	iter_free(it->merge);
	db_state_release(it->state);
	buf_done(&it->prefix);
	buf_done(&it->key);
	buf_done(&it->meta);
	buf_done(&it->value);
	free(it);
	if (db->options.compaction_threads == 0) /* whose work it would be */
		db_purge(db);
}
