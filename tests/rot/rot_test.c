/*
 * Bit rot: every bit of every file of a small store flipped, one at a time, and coarser damage. The
 * store must answer rightly or with an error that names file and offset (rot_expect.h has the rule
 * for each kind of file, rot_check.h what is looked at). It is opened with recovery TAIL, and where
 * that may make a difference with one of the other modes.
 *
 * usage: rot_test [SEEDS [ENDING [BITS]]]; ENDING: a number of enum rot_ending, else all are tried;
 * BITS: of eight bits, and of eight places to cut at, so many are tried (8); APEX_SEED runs that
 * one seed, as among others when the other arguments are the same. Long form: rot_test 40 (three
 * minutes of a processor's time each).
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/base/compiler.h"
#include "lsm/base/log.h"
#include "lsm/base/rng.h"
#include "lsm/env/env_mem.h"
#include "lsm/tree/file_name.h"
#include "tests/rot/rot_expect.h"
#include "tests/support/tap.h"

enum {
	SECTOR = 512,
	/* One flip in so many is also tried on a store opened for writing. */
	WRITING_IN = 64,
	/* Of the zeros behind the end of a log or manifest, one bit in so many is flipped; of
	 * several seeds, each. */
	ZEROS_IN = 16,
	/* One state in so many is also tried in another mode; of damage to a blob file fewer. */
	MODES_IN = 4,
	BLOB_MODES_IN = 8,
};

static const char *const kind_names[] = {
	"LOCK and RESERVE", "CURRENT", "manifest", "log", "table", "blob file",
};

static unsigned bits_of_a_byte = 8, zeros_in = ZEROS_IN;

/* Of one store, over all kinds of damage: rot_tally's. */
static uint64_t modes[LSM_RECOVER_PREFIX + 1], told;

/* One store being damaged. */
struct rotting {
	const struct rot_store *store;
	struct rng rng;
	struct rot_tally tally;
};

static void report(const struct rotting *r, const char *what)
{
	const struct rot_tally *t = &r->tally;

	for (size_t i = 0; i < array_size(modes); i++)
		modes[i] += t->modes[i];
	told += t->told;
	if (t->wrong)
		tap_note("%s", t->complaint);
	tap_result(t->wrong == 0 && t->states > 0,
		   "seed %" PRIu64 ", %s: %s: %" PRIu64 " states: %" PRIu64 " refused, %" PRIu64
		   " reported, %" PRIu64 " torn ends, %" PRIu64 " cut at damage, %" PRIu64
		   " unnoticed and right, %" PRIu64 " written to, %" PRIu64 " wrong",
		   r->store->seed, rot_ending_name(r->store->ending), what, t->states, t->refused,
		   t->reported, t->torn, t->told, t->unnoticed, t->writing, t->wrong);
}

static struct rotting begin(const struct rot_store *store)
{
	struct rotting r = {.store = store};

	rng_seed(&r.rng, store->seed + 1);
	return r;
}

/* Another recovery mode than TAIL to try the damage with, if they may make a difference. False:
 * none; chunks are many. */
static bool choose_mode(struct rotting *r, size_t file, enum lsm_recovery *ret_mode)
{
	enum rot_kind kind = r->store->files[file].kind;

	*ret_mode = rng_below(&r->rng, 2) ? LSM_RECOVER_PREFIX : LSM_RECOVER_WHOLE;
	if (kind == ROT_LOG || kind == ROT_MANIFEST)
		return rng_below(&r->rng, MODES_IN) == 0;
	return kind == ROT_BLOB && rng_below(&r->rng, BLOB_MODES_IN) == 0;
}

/* What is expected with it of what rot_check has just seen with TAIL. */
static struct rot_expect expect_in_mode(const struct rotting *r, size_t file, struct slice bytes,
					const struct rot_expect *tail, enum lsm_recovery mode)
{
	struct rot_expect e = rot_expect_mode(r->store, file, bytes, tail, mode);

	if (mode == LSM_RECOVER_WHOLE && r->tally.last_torn)
		e.may_fail = e.must_fail = true;
	return e;
}

/* The file of the store as it now is in its env is damaged (bytes.ptr NULL: missing): check both
 * ways of opening, in two modes. */
static void check_both(struct rotting *r, size_t file, struct slice bytes,
		       const struct rot_expect *tail, const char *what)
{
	struct env *env = r->store->env;
	enum lsm_recovery mode;
	char text[192];

	(void)rot_check(r->store, env, tail, what, &r->tally);
	struct rot_expect e = *tail;
	bool again = choose_mode(r, file, &mode);

	if (again)
		e = expect_in_mode(r, file, bytes, tail, mode);
	(void)rot_check_writing(r->store, env, tail, what, &r->tally);
	if (!again)
		return;
	(void)snprintf(text, sizeof(text), "%s, recovery %d", what, (int)mode);
	(void)rot_check(r->store, env, &e, text, &r->tally);
	(void)rot_check_writing(r->store, env, &e, text, &r->tally);
}

