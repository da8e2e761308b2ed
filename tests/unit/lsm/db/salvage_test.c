/*
 * A store with a known history is damaged in every way, and salvaged: whatever the new store has
 * was once written just so, and whatever it has not (or has an older version of) is told.
 */
#include "lsm/sst/table_builder.h"
#include "lsm/tree/file_name.h"
#include "tests/unit/lsm/db/salvage_history.h"

#define TO_DIR  "rescued"
#define DAMAGED UINT64_MAX /* in a seqno's place */

enum {
	SENTENCES_MAX = 200,
	FILES_MAX = 64,
};

struct outcome {
	char *sentences[SENTENCES_MAX];
	size_t count;
	struct lsm_salvage_report report;
	int err;
};

static void note_sentence(void *arg, const char *what)
{
	struct outcome *o = arg;

	ck_assert(o->count < SENTENCES_MAX && !strchr(what, '\n'));
	o->sentences[o->count++] = strdup(what);
}

static void salvage(struct env *env, struct outcome *o)
{
	struct lsm_options options = small_options(env);

	*o = (struct outcome){0};
	o->err = lsm_salvage(DB_DIR, TO_DIR, &options, note_sentence, o, &o->report);
	if (o->err == 0)
		ck_assert(o->report.losses == o->count);
}

static void outcome_done(struct outcome *o)
{
	for (size_t i = 0; i < o->count; i++)
		free(o->sentences[i]);
	*o = (struct outcome){0};
}

/* The text in quotes behind `word`, in place; false: the sentence has no such thing. */
static bool quoted(const char *sentence, const char *word, char text[DB_TEXT_MAX])
{
	const char *at = strstr(sentence, word);

	return at && sscanf(at + strlen(word), "\"%63[^\"]\"", text) == 1;
}

static bool tells_of_key(const char *sentence, const char *key)
{
	char text[DB_TEXT_MAX];

	if (strstr(sentence, "used instead") || strstr(sentence, "among any keys"))
		return true;
	if (quoted(sentence, "of the key ", text))
		return strcmp(text, key) == 0;
	if (!strstr(sentence, "among the keys"))
		return false;
	if (quoted(sentence, " from ", text) && strcmp(key, text) < 0)
		return false;
	return !quoted(sentence, " to ", text) || strcmp(key, text) <= 0;
}

static bool tells_of_change(const char *sentence, uint64_t seqno)
{
	const char *at = strstr(sentence, "changes ");
	unsigned long long first, last;

	if (strstr(sentence, "its changes are lost"))
		return true;
	if (!at)
		return false;
	if (sscanf(at, "changes %llu to %llu are lost", &first, &last) == 2)
		return first <= seqno && seqno <= last;
	if (sscanf(at, "changes from %llu on", &first) == 1)
		return first <= seqno;
	return sscanf(at, "changes before %llu", &last) == 1 && seqno < last;
}

static bool is_told(const struct outcome *o, unsigned key, uint64_t seqno)
{
	char text[DB_TEXT_MAX];

	db_key(text, key);
	for (size_t i = 0; i < o->count; i++) {
		if (tells_of_key(o->sentences[i], text) || tells_of_change(o->sentences[i], seqno))
			return true;
	}
	return false;
}

static bool tells_of_bytes(const char *sentence, uint64_t at)
{
	const char *bytes = strstr(sentence, ": bytes ");
	unsigned long long first, last;

	return bytes && sscanf(bytes, ": bytes %llu to %llu of", &first, &last) == 2 &&
	       first <= at && at <= last;
}

/* That byte of the value of the key may be a zero; or, as something else is told, be anything. */
static bool may_be_lost(const struct outcome *o, const char *key, uint64_t at, uint8_t byte)
{
	for (size_t i = 0; i < o->count; i++) {
		const char *s = o->sentences[i];

		if (!tells_of_key(s, key))
			continue;
		if (!strstr(s, "zeros take their place") || (tells_of_bytes(s, at) && byte == 0))
			return true;
	}
	return false;
}

/* What is not as it was is told. */
static bool check_value(const struct outcome *o, const struct past_change *c, struct slice found)
{
	char key[DB_TEXT_MAX];
	bool same = true;

	db_key(key, c->key);
	ck_assert(found.len == c->len);
	for (size_t at = 0; at < c->len; at++) {
		if (found.ptr[at] == c->value[at])
			continue;
		ck_assert(may_be_lost(o, key, at, found.ptr[at]));
		same = false;
	}
	return same;
}

