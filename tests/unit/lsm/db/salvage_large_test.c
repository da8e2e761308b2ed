/*
 * What a salvage makes of large values and patches that cannot be read, one case at a time. (That
 * nothing is lost that is not told: salvage_test.c.)
 */
#include "lsm/base/crc32c.h"
#include "lsm/base/rng.h"
#include "lsm/blob/value_format.h"
#include "lsm/sst/table.h"
#include "lsm/sst/table_builder.h"
#include "lsm/tree/manifest_format.h"
#include "lsm/wal/wal_writer.h"
#include "tests/unit/lsm/db/db_fixture.h"

#define TO_DIR "rescued"

enum {
	CHUNK = 4096,
	BIG = 3 * CHUNK + 100,
	SENTENCES_MAX = 8,
	SENTENCE_MAX = 400,
};

struct outcome {
	char sentences[SENTENCES_MAX][SENTENCE_MAX];
	size_t count;
	struct lsm_salvage_report report;
};

static struct lsm_options large_options(struct env *env)
{
	struct lsm_options o = db_small_options(env);

	o.large_value_threshold = 1024;
	o.chunk_bytes = CHUNK;
	o.blob_file_bytes = 64 << 10;
	return o;
}

static struct lsm *open_large(struct env *env)
{
	struct lsm_options options = large_options(env);

	return db_open_with(&options);
}

static void fill(uint8_t *bytes, size_t len, uint64_t seed)
{
	struct rng rng;

	rng_seed(&rng, seed);
	rng_fill(&rng, bytes, len);
}

static void put_big(struct lsm *db, const char *key, uint8_t bytes[BIG], uint64_t seed)
{
	fill(bytes, BIG, seed);
	ck_assert_int_eq(lsm_put(db, slice_str(key), slice_of(bytes, BIG), NULL), 0);
}

/* Of what stands in bytes[0, size) the part from offset on. */
static void patch(struct lsm *db, const char *key, const uint8_t *bytes, uint64_t size,
		  uint64_t offset, size_t len)
{
	const struct lsm_patch p = {
		.size = size, .offset = offset, .bytes = slice_of(bytes + offset, len)};

	ck_assert_int_eq(lsm_write_patch(db, slice_str(key), &p, NULL), 0);
}

static void note_sentence(void *arg, const char *what)
{
	struct outcome *o = arg;

	ck_assert_uint_lt(o->count, SENTENCES_MAX);
	(void)snprintf(o->sentences[o->count++], SENTENCE_MAX, "%s", what);
}

static struct outcome salvage_with(struct env *env, const struct lsm_options *options)
{
	struct outcome o = {0};
	int err = lsm_salvage(DB_DIR, TO_DIR, options, note_sentence, &o, &o.report);

	ck_assert_msg(err == 0, "%d %s", err, lsm_error_text());
	ck_assert_uint_eq(o.report.losses, o.count);
	env_mem_power_cut(env);
	return o;
}

static struct outcome salvage(struct env *env)
{
	struct lsm_options options = large_options(env);

	return salvage_with(env, &options);
}

static void expect_told(const struct outcome *o, const char *sentence)
{
	for (size_t i = 0; i < o->count; i++) {
		if (strcmp(o->sentences[i], sentence) == 0)
			return;
	}
	ck_abort_msg("not told: %s (but: %s)", sentence, o->count ? o->sentences[0] : "");
}

/* NULL bytes: no such key. */
static void expect_rescued(struct env *env, const char *key, const uint8_t *bytes, size_t len)
{
	struct lsm_options options = large_options(env);
	struct lsm_record record;
	struct lsm_verify_report report;
	struct lsm *db;

	ck_assert_int_eq(lsm_open(TO_DIR, &options, &db), 0);
	int err = lsm_get(db, slice_str(key), NULL, &record);

	ck_assert_int_eq(err, bytes ? 0 : -ENOENT);
	if (bytes) {
		ck_assert(slice_eq(record.value, slice_of(bytes, len)));
		lsm_record_release(&record);
	}
	ck_assert_int_eq(lsm_verify(db, &report), 0);
	db_close(db);
}

/* A store whose only value lies in one blob file, named by a table. */
static struct env *big_store(uint8_t bytes[BIG])
{
	struct env *env = env_mem_new();
	struct lsm *db = open_large(env);

	put_big(db, "big", bytes, 1);
	ck_assert_int_eq(lsm_flush(db), 0);
	db_close(db);
	return env;
}

