/*
 * A folder with few entries above a million keys is listed by a few seeks, however many keys lie
 * below; a folder of a million files is listed whole, each once, in bounded memory.
 *
 * usage: folder_test APEXFS [KEYS]     (default 1000000)
 */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/clock.h"
#include "lsm/lsm.h"
#include "tests/support/mounted.h"
#include "tests/support/tap.h"

enum {
	SUBFOLDERS = 100,
	VALUE_BYTES = 16,
	BATCH_KEYS = 1000,
	LISTING_BYTES = 32 * 1024, /* what ls asks for at a time */
	STATS_BYTES_MAX = 256 * 1024,
	/* A seek looks into one block of each table that may hold the key: some on level 0, one on
	 * each level below. */
	BLOCKS_PER_ENTRY_MAX = 16,
	/* lookup, opendir, readdir(plus) until the end; each page of a reply is a request */
	COLD_REQUESTS_MAX = 11,
	WARM_REQUESTS_MAX = 1,
	GROWTH_MAX_MIB = 64,
	CLOSING_MAX_S = 60,
};

#define KEYS_DEFAULT UINT64_C(1000000)

/* Before, between and behind the subfolders, also where a subfolder's name goes on. */
static const char *const files[] = {
	"0", "a file", "sub", "sub00!", "sub00.txt", "sub50+", "sub500", "sub99.", "sub99zz", "zzz",
};

enum {
	FILES = array_size(files),
	ENTRIES = FILES + SUBFOLDERS,
};

/* ---- the store ---- */

static int put_text(struct lsm_batch *batch, const char *key)
{
	static const char value[VALUE_BYTES + 1] = "sixteen bytes...";

	return lsm_batch_put(batch, slice_str(key), slice_of(NULL, 0),
			     slice_of(value, VALUE_BYTES));
}

static int batch_write(struct lsm *db, struct lsm_batch *batch)
{
	int rc = lsm_write(db, batch, NULL, NULL);

	lsm_batch_clear(batch);
	return rc;
}

static int fill_files(struct lsm *db, struct lsm_batch *batch)
{
	int rc = 0;

	for (int i = 0; i < FILES && !rc; i++) {
		char key[PATH_MAX];

		snprintf(key, sizeof(key), "big/%s", files[i]);
		rc = put_text(batch, key);
	}
	return rc ? rc : batch_write(db, batch);
}

/* Each table covers all the subfolders; the folder of many files is whole and in order. */
static int fill_folders(struct lsm *db, struct lsm_batch *batch, uint64_t keys)
{
	int rc = 0;

	for (uint64_t i = 0; i < keys && !rc; i++) {
		char key[PATH_MAX];

		snprintf(key, sizeof(key), "big/sub%02u/key%08" PRIu64, (unsigned)(i % SUBFOLDERS),
			 i);
		rc = put_text(batch, key);
		snprintf(key, sizeof(key), "many/%08" PRIu64, i);
		if (!rc)
			rc = put_text(batch, key);
		if (!rc && (lsm_batch_count(batch) >= BATCH_KEYS || i + 1 == keys))
			rc = batch_write(db, batch);
	}
	return rc;
}

static int store_fill(const char *store, uint64_t keys)
{
	struct lsm_batch *batch = lsm_batch_new();
	struct lsm_options options;
	struct lsm *db;

	if (!batch)
		return -ENOMEM;
	lsm_options_init(&options);
	options.filter_separator = '/';
	int rc = lsm_open(store, &options, &db);

	if (!rc) {
		rc = fill_files(db, batch);
		if (!rc)
			rc = fill_folders(db, batch, keys);
		int close_rc = lsm_close(db);

		rc = rc ? rc : close_rc;
	}
	lsm_batch_free(batch);
	return rc;
}

/* ---- counters ---- */

/* The sums that tell what a listing costs, out of .stats. */
struct costs {
	uint64_t requests; /* that somebody waited for; but those of reading .stats */
	uint64_t blocks;   /* of tables that were looked into, cached or not */
	uint64_t gets;
	uint64_t folders_open;
};

static uint64_t stats_value(const char *text, const char *name)
{
	char wanted[64];
	int len = snprintf(wanted, sizeof(wanted), "\n%s ", name);
	const char *line = strstr(text, wanted);

	return line ? strtoull(line + len, NULL, 10) : UINT64_MAX / 4;
}

