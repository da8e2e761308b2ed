/*
 * A whole store: a folder of files with any content, opened for reading, then for writing. A store
 * that verifies reads the same both ways and key by key; it can be written, closed, reopened and
 * compacted, and holds the same records then.
 *
 *	input: files, each: kind (u8, enum part), number (u8), content (sized)
 */
#include <errno.h>
#include <stdlib.h>

#include "lsm/base/crc32c.h"
#include "lsm/env/env_mem.h"
#include "lsm/lsm.h"
#include "lsm/tree/file_name.h"
#include "lsm/tree/manifest.h"
#include "lsm/tree/tree.h"
#include "tests/fuzz/feed.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/seal.h"

#define STORE_DIR "store"

static const char new_key[] = "user/new";

enum {
	COUNT_MARGIN = 1 << 20, /* numbers that one input cannot use up */
};

enum part {
	PART_CURRENT,     /* naming manifest `number`; the content counts for nothing */
	PART_MANIFEST,    /* sealed */
	PART_LOG,         /* sealed */
	PART_TABLE,       /* sealed */
	PART_RAW_CURRENT, /* as it is, like those below */
	PART_LEFTOVER,
	PART_LOCK,
	PART_STRANGER,
	PART_COUNT,
};

static void put_current(struct env *env, uint64_t number)
{
	char line[ENV_NAME_MAX + 32];
	char name[ENV_NAME_MAX + 1];

	file_name_make(FILE_MANIFEST, number, name);
	int len = snprintf(line, sizeof(line), "%s crc32c=%08x\n", name,
			   crc32c(0, name, strlen(name)));

	expect(env_mem_set_file(env, STORE_DIR, "CURRENT", slice_of(line, (size_t)len)) == 0);
}

static void put_numbered(struct env *env, enum file_kind kind, uint64_t number,
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

static void put_part(struct env *env, struct feed *f)
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
	default:
		expect(env_mem_set_file(env, STORE_DIR, raw_names[part - PART_RAW_CURRENT],
					content) == 0);
	}
}

static struct lsm_options small_options(struct env *env)
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
	o.compaction_threads = 0; /* none unasked: the same input does the same every time */
	return o;
}

static void expect_refusal(int rc)
{
	expect(rc == -EUCLEAN || rc == -EBADMSG);
}

static void expect_no_open(int rc)
{
	expect(rc == -EUCLEAN || rc == -EBADMSG || rc == -ENOENT || rc == -ENOTEMPTY);
	expect(lsm_error_text()[0]);
}

/* What a scan met. */
struct scan {
	uint64_t records;
	uint64_t sum; /* of keys, metas and values, in any order; new_key left out */
	bool sorted;
	int status;
};

static void note(struct scan *s, const struct lsm_record *rec, struct slice value)
{
	uint32_t crc = crc32c(0, rec->key.ptr, rec->key.len);

	if (slice_eq(rec->key, slice_str(new_key)))
		return;
	crc = crc32c(crc, rec->meta.ptr, rec->meta.len);
	s->sum += (uint64_t)crc32c(crc, value.ptr, value.len) * 0x9e3779b1 + rec->seqno;
	s->records++;
}

static struct scan scan(struct lsm *db, bool forward)
{
	struct scan s = {.sorted = true};
	cleanup_buf struct buf last = {0};
	struct lsm_iter *it;
	bool begun = false;

	expect(lsm_iter_new(db, NULL, &it) == 0);
	for (forward ? lsm_iter_first(it) : lsm_iter_last(it); lsm_iter_valid(it);
	     forward ? lsm_iter_next(it) : lsm_iter_prev(it)) {
		const struct lsm_record *rec = lsm_iter_record(it);
		int order = slice_cmp(buf_slice(&last), rec->key);
		struct slice value;
		int rc = lsm_iter_value(it, &value);

		if (rc) {
			expect_refusal(rc);
			s.status = rc;
			continue;
		}
		if (begun && (forward ? order >= 0 : order <= 0))
			s.sorted = false;
		begun = true;
		expect(buf_set(&last, rec->key) == 0);
		note(&s, rec, value);
	}
	if (lsm_iter_status(it)) {
		expect_refusal(lsm_iter_status(it));
		s.status = lsm_iter_status(it);
	}
	lsm_iter_free(it);
	return s;
}