/* ---- bits ---- */

/* Where the last byte stands that is not a zero of allocated space. */
static size_t used_bytes(const struct rot_file *f)
{
	size_t len = f->bytes.len;

	while ((f->kind == ROT_LOG || f->kind == ROT_MANIFEST) && len > 0 &&
	       f->bytes.ptr[len - 1] == 0)
		len--;
	return len;
}

/* The flip that rot_check has just seen, in another mode. */
static void flip_in_mode(struct rotting *r, size_t file, struct slice bytes,
			 const struct rot_expect *tail, const char *what)
{
	enum lsm_recovery mode;
	char text[192];

	if (!choose_mode(r, file, &mode))
		return;
	struct rot_expect e = expect_in_mode(r, file, bytes, tail, mode);

	/* a record with a bit turned is no record, and no zeros either */
	if (mode == LSM_RECOVER_WHOLE && e.high < r->store->changes)
		e.may_fail = e.must_fail = true;
	(void)snprintf(text, sizeof(text), "%s, recovery %d", what, (int)mode);
	(void)rot_check(r->store, r->store->env, &e, text, &r->tally);
	if (rng_below(&r->rng, WRITING_IN) == 0)
		(void)rot_check_writing(r->store, r->store->env, &e, text, &r->tally);
}

static void flip_bit(struct rotting *r, size_t file, uint8_t *bytes, uint64_t bit)
{
	const struct rot_file *f = &r->store->files[file];
	char what[128];

	bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ 1U << bit % 8);
	(void)snprintf(what, sizeof(what), "%s: bit %u of offset %" PRIu64, f->name,
		       (unsigned)(bit % 8), bit / 8);

	struct rot_expect e = rot_expect_bytes(r->store, file, slice_of(bytes, f->bytes.len));

	/* the whole list of what may rot unseen */
	e.must_notice =
		f->kind != ROT_ASIDE && !f->is_stray && !rot_is_dead(r->store, file, bit / 8);
	if (f->kind >= ROT_TABLE || f->kind == ROT_CURRENT)
		e.file = f->name;
	(void)rot_check(r->store, r->store->env, &e, what, &r->tally);
	flip_in_mode(r, file, slice_of(bytes, f->bytes.len), &e, what);
	if (rng_below(&r->rng, WRITING_IN) == 0)
		(void)rot_check_writing(r->store, r->store->env, &e, what, &r->tally);
	bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ 1U << bit % 8);
}

static bool is_chosen(struct rotting *r)
{
	return bits_of_a_byte == 8 || rng_below(&r->rng, 8) < bits_of_a_byte;
}

static void flip_file(struct rotting *r, size_t file)
{
	const struct rot_file *f = &r->store->files[file];
	uint64_t used = (uint64_t)used_bytes(f) * 8;
	struct slice bytes;

	/* in place: the memory's own bytes, which nobody holds open */
	assert(env_mem_file(r->store->env, ROT_DIR, f->name, &bytes) == 0);
	for (uint64_t bit = 0; bit < (uint64_t)bytes.len * 8; bit++) {
		if (is_chosen(r) && (bit < used || rng_below(&r->rng, zeros_in) == 0))
			flip_bit(r, file, (uint8_t *)bytes.ptr, bit);
	}
}

/* All endings have the same tables, and what tables name in blob files. */
static bool is_of_tables(const struct rot_store *s, size_t file)
{
	bool is_logged = false;

	if (s->files[file].kind == ROT_TABLE)
		return true;
	for (size_t i = 0; i < s->chunk_count; i++)
		is_logged = is_logged ||
			    (s->chunks[i].file == file && s->chunks[i].record != ROT_OF_TABLE);
	return s->files[file].kind == ROT_BLOB && !is_logged;
}

static void flip_all(const struct rot_store *store)
{
	for (int kind = ROT_ASIDE; kind <= ROT_BLOB; kind++) {
		struct rotting r = begin(store);
		char what[64];

		for (size_t i = 0; i < store->file_count; i++)
			if ((int)store->files[i].kind == kind &&
			    (store->ending == ROT_CLOSED || !is_of_tables(store, i)))
				flip_file(&r, i);
		(void)snprintf(what, sizeof(what), "%s of every %s",
			       bits_of_a_byte == 8 ? "every bit" : "bits", kind_names[kind]);
		if (r.tally.states > 0 || store->ending == ROT_CLOSED)
			report(&r, what);
	}
}

