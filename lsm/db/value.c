#include "lsm/db/value.h"

#include <errno.h>
#include <stdlib.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/base/hash.h"
#include "lsm/blob/value_format.h"
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

int version_describe(const struct record *rec, struct slice *ret_meta, uint64_t *ret_size)
{
	switch (rec->kind) {
	case RECORD_DELETE:
		return -ENOENT;
	case RECORD_PUT:
		*ret_meta = rec->meta;
		*ret_size = rec->value_len;
		return 0;
	case RECORD_PATCH:
	case RECORD_LARGE:
		return value_meta_take(rec->meta, ret_size, ret_meta);
	}
	return fail(-EUCLEAN, "a record of unknown kind %d", (int)rec->kind);
}

void found_version_done(struct found_version *f)
{
	if (f->hit.table)
		table_hit_done(&f->hit);
	db_state_release(f->state);
}

/* Every get comes by here: what is not needed is not set. */
int found_version_get_at(struct lsm *db, struct slice key, uint64_t seqno, struct db_state *state,
			 struct found_version *ret_found)
{
	struct found_version *f = ret_found;
	int err = memtables_get(state, key, seqno, &f->rec);

	f->state = state;
	f->hit.table = NULL;
	if (err == -ENOENT) {
		err = tree_get(db->tree, state->version, key, seqno, &f->hit);
		if (!err)
			f->rec = f->hit.rec;
		else
			f->hit.table = NULL;
	}
	if (!err)
		err = version_describe(&f->rec, &f->meta, &f->size);
	if (err)
		found_version_done(f);
	return err;
}

int found_version_get(struct lsm *db, struct slice key, const struct lsm_read_options *options,
		      struct found_version *ret_found)
{
	struct db_state *state = db_state_acquire(db);

	return found_version_get_at(db, key, db_read_seqno(db, options), state, ret_found);
}

/* ---- folds ---- */

struct db_folds *db_folds_new(void)
{
	struct db_folds *folds = calloc(1, sizeof(*folds));

	for (size_t i = 0; folds && i < DB_FOLDS; i++)
		mutex_init(&folds->slots[i].mu, RANK_DB_FOLD);
	return folds;
}

static void slot_forget(struct db_fold_slot *slot)
{
	fold_done(&slot->fold);
	db_state_release(slot->state);
	slot->state = NULL;
}

void db_folds_clear(struct db_folds *folds)
{
	for (size_t i = 0; i < DB_FOLDS; i++) {
		mutex_guard(&folds->slots[i].mu);

		slot_forget(&folds->slots[i]);
	}
}

void db_folds_free(struct db_folds *folds)
{
	if (!folds)
		return;
	db_folds_clear(folds);
	for (size_t i = 0; i < DB_FOLDS; i++) {
		buf_done(&folds->slots[i].key);
		mutex_done(&folds->slots[i].mu);
	}
	free(folds);
}

static int add_memtable(struct fold *fold, struct memtable *m, struct slice key, uint64_t seqno)
{
	struct iter *versions;
	int err = memtable_iter(m, &versions);

	if (err)
		return err;
	err = fold_add_versions(fold, versions, key, seqno);
	iter_free(versions);
	return err;
}

/* Bring the fold up to the version found. What it has is of the same state, and older. */
static int fold_catch_up(struct lsm *db, const struct found_version *f, struct fold *fold)
{
	const struct db_state *state = f->state;
	struct slice key = f->rec.key;
	bool is_new = fold->seqno == 0;
	int err = add_memtable(fold, state->memtable, key, f->rec.seqno);

	/* what it has may be of a snapshot: full memtables too can hold what it lacks */
	for (size_t i = state->full_count; !err && !fold->has_base && i-- > 0;) {
		if (!is_new && state->full[i].last_seqno <= fold->seqno)
			break;
		err = add_memtable(fold, state->full[i].table, key, f->rec.seqno);
	}
	if (!err && is_new)
		err = fold_add_table(fold, db->tree, state->version, key, f->rec.seqno);
	return err ? err : fold_apply(fold);
}

/* The slot's fold becomes that of the version found. The caller holds its mutex. */
static int slot_load_locked(struct lsm *db, const struct found_version *f,
			    struct db_fold_slot *slot)
{
	int err = 0;

	if (slot->state != f->state || slot->fold.seqno > f->rec.seqno ||
	    !slice_eq(buf_slice(&slot->key), f->rec.key)) {
		slot_forget(slot);
		err = buf_set(&slot->key, f->rec.key);
		if (err)
			return err;
		shared_ref(&f->state->shared);
		slot->state = f->state;
	}
	if (slot->fold.seqno != f->rec.seqno)
		err = fold_catch_up(db, f, &slot->fold);
	if (err)
		slot_forget(slot);
	return err;
}

/* What is wanted of a view, without I/O. */
struct look {
	int (*at)(const struct look *look, const struct value_view *view);
	const struct value_range *range;
	struct buf *chunks;
	size_t *ret_len;
	/* of a seek */
	uint64_t offset;
	bool hole;
	uint64_t *ret_offset;
};

