/*
 * Listings: positions in them, entries that come and go meanwhile, and what a large one costs the
 * daemon's memory.
 *
 * usage: listing_test APEXFS [ENTRIES]     (of the large folder; default 300000)
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/clock.h"
#include "lsm/base/rng.h"
#include "lsm/lsm.h"
#include "tests/support/mounted.h"
#include "tests/support/tap.h"

enum {
	STAYING = 1500,  /* entries that exist all the time */
	POSITIONS = 400, /* that are gone back to */
	READERS = 3,
	SCANS = 25,           /* of each reader */
	LISTING_BYTES = 2048, /* of one getdents: many for each scan */
	BATCH_KEYS = 1000,
	ENTRIES_DEFAULT = 300000,
	GROWTH_KIB_MAX = 64 << 10,
	NAME_BYTES = 32,
	PATH_ROOM = PATH_MAX + NAME_BYTES,
	SEED = 5,
};

/* Every third is a folder, so that files and folders mix. */
static int make_staying(const char *folder)
{
	if (mkdir(folder, 0755) < 0)
		return -errno;
	for (unsigned i = 0; i < STAYING; i++) {
		char path[PATH_ROOM];
		int rc;

		snprintf(path, sizeof(path), "%s/s%05u", folder, i);
		if (i % 3 == 0) {
			rc = mkdir(path, 0755);
		} else {
			rc = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
			if (rc >= 0)
				close(rc);
		}
		if (rc < 0)
			return -errno;
	}
	return 0;
}

/* ---- positions ---- */

struct place {
	long position; /* before the entry */
	char name[NAME_MAX + 1];
};

static size_t note_places(DIR *dir, struct place places[], size_t cap)
{
	size_t count = 0;

	for (;;) {
		long position = telldir(dir);
		const struct dirent *entry = readdir(dir);

		if (!entry || count == cap)
			return count;
		places[count].position = position;
		snprintf(places[count].name, sizeof(places[count].name), "%s", entry->d_name);
		count++;
	}
}

static bool leads_to(DIR *dir, const struct place *place)
{
	seekdir(dir, place->position);
	const struct dirent *entry = readdir(dir);

	if (entry && strcmp(entry->d_name, place->name) == 0)
		return true;
	tap_note("%s stands where %s did", entry ? entry->d_name : "the end", place->name);
	return false;
}

static bool go_back(DIR *dir, const struct place places[], size_t count, unsigned step)
{
	struct rng rng;
	bool good = true;

	rng_seed(&rng, SEED);
	for (unsigned i = 0; good && i < POSITIONS; i++) {
		size_t at = rng_below(&rng, count);

		good = leads_to(dir, &places[at - at % step]);
	}
	return good;
}

/* What follows a position, to the end. */
static size_t rest_from(DIR *dir, const struct place *place)
{
	size_t count = 0;

	seekdir(dir, place->position);
	while (readdir(dir))
		count++;
	return count;
}

static bool is_listed(DIR *dir, const char *name)
{
	const struct dirent *entry;

	rewinddir(dir);
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, name) == 0)
			return true;
	return false;
}

static void check_rewind(DIR *dir, const char *folder)
{
	char path[PATH_ROOM];

	snprintf(path, sizeof(path), "%s/new", folder);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	tap_result(fd >= 0 && is_listed(dir, "new"), "after rewinddir a new entry is there");
	if (fd >= 0)
		close(fd);
	tap_result(unlink(path) == 0 && !is_listed(dir, "new"), "and gone when it is removed");
}

static void check_virtual_rewind(const struct mounted *m)
{
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s/.apex/batch.d", m->point);
	DIR *dir = opendir(folder);

	if (!tap_result(dir && !is_listed(dir, "new"), "a virtual folder is listed"))
		return;
	check_rewind(dir, folder);
	closedir(dir);
}

