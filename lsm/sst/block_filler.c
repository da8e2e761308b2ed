#include "lsm/sst/block_filler.h"

#include <assert.h>

void block_filler_init(struct block_filler *f, const struct table_options *options)
{
	*f = (struct block_filler){.options = options};
	block_builder_init(&f->block, options->restart_interval);
	f->bloom.bits_per_key = options->bloom_bits_per_key;
	f->bloom.separator = options->filter_separator;
}

void block_filler_done(struct block_filler *f)
{
	block_builder_done(&f->block);
	bloom_builder_done(&f->bloom);
	properties_done(&f->properties);
}

void block_filler_clear(struct block_filler *f)
{
	block_builder_clear(&f->block);
	buf_clear(&f->block.last_key);
	f->block.last_seqno = 0;
	buf_clear(&f->bloom.hashes);
	properties_clear(&f->properties);
}

bool block_filler_is_full_for(const struct block_filler *f, const struct record *rec)
{
	const struct table_options *o = f->options;
	uint64_t cost = block_builder_cost(rec, !block_filler_goes_outside(f, rec));

	if (f->block.entries == 0)
		return false;
	return block_builder_size(&f->block) + cost > o->block_size ||
	       (o->index_interval > 0 && f->block.entries >= o->index_interval);
}

static void assert_follows(const struct block_filler *f, const struct record *rec)
{
	assert(rec->key.len > 0 && rec->key.len <= RECORD_KEY_MAX);
	assert(rec->meta.len <= RECORD_META_MAX && rec->seqno <= RECORD_SEQNO_MAX);
	assert(rec->value.len == rec->value_len && rec->value_len <= RECORD_VALUE_MAX);
	assert(block_filler_entries(f) == 0 ||
	       record_cmp(buf_slice(&f->block.last_key), f->block.last_seqno, rec->key,
			  rec->seqno) < 0);
}

/* A key not seen before: the filter and the smallest key hear of it. */
static int note_key(struct block_filler *f, struct slice key)
{
	struct slice last = buf_slice(&f->block.last_key);

	if (block_filler_entries(f) == 0) {
		int rc = buf_set(&f->properties.smallest_key, key);

		return rc ? rc : bloom_builder_add(&f->bloom, key, 0);
	}
	size_t common = slice_common(last, key);

	if (common == key.len && common == last.len)
		return 0;
	return bloom_builder_add(&f->bloom, key, common);
}

int block_filler_add(struct block_filler *f, const struct record *rec,
		     const struct block_handle *outside)
{
	assert_follows(f, rec);
	int rc = note_key(f, rec->key);

	if (!rc)
		rc = block_builder_add(&f->block, rec, outside);
	if (!rc)
		properties_count(&f->properties, rec);
	return rc;
}

/*
 * A short key that is not less than last and less than next, where last < next: next's first byte
 * that differs decides, or last's made one greater.
 */
static int shorten_separator(struct slice last, struct slice next, struct buf *out)
{
	size_t common = slice_common(last, next);

	if (common < last.len && next.len > common + 1)
		return buf_set(out, slice_of(next.ptr, common + 1));
	if (last.len > common + 1 && last.ptr[common] + 1 < next.ptr[common]) {
		int rc = buf_set(out, slice_of(last.ptr, common + 1));

		if (!rc)
			out->ptr[common]++;
		return rc;
	}
	return buf_set(out, last);
}

int block_filler_separator(const struct block_filler *f, const struct slice *next, struct buf *out,
			   uint64_t *ret_seqno)
{
	struct slice last = buf_slice(&f->block.last_key);
	bool goes_on = next && slice_eq(last, *next);

	*ret_seqno = goes_on ? f->block.last_seqno : 0;
	return next && !goes_on ? shorten_separator(last, *next, out) : buf_set(out, last);
}

int block_filler_join(struct block_filler *f, const struct block_filler *after)
{
	int rc = properties_join(&f->properties, &after->properties);

	if (!rc)
		rc = buf_append_slice(&f->bloom.hashes, buf_slice(&after->bloom.hashes));
	if (!rc)
		rc = buf_set(&f->block.last_key, buf_slice(&after->block.last_key));
	f->block.last_seqno = after->block.last_seqno;
	return rc;
}
