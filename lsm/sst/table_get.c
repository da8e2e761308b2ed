#include <errno.h>

#include "lsm/sst/block_entry.h"
#include "lsm/sst/table_private.h"

static struct pin pin_entry(struct cache_entry *entry)
{
	return (struct pin){.release = cache_release, .owner = entry};
}

static void fill_hit(struct table_hit *hit, struct table *t, struct slice key,
		     const struct block_entry *e)
{
	*hit = (struct table_hit){
		.rec =
			{
				.key = key,
				.seqno = e->seqno,
				.kind = e->kind,
				.time_ns = e->time_ns,
				.meta = e->meta,
				.value_len = e->value_len,
				.value = e->value,
			},
		.table = table_ref(t),
	};
	if (block_entry_is_outside(e)) {
		hit->value_offset = e->outside.offset;
		hit->value_stored_len = e->outside.stored_len;
	}
}

/*
 * Block i is the one whose separator is the first not before (key, seqno), so if the table has the
 * version, it is in there: no later block is looked at, however many the versions of a key fill.
 */
static int get_from_block(struct table *t, size_t i, struct slice key, uint64_t seqno,
			  struct table_hit *ret_hit)
{
	const struct block *block;
	struct cache_entry *entry;
	struct block_entry e;
	bool same_key = false;
	int rc = table_data_block(t, i, &entry, &block);

	if (rc)
		return rc;
	rc = block_seek(block, key, seqno, &e, &same_key);
	if (!rc && !same_key)
		rc = -ENOENT;
	if (rc) {
		cache_release(entry);
		return table_explain(t, i, rc);
	}
	fill_hit(ret_hit, t, key, &e);
	ret_hit->block = pin_entry(entry);
	return 0;
}

int table_get(struct table *t, struct slice key, uint64_t seqno, struct table_hit *ret_hit)
{
	if (!table_may_contain(t, key))
		return -ENOENT;

	size_t i = table_index_seek(&t->meta.index, key, seqno);
	int rc = i < t->meta.index.count ? get_from_block(t, i, key, seqno, ret_hit) : -ENOENT;

	if (rc == -ENOENT && bloom_exists(&t->meta.bloom))
		atomic_fetch_add_explicit(&t->source.counters->filter_false_positives, 1,
					  memory_order_relaxed);
	return rc;
}

int table_hit_value(struct table_hit *hit)
{
	struct block_handle handle = {
		.offset = hit->value_offset,
		.stored_len = hit->value_stored_len,
	};
	struct cache_entry *entry;

	if (hit->rec.value.ptr)
		return 0;

	int rc = table_value_block(hit->table, handle, hit->rec.value_len, &entry, &hit->rec.value);

	if (!rc)
		hit->value = pin_entry(entry);
	return rc;
}

void table_hit_done(struct table_hit *hit)
{
	pin_release(&hit->value);
	pin_release(&hit->block);
	table_unref(hit->table);
	*hit = (struct table_hit){0};
}
