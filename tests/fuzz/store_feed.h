/*
 * A folder of files with any content, out of an input; and stores as such inputs, for seeds.
 *
 *	input: files, each: kind (u8, enum part), number (u8), content (sized)
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/base/crc32c.h"
#include "lsm/env/env_mem.h"
#include "lsm/lsm.h"
#include "lsm/tree/file_name.h"
#include "lsm/tree/tree.h"
#include "tests/fuzz/feed.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/seal.h"

#define STORE_DIR "store"

enum part {
	PART_CURRENT,     /* naming manifest `number`; the content counts for nothing */
	PART_MANIFEST,    /* sealed */
	PART_LOG,         /* sealed */
	PART_TABLE,       /* sealed */
	PART_RAW_CURRENT, /* as it is, like those below */
	PART_LEFTOVER,
	PART_LOCK,
	PART_STRANGER,
	PART_BLOB, /* sealed; the last, so that older inputs mean what they meant */
	PART_COUNT,
};

static inline void put_current(struct env *env, uint64_t number)
{
	char line[ENV_NAME_MAX + 32];
	char name[ENV_NAME_MAX + 1];

	file_name_make(FILE_MANIFEST, number, name);
	int len = snprintf(line, sizeof(line), "%s crc32c=%08x\n", name,
			   crc32c(0, name, strlen(name)));

	expect(env_mem_set_file(env, STORE_DIR, "CURRENT", slice_of(line, (size_t)len)) == 0);
}

static inline void put_numbered(struct env *env, enum file_kind kind, uint64_t number,
				struct slice content,
				void (*seal)(uint8_t *bytes, size_t len, enum seal_mode mode))
{
	cleanup_buf struct buf sealed = {0};
	char name[ENV_NAME_MAX + 1];

	feed_put(&sealed, content);
	seal(sealed.ptr, sealed.len, SEAL_FILL);
	file_name_make(kind, number, name);
	expect(env_mem_set_file(env, STORE_DIR, name, buf_slice(&sealed)) == 0);
}

static inline void put_part(struct env *env, struct feed *f)
{
	static const char *const raw_names[] = {"CURRENT", "CURRENT.tmp", "LOCK", "stranger"};
	enum part part = feed_byte(f) % PART_COUNT;
	uint64_t number = 1 + feed_byte(f);
	struct slice content = feed_sized(f);

	switch (part) {
	case PART_CURRENT:
		put_current(env, number);
		return;
	case PART_MANIFEST:
		put_numbered(env, FILE_MANIFEST, number, content, seal_manifest);
		return;
	case PART_LOG:
		put_numbered(env, FILE_LOG, number, content, seal_log);
		return;
	case PART_TABLE:
		put_numbered(env, FILE_TABLE, number, content, seal_table);
		return;
	case PART_BLOB:
		put_numbered(env, FILE_BLOB, number, content, seal_blob);
		return;
	default:
		expect(env_mem_set_file(env, STORE_DIR, raw_names[part - PART_RAW_CURRENT],
					content) == 0);
	}
}

static inline struct lsm_options small_options(struct env *env)
{
	struct lsm_options o;

	lsm_options_init(&o);
	o.env = env;
	o.sync_mode = LSM_SYNC_MANUAL;
	o.memtable_bytes = 16 << 10;
	o.block_bytes = 512;
	o.base_level_bytes = 64 << 10;
	o.target_file_bytes = 16 << 10;
	o.cache_bytes = 1 << 20;
	o.cache_shards = 1;
	o.value_inline_max = 64;
	o.large_value_threshold = 1024;
	o.chunk_bytes = 4096;
	o.blob_file_bytes = 64 << 10;
	o.compaction_threads = 0; /* none unasked: the same input does the same every time */
	return o;
}

/* ---- seeds ---- */

struct archive {
	struct env *env;
	struct buf seed;
	enum seal_mode mode;
};

/* Of the space that a log or manifest has reserved a little is enough. */
static inline struct slice without_most_zeros(struct slice bytes)
{
	size_t len = bytes.len;

	while (len > 0 && bytes.ptr[len - 1] == 0)
		len--;
	return slice_of(bytes.ptr, min_of(len / 8 * 8 + 64, bytes.len));
}

