/*
 * Checks the tree against its own claims: each table by itself, each table against what the
 * manifest says of it, and the manifest against the version in memory.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/base/error.h"
#include "lsm/base/helper_ring.h"
#include "lsm/blob/value_format.h"
#include "lsm/tree/tree_impl.h"

enum {
	WHOLE_TRIES = 10,
	THREAD_BYTES = 256 * 1024, /* a table smaller than that is not worth a thread's waking */
};

struct table_check {
	struct tree *tree;
	const struct table_file *file;
	struct long_work *work;
	struct blob_refs found; /* what the records name, without references */
	struct buf room;
};

static int check_properties(const struct table *table, const struct table_file *f)
{
	const struct {
		enum sst_property property;
		uint64_t expected;
		const char *name;
	} claims[] = {
		{SST_ENTRIES, f->entries, "entries"},
		{SST_TOMBSTONES, f->tombstones, "tombstones"},
		{SST_SMALLEST_SEQNO, f->smallest_seqno, "smallest seqno"},
		{SST_LARGEST_SEQNO, f->largest_seqno, "largest seqno"},
	};

	for (size_t i = 0; i < array_size(claims); i++) {
		uint64_t found = table_property(table, claims[i].property);

		if (found != claims[i].expected)
			return fail(-EUCLEAN,
				    "%06" PRIu64 ".sst: %s=%" PRIu64
				    ", but the manifest says %" PRIu64,
				    f->number, claims[i].name, found, claims[i].expected);
	}
	return 0;
}

static int check_end(struct iter *it, const struct table_file *f, struct slice expected,
		     const char *which)
{
	int err = iter_status(it);

	if (err)
		return err;
	if (!iter_valid(it) || !slice_eq(it->rec.key, expected))
		return fail(-EUCLEAN, "%06" PRIu64 ".sst: the %s key is not the manifest's",
			    f->number, which);
	return 0;
}

static int check_ends(struct table *table, const struct table_file *f)
{
	struct iter *it;
	int err = table_iter(table, &it);

	if (err)
		return err;
	iter_first(it);
	err = check_end(it, f, f->smallest, "smallest");
	if (!err) {
		iter_last(it);
		err = check_end(it, f, f->largest, "largest");
	}
	iter_free(it);
	return err;
}

/* The size and the list of a large value's record. */
static int check_large(const struct table_file *f, const struct record *rec, struct slice extents)
{
	struct slice user_meta;
	uint64_t size = 0;
	int err = value_meta_take(rec->meta, &size, &user_meta);

	if (!err)
		err = extent_list_check(extents, size);
	if (err == -EUCLEAN)
		return fail(err,
			    "%06" PRIu64 ".sst: the record of a large value makes no sense, "
			    "seqno=%" PRIu64,
			    f->number, rec->seqno);
	return err;
}

static int read_chunk(struct table_check *c, const struct extent *e)
{
	struct tree *t = c->tree;
	int err;

	buf_clear(&c->room);
	err = buf_reserve(&c->room, e->len);
	if (err)
		return err;
	do
		err = blob_store_read(t->blobs, e, c->room.ptr);
	while (tree_make_way(t, err));
	return err ? err : long_work_step(c->work, e->stored_len);
}

static int verify_large(struct table_check *c, struct iter *it)
{
	struct slice extents;
	int err = iter_value(it, &extents);

	if (!err)
		err = check_large(c->file, &it->rec, extents);
	for (size_t i = 0; !err && i < extent_list_count(extents); i++) {
		struct extent e;

		err = extent_list_get(extents, i, &e);
		if (!err)
			err = blob_refs_note(&c->found, &e);
		if (!err)
			err = read_chunk(c, &e);
	}
	return err;
}

static bool same_blobs(const struct blob_refs *a, const struct blob_refs *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (a->refs[i].number != b->refs[i].number ||
		    a->refs[i].bytes != b->refs[i].bytes || a->refs[i].end != b->refs[i].end)
			return false;
	}
	return true;
}

