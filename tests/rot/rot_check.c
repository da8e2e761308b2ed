#include "tests/rot/rot_check.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lsm/env/env_mem.h"
#include "lsm/tree/file_name.h"

enum {
	PIECE = 700,
};

/* One look at one damaged store. */
struct look {
	const struct rot_store *store;
	const struct rot_expect *expect;
	const char *what;
	struct rot_tally *tally;
	bool told;          /* that a log was damaged */
	uint32_t low, high; /* worlds that fit all answers so far, if possible[] of them */
	bool possible[ROT_CHANGES_MAX + 1];
	bool may_fail;
	bool written; /* key 0 was put once more */
	bool reported;
	bool wrong;
};

/* The last line about a damaged log; "" if none. */
static char heard[512];

void rot_hear(enum log_level level, const char *text)
{
	if (level == LOG_LEVEL_ERROR && strstr(text, "the log is damaged"))
		(void)snprintf(heard, sizeof(heard), "%s", text);
}

static bool wrong(struct look *l, const char *fmt, ...) printf_like(2, 3);

/* Always false. */
static bool wrong(struct look *l, const char *fmt, ...)
{
	char text[320];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (!l->wrong)
		l->tally->wrong++;
	l->wrong = true;
	if (!l->tally->complaint[0])
		(void)snprintf(l->tally->complaint, sizeof(l->tally->complaint),
			       "seed %llu, %s, %s: %s (last error: %s)",
			       (unsigned long long)l->store->seed,
			       rot_ending_name(l->store->ending), l->what, text, lsm_error_text());
	return false;
}

static bool names_a_file(const struct look *l, const char *text)
{
	if (l->expect->file)
		return strstr(text, l->expect->file) != NULL;
	if (strstr(text, ".sst") || strstr(text, ".wal") || strstr(text, ".blob") ||
	    strstr(text, "MANIFEST-"))
		return true;
	return strstr(text, "CURRENT") != NULL;
}

static bool names_an_offset(const char *text)
{
	const char *word = strstr(text, "offset ");

	return word && isdigit((unsigned char)word[7]);
}

/* An error, which must be one of damage, with its sentence. */
static bool judge_error(struct look *l, int err, const char *operation)
{
	const char *text = lsm_error_text();
	bool missing = l->expect->missing || strstr(text, "missing");

	l->reported = true;
	if (!l->may_fail)
		return wrong(l, "%s failed with %d", operation, err);
	if (err != -EUCLEAN && err != -EBADMSG)
		return wrong(l, "%s answered %d", operation, err);
	if (!names_a_file(l, text))
		return wrong(l, "%s: the error does not name the file", operation);
	if (!missing && !names_an_offset(text))
		return wrong(l, "%s: the error names no offset", operation);
	return true;
}

/* An answer about a key: the change that wrote what was found; 0: absent. */
static bool judge_answer(struct look *l, int key, uint32_t by, const char *operation)
{
	bool some = false;

	if (l->written && key == 0)
		return by == l->store->changes || wrong(l, "%s: the new value is lost", operation);
	for (uint32_t n = l->low; n <= l->high; n++) {
		l->possible[n] = l->possible[n] && l->store->after[n].by[key] == by;
		some = some || l->possible[n];
	}
	return some || wrong(l, "%s of key %d: change %u, no world has that", operation, key, by);
}

static bool judge_value(struct look *l, int key, struct slice value, const char *operation)
{
	uint32_t by = rot_value_change(l->store, key, value);

	if (by == 0)
		return wrong(l, "%s of key %d: a value that nobody wrote", operation, key);
	return judge_answer(l, key, by, operation);
}

/* What get said of a key, for stat to agree with. */
struct got {
	int err;
	uint64_t value_len;
};

static bool look_by_get(struct look *l, struct lsm *db, int key, struct got *ret_got)
{
	struct lsm_record record;
	int err = lsm_get(db, rot_key(key), NULL, &record);

	ret_got->err = err;
	if (err == -ENOENT)
		return judge_answer(l, key, 0, "get");
	if (err)
		return judge_error(l, err, "get");
	bool good = judge_value(l, key, record.value, "get");

	if (good && !slice_eq(record.meta, slice_str("m")))
		good = wrong(l, "get of key %d: wrong meta", key);
	ret_got->value_len = record.value.len;
	lsm_record_release(&record);
	return good;
}

static bool look_by_stat(struct look *l, struct lsm *db, int key, const struct got *got)
{
	struct lsm_record record;
	int err = lsm_stat(db, rot_key(key), NULL, &record);

	if (err && err != -ENOENT)
		return judge_error(l, err, "stat");
	uint64_t value_len = err ? 0 : record.value_len;

	if (!err)
		lsm_record_release(&record);
	/* where get met damage, stat may know: it does not read the value */
	if (got->err && got->err != -ENOENT)
		return !err || judge_answer(l, key, 0, "stat");
	if (err != got->err || (!err && value_len != got->value_len))
		return wrong(l, "stat of key %d is not what get says", key);
	return true;
}