/* ---- larger damage ---- */

/* The file with other bytes. */
static void check_expected(struct rotting *r, size_t file, struct slice bytes, struct rot_expect e,
			   const char *what)
{
	const struct rot_file *f = &r->store->files[file];
	char text[160];

	(void)snprintf(text, sizeof(text), "%s: %s", f->name, what);
	assert(env_mem_set_file(r->store->env, ROT_DIR, f->name, bytes) == 0);
	check_both(r, file, bytes, &e, text);
	assert(env_mem_set_file(r->store->env, ROT_DIR, f->name, buf_slice(&f->bytes)) == 0);
}

static void check_bytes(struct rotting *r, size_t file, struct slice bytes, const char *what)
{
	check_expected(r, file, bytes, rot_expect_bytes(r->store, file, bytes), what);
}

static void check_other(struct rotting *r, size_t file, struct slice bytes, const char *what)
{
	check_expected(r, file, bytes, rot_expect_other(r->store, file, bytes), what);
}

static size_t sector_end(const struct rot_file *f, size_t at)
{
	return at + SECTOR < f->bytes.len ? at + SECTOR : f->bytes.len;
}

static void zero_sectors(struct rotting *r, size_t file)
{
	const struct rot_file *f = &r->store->files[file];
	cleanup_buf struct buf bytes = {0};
	char what[64];

	for (size_t at = 0; at < f->bytes.len; at += SECTOR) {
		assert(buf_set(&bytes, buf_slice(&f->bytes)) == 0);
		memset(bytes.ptr + at, 0, sector_end(f, at) - at);
		(void)snprintf(what, sizeof(what), "sector at %zu zeroed", at);
		check_bytes(r, file, buf_slice(&bytes), what);
	}
}

static void swap_sectors(struct rotting *r, size_t file)
{
	const struct rot_file *f = &r->store->files[file];
	size_t sectors = f->bytes.len / SECTOR;
	cleanup_buf struct buf bytes = {0};
	char what[64];

	for (size_t i = 0; i < sectors; i++) {
		size_t a = i * SECTOR, b = (size_t)rng_below(&r->rng, sectors) * SECTOR;

		assert(buf_set(&bytes, buf_slice(&f->bytes)) == 0);
		memcpy(bytes.ptr + a, f->bytes.ptr + b, SECTOR);
		memcpy(bytes.ptr + b, f->bytes.ptr + a, SECTOR);
		(void)snprintf(what, sizeof(what), "sectors at %zu and %zu swapped", a, b);
		check_bytes(r, file, buf_slice(&bytes), what);
	}
}

static void truncate_file(struct rotting *r, size_t file)
{
	const struct rot_file *f = &r->store->files[file];
	size_t used = used_bytes(f);
	char what[64];

	for (size_t len = 0; len < f->bytes.len; len++) {
		/* at each byte; of the zeros behind the end at each sector */
		if (len > used ? len % SECTOR != 0 : !is_chosen(r))
			continue;
		(void)snprintf(what, sizeof(what), "truncated to %zu bytes", len);
		check_bytes(r, file, slice_of(f->bytes.ptr, len), what);
	}
}

static void lose_file(struct rotting *r, size_t file)
{
	const struct rot_file *f = &r->store->files[file];
	struct rot_expect e = rot_expect_missing(r->store, file);
	char what[128];

	(void)snprintf(what, sizeof(what), "%s is missing", f->name);
	assert(env_mem_remove_file(r->store->env, ROT_DIR, f->name) == 0);
	check_both(r, file, slice_of(NULL, 0), &e, what);
	assert(env_mem_set_file(r->store->env, ROT_DIR, f->name, buf_slice(&f->bytes)) == 0);
}

/* Every other file of its kind, of now and of before, in this one's place. */
static void replace_file(struct rotting *r, size_t file)
{
	const struct rot_store *s = r->store;
	enum rot_kind kind = s->files[file].kind;
	char what[128];

	for (size_t i = 0; i < s->file_count; i++) {
		if (i == file || s->files[i].kind != kind)
			continue;
		(void)snprintf(what, sizeof(what), "has the bytes of %s", s->files[i].name);
		check_other(r, file, buf_slice(&s->files[i].bytes), what);
	}
	for (size_t i = 0; i < s->stale_count; i++) {
		if (s->stale[i].kind != kind)
			continue;
		(void)snprintf(what, sizeof(what), "has the bytes of an older %s, state %zu",
			       s->stale[i].name, i);
		check_other(r, file, buf_slice(&s->stale[i].bytes), what);
	}
}

