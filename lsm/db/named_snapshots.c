/*
 * Snapshots with names, which outlive the process: the manifest has the name and the seqno, and in
 * memory each is one of the holders of a snapshot as any other, so that flush and compaction keep
 * its versions, from before the first job of a store that was opened.
 *
 *	make:   hold the snapshot of what is visible | sync the log up to there | edit of the
 *manifest
 *
 * In that order: held first, so that no job drops a version in between; the log before the name, as
 * a power cut that kept the name and lost changes below its seqno would give their seqnos away
 * again, and the new changes would be seen in the old snapshot. The edit also notes that those
 * changes are durable, so that a log which has lost them later is found out.
 */
#include "lsm/db/named_snapshots.h"

#include <assert.h>
#include <errno.h>

#include "lsm/db/health.h"
#include "lsm/db/logs.h"
#include "lsm/db/reserve.h"
#include "lsm/db/snapshot.h"

static_assert((int)LSM_SNAPSHOT_NAME_MAX == (int)SNAPSHOT_NAME_MAX,
	      "lsm.h says what the manifest takes");
static_assert((int)LSM_SNAPSHOTS_MAX == (int)SNAPSHOT_NAMES_MAX,
	      "lsm.h says what the manifest takes");

static int check_name(struct slice name)
{
	if (name.len == 0)
		return fail(-EINVAL, "the name of a snapshot is empty");
	if (name.len > SNAPSHOT_NAME_MAX)
		return fail(-ENAMETOOLONG, "the name of a snapshot has more than %d bytes",
			    SNAPSHOT_NAME_MAX);
	return 0;
}

static void note_count_locked(struct lsm *db)
{
	atomic_store_explicit(&db->named_count, db->named.count, memory_order_relaxed);
}

int db_named_snapshots_restore(struct lsm *db)
{
	int err = tree_snapshots(db->tree, &db->named);
	size_t held = 0;

	for (; !err && held < db->named.count; held++) {
		struct lsm_snapshot *s;

		err = db_snapshot_at(db, db->named.items[held].seqno, &s);
		if (err)
			break;
	}
	db->named.count = held;
	note_count_locked(db);
	return err;
}

/* Take a name off the list: the holder that it was. naming_mu is held, or the store is closing. */
static struct lsm_snapshot *remove_name(struct lsm *db, struct slice name, uint64_t seqno)
{
	mutex_guard(&db->snapshots_mu);

	(void)snapshot_list_remove(&db->named, name);
	note_count_locked(db);
	return db_snapshot_find_locked(db, seqno);
}

void db_named_snapshots_done(struct lsm *db)
{
	while (db->named.count > 0) {
		struct named_snapshot last = db->named.items[db->named.count - 1];

		lsm_snapshot_release(db, remove_name(db, named_snapshot_name(&last), last.seqno));
	}
	snapshot_list_done(&db->named);
}

/* naming_mu is held. -ENOMEM: and nothing after it can fail. */
static int check_room(struct lsm *db, struct slice name)
{
	mutex_guard(&db->snapshots_mu);

	if (snapshot_list_find(&db->named, name))
		return fail(-EEXIST, "a snapshot has that name");
	if (db->named.count >= SNAPSHOT_NAMES_MAX)
		return fail(-EMLINK, "there are %d snapshots", SNAPSHOT_NAMES_MAX);
	return snapshot_list_reserve(&db->named, 1);
}

static void add_name(struct lsm *db, const struct named_snapshot *named)
{
	mutex_guard(&db->snapshots_mu);
	int err = snapshot_list_insert(&db->named, named);

	assert(!err); /* see check_room */
	(void)err;
	note_count_locked(db);
}

/* naming_mu is held. */
static int make_locked(struct lsm *db, struct slice name)
{
	struct lsm_snapshot *snapshot;
	int err = db_check_thawed(db);

	if (!err)
		err = check_room(db, name);
	if (!err)
		err = lsm_snapshot_new(db, &snapshot);
	if (err)
		return err;
	struct named_snapshot named = named_snapshot_of(name, snapshot->seqno);

	named.time_ns = env_real_ns(db->env);
	err = db_logs_sync(db, named.seqno);
	if (!err) {
		err = tree_name_snapshot(db->tree, &named);
		db_watch_tree(db);
	}
	if (err)
		lsm_snapshot_release(db, snapshot);
	else
		add_name(db, &named);
	return err;
}

int lsm_snapshot_make(struct lsm *db, struct slice name)
{
	fail_clear();
	int err = check_name(name);

	if (!err)
		err = db_check_writable(db);
	if (err)
		return err;
	mutex_guard(&db->naming_mu);

	return make_locked(db, name);
}

/* It frees space in the end, so it may draw on the reserve. naming_mu is held. */
static int drop_from_tree(struct lsm *db, struct slice name)
{
	uint64_t releases = db_reserve_releases(db);
	int err = tree_drop_snapshot(db->tree, name);

	while (env_is_full(err) && db_reserve_release(db, &releases))
		err = tree_drop_snapshot(db->tree, name);
	db_watch_tree(db);
	return err;
}

int lsm_snapshot_drop(struct lsm *db, struct slice name)
{
	struct lsm_snapshot_info found;

	fail_clear();
	int err = db_check_writable(db);

	if (err)
		return err;
	mutex_guard(&db->naming_mu);

	err = db_check_thawed(db);
	if (!err)
		err = lsm_snapshot_find(db, name, &found);
	if (!err)
		err = drop_from_tree(db, name);
	if (err)
		return err;
	lsm_snapshot_release(db, remove_name(db, name, found.seqno));
	return 0;
}

int lsm_snapshot_find(struct lsm *db, struct slice name, struct lsm_snapshot_info *ret_info)
{
	mutex_guard(&db->snapshots_mu);
	const struct named_snapshot *named = snapshot_list_find(&db->named, name);

	if (!named)
		return fail(-ENOENT, "no snapshot has that name");
	*ret_info = (struct lsm_snapshot_info){
		.name = name, .seqno = named->seqno, .time_ns = named->time_ns};
	return 0;
}

int lsm_snapshot_open(struct lsm *db, struct slice name, struct lsm_snapshot **ret_snapshot)
{
	mutex_guard(&db->snapshots_mu);
	const struct named_snapshot *named = snapshot_list_find(&db->named, name);

	if (!named)
		return fail(-ENOENT, "no snapshot has that name");
	struct lsm_snapshot *s = db_snapshot_find_locked(db, named->seqno);

	db_snapshot_hold_locked(db, s);
	*ret_snapshot = s;
	return 0;
}

int lsm_snapshot_list(struct lsm *db, int (*visit)(void *arg, const struct lsm_snapshot_info *info),
		      void *arg)
{
	cleanup_snapshot_list struct snapshot_list copy = {0};

	mutex_lock(&db->snapshots_mu);
	int err = snapshot_list_copy(&copy, &db->named);

	mutex_unlock(&db->snapshots_mu);
	for (size_t i = 0; !err && i < copy.count; i++) {
		const struct lsm_snapshot_info info = {
			.name = named_snapshot_name(&copy.items[i]),
			.seqno = copy.items[i].seqno,
			.time_ns = copy.items[i].time_ns,
		};

		err = visit(arg, &info);
	}
	return err;
}
