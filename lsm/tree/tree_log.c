/*
 * How an edit becomes durable and current.
 *
 *	log_mu:  build the next version | append and sync the edit | mu: switch the pointer
 *	                                 | or a new manifest with it |
 *
 * All that can fail without the disk (memory) is done before the write, so that nothing can fail
 * between durable and current.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include "lsm/base/error.h"
#include "lsm/base/log.h"
#include "lsm/tree/file_id.h"
#include "lsm/tree/tree_impl.h"

#ifdef LSM_DEBUG
enum {
	CHECK_VERSIONS = 1
};
#else
enum {
	CHECK_VERSIONS = 0
};
#endif

int tree_break(struct tree *t, int error)
{
	int answer = env_is_full(error) ? -EIO : error;
	mutex_guard(&t->mu);

	/* The first error is the one to report. */
	if (tree_is_broken(t))
		return answer;
	(void)snprintf(t->broken_text, sizeof(t->broken_text), "%s", fail_text());
	atomic_store_explicit(&t->broken, answer, memory_order_release);
	return answer;
}

bool tree_is_broken(const struct tree *t)
{
	return atomic_load_explicit(&t->broken, memory_order_relaxed) != 0;
}

int tree_check_writable(struct tree *t)
{
	int error = atomic_load_explicit(&t->broken, memory_order_acquire);

	if (t->options.read_only)
		return fail(-EROFS, "the store is open for reading only");
	if (!error)
		return 0;
	return fail(error, "%s", t->broken_text);
}

static int build_next(struct tree *t, const struct version_edit *edit, struct version **ret_next)
{
	cleanup_builder struct version_builder builder = {0};
	const char *reason = "";
	int err = version_builder_init(&builder, t->current);

	if (!err)
		err = version_builder_apply(&builder, edit, &reason);
	if (!err)
		err = version_builder_finish(&builder, ret_next, &reason);
	/* Only the manifest at open is not to be trusted; jobs make edits that fit. */
	assert(err != -EUCLEAN);
	return err;
}

/* Room for the lists, so that installing cannot fail. */
static int reserve_lists(struct tree *t, const struct version_edit *edit)
{
	int err = number_list_reserve(&t->logs, edit->logs_added.count);

	if (!err)
		err = snapshot_list_reserve(&t->snapshots, edit->snapshots_named.count);
	if (err)
		return err;
	mutex_guard(&t->mu);
	return number_list_reserve(&t->obsolete_logs, t->logs.count);
}

/* -EFBIG: it does not fit, and nothing has happened. */
static int append_edit(struct tree *t, const struct version_edit *edit)
{
	cleanup_buf struct buf encoded = {0};
	int err = version_edit_encode(edit, &encoded);

	if (err)
		return err;
	err = manifest_reserve(&t->manifest, buf_slice(&encoded));
	if (err)
		return err;
	err = manifest_append(&t->manifest, buf_slice(&encoded));
	if (err && !env_is_full(err))
		err = tree_break(t, err == -EFBIG ? -EIO : err); /* the disk's: it does fit */
	atomic_store_explicit(&t->counters.manifest_bytes, t->manifest.size_bytes,
			      memory_order_relaxed);
	return err;
}

/*
 * An edit that is too long, or that this manifest has no room for, is part of the state that a new
 * one begins with: that may be several edits, and they become current at once.
 */
static int write_edit(struct tree *t, const struct version_edit *edit, const struct version *next)
{
	int err = append_edit(t, edit);

	return err == -EFBIG ? tree_begin_manifest_after(t, edit, next) : err;
}

static bool is_added(const struct version_edit *edit, uint64_t number)
{
	for (size_t i = 0; i < edit->added_count; i++) {
		if (edit->added[i].file->number == number)
			return true;
	}
	return false;
}

/*
 * From here on the last reader of these tables hands them over for removal. Tables that only moved
 * stay.
 */
static void mark_removed(struct tree *t, const struct version_edit *edit)
{
	for (size_t i = 0; i < edit->removed_count; i++) {
		const struct version_level *l = &t->current->levels[edit->removed[i].level];

		if (is_added(edit, edit->removed[i].number))
			continue;
		for (size_t k = 0; k < l->count; k++) {
			if (l->files[k]->number == edit->removed[i].number)
				l->files[k]->removed = true;
		}
	}
}