static void expect_same(const struct scan *a, const struct scan *b)
{
	expect(a->sorted && b->sorted && !a->status && !b->status);
	expect(a->records == b->records && a->sum == b->sum);
}

/* Each record by its key, as the scan has it. */
static void get_all(struct lsm *db)
{
	struct lsm_iter *it;

	expect(lsm_iter_new(db, NULL, &it) == 0);
	for (lsm_iter_first(it); lsm_iter_valid(it); lsm_iter_next(it)) {
		struct lsm_record found;
		struct slice value;

		expect(lsm_iter_value(it, &value) == 0);
		expect(lsm_get(db, lsm_iter_record(it)->key, NULL, &found) == 0);
		expect(slice_eq(found.value, value));
		expect(found.seqno == lsm_iter_record(it)->seqno);
		lsm_record_release(&found);
	}
	expect(lsm_iter_status(it) == 0);
	lsm_iter_free(it);
}

static void ask_any(struct lsm *db)
{
	struct lsm_record found;
	int rc = lsm_get(db, slice_str("user/1"), NULL, &found);

	if (!rc)
		lsm_record_release(&found);
	expect(rc == 0 || rc == -ENOENT || rc == -EUCLEAN || rc == -EBADMSG);
	rc = lsm_prefix_exists(db, slice_str("user/"), NULL);
	expect(rc == 0 || rc == -ENOENT || rc == -EUCLEAN || rc == -EBADMSG);
}

/* True: it verifies, and *ret_scan is what is in it. */
static bool read_store(struct lsm *db, struct scan *ret_scan)
{
	struct scan forward = scan(db, true);
	struct scan backward = scan(db, false);
	struct lsm_verify_report report;
	int rc = lsm_verify(db, &report);

	ask_any(db);
	if (rc) {
		expect_refusal(rc);
		return false;
	}
	expect_same(&forward, &backward);
	get_all(db);
	*ret_scan = forward;
	return true;
}

/* True: it opens and verifies. */
static bool look(struct env *env, struct scan *ret_scan)
{
	struct lsm_options options = small_options(env);
	struct lsm *db;

	options.read_only = true;
	int rc = lsm_open(STORE_DIR, &options, &db);

	if (rc) {
		expect_no_open(rc);
		return false;
	}
	bool sound = read_store(db, ret_scan);

	expect(lsm_put(db, slice_str("k"), slice_str("v"), NULL) == -EROFS);
	expect(lsm_close(db) == 0);
	return sound;
}

static void expect_content(struct lsm *db, const struct scan *before)
{
	struct scan now;

	expect(read_store(db, &now));
	expect_same(&now, before);
}

static void expect_new_key(struct lsm *db)
{
	struct lsm_record found;

	expect(lsm_get(db, slice_str(new_key), NULL, &found) == 0);
	expect(slice_eq(found.value, slice_str("new value")));
	lsm_record_release(&found);
}

/* before: what is in it; NULL: nobody knows, so only that nothing breaks counts. */
static void change(struct env *env, enum lsm_strategy strategy, const struct scan *before)
{
	struct lsm_options options = small_options(env);
	struct lsm *db;
	int rc;

	options.strategy = strategy;
	rc = lsm_open(STORE_DIR, &options, &db);
	if (rc) {
		expect_no_open(rc);
		return;
	}
	if (before)
		expect_content(db, before);
	rc = lsm_put(db, slice_str(new_key), slice_str("new value"), NULL);
	expect(rc == 0);
	expect(lsm_close(db) == 0);
	expect(lsm_open(STORE_DIR, &options, &db) == 0);
	if (before) {
		expect_new_key(db);
		expect_content(db, before);
	}
	rc = lsm_compact(db, slice_str(""), slice_str(""));
	expect(rc == 0 || !before);
	if (before) {
		expect_new_key(db);
		expect_content(db, before);
	}
	expect(lsm_close(db) == 0);
}