static int verify_records(struct table_check *c, struct iter *it)
{
	int err = 0;

	for (iter_first(it); !err && iter_valid(it); iter_next(it))
		err = it->rec.kind == RECORD_LARGE ? verify_large(c, it) : 0;
	if (!err)
		err = iter_status(it);
	if (!err && !same_blobs(&c->found, &c->file->blobs))
		err = fail(-EUCLEAN,
			   "%06" PRIu64 ".sst: its records name other bytes of blob files than the "
			   "manifest says",
			   c->file->number);
	return err;
}

/* All chunks that the table's records name are right, and are what the manifest says. */
static int verify_blobs(struct tree *t, struct table *table, const struct table_file *f,
			struct long_work *work)
{
	struct table_check c = {.tree = t, .file = f, .work = work};
	struct iter *it;
	int err = table_scan_iter(table, &it);

	if (err)
		return err;
	err = verify_records(&c, it);
	iter_free(it);
	buf_done(&c.room);
	blob_refs_done(&c.found);
	return err;
}

static int verify_table(struct tree *t, const struct table_file *f, struct long_work *work)
{
	struct table *table;
	uint64_t large = 0;
	int err = table_cache_get(&t->tables, f, &table);

	if (err)
		return err;
	err = table_verify_counting(table, work, &large);
	if (!err)
		err = check_properties(table, f);
	if (!err)
		err = check_ends(table, f);
	if (!err && (large > 0 || f->blobs.count > 0))
		err = verify_blobs(t, table, f, work);
	table_unref(table);
	return err;
}

static bool same_run(const struct version_run *a, const struct version_run *b)
{
	if (a->number != b->number || a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (a->files[i]->number != b->files[i]->number ||
		    a->files[i]->id != b->files[i]->id)
			return false;
	}
	return true;
}

static bool same_tables(const struct version *a, const struct version *b)
{
	for (int level = 0; level < TREE_LEVELS; level++) {
		const struct version_level *x = &a->levels[level], *y = &b->levels[level];

		if (x->run_count != y->run_count)
			return false;
		for (size_t i = 0; i < x->run_count; i++) {
			if (!same_run(&x->runs[i], &y->runs[i]))
				return false;
		}
	}
	return true;
}

static int read_named_manifest(struct tree *t, struct manifest_state *state, uint64_t *ret_number)
{
	int err = current_read(t->options.dir, ret_number);

	if (err == -ENOENT)
		err = fail(-EUCLEAN, "CURRENT: missing");
	return err ? err : manifest_read(t->options.dir, *ret_number, state);
}

/*
 * As read_named_manifest. An edit that is not whole is damage, or what a crash left; but beside a
 * writer it may be one that is being written, which is whole when looked at again, and in a broken
 * tree it is what the failed write left, which has been reported.
 */
static int read_whole_manifest(struct tree *t, struct manifest_state *state, uint64_t *ret_number)
{
	int err;

	for (int tries = WHOLE_TRIES; tries > 0; tries--) {
		manifest_state_done(state);
		err = read_named_manifest(t, state, ret_number);
		if (err || !state->torn || tree_is_broken(t))
			return err;
	}
	return fail(-EUCLEAN,
		    "MANIFEST-%06" PRIu64 ": offset %" PRIu64 ": an edit that is not whole",
		    *ret_number, state->valid_bytes);
}

int tree_check_fresh(struct tree *t)
{
	cleanup_manifest_state struct manifest_state state = {0};
	uint64_t number = 0;
	int err = read_whole_manifest(t, &state, &number);

	if (!err && state.flushed_seqno != t->flushed_seqno)
		err = fail(-ESTALE,
			   "MANIFEST-%06" PRIu64 ": changes up to %" PRIu64
			   " were flushed while the store was opened",
			   number, state.flushed_seqno);
	return err;
}

/* What CURRENT and the manifest would give if the store were opened now. */
static int replay_now(struct tree *t, struct manifest_state *state, struct version **ret_version)
{
	const char *reason = "";
	uint64_t number = 0;
	int err = read_whole_manifest(t, state, &number);

	if (!err)
		err = version_builder_finish(&state->tables, ret_version, &reason);
	if (err == -EUCLEAN && *reason)
		(void)fail(err, "MANIFEST-%06" PRIu64 ": %s", number, reason);
	return err;
}

