/*
 * A full disk, and back: on a tmpfs and on an ext4 of 64 MiB the store is filled until not one byte
 * more is taken. Every acknowledged change stays readable, deletes and a flush work, puts answer
 * -ENOSPC and change nothing, the store says what is wrong, opens read-only, closes and opens
 * again. When space returns, because others give it back or by deletes and a compaction, writing
 * goes on in the same open store.
 *
 * The same with values that lie in blob files, in two chunks each: whole or not at all.
 *
 * And once more with others who take every byte that they can get, those of the reserve among them
 * when the store gives it back: then deletes and flushes may be refused too, but no more than that.
 *
 * usage: full_disk_test [SEEDS]	(default 1), as root; APEX_SEED runs that one seed.
 * Long form: full_disk_test 20
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lsm/base/clock.h"
#include "lsm/base/rng.h"
#include "tests/limits/records.h"
#include "tests/limits/small_disk.h"
#include "tests/support/scratch.h"
#include "tests/support/tap.h"

enum {
	DISK_MIB = 64,
	VALUE_BYTES = 16 << 10,
	RECORDS = 8 << 10,   /* far more than fit */
	SMALL = 1 << 20,     /* numbers from here on: records of one byte */
	SMALL_MAX = 1 << 20, /* more than fit, too */
	CALM = 30,           /* looks in which nothing moves */
	PATIENCE_S = 60,     /* for what the background does once a second */
};

#define BALLAST_BYTES (UINT64_C(8) << 20)
#define OUTPUTS_BYTES (UINT64_C(36) << 20)
#define BLOBS_BYTES   (UINT64_C(12) << 20)

/* How a store is to live. */
struct life {
	const char *type;     /* of file system */
	bool others_take_all; /* the space that it gives back */
	bool large;           /* values lie in blob files */
};

struct run {
	const char *disk;
	bool others_take_all, large;
	char store[512];
	struct lsm *db;
	struct records records;
	uint64_t small; /* so many records of one byte are there */
	struct rng rng;
};

static struct lsm_options options_for_64_mib(bool large)
{
	struct lsm_options o;

	lsm_options_init(&o);
	o.memtable_bytes = 1 << 20;
	o.base_level_bytes = 4 << 20;
	o.target_file_bytes = 1 << 20;
	o.cache_bytes = 1 << 20;
	o.sync_mode = LSM_SYNC_MANUAL;
	if (large) {
		o.large_value_threshold = 4 << 10;
		o.chunk_bytes = VALUE_BYTES / 2;
	}
	return o;
}

static bool good(int err, const char *what)
{
	if (err)
		tap_note("%s: %d (%s)", what, err, lsm_error_text());
	return !err;
}

static bool open_store(struct run *r, bool read_only, struct lsm **ret_db)
{
	struct lsm_options options = options_for_64_mib(r->large);

	options.read_only = read_only;
	return good(lsm_open(r->store, &options, ret_db), read_only ? "open read-only" : "open");
}

static int put_small(struct run *r)
{
	char text[RECORD_TEXT_MAX];
	int err = lsm_put(r->db, record_key(SMALL + r->small, text), slice_str("x"), NULL);

	r->small += !err;
	return err;
}