/* No store gets near the end of its numbers; one that says so cannot be written for long. */
static bool has_numbers_left(struct env *env)
{
	cleanup_manifest_state struct manifest_state state = {0};
	struct env_dir *dir;
	uint64_t number;

	expect(env_open_dir(env, STORE_DIR, true, &dir) == 0);
	int rc = current_read(dir, &number);

	if (!rc)
		rc = manifest_read(dir, number, &state);
	env_dir_close(dir);
	return rc ||
	       max_of(state.next_file, state.flushed_seqno) <= MANIFEST_COUNT_MAX - COUNT_MARGIN;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct feed f = feed_of(bytes, len);
	struct env *env = env_mem_new();
	struct scan before;

	expect(env);
	env_mem_set_clock(env, 1000);
	while (!feed_is_empty(&f))
		put_part(env, &f);
	bool sound = look(env, &before);

	if (has_numbers_left(env))
		change(env, (enum lsm_strategy)(len % 3), sound ? &before : NULL);
	env_free(env);
	return 0;
}

/* ---- seeds ---- */

struct archive {
	struct env *env;
	struct buf seed;
	enum seal_mode mode;
};

/* Of the space that a log or manifest has reserved a little is enough. */
static struct slice without_most_zeros(struct slice bytes)
{
	size_t len = bytes.len;

	while (len > 0 && bytes.ptr[len - 1] == 0)
		len--;
	return slice_of(bytes.ptr, min_of(len / 8 * 8 + 64, bytes.len));
}

static int archive_file(void *arg, const char *name)
{
	struct archive *a = arg;
	cleanup_buf struct buf content = {0};
	struct file_name parsed = file_name_parse(name);
	struct slice bytes;

	if (strcmp(name, "LOCK") == 0)
		return 0;
	expect(env_mem_file(a->env, STORE_DIR, name, &bytes) == 0);
	feed_put(&content, parsed.kind == FILE_TABLE ? bytes : without_most_zeros(bytes));
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
	default:
		feed_put_byte(&a->seed, PART_RAW_CURRENT);
	}
	feed_put_byte(&a->seed, (uint8_t)(parsed.number ? parsed.number - 1 : 0));
	feed_put_sized(&a->seed, buf_slice(&content));
	return 0;
}