/* It is one of the versions of its key, in all that belongs to it. Answers its seqno; 0: but for a
 * part of its value. */
static uint64_t check_genuine(struct lsm_iter *it, const struct outcome *o)
{
	const struct lsm_record *r = lsm_iter_record(it);
	char key[DB_TEXT_MAX], meta[META_MAX];
	struct slice found;

	ck_assert(r->seqno > 0 && r->seqno <= history.count);
	const struct past_change *c = &history.changes[r->seqno - 1];
	ck_assert(c->is_put && c->time_ns == r->time_ns);
	ck_assert(slice_eq(r->key, slice_str(db_key(key, c->key))));
	ck_assert(slice_eq(r->meta, meta_of(r->seqno, meta)));
	ck_assert_int_eq(lsm_iter_value(it, &found), 0);
	return check_value(o, c, found) ? r->seqno : 0;
}

/* Of each key the seqno that the new store has, 0: none. */
static void read_rescued(struct lsm *db, const struct outcome *o, uint64_t ret_seqnos[KEYS])
{
	struct lsm_iter *it;

	memset(ret_seqnos, 0, KEYS * sizeof(*ret_seqnos));
	ck_assert_int_eq(lsm_iter_new(db, NULL, &it), 0);
	for (lsm_iter_first(it); lsm_iter_valid(it); lsm_iter_next(it)) {
		uint64_t seqno = check_genuine(it, o);
		unsigned key = history.changes[lsm_iter_record(it)->seqno - 1].key;

		ret_seqnos[key] = seqno ? seqno : DAMAGED;
	}
	ck_assert_int_eq(lsm_iter_status(it), 0);
	lsm_iter_free(it);
}

static struct lsm *open_rescued(struct env *env)
{
	struct lsm_options options = small_options(env);
	struct lsm_verify_report report;
	struct lsm *db = NULL;

	options.create = false;
	int err = lsm_open(TO_DIR, &options, &db);

	ck_assert_msg(err == 0, "open: %d %s", err, lsm_error_text());
	err = lsm_verify(db, &report);
	ck_assert_msg(err == 0, "verify: %d %s", err, lsm_error_text());
	return db;
}

/* Answers how many keys are as they should be. */
static unsigned check_rescued(struct env *env, const struct outcome *o, const char *what)
{
	struct lsm *db = open_rescued(env);
	uint64_t found[KEYS], newest[KEYS] = {0};
	unsigned right = 0;

	read_rescued(db, o, found);
	db_close(db);
	for (uint64_t i = 0; i < history.count; i++)
		newest[history.changes[i].key] = i + 1;
	for (unsigned key = 0; key < KEYS; key++) {
		bool is_put = newest[key] && history.changes[newest[key] - 1].is_put;

		if (found[key] == (is_put ? newest[key] : 0))
			right++;
		else if (!is_told(o, key, newest[key]))
			ck_abort_msg("%s: key %u has change %llu, not %llu, and nothing is told "
				     "(%zu losses, the first: %s)",
				     what, key, (unsigned long long)found[key],
				     (unsigned long long)newest[key], o->count,
				     o->count ? o->sentences[0] : "none");
	}
	return right;
}

/* Names of the store's files, but for LOCK. */
struct names {
	char names[FILES_MAX][ENV_NAME_MAX + 1];
	size_t count;
};

static int add_name(void *arg, const char *name)
{
	struct names *n = arg;

	ck_assert(n->count < FILES_MAX);
	if (strcmp(name, "LOCK") != 0)
		(void)snprintf(n->names[n->count++], ENV_NAME_MAX + 1, "%s", name);
	return 0;
}

static struct names list_files(struct env *env, const char *path)
{
	struct names n = {0};
	struct env_dir *dir;

	ck_assert_int_eq(env_open_dir(env, path, false, &dir), 0);
	ck_assert_int_eq(env_dir_list(dir, add_name, &n), 0);
	env_dir_close(dir);
	return n;
}

static void check_same_folder(struct env *a, struct env *b)
{
	struct names names = list_files(a, DB_DIR), other = list_files(b, DB_DIR);

	ck_assert_uint_eq(names.count, other.count);
	for (size_t i = 0; i < names.count; i++) {
		struct slice x, y;

		ck_assert_int_eq(env_mem_file(a, DB_DIR, names.names[i], &x), 0);
		ck_assert_int_eq(env_mem_file(b, DB_DIR, names.names[i], &y), 0);
		ck_assert(slice_eq(x, y));
	}
}

