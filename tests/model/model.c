#include "tests/model/model.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static int by_key(const void *a, const void *b)
{
	const struct buf *left = a, *right = b;

	return slice_cmp(buf_slice(left), buf_slice(right));
}

/* Few distinct bytes and a long common beginning for some: prefix compression, separators and
 * bounds get their edges. */
static void random_key(struct rng *rng, struct buf *ret_key)
{
	static const uint8_t bytes[] = {'a', 'b', '/', 0, 0xff, 'a' + 1, '0'};
	size_t len = 1 + rng_below(rng, 12);

	buf_clear(ret_key);
	if (rng_below(rng, 4) == 0)
		for (size_t i = 0; i < 40; i++)
			assert(buf_append_byte(ret_key, 'p') == 0);
	for (size_t i = 0; i < len; i++)
		assert(buf_append_byte(ret_key, bytes[rng_below(rng, sizeof(bytes))]) == 0);
}

static bool all_distinct(const struct model_keys *keys)
{
	for (size_t i = 1; i < MODEL_KEYS; i++)
		if (slice_eq(buf_slice(&keys->key[i - 1]), buf_slice(&keys->key[i])))
			return false;
	return true;
}

void model_keys_make(struct model_keys *keys, uint64_t seed)
{
	struct rng rng;

	rng_seed(&rng, seed);
	*keys = (struct model_keys){0};
	for (size_t i = 0; i < MODEL_KEYS; i++)
		random_key(&rng, &keys->key[i]);
	qsort(keys->key, MODEL_KEYS, sizeof(keys->key[0]), by_key);
	while (!all_distinct(keys)) {
		for (size_t i = 1; i < MODEL_KEYS; i++)
			if (slice_eq(buf_slice(&keys->key[i - 1]), buf_slice(&keys->key[i])))
				random_key(&rng, &keys->key[i]);
		qsort(keys->key, MODEL_KEYS, sizeof(keys->key[0]), by_key);
	}
}

void model_keys_done(struct model_keys *keys)
{
	for (size_t i = 0; i < MODEL_KEYS; i++)
		buf_done(&keys->key[i]);
}

uint32_t model_len_random(struct rng *rng)
{
	uint64_t kind = rng_below(rng, 200);

	if (kind < 168)
		return (uint32_t)rng_below(rng, 120);
	if (kind < 192)
		return (uint32_t)rng_below(rng, 3000);
	if (kind < 198)
		return (uint32_t)rng_below(rng, 40000);
	return (uint32_t)rng_below(rng, MODEL_LARGE_MAX);
}

/* Half of it is compressible; now and then all of it is zeros. */
static void fill(struct rng *rng, uint8_t *bytes, size_t len)
{
	if (rng_below(rng, 16) == 0) {
		memset(bytes, 0, len);
		return;
	}
	rng_fill(rng, bytes, len / 2);
	memset(bytes + len / 2, 'z', len - len / 2);
}

struct slice model_bytes_random(struct rng *rng, size_t len, struct buf *room)
{
	buf_clear(room);
	assert(buf_reserve(room, len + 1) == 0);
	fill(rng, room->ptr, len);
	room->len = len;
	return buf_slice(room);
}

static struct model_value *value_new(size_t meta_len, size_t value_len)
{
	struct model_value *v = malloc(sizeof(*v) + meta_len + value_len);

	assert(v);
	v->references = 1;
	v->meta_len = (uint32_t)meta_len;
	v->value_len = (uint32_t)value_len;
	return v;
}

struct model_value *model_value_random(struct rng *rng)
{
	size_t meta_len = rng_below(rng, 4) ? 0 : rng_below(rng, MODEL_META_MAX);
	struct model_value *v = value_new(meta_len, model_len_random(rng));

	fill(rng, v->bytes, meta_len);
	fill(rng, v->bytes + meta_len, v->value_len);
	return v;
}

static void copy_bytes(uint8_t *to, struct slice from)
{
	if (from.len)
		memcpy(to, from.ptr, from.len);
}

struct model_value *model_value_new(struct slice meta, struct slice value)
{
	struct model_value *v = value_new(meta.len, value.len);

	copy_bytes(v->bytes, meta);
	copy_bytes(v->bytes + meta.len, value);
	return v;
}

struct model_value *model_value_patched(const struct model_value *old, struct slice meta,
					const struct lsm_patch *patch)
{
	struct model_value *v = value_new(meta.len, patch->size);
	uint8_t *value = v->bytes + meta.len;
	size_t kept = old ? min_of((size_t)old->value_len, (size_t)patch->size) : 0;

	copy_bytes(v->bytes, meta);
	if (old)
		copy_bytes(value, slice_of(model_value_bytes(old).ptr, kept));
	memset(value + kept, 0, patch->size - kept);
	memset(value + patch->offset, 0, patch->zeros);
	copy_bytes(value + patch->offset, patch->bytes);
	return v;
}

void model_value_unref(struct model_value *v)
{
	if (v && --v->references == 0)
		free(v);
}

void model_set(struct model *m, size_t key, struct model_value *v)
{
	model_value_unref(m->values[key]);
	m->values[key] = v;
}

void model_copy(struct model *m, const struct model *from)
{
	*m = *from;
	for (size_t i = 0; i < MODEL_KEYS; i++)
		if (m->values[i])
			m->values[i]->references++;
}

void model_clear(struct model *m)
{
	for (size_t i = 0; i < MODEL_KEYS; i++)
		model_set(m, i, NULL);
}
