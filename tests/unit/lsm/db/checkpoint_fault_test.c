/*
 * Checkpoints that fail or lose power at any of their calls: the store is as it was, and there is
 * the whole copy or none.
 */
#include "tests/unit/lsm/db/checkpoint_fixture.h"

enum {
	WRITES = 150,
	MORE_WRITES = 20,
	CALLS_MAX = 2000,
	CALLS_MIN = 20, /* a checkpoint has at least these */
};

struct fault_case {
	int error;
	bool sticky;
	enum env_fault_how how;
	bool power_cut; /* after it; else the process dies */
};

/* The store has every write; it takes more, and a checkpoint that works. */
static void check_origin(struct env *memory, unsigned least)
{
	struct lsm *db = must_open_at(memory, DB_DIR);
	unsigned n = history_length(db);

	ck_assert_uint_ge(n, least);
	ck_assert_uint_le(n, WRITES);
	history_extend(db, n, WRITES + MORE_WRITES);
	ck_assert_int_eq(lsm_checkpoint(db, "another"), 0);
	db_close(db);
	ck_assert_uint_eq(history_at(memory, "another"), WRITES + MORE_WRITES);
}

/* The whole copy (true) or no store (false). */
static bool check_copy(struct env *memory, unsigned least)
{
	struct lsm *copy;
	int err = open_at(memory, COPY_DIR, &copy);

	if (err) {
		if (err != -ENOENT && err != -EUCLEAN)
			ck_abort_msg("opening the copy: %d %s", err, lsm_error_text());
		return false;
	}
	unsigned n = history_length(copy);

	ck_assert_uint_ge(n, least);
	db_close(copy);
	return true;
}

/* False: the call was not reached, the checkpoint worked. */
static bool fail_at(const struct fault_case *c, uint64_t at_call)
{
	struct env *memory = env_mem_new();
	struct env *env = env_fault_new(memory);
	struct lsm *db = db_open_small(env);
	struct env_fault_plan plan = {
		.at_call = at_call,
		.sticky = c->sticky,
		.error = c->error,
		.how = c->how,
	};

	history_extend(db, 0, WRITES);
	ck_assert_int_eq(lsm_sync(db), 0);
	env_fault_set(env, &plan);
	int err = lsm_checkpoint(db, COPY_DIR);
	bool struck = env_fault_struck(env);

	ck_assert(struck || err == 0);
	/* what failed once may have been somebody else's call; but no half copy stays */
	if (err && !c->sticky)
		ck_assert_uint_eq(names_in(memory, COPY_DIR), 0);
	if (!c->sticky) {
		env_fault_set(env, NULL);
		ck_assert_uint_eq(history_length(db), WRITES);
	}
	if (c->power_cut)
		env_mem_power_cut(memory);
	env_fault_set(env, &(struct env_fault_plan){.sticky = true, .error = -EIO});
	ignore_result(lsm_close(db)); /* it is dead */
	env_free(env);
	if (!check_copy(memory, WRITES))
		ck_assert_int_ne(err, 0);
	check_origin(memory, WRITES);
	env_free(memory);
	return struck;
}

static void fail_everywhere(const struct fault_case *c)
{
	uint64_t at = 0;

	while (fail_at(c, at) && at < CALLS_MAX)
		at++;
	ck_assert_uint_gt(at, CALLS_MIN);
	ck_assert_uint_lt(at, CALLS_MAX);
}

START_TEST(one_failed_call_leaves_no_half_copy)
{
	fail_everywhere(&(struct fault_case){.error = -EIO});
	fail_everywhere(&(struct fault_case){.error = -ENOSPC, .how = ENV_FAULT_SHORT});
}
END_TEST

START_TEST(one_failed_call_then_the_power_goes)
{
	fail_everywhere(&(struct fault_case){.error = -EIO, .power_cut = true});
}
END_TEST

START_TEST(the_disk_dies_then_the_process_or_the_power_goes)
{
	fail_everywhere(&(struct fault_case){.error = -EIO, .sticky = true});
	fail_everywhere(&(struct fault_case){.error = -EIO, .sticky = true, .power_cut = true});
	fail_everywhere(&(struct fault_case){
		.error = -EIO, .sticky = true, .how = ENV_FAULT_TORN, .power_cut = true});
}
END_TEST

/* ---- a disk rebuilt from the recorded calls, cut after each of them ---- */

enum {
	FOLDERS = 2,
	COPY_BEGINS = 1 << 20, /* marks; below: so many writes were answered */
	COPY_IS_DONE,
	SYNCED,
};

static const char *const folder_paths[FOLDERS] = {DB_DIR, COPY_DIR};

struct disk {
	struct env *env;
	struct env_dir *dirs[FOLDERS]; /* by env_call.folder; NULL: not made yet */
	unsigned answered, synced, at_begin;
	bool done;
};

static struct env_dir *disk_dir(struct disk *d, uint32_t folder)
{
	ck_assert_uint_lt(folder, FOLDERS);
	if (!d->dirs[folder])
		ck_assert_int_eq(env_open_dir(d->env, folder_paths[folder], true, &d->dirs[folder]),
				 0);
	return d->dirs[folder];
}

