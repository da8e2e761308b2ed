#include "lsm/sst/block_entry.h"

#include <errno.h>

#include "lsm/sst/sst_varint.h"

/*
 * Key lengths, seqno, time and kind; the byte after the suffix, or NULL. e holds what came before.
 */
static const uint8_t *decode_key(const uint8_t *p, const uint8_t *limit, struct block_entry *e)
{
	size_t previous_len = block_entry_key_len(e);
	uint64_t shared, suffix_len, seqno, time_ns;

	if (!(p = sst_varint_read(p, limit, &shared)) ||
	    !(p = sst_varint_read(p, limit, &suffix_len)) ||
	    !(p = sst_varint_read(p, limit, &seqno)) ||
	    !(p = sst_varint_read(p, limit, &time_ns)) || p == limit)
		return NULL;

	uint8_t kind = *p++;

	e->seqno = zigzag_add(e->seqno, seqno);
	e->time_ns = zigzag_add(e->time_ns, time_ns);
	e->kind = (enum record_kind)(kind & SST_KIND_MASK);
	if (shared > previous_len || suffix_len > (uint64_t)(limit - p) ||
	    shared + suffix_len == 0 || shared + suffix_len > RECORD_KEY_MAX ||
	    e->seqno > RECORD_SEQNO_MAX || e->kind > RECORD_LARGE)
		return NULL;
	e->shared = shared;
	e->suffix = slice_of(p, suffix_len);
	e->value.ptr = kind & SST_VALUE_OUTSIDE ? NULL : p;
	return p + suffix_len;
}

/* Meta and value; the byte after them, or NULL. */
static const uint8_t *decode_value(const uint8_t *p, const uint8_t *limit, struct block_entry *e)
{
	uint64_t meta_len;

	if (!(p = sst_varint_read(p, limit, &meta_len)) || meta_len > RECORD_META_MAX ||
	    meta_len > (uint64_t)(limit - p))
		return NULL;
	e->meta = slice_of(p, meta_len);
	p += meta_len;
	if (!(p = sst_varint_read(p, limit, &e->value_len)))
		return NULL;
	if (!block_entry_is_outside(e)) {
		if (e->value_len > (uint64_t)(limit - p))
			return NULL;
		e->value = slice_of(p, e->value_len);
		return p + e->value_len;
	}
	e->value.len = 0;
	if (e->value_len > RECORD_VALUE_MAX ||
	    !(p = sst_varint_read(p, limit, &e->outside.offset)) ||
	    !(p = sst_varint_read(p, limit, &e->outside.stored_len)))
		return NULL;
	return p;
}

/*
 * No entry reaches over the next restart point, which would begin in its middle: the ways to an
 * entry, from the front and from the restart point before it, meet the same ones.
 */
static int decode_at(const struct block *b, uint32_t offset, struct block_entry *e)
{
	const uint8_t *limit = b->bytes + e->next_restart;
	const uint8_t *p = decode_key(b->bytes + offset, limit, e);

	if (!p || !(p = decode_value(p, limit, e)))
		return -EUCLEAN;
	e->offset = offset;
	e->end = (uint32_t)(p - b->bytes);
	return 0;
}

/* Stand right before restart point i, with everything that entries are relative to at its start. */
static void begin_at_restart(const struct block *b, uint32_t i, struct block_entry *e)
{
	e->restart = i;
	e->next_restart = i + 1 < b->restart_count ? block_restart(b, i + 1) : b->entries_len;
	e->shared = 0;
	e->suffix.len = 0;
	e->seqno = 0;
	e->time_ns = 0;
}

int block_entry_at_restart(const struct block *b, uint32_t i, struct block_entry *ret_e)
{
	begin_at_restart(b, i, ret_e);
	return decode_at(b, block_restart(b, i), ret_e);
}

int block_entry_next(const struct block *b, struct block_entry *e)
{
	if (e->end == e->next_restart)
		begin_at_restart(b, e->restart + 1, e);
	return decode_at(b, e->end, e);
}

/* The last restart point whose entry is before (key, seqno), or the first one. */
static int seek_restart(const struct block *b, struct slice key, uint64_t seqno,
			uint32_t *ret_restart)
{
	const uint8_t *limit = b->bytes + b->entries_len;
	uint32_t low = 0;
	uint32_t high = b->restart_count - 1;

	while (low < high) {
		uint32_t middle = low + (high - low + 1) / 2;
		struct block_entry e = {0};

		if (!decode_key(b->bytes + block_restart(b, middle), limit, &e))
			return -EUCLEAN;
		if (record_cmp(e.suffix, e.seqno, key, seqno) < 0)
			low = middle;
		else
			high = middle - 1;
	}
	*ret_restart = low;
	return 0;
}

/*
 * Compare e's key with the target, given that they agree in the first e->shared bytes; *ret_agreed
 * becomes the number of bytes in which they agree.
 */
static int compare_suffix(const struct block_entry *e, struct slice key, size_t *ret_agreed)
{
	struct slice rest = slice_skip(key, e->shared);
	size_t common = slice_common(e->suffix, rest);

	*ret_agreed = e->shared + common;
	if (common < e->suffix.len && common < rest.len)
		return e->suffix.ptr[common] < rest.ptr[common] ? -1 : 1;
	return (e->suffix.len > rest.len) - (e->suffix.len < rest.len);
}

/*
 * The scan needs no whole key: of the entry before, which is less than the target, it knows in how
 * many bytes the two agree. An entry that shares more than that with it has the same lesser byte
 * there, so it is less, too; one that shares no more is compared from its first byte of its own.
 */
int block_seek(const struct block *b, struct slice key, uint64_t seqno, struct block_entry *ret_e,
	       bool *ret_same_key)
{
	uint32_t restart;
	size_t agreed = 0;
	int rc = seek_restart(b, key, seqno, &restart);

	if (rc)
		return rc;
	rc = block_entry_at_restart(b, restart, ret_e);
	while (!rc) {
		if (ret_e->shared <= agreed) {
			int order = compare_suffix(ret_e, key, &agreed);

			if (order > 0 || (order == 0 && ret_e->seqno <= seqno)) {
				*ret_same_key = order == 0;
				return 0;
			}
		}
		if (block_entry_is_last(b, ret_e))
			return -ENOENT;
		rc = block_entry_next(b, ret_e);
	}
	return rc;
}
