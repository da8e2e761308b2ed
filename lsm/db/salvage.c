/*
 * A salvage, in order: what to read (salvage_plan), the logs into memtables (salvage_logs), the
 * tables as they lie (salvage_tables), all of it merged, of each key the newest readable version
 * (salvage_newest), its value made one of the new store (salvage_values), straight into the last
 * level of a new tree (new_store, tree_ingest).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "lsm/base/error.h"
#include "lsm/db/folder.h"
#include "lsm/db/new_store.h"
#include "lsm/db/options.h"
#include "lsm/db/salvage_logs.h"
#include "lsm/db/salvage_newest.h"
#include "lsm/db/salvage_tables.h"
#include "lsm/env/env_posix.h"
#include "lsm/tree/file_name.h"
#include "lsm/tree/manifest_format.h"
#include "lsm/tree/merge.h"
#include "lsm/tree/tree_ingest.h"
#include "lsm/wal/wal_writer.h"

struct salvage {
	struct env *env;       /* borrowed */
	struct env_dir *from;  /* owned */
	struct env_lock *lock; /* owned; NULL: `from` is on a read-only file system */
	struct salvage_losses losses;
	struct salvage_plan plan;
	struct iter **sources; /* owned, with what is in it */
	size_t count;
	struct new_store out;
	struct salvage_values values; /* ends before out */
};

static void salvage_done(struct salvage *s)
{
	for (size_t i = 0; i < s->count; i++)
		iter_free(s->sources[i]);
	free(s->sources);
	salvage_plan_done(&s->plan);
	salvage_losses_done(&s->losses);
	if (s->from)
		env_dir_unlock(s->from, s->lock);
	env_dir_close(s->from);
}

/* Nobody writes to a read-only file system, so there the lock is not missed. */
static int open_from(struct salvage *s, const char *path, const char *holder)
{
	int err = env_open_dir(s->env, path, false, &s->from);

	/* before the lock, which would leave a file in a folder of something else */
	if (!err)
		err = db_folder_find_store(s->from, path);
	if (err)
		return err;
	err = db_folder_lock(s->from, path, holder, &s->lock);
	return err == -EROFS ? 0 : err;
}

/* Where `to` would be in `from`, making it would change `from`. */
static int check_apart(const struct salvage *s, const char *from, const char *to)
{
	bool inside = false;
	int err = env_dir_holds_path(s->from, to, &inside);

	if (!err && inside)
		err = fail(-EINVAL, "%s: lies in %s, which is not to be changed", to, from);
	return err;
}

static int add_memtable(struct salvage *s, struct memtable *memtable)
{
	if (memtable_count(memtable) == 0)
		return 0;
	int err = memtable_iter(memtable, &s->sources[s->count]);

	s->count += !err;
	return err;
}

/* `due` is the change behind the last log's: was that one on the disk too? */
static void check_end(struct salvage *s, uint64_t due)
{
	char name[ENV_NAME_MAX + 1] = "the logs";

	if (due == 0 || due > s->plan.durable_seqno)
		return;
	if (s->plan.logs.count > 0)
		wal_file_name(s->plan.logs.numbers[s->plan.logs.count - 1], name);
	salvage_lose_changes(&s->losses, due, s->plan.durable_seqno);
	salvage_lost(&s->losses, "%s: ends too early, changes %" PRIu64 " to %" PRIu64 " are lost",
		     name, due, s->plan.durable_seqno);
}

/*
 * A gap behind the last record is what an opening would cut off, if nothing says that changes in it
 * were on the disk (lsm/wal/wal_format.h): then it is no loss.
 */
static void judge_gap(struct salvage *s, struct salvage_log_end *end)
{
	bool is_torn = s->plan.named && end->due > s->plan.durable_seqno;

	if (end->gap && is_torn) {
		s->losses.report.torn_log = end->log;
		s->losses.report.torn_offset = end->offset;
		s->losses.report.torn_bytes = end->bytes;
		end->gap = false;
	}
	salvage_log_tell_gap(&s->losses, end, 0);
}

static int step_log(struct salvage *s, uint64_t number)
{
	return long_work_step(s->losses.work, salvage_file_bytes(s->from, FILE_LOG, number));
}

/* The order of changes goes on from the tables to the logs, if nothing is there but what a manifest
 * names. */