/* Salvage a store that was damaged; `from` stays as it is. */
static unsigned salvage_and_check(struct env *env, const char *what)
{
	struct env *before = env_mem_clone(env);
	struct outcome o;

	salvage(env, &o);
	ck_assert_msg(o.err == 0, "%s: %d %s", what, o.err, lsm_error_text());
	check_same_folder(before, env);
	env_mem_power_cut(env); /* it is durable */
	unsigned right = check_rescued(env, &o, what);
	outcome_done(&o);
	env_free(before);
	return right;
}

static struct slice file_of(struct env *env, const char *name)
{
	struct slice bytes;

	ck_assert_int_eq(env_mem_file(env, DB_DIR, name, &bytes), 0);
	return bytes;
}

/* A copy of the store with [offset, offset + len) of a file turned over or zeroed. */
static struct env *damaged(struct env *whole, const char *name, size_t offset, size_t len,
			   bool zero)
{
	struct env *env = env_mem_clone(whole);
	struct slice bytes = file_of(whole, name);
	uint8_t *copy = malloc(bytes.len);

	memcpy(copy, bytes.ptr, bytes.len);
	for (size_t i = offset; i < bytes.len && i < offset + len; i++)
		copy[i] = zero ? 0 : copy[i] ^ 0x40;
	ck_assert_int_eq(env_mem_set_file(env, DB_DIR, name, slice_of(copy, bytes.len)), 0);
	free(copy);
	return env;
}

START_TEST(of_a_sound_store_nothing_is_lost)
{
	struct env *env = make_store(unit_seed());
	struct outcome o;

	salvage(env, &o);
	ck_assert_int_eq(o.err, 0);
	ck_assert_uint_eq(o.report.losses, 0);
	ck_assert_uint_eq(o.report.newest_seqno, history.count);
	ck_assert_uint_eq(o.report.log_records, history.count - 290);
	ck_assert_uint_gt(o.report.tables_read, 2);
	ck_assert_uint_gt(db_find(env, ".blob").count, 1);
	ck_assert_uint_eq(o.report.tables_damaged + o.report.tables_lost, 0);
	ck_assert_uint_eq(check_rescued(env, &o, "sound"), KEYS);
	struct lsm *db = open_rescued(env);
	ck_assert_uint_eq(db_stats(db).table_records, o.report.records_written);
	db_put(db, "more", "yes");
	ck_assert_uint_eq(db_stats(db).last_seqno, history.count + 1);
	db_close(db);
	outcome_done(&o);
	env_free(env);
}
END_TEST

START_TEST(a_flip_anywhere_costs_no_more_than_is_told)
{
	struct env *whole = make_store(unit_seed());
	struct names files = list_files(whole, DB_DIR);

	for (size_t i = 0; i < files.count; i++) {
		size_t len = file_of(whole, files.names[i]).len;
		size_t step = max_of((size_t)1, min_of(len, (size_t)8000) / 97) * UNIT_SLOWNESS;

		for (size_t at = 0; at < min_of(len, (size_t)8000); at += step) {
			struct env *env = damaged(whole, files.names[i], at, 1, false);

			(void)salvage_and_check(env, files.names[i]);
			env_free(env);
		}
	}
	env_free(whole);
}
END_TEST

/* Where a file's last byte that is not zero stands. */
static size_t last_byte(struct slice bytes)
{
	size_t len = bytes.len;

	while (len > 0 && bytes.ptr[len - 1] == 0)
		len--;
	return len ? len - 1 : 0;
}

START_TEST(zeroed_sectors_cost_no_more_than_is_told)
{
	struct env *whole = make_store(unit_seed());
	struct names files = list_files(whole, DB_DIR);

	for (size_t i = 0; i < files.count; i++) {
		struct slice bytes = file_of(whole, files.names[i]);
		size_t len = min_of(bytes.len, (size_t)20000);

		/* Zeros from a record's begin to the end of a log are its end: no one can tell. */
		if (file_name_parse(files.names[i]).kind == FILE_LOG)
			len = min_of(len, last_byte(bytes) / 512 * 512);
		for (size_t at = 0; at < len; at += 512) {
			struct env *env = damaged(whole, files.names[i], at, 512, true);

			(void)salvage_and_check(env, files.names[i]);
			env_free(env);
		}
	}
	env_free(whole);
}
END_TEST

