#include "tests/model/model.h"

#include <assert.h>
#include <stdlib.h>

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

struct model_value model_value_random(struct rng *rng)
{
	struct model_value v = {.present = true, .seed = rng_next(rng)};
	uint64_t kind = rng_below(rng, 100);

	if (kind < 85)
		v.value_len = (uint32_t)rng_below(rng, 120);
	else if (kind < 97)
		v.value_len = (uint32_t)rng_below(rng, 3000);
	else
		v.value_len = (uint32_t)rng_below(rng, 40000);
	if (rng_below(rng, 4) == 0)
		v.meta_len = (uint32_t)rng_below(rng, 30);
	return v;
}

/* Half of each value is compressible. */
static void fill(struct rng *rng, uint32_t len, struct buf *ret_bytes)
{
	buf_clear(ret_bytes);
	assert(buf_reserve(ret_bytes, len + 1) == 0);
	rng_fill(rng, ret_bytes->ptr, len / 2);
	memset(ret_bytes->ptr + len / 2, 'z', len - len / 2);
	ret_bytes->len = len;
}

void model_value_bytes(const struct model_value *v, struct buf *ret_value, struct buf *ret_meta)
{
	struct rng rng;

	rng_seed(&rng, v->seed);
	fill(&rng, v->value_len, ret_value);
	fill(&rng, v->meta_len, ret_meta);
}
