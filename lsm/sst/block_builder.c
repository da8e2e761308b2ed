#include "lsm/sst/block_builder.h"

#include <assert.h>

#include "lsm/sst/sst_varint.h"

enum {
	/* Two key lengths, seqno, time, kind, meta and value length, and a restart point. */
	ENTRY_HEAD_MAX = 6 * VARINT_MAX_BYTES + 1 + (int)sizeof(uint32_t),
};

void block_builder_init(struct block_builder *b, unsigned restart_interval)
{
	assert(restart_interval >= 1);
	*b = (struct block_builder){.restart_interval = restart_interval};
}

void block_builder_done(struct block_builder *b)
{
	buf_done(&b->bytes);
	buf_done(&b->restarts);
	buf_done(&b->last_key);
}

void block_builder_clear(struct block_builder *b)
{
	buf_clear(&b->bytes);
	buf_clear(&b->restarts);
	b->entries = 0;
}

uint64_t block_builder_cost(const struct record *rec, bool inside)
{
	return ENTRY_HEAD_MAX + rec->key.len + rec->meta.len +
	       (inside ? rec->value_len : BLOCK_HANDLE_MAX_BYTES);
}

size_t block_builder_size(const struct block_builder *b)
{
	return b->bytes.len + b->restarts.len + sizeof(uint32_t);
}

static int begin_restart(struct block_builder *b)
{
	int rc = buf_append_fixed32(&b->restarts, (uint32_t)b->bytes.len);

	if (rc)
		return rc;
	b->since_restart = 0;
	b->last_seqno = 0;
	b->last_time_ns = 0;
	buf_clear(&b->last_key);
	return 0;
}

/* Room for all of it was reserved. */
static void add_entry(struct block_builder *b, const struct record *rec,
		      const struct block_handle *outside, size_t shared)
{
	uint8_t *p = b->bytes.ptr + b->bytes.len;

	p = varint_put(p, shared);
	p = varint_put(p, rec->key.len - shared);
	p = varint_put(p, zigzag_difference(rec->seqno, b->last_seqno));
	p = varint_put(p, zigzag_difference(rec->time_ns, b->last_time_ns));
	*p++ = (uint8_t)((unsigned)rec->kind | (outside ? SST_VALUE_OUTSIDE : 0));
	b->bytes.len = (size_t)(p - b->bytes.ptr);
	buf_add(&b->bytes, rec->key.ptr + shared, rec->key.len - shared);
	buf_add_varint(&b->bytes, rec->meta.len);
	buf_add(&b->bytes, rec->meta.ptr, rec->meta.len);
	buf_add_varint(&b->bytes, rec->value_len);
	if (outside)
		b->bytes.len = (size_t)(block_handle_put(b->bytes.ptr + b->bytes.len, *outside) -
					b->bytes.ptr);
	else
		buf_add(&b->bytes, rec->value.ptr, rec->value.len);
}

int block_builder_add(struct block_builder *b, const struct record *rec,
		      const struct block_handle *outside)
{
	int rc = 0;

	if (b->entries == 0 || b->since_restart == b->restart_interval)
		rc = begin_restart(b);
	if (!rc)
		rc = buf_reserve(&b->bytes, block_builder_cost(rec, !outside));
	if (rc)
		return rc;

	size_t shared = slice_common(buf_slice(&b->last_key), rec->key);

	rc = buf_reserve(&b->last_key, rec->key.len - min_of(rec->key.len, b->last_key.len));
	if (rc)
		return rc;
	add_entry(b, rec, outside, shared);
	b->last_key.len = shared;
	buf_add(&b->last_key, rec->key.ptr + shared, rec->key.len - shared);
	b->last_seqno = rec->seqno;
	b->last_time_ns = rec->time_ns;
	b->since_restart++;
	b->entries++;
	return 0;
}

int block_builder_finish(struct block_builder *b, struct slice *ret_raw)
{
	assert(b->entries > 0);

	uint32_t restart_count = (uint32_t)(b->restarts.len / sizeof(uint32_t));
	int rc = buf_append_slice(&b->bytes, buf_slice(&b->restarts));

	if (!rc)
		rc = buf_append_fixed32(&b->bytes, restart_count);
	if (!rc)
		*ret_raw = buf_slice(&b->bytes);
	return rc;
}