START_TEST(a_cut_file_costs_no_more_than_is_told)
{
	struct env *whole = make_store(unit_seed());
	struct names files = list_files(whole, DB_DIR);

	for (size_t i = 0; i < files.count; i++) {
		struct slice bytes = file_of(whole, files.names[i]);
		/* The end of a log can be cut off so that it looks like its end: no one can tell.
		 */
		bool is_log = file_name_parse(files.names[i]).kind == FILE_LOG;

		for (size_t part = 0; part < 12 && !is_log; part++) {
			struct env *env = env_mem_clone(whole);
			size_t len = bytes.len * part / 12;

			ck_assert_int_eq(env_mem_set_file(env, DB_DIR, files.names[i],
							  slice_of(bytes.ptr, len)),
					 0);
			(void)salvage_and_check(env, files.names[i]);
			env_free(env);
		}
	}
	env_free(whole);
}
END_TEST

START_TEST(a_missing_file_costs_no_more_than_is_told)
{
	struct env *whole = make_store(unit_seed());
	struct names files = list_files(whole, DB_DIR);

	for (size_t i = 0; i < files.count; i++) {
		struct env *env = env_mem_clone(whole);
		unsigned right;

		ck_assert_int_eq(env_mem_remove_file(env, DB_DIR, files.names[i]), 0);
		right = salvage_and_check(env, files.names[i]);
		/* Without CURRENT or manifest the files speak for themselves. */
		if (file_name_parse(files.names[i]).kind == FILE_MANIFEST ||
		    strcmp(files.names[i], "CURRENT") == 0)
			ck_assert_uint_eq(right, KEYS);
		env_free(env);
	}
	env_free(whole);
}
END_TEST

START_TEST(garbage_in_a_files_place_costs_no_more_than_is_told)
{
	uint64_t seed = unit_seed();
	struct env *whole = make_store(seed);
	struct names files = list_files(whole, DB_DIR);
	static uint8_t garbage[5000];
	struct rng rng;

	rng_seed(&rng, seed);
	rng_fill(&rng, garbage, sizeof(garbage));
	for (size_t i = 0; i < files.count; i++) {
		struct env *env = env_mem_clone(whole);

		ck_assert_int_eq(env_mem_set_file(env, DB_DIR, files.names[i],
						  slice_of(garbage, sizeof(garbage))),
				 0);
		(void)salvage_and_check(env, files.names[i]);
		env_free(env);
	}
	env_free(whole);
}
END_TEST

/* All that the manifests say can be worked out from the tables, even for one without a footer. */
START_TEST(without_any_manifest_the_tables_prove_each_other)
{
	struct env *whole = make_store(unit_seed());
	struct names files = list_files(whole, DB_DIR);

	for (size_t i = 0; i < files.count; i++) {
		if (file_name_parse(files.names[i]).kind != FILE_TABLE)
			continue;
		size_t len = file_of(whole, files.names[i]).len;
		struct env *env = damaged(whole, files.names[i], len - SST_FOOTER_SIZE,
					  SST_FOOTER_SIZE, true);

		for (size_t k = 0; k < files.count; k++) {
			if (file_name_parse(files.names[k]).kind == FILE_MANIFEST)
				ck_assert_int_eq(env_mem_remove_file(env, DB_DIR, files.names[k]),
						 0);
		}
		ck_assert_int_eq(env_mem_remove_file(env, DB_DIR, "CURRENT"), 0);
		ck_assert_uint_eq(salvage_and_check(env, files.names[i]), KEYS);
		env_free(env);
	}
	env_free(whole);
}
END_TEST

/* Without CURRENT a salvage cannot know whether what was patched first was there before: some seeds
 * have such a key. */
static unsigned sentences_of_more_than_doubt(const struct outcome *o)
{
	unsigned count = 0;

	for (size_t i = 0; i < o->count; i++)
		count += strstr(o->sentences[i], "it may be lost what was there before") == NULL;
	return count;
}

