/*
 * Named snapshots, as the manifest keeps them. What they keep from being dropped is the matter of
 * the jobs, which are told of all snapshots alike (struct tree_flush_job, tree_compact_limits).
 */
#include <errno.h>

#include "lsm/tree/tree_impl.h"

int tree_name_snapshot(struct tree *t, const struct named_snapshot *s)
{
	cleanup_edit struct version_edit edit = {.durable_seqno = s->seqno};

	mutex_lock(&t->log_mu);
	int err = snapshot_list_find(&t->snapshots, named_snapshot_name(s)) ? -EEXIST : 0;

	if (!err && t->snapshots.count >= SNAPSHOT_NAMES_MAX)
		err = -EMLINK;
	edit.has_durable_seqno = s->seqno > max_of(t->durable_seqno, t->flushed_seqno);
	mutex_unlock(&t->log_mu);
	if (!err)
		err = snapshot_list_insert(&edit.snapshots_named, s);
	return err ? err : tree_apply(t, &edit);
}

int tree_drop_snapshot(struct tree *t, struct slice name)
{
	cleanup_edit struct version_edit edit = {0};
	const struct named_snapshot dropped = named_snapshot_of(name, 0);

	mutex_lock(&t->log_mu);
	int err = snapshot_list_find(&t->snapshots, name) ? 0 : -ENOENT;

	mutex_unlock(&t->log_mu);
	if (!err)
		err = snapshot_list_insert(&edit.snapshots_dropped, &dropped);
	return err ? err : tree_apply(t, &edit);
}

int tree_snapshots(struct tree *t, struct snapshot_list *ret_list)
{
	mutex_guard(&t->log_mu);

	return snapshot_list_copy(ret_list, &t->snapshots);
}
