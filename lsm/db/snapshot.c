#include "lsm/db/snapshot.h"

#include <errno.h>
#include <stdlib.h>

void db_snapshots_init(struct lsm *db)
{
	mutex_init(&db->snapshots_mu, RANK_DB_SNAPSHOTS);
	db->snapshots.newer = &db->snapshots;
	db->snapshots.older = &db->snapshots;
}

/* What the statistics show, after a change of the ring. */
static void note_change_locked(struct lsm *db, uint64_t count)
{
	uint64_t oldest = count > 0 ? db->snapshots.newer->seqno : 0;

	atomic_store_explicit(&db->snapshot_count, count, memory_order_relaxed);
	atomic_store_explicit(&db->oldest_snapshot, oldest, memory_order_relaxed);
}

int lsm_snapshot_new(struct lsm *db, struct lsm_snapshot **ret_snapshot)
{
	struct lsm_snapshot *s = malloc(sizeof(*s));

	if (!s)
		return -ENOMEM;
	mutex_lock(&db->snapshots_mu);
	/* read under the mutex: see db_snapshots_list */
	s->seqno = atomic_load_explicit(&db->visible_seqno, memory_order_acquire);
	s->older = db->snapshots.older;
	s->newer = &db->snapshots;
	s->older->newer = s;
	db->snapshots.older = s;
	note_change_locked(db, db->snapshot_count + 1);
	mutex_unlock(&db->snapshots_mu);
	*ret_snapshot = s;
	return 0;
}

void lsm_snapshot_release(struct lsm *db, struct lsm_snapshot *snapshot)
{
	if (!snapshot)
		return;
	mutex_lock(&db->snapshots_mu);
	snapshot->older->newer = snapshot->newer;
	snapshot->newer->older = snapshot->older;
	note_change_locked(db, db->snapshot_count - 1);
	mutex_unlock(&db->snapshots_mu);
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
		if (count == 0 || seqnos[count - 1] != s->seqno)
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