START_TEST(a_table_under_another_number_is_not_taken_in)
{
	struct env *env = make_store(unit_seed());
	struct db_found_name table = db_find(env, ".sst");
	struct outcome o;

	ck_assert_int_eq(env_mem_set_file(env, DB_DIR, "000900.sst", file_of(env, table.name)), 0);
	ck_assert_int_eq(env_mem_remove_file(env, DB_DIR, "CURRENT"), 0);
	salvage(env, &o);
	ck_assert_int_eq(o.err, 0);
	ck_assert_uint_eq(o.report.tables_lost, 1);
	ck_assert_uint_eq(sentences_of_more_than_doubt(&o), 2);
	ck_assert_uint_eq(check_rescued(env, &o, "copied"), KEYS);
	outcome_done(&o);
	env_free(env);
}
END_TEST

START_TEST(an_older_value_takes_a_lost_ones_place_and_that_is_told)
{
	struct env *env = env_mem_new();
	struct lsm_options options = small_options(env);
	struct outcome o;
	char old_value[VALUE_MAX], new_value[VALUE_MAX];
	struct lsm *db = db_open_with(&options);
	struct lsm_record record;

	memset(old_value, 'o', VALUE_MAX);
	memset(new_value, 'n', VALUE_MAX);
	for (int i = 0; i < 2; i++) {
		struct slice value = slice_of(i ? new_value : old_value, VALUE_MAX);

		ck_assert_int_eq(lsm_put(db, slice_str("k\"\x01"), value, NULL), 0);
		if (i)
			ck_assert_int_eq(lsm_put(db, slice_str("only"), value, NULL), 0);
		ck_assert_int_eq(lsm_flush(db), 0);
	}
	db_close(db);
	struct names files = list_files(env, DB_DIR);
	const char *newest = "";
	for (size_t i = 0; i < files.count; i++) {
		if (file_name_parse(files.names[i]).kind == FILE_TABLE &&
		    strcmp(files.names[i], newest) > 0)
			newest = files.names[i];
	}
	/* Its two values stand at the front; each compresses to a few bytes. */
	struct env *bad = damaged(env, newest, 2, 1, false);
	salvage(bad, &o);
	ck_assert_int_eq(o.err, 0);
	ck_assert_uint_eq(o.count, 1);
	ck_assert_uint_eq(o.report.blocks_lost, 1);
	ck_assert_uint_eq(o.report.tables_damaged, 1);
	ck_assert_ptr_nonnull(strstr(o.sentences[0], newest));
	ck_assert_ptr_nonnull(strstr(o.sentences[0], "of the key \"k\\x22\\x01\" in change 2 is "
						     "lost, the older one in change 1 takes its "
						     "place"));
	db = open_rescued(bad);
	ck_assert_int_eq(lsm_get(db, slice_str("k\"\x01"), NULL, &record), 0);
	ck_assert(slice_eq(record.value, slice_of(old_value, VALUE_MAX)));
	lsm_record_release(&record);
	ck_assert_int_eq(lsm_get(db, slice_str("only"), NULL, &record), 0);
	lsm_record_release(&record);
	db_close(db);
	outcome_done(&o);
	env_free(bad);
	env_free(env);
}
END_TEST

START_TEST(a_store_in_use_is_left_alone)
{
	struct env *env = make_store(1);
	struct lsm *db = db_open_small(env);
	struct outcome o;

	salvage(env, &o);
	ck_assert_int_eq(o.err, -EWOULDBLOCK);
	db_close(db);
	salvage(env, &o);
	ck_assert_int_eq(o.err, 0);
	outcome_done(&o);
	salvage(env, &o);
	ck_assert_int_eq(o.err, -ENOTEMPTY);
	outcome_done(&o);
	env_free(env);
}
END_TEST

START_TEST(folders_that_do_not_fit_are_refused)
{
	struct env *env = make_store(1);
	struct lsm_options options = small_options(env);
	struct lsm_salvage_report report;
	struct env_dir *dir;

	ck_assert_int_eq(lsm_salvage(DB_DIR, DB_DIR "/in", &options, NULL, NULL, &report), -EINVAL);
	ck_assert_int_eq(lsm_salvage(DB_DIR, DB_DIR, &options, NULL, NULL, &report), -EINVAL);
	ck_assert_int_eq(lsm_salvage("nowhere", TO_DIR, &options, NULL, NULL, &report), -ENOENT);
	ck_assert_int_eq(env_open_dir(env, "empty", true, &dir), 0);
	env_dir_close(dir);
	ck_assert_int_eq(lsm_salvage("empty", TO_DIR, &options, NULL, NULL, &report), -ENOENT);
	ck_assert_int_eq(list_files(env, "empty").count, 0);
	options.block_bytes = 1;
	ck_assert_int_eq(lsm_salvage(DB_DIR, TO_DIR, &options, NULL, NULL, &report), -EINVAL);
	env_free(env);
}
END_TEST