static int costs_read(const struct mounted *m, struct costs *ret_costs)
{
	static char text[STATS_BYTES_MAX];
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/.stats", m->point);
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0)
		return -errno;
	text[n] = '\0';

	uint64_t released = stats_value(text, "fuse_releasedir");

	*ret_costs = (struct costs){
		.requests = stats_value(text, "fuse_requests") - released -
			    stats_value(text, "fuse_virtual"),
		.blocks = stats_value(text, "cache_hits") + stats_value(text, "cache_misses"),
		.gets = stats_value(text, "gets"),
		.folders_open = stats_value(text, "fuse_opendir") - released,
	};
	return 0;
}

/*
 * The kernel tells of a folder's closing when it gets to it, over io_uring even after requests that
 * were made later; and while one opening lasts the next has no cache.
 */
static int costs_read_at_rest(const struct mounted *m, struct costs *ret_costs)
{
	uint64_t give_up_ns = clock_mono_ns() + CLOSING_MAX_S * UINT64_C(1000000000);
	int rc;

	while ((rc = costs_read(m, ret_costs)) == 0 && ret_costs->folders_open > 0)
		if (clock_mono_ns() > give_up_ns)
			return -ETIMEDOUT;
	return rc;
}

static struct costs costs_minus(struct costs a, struct costs b)
{
	return (struct costs){
		.requests = a.requests - b.requests,
		.blocks = a.blocks - b.blocks,
		.gets = a.gets - b.gets,
	};
}

/* ---- the listing ---- */

/* What ls does with the folder: take() gets each entry. Its time; a negative errno. */
static int list(const char *path, void (*take)(void *arg, const struct dirent64 *entry), void *arg,
		uint64_t *ret_ns)
{
	static char entries[LISTING_BYTES] __attribute__((aligned(8)));
	uint64_t start_ns = clock_mono_ns();
	ssize_t n;
	cleanup_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	while ((n = getdents64(fd, entries, sizeof(entries))) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *entry = (const struct dirent64 *)(entries + at);

			take(arg, entry);
			at += entry->d_reclen;
		}
	}
	if (n < 0)
		return -errno;
	*ret_ns = clock_mono_ns() - start_ns;
	return 0;
}

/* ---- of few entries above many keys ---- */

struct listing {
	unsigned files_seen[FILES];
	unsigned subfolders_seen[SUBFOLDERS];
	unsigned dots;
	unsigned strangers; /* other names, or a wrong type */
	uint64_t ns;
};

static void take_entry(void *arg, const struct dirent64 *entry)
{
	struct listing *l = arg;
	const char *name = entry->d_name;
	unsigned subfolder;

	for (int i = 0; i < FILES; i++) {
		if (strcmp(name, files[i]) == 0 && entry->d_type == DT_REG) {
			l->files_seen[i]++;
			return;
		}
	}
	if (entry->d_type == DT_DIR && strlen(name) == strlen("sub00") &&
	    sscanf(name, "sub%2u", &subfolder) == 1 && subfolder < SUBFOLDERS)
		l->subfolders_seen[subfolder]++;
	else if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		l->dots++;
	else
		l->strangers++;
}

static bool is_complete(const struct listing *l)
{
	bool complete = l->dots == 2 && l->strangers == 0;

	for (int i = 0; i < FILES; i++)
		complete = complete && l->files_seen[i] == 1;
	for (int i = 0; i < SUBFOLDERS; i++)
		complete = complete && l->subfolders_seen[i] == 1;
	return complete;
}

/* List, and tell what it cost. */
static int list_with_costs(const struct mounted *m, struct listing *ret_listing,
			   struct costs *ret_costs)
{
	struct costs before, after;
	char path[PATH_MAX];
	int rc = costs_read_at_rest(m, &before);

	snprintf(path, sizeof(path), "%s/big", m->point);
	if (!rc)
		rc = list(path, take_entry, ret_listing, &ret_listing->ns);
	if (!rc)
		rc = costs_read(m, &after);
	if (!rc)
		*ret_costs = costs_minus(after, before);
	return rc;
}

