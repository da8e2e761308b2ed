/*
 * A whole store: a folder of files with any content, opened for reading, then for writing. A store
 * that verifies reads the same both ways and key by key; it can be written, closed, reopened and
 * compacted, and holds the same records then.
 *
 *	input: files (tests/fuzz/store_feed.h)
 */
#include <errno.h>
#include <stdlib.h>

#include "lsm/tree/manifest.h"
#include "tests/fuzz/store_feed.h"
#include "tests/fuzz/store_scan.h"

static const char new_key[] = STORE_NEW_KEYS;
static const char new_large[] = STORE_NEW_KEYS "/large";

enum {
	COUNT_MARGIN = 1 << 20, /* numbers that one input cannot use up */
	NEW_LARGE = 3000,
};

static void expect_no_open(int rc)
{
	expect(rc == -EUCLEAN || rc == -EBADMSG || rc == -ENOENT || rc == -ENOTEMPTY);
	expect(lsm_error_text()[0]);
}

/* Each record by its key, as the scan has it. */
static void get_one(struct lsm *db, struct lsm_iter *it)
{
	const struct lsm_record *rec = lsm_iter_record(it);
	struct lsm_record found;
	struct slice value;

	if (rec->value_len > SCAN_WHOLE_MAX) {
		expect(lsm_stat(db, rec->key, NULL, &found) == 0);
		expect(found.value_len == rec->value_len);
	} else {
		expect(lsm_iter_value(it, &value) == 0);
		expect(lsm_get(db, rec->key, NULL, &found) == 0);
		expect(slice_eq(found.value, value));
	}
	expect(found.seqno == rec->seqno && slice_eq(found.meta, rec->meta));
	lsm_record_release(&found);
}

static void get_all(struct lsm *db)
{
	struct lsm_iter *it;

	expect(lsm_iter_new(db, NULL, &it) == 0);
	for (lsm_iter_first(it); lsm_iter_valid(it); lsm_iter_next(it))
		get_one(db, it);
	expect(lsm_iter_status(it) == 0);
	lsm_iter_free(it);
}

static void expect_answer(int rc)
{
	if (rc && rc != -ENOENT)
		expect_refusal(rc);
}

static void ask_any(struct lsm *db)
{
	struct lsm_record found;
	uint8_t part[SCAN_PART];
	const struct lsm_range range = {.offset = 1, .into = part, .len = sizeof(part)};
	size_t len;
	int rc = lsm_read(db, slice_str("user/1"), NULL, &range, &len, &found);

	if (!rc)
		lsm_record_release(&found);
	expect_answer(rc);
	rc = lsm_prefix_exists(db, slice_str("user/"), NULL);
	expect_answer(rc);
}

struct named_reader {
	struct lsm *db;
	uint64_t *sum;
};

static int read_one_named(void *arg, const struct lsm_snapshot_info *info)
{
	struct named_reader *r = arg;
	struct lsm_snapshot *s;

	expect(lsm_snapshot_open(r->db, info->name, &s) == 0);
	struct scan forward = scan(r->db, s, true);
	struct scan backward = scan(r->db, s, false);

	expect_same(&forward, &backward);
	*r->sum += forward.sum * (1 + info->seqno);
	lsm_snapshot_release(r->db, s);
	return 0;
}

/* Of a store that verifies; a manifest may say that there are any. */
static void read_named(struct lsm *db, uint64_t *sum)
{
	struct named_reader r = {.db = db, .sum = sum};

	expect(lsm_snapshot_list(db, read_one_named, &r) == 0);
}

/* True: it verifies, and *ret_scan is what is in it. */
static bool read_store(struct lsm *db, struct scan *ret_scan)
{
	struct scan forward = scan(db, NULL, true);
	struct scan backward = scan(db, NULL, false);
	struct lsm_verify_report report;
	int rc = lsm_verify(db, &report);

	ask_any(db);
	if (rc) {
		expect_refusal(rc);
		return false;
	}
	expect_same(&forward, &backward);
	get_all(db);
	read_named(db, &forward.named_sum);
	*ret_scan = forward;
	return true;
}