/* Remove all but each second of the entries that stay. */
static int thin_out(const char *folder)
{
	for (unsigned i = 1; i < STAYING; i += 2) {
		char path[PATH_ROOM];

		snprintf(path, sizeof(path), "%s/s%05u", folder, i);
		if ((i % 3 == 0 ? rmdir(path) : unlink(path)) < 0)
			return -errno;
	}
	return 0;
}

static void check_positions_in(DIR *dir, const char *folder, struct place places[])
{
	size_t count = note_places(dir, places, STAYING + 3);

	if (!tap_result(count == STAYING + 2, "%zu entries", count))
		return;
	tap_result(go_back(dir, places, count, 1), "%d positions lead to their entries", POSITIONS);
	tap_result(rest_from(dir, &places[count / 3]) == count - count / 3,
		   "from a position on all the rest is listed");
	tap_result(rest_from(dir, &places[0]) == count, "and from the first one all");
	check_rewind(dir, folder);

	/* With "." and ".." in front, s00000 is the third. */
	int err = thin_out(folder);

	tap_result(!err && go_back(dir, places, count, 2),
		   "each second entry is gone: positions lead to the others (%d)", err);
	rewinddir(dir);
	size_t left = note_places(dir, places, STAYING + 3);

	tap_result(left == STAYING / 2 + 2,
		   "from its start the folder is as it is now: %zu entries", left);
	tap_result(go_back(dir, places, left, 1), "new positions lead to their entries");
}

static void check_positions(const struct mounted *m)
{
	cleanup_free struct place *places = calloc(STAYING + 3, sizeof(*places));
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s/positions", m->point);
	int err = places ? make_staying(folder) : -ENOMEM;
	DIR *dir = err ? NULL : opendir(folder);

	if (tap_result(dir != NULL, "a folder of %d entries (%d)", STAYING, err))
		check_positions_in(dir, folder, places);
	if (dir)
		closedir(dir);
}

/* ---- entries that come and go ---- */

struct crowd {
	char folder[PATH_MAX];
	_Atomic bool stop;
	_Atomic uint64_t changes;
	_Atomic unsigned failures; /* of readers; each has said why */
};

/* Entries before, between and behind those that stay. */
static void *come_and_go(void *arg)
{
	struct crowd *crowd = arg;
	struct rng rng;

	rng_seed(&rng, SEED);
	while (!atomic_load(&crowd->stop)) {
		char name[NAME_BYTES], path[PATH_ROOM];

		snprintf(name, sizeof(name), "%c%05" PRIu64 "x", "asz"[rng_below(&rng, 3)],
			 rng_below(&rng, STAYING));
		snprintf(path, sizeof(path), "%s/%s", crowd->folder, name);
		if (rng_below(&rng, 2)) {
			int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

			if (fd >= 0)
				close(fd);
		} else {
			ignore_result(unlink(path));
		}
		atomic_fetch_add(&crowd->changes, 1);
	}
	return NULL;
}

/* The number of an entry that stays; STAYING: it is another. */
static unsigned staying_number(const char *name)
{
	unsigned i;
	char end;

	return sscanf(name, "s%5u%c", &i, &end) == 1 && i < STAYING ? i : STAYING;
}

static int scan(const char *folder, unsigned seen[STAYING])
{
	char entries[LISTING_BYTES] __attribute__((aligned(8)));
	cleanup_fd int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = getdents64(fd, entries, sizeof(entries))) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *entry = (const struct dirent64 *)(entries + at);
			unsigned i = staying_number(entry->d_name);

			if (i < STAYING)
				seen[i]++;
			at += entry->d_reclen;
		}
	}
	return n < 0 ? -errno : 0;
}

static bool saw_each_once(const unsigned seen[STAYING])
{
	for (unsigned i = 0; i < STAYING; i++) {
		if (seen[i] != 1) {
			fprintf(stderr, "s%05u was listed %u times\n", i, seen[i]);
			return false;
		}
	}
	return true;
}

