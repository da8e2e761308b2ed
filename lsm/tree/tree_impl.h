/*
 * The tree's insides, for the files of this folder and its tests.
 */
#pragma once

#include "lsm/base/error.h"
#include "lsm/base/mutex.h"
#include "lsm/base/seq_copy.h"
#include "lsm/tree/manifest.h"
#include "lsm/tree/number_list.h"
#include "lsm/tree/pace.h"
#include "lsm/tree/table_cache.h"
#include "lsm/tree/tree.h"

/* Counted by jobs; relaxed. */
struct tree_counters {
	_Atomic uint64_t read_bytes[TREE_LEVELS]; /* by compactions into the level */
	_Atomic uint64_t written_bytes[TREE_LEVELS];
	_Atomic uint64_t jobs[TREE_LEVELS];
	_Atomic uint64_t flushes, flush_bytes, trivial_moves;
	_Atomic uint64_t manifest_bytes;
	_Atomic uint64_t blob_moved_bytes;
};

_Static_assert(sizeof(struct picker_options) <= sizeof(((struct seq_copy *)NULL)->words),
	       "it fits");

struct tree {
	/* immutable after open */
	struct tree_options options;
	uint64_t store_id;

	/* any thread */
	struct table_cache tables;
	struct blob_store *blobs; /* owned */
	struct tree_counters counters;
	_Atomic uint64_t next_file; /* numbers below are used */
	/* 0 -> the first error that left the disk unknown. Stored (release) by tree_break, loaded
	 * (acquire) where broken_text is read. */
	_Atomic int broken;
	char broken_text[ERROR_TEXT_MAX]; /* its sentence; written once, under mu */

	/* of the thread that opens, until tree_release_found_blobs */
	struct blob_file **found_blobs; /* owned array of references */
	size_t found_count, found_cap;

	struct pace pace;          /* of what compactions write */
	struct seq_copy picker;    /* tuning.picker, for statistics; written under mu */
	_Atomic bool space_wanted; /* relaxed: tree_pick looks for tombstones first */
	bool keep_blobs;           /* of the thread that closes */

	struct mutex log_mu; /* RANK_TREE_LOG: one edit at a time; held during the manifest's I/O */
	/* guarded by log_mu */
	struct manifest_writer manifest; /* not open when read_only */
	uint64_t roll_bytes;             /* a new manifest is begun when this one has grown to it */
	uint64_t flushed_seqno;
	uint64_t durable_seqno; /* as noted in the manifest; 0: not yet */
	int separator;          /* as noted in it; -1: never. Immutable after open */
	struct number_list logs;
	struct snapshot_list snapshots;
	bool has_note;
	struct buf note;
	bool unpublished;         /* CURRENT is not to be written (tree_begin) */
	struct version *doubtful; /* a reference: of the edit that broke the tree; else NULL */

	struct mutex mu; /* RANK_TREE: pointer switches only, no I/O */
	/* guarded by mu; current and the cursor's keys change with log_mu held too */
	struct tree_tuning tuning;
	struct version *current;     /* a reference */
	struct picker_cursor cursor; /* its slices lie in cursor_keys */
	struct buf cursor_keys[TREE_LEVELS];
	struct table_file *obsolete_tables; /* owned; linked by next_obsolete */
	struct number_list obsolete_logs;
	struct number_list stuck_blobs; /* blob files with a damaged chunk: not to be emptied */
};

/*
 * Make the edit durable, then current. The edit's next file number is filled in here. On failure
 * the tree is as before; when it is `broken` after that, it is unknown whether the edit is durable,
 * and its tables must stay on the disk (the blob files that they name do).
 */
must_check int tree_apply(struct tree *t, struct version_edit *edit);

/*
 * Put the present state into the (empty) edit, as the first one of a manifest has it. The caller
 * holds log_mu, or is alone. -ENOMEM: the edit is only good for version_edit_done.
 */
must_check int tree_fill_state(struct tree *t, struct version_edit *e);

/*
 * Begin a new manifest that holds the present state, and let CURRENT name it. After a failure the
 * old one is in use as before, and the tree is not broken; or, when CURRENT's switch itself failed,
 * it is. The caller holds log_mu, or is alone.
 */
must_check int tree_begin_manifest(struct tree *t);
/*
 * The same with the state after the edit, which makes the version `next`: another way to make an
 * edit durable, and to the disk as much one step. Installing it is left to the caller.
 */
must_check int tree_begin_manifest_after(struct tree *t, const struct version_edit *edit,
					 const struct version *next);

/* ---- tree_blobs.c, for opening and closing ---- */

must_check int tree_begin_blobs(struct tree *t);
/* Nobody holds a blob file any more. */
void tree_end_blobs(struct tree *t);
/* The folder has a blob file of that number. */
must_check int tree_add_found_blob(struct tree *t, uint64_t number);
/* The tables of the current version get hold of what they name. -EUCLEAN with a sentence. */
must_check int tree_resolve_blobs(struct tree *t);

/* ---- tree_blobs.c, for compactions ---- */

/* Add the blob files that are to be emptied, as far as the tables of v name them. -ENOMEM. */
must_check int tree_list_leaving_blobs(struct tree *t, const struct version *v,
				       struct number_list *leaving);
/* No longer try to empty this one. -ENOMEM. */
must_check int tree_note_stuck_blob(struct tree *t, uint64_t number);

/*
 * No more edits: nobody knows what the disk holds. The sentence is the calling thread's. Returns
 * what to answer: a full disk is -EIO here, as -ENOSPC would say that nothing has happened.
 */
must_check int tree_break(struct tree *t, int error);

static inline void counter_add(_Atomic uint64_t *counter, uint64_t amount)
{
	atomic_fetch_add_explicit(counter, amount, memory_order_relaxed);
}

static inline uint64_t counter_read(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}
