#include "lsm/mem/memtable.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "lsm/base/array.h"
#include "lsm/base/cleanup.h"
#include "lsm/base/ref.h"
#include "lsm/mem/memtable_iter.h"
#include "lsm/mem/skip_list.h"

struct memtable {
	struct ref ref;
	struct skip_list list;
	/* Stored by the writer alone, relaxed; numbers for people, they order nothing. */
	_Atomic uint64_t count, tombstones;
	_Atomic uint64_t user_bytes;
	/* Touched by the writer, and by whoever drops the last reference. */
	struct pin *kept; /* owned */
	size_t kept_count, kept_cap;
};

int memtable_new(struct memtable **ret_table)
{
	return memtable_new_pooled(NULL, ret_table);
}

int memtable_new_pooled(struct arena_pool *pool, struct memtable **ret_table)
{
	cleanup_free struct memtable *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	int rc = skip_list_init(&m->list, pool);
	if (rc)
		return rc;
	ref_init(&m->ref);
	*ret_table = move_ptr(&m);
	return 0;
}

struct memtable *memtable_ref(struct memtable *m)
{
	ref_get(&m->ref);
	return m;
}

void memtable_unref(struct memtable *m)
{
	if (!m || !ref_put(&m->ref))
		return;
	skip_list_done(&m->list);
	for (size_t i = 0; i < m->kept_count; i++)
		pin_release(&m->kept[i]);
	free(m->kept);
	free(m);
}

int memtable_keep(struct memtable *m, struct pin pin)
{
	struct pin *grown = array_grow(m->kept, &m->kept_cap, m->kept_count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	m->kept = grown;
	m->kept[m->kept_count++] = pin;
	return 0;
}

int memtable_reserve(struct memtable *m, size_t memory_bytes, uint32_t count)
{
	/* Towers are in the sum already; a sum without them would fail only on an unlucky day. */
	assert(memory_bytes / skip_node_bytes(1, 0, 0, SKIP_HEIGHT_MAX) >= count);
	return skip_list_reserve(&m->list, memory_bytes);
}

static void add_relaxed(_Atomic uint64_t *counter, uint64_t n)
{
	/* One writer: no need for an atomic addition. */
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

void memtable_apply(struct memtable *m, struct slice rep, uint64_t first_seqno, uint64_t time_ns)
{
	uint64_t seqno = first_seqno;
	uint64_t user_bytes = 0, tombstones = 0;
	struct record rec;
	int rc;

	while ((rc = batch_take(&rep, &rec)) == 0) {
		rec.seqno = seqno++;
		rec.time_ns = time_ns;
		skip_list_insert(&m->list, &rec);
		user_bytes += rec.key.len + rec.meta.len + rec.value_len;
		tombstones += rec.kind == RECORD_DELETE;
	}
	assert(rc == -ENODATA); /* the caller has checked the batch */
	add_relaxed(&m->count, seqno - first_seqno);
	add_relaxed(&m->user_bytes, user_bytes);
	add_relaxed(&m->tombstones, tombstones);
}

size_t memtable_bytes(const struct memtable *m)
{
	return skip_list_bytes(&m->list);
}

uint64_t memtable_count(const struct memtable *m)
{
	return atomic_load_explicit(&m->count, memory_order_relaxed);
}

uint64_t memtable_tombstones(const struct memtable *m)
{
	return atomic_load_explicit(&m->tombstones, memory_order_relaxed);
}

uint64_t memtable_user_bytes(const struct memtable *m)
{
	return atomic_load_explicit(&m->user_bytes, memory_order_relaxed);
}

int memtable_get(const struct memtable *m, struct slice key, uint64_t seqno, struct record *ret_rec)
{
	const struct skip_node *n = skip_list_at_or_after(&m->list, key, seqno);

	if (!n || !slice_eq(skip_node_key(n), key))
		return -ENOENT;
	*ret_rec = (struct record){
		.key = skip_node_key(n),
		.seqno = skip_node_seqno(n),
		.kind = skip_node_kind(n),
		.time_ns = n->time_ns,
		.meta = skip_node_meta(n),
		.value_len = n->value_len,
		.value = skip_node_value(n),
	};
	return 0;
}

int memtable_iter(struct memtable *m, struct iter **ret_iter)
{
	return memtable_iter_new(m, &m->list, ret_iter);
}