static void wait_a_little(void)
{
	(void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

static uint64_t deadline(void)
{
	return clock_mono_ns() + PATIENCE_S * UINT64_C(1000000000);
}

/* Large values until one is refused, then single bytes until not even they fit. */
static int fill_once(struct run *r)
{
	int err = 0;

	for (uint64_t i = 0; !err && i < r->records.count; i++) {
		if (r->records.generations[i] == RECORD_ABSENT)
			err = records_put(&r->records, r->db, i,
					  (uint8_t)(1 + rng_below(&r->rng, 200)));
	}
	if (err && err != -ENOSPC)
		return err;
	do
		err = put_small(r);
	while (!err && r->small < SMALL_MAX);
	return err;
}

static uint64_t last_seqno(struct run *r)
{
	struct lsm_stats stats;

	lsm_stats_read(r->db, &stats);
	return stats.last_seqno;
}

/*
 * Fill the disk until nothing is taken any more. The background still makes space for a while, by
 * flushes and compactions under way: until it does so no more.
 */
static bool fill(struct run *r)
{
	uint64_t end = deadline();

	for (unsigned calm = 0; calm < CALM; calm++) {
		uint64_t before = last_seqno(r), taken = 0;
		int err = fill_once(r);

		if (err != -ENOSPC || clock_mono_ns() > end)
			return good(err ? err : -EIO, "filling the disk");
		if (r->others_take_all &&
		    !good(ballast_make(r->disk, "last", UINT64_MAX, &taken), "ballast"))
			return false;
		if (last_seqno(r) != before || taken > 0)
			calm = 0;
		wait_a_little();
	}
	return true;
}

/* Everything that was acknowledged, and nothing else. */
static bool check_in(struct run *r, struct lsm *db)
{
	char text[RECORD_TEXT_MAX];

	for (uint64_t i = 0; i < r->records.count; i++)
		if (!records_check(&r->records, db, i))
			return false;
	for (uint64_t i = 0; i <= r->small; i++) {
		struct lsm_record record;
		int err = lsm_get(db, record_key(SMALL + i, text), NULL, &record);

		if (!err)
			lsm_record_release(&record);
		if (err != (i < r->small ? 0 : -ENOENT))
			return good(err ? err : -EIO, "a record of one byte");
	}
	return true;
}

static bool check(struct run *r)
{
	return check_in(r, r->db);
}

/* A put that is refused leaves the old value. */
static bool puts_are_refused(struct run *r)
{
	for (int i = 0; i < 50; i++) {
		uint64_t number = rng_below(&r->rng, r->records.count);
		int err = records_put(&r->records, r->db, number, 201);

		if (err != -ENOSPC)
			return good(err ? err : -EIO, "a put that has no room");
		if (!records_check(&r->records, r->db, number))
			return false;
	}
	return true;
}

/* Done; or refused, where others may have taken the reserve. */
static bool done_or_refused(struct run *r, int err, const char *what)
{
	return (r->others_take_all && err == -ENOSPC) || good(err, what);
}

static bool delete_some(struct run *r, unsigned share)
{
	for (uint64_t i = 0; i < r->records.count; i++) {
		if (r->records.generations[i] == RECORD_ABSENT || rng_below(&r->rng, share) != 0)
			continue;
		if (!done_or_refused(r, records_put(&r->records, r->db, i, RECORD_ABSENT),
				     "delete"))
			return false;
	}
	return true;
}

static enum lsm_health health_of(struct run *r, char ret_text[256])
{
	struct lsm_stats stats;

	lsm_stats_read(r->db, &stats);
	(void)snprintf(ret_text, 256, "%s", stats.health_text);
	return stats.health;
}

static bool says_so(struct run *r)
{
	char text[256];
	enum lsm_health health = health_of(r, text);

	tap_note("health: %s: %s", lsm_health_name(health), text);
	return health == LSM_HEALTH_DEGRADED && text[0];
}

static bool reads_beside(struct run *r)
{
	struct lsm *reader;

	if (!open_store(r, true, &reader))
		return false;
	bool same = check_in(r, reader);

	return good(lsm_close(reader), "close of the reader") && same;
}

static bool reopen(struct run *r)
{
	int err = lsm_close(r->db);

	r->db = NULL;
	return good(err, "close") && open_store(r, false, &r->db);
}

/* Until it says 0, as the background tries again by itself; what is refused changes nothing. */
static bool comes_back(struct run *r)
{
	uint64_t end = deadline();
	char text[256];
	int err;

	while ((err = put_small(r)) == -ENOSPC && clock_mono_ns() < end)
		wait_a_little();
	if (!good(err, "a put after space has returned"))
		return false;
	while (health_of(r, text) != LSM_HEALTH_OK && clock_mono_ns() < end)
		wait_a_little();
	return health_of(r, text) == LSM_HEALTH_OK || good(-EIO, text);
}

/* What a job of the background puts on the disk may fill it once more, until it ends. */
static int put_patiently(struct run *r, uint64_t record, uint64_t end_ns)
{
	int err;

	while ((err = records_put(&r->records, r->db, record, 202)) == -ENOSPC &&
	       clock_mono_ns() < end_ns)
		wait_a_little();
	return err;
}

static bool write_some(struct run *r, unsigned count)
{
	uint64_t end = deadline();

	for (uint64_t i = 0; count > 0 && i < r->records.count; i++) {
		if (r->records.generations[i] != RECORD_ABSENT)
			continue;
		if (!good(put_patiently(r, i, end), "put"))
			return false;
		count--;
	}
	return true;
}

/* All records with numbers in [from, to). */
static bool delete_range(struct run *r, uint64_t from, uint64_t to)
{
	for (uint64_t i = from; i < to; i++) {
		if (!good(records_put(&r->records, r->db, i, RECORD_ABSENT), "delete"))
			return false;
	}
	return true;
}

static bool compact_range(struct run *r, uint64_t from, uint64_t to)
{
	char first[RECORD_TEXT_MAX], last[RECORD_TEXT_MAX];

	return good(lsm_compact(r->db, record_key(from, first), record_key(to, last)), "compact");
}

static bool verify(struct run *r)
{
	struct lsm_verify_report report;

	return good(lsm_verify(r->db, &report), "verify");
}

static bool live_on_full_disk(struct run *r)
{
	if (r->others_take_all)
		return tap_result(check(r) && puts_are_refused(r) && delete_some(r, 50) &&
					  done_or_refused(r, lsm_flush(r->db), "flush"),
				  "what cannot be done is refused") &&
		       tap_result(says_so(r), "health says so") &&
		       tap_result(check(r) && reads_beside(r), "all is readable");
	return tap_result(check(r), "every acknowledged put is readable") &&
	       tap_result(puts_are_refused(r), "puts answer ENOSPC and change nothing") &&
	       tap_result(says_so(r), "health says so") &&
	       tap_result(delete_some(r, 50), "deletes work") &&
	       tap_result(good(lsm_flush(r->db), "flush"), "a flush works") &&
	       tap_result(check(r), "and all is as it should be") &&
	       tap_result(reads_beside(r), "a reader opens it") &&
	       tap_result(reopen(r), "it closes and opens again") &&
	       tap_result(check(r), "with everything in it") &&
	       tap_result(delete_some(r, 50), "deletes still work");
}

/* The others give space back. */
static bool others_leave(struct run *r)
{
	ballast_drop(r->disk, "first");
	ballast_drop(r->disk, "last");
	return tap_result(comes_back(r), "space returns: writing goes on") &&
	       tap_result(write_some(r, 64), "more is written") &&
	       tap_result(check(r), "and all is there");
}

/*
 * Deletes and a compaction make the space. The reserve is for a flush; a compaction needs room for
 * its outputs, here up to the whole store and twice that with a job in the background, and is
 * refused until it has it.
 */
static bool delete_for_space(struct run *r)
{
	uint64_t before = small_disk_free(r->disk);
	/* of some 3000; of a blob file so much that what is left is moved */
	uint64_t from = 200, to = r->large ? 2600 : 1000;
	char first[RECORD_TEXT_MAX], last[RECORD_TEXT_MAX];

	if (!tap_result(delete_range(r, from, to), "a range is deleted"))
		return false;
	int err = lsm_compact(r->db, record_key(from, first), record_key(to, last));

	tap_note("compact: %d", err);
	if (!tap_result((err == 0 || err == -ENOSPC) && check(r),
			"compacted on the full disk, or refused with nothing changed"))
		return false;
	ballast_drop(r->disk, "outputs");
	if (!tap_result(compact_range(r, from, to), "compacted with room for the outputs"))
		return false;
	tap_note("%" PRIu64 " bytes free before, %" PRIu64 " after", before,
		 small_disk_free(r->disk));
	if (r->large && !tap_result(small_disk_free(r->disk) > before + OUTPUTS_BYTES + BLOBS_BYTES,
				    "what was in blob files is free again"))
		return false;
	return tap_result(comes_back(r), "deletes made space: writing goes on") &&
	       tap_result(write_some(r, 64), "more is written") &&
	       tap_result(check(r), "and all is there");
}

static bool live(struct run *r)
{
	uint64_t taken;

	tap_result(
		good(ballast_make(r->disk, "first", BALLAST_BYTES, &taken), "ballast") &&
			good(ballast_make(r->disk, "outputs", OUTPUTS_BYTES, &taken), "ballast") &&
			open_store(r, false, &r->db),
		"a store on an empty disk");
	if (!r->db || !tap_result(fill(r), "it fills until no byte is taken") ||
	    !live_on_full_disk(r) || !others_leave(r))
		return false;
	if (r->others_take_all)
		return tap_result(reopen(r) && check(r) && verify(r), "it opens again, whole");
	return tap_result(fill(r), "it fills again") && delete_for_space(r) &&
	       tap_result(reopen(r) && check(r), "all is there after reopening") &&
	       tap_result(verify(r), "verification");
}

static void run_on(const char *folder, uint64_t seed, const struct life *life)
{
	struct run r = {
		.records = records_new(RECORDS, VALUE_BYTES),
		.others_take_all = life->others_take_all,
		.large = life->large,
	};
	char disk[400];

	(void)snprintf(disk, sizeof(disk), "%s/disk", folder);
	(void)snprintf(r.store, sizeof(r.store), "%s/store", disk);
	r.disk = disk;
	rng_seed(&r.rng, seed);
	if (mkdir(disk, 0700) && errno != EEXIST)
		tap_result(false, "no folder %s", disk);
	int err = small_disk_mount(life->type, disk, DISK_MIB);

	if (err) {
		tap_skip(life->type, "no file system of this kind can be mounted here");
	} else {
		tap_note("%s, seed %" PRIu64 "%s%s", life->type, seed,
			 life->large ? ", large values" : "",
			 life->others_take_all ? ", others take all they can get" : "");
		(void)live(&r);
		if (lsm_close(r.db))
			tap_note("close: %s", lsm_error_text());
		if (small_disk_unmount(disk))
			tap_note("%s cannot be unmounted", disk);
	}
	records_free(&r.records);
}

int main(int argc, char **argv)
{
	static const struct life lives[] = {
		{"tmpfs", false, false}, {"ext4", false, false}, {"tmpfs", true, false},
		{"ext4", true, false},   {"tmpfs", false, true}, {"ext4", false, true},
		{"tmpfs", true, true},   {"ext4", true, true},
	};
	const char *one = getenv("APEX_SEED");
	uint64_t seeds = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	uint64_t first = one ? strtoull(one, NULL, 10) : 1;
	char *folder;

	if (geteuid() != 0) {
		tap_skip("full disk", "only root can mount a small disk");
		return tap_end();
	}
	if (scratch_make("apex-full", &folder)) {
		fprintf(stderr, "full_disk_test: no folder\n");
		return 2;
	}
	for (uint64_t seed = first; seed < first + (one ? 1 : seeds); seed++) {
		for (size_t i = 0; i < array_size(lives); i++)
			run_on(folder, seed, &lives[i]);
	}
	if (scratch_remove(folder))
		tap_note("%s cannot be removed", folder);
	free(folder);
	return tap_end();
}
