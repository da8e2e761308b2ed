/*
 * The manifest: the log of edits that makes each change of the tree durable, and CURRENT, which
 * names it (lsm/tree/manifest_format.h).
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/env/env.h"
#include "lsm/tree/version_builder.h"

enum {
	/*
	 * A manifest this long is damage or somebody's joke: a writer begins a new one long before.
	 */
	MANIFEST_FILE_MAX = 4 * MANIFEST_EDIT_MAX,
};

/* ---- reading ---- */

/* What the edits of a manifest add up to. Zero-initialise, end with manifest_state_done. */
struct manifest_state {
	uint64_t store_id;
	uint64_t next_file;
	uint64_t flushed_seqno;
	uint64_t durable_seqno; /* 0: no edit has noted one */
	bool has_separator;
	uint8_t separator;
	struct number_list logs;
	struct snapshot_list snapshots;
	bool has_note;
	struct buf note;
	struct version_builder tables;
	struct buf cursors[TREE_LEVELS];
	uint64_t edits;
	uint64_t valid_bytes; /* behind them there is nothing, or an edit that a crash cut short */
	bool torn;            /* it is the latter: something stands there */
};

void manifest_state_done(struct manifest_state *s);

/*
 * Add up the edits of a manifest's content; `name` is for sentences. Ignores a bad last edit.
 * -EUCLEAN, -EBADMSG: damage; -ENOMEM. After an error only manifest_state_done.
 */
must_check int manifest_replay(const char *name, struct slice content,
			       struct manifest_state *ret_state);

/* Read and replay manifest `number`, which CURRENT names: a missing one is -EUCLEAN. */
must_check int manifest_read(struct env_dir *dir, uint64_t number,
			     struct manifest_state *ret_state);

/* Which manifest CURRENT names. -ENOENT: no CURRENT. -EBADMSG, -EUCLEAN: damage. */
must_check int current_read(struct env_dir *dir, uint64_t *ret_number);
/* Durably name another; after a failure CURRENT is old or new, whole. It is the two below. */
must_check int current_write(struct env_dir *dir, uint64_t number);
/* Have CURRENT.tmp name it, synced. After a failure nothing has happened. */
must_check int current_prepare(struct env_dir *dir, uint64_t number);
/*
 * Durably put CURRENT.tmp in CURRENT's place. -ENOSPC: refused, CURRENT is the old one. After any
 * other failure nobody knows which manifest it names.
 */
must_check int current_switch(struct env_dir *dir);

/* ---- writing ---- */

/* Zero-initialise. Tests set lower limits before manifest_create. */
struct manifest_writer {
	uint64_t edit_max;     /* 0: MANIFEST_EDIT_MAX */
	uint64_t file_max;     /* 0: MANIFEST_FILE_MAX */
	struct env_file *file; /* owned; NULL: not open */
	uint64_t number;
	uint64_t store_id;
	uint64_t size_bytes;
	uint64_t reserved_bytes; /* how far the file has space on the disk, if beyond its size */
};

/*
 * Make manifest `number` (by ENV_CREATE or ENV_REPLACE) with `whole` as its first edit, or several
 * if there are many tables, synced. Its name is not: that is left to the caller, for whom a
 * folder's failed sync means more than this file. -EFBIG: the state is longer than a reader
 * accepts. After a failure no file is left, if it can be removed, and the writer is as before.
 */
must_check int manifest_create(struct env_dir *dir, uint64_t number, enum env_open_mode mode,
			       uint64_t store_id, const struct version_edit *whole,
			       struct manifest_writer *w);

/*
 * Take disk space for the next edit ahead, so that a full disk is met where it costs nothing: after
 * an error, -ENOSPC above all, the writer is as before. The space is zeros, which readers take for
 * the end. -EFBIG: it, or the file with it, is longer than a reader accepts; the file is as before.
 */
must_check int manifest_reserve(struct manifest_writer *w, struct slice edit);

/*
 * Append an encoded edit and sync. -EFBIG: it, or the file with it, is longer than a reader
 * accepts; -ENOSPC (-EDQUOT): there is no room for it; nothing done. After any other error it is
 * unknown whether the edit is durable, and no call but close may follow: -EIO is also what a sync
 * that found the disk full is answered with.
 */
must_check int manifest_append(struct manifest_writer *w, struct slice edit);

void manifest_close(struct manifest_writer *w);

#define cleanup_manifest_state __attribute__((cleanup(manifest_state_done)))
