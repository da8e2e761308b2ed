/*
 * A blob store over a folder in memory whose calls can be made to fail, for the tests of lsm/blob.
 */
#pragma once

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "lsm/base/error.h"
#include "lsm/base/rng.h"
#include "lsm/blob/blob_store.h"
#include "lsm/env/env_fault.h"
#include "lsm/env/env_mem.h"
#include "tests/unit/unit.h"

enum {
	FIXTURE_CHUNK = 4096,
};

struct fixture {
	struct env *disk;  /* env_mem */
	struct env *fault; /* around it */
	struct env_dir *dir;
	_Atomic uint64_t next;
	struct blob_store *store;
};

static inline uint64_t fixture_next(void *arg)
{
	return atomic_fetch_add((_Atomic uint64_t *)arg, 1);
}

static inline struct blob_options fixture_options(void)
{
	return (struct blob_options){
		.chunk_bytes = FIXTURE_CHUNK,
		.file_bytes = UINT64_C(1) << 30,
		.compress = true,
		.min_saving_pct = 12,
		.max_open = 100,
		.writers = 1,
	};
}

static inline void fixture_new_store(struct fixture *f, struct blob_options options)
{
	struct blob_owner owner = {.next_number = fixture_next, .arg = (void *)&f->next};

	ck_assert_int_eq(blob_store_new(f->dir, &options, owner, &f->store), 0);
}

static inline void fixture_init(struct fixture *f, struct blob_options options)
{
	memset(f, 0, sizeof(*f));
	atomic_init(&f->next, 1);
	f->disk = env_mem_new();
	ck_assert_ptr_nonnull(f->disk);
	f->fault = env_fault_new(f->disk);
	ck_assert_ptr_nonnull(f->fault);
	ck_assert_int_eq(env_open_dir(f->fault, "store", true, &f->dir), 0);
	fixture_new_store(f, options);
}

static inline void fixture_done(struct fixture *f)
{
	blob_store_free(f->store);
	env_dir_close(f->dir);
	env_free(f->fault);
	env_free(f->disk);
}

/* The nth call from now on that changes the disk fails. */
static inline void fixture_fail_write(struct fixture *f, uint64_t nth, int error,
				      enum env_fault_how how)
{
	struct env_fault_plan plan = {
		.at_call = nth, .writes_only = true, .error = error, .how = how};

	env_fault_set(f->fault, &plan);
}

/* The nth call from now on, of any kind, fails. */
static inline void fixture_fail_call(struct fixture *f, uint64_t nth, int error)
{
	struct env_fault_plan plan = {.at_call = nth, .error = error};

	env_fault_set(f->fault, &plan);
}

/* Bytes that do not shrink, or, with `soft`, that do; the same for the same seed. */
static inline void fixture_fill(uint8_t *bytes, size_t len, uint64_t seed, bool soft)
{
	struct rng rng;

	rng_seed(&rng, seed);
	rng_fill(&rng, bytes, len);
	for (size_t i = 0; soft && i < len; i++)
		bytes[i] = (uint8_t)(bytes[i] % 3 + seed);
}

static inline int fixture_try_write(struct fixture *f, uint64_t seed, size_t len, bool soft,
				    struct extent *ret_extent, struct blob_file **ret_file)
{
	uint8_t *bytes = malloc(len);

	fixture_fill(bytes, len, seed, soft);
	int rc = blob_store_write(f->store,
				  &(struct blob_write){.lane = 0, .raw = slice_of(bytes, len)},
				  ret_extent, ret_file);

	free(bytes);
	return rc;
}

static inline struct extent fixture_write(struct fixture *f, uint64_t seed, size_t len, bool soft,
					  struct blob_file **ret_file)
{
	struct extent e;

	ck_assert_int_eq(fixture_try_write(f, seed, len, soft, &e, ret_file), 0);
	return e;
}

/* Whether the part of its chunk that e names reads as what fixture_fill made of the seed. */
static inline bool fixture_reads_right(struct fixture *f, const struct extent *e, uint64_t seed,
				       bool soft)
{
	uint8_t *want = malloc(e->raw_len);
	uint8_t *got = malloc(e->len);

	fixture_fill(want, e->raw_len, seed, soft);
	bool right =
		blob_store_read(f->store, e, got) == 0 && memcmp(got, want + e->from, e->len) == 0;

	free(want);
	free(got);
	return right;
}

static inline struct blob_stats fixture_stats(struct fixture *f)
{
	struct blob_stats stats;

	blob_store_stats(f->store, &stats);
	return stats;
}

static inline bool fixture_has_file(struct fixture *f, uint64_t number)
{
	char name[ENV_NAME_MAX + 1];
	struct slice bytes;

	blob_file_name(number, name);
	return env_mem_file(f->disk, "store", name, &bytes) == 0;
}

static inline struct slice fixture_file(struct fixture *f, uint64_t number)
{
	char name[ENV_NAME_MAX + 1];
	struct slice bytes = {0};

	blob_file_name(number, name);
	ck_assert_int_eq(env_mem_file(f->disk, "store", name, &bytes), 0);
	return bytes;
}

/* Give a file another content, as damage would; borrowed bytes of fixture_file become stale. */
static inline void fixture_set_file(struct fixture *f, uint64_t number, struct slice bytes)
{
	char name[ENV_NAME_MAX + 1];

	blob_file_name(number, name);
	ck_assert_int_eq(env_mem_set_file(f->disk, "store", name, bytes), 0);
}
