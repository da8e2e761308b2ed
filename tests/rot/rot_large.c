#include "tests/rot/rot_large.h"

#include <assert.h>
#include <stdio.h>

enum {
	LARGE_MIN = 1025, /* above the threshold of rot_options */
	LARGE_MORE = 700,
	NOISE_MORE = 40,
	SEVERAL = 4096, /* more than a chunk */
	MARK_MAX = 32,
};

static const struct rot_large *find(const struct rot_store *s, int key, uint32_t n)
{
	for (size_t i = s->large_count; i-- > 0;)
		if (s->large[i].key == key && s->large[i].n == n)
			return &s->large[i];
	return NULL;
}

struct slice rot_large_value(const struct rot_store *s, int key, uint32_t n)
{
	const struct rot_large *large = find(s, key, n);

	assert(large);
	return buf_slice(&large->bytes);
}

uint32_t rot_large_change(const struct rot_store *s, int key, struct slice value)
{
	for (size_t i = 0; i < s->large_count; i++)
		if (s->large[i].key == key && slice_eq(buf_slice(&s->large[i].bytes), value))
			return s->large[i].n;
	return 0;
}

/* A change of a key on its way into a batch. */
struct changing {
	struct rot_store *store;
	struct lsm *db;
	struct lsm_batch *batch;
	struct rng *rng;
	uint32_t n;
	int key;
	struct slice name;
	struct buf *value; /* what it comes to, so far */
};

/* Cut the value to `size`, or let zeros follow it. */
static void resize(struct changing *c, size_t size)
{
	struct buf *v = c->value;
	size_t old = v->len;

	assert(size <= ROT_LARGE_BYTES && buf_reserve(v, size - min_of(size, old)) == 0);
	if (size > old)
		memset(v->ptr + old, 0, size - old);
	v->len = size;
}

/* Long, and little when it is packed; seldom noise. */
static void fill(struct changing *c, uint8_t *bytes, size_t len)
{
	memset(bytes, 'a' + (int)rng_below(c->rng, 26), len);
	rng_fill(c->rng, bytes, 16);
	if (rng_below(c->rng, 16) == 0)
		rng_fill(c->rng, bytes, len);
}

static size_t draw_len(struct changing *c)
{
	size_t len = LARGE_MIN + (size_t)rng_below(c->rng, LARGE_MORE);

	return rng_below(c->rng, 8) == 0 ? len + SEVERAL : len;
}

static void put(struct changing *c)
{
	resize(c, draw_len(c));
	fill(c, c->value->ptr, c->value->len);
	assert(lsm_batch_put(c->batch, c->name, slice_str("m"), buf_slice(c->value)) == 0);
}

static void patch(struct changing *c, const struct lsm_patch *p)
{
	assert(lsm_batch_patch(c->batch, c->name, slice_str("m"), p) == 0);
}

static void patch_bytes(struct changing *c)
{
	size_t len = LARGE_MIN + (size_t)rng_below(c->rng, LARGE_MORE);
	size_t offset = (size_t)rng_below(c->rng, min_of(c->value->len + 1, ROT_LARGE_BYTES - len));

	resize(c, max_of(c->value->len, offset + len));
	fill(c, c->value->ptr + offset, len);
	patch(c, &(struct lsm_patch){.size = c->value->len,
				     .offset = offset,
				     .bytes = slice_of(c->value->ptr + offset, len)});
}

static void patch_zeros(struct changing *c)
{
	size_t offset = c->value->len / 3, len = offset;

	memset(c->value->ptr + offset, 0, len);
	patch(c, &(struct lsm_patch){.size = c->value->len, .offset = offset, .zeros = len});
}

static void patch_size(struct changing *c)
{
	resize(c, (size_t)rng_below(c->rng, ROT_LARGE_BYTES));
	patch(c, &(struct lsm_patch){.size = c->value->len});
}

/* A key whose value the change before has left. */
static int draw_source(struct changing *c)
{
	int key = ROT_SMALL_KEYS + (int)rng_below(c->rng, ROT_KEYS - ROT_SMALL_KEYS);

	return c->store->after[c->n - 1].by[key] ? key : -1;
}

static void copy_all(struct changing *c, int from)
{
	struct slice value = rot_large_value(c->store, from, c->store->after[c->n - 1].by[from]);

	assert(buf_set(c->value, value) == 0);
	assert(lsm_batch_copy(c->batch, c->db, rot_key(from), c->name, slice_str("m")) == 0);
}

static void copy_part(struct changing *c, int from)
{
	struct slice value = rot_large_value(c->store, from, c->store->after[c->n - 1].by[from]);
	size_t offset = value.len / 4, len = value.len / 2;

	resize(c, max_of(c->value->len, offset + len));
	memcpy(c->value->ptr + offset, value.ptr + offset, len);
	assert(lsm_batch_copy_range(c->batch, c->db,
				    &(struct lsm_range_copy){.from = rot_key(from),
							     .from_offset = offset,
							     .len = len,
							     .to = c->name,
							     .to_meta = slice_str("m"),
							     .to_offset = offset,
							     .to_size = c->value->len}) == 0);
}

static void change_value(struct changing *c)
{
	uint64_t kind = rng_below(c->rng, 12);
	int from = draw_source(c);

	if (kind < 4 || (kind >= 9 && from < 0))
		put(c);
	else if (kind < 7 || c->value->len < 3)
		patch_bytes(c);
	else if (kind == 7)
		patch_zeros(c);
	else if (kind == 8)
		patch_size(c);
	else if (kind < 11)
		copy_all(c, from);
	else
		copy_part(c, from);
}

static void mark(struct changing *c)
{
	char text[MARK_MAX];
	int len = snprintf(text, sizeof(text), "%d by %u ", c->key, c->n);
	struct slice bytes = slice_of(text, (size_t)len);

	resize(c, max_of(c->value->len, bytes.len));
	memcpy(c->value->ptr, bytes.ptr, bytes.len);
	patch(c, &(struct lsm_patch){.size = c->value->len, .bytes = bytes});
}

/* Room for what change n makes of the key, with what the key has so far. */
static struct buf *keep_value(struct rot_store *s, int key, uint32_t n)
{
	const struct rot_large *before = find(s, key, n);
	uint32_t by = s->after[n].by[key];

	assert(s->large_count < array_size(s->large));
	if (!before && by)
		before = find(s, key, by);

	struct rot_large *large = &s->large[s->large_count++];

	*large = (struct rot_large){.key = key, .n = n};
	if (before && by)
		assert(buf_set(&large->bytes, buf_slice(&before->bytes)) == 0);
	return &large->bytes;
}

void rot_change_large(struct rot_store *s, struct lsm *db, struct lsm_batch *batch, struct rng *rng,
		      uint32_t n)
{
	struct changing c = {
		.store = s,
		.db = db,
		.batch = batch,
		.rng = rng,
		.n = n,
		.key = ROT_SMALL_KEYS + (int)rng_below(rng, ROT_KEYS - ROT_SMALL_KEYS),
	};

	c.name = rot_key(c.key);
	if (rng_below(rng, 8) == 0) {
		assert(lsm_batch_delete(batch, c.name) == 0);
		s->after[n].by[c.key] = 0;
		return;
	}
	c.value = keep_value(s, c.key, n);
	change_value(&c);
	mark(&c);
	s->after[n].by[c.key] = n;
}