START_TEST(a_lost_chunk_becomes_zeros)
{
	uint8_t bytes[BIG];
	struct env *env = big_store(bytes);
	struct db_found_name blob = db_find(env, ".blob");
	char sentence[SENTENCE_MAX];

	db_damage(env, blob.name, BLOB_HEADER_SIZE + CHUNK + 7);
	struct outcome o = salvage(env);

	(void)snprintf(sentence, sizeof(sentence),
		       "%s: offset 4128: chunk checksum is wrong: bytes 4096 to 8191 of the value "
		       "of the key \"big\" in change 1 are lost, zeros take their place",
		       blob.name);
	ck_assert_uint_eq(o.count, 1);
	expect_told(&o, sentence);
	ck_assert_uint_eq(o.report.chunks_lost, 1);
	ck_assert_uint_eq(o.report.bytes_lost, CHUNK);
	memset(bytes + CHUNK, 0, CHUNK);
	expect_rescued(env, "big", bytes, BIG);
	env_free(env);
}
END_TEST

/* Each chunk proves itself. */
START_TEST(a_blob_files_header_is_not_needed)
{
	uint8_t bytes[BIG];
	struct env *env = big_store(bytes);
	struct db_found_name blob = db_find(env, ".blob");

	for (int i = 0; i < BLOB_HEADER_SIZE; i++)
		db_damage(env, blob.name, i);
	ck_assert_uint_eq(salvage(env).count, 0);
	expect_rescued(env, "big", bytes, BIG);
	env_free(env);
}
END_TEST

START_TEST(a_missing_blob_file_is_told_once_a_value)
{
	uint8_t bytes[BIG];
	struct env *env = big_store(bytes);
	struct db_found_name blob = db_find(env, ".blob");
	char sentence[SENTENCE_MAX];

	ck_assert_int_eq(env_mem_remove_file(env, DB_DIR, blob.name), 0);
	struct outcome o = salvage(env);

	(void)snprintf(sentence, sizeof(sentence),
		       "%s: missing: bytes 0 to 12387 of the value of the key \"big\" in change 1 "
		       "are lost, zeros take their place",
		       blob.name);
	ck_assert_uint_eq(o.count, 1);
	expect_told(&o, sentence);
	ck_assert_uint_eq(o.report.chunks_lost, 4);
	memset(bytes, 0, BIG);
	expect_rescued(env, "big", bytes, BIG);
	env_free(env);
}
END_TEST

/* Also a hole of 2^44 bytes, which nobody walks through byte by byte. */
START_TEST(patches_are_folded_over_what_tables_have)
{
	uint8_t bytes[BIG];
	struct env *env = big_store(bytes);
	const struct lsm_patch huge = {.size = UINT64_C(1) << 44};
	struct lsm_options options = large_options(env);
	struct lsm_record record;

	options.value_max = LSM_VALUE_MAX;
	struct lsm *db = db_open_with(&options);

	fill(bytes + 4000, 200, 2);
	patch(db, "big", bytes, BIG, 4000, 200);
	memset(bytes + 5000, 0, 3000);
	const struct lsm_patch zeros = {.size = BIG, .offset = 5000, .zeros = 3000};

	ck_assert_int_eq(lsm_write_patch(db, slice_str("big"), &zeros, NULL), 0);
	fill(bytes + 100, 3, 3);
	patch(db, "big", bytes, BIG, 100, 3);
	ck_assert_int_eq(lsm_write_patch(db, slice_str("huge"), &huge, NULL), 0);
	patch(db, "new", bytes, 10, 5, 5);
	db_close(db);
	struct outcome o = salvage_with(env, &options);

	ck_assert_uint_eq(o.count, 0);
	ck_assert_uint_eq(o.report.records_written, 3);
	ck_assert_uint_eq(o.report.newest_seqno, 6);
	expect_rescued(env, "big", bytes, BIG);
	memset(bytes, 0, 5);
	expect_rescued(env, "new", bytes, 10);
	ck_assert_int_eq(lsm_open(TO_DIR, &options, &db), 0);
	ck_assert_int_eq(lsm_stat(db, slice_str("huge"), NULL, &record), 0);
	ck_assert_uint_eq(record.value_len, UINT64_C(1) << 44);
	ck_assert_uint_eq(record.seqno, 5);
	lsm_record_release(&record);
	db_close(db);
	env_free(env);
}
END_TEST

/* Values become what the new store's options say. */
START_TEST(values_move_into_blob_files_and_out_of_them)
{
	uint8_t bytes[BIG];
	struct env *env = big_store(bytes);
	struct lsm_options options = large_options(env);
	struct outcome o;

	options.large_value_threshold = BIG;
	o = salvage_with(env, &options);
	ck_assert_uint_eq(o.count, 0);
	ck_assert_uint_eq(db_find_in(env, TO_DIR, ".blob").count, 0);
	expect_rescued(env, "big", bytes, BIG);
	struct env *back = env_mem_new();
	struct lsm *db;

	options.env = back;
	ck_assert_int_eq(lsm_open(DB_DIR, &options, &db), 0);
	put_big(db, "big", bytes, 1);
	ck_assert_int_eq(lsm_flush(db), 0);
	db_close(db);
	ck_assert_uint_eq(db_find(back, ".blob").count, 0);
	ck_assert_uint_eq(salvage(back).count, 0);
	ck_assert_uint_eq(db_find_in(back, TO_DIR, ".blob").count, 1);
	expect_rescued(back, "big", bytes, BIG);
	env_free(back);
	env_free(env);
}
END_TEST