/* Some world that fits has these bytes there, behind which the value ends if they are few. */
static bool judge_piece(struct look *l, int key, const struct lsm_range *range, size_t got)
{
	for (uint32_t n = l->low; n <= l->high; n++) {
		uint32_t by = l->store->after[n].by[key];

		if (!l->possible[n] || by == 0)
			continue;
		struct slice value = rot_value(l->store, key, by);
		struct slice rest = slice_skip(value, min_of((size_t)range->offset, value.len));

		rest.len = min_of(rest.len, range->len);
		if (slice_eq(rest, slice_of(range->into, got)))
			return true;
	}
	return wrong(l, "read of key %d at %u: no world has that", key, (unsigned)range->offset);
}

/* In pieces; where one is damaged the others may be whole. */
static bool look_by_read(struct look *l, struct lsm *db, int key)
{
	uint8_t piece[PIECE];
	size_t got = PIECE;
	bool good = true;

	for (uint64_t at = 0; good && got == PIECE && at <= ROT_LARGE_BYTES; at += PIECE) {
		const struct lsm_range range = {.offset = at, .into = piece, .len = PIECE};
		int err = lsm_read(db, rot_key(key), NULL, &range, &got, NULL);

		if (err == -ENOENT)
			return judge_answer(l, key, 0, "read");
		good = err ? judge_error(l, err, "read") : judge_piece(l, key, &range, got);
	}
	return good;
}

static int key_number(struct slice key)
{
	for (int number = 0; number < ROT_KEYS; number++)
		if (slice_eq(key, rot_key(number)))
			return number;
	return -1;
}

/* What a scan met, key by key, in the order of keys; those it passed over are absent. */
struct passage {
	bool met[ROT_KEYS];
	struct buf last; /* key */
};

static bool step(struct look *l, struct lsm_iter *it, bool forward, struct passage *p)
{
	const struct lsm_record *record = lsm_iter_record(it);
	int key = key_number(record->key);
	int order = p->last.len ? slice_cmp(record->key, buf_slice(&p->last)) : forward ? 1 : -1;
	struct slice value;

	if (key < 0)
		return wrong(l, "a scan shows a key that nobody wrote");
	if (forward ? order <= 0 : order >= 0)
		return wrong(l, "a scan goes the wrong way at key %d", key);
	assert(buf_set(&p->last, record->key) == 0);
	p->met[key] = true;
	int err = lsm_iter_value(it, &value);

	return err ? judge_error(l, err, "iterator's value") : judge_value(l, key, value, "scan");
}

/* Every key that the scan has passed and not shown is absent; all of them if it reached its end. */
static bool judge_absent(struct look *l, const struct passage *p, bool forward, bool complete)
{
	for (int key = 0; key < ROT_KEYS; key++) {
		int order = slice_cmp(rot_key(key), buf_slice(&p->last));
		bool passed = complete || (p->last.len && (forward ? order < 0 : order > 0));

		if (passed && !p->met[key] && !judge_answer(l, key, 0, "scan"))
			return false;
	}
	return true;
}

static bool look_by_scan(struct look *l, struct lsm *db, bool forward)
{
	cleanup_buf struct buf none = {0};
	struct passage p = {.last = none};
	struct lsm_iter *it;
	bool good = true;
	int err = lsm_iter_new(db, NULL, &it);

	if (err)
		return judge_error(l, err, "new iterator");
	forward ? lsm_iter_first(it) : lsm_iter_last(it);
	while (good && lsm_iter_valid(it)) {
		good = step(l, it, forward, &p);
		forward ? lsm_iter_next(it) : lsm_iter_prev(it);
	}
	err = lsm_iter_status(it);
	if (good && err)
		good = judge_error(l, err, "scan");
	good = good && judge_absent(l, &p, forward, err == 0);
	lsm_iter_free(it);
	buf_done(&p.last);
	return good;
}

static bool look_at_prefixes(struct look *l, struct lsm *db)
{
	for (int folder = 0; folder < 3; folder++) {
		const struct slice prefix = slice_of(rot_key(folder).ptr, strlen("folder0/"));
		bool some = false;
		int err = lsm_prefix_exists(db, prefix, NULL);

		for (uint32_t n = l->low; n <= l->high && !some; n++)
			for (int key = folder; l->possible[n] && key < ROT_KEYS; key += 3)
				some = some || l->store->after[n].by[key];
		if (err == -ENOENT ? some : err && !judge_error(l, err, "prefix"))
			return wrong(l, "a folder is said to be empty");
	}
	return true;
}

static bool look_at_all(struct look *l, struct lsm *db)
{
	bool good = true;

	for (int key = 0; good && key < ROT_KEYS; key++) {
		struct got got = {0};

		good = look_by_get(l, db, key, &got) && look_by_stat(l, db, key, &got);
		if (good && key >= ROT_SMALL_KEYS)
			good = look_by_read(l, db, key);
	}
	good = good && look_by_scan(l, db, true) && look_by_scan(l, db, false);
	good = good && look_at_prefixes(l, db);
	return good;
}

static void allow(struct look *l, uint32_t low, uint32_t high)
{
	l->low = low;
	l->high = high;
	for (uint32_t n = low; n <= high; n++)
		l->possible[n] = true;
}

