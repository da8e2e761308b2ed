/*
 * A store in which everything above 1 KiB is large, and what tests of large values do with it.
 */
#pragma once

#include "lsm/base/rng.h"
#include "tests/unit/lsm/db/db_fixture.h"

enum {
	BIG = 300000,
};

/* Everything above 1 KiB is large, chunks are 4 KiB. */
static inline struct lsm_options large_options(struct env *env)
{
	struct lsm_options o = db_small_options(env);

	o.large_value_threshold = 1024;
	o.chunk_bytes = 4096;
	o.blob_file_bytes = 64 << 10;
	o.value_max = 1 << 20;
	return o;
}

static inline struct lsm *open_large(struct env *env)
{
	struct lsm_options options = large_options(env);

	return db_open_with(&options);
}

static inline uint8_t *noise(size_t len, uint64_t seed)
{
	uint8_t *bytes = malloc(len + 1);
	struct rng rng;

	rng_seed(&rng, seed);
	rng_fill(&rng, bytes, len);
	return bytes;
}

static inline void expect_value_at(struct lsm *db, const char *key, const uint8_t *bytes,
				   size_t len, const struct lsm_read_options *options)
{
	struct lsm_record record;
	uint8_t part[1000];
	size_t got = 0;
	int err = lsm_get(db, slice_str(key), options, &record);

	if (err)
		ck_abort_msg("get: %d %s", err, lsm_error_text());
	ck_assert_uint_eq(record.value_len, len);
	ck_assert(slice_eq(record.value, slice_of(bytes, len)));
	lsm_record_release(&record);
	ck_assert_int_eq(lsm_stat(db, slice_str(key), options, &record), 0);
	ck_assert_uint_eq(record.value_len, len);
	lsm_record_release(&record);
	for (size_t at = 0; at < len + 500; at += 777) {
		const struct lsm_range range = {.offset = at, .into = part, .len = sizeof(part)};
		size_t want = at < len ? min_of(sizeof(part), len - at) : 0;

		ck_assert_int_eq(lsm_read(db, slice_str(key), options, &range, &got, NULL), 0);
		ck_assert_uint_eq(got, want);
		ck_assert(memcmp(part, bytes + min_of(at, len), got) == 0);
	}
}

static inline void expect_value(struct lsm *db, const char *key, const uint8_t *bytes, size_t len)
{
	expect_value_at(db, key, bytes, len, NULL);
}

static inline void patch(struct lsm *db, const char *key, uint64_t size, uint64_t offset,
			 struct slice bytes)
{
	const struct lsm_patch p = {.size = size, .offset = offset, .bytes = bytes};
	int err = lsm_write_patch(db, slice_str(key), &p, NULL);

	if (err)
		ck_abort_msg("patch: %d %s", err, lsm_error_text());
}
