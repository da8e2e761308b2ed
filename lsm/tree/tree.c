#include <stdlib.h>

#include "lsm/tree/obsolete.h"
#include "lsm/tree/tree_impl.h"

struct version *tree_current(struct tree *t)
{
	mutex_guard(&t->mu);

	return version_ref(t->current);
}

uint64_t tree_flushed_seqno(struct tree *t)
{
	mutex_guard(&t->log_mu);

	return t->flushed_seqno;
}

const struct table_counters *tree_table_counters(const struct tree *t)
{
	return &t->tables.counters;
}

void tree_stop_jobs(struct tree *t)
{
	pace_stop(&t->pace);
}

bool tree_make_way(struct tree *t, int error)
{
	return table_cache_make_way(&t->tables, error);
}

void tree_close(struct tree *t)
{
	if (!t)
		return;
	/* The current version's files are not marked removed: they are only forgotten. */
	version_unref(t->current);
	version_unref(t->doubtful);
	obsolete_done(t);
	table_cache_done(&t->tables);
	tree_end_blobs(t);
	manifest_close(&t->manifest);
	number_list_done(&t->logs);
	snapshot_list_done(&t->snapshots);
	buf_done(&t->note);
	number_list_done(&t->stuck_blobs);
	for (int level = 0; level < TREE_LEVELS; level++)
		buf_done(&t->cursor_keys[level]);
	pace_done(&t->pace);
	mutex_done(&t->log_mu);
	mutex_done(&t->mu);
	free(t);
}
