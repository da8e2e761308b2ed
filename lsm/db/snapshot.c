#include "lsm/db/snapshot.h"

#include <errno.h>
#include <stdlib.h>

#include "lsm/base/cleanup.h"

void db_snapshots_init(struct lsm *db)
{
	mutex_init(&db->naming_mu, RANK_DB_NAMING);
	mutex_init(&db->snapshots_mu, RANK_DB_SNAPSHOTS);
	db->snapshots.newer = &db->snapshots;
	db->snapshots.older = &db->snapshots;
}

/* What the statistics show, after a change of the ring. */
static void note_change_locked(struct lsm *db, uint64_t count)
{
	bool any = db->snapshots.newer != &db->snapshots;
	uint64_t oldest = any ? db->snapshots.newer->seqno : 0;

	atomic_store_explicit(&db->snapshot_count, count, memory_order_relaxed);
	atomic_store_explicit(&db->oldest_snapshot, oldest, memory_order_relaxed);
}

/* The newest that is not above seqno; the ring's head: there is none. */
static struct lsm_snapshot *find_below(struct lsm *db, uint64_t seqno)
{
	struct lsm_snapshot *at = db->snapshots.older;

	while (at != &db->snapshots && at->seqno > seqno)
		at = at->older;
	return at;
}

struct lsm_snapshot *db_snapshot_find_locked(struct lsm *db, uint64_t seqno)
{
	struct lsm_snapshot *at = find_below(db, seqno);

	return at != &db->snapshots && at->seqno == seqno ? at : NULL;
}

void db_snapshot_hold_locked(struct lsm *db, struct lsm_snapshot *snapshot)
{
	snapshot->references++;
	note_change_locked(db, db->snapshot_count + 1);
}

/* Hold the one of that seqno, which `fresh` becomes unless there is one. */
static struct lsm_snapshot *hold_locked(struct lsm *db, uint64_t seqno, struct lsm_snapshot **fresh)
{
	struct lsm_snapshot *at = find_below(db, seqno);

	if (at == &db->snapshots || at->seqno != seqno) {
		struct lsm_snapshot *s = move_ptr(fresh);

		*s = (struct lsm_snapshot){.seqno = seqno, .older = at, .newer = at->newer};
		s->newer->older = s;
		at->newer = s;
		at = s;
	}
	db_snapshot_hold_locked(db, at);
	return at;
}

int lsm_snapshot_new(struct lsm *db, struct lsm_snapshot **ret_snapshot)
{
	cleanup_free struct lsm_snapshot *fresh = malloc(sizeof(*fresh));

	if (!fresh)
		return -ENOMEM;
	mutex_guard(&db->snapshots_mu);

	/* read under the mutex: see db_snapshots_list */
	uint64_t now = atomic_load_explicit(&db->visible_seqno, memory_order_acquire);

	*ret_snapshot = hold_locked(db, now, &fresh);
	return 0;
}

int db_snapshot_at(struct lsm *db, uint64_t seqno, struct lsm_snapshot **ret_snapshot)
{
	cleanup_free struct lsm_snapshot *fresh = malloc(sizeof(*fresh));

	if (!fresh)
		return -ENOMEM;
	mutex_guard(&db->snapshots_mu);

	*ret_snapshot = hold_locked(db, seqno, &fresh);
	return 0;
}

void lsm_snapshot_release(struct lsm *db, struct lsm_snapshot *snapshot)
{
	if (!snapshot)
		return;
	mutex_lock(&db->snapshots_mu);
	bool last = --snapshot->references == 0;

	if (last) {
		snapshot->older->newer = snapshot->newer;
		snapshot->newer->older = snapshot->older;
	}
	note_change_locked(db, db->snapshot_count - 1);
	mutex_unlock(&db->snapshots_mu);
	if (last)
		free(snapshot);
}

uint64_t lsm_snapshot_seqno(const struct lsm_snapshot *snapshot)
{
	return snapshot->seqno;
}

int db_snapshots_list(struct lsm *db, uint64_t **ret_seqnos, size_t *ret_count)
{
	mutex_guard(&db->snapshots_mu);
	uint64_t *seqnos = calloc(db->snapshot_count + 1, sizeof(*seqnos));
	size_t count = 0;

	if (!seqnos)
		return -ENOMEM;
	for (struct lsm_snapshot *s = db->snapshots.newer; s != &db->snapshots; s = s->newer)
		seqnos[count++] = s->seqno;
	*ret_seqnos = seqnos;
	*ret_count = count;
	return 0;
}

uint64_t db_read_seqno(struct lsm *db, const struct lsm_read_options *options)
{
	if (options && options->snapshot)
		return options->snapshot->seqno;
	return atomic_load_explicit(&db->visible_seqno, memory_order_acquire);
}
