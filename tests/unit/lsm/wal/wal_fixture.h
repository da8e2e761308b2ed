/*
 * What the tests of lsm/wal share: a store folder in memory, and logs written from short
 * descriptions.
 */
#pragma once

#include "lsm/base/buf.h"
#include "lsm/base/crc32c.h"
#include "lsm/base/rng.h"
#include "lsm/env/env_mem.h"
#include "lsm/wal/wal_writer.h"
#include "tests/unit/unit.h"

#define FIXTURE_DIR "store"

struct disk {
	struct env *env;     /* owned; in memory */
	struct env_dir *dir; /* owned */
};

/* A record to write; count 0: a MARK. Its payload follows from its first seqno. */
struct spec {
	uint64_t first_seqno;
	uint32_t count;
	uint64_t durable_seqno;
};

enum {
	FIXTURE_PAYLOAD_MAX = 5 + 13,
};

static inline void disk_open(struct disk *d)
{
	d->env = env_mem_new();
	ck_assert_ptr_nonnull(d->env);
	ck_assert_int_eq(env_open_dir(d->env, FIXTURE_DIR, true, &d->dir), 0);
}

static inline void disk_close(struct disk *d)
{
	env_dir_close(d->dir);
	env_free(d->env);
}

static inline uint64_t fixture_salt(uint64_t number)
{
	return UINT64_C(0x5a17000000000000) + number * 0x10001;
}

/* The payload of the batch that begins with a seqno: 5 to 17 bytes, none of them 0. */
static inline struct slice fixture_payload(uint64_t first_seqno, uint8_t *space)
{
	size_t len = 5 + first_seqno % 13;

	for (size_t i = 0; i < len; i++)
		space[i] = (uint8_t)(1 + (first_seqno * 31 + i * 7) % 255);
	return slice_of(space, len);
}

/* Bytes of the record in a log. */
static inline uint64_t fixture_record_size(const struct spec *s)
{
	uint8_t space[FIXTURE_PAYLOAD_MAX];
	uint64_t len = s->count ? fixture_payload(s->first_seqno, space).len : 0;

	return WAL_RECORD_HEADER_SIZE + (len + 7) / 8 * 8;
}

must_check static inline int fixture_append(struct wal_writer *w, const struct spec *s)
{
	uint8_t space[FIXTURE_PAYLOAD_MAX];
	struct wal_record rec = {
		.type = s->count ? WAL_BATCH : WAL_MARK,
		.count = s->count,
		.first_seqno = s->first_seqno,
		.time_ns = 1000 + s->first_seqno,
		.durable_seqno = s->durable_seqno,
	};

	if (s->count)
		rec.payload = fixture_payload(s->first_seqno, space);
	rec.payload_crc = crc32c(0, rec.payload.ptr, rec.payload.len);
	return wal_writer_append(w, &rec);
}

/* A log with these records, durable in the disk's view. */
static inline void fixture_log(struct disk *d, uint64_t number, const struct spec *specs,
			       size_t count)
{
	struct wal_writer *w;

	ck_assert_int_eq(wal_writer_create(d->dir, number, fixture_salt(number), &w), 0);
	for (size_t i = 0; i < count; i++)
		ck_assert_int_eq(fixture_append(w, &specs[i]), 0);
	ck_assert_int_eq(wal_writer_sync(w), 0);
	wal_writer_close(w);
}

/* A copy of a log's bytes; the caller ends it with buf_done. */
static inline struct buf fixture_bytes(struct disk *d, uint64_t number)
{
	char name[ENV_NAME_MAX + 1];
	struct buf copy = {0};
	struct slice bytes;

	wal_file_name(number, name);
	ck_assert_int_eq(env_mem_file(d->env, FIXTURE_DIR, name, &bytes), 0);
	ck_assert_int_eq(buf_append_slice(&copy, bytes), 0);
	return copy;
}

static inline void fixture_set_bytes(struct disk *d, uint64_t number, struct slice bytes)
{
	char name[ENV_NAME_MAX + 1];

	wal_file_name(number, name);
	ck_assert_int_eq(env_mem_set_file(d->env, FIXTURE_DIR, name, bytes), 0);
}

static inline void fixture_remove(struct disk *d, uint64_t number)
{
	char name[ENV_NAME_MAX + 1];

	wal_file_name(number, name);
	ck_assert_int_eq(env_mem_remove_file(d->env, FIXTURE_DIR, name), 0);
}

static inline bool fixture_exists(struct disk *d, uint64_t number)
{
	char name[ENV_NAME_MAX + 1];
	struct slice bytes;

	wal_file_name(number, name);
	return env_mem_file(d->env, FIXTURE_DIR, name, &bytes) == 0;
}