START_TEST(a_patch_whose_base_is_lost_is_told)
{
	uint8_t bytes[BIG];
	struct env *env = big_store(bytes);
	struct lsm *db = open_large(env);

	patch(db, "big", bytes, BIG, 4000, 200);
	db_close(db);
	ck_assert_int_eq(env_mem_remove_file(env, DB_DIR, db_find(env, ".sst").name), 0);
	struct outcome o = salvage(env);

	ck_assert_uint_eq(o.count, 2);
	expect_told(&o, "the logs: changes of parts of the value of the key \"big\" up to change 2 "
			"are applied to an empty one, but it may be lost what was there before");
	memset(bytes, 0, 4000);
	memset(bytes + 4200, 0, BIG - 4200);
	expect_rescued(env, "big", bytes, BIG);
	env_free(env);
}
END_TEST

/* The place of a text in a file. */
static size_t find_bytes(struct env *env, const char *name, const char *text)
{
	struct slice bytes;

	ck_assert_int_eq(env_mem_file(env, DB_DIR, name, &bytes), 0);
	const uint8_t *at = memmem(bytes.ptr, bytes.len, text, strlen(text));

	ck_assert_ptr_nonnull(at);
	return (size_t)(at - bytes.ptr);
}

START_TEST(a_patch_over_a_lost_change_is_told)
{
	uint8_t bytes[BIG];
	struct env *env = big_store(bytes);
	struct lsm *db = open_large(env);

	put_big(db, "other", bytes, 2);
	fill(bytes, BIG, 1);
	memcpy(bytes, "here it is", 10);
	patch(db, "big", bytes, BIG, 0, 10);
	patch(db, "big", bytes, BIG, 20, 1);
	patch(db, "other", bytes, BIG, 20, 1);
	db_close(db);
	struct db_found_name log = db_find(env, ".wal");

	db_damage(env, log.name, (int64_t)find_bytes(env, log.name, "here it is"));
	struct outcome o = salvage(env);

	/* of which key change 3 was, nobody knows */
	ck_assert_uint_eq(o.count, 3);
	expect_told(&o, "the logs: changes of parts of the value of the key \"big\" up to change 4 "
			"are applied to change 1, but some before them may be lost");
	fill(bytes, BIG, 1);
	expect_rescued(env, "big", bytes, BIG);
	env_free(env);
}
END_TEST

/* ---- records that make no sense ---- */

static struct record record_of(const char *key, uint64_t seqno, enum record_kind kind,
			       struct slice meta, struct slice value)
{
	return (struct record){
		.key = slice_str(key),
		.seqno = seqno,
		.kind = kind,
		.time_ns = 1,
		.meta = meta,
		.value = value,
		.value_len = value.len,
	};
}

/* In a folder without any manifest. */
static struct env_dir *begin_folder(struct env *env)
{
	struct env_dir *dir;

	ck_assert_int_eq(env_open_dir(env, DB_DIR, true, &dir), 0);
	return dir;
}

static void write_log(struct env_dir *dir, uint64_t first_seqno, const struct record *changes,
		      uint32_t count)
{
	struct batch b = {0};
	struct wal_writer *w;

	for (uint32_t i = 0; i < count; i++)
		ck_assert_int_eq(batch_add(&b, &changes[i]), 0);
	const struct wal_record rec = {
		.type = WAL_BATCH,
		.count = count,
		.first_seqno = first_seqno,
		.time_ns = 1,
		.payload = buf_slice(&b.rep),
		.payload_crc = crc32c(0, b.rep.ptr, b.rep.len),
	};

	ck_assert_int_eq(wal_writer_create(dir, 5, 77, &w), 0);
	ck_assert_int_eq(wal_writer_append(w, &rec), 0);
	wal_writer_close(w);
	batch_done(&b);
}