static int replay_on_file(struct env_dir *dir, const struct env_call *c)
{
	struct env_file *f = NULL;
	bool makes = c->kind == ENV_CALL_CREATE;
	int err = env_dir_open(dir, c->name, makes ? ENV_REPLACE : ENV_REUSE, &f);

	if (!err && c->kind == ENV_CALL_APPEND) {
		err = env_file_seek(f, c->offset);
		if (!err)
			err = env_file_append(f, &c->bytes, 1);
	}
	if (!err && c->kind == ENV_CALL_SYNC)
		err = env_file_sync(f);
	if (!err && c->kind == ENV_CALL_TRUNCATE)
		err = env_file_truncate(f, c->offset);
	if (!err && c->kind == ENV_CALL_ALLOCATE)
		err = env_file_allocate(f, c->offset, c->length);
	env_file_close(f);
	return err;
}

static void note_mark(struct disk *d, uint64_t number)
{
	if (number == COPY_BEGINS)
		d->at_begin = d->answered;
	else if (number == COPY_IS_DONE)
		d->done = true;
	else if (number == SYNCED)
		d->synced = d->answered;
	else
		d->answered = (unsigned)number;
}

static void replay(struct disk *d, const struct env_call *c)
{
	struct env_dir *dir = disk_dir(d, c->folder);
	int err = 0;

	switch (c->kind) {
	case ENV_CALL_CREATE:
	case ENV_CALL_APPEND:
	case ENV_CALL_SYNC:
	case ENV_CALL_TRUNCATE:
	case ENV_CALL_ALLOCATE:
		err = replay_on_file(dir, c);
		break;
	case ENV_CALL_RENAME:
		err = env_dir_rename(dir, c->name, c->to);
		break;
	case ENV_CALL_UNLINK:
		err = env_dir_unlink(dir, c->name);
		break;
	case ENV_CALL_LINK:
		err = env_dir_link(dir, c->name, disk_dir(d, c->to_folder), c->to);
		break;
	case ENV_CALL_SYNC_DIR:
		err = env_dir_sync(dir);
		break;
	case ENV_CALL_MARK:
		note_mark(d, c->offset);
		break;
	}
	ck_assert_int_eq(err, 0);
}

/* What a cut leaves of what was not synced. */
enum cut {
	CUT_KEEPS_NOTHING,
	CUT_KEEPS_NAMES,
	CUT_KEEPS_ALL,
	CUTS,
};

static void cut(struct disk *d, enum cut kind)
{
	for (size_t i = 0; kind == CUT_KEEPS_NAMES && i < FOLDERS; i++)
		if (d->dirs[i])
			ck_assert_int_eq(env_dir_sync(d->dirs[i]), 0);
	if (kind != CUT_KEEPS_ALL)
		env_mem_power_cut(d->env);
	for (size_t i = 0; i < FOLDERS; i++)
		env_dir_close(d->dirs[i]);
}

/* Returns whether there is a copy. */
static bool check_prefix(const struct env_call *calls, size_t count, enum cut kind)
{
	struct disk d = {.env = env_mem_new()};
	bool copied;

	for (size_t i = 0; i < count; i++)
		replay(&d, &calls[i]);
	cut(&d, kind);
	copied = check_copy(d.env, d.at_begin);
	ck_assert(copied || !d.done);
	if (d.synced > 0)
		check_origin(d.env, d.synced);
	env_free(d.env);
	return copied;
}

static void record_run(struct env *recorder)
{
	struct lsm *db = db_open_small(recorder);

	for (unsigned n = 0; n < WRITES; n++) {
		history_extend(db, n, n + 1);
		ck_assert_int_eq(env_record_mark(recorder, n + 1), 0);
		if (n == WRITES / 2) {
			ck_assert_int_eq(lsm_sync(db), 0);
			ck_assert_int_eq(env_record_mark(recorder, SYNCED), 0);
		}
		if (n != WRITES - 20)
			continue;
		ck_assert_int_eq(env_record_mark(recorder, COPY_BEGINS), 0);
		ck_assert_int_eq(lsm_checkpoint(db, COPY_DIR), 0);
		ck_assert_int_eq(env_record_mark(recorder, COPY_IS_DONE), 0);
	}
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	db_close(db);
}

START_TEST(a_power_cut_leaves_the_whole_copy_or_none)
{
	struct env *memory = env_mem_new();
	struct env *recorder = env_record_new(memory);
	unsigned with = 0, without = 0;
	size_t count, first = 0;

	record_run(recorder);
	const struct env_call *calls = env_record_calls(recorder, &count);

	while (calls[first].kind != ENV_CALL_MARK || calls[first].offset != COPY_BEGINS)
		first++;
	for (size_t prefix = first; prefix <= count; prefix++) {
		for (int kind = 0; kind < CUTS; kind++) {
			if (check_prefix(calls, prefix, (enum cut)kind))
				with++;
			else
				without++;
		}
	}
	ck_assert_uint_gt(with, 30);
	ck_assert_uint_gt(without, 30);
	env_free(recorder);
	env_free(memory);
}
END_TEST

static const TTest *const *const tests[] = {
	&one_failed_call_leaves_no_half_copy,
	&one_failed_call_then_the_power_goes,
	&the_disk_dies_then_the_process_or_the_power_goes,
	&a_power_cut_leaves_the_whole_copy_or_none,
};

UNIT_SUITE("lsm/db/checkpoint_fault", tests)
