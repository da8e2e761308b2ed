/*
 * One change of the tree, as it stands in the manifest: encoding and decoding of its fields
 * (lsm/tree/manifest_format.h).
 *
 * Zero-initialise, end with version_edit_done. Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/base/buf.h"
#include "lsm/tree/manifest_format.h"
#include "lsm/tree/number_list.h"
#include "lsm/tree/snapshot_list.h"
#include "lsm/tree/version.h"

struct edit_table {
	int level;
	uint64_t run;            /* 0 in level 0 */
	struct table_file *file; /* a reference */
};

struct edit_removal {
	int level;
	uint64_t number;
};

struct version_edit {
	bool has_next_file;
	bool has_flushed_seqno;
	bool has_durable_seqno;
	bool has_logs_dropped;
	bool has_separator;
	bool has_note;
	bool has_cursor[TREE_LEVELS];
	uint64_t next_file;
	uint64_t flushed_seqno;
	uint64_t durable_seqno;
	uint64_t logs_dropped; /* all with lower numbers */
	uint8_t separator;
	struct number_list logs_added;
	struct snapshot_list snapshots_named;
	struct snapshot_list snapshots_dropped; /* the names count */
	struct edit_table *added;               /* owned */
	size_t added_count, added_cap;
	struct edit_removal *removed; /* owned */
	size_t removed_count, removed_cap;
	struct buf cursors[TREE_LEVELS];
	struct buf note;
};

void version_edit_done(struct version_edit *e);

/* Takes a reference of its own. All but one: -ENOMEM leaves the edit as it was. */
must_check int version_edit_add_table(struct version_edit *e, int level, uint64_t run,
				      struct table_file *f);
/* All tables of the version, where they are. -ENOMEM: some may have been added. */
must_check int version_edit_add_version(struct version_edit *e, const struct version *v);
must_check int version_edit_remove_table(struct version_edit *e, int level, uint64_t number);
must_check int version_edit_set_cursor(struct version_edit *e, int level, struct slice key);

/* What an added table takes in an encoded edit, at most. */
uint64_t version_edit_table_bytes(const struct table_file *f);

/* Append the fields to *out. -ENOMEM: *out may have grown. */
must_check int version_edit_encode(const struct version_edit *e, struct buf *out);

/*
 * Fill the (empty) edit from bytes that nobody vouches for. -EUCLEAN: *ret_reason says why (a
 * constant); -ENOMEM. After an error the edit is only good for version_edit_done.
 */
must_check int version_edit_decode(struct version_edit *e, struct slice payload,
				   const char **ret_reason);

#define cleanup_edit __attribute__((cleanup(version_edit_done)))