static int read_logs(struct salvage *s)
{
	struct salvage_log_end end = {.due = s->plan.named ? s->plan.flushed_seqno + 1 : 0};
	int err = 0;

	for (size_t i = 0; !err && i < s->plan.logs.count; i++) {
		struct memtable *memtable = NULL;

		if (!s->plan.named) {
			judge_gap(s, &end);
			end.due = 0;
		}
		err = memtable_new(&memtable);
		if (!err)
			err = salvage_log(s->from, s->plan.logs.numbers[i], &s->plan, &s->losses,
					  &end, memtable);
		if (!err)
			err = add_memtable(s, memtable);
		memtable_unref(memtable);
		if (!err)
			err = step_log(s, s->plan.logs.numbers[i]);
	}
	if (err)
		return err;
	judge_gap(s, &end);
	check_end(s, end.due);
	return 0;
}

static int open_sources(struct salvage *s)
{
	struct iter **grown;
	int err = salvage_tables(s->from, &s->plan, &s->losses, &s->sources, &s->count);

	if (err)
		return err;
	grown = realloc(s->sources, (s->count + s->plan.logs.count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	s->sources = grown;
	return read_logs(s);
}

static int merge_sources(struct salvage *s, struct long_work *work, struct iter **ret_iter)
{
	struct iter *merged;
	size_t count = s->count;

	s->count = 0; /* the merge takes them over */
	int err = merge_iter_new(s->sources, count, &merged);

	return err ? err : salvage_newest(merged, &s->plan, &s->values, work, ret_iter);
}

static uint64_t count_records(struct tree *t)
{
	struct version *v = tree_current(t);
	uint64_t records = 0;

	for (int level = 0; level < TREE_LEVELS; level++) {
		for (size_t i = 0; i < v->levels[level].count; i++)
			records += v->levels[level].files[i]->entries;
	}
	version_unref(v);
	return records;
}

static int write_store(struct salvage *s, const struct lsm_options *options)
{
	struct iter *newest;
	int err = open_sources(s);

	if (!err)
		err = salvage_values_open(s->from, &s->plan, options, &s->losses,
					  tree_blobs(s->out.tree), &s->values);
	if (!err)
		err = merge_sources(s, options->work, &newest);
	if (err)
		return err;
	err = tree_ingest(s->out.tree, newest, min_of(s->plan.newest_seqno, MANIFEST_COUNT_MAX));
	iter_free(newest);
	if (err)
		return err;
	s->losses.report.records_written = count_records(s->out.tree);
	s->losses.report.newest_seqno = tree_flushed_seqno(s->out.tree);
	return s->losses.error ? s->losses.error : tree_publish(s->out.tree);
}

/* Of each key one version is written. */
static void tell_snapshots(struct salvage *s)
{
	for (size_t i = 0; i < s->plan.snapshots.count; i++) {
		salvage_say(&s->losses, "the snapshot ");
		salvage_say_key(&s->losses, named_snapshot_name(&s->plan.snapshots.items[i]));
		salvage_say(&s->losses, " is not kept");
		salvage_say_end(&s->losses);
	}
}

static int run(struct salvage *s, const char *from, const char *to,
	       const struct lsm_options *options)
{
	int err = open_from(s, from, options->holder);

	if (!err)
		err = check_apart(s, from, to);
	if (!err)
		err = salvage_plan_make(s->from, &s->losses, &s->plan);
	if (err)
		return err;
	salvage_plan_expect(&s->plan, s->from, s->losses.work);
	tell_snapshots(s);
	err = new_store_open(s->env, to, options, s->plan.separator, &s->out);
	if (!err)
		err = write_store(s, options);
	salvage_values_done(&s->values);
	if (err)
		new_store_discard(&s->out);
	else
		new_store_close(&s->out);
	return err;
}

int lsm_salvage(const char *from, const char *to, const struct lsm_options *options,
		void (*lost)(void *arg, const char *what), void *arg,
		struct lsm_salvage_report *ret_report)
{
	struct lsm_options defaults;
	struct salvage s = {.losses = {.lost = lost, .arg = arg}};
	int err;

	fail_clear();
	lsm_options_init(&defaults);
	if (!options)
		options = &defaults;
	err = db_options_check(options);
	if (err)
		return err;
	s.env = options->env ? options->env : env_posix();
	s.losses.work = options->work;
	err = run(&s, from, to, options);
	if (!err)
		*ret_report = s.losses.report;
	salvage_done(&s);
	return err;
}
