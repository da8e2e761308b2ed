/*
 * A small manifest with every kind of field, written edit by edit.
 */
#pragma once

#include "lsm/tree/file_name.h"
#include "lsm/tree/manifest.h"
#include "tests/unit/lsm/tree/tree_fixture.h"

enum {
	MANIFEST_NUMBER = 5,
	MANIFEST_EDITS = 5,
};

#define MANIFEST_STORE_ID UINT64_C(0x1122334455667788)

static inline void manifest_first_edit(struct version_edit *e)
{
	static const struct spec tables[] = {
		{.level = 0,
		 .number = 3,
		 .smallest = "apple",
		 .largest = "pear",
		 .size_bytes = 12345,
		 .tombstones = 2,
		 .smallest_seqno = 4,
		 .largest_seqno = 40},
		{.level = 1, .run = 2, .number = 2, .smallest = "b", .largest = "k"},
	};

	*e = (struct version_edit){
		.has_next_file = true,
		.next_file = 6,
		.has_flushed_seqno = true,
		.flushed_seqno = 40,
	};
	spec_edit(e, tables, array_size(tables));
	ck_assert_int_eq(number_list_insert(&e->logs_added, 4), 0);
	ck_assert_int_eq(version_edit_set_cursor(e, 1, slice_str("banana")), 0);
}

/* Edit number i (from 1) behind the first. */
static inline void manifest_later_edit(struct version_edit *e, int i)
{
	static const struct spec flushed = {.level = 0,
					    .number = 7,
					    .smallest = "c",
					    .largest = "d",
					    .smallest_seqno = 41,
					    .largest_seqno = 60};
	static const struct spec merged = {.level = 1,
					   .run = 2,
					   .number = 8,
					   .smallest = "apple",
					   .largest = "pear",
					   .size_bytes = 99999};
	static const struct spec moved = {.level = 2,
					  .run = 11,
					  .number = 7,
					  .smallest = "c",
					  .largest = "d",
					  .smallest_seqno = 41,
					  .largest_seqno = 60};

	*e = (struct version_edit){.has_next_file = true, .next_file = 6 + (uint64_t)i};
	switch (i) {
	case 1:
		ck_assert_int_eq(number_list_insert(&e->logs_added, 6), 0);
		break;
	case 2:
		e->next_file = 8;
		e->has_flushed_seqno = true;
		e->flushed_seqno = 60;
		e->has_logs_dropped = true;
		e->logs_dropped = 6;
		spec_edit(e, &flushed, 1);
		break;
	case 3:
		ck_assert_int_eq(version_edit_remove_table(e, 0, 3), 0);
		ck_assert_int_eq(version_edit_remove_table(e, 1, 2), 0);
		spec_edit(e, &merged, 1);
		break;
	default:
		e->next_file = 12;
		ck_assert_int_eq(version_edit_set_cursor(e, 0, slice_str("pear")), 0);
		ck_assert_int_eq(version_edit_remove_table(e, 0, 7), 0);
		spec_edit(e, &moved, 1);
	}
}

/* Write all edits; ends[i] is the file's size after edit i. */
static inline void manifest_write_all(struct env_dir *dir, uint64_t ends[MANIFEST_EDITS])
{
	struct manifest_writer w = {0};
	struct version_edit e;

	manifest_first_edit(&e);
	ck_assert_int_eq(
		manifest_create(dir, MANIFEST_NUMBER, ENV_CREATE, MANIFEST_STORE_ID, &e, &w), 0);
	version_edit_done(&e);
	ends[0] = w.size_bytes;
	for (int i = 1; i < MANIFEST_EDITS; i++) {
		struct buf bytes = {0};

		manifest_later_edit(&e, i);
		ck_assert_int_eq(version_edit_encode(&e, &bytes), 0);
		ck_assert_int_eq(manifest_append(&w, buf_slice(&bytes)), 0);
		ends[i] = w.size_bytes;
		version_edit_done(&e);
		buf_done(&bytes);
	}
	manifest_close(&w);
}

/* The state as text, to compare; tables as level/run:number. */
static inline void manifest_state_text(const struct manifest_state *s, struct buf *out)
{
	buf_clear(out);
	ck_assert_int_eq(
		buf_printf(out,
			   "id=%llx next=%llu flushed=%llu logs=", (unsigned long long)s->store_id,
			   (unsigned long long)s->next_file, (unsigned long long)s->flushed_seqno),
		0);
	for (size_t i = 0; i < s->logs.count; i++)
		ck_assert_int_eq(buf_printf(out, "%llu,", (unsigned long long)s->logs.numbers[i]),
				 0);
	for (size_t i = 0; i < s->tables.count; i++) {
		const struct table_file *f = s->tables.files[i].file;

		ck_assert_int_eq(
			buf_printf(out,
				   " %d/%llu:%llu id=%llu size=%llu seqnos=%llu-%llu %.*s-%.*s",
				   s->tables.files[i].level,
				   (unsigned long long)s->tables.files[i].run,
				   (unsigned long long)f->number, (unsigned long long)f->id,
				   (unsigned long long)f->size_bytes,
				   (unsigned long long)f->smallest_seqno,
				   (unsigned long long)f->largest_seqno, (int)f->smallest.len,
				   (const char *)f->smallest.ptr, (int)f->largest.len,
				   (const char *)f->largest.ptr),
			0);
	}
	for (int level = 0; level < TREE_LEVELS; level++) {
		if (s->cursors[level].len)
			ck_assert_int_eq(buf_printf(out, " cursor%d=%.*s", level,
						    (int)s->cursors[level].len,
						    (const char *)s->cursors[level].ptr),
					 0);
	}
	ck_assert_int_eq(buf_append_byte(out, 0), 0);
}
