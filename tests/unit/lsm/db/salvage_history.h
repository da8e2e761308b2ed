/*
 * A store with a known history: small and large values, patches and deletions, in tables of two
 * levels, in blob files and in a log. For tests of what is left of it after damage.
 */
#pragma once

#include "lsm/base/rng.h"
#include "tests/unit/lsm/db/db_fixture.h"

enum {
	KEYS = 40,
	CHANGES = 400,
	VALUE_MAX = 300,    /* of small ones */
	LARGE_MAX = 11000,  /* three chunks at most */
	LARGE_ABOVE = 1024, /* longer values are in blob files */
	PATCH_MAX = 3000,
	META_MAX = 16,
};

/* Every change ever made; change i has seqno i + 1. */
struct history {
	struct past_change {
		unsigned key;
		bool is_put; /* or a patch */
		uint64_t time_ns;
		uint8_t *value; /* owned; that the key has then */
		size_t len;
	} changes[CHANGES];
	uint64_t count;
};

static struct history history;

/* Some of them can be compressed. */
static inline void fill(uint8_t *bytes, size_t len, uint64_t seqno)
{
	struct rng rng;

	rng_seed(&rng, seqno);
	for (size_t i = 0; i < len; i++)
		bytes[i] = seqno % 2 ? (uint8_t)('a' + (seqno * 7 + i * i) % 26)
				     : (uint8_t)rng_next(&rng);
}

static inline struct slice meta_of(uint64_t seqno, char text[META_MAX])
{
	return slice_of(text, (size_t)snprintf(text, META_MAX, "m%llu", (unsigned long long)seqno));
}

static inline struct lsm_options small_options(struct env *env)
{
	struct lsm_options options = db_small_options(env);

	options.compaction_threads = 0;
	options.l0_slowdown = options.l0_stop = 100;
	options.memtable_bytes = 1 << 20;
	options.block_bytes = 256;
	options.value_inline_max = 150;
	options.target_file_bytes = 4096;
	options.large_value_threshold = LARGE_ABOVE;
	options.chunk_bytes = 4096;
	options.blob_file_bytes = 64 << 10;
	return options;
}

/* Before the change at hand. */
static inline struct slice last_value(unsigned key)
{
	for (uint64_t i = history.count - 1; i-- > 0;) {
		const struct past_change *c = &history.changes[i];

		if (c->key == key)
			return slice_of(c->value, c->len);
	}
	return slice_of(NULL, 0);
}

static inline void begin_value(struct past_change *c, size_t len)
{
	c->is_put = true;
	c->len = len;
	c->value = calloc(1, len + 1);
	ck_assert_ptr_nonnull(c->value);
}

static inline int put_whole(struct lsm_batch *batch, struct past_change *c, struct slice name,
			    struct slice meta, size_t len)
{
	begin_value(c, len);
	fill(c->value, len, history.count);
	return lsm_batch_put(batch, name, meta, slice_of(c->value, len));
}

static inline int patch_part(struct lsm_batch *batch, struct past_change *c, struct slice name,
			     struct slice meta, struct rng *rng)
{
	struct slice before = last_value(c->key);
	size_t size = rng_below(rng, 3) && before.len ? before.len : 1 + rng_below(rng, LARGE_MAX);
	size_t at = rng_below(rng, size);
	size_t len = 1 + rng_below(rng, min_of(size - at, (size_t)PATCH_MAX));
	struct lsm_patch p = {.size = size, .offset = at};

	begin_value(c, size);
	if (before.len)
		memcpy(c->value, before.ptr, min_of(before.len, size));
	memset(c->value + at, 0, len);
	if (rng_below(rng, 4)) {
		fill(c->value + at, len, history.count);
		p.bytes = slice_of(c->value + at, len);
	} else {
		p.zeros = len;
	}
	return lsm_batch_patch(batch, name, meta, &p);
}

static inline void add_change(struct lsm_batch *batch, struct rng *rng)
{
	char key[DB_TEXT_MAX], meta_text[META_MAX];
	struct past_change *c = &history.changes[history.count++];
	uint64_t seqno = history.count;
	struct slice meta = meta_of(seqno, meta_text);

	*c = (struct past_change){.key = (unsigned)rng_below(rng, KEYS)};
	struct slice name = slice_str(db_key(key, c->key));
	switch (rng_below(rng, 6)) {
	case 0:
		ck_assert_int_eq(lsm_batch_delete(batch, name), 0);
		return;
	case 1:
		ck_assert_int_eq(patch_part(batch, c, name, meta, rng), 0);
		return;
	case 2:
		ck_assert_int_eq(put_whole(batch, c, name, meta,
					   LARGE_ABOVE + rng_below(rng, LARGE_MAX - LARGE_ABOVE)),
				 0);
		return;
	default:
		ck_assert_int_eq(put_whole(batch, c, name, meta,
					   seqno % 5 == 0 ? VALUE_MAX : 10 + seqno % 50),
				 0);
	}
}

static inline void forget_history(void)
{
	for (uint64_t i = 0; i < history.count; i++)
		free(history.changes[i].value);
	history = (struct history){0};
}

static inline void write_changes(struct lsm *db, struct rng *rng, uint64_t until)
{
	struct lsm_batch *batch = lsm_batch_new();
	struct lsm_commit commit;

	while (history.count < until) {
		uint64_t first = history.count;
		uint64_t count = 1 + rng_below(rng, min_of((uint64_t)3, until - first));

		lsm_batch_clear(batch);
		while (history.count < first + count)
			add_change(batch, rng);
		ck_assert_int_eq(lsm_write(db, batch, NULL, &commit), 0);
		ck_assert_uint_eq(commit.seqno, history.count);
		while (first < history.count)
			history.changes[first++].time_ns = commit.time_ns;
	}
	lsm_batch_free(batch);
}

/* Tables in the last level, tables in level 0, changes in the log. */
static inline struct env *make_store(uint64_t seed)
{
	struct env *env = env_mem_new();
	struct lsm_options options = small_options(env);
	struct rng rng;

	forget_history();
	rng_seed(&rng, seed);
	struct lsm *db = db_open_with(&options);
	write_changes(db, &rng, 150);
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	write_changes(db, &rng, 220);
	ck_assert_int_eq(lsm_flush(db), 0);
	write_changes(db, &rng, 290);
	ck_assert_int_eq(lsm_flush(db), 0);
	write_changes(db, &rng, CHANGES - 20);
	db_close(db);
	return env;
}
