/*
 * Version edits with every kind of field, for the seeds of edits and manifests: four that follow
 * each other, the first of them a whole state.
 */
#pragma once

#include "lsm/tree/version_edit.h"
#include "tests/support/expect.h"

enum {
	SEED_EDITS = 4,
};

/* A table of run 0, as in level 0 and in old stores, or of one named after its own number, which
 * then names blob files, too. */
static inline void seed_add_table(struct version_edit *e, int level, uint64_t number, bool own_run,
				  const char *smallest, const char *largest)
{
	struct blob_ref blobs[] = {{.number = 5, .bytes = 300, .end = 4096},
				   {.number = number + 2, .bytes = 1, .end = 33}};
	struct table_file *file;
	struct table_file found = {
		.number = number,
		.id = number * 1000,
		.size_bytes = 4096,
		.entries = 10,
		.tombstones = 1,
		.smallest_seqno = number,
		.largest_seqno = number + 9,
		.smallest = slice_str(smallest),
		.largest = slice_str(largest),
		.blobs = {.refs = blobs, .count = own_run ? array_size(blobs) : 0},
	};

	expect(table_file_new(&found, &file) == 0);
	expect(version_edit_add_table(e, level, own_run ? number : 0, file) == 0);
	table_file_unref(file);
}

static inline void seed_add_snapshot(struct snapshot_list *list, const char *name, uint64_t seqno)
{
	struct named_snapshot s = named_snapshot_of(slice_str(name), seqno);

	s.time_ns = seqno;
	expect(snapshot_list_insert(list, &s) == 0);
}

/* Into an empty edit. */
static inline void seed_edit(struct version_edit *e, unsigned i)
{
	e->has_next_file = true;
	e->next_file = 20 + i;
	switch (i) {
	case 0:
		e->has_flushed_seqno = true;
		e->flushed_seqno = 30;
		expect(number_list_insert(&e->logs_added, 4) == 0);
		expect(number_list_insert(&e->logs_added, 6) == 0);
		seed_add_table(e, 0, 3, false, "apple", "pear");
		seed_add_table(e, 1, 2, false, "b", "c");
		seed_add_table(e, 1, 1, false, "d", "e/f");
		expect(version_edit_set_cursor(e, 1, slice_str("c")) == 0);
		return;
	case 1:
		e->has_flushed_seqno = true;
		e->flushed_seqno = 40;
		e->has_durable_seqno = true;
		e->durable_seqno = 45;
		e->has_logs_dropped = true;
		e->logs_dropped = 6;
		seed_add_table(e, 0, 7, false, "a", "z");
		return;
	case 3:
		seed_add_snapshot(&e->snapshots_dropped, "first", 0);
		seed_add_snapshot(&e->snapshots_named, "first", 45);
		return;
	default:
		seed_add_snapshot(&e->snapshots_named, "first", 30);
		seed_add_snapshot(&e->snapshots_named, "second", 45);
		expect(version_edit_remove_table(e, 0, 7) == 0);
		expect(version_edit_remove_table(e, 1, 2) == 0);
		seed_add_table(e, 1, 8, true, "a", "c");
		seed_add_table(e, 1, 9, true, "b", "d");
	}
}