static void install_logs_locked(struct tree *t, const struct version_edit *edit)
{
	if (edit->has_logs_dropped) {
		for (size_t i = 0; i < t->logs.count; i++) {
			if (t->logs.numbers[i] < edit->logs_dropped)
				number_list_add(&t->obsolete_logs, t->logs.numbers[i]);
		}
		number_list_drop_below(&t->logs, edit->logs_dropped);
	}
	for (size_t i = 0; i < edit->logs_added.count; i++)
		number_list_add(&t->logs, edit->logs_added.numbers[i]);
}

static void install_snapshots(struct tree *t, const struct version_edit *edit)
{
	for (size_t i = 0; i < edit->snapshots_dropped.count; i++)
		(void)snapshot_list_remove(&t->snapshots,
					   named_snapshot_name(&edit->snapshots_dropped.items[i]));
	for (size_t i = 0; i < edit->snapshots_named.count; i++) {
		int err = snapshot_list_insert(&t->snapshots, &edit->snapshots_named.items[i]);

		assert(!err); /* there is room, and a name is given once */
		(void)err;
	}
}

static void install_note(struct tree *t, struct version_edit *edit)
{
	struct buf old = t->note;

	if (!edit->has_note)
		return;
	t->has_note = true;
	t->note = edit->note;
	edit->note = old;
}

static void install_cursors_locked(struct tree *t, struct version_edit *edit)
{
	for (int level = 0; level < TREE_LEVELS; level++) {
		if (!edit->has_cursor[level])
			continue;
		struct buf old = t->cursor_keys[level];
		t->cursor_keys[level] = edit->cursors[level];
		edit->cursors[level] = old;
		t->cursor.after[level] = buf_slice(&t->cursor_keys[level]);
	}
}

static void install(struct tree *t, struct version_edit *edit, struct version *next)
{
	struct version *old = t->current;

	mark_removed(t, edit);
	mutex_lock(&t->mu);
	install_logs_locked(t, edit);
	install_cursors_locked(t, edit);
	t->current = next;
	mutex_unlock(&t->mu);
	if (edit->has_flushed_seqno)
		t->flushed_seqno = edit->flushed_seqno;
	if (edit->has_durable_seqno)
		t->durable_seqno = edit->durable_seqno;
	install_snapshots(t, edit);
	install_note(t, edit);
	if (CHECK_VERSIONS)
		version_check(next);
	/* Outside mu: the last reference to a table takes it. */
	version_unref(old);
}

/*
 * The edit failed. If nobody can know whether it is on the disk (which happens once, as the tree is
 * broken then), the next open may find this version: what only its tables name must stay.
 */
static void drop_next(struct tree *t, struct version *next)
{
	if (tree_is_broken(t) && !t->doubtful)
		t->doubtful = next;
	else
		version_unref(next);
}

int tree_apply(struct tree *t, struct version_edit *edit)
{
	struct version *next;

	/*
	 * I/O under this mutex is its purpose: edits are durable in the order in which they become
	 * current.
	 */
	mutex_guard(&t->log_mu);

	int err = tree_check_writable(t);
	if (err)
		return err;
	edit->has_next_file = true;
	edit->next_file = atomic_load_explicit(&t->next_file, memory_order_relaxed);
	err = reserve_lists(t, edit);
	if (!err)
		err = build_next(t, edit, &next);
	if (err)
		return err;
	err = write_edit(t, edit, next);
	if (err) {
		drop_next(t, next);
		return err;
	}
	install(t, edit, next);
	if (t->manifest.size_bytes >= t->roll_bytes && tree_begin_manifest(t) < 0) {
		log_warn("manifest=%llu cannot be renewed: %s",
			 (unsigned long long)t->manifest.number, fail_text());
		t->roll_bytes += t->options.manifest_roll_bytes;
	}
	return 0;
}

int tree_add_log(struct tree *t, uint64_t number)
{
	cleanup_edit struct version_edit edit = {0};
	int err = number_list_insert(&edit.logs_added, number);

	return err ? err : tree_apply(t, &edit);
}

int tree_note_durable(struct tree *t, uint64_t seqno)
{
	cleanup_edit struct version_edit edit = {.has_durable_seqno = true, .durable_seqno = seqno};

	mutex_lock(&t->log_mu);
	bool is_known = seqno <= max_of(t->durable_seqno, t->flushed_seqno);

	mutex_unlock(&t->log_mu);
	return is_known ? 0 : tree_apply(t, &edit);
}

uint64_t tree_new_file_number(struct tree *t)
{
	return atomic_fetch_add_explicit(&t->next_file, 1, memory_order_relaxed);
}

uint64_t tree_file_id(const struct tree *t, uint64_t number)
{
	return file_id_make(t->store_id, number);
}