static void *list_on_and_on(void *arg)
{
	struct crowd *crowd = arg;

	for (unsigned i = 0; i < SCANS; i++) {
		unsigned seen[STAYING] = {0};

		if (scan(crowd->folder, seen) != 0 || !saw_each_once(seen))
			atomic_fetch_add(&crowd->failures, 1);
	}
	return NULL;
}

static void check_crowd(const struct mounted *m)
{
	struct crowd crowd = {0};
	pthread_t readers[READERS], writer;
	unsigned started = 0;

	snprintf(crowd.folder, sizeof(crowd.folder), "%.*s/crowd", PATH_MAX - NAME_BYTES * 2,
		 m->point);
	int err = make_staying(crowd.folder);

	if (!err)
		err = -pthread_create(&writer, NULL, come_and_go, &crowd);
	if (!tap_result(!err, "entries that come and go (%d)", err))
		return;
	while (started < READERS &&
	       pthread_create(&readers[started], NULL, list_on_and_on, &crowd) == 0)
		started++;
	for (unsigned i = 0; i < started; i++)
		pthread_join(readers[i], NULL);
	atomic_store(&crowd.stop, true);
	pthread_join(writer, NULL);
	tap_result(started == READERS && atomic_load(&crowd.failures) == 0,
		   "%d scans by %u readers, %" PRIu64 " changes meanwhile: each of the %d entries "
		   "that stay is listed once",
		   SCANS, started, atomic_load(&crowd.changes), STAYING);
}

/* ---- two openings ---- */

enum {
	CACHED_PAGE = 128, /* entries with names of up to 8 bytes in a page of the kernel's cache */
	PAIR = 5 * CACHED_PAGE - 2, /* with "." and "..", full pages */
	PAIR_READ = 100, /* entries that the first opening has read when the folder changes */
};

static int make_file(const char *folder, const char *name)
{
	char path[PATH_ROOM];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	return fd < 0 ? -errno : 0;
}

static int make_pair_folder(const char *folder)
{
	int err = mkdir(folder, 0755) < 0 ? -errno : 0;

	for (unsigned i = 0; !err && i < PAIR; i++) {
		char name[NAME_BYTES];

		snprintf(name, sizeof(name), "s%05u", i);
		err = make_file(folder, name);
	}
	return err;
}

/* All positions behind it move: one entry goes before them, one comes behind them. */
static int shift(const char *folder)
{
	char path[PATH_ROOM];

	snprintf(path, sizeof(path), "%s/s00000", folder);
	return unlink(path) < 0 ? -errno : make_file(folder, "z");
}

/* The entries that stay and are left to be read, from one to the next. */
static bool reads_on(DIR *dir, unsigned from)
{
	const struct dirent *entry;
	unsigned next = from;

	while ((entry = readdir(dir)) != NULL) {
		unsigned i = staying_number(entry->d_name);

		if (i < STAYING && i != next)
			break;
		next += i < STAYING;
	}
	if (next != PAIR)
		tap_note("it ended before s%05u", next);
	return next == PAIR && !entry;
}

static unsigned count_entries(const char *folder)
{
	DIR *dir = opendir(folder);
	unsigned count = 0;

	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count;
}

/*
 * One has read part of a folder, as the kernel keeps it, when it changes, and another reads all of
 * it: what the kernel then keeps, in full pages, has other positions than the first one comes with.
 */
static void check_pair(const struct mounted *m)
{
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s/pair", m->point);
	int err = make_pair_folder(folder);
	bool kept = !err && count_entries(folder) == PAIR + 2;
	DIR *first = kept ? opendir(folder) : NULL;
	unsigned read = 0;

	/* less than the C library asks for at a time; it is asked again after seekdir */
	while (first && read < PAIR_READ && readdir(first))
		read++;
	if (!tap_result(read == PAIR_READ, "a folder of which a part is read (%d)", err))
		return;
	seekdir(first, telldir(first));
	err = shift(folder);
	tap_result(!err && count_entries(folder) == PAIR + 2,
		   "it changes, and another lists it (%d)", err);
	tap_result(reads_on(first, PAIR_READ - 2), "the first reads all the rest");
	closedir(first);
}