static void check_listing(const struct mounted *m, const char *when, uint64_t requests_max)
{
	struct listing l = {0};
	struct costs costs = {0};
	int rc = list_with_costs(m, &l, &costs);

	tap_result(!rc && is_complete(&l), "%s listing: %d entries, each once, in %.2f ms (%d)",
		   when, ENTRIES, (double)l.ns / 1e6, rc);
	tap_result(!rc && costs.requests <= requests_max,
		   "%s listing: %" PRIu64 " requests, at most %" PRIu64, when, costs.requests,
		   requests_max);
	tap_result(!rc && costs.blocks <= ENTRIES * BLOCKS_PER_ENTRY_MAX,
		   "%s listing: %" PRIu64 " blocks looked into, at most %d; %" PRIu64 " gets", when,
		   costs.blocks, ENTRIES * BLOCKS_PER_ENTRY_MAX, costs.gets);
}

/* ---- of many files ---- */

struct census {
	uint64_t keys;
	uint8_t *seen; /* of each, how often */
	unsigned dots;
	unsigned strangers;
};

static void count_entry(void *arg, const struct dirent64 *entry)
{
	struct census *c = arg;
	char *end;
	uint64_t i = strtoull(entry->d_name, &end, 10);

	if (entry->d_name[0] == '.')
		c->dots++;
	else if (*end || i >= c->keys || entry->d_type != DT_REG)
		c->strangers++;
	else
		c->seen[i]++;
}

static bool census_is_right(const struct census *c)
{
	bool right = c->dots == 2 && c->strangers == 0;

	for (uint64_t i = 0; i < c->keys; i++)
		right = right && c->seen[i] == 1;
	return right;
}

/* The peak of its memory in KiB (VmHWM of proc(5)); 0: it cannot be read. */
static uint64_t peak_kib(pid_t pid)
{
	static char text[STATS_BYTES_MAX];
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0)
		return 0;
	text[n] = '\0';

	const char *line = strstr(text, "VmHWM:");

	return line ? strtoull(line + strlen("VmHWM:"), NULL, 10) : 0;
}

static void check_many(const struct mounted *m, uint64_t keys)
{
	struct census c = {.keys = keys, .seen = calloc(keys, 1)};
	uint64_t before_kib = peak_kib(m->daemon), ns = 0;
	char path[PATH_MAX];

	assert(c.seen);
	snprintf(path, sizeof(path), "%s/many", m->point);
	int rc = list(path, count_entry, &c, &ns);
	uint64_t after_kib = peak_kib(m->daemon);

	tap_result(!rc && census_is_right(&c), "%" PRIu64 " files, each once, in %.2f s (%d)", keys,
		   (double)ns / 1e9, rc);
	tap_result(before_kib > 0 && after_kib - before_kib < GROWTH_MAX_MIB * 1024,
		   "the daemon grew from %" PRIu64 " to %" PRIu64 " KiB", before_kib, after_kib);
	free(c.seen);
}

static void check_all(struct mounted *m, uint64_t keys)
{
	uint64_t start_ns = clock_mono_ns();
	int rc = store_fill(m->store, keys);

	if (!tap_result(rc == 0, "twice %" PRIu64 " keys in a store, %.0f ms (%d)", keys,
			(double)(clock_mono_ns() - start_ns) / 1e6, rc))
		return;
	rc = mounted_start(m, "");
	if (!tap_result(rc == 0, "mounted (%d)", rc))
		return;
	check_listing(m, "cold", COLD_REQUESTS_MAX);
	check_listing(m, "warm", WARM_REQUESTS_MAX);
	check_many(m, keys);
	rc = mounted_stop(m);
	tap_result(rc == 0, "unmounted (%d)", rc);
}

int main(int argc, char **argv)
{
	uint64_t keys = argc > 2 ? strtoull(argv[2], NULL, 10) : KEYS_DEFAULT;
	const char *obstacle = mounted_obstacle();
	struct mounted m;

	if (argc < 2 || keys < SUBFOLDERS) {
		fprintf(stderr, "usage: folder_test APEXFS [KEYS]   (at least %d keys)\n",
			SUBFOLDERS);
		return EXIT_FAILURE;
	}
	if (obstacle) {
		tap_skip("folder", obstacle);
		return tap_end();
	}
	int rc = mounted_begin(&m, argv[1], "apexfs-folder");

	if (!tap_result(rc == 0, "a scratch folder (%d)", rc))
		return tap_end();
	check_all(&m, keys);
	mounted_end(&m, tap_has_failed());
	return tap_end();
}