static inline int archive_file(void *arg, const char *name)
{
	struct archive *a = arg;
	cleanup_buf struct buf content = {0};
	struct file_name parsed = file_name_parse(name);
	struct slice bytes;

	if (strcmp(name, "LOCK") == 0)
		return 0;
	expect(env_mem_file(a->env, STORE_DIR, name, &bytes) == 0);
	feed_put(&content, parsed.kind == FILE_TABLE || parsed.kind == FILE_BLOB
				   ? bytes
				   : without_most_zeros(bytes));
	switch (parsed.kind) {
	case FILE_MANIFEST:
		if (a->mode == SEAL_CLEAR)
			seal_manifest(content.ptr, content.len, SEAL_CLEAR);
		feed_put_byte(&a->seed, PART_MANIFEST);
		break;
	case FILE_LOG:
		if (a->mode == SEAL_CLEAR)
			seal_log(content.ptr, content.len, SEAL_CLEAR);
		feed_put_byte(&a->seed, PART_LOG);
		break;
	case FILE_TABLE:
		if (a->mode == SEAL_CLEAR)
			seal_table(content.ptr, content.len, SEAL_CLEAR);
		feed_put_byte(&a->seed, PART_TABLE);
		break;
	case FILE_BLOB:
		if (a->mode == SEAL_CLEAR)
			seal_blob(content.ptr, content.len, SEAL_CLEAR);
		feed_put_byte(&a->seed, PART_BLOB);
		break;
	default:
		feed_put_byte(&a->seed, PART_RAW_CURRENT);
	}
	feed_put_byte(&a->seed, (uint8_t)(parsed.number ? parsed.number - 1 : 0));
	feed_put_sized(&a->seed, buf_slice(&content));
	return 0;
}

static inline void take_store(const struct fuzz_sink *sink, const char *name, struct env *env,
			      enum seal_mode mode)
{
	struct archive a = {.env = env, .mode = mode};
	struct env_dir *dir;

	expect(env_open_dir(env, STORE_DIR, false, &dir) == 0);
	expect(env_dir_list(dir, archive_file, &a) == 0);
	env_dir_close(dir);
	sink->take(sink->arg, name, buf_slice(&a.seed));
	buf_done(&a.seed);
}

static inline void put_some(struct lsm *db, unsigned from, unsigned to, const char *value)
{
	const struct lsm_write_options with_meta = {.meta = slice_str("meta")};

	for (unsigned n = from; n < to; n++) {
		char key[32];

		(void)snprintf(key, sizeof(key), "user/%u", n);
		if (n % 3 == 2)
			expect(lsm_delete(db, slice_str(key), NULL) == 0);
		else
			expect(lsm_put(db, slice_str(key), slice_str(value), &with_meta) == 0);
	}
}

/* Made by hand, so that its id is not drawn. */
static inline void create_store(struct env *env)
{
	struct env_dir *dir;

	expect(env_open_dir(env, STORE_DIR, true, &dir) == 0 && tree_create(dir, 0x1234) == 0);
	env_dir_close(dir);
}

static inline void put_large(struct lsm *db, const char *key, size_t len, unsigned step)
{
	struct buf value = {0};

	for (size_t i = 0; i < len; i++)
		feed_put_byte(&value, (uint8_t)(i * i / step));
	expect(lsm_put(db, slice_str(key), buf_slice(&value), NULL) == 0);
	buf_done(&value);
}

static inline void put_patches(struct lsm *db)
{
	const struct lsm_write_options with_meta = {.meta = slice_str("patched")};
	const struct lsm_patch bytes = {
		.size = 1100, .offset = 500, .bytes = slice_str("some bytes")};
	const struct lsm_patch zeros = {.size = 3000, .offset = 900, .zeros = 300};
	const struct lsm_patch shorter = {.size = 2000};

	expect(lsm_write_patch(db, slice_str("user/3"), &bytes, &with_meta) == 0);
	expect(lsm_write_patch(db, slice_str("user/1"), &zeros, &with_meta) == 0);
	expect(lsm_write_patch(db, slice_str("user/1"), &shorter, NULL) == 0);
}

/* Large values and patches in a log, then in tables with patches over them. */
static inline void store_seed_large(const struct fuzz_sink *sink)
{
	struct env *env = env_mem_new();
	struct lsm_options options = small_options(env);
	struct lsm *db;

	expect(env);
	env_mem_set_clock(env, 1000);
	create_store(env);
	expect(lsm_open(STORE_DIR, &options, &db) == 0);
	put_large(db, "user/1", 5000, 1000);
	put_large(db, "user/2", 1500, 7);
	put_patches(db);
	expect(lsm_close(db) == 0);
	take_store(sink, "large_log", env, SEAL_CLEAR);
	expect(lsm_open(STORE_DIR, &options, &db) == 0);
	expect(lsm_flush(db) == 0);
	put_large(db, "user/2", 1200, 7);
	put_patches(db);
	expect(lsm_close(db) == 0);
	take_store(sink, "large_tables", env, SEAL_CLEAR);
	take_store(sink, "large_sealed", env, SEAL_FILL);
	env_free(env);
}