static struct look look_begin(const struct rot_store *s, const struct rot_expect *e,
			      const char *what, struct rot_tally *tally)
{
	struct look l = {
		.store = s,
		.expect = e,
		.what = what,
		.tally = tally,
		.may_fail = e->may_fail,
	};

	allow(&l, e->low, e->high);
	heard[0] = '\0';
	return l;
}

/* It is open: an end of its history that is damage is told, another one is not. */
static bool judge_end(struct look *l, struct lsm *db)
{
	const struct rot_expect *e = l->expect;
	struct lsm_stats stats;

	lsm_stats_read(db, &stats);
	l->told = stats.recovery_damaged;
	if (e->recovery == LSM_RECOVER_WHOLE && stats.recovery_torn_bytes)
		return wrong(l, "it is torn, and was taken for whole");
	if (l->told != (heard[0] != '\0'))
		return wrong(l, "statistics and log do not agree on damage");
	if (!l->told)
		return !e->must_tell || wrong(l, "it opens, and nobody tells of the damage");
	if (!e->may_tell)
		return wrong(l, "damage is told where there is none: %s", heard);
	if (!names_a_file(l, heard) || (!strstr(heard, "missing") && !names_an_offset(heard)))
		return wrong(l, "the damage is not told where: %s", heard);
	allow(l, e->told_low, e->told_high);
	l->reported = true;
	return true;
}

bool rot_check(const struct rot_store *s, struct env *env, const struct rot_expect *e,
	       const char *what, struct rot_tally *tally)
{
	struct look l = look_begin(s, e, what, tally);
	struct lsm_options options = rot_options(env);
	struct lsm_verify_report report;
	struct lsm_stats stats;
	struct lsm *db;

	options.read_only = true;
	options.recovery = e->recovery;
	tally->states++;
	tally->modes[e->recovery]++;
	tally->last_torn = false;
	int err = lsm_open(ROT_DIR, &options, &db);

	if (err) {
		tally->refused++;
		return judge_error(&l, err, "open");
	}
	if (e->must_fail)
		(void)wrong(&l, "it opens, though what was promised is damaged");
	lsm_stats_read(db, &stats);
	bool good = !l.wrong && judge_end(&l, db) && look_at_all(&l, db);

	err = lsm_verify(db, &report);
	if (good && err) {
		l.may_fail = l.may_fail || e->may_report || l.told;
		good = judge_error(&l, err, "verify");
	}
	tally->last_torn = stats.recovery_torn_bytes > 0 && !l.told;
	if (l.told)
		tally->told++;
	else if (tally->last_torn)
		tally->torn++;
	else if (l.reported)
		tally->reported++;
	else if (e->must_notice)
		good = wrong(&l, "nobody noticed");
	else
		tally->unnoticed++;
	assert(lsm_close(db) == 0);
	return good;
}

/* The put of a new value to key 0 is the last change's value, so it is known. */
static bool look_after_put(struct look *l, struct lsm *db)
{
	struct lsm_write_options options = {.meta = slice_str("m")};
	int err = lsm_put(db, rot_key(0), rot_value(l->store, 0, l->store->changes), &options);

	if (err)
		return wrong(l, "put answers %d", err);
	l->written = true;
	return true;
}

/* Refused once, it is refused again: the damage was not tidied away. */
static bool look_again(struct look *l, const struct lsm_options *options)
{
	struct lsm *db;

	if (lsm_open(ROT_DIR, options, &db))
		return true;
	assert(lsm_close(db) == 0);
	return wrong(l, "the second open accepts what the first refused");
}

static bool look_at_writer(struct look *l, struct lsm *db, struct lsm_options *options)
{
	if (l->expect->must_fail)
		(void)wrong(l, "it opens for writing, though what was promised is damaged");
	bool good = !l->wrong && judge_end(l, db) && look_at_all(l, db) && look_after_put(l, db);
	int err = lsm_close(db);

	if (good && err)
		return wrong(l, "close answers %d", err);
	if (!good)
		return false;
	options->recovery = LSM_RECOVER_WHOLE;
	err = lsm_open(ROT_DIR, options, &db);
	if (err)
		return judge_error(l, err, "the open after that");
	good = look_at_all(l, db);
	assert(lsm_close(db) == 0);
	return good;
}

bool rot_check_writing(const struct rot_store *s, struct env *env, const struct rot_expect *e,
		       const char *what, struct rot_tally *tally)
{
	struct look l = look_begin(s, e, what, tally);
	struct env *copy = env_mem_clone(env);
	struct lsm_options options = rot_options(copy);
	struct lsm *db;
	bool good;

	assert(copy);
	options.recovery = e->recovery;
	tally->states++;
	tally->modes[e->recovery]++;
	int err = lsm_open(ROT_DIR, &options, &db);

	if (err) {
		good = judge_error(&l, err, "open for writing") && look_again(&l, &options);
		tally->refused++;
	} else {
		good = look_at_writer(&l, db, &options);
		tally->writing++;
	}
	env_free(copy);
	return good;
}
