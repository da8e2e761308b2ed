#include "lsm/sst/table_index.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "lsm/sst/block_cursor.h"

void table_index_done(struct table_index *index)
{
	free(index->prefix);
	free(index->heads);
	free(index->entries);
	free(index->keys);
	*index = (struct table_index){0};
}

static struct slice rest_of_key(const struct table_index *index, size_t i)
{
	uint64_t at = index->entries[i].key_at;

	return slice_of(index->keys + at, index->entries[i + 1].key_at - at);
}

/*
 * The first eight bytes as a number, as if zeros followed; it orders as the bytes do, except for
 * ties.
 */
static uint64_t head_of(struct slice s)
{
	uint64_t head = 0;

	if (likely(s.len >= sizeof(head)))
		return __builtin_bswap64(fixed64_get(s.ptr));
	for (size_t i = 0; i < s.len; i++)
		head |= (uint64_t)s.ptr[i] << (56 - 8 * i);
	return head;
}

/* What must be known before memory is taken. */
struct measure {
	size_t count;
	uint64_t key_bytes;
	size_t prefix_len;
};

/* Separators ascend, so all have in common what each has with the first. */
static int take_measure(struct block_cursor *c, struct table_index *index, struct measure *m)
{
	int rc = block_cursor_first(c);

	if (rc)
		return rc;
	index->prefix = malloc(c->key.len);
	if (!index->prefix)
		return -ENOMEM;
	memcpy(index->prefix, c->key.ptr, c->key.len);
	m->prefix_len = c->key.len;
	while (c->valid) {
		m->count++;
		m->key_bytes += c->key.len;
		m->prefix_len = slice_common(slice_of(index->prefix, m->prefix_len), c->key);
		if (m->key_bytes > SST_INDEX_KEYS_MAX)
			return -EUCLEAN;
		rc = block_cursor_next(c);
		if (rc)
			return rc;
	}
	return 0;
}

static int take_memory(struct table_index *index, const struct measure *m)
{
	size_t key_bytes = m->key_bytes - m->count * m->prefix_len;

	index->prefix_len = m->prefix_len;
	index->heads = calloc(m->count, sizeof(*index->heads));
	index->entries = calloc(m->count + 1, sizeof(*index->entries));
	index->keys = malloc(key_bytes + 1); /* there may be none */
	if (!index->heads || !index->entries || !index->keys)
		return -ENOMEM;
	index->memory = m->prefix_len + key_bytes + m->count * sizeof(*index->heads) +
			(m->count + 1) * sizeof(*index->entries);
	return 0;
}

/* The handle of an index entry, which must stand at `at` or later. */
static int entry_handle(const struct block_entry *e, uint64_t at, uint64_t blocks_end,
			struct block_handle *ret_handle)
{
	struct slice rest = e->value;

	if (e->kind != RECORD_PUT || block_entry_is_outside(e) ||
	    block_handle_take(&rest, ret_handle) || rest.len)
		return -EUCLEAN;
	if (!block_handle_fits(*ret_handle, blocks_end) || ret_handle->offset < at)
		return -EUCLEAN;
	return 0;
}

static int add_entry(struct table_index *index, const struct block_cursor *c, uint64_t blocks_end)
{
	size_t i = index->count;
	struct index_entry *e = &index->entries[i];
	struct slice rest = slice_skip(c->key, index->prefix_len);
	uint64_t at = i ? block_handle_end(e[-1].block) : 0;

	if (i && table_index_cmp(index, i - 1, c->key, c->entry.seqno) <= 0)
		return -EUCLEAN;
	e->seqno = c->entry.seqno;
	e[1].key_at = e->key_at + rest.len;
	if (rest.len)
		memcpy(index->keys + e->key_at, rest.ptr, rest.len);
	index->heads[i] = head_of(rest);
	index->count++;
	return entry_handle(&c->entry, at, blocks_end, &e->block);
}

static int fill(struct block_cursor *c, struct table_index *index, uint64_t blocks_end)
{
	int rc = block_cursor_first(c);

	while (!rc && c->valid) {
		rc = add_entry(index, c, blocks_end);
		if (!rc)
			rc = block_cursor_next(c);
	}
	return rc;
}

int table_index_parse(const struct block *raw, uint64_t blocks_end, struct table_index *ret_index)
{
	struct block_cursor cursor = {0};
	struct table_index index = {0};
	struct measure m = {0};

	if (raw->restart_count == 0)
		return -EUCLEAN;
	block_cursor_enter(&cursor, raw);

	int rc = take_measure(&cursor, &index, &m);

	if (!rc)
		rc = take_memory(&index, &m);
	if (!rc)
		rc = fill(&cursor, &index, blocks_end);
	block_cursor_done(&cursor);
	if (rc) {
		table_index_done(&index);
		return rc;
	}
	assert(index.count == m.count);
	*ret_index = index;
	return 0;
}

/*
 * The first i with heads[i] >= head. No branch depends on what is found: the loop's length is
 * known.
 */
static size_t first_head(const struct table_index *index, uint64_t head)
{
	const uint64_t *base = index->heads;
	size_t left = index->count;

	while (left > 1) {
		size_t half = left / 2;

		base += base[half - 1] < head ? half : 0;
		left -= half;
	}
	return (size_t)(base - index->heads) + (*base < head);
}

size_t table_index_seek(const struct table_index *index, struct slice key, uint64_t seqno)
{
	struct slice prefix = slice_of(index->prefix, index->prefix_len);

	if (!slice_starts_with(key, prefix))
		return slice_cmp(key, prefix) < 0 ? 0 : index->count;

	struct slice rest = slice_skip(key, prefix.len);
	uint64_t head = head_of(rest);
	size_t low = first_head(index, head);
	size_t high = low;

	if (low == index->count || index->heads[low] != head)
		return low;
	high = head == UINT64_MAX ? index->count : first_head(index, head + 1);
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (record_cmp(rest_of_key(index, middle), index->entries[middle].seqno, rest,
			       seqno) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int table_index_cmp(const struct table_index *index, size_t i, struct slice key, uint64_t seqno)
{
	struct slice prefix = slice_of(index->prefix, index->prefix_len);

	if (!slice_starts_with(key, prefix))
		return slice_cmp(key, prefix);
	return record_cmp(slice_skip(key, prefix.len), seqno, rest_of_key(index, i),
			  index->entries[i].seqno);
}

int table_index_key(const struct table_index *index, size_t i, struct buf *key)
{
	int rc = buf_set(key, slice_of(index->prefix, index->prefix_len));

	return rc ? rc : buf_append_slice(key, rest_of_key(index, i));
}

bool table_index_equal(const struct table_index *a, const struct table_index *b)
{
	/*
	 * The entries are plain words without padding; the last one's key_at says how long keys is.
	 */
	return a->count == b->count && a->prefix_len == b->prefix_len &&
	       memcmp(a->prefix, b->prefix, a->prefix_len) == 0 &&
	       memcmp(a->heads, b->heads, a->count * sizeof(*a->heads)) == 0 &&
	       memcmp(a->entries, b->entries, (a->count + 1) * sizeof(*a->entries)) == 0 &&
	       memcmp(a->keys, b->keys, a->entries[a->count].key_at) == 0;
}