/* Look at the fold of the version found. */
static int look_at_fold(struct lsm *db, const struct found_version *f, const struct look *look)
{
	struct db_fold_slot *slot = &db->folds->slots[hash64(f->rec.key, 0) % DB_FOLDS];
	mutex_guard(&slot->mu);
	int err = slot_load_locked(db, f, slot);

	if (!err)
		err = look->at(look, &slot->fold.view);
	/* db_folds_clear may have been here already: a past state would stay for nobody, with its
	 * memtables and files */
	if (!db_state_is_present(db, f->state))
		slot_forget(slot);
	return err;
}

static int plan(const struct look *look, const struct value_view *view)
{
	return value_view_plan(view, look->range, look->chunks, look->ret_len);
}

static int list_chunks(const struct look *look, const struct value_view *view)
{
	return value_view_chunks(view, look->range->offset, look->range->len, look->chunks);
}

static int seek_in(const struct look *look, const struct value_view *view)
{
	return value_view_seek(view, look->offset, look->hole, look->ret_offset);
}

static int read_folded(struct lsm *db, const struct found_version *f,
		       const struct value_range *range, size_t *ret_len)
{
	cleanup_buf struct buf chunks = {0};
	size_t len = 0;
	const struct look look = {.at = plan, .range = range, .chunks = &chunks, .ret_len = &len};
	int err = look_at_fold(db, f, &look);

	if (!err) /* the state keeps the files */
		err = value_chunks_read(tree_blobs(db->tree), buf_slice(&chunks), range);
	if (!err)
		*ret_len = len;
	return err;
}

/* ---- reading ---- */

static int load_value(struct found_version *f)
{
	if (!f->hit.table || f->rec.value.ptr)
		return 0;
	int err = table_hit_value(&f->hit);

	if (!err)
		f->rec.value = f->hit.rec.value;
	return err;
}

static int whole_view(struct found_version *f, struct value_view *ret_view)
{
	int err = load_value(f);

	if (err)
		return err;
	*ret_view = (struct value_view){.size = f->size};
	if (f->rec.kind == RECORD_PUT)
		ret_view->bytes = f->rec.value;
	else
		ret_view->extents = f->rec.value;
	return 0;
}

int found_version_read(struct lsm *db, struct found_version *f, const struct value_range *range,
		       size_t *ret_len)
{
	struct value_view view;

	if (f->rec.kind == RECORD_PATCH)
		return read_folded(db, f, range, ret_len);
	int err = whole_view(f, &view);

	return err ? err : value_view_read(&view, tree_blobs(db->tree), range, ret_len);
}

int found_version_chunks(struct lsm *db, struct found_version *f, uint64_t offset, uint64_t len,
			 struct buf *ret_chunks)
{
	const struct value_range range = {.offset = offset, .len = (size_t)len};
	const struct look look = {.at = list_chunks, .range = &range, .chunks = ret_chunks};
	struct value_view view;

	if (f->rec.kind == RECORD_PATCH)
		return look_at_fold(db, f, &look);
	int err = whole_view(f, &view);

	return err ? err : list_chunks(&look, &view);
}

int found_version_seek(struct lsm *db, struct found_version *f, uint64_t offset, bool hole,
		       uint64_t *ret_offset)
{
	const struct look look = {
		.at = seek_in, .offset = offset, .hole = hole, .ret_offset = ret_offset};
	struct value_view view;

	if (f->rec.kind == RECORD_PATCH)
		return look_at_fold(db, f, &look);
	if (offset >= f->size)
		return -ENXIO;
	/* data from its start to its end: it need not be loaded */
	if (f->rec.kind == RECORD_PUT) {
		*ret_offset = hole ? f->size : offset;
		return 0;
	}
	int err = whole_view(f, &view);

	return err ? err : seek_in(&look, &view);
}

int found_version_whole(struct lsm *db, struct found_version *f, uint8_t **ret_bytes)
{
	size_t len = 0;

	if (f->size > LSM_WHOLE_MAX)
		return fail(-EFBIG, "a value of %llu bytes can only be read in parts",
			    (unsigned long long)f->size);
	cleanup_free uint8_t *bytes = malloc((size_t)f->size + 1);
	const struct value_range range = {.into = bytes, .len = (size_t)f->size};

	if (!bytes)
		return -ENOMEM;
	int err = found_version_read(db, f, &range, &len);

	if (!err && len != f->size)
		err = fail(-EUCLEAN, "a value is shorter than its record says");
	if (!err)
		*ret_bytes = move_ptr(&bytes);
	return err;
}

int found_version_view(struct lsm *db, struct found_version *f,
		       int (*use)(void *arg, const struct value_view *view), void *arg)
{
	struct value_view view;
	struct fold fold = {0};
	int err;

	if (f->rec.kind != RECORD_PATCH) {
		err = whole_view(f, &view);
		return err ? err : use(arg, &view);
	}
	err = fold_catch_up(db, f, &fold);
	if (!err)
		err = use(arg, &fold.view);
	fold_done(&fold);
	return err;
}