/* ---- a large folder ---- */

static int store_fill(const char *store, uint64_t entries)
{
	struct lsm_batch *batch = lsm_batch_new();
	struct lsm_options options;
	struct lsm *db;
	int err = batch ? 0 : -ENOMEM;

	lsm_options_init(&options);
	options.filter_separator = '/';
	if (!err)
		err = lsm_open(store, &options, &db);
	if (err) {
		lsm_batch_free(batch);
		return err;
	}
	for (uint64_t i = 0; i < entries && !err; i++) {
		char key[NAME_BYTES];

		snprintf(key, sizeof(key), "large/%010" PRIu64, i);
		err = lsm_batch_put(batch, slice_str(key), slice_of(NULL, 0), slice_str("v"));
		if (!err && (lsm_batch_count(batch) == BATCH_KEYS || i + 1 == entries)) {
			err = lsm_write(db, batch, NULL, NULL);
			lsm_batch_clear(batch);
		}
	}
	lsm_batch_free(batch);
	int close_err = lsm_close(db);

	return err ? err : close_err;
}

/* Resident memory of the daemon, now; 0: unknown. */
static uint64_t daemon_kib(const struct mounted *m)
{
	char path[NAME_BYTES], line[256];
	uint64_t kib = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)m->daemon);
	FILE *file = fopen(path, "re");

	while (file && kib == 0 && fgets(line, sizeof(line), file))
		if (strncmp(line, "VmRSS:", 6) == 0)
			kib = strtoull(line + 6, NULL, 10);
	if (file)
		fclose(file);
	return kib;
}

static void check_large(struct mounted *m, uint64_t entries)
{
	char folder[PATH_MAX];
	uint64_t count = 0;

	snprintf(folder, sizeof(folder), "%s/large", m->point);
	uint64_t before = daemon_kib(m), most = before, start_ns = clock_mono_ns();
	DIR *dir = opendir(folder);

	while (dir && readdir(dir)) {
		if (++count % (entries / 10 + 1) == 0)
			most = max_of(most, daemon_kib(m));
	}
	most = max_of(most, daemon_kib(m));
	if (dir)
		closedir(dir);
	tap_result(count == entries + 2, "a folder of %" PRIu64 " entries is listed in %.0f ms",
		   entries, (double)(clock_mono_ns() - start_ns) / 1e6);
	tap_result(before > 0 && most - before <= GROWTH_KIB_MAX,
		   "the daemon grows by %" PRIu64 " KiB, at most %d", most - before,
		   GROWTH_KIB_MAX);
}

static void check_all(struct mounted *m, uint64_t entries)
{
	int err = store_fill(m->store, entries);

	if (!err)
		err = mounted_start(m, "");
	if (!tap_result(!err, "%" PRIu64 " keys in a store, mounted (%d)", entries, err))
		return;
	check_large(m, entries);
	check_positions(m);
	check_virtual_rewind(m);
	check_pair(m);
	check_crowd(m);
	err = mounted_stop(m);
	tap_result(!err, "unmounted (%d)", err);
}

int main(int argc, char **argv)
{
	uint64_t entries = argc > 2 ? strtoull(argv[2], NULL, 10) : ENTRIES_DEFAULT;
	const char *obstacle = mounted_obstacle();
	struct mounted m;

	if (argc < 2 || entries == 0) {
		fprintf(stderr, "usage: listing_test APEXFS [ENTRIES]\n");
		return EXIT_FAILURE;
	}
	if (obstacle) {
		tap_skip("listing", obstacle);
		return tap_end();
	}
	int err = mounted_begin(&m, argv[1], "apexfs-listing");

	if (!tap_result(!err, "a scratch folder (%d)", err))
		return tap_end();
	check_all(&m, entries);
	mounted_end(&m, tap_has_failed());
	return tap_end();
}
