/*
 * A folder of files with any content, salvaged: that always comes to an end, and to a sound store.
 * Of a store that was sound and of which nothing is said to be lost, the new one holds the same.
 *
 *	input: files (tests/fuzz/store_feed.h)
 */
#include "tests/fuzz/store_feed.h"
#include "tests/fuzz/store_scan.h"

#define TO_DIR "rescued"

/* True: it opens and verifies, and *ret_scan is what is in it. */
static bool look(struct env *env, const char *path, struct scan *ret_scan)
{
	struct lsm_options options = small_options(env);
	struct lsm_verify_report report;
	struct lsm *db;

	options.read_only = true;
	if (lsm_open(path, &options, &db))
		return false;
	bool sound = lsm_verify(db, &report) == 0;

	*ret_scan = scan(db, NULL, true);
	expect(lsm_close(db) == 0);
	return sound;
}

struct told {
	uint64_t count, of_bytes;
};

static void note_loss(void *arg, const char *what)
{
	struct told *t = arg;

	expect(what[0] && !strchr(what, '\n'));
	t->count++;
	t->of_bytes += strstr(what, "zeros take their place") != NULL;
}

static void salvage(struct env *env, const struct scan *before)
{
	struct lsm_options options = small_options(env);
	struct lsm_salvage_report report;
	struct told told = {0};
	struct scan after;
	int rc = lsm_salvage(STORE_DIR, TO_DIR, &options, note_loss, &told, &report);

	if (rc) {
		expect(rc == -ENOENT && !before);
		return;
	}
	expect(told.count == report.losses);
	expect((told.of_bytes > 0) == (report.chunks_lost > 0));
	expect(look(env, TO_DIR, &after) && after.sorted && after.status == 0);
	if (before && report.losses == 0)
		expect_same(before, &after);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct feed f = feed_of(bytes, len);
	struct env *env = env_mem_new();
	struct env_dir *dir;
	struct scan before;

	expect(env && env_open_dir(env, STORE_DIR, true, &dir) == 0);
	env_dir_close(dir);
	env_mem_set_clock(env, 1000);
	while (!feed_is_empty(&f))
		put_part(env, &f);
	bool sound = look(env, STORE_DIR, &before);

	salvage(env, sound ? &before : NULL);
	env_free(env);
	return 0;
}

/* A store whose manifest is gone. */
static void seed_without_manifest(const struct fuzz_sink *sink)
{
	struct env *env = env_mem_new();
	struct lsm_options options = small_options(env);
	struct lsm *db;

	expect(env);
	env_mem_set_clock(env, 1000);
	create_store(env);
	expect(lsm_open(STORE_DIR, &options, &db) == 0);
	put_some(db, 0, 4, "first");
	put_large(db, "user/1", 2000, 9);
	expect(lsm_flush(db) == 0);
	put_patches(db);
	expect(lsm_close(db) == 0);
	expect(env_mem_remove_file(env, STORE_DIR, "CURRENT") == 0);
	take_store(sink, "no_current", env, SEAL_CLEAR);
	env_free(env);
}

static int empty_log(void *arg, const char *name)
{
	if (file_name_parse(name).kind != FILE_LOG)
		return 0;
	return env_mem_set_file(arg, STORE_DIR, name, slice_of(NULL, 0));
}

static void seed_empty_log(const struct fuzz_sink *sink)
{
	struct env *env = env_mem_new();
	struct lsm_options options = small_options(env);
	struct env_dir *dir;
	struct lsm *db;

	expect(env);
	env_mem_set_clock(env, 1000);
	create_store(env);
	expect(lsm_open(STORE_DIR, &options, &db) == 0);
	put_some(db, 0, 4, "first");
	expect(lsm_close(db) == 0);
	expect(env_open_dir(env, STORE_DIR, false, &dir) == 0);
	expect(env_dir_list(dir, empty_log, env) == 0);
	env_dir_close(dir);
	take_store(sink, "empty_log", env, SEAL_CLEAR);
	env_free(env);
}

void fuzz_seeds(const struct fuzz_sink *sink)
{
	store_seed_large(sink);
	seed_without_manifest(sink);
	seed_empty_log(sink);
}