static void take_store(const struct fuzz_sink *sink, const char *name, struct env *env,
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

static void put_some(struct lsm *db, unsigned from, unsigned to, const char *value)
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
static void create_store(struct env *env)
{
	struct env_dir *dir;

	expect(env_open_dir(env, STORE_DIR, true, &dir) == 0 && tree_create(dir, 0x1234) == 0);
	env_dir_close(dir);
}

/* An empty store that has counted as far as its manifest can say. */
static void seed_limits(const struct fuzz_sink *sink, const char *name, uint64_t next_file,
			uint64_t flushed_seqno)
{
	struct version_edit whole = {
		.has_next_file = true,
		.next_file = next_file,
		.has_flushed_seqno = true,
		.flushed_seqno = flushed_seqno,
	};
	struct manifest_writer w = {0};
	struct env *env = env_mem_new();
	struct env_dir *dir;

	expect(env && env_open_dir(env, STORE_DIR, true, &dir) == 0);
	expect(manifest_create(dir, 5, ENV_CREATE, 0x1234, &whole, &w) == 0);
	manifest_close(&w);
	expect(current_write(dir, 5) == 0);
	env_dir_close(dir);
	take_store(sink, name, env, SEAL_CLEAR);
	version_edit_done(&whole);
	env_free(env);
}

static const char long_value[] = "a value of more than sixty-four bytes, so that it gets a block "
				 "of its own in a table";

/* By another strategy: level 1 is a run with a number, level 0 lies over it. */
static void seed_runs(const struct fuzz_sink *sink)
{
	struct env *env = env_mem_new();
	struct lsm_options options = small_options(env);
	struct lsm *db;

	expect(env);
	env_mem_set_clock(env, 1000);
	options.strategy = LSM_TIERED;
	create_store(env);
	expect(lsm_open(STORE_DIR, &options, &db) == 0);
	put_some(db, 0, 6, "first");
	expect(lsm_compact(db, slice_str(""), slice_str("")) == 0);
	put_some(db, 3, 8, long_value);
	expect(lsm_compact(db, slice_str("user/4"), slice_str("user/5")) == 0);
	put_some(db, 1, 4, "last");
	expect(lsm_flush(db) == 0 && lsm_close(db) == 0);
	take_store(sink, "runs", env, SEAL_CLEAR);
	env_free(env);
}

/* The tables of level 0 become runs of level 1, as a tiered compaction of each alone makes them. */
static void lower_tables(struct env_dir *dir)
{
	cleanup_manifest_state struct manifest_state state = {0};
	struct version_edit whole = {.has_next_file = true, .has_flushed_seqno = true};
	struct manifest_writer w = {0};
	struct version *version;
	const char *reason;
	uint64_t number;

	expect(current_read(dir, &number) == 0 && manifest_read(dir, number, &state) == 0);
	expect(version_builder_finish(&state.tables, &version, &reason) == 0);
	for (size_t i = 0; i < version->levels[0].count; i++) {
		struct table_file *file = version->levels[0].files[i];

		expect(version_edit_add_table(&whole, 1, file->number, file) == 0);
	}
	for (size_t i = 0; i < state.logs.count; i++)
		expect(number_list_insert(&whole.logs_added, state.logs.numbers[i]) == 0);
	whole.next_file = state.next_file + 1;
	whole.flushed_seqno = state.flushed_seqno;
	expect(manifest_create(dir, state.next_file, ENV_CREATE, state.store_id, &whole, &w) == 0);
	manifest_close(&w);
	expect(current_write(dir, state.next_file) == 0);
	version_edit_done(&whole);
	version_unref(version);
}

/* Level 1 has several runs that overlap, and a log lies over them. */
static void seed_piled_runs(const struct fuzz_sink *sink)
{
	struct env *env = env_mem_new();
	struct lsm_options options = small_options(env);
	struct lsm_stats stats;
	struct env_dir *dir;
	struct lsm *db;

	expect(env);
	env_mem_set_clock(env, 1000);
	options.strategy = LSM_TIERED;
	create_store(env);
	expect(lsm_open(STORE_DIR, &options, &db) == 0);
	for (unsigned n = 0; n < 3; n++) {
		put_some(db, n, 6 - n, n == 1 ? long_value : "short");
		expect(lsm_flush(db) == 0);
	}
	expect(lsm_close(db) == 0);
	expect(env_open_dir(env, STORE_DIR, false, &dir) == 0);
	lower_tables(dir);
	env_dir_close(dir);
	expect(lsm_open(STORE_DIR, &options, &db) == 0);
	put_some(db, 2, 4, "last");
	lsm_stats_read(db, &stats);
	expect(stats.levels[1].runs == 3);
	expect(lsm_close(db) == 0);
	take_store(sink, "piled_runs", env, SEAL_CLEAR);
	env_free(env);
}

void fuzz_seeds(const struct fuzz_sink *sink)
{
	struct env *env = env_mem_new();
	struct lsm_options options = small_options(env);
	struct lsm *db;

	expect(env);
	env_mem_set_clock(env, 1000);
	create_store(env);
	expect(lsm_open(STORE_DIR, &options, &db) == 0);
	put_some(db, 0, 4, "first");
	expect(lsm_close(db) == 0);
	take_store(sink, "log", env, SEAL_CLEAR);
	expect(lsm_open(STORE_DIR, &options, &db) == 0);
	expect(lsm_compact(db, slice_str(""), slice_str("")) == 0);
	put_some(db, 2, 7, long_value);
	expect(lsm_flush(db) == 0);
	put_some(db, 5, 9, "last");
	expect(lsm_close(db) == 0);
	take_store(sink, "tables", env, SEAL_CLEAR);
	take_store(sink, "sealed", env, SEAL_FILL);
	env_free(env);
	seed_runs(sink);
	seed_piled_runs(sink);
	seed_limits(sink, "last_file", MANIFEST_COUNT_MAX - COUNT_MARGIN, 1);
	seed_limits(sink, "last_seqno", 6, MANIFEST_COUNT_MAX - COUNT_MARGIN);
	seed_limits(sink, "beyond_last_file", FILE_NUMBER_MAX, 1);
	seed_limits(sink, "beyond_last_seqno", 6, RECORD_SEQNO_MAX);
}