/*
 * With log_mu held, so that no edit comes between the file and the memory; a reader beside a writer
 * has only the file.
 */
static int verify_manifest(struct tree *t)
{
	cleanup_manifest_state struct manifest_state state = {0};
	struct version *replayed = NULL;

	mutex_guard(&t->log_mu);

	int err = replay_now(t, &state, &replayed);
	if (err)
		return err;
	if (!t->options.read_only && !tree_is_broken(t) &&
	    (state.store_id != t->store_id || state.flushed_seqno != t->flushed_seqno ||
	     state.valid_bytes != t->manifest.size_bytes || !same_tables(replayed, t->current) ||
	     !snapshot_list_equal(&state.snapshots, &t->snapshots)))
		err = fail(-EUCLEAN,
			   "MANIFEST-%06" PRIu64 ": is not what the store is working with",
			   t->manifest.number);
	version_unref(replayed);
	return err;
}

static void announce(const struct version *v, struct long_work *work)
{
	for (int level = 0; level < TREE_LEVELS; level++) {
		for (size_t i = 0; i < v->levels[level].count; i++) {
			const struct table_file *f = v->levels[level].files[i];

			long_work_expect(work, f->size_bytes);
			for (size_t k = 0; k < f->blobs.count; k++)
				long_work_expect(work, f->blobs.refs[k].bytes);
		}
	}
}

/* Tables side by side. They are judged in their order: what is told is the first damage. */
struct table_turn {
	struct tree *tree;
	const struct table_file *file;
	struct long_work *work;
	int err;
	char why[ERROR_TEXT_MAX];
};

struct turns {
	struct helper_ring ring;
	struct table_turn each[HELPER_RING_MAX];
	uint64_t tables; /* that are right */
};

static void run_turn(void *arg)
{
	struct table_turn *turn = arg;

	fail_clear();
	turn->err = verify_table(turn->tree, turn->file, turn->work);
	(void)snprintf(turn->why, sizeof(turn->why), "%s", fail_text());
}

static int finish_oldest(struct turns *turns)
{
	const struct table_turn *turn = &turns->each[helper_ring_finish(&turns->ring)];

	if (turn->err)
		return turn->why[0] ? fail(turn->err, "%s", turn->why) : turn->err;
	turns->tables++;
	return 0;
}

static int begin_turn(struct turns *turns, const struct table_turn *turn)
{
	int err = helper_ring_is_full(&turns->ring) ? finish_oldest(turns) : 0;

	if (err)
		return err;
	struct table_turn *slot = &turns->each[turns->ring.open];

	*slot = *turn;
	if (turn->file->size_bytes < THREAD_BYTES)
		helper_ring_keep(&turns->ring, run_turn, slot);
	else
		helper_ring_offer(&turns->ring, run_turn, slot);
	return 0;
}

static int verify_tables(struct tree *t, struct version *v, struct long_work *work,
			 struct turns *turns)
{
	int err = 0;

	for (int level = 0; level < TREE_LEVELS; level++) {
		for (size_t i = 0; !err && i < v->levels[level].count; i++)
			err = begin_turn(turns, &(struct table_turn){
							.tree = t,
							.file = v->levels[level].files[i],
							.work = work,
						});
	}
	while (!err && !helper_ring_is_empty(&turns->ring))
		err = finish_oldest(turns);
	return err;
}

int tree_verify(struct tree *t, struct version *v, struct long_work *work, uint64_t *ret_tables)
{
	int err = verify_manifest(t);

	if (err)
		return err;
	struct turns *turns = calloc(1, sizeof(*turns));

	if (!turns)
		return -ENOMEM;
	announce(v, work);
	helper_ring_init(&turns->ring, "lsm-verify");
	err = verify_tables(t, v, work, turns);
	helper_ring_done(&turns->ring);
	if (!err)
		*ret_tables = turns->tables;
	free(turns);
	return err;
}
