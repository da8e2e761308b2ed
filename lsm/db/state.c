#include "lsm/db/state.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "lsm/base/compiler.h"
#include "lsm/db/background.h"

static void state_free(struct shared *shared)
{
	struct db_state *s = container_of(shared, struct db_state, shared);

	memtable_unref(s->memtable);
	for (size_t i = 0; i < s->full_count; i++)
		memtable_unref(s->full[i].table);
	version_unref(s->version);
	free(s);
}

struct db_state *db_state_new(struct lsm *db)
{
	struct db_state *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	shared_init(&s->shared, state_free);
	s->db = db;
	return s;
}

struct db_state *db_state_acquire(struct lsm *db)
{
	return container_of(shared_slot_acquire(&db->state), struct db_state, shared);
}

bool db_state_is_present(struct lsm *db, const struct db_state *state)
{
	struct db_state *now = db_state_acquire(db);

	db_state_release(now);
	return now == state;
}

void db_state_release(void *state)
{
	struct db_state *s = state;

	if (!s)
		return;
	struct lsm *db = s->db;

	if (shared_unref(&s->shared))
		db_want_compaction(db);
}

/* Publish s, whose reference goes to the slot, and what the stall limits are held against. */
static void state_publish(struct lsm *db, struct db_state *s)
{
	atomic_store_explicit(&db->l0_files, (unsigned)s->version->levels[0].count,
			      memory_order_relaxed);
	atomic_store_explicit(&db->full_memtables, (unsigned)s->full_count, memory_order_relaxed);
	shared_slot_replace(&db->state, &s->shared);
}

int db_state_start(struct lsm *db, struct memtable *memtable, struct version *version)
{
	struct db_state *s = db_state_new(db);

	if (!s)
		return -ENOMEM;
	s->memtable = memtable;
	s->version = version;
	atomic_store_explicit(&db->l0_files, (unsigned)version->levels[0].count,
			      memory_order_relaxed);
	shared_slot_init(&db->state, &s->shared);
	return 0;
}

void db_state_switch_memtable_locked(struct lsm *db, struct db_state *next, struct memtable *fresh,
				     uint64_t last_seqno, uint64_t keep_log)
{
	struct db_state *now = db_state_acquire(db);

	assert(now->full_count < DB_FULL_MEMTABLES_MAX);
	for (size_t i = 0; i < now->full_count; i++) {
		next->full[i] = now->full[i];
		memtable_ref(next->full[i].table);
	}
	next->full[now->full_count] = (struct full_memtable){
		.table = memtable_ref(now->memtable),
		.last_seqno = last_seqno,
		.keep_log = keep_log,
	};
	next->full_count = now->full_count + 1;
	next->memtable = fresh;
	next->version = version_ref(now->version);
	db_state_release(now);
	state_publish(db, next);
}

void db_state_install_version_locked(struct lsm *db, struct db_state *next, uint64_t flushed_seqno)
{
	struct db_state *now = db_state_acquire(db);

	for (size_t i = 0; i < now->full_count; i++) {
		if (now->full[i].last_seqno <= flushed_seqno)
			continue;
		next->full[next->full_count] = now->full[i];
		memtable_ref(next->full[next->full_count].table);
		next->full_count++;
	}
	next->memtable = memtable_ref(now->memtable);
	next->version = tree_current(db->tree);
	db_state_release(now);
	state_publish(db, next);
}