/* A copy of it lies beside it with a number of its own, older or newer: nothing names that one. */
static void double_file(struct rotting *r, size_t file)
{
	static const uint64_t numbers[] = {1, 900001};
	const struct rot_file *f = &r->store->files[file];
	enum file_kind kind = file_name_parse(f->name).kind;
	const struct rot_expect e = rot_expect_bytes(r->store, file, buf_slice(&f->bytes));
	char name[ENV_NAME_MAX + 1], what[128];

	if (f->kind == ROT_ASIDE || f->kind == ROT_CURRENT)
		return;
	for (size_t i = 0; i < array_size(numbers); i++) {
		file_name_make(kind, numbers[i], name);
		(void)snprintf(what, sizeof(what), "%s lies there as %s too", f->name, name);
		assert(env_mem_set_file(r->store->env, ROT_DIR, name, buf_slice(&f->bytes)) == 0);
		check_both(r, file, buf_slice(&f->bytes), &e, what);
		assert(env_mem_remove_file(r->store->env, ROT_DIR, name) == 0);
	}
}

static void damage_all(const struct rot_store *store, void (*damage)(struct rotting *, size_t),
		       const char *what)
{
	struct rotting r = begin(store);

	for (size_t i = 0; i < store->file_count; i++)
		damage(&r, i);
	report(&r, what);
}

static void note_store(const struct rot_store *s)
{
	uint64_t bytes = 0, used = 0;

	for (size_t i = 0; i < s->file_count; i++) {
		bytes += s->files[i].bytes.len;
		used += used_bytes(&s->files[i]);
	}
	tap_note("seed %" PRIu64 ", %s: %zu files, %" PRIu64 " bytes, %" PRIu64
		 " without the zeros at the ends; %u changes, %zu log records, %zu manifest edits",
		 s->seed, rot_ending_name(s->ending), s->file_count, bytes, used, s->changes,
		 s->record_count, s->edit_count);
}

/* Damage of the logs is refused by TAIL and WHOLE, and cut by PREFIX: each was tried. */
static void report_modes(const struct rot_store *s)
{
	tap_result(modes[LSM_RECOVER_WHOLE] && modes[LSM_RECOVER_TAIL] &&
			   modes[LSM_RECOVER_PREFIX] && told,
		   "seed %" PRIu64 ", %s: opened with recovery whole %" PRIu64
		   " times, tail %" PRIu64 ", prefix %" PRIu64 ", which %" PRIu64
		   " times cut a log at its damage",
		   s->seed, rot_ending_name(s->ending), modes[LSM_RECOVER_WHOLE],
		   modes[LSM_RECOVER_TAIL], modes[LSM_RECOVER_PREFIX], told);
	memset(modes, 0, sizeof(modes));
	told = 0;
}

static void run_ending(uint64_t seed, enum rot_ending ending)
{
	struct rot_store *store = rot_store_new(seed, ending);

	note_store(store);
	flip_all(store);
	damage_all(store, zero_sectors, "each sector zeroed");
	damage_all(store, swap_sectors, "two sectors swapped");
	damage_all(store, truncate_file, "truncated");
	damage_all(store, lose_file, "each file missing");
	damage_all(store, replace_file, "each file with another's or an older state's bytes");
	damage_all(store, double_file, "each file there twice");
	report_modes(store);
	rot_store_free(store);
}

/* The endings from `first` to `last`. */
static void run_seed(uint64_t seed, int first, int last)
{
	for (int ending = first; ending <= last; ending++)
		run_ending(seed, (enum rot_ending)ending);
}

int main(int argc, char **argv)
{
	uint64_t seeds = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	const char *one = getenv("APEX_SEED");
	int ending = argc > 2 ? atoi(argv[2]) : -1;
	int first = ending < 0 ? 0 : ending, last = ending < 0 ? ROT_ENDINGS - 1 : ending;

	if (argc > 3)
		bits_of_a_byte = (unsigned)atoi(argv[3]);
	if (ending >= ROT_ENDINGS || bits_of_a_byte < 1 || bits_of_a_byte > 8) {
		fprintf(stderr, "%s: there are %d endings, and 8 bits in a byte\n", argv[0],
			ROT_ENDINGS);
		return EXIT_FAILURE;
	}
	if (seeds > 1)
		zeros_in = 1;
	log_set_sink(rot_hear);
	if (one)
		run_seed(strtoull(one, NULL, 10), first, last);
	for (uint64_t seed = 1; !one && seed <= seeds; seed++)
		run_seed(seed, first, last);
	return tap_end();
}
