#include <errno.h>

#include "lsm/base/hash.h"
#include "lsm/sst/block_cursor.h"
#include "lsm/sst/scan_reader.h"
#include "lsm/sst/table_private.h"

/* One walk over the file, front to back. */
struct verifier {
	struct table *table;
	struct long_work *work; /* NULL: nobody asks */
	struct scan_reader reader;
	struct block_cursor cursor;
	uint64_t at;            /* where the next block must stand */
	struct properties seen; /* largest_key: the last record's */
	uint64_t last_seqno;
	size_t strange_count; /* records of kinds that this version does not know */
	uint64_t large_count; /* records of large values */
	size_t strange_block; /* where the first of them is */
};

static int complain(const struct verifier *v, size_t i, const char *what)
{
	uint64_t offset = v->table->meta.index.entries[i].block.offset;

	return block_fail(&v->table->source, offset, -EUCLEAN, what);
}

static bool filter_knows(const struct table_meta *meta, struct slice s, uint64_t seed)
{
	return bloom_may_contain(&meta->bloom, hash64(s, seed));
}

static int check_filter(const struct verifier *v, size_t i, struct slice key, size_t common)
{
	const struct table_meta *meta = &v->table->meta;
	uint64_t separator = meta->properties.numbers[SST_FILTER_SEPARATOR];
	bool known;

	if (!bloom_exists(&meta->bloom))
		return 0;
	known = filter_knows(meta, key, SST_KEY_HASH_SEED);
	for (size_t n = common; n < key.len && known; n++) {
		if ((uint64_t)key.ptr[n] + 1 == separator)
			known = filter_knows(meta, slice_of(key.ptr, n + 1), SST_PREFIX_HASH_SEED);
	}
	return known ? 0 : complain(v, i, "a key of this block is not in the filter");
}

/* The key at hand becomes the last one, which it has `common` bytes in common with. */
static int note_last(struct verifier *v, struct slice key, size_t common)
{
	v->last_seqno = v->cursor.entry.seqno;
	v->seen.largest_key.len = common;
	return buf_append_slice(&v->seen.largest_key, slice_skip(key, common));
}

/* Against the record before, and for a key that is new, the filter. */
static int check_key(struct verifier *v, size_t i)
{
	struct slice last = buf_slice(&v->seen.largest_key);
	struct slice key = v->cursor.key;
	bool is_first = v->seen.numbers[SST_ENTRIES] == 0;
	size_t common = slice_common(last, key);
	bool is_same = common == last.len && common == key.len;
	int rc = 0;

	if (is_same ? !is_first && v->cursor.entry.seqno >= v->last_seqno
		    : common == key.len ||
			      (common < last.len && last.ptr[common] > key.ptr[common]))
		return complain(v, i, "records out of order");
	if (!is_same)
		rc = check_filter(v, i, key, common);
	if (!rc && is_first)
		rc = buf_set(&v->seen.smallest_key, key);
	return rc ? rc : note_last(v, key, common);
}

static int check_value(struct verifier *v, size_t i)
{
	const struct block_entry *e = &v->cursor.entry;
	struct slice value;

	if (!block_entry_is_outside(e))
		return 0;
	if (e->outside.offset != v->at)
		return complain(v, i, "a value of this block is not where it should be");

	int rc = scan_reader_value(&v->reader, e->outside, e->value_len, &value);

	v->at = block_handle_end(e->outside);
	v->seen.numbers[SST_VALUE_BLOCKS]++;
	return rc;
}

static int check_entry(struct verifier *v, size_t i)
{
	const struct block_entry *e = &v->cursor.entry;
	struct record rec = {
		.key = v->cursor.key,
		.seqno = e->seqno,
		.kind = e->kind,
		.time_ns = e->time_ns,
		.meta = e->meta,
		.value_len = e->value_len,
	};
	int rc = check_key(v, i);

	v->large_count += rec.kind == RECORD_LARGE;
	if (!record_kind_is_whole(rec.kind) && v->strange_count++ == 0)
		v->strange_block = i;
	if (!rc)
		rc = check_value(v, i);
	properties_count(&v->seen, &rec);
	return rc;
}

/*
 * The separators on both sides, the entries, the value blocks before the block, the block itself.
 */
static int check_block(struct verifier *v, size_t i)
{
	const struct table_index *index = &v->table->meta.index;
	struct block_handle handle = index->entries[i].block;
	const struct block *block;
	uint64_t began = v->at;
	int rc = scan_reader_block(&v->reader, i, &block);

	if (rc)
		return rc;
	block_cursor_enter(&v->cursor, block);
	rc = table_explain(v->table, i, block_cursor_first(&v->cursor));
	if (!rc && i > 0 &&
	    table_index_cmp(index, i - 1, v->cursor.key, v->cursor.entry.seqno) <= 0)
		rc = complain(v, i, "the index separates this block wrongly from the one before");
	while (!rc && v->cursor.valid) {
		rc = check_entry(v, i);
		if (!rc)
			rc = table_explain(v->table, i, block_cursor_next(&v->cursor));
	}
	if (rc)
		return rc;
	if (table_index_cmp(index, i, buf_slice(&v->seen.largest_key), v->last_seqno) > 0)
		return complain(v, i, "the index separates this block wrongly from the next");
	if (handle.offset != v->at)
		return complain(v, i, "block is not where the one before ends");
	v->at = block_handle_end(handle);
	v->seen.numbers[SST_DATA_BLOCKS]++;
	return long_work_step(v->work, v->at - began);
}

static int check_blocks(struct verifier *v)
{
	const struct table_meta *meta = &v->table->meta;
	int rc = 0;

	for (size_t i = 0; i < meta->index.count && !rc; i++)
		rc = check_block(v, i);
	if (rc)
		return rc;
	if (v->at != table_meta_blocks_end(meta))
		return block_fail(&v->table->source, v->at, -EUCLEAN,
				  "bytes that belong to no block");
	v->seen.numbers[SST_FILTER_SEPARATOR] = meta->properties.numbers[SST_FILTER_SEPARATOR];
	if (!properties_equal(&v->seen, &meta->properties))
		return block_fail(&v->table->source, meta->footer.properties.offset, -EUCLEAN,
				  "properties do not fit the records");
	/* The table is sound, yet whoever reads these records will refuse them. */
	if (v->strange_count > 0)
		return complain(v, v->strange_block,
				"a record of a kind that this version does not know");
	return 0;
}

/* The end of the file once more from the disk: it may have changed since it was opened. */
static int check_meta(struct verifier *v)
{
	struct table *t = v->table;
	struct table_meta fresh;
	int rc = table_meta_load(&t->source, t->file_size, &fresh);

	if (rc)
		return rc;
	if (!table_meta_equal(&fresh, &t->meta))
		rc = block_fail(&t->source, table_meta_blocks_end(&t->meta), -EUCLEAN,
				"index, filter or properties are not those that were opened");
	table_meta_done(&fresh);
	return rc;
}

int table_verify_counting(struct table *t, struct long_work *work, uint64_t *ret_large)
{
	struct verifier v = {.table = t, .work = work};
	int rc = check_meta(&v);

	scan_reader_init(&v.reader, t);
	if (!rc)
		rc = check_blocks(&v);
	if (!rc)
		rc = long_work_step(work, t->file_size - table_meta_blocks_end(&t->meta));
	scan_reader_done(&v.reader);
	block_cursor_done(&v.cursor);
	properties_done(&v.seen);
	if (!rc)
		*ret_large = v.large_count;
	return rc;
}

int table_verify(struct table *t, struct long_work *work)
{
	uint64_t large;

	return table_verify_counting(t, work, &large);
}