/* Either there is a store with all but what is told, or an error and no store. */
static bool salvage_with_fault(struct env *whole, const struct env_fault_plan *plan)
{
	struct env *disk = env_mem_clone(whole), *env = env_fault_new(disk);
	struct lsm_options options = small_options(disk);
	struct outcome o;
	struct lsm *db;

	env_fault_set(env, plan);
	salvage(env, &o);
	bool struck = env_fault_struck(env);
	env_fault_set(env, NULL);
	if (o.err == 0) {
		env_mem_power_cut(disk);
		(void)check_rescued(disk, &o, "a failed call");
	} else {
		options.create = false;
		ck_assert(struck);
		if (lsm_open(TO_DIR, &options, &db) == 0) { /* the very last sync failed */
			db_close(db);
			ck_assert(plan->sticky);
			ck_assert_uint_eq(check_rescued(disk, &o, "the last call"), KEYS);
		} else if (!plan->sticky) {
			outcome_done(&o);
			salvage(disk, &o);
			ck_assert_msg(o.err == 0, "again: %d %s", o.err, lsm_error_text());
		}
	}
	check_same_folder(whole, disk);
	outcome_done(&o);
	env_free(env);
	env_free(disk);
	return struck;
}

static void fail_every_call(struct env_fault_plan plan)
{
	struct env *whole = make_store(unit_seed());

	while (salvage_with_fault(whole, &plan))
		plan.at_call++;
	ck_assert_uint_gt(plan.at_call, 10);
	env_free(whole);
}

START_TEST(any_call_fails_once)
{
	fail_every_call((struct env_fault_plan){.error = -EIO});
}
END_TEST

START_TEST(the_disk_dies_at_any_call)
{
	fail_every_call((struct env_fault_plan){.error = -EIO, .sticky = true});
}
END_TEST

START_TEST(the_disk_is_full_from_any_call_on)
{
	fail_every_call((struct env_fault_plan){
		.error = -ENOSPC, .sticky = true, .writes_only = true, .how = ENV_FAULT_SHORT});
}
END_TEST

START_TEST(the_power_goes_at_any_call)
{
	struct env *whole = make_store(unit_seed());
	bool struck = true;

	for (uint64_t at = 0; struck; at++) {
		const struct env_fault_plan plan = {
			.at_call = at, .error = -EIO, .sticky = true, .writes_only = true};
		struct env *disk = env_mem_clone(whole), *env = env_fault_new(disk);
		struct lsm_options options = small_options(disk);
		struct outcome o;
		struct lsm *db;

		env_fault_set(env, &plan);
		salvage(env, &o);
		struck = env_fault_struck(env);
		env_mem_power_cut(disk);
		options.create = false;
		if (o.err)
			ck_assert_int_lt(lsm_open(TO_DIR, &options, &db), 0);
		else
			ck_assert_uint_eq(check_rescued(disk, &o, "power"), KEYS);
		outcome_done(&o);
		env_free(env);
		env_free(disk);
	}
	env_free(whole);
}
END_TEST

static const TTest *const *const tests[] = {
	&of_a_sound_store_nothing_is_lost,
	&a_flip_anywhere_costs_no_more_than_is_told,
	&zeroed_sectors_cost_no_more_than_is_told,
	&a_cut_file_costs_no_more_than_is_told,
	&a_missing_file_costs_no_more_than_is_told,
	&garbage_in_a_files_place_costs_no_more_than_is_told,
	&without_any_manifest_the_tables_prove_each_other,
	&a_table_under_another_number_is_not_taken_in,
	&an_older_value_takes_a_lost_ones_place_and_that_is_told,
	&a_store_in_use_is_left_alone,
	&folders_that_do_not_fit_are_refused,
	&any_call_fails_once,
	&the_disk_dies_at_any_call,
	&the_disk_is_full_from_any_call_on,
	&the_power_goes_at_any_call,
};

UNIT_ROUNDS("lsm/db/salvage", tests, NULL, forget_history, 0, 1)