/* True: it opens and verifies. */
static bool look(struct env *env, bool *ret_opens, struct scan *ret_scan)
{
	struct lsm_options options = small_options(env);
	struct lsm *db;

	options.read_only = true;
	int rc = lsm_open(STORE_DIR, &options, &db);

	*ret_opens = !rc;
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

/* A large value, patched; and one that is not. */
static void write_new(struct lsm *db)
{
	uint8_t bytes[NEW_LARGE];
	const struct lsm_patch patch = {
		.size = NEW_LARGE + 10, .offset = 5, .bytes = slice_str("patch")};

	expect(lsm_put(db, slice_str(new_key), slice_str("new value"), NULL) == 0);
	memset(bytes, 'n', sizeof(bytes));
	expect(lsm_put(db, slice_str(new_large), slice_of(bytes, sizeof(bytes)), NULL) == 0);
	expect(lsm_write_patch(db, slice_str(new_large), &patch, NULL) == 0);
}

static void expect_new(struct lsm *db)
{
	uint8_t bytes[NEW_LARGE + 10] = {0};
	struct lsm_record found;

	expect(lsm_get(db, slice_str(new_key), NULL, &found) == 0);
	expect(slice_eq(found.value, slice_str("new value")));
	lsm_record_release(&found);
	memset(bytes, 'n', NEW_LARGE);
	memcpy(bytes + 5, "patch", 5);
	expect(lsm_get(db, slice_str(new_large), NULL, &found) == 0);
	expect(slice_eq(found.value, slice_of(bytes, sizeof(bytes))));
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
	write_new(db);
	expect(lsm_close(db) == 0);
	expect(lsm_open(STORE_DIR, &options, &db) == 0);
	if (before) {
		expect_new(db);
		expect_content(db, before);
	}
	rc = lsm_compact(db, slice_str(""), slice_str(""));
	expect(rc == 0 || !before);
	if (before) {
		expect_new(db);
		expect_content(db, before);
	}
	expect(lsm_close(db) == 0);
}

/*
 * Opened with damaged logs cut: what opens without that is the same; what does not is a store from
 * then on, whole at its end, and sound if it verified once.
 */
static void open_prefix(struct env *env, bool opens, const struct scan *before)
{
	struct lsm_options options = small_options(env);
	struct lsm_stats stats;
	struct scan found;
	struct lsm *db;

	options.recovery = LSM_RECOVER_PREFIX;
	int rc = lsm_open(STORE_DIR, &options, &db);

	if (rc) {
		expect_no_open(rc);
		return;
	}
	lsm_stats_read(db, &stats);
	expect(!opens || !stats.recovery_damaged);
	bool sound = read_store(db, &found);

	expect(!before || sound);
	if (before)
		expect_same(&found, before);
	expect(lsm_close(db) == 0);
	options.recovery = LSM_RECOVER_WHOLE;
	expect(lsm_open(STORE_DIR, &options, &db) == 0);
	if (sound)
		expect_content(db, &found);
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
	bool opens, sound = look(env, &opens, &before);
	struct env *copy = env_mem_clone(env);

	expect(copy);
	if (has_numbers_left(env))
		open_prefix(copy, opens, sound ? &before : NULL);
	env_free(copy);
	if (has_numbers_left(env))
		change(env, (enum lsm_strategy)(len % 3), sound ? &before : NULL);
	env_free(env);
	return 0;
}

/* ---- seeds ---- */

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

/* Snapshots of the log and of what only tables have. */
static void seed_named(const struct fuzz_sink *sink)
{
	struct env *env = env_mem_new();
	struct lsm_options options = small_options(env);
	struct lsm *db;

	expect(env);
	env_mem_set_clock(env, 1000);
	create_store(env);
	expect(lsm_open(STORE_DIR, &options, &db) == 0);
	put_some(db, 0, 4, "first");
	expect(lsm_snapshot_make(db, slice_str("a")) == 0);
	put_some(db, 1, 6, "second");
	expect(lsm_snapshot_make(db, slice_str("b")) == 0);
	expect(lsm_compact(db, slice_str(""), slice_str("")) == 0);
	put_some(db, 2, 5, "third");
	expect(lsm_snapshot_make(db, slice_str("c")) == 0);
	expect(lsm_snapshot_drop(db, slice_str("b")) == 0);
	put_some(db, 3, 5, "last");
	expect(lsm_close(db) == 0);
	take_store(sink, "named", env, SEAL_CLEAR);
	env_free(env);
}

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
	seed_named(sink);
	store_seed_large(sink);
	seed_piled_runs(sink);
	seed_limits(sink, "last_file", MANIFEST_COUNT_MAX - COUNT_MARGIN, 1);
	seed_limits(sink, "last_seqno", 6, MANIFEST_COUNT_MAX - COUNT_MARGIN);
	seed_limits(sink, "beyond_last_file", FILE_NUMBER_MAX, 1);
	seed_limits(sink, "beyond_last_seqno", 6, RECORD_SEQNO_MAX);
}