START_TEST(changes_that_make_no_sense_are_left_out)
{
	struct env *env = env_mem_new();
	struct env_dir *dir = begin_folder(env);
	const struct slice none = slice_of(NULL, 0);
	const struct slice five = slice_of("\x05", 1); /* the size in a meta */
	const struct record changes[] = {
		record_of("k", 0, RECORD_PUT, none, slice_str("first")),
		record_of("l", 0, RECORD_PATCH, five, slice_of("\x01\x03xx", 4)),
		record_of("k", 0, RECORD_PATCH, five, slice_of("\x01\x03xxx", 5)),
		record_of("k", 0, RECORD_LARGE, five, slice_str("no list of extents")),
		record_of("k", 0, RECORD_PATCH, five, slice_of("\x01\x00yy", 4)),
	};

	write_log(dir, 1, changes, array_size(changes));
	env_dir_close(dir);
	struct outcome o = salvage(env);

	ck_assert_uint_eq(o.count, 5); /* and CURRENT, and that "l" may have had a base */
	expect_told(&o, "000005.wal: offset 48: a patch makes no sense: it changes what is not "
			"within the value: change 3 of the key \"k\" is lost");
	expect_told(&o, "000005.wal: offset 48: a list of extents of 18 bytes: change 4 of the key "
			"\"k\" is lost");
	/* what change 5 was made over is gone */
	ck_assert_ptr_nonnull(strstr(o.sentences[3], "up to change 5 are applied to change 1"));
	ck_assert_uint_eq(o.report.log_records, 3);
	expect_rescued(env, "k", (const uint8_t *)"yyrst", 5);
	expect_rescued(env, "l", (const uint8_t *)"\0\0\0xx", 5);
	env_free(env);
}
END_TEST

static void write_table(struct env_dir *dir, const struct record *records, size_t count)
{
	const struct table_options options = {.block_size = 512, .restart_interval = 4};
	struct table_summary summary;
	struct table_builder *b;
	struct env_file *file;

	ck_assert_int_eq(env_dir_open(dir, "000007.sst", ENV_CREATE, &file), 0);
	ck_assert_int_eq(table_builder_new(file, "000007.sst", 99, &options, &b), 0);
	for (size_t i = 0; i < count; i++)
		ck_assert_int_eq(table_builder_add(b, &records[i]), 0);
	ck_assert_int_eq(table_builder_finish(b, &summary), 0);
	table_builder_free(b);
	env_file_close(file);
}

START_TEST(a_large_record_that_makes_no_sense_is_a_lost_value)
{
	struct env *env = env_mem_new();
	struct env_dir *dir = begin_folder(env);
	const struct record records[] = {
		record_of("k", 4, RECORD_LARGE, slice_of("\x05", 1), slice_str("no list")),
		record_of("k", 2, RECORD_PUT, slice_of(NULL, 0), slice_str("old")),
		record_of("l", 3, RECORD_LARGE, slice_of(NULL, 0), slice_of(NULL, 0)),
	};

	write_table(dir, records, array_size(records));
	env_dir_close(dir);
	struct outcome o = salvage(env);

	ck_assert_uint_eq(o.count, 3); /* and CURRENT */
	expect_told(&o, "000007.sst: a list of extents of 7 bytes: the value of the key \"k\" in "
			"change 4 is lost, the older one in change 2 takes its place");
	expect_told(&o, "000007.sst: a record's meta does not begin with a size: the value of the "
			"key \"l\" in change 3 is lost, there is no older one");
	ck_assert_uint_eq(o.report.tables_damaged, 1);
	expect_rescued(env, "k", (const uint8_t *)"old", 3);
	expect_rescued(env, "l", NULL, 0);
	env_free(env);
}
END_TEST

/* The new store could not be opened. */
START_TEST(changes_beyond_what_a_manifest_can_count_are_left_out)
{
	struct env *env = env_mem_new();
	struct env_dir *dir = begin_folder(env);
	const uint64_t limit = MANIFEST_COUNT_MAX;
	const struct slice none = slice_of(NULL, 0);
	const struct record records[] = {
		record_of("k", limit + 1, RECORD_PUT, none, slice_str("beyond")),
		record_of("k", limit, RECORD_PUT, none, slice_str("last")),
	};
	const struct record change = record_of("l", 0, RECORD_PUT, none, slice_str("log"));

	write_table(dir, records, array_size(records));
	write_log(dir, limit + 7, &change, 1);
	env_dir_close(dir);
	struct outcome o = salvage(env);

	ck_assert_uint_eq(o.count, 3); /* and CURRENT */
	ck_assert_uint_eq(o.report.newest_seqno, limit);
	expect_rescued(env, "k", (const uint8_t *)"last", 4);
	expect_rescued(env, "l", NULL, 0);
	env_free(env);
}
END_TEST

static const TTest *const *const tests[] = {
	&a_lost_chunk_becomes_zeros,
	&a_blob_files_header_is_not_needed,
	&a_missing_blob_file_is_told_once_a_value,
	&patches_are_folded_over_what_tables_have,
	&values_move_into_blob_files_and_out_of_them,
	&a_patch_whose_base_is_lost_is_told,
	&a_patch_over_a_lost_change_is_told,
	&changes_that_make_no_sense_are_left_out,
	&a_large_record_that_makes_no_sense_is_a_lost_value,
	&changes_beyond_what_a_manifest_can_count_are_left_out,
};

UNIT_SUITE("lsm/db/salvage_large", tests)
