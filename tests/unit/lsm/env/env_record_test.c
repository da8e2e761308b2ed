#include "lsm/env/env_record.h"

#include "lsm/base/rng.h"
#include "lsm/env/env_fault.h"
#include "lsm/env/env_mem.h"
#include "lsm/env/env_record_log.h"
#include "tests/unit/lsm/env/env_testing.h"

static struct env *mem;
static struct env *env;
static struct env_dir *dir;

static void setup(void)
{
	mem = env_mem_new();
	env = env_record_new(mem);
	ck_assert_ptr_nonnull(env);
	ck_assert_int_eq(env_open_dir(env, "/store", true, &dir), 0);
}

static void teardown(void)
{
	env_dir_close(dir);
	env_free(env);
	env_free(mem);
}

/* The calls so far as text, one letter a kind, with names and numbers. */
static const char *recording(void)
{
	static const char *const kinds[] = {
		"create", "append", "sync", "truncate", "allocate",
		"rename", "unlink", "link", "syncdir",  "mark",
	};
	static char text[2048];
	size_t at = 0;
	size_t count;
	const struct env_call *calls = env_record_calls(env, &count);

	text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		const struct env_call *c = &calls[i];

		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s %s%s%s %llu %llu %.*s; ",
				       kinds[c->kind], c->name, c->to[0] ? ">" : "", c->to,
				       (unsigned long long)c->offset, (unsigned long long)c->length,
				       (int)c->bytes.len, (const char *)c->bytes.ptr);
		ck_assert_uint_lt(at, sizeof(text));
	}
	return text;
}

START_TEST(changes_are_remembered_with_their_data)
{
	struct env_file *f = open_file(dir, "a", ENV_CREATE);
	struct slice parts[] = {slice_str("on"), slice_str(""), slice_str("e")};

	ck_assert_int_eq(env_file_append(f, parts, array_size(parts)), 0);
	ck_assert_int_eq(append(f, "two"), 0);
	ck_assert_int_eq(env_file_seek(f, 1), 0);
	ck_assert_int_eq(append(f, "N"), 0);
	ck_assert_int_eq(env_file_allocate(f, 4, 60), 0);
	ck_assert_int_eq(env_file_truncate(f, 6), 0);
	ck_assert_int_eq(env_file_sync(f), 0);
	ck_assert_int_eq(env_record_mark(env, 17), 0);
	ck_assert_int_eq(env_dir_link(dir, "a", dir, "b"), 0);
	ck_assert_int_eq(env_dir_rename(dir, "b", "c"), 0);
	ck_assert_int_eq(env_dir_unlink(dir, "a"), 0);
	ck_assert_int_eq(env_dir_sync(dir), 0);
	env_file_close(f);
	ck_assert_str_eq(recording(),
			 "create a 0 0 ; append a 0 3 one; append a 3 3 two; append a 1 1 N; "
			 "allocate a 4 60 ; truncate a 6 0 ; sync a 0 0 ; mark  17 0 ; "
			 "link a>b 0 0 ; rename b>c 0 0 ; unlink a 0 0 ; syncdir  0 0 ; ");
}
END_TEST

START_TEST(reads_and_failures_are_not_remembered)
{
	struct env_fault_plan plan = {.sticky = true, .error = -EIO};
	struct env *fault = env_fault_new(mem);
	struct env *over = env_record_new(fault);
	struct env_dir *d = NULL;
	struct env_file *f = NULL;
	size_t count = 0;

	ck_assert_int_eq(env_open_dir(over, "/store", true, &d), 0);
	f = open_file(d, "a", ENV_CREATE);
	env_file_close(f);
	f = open_file(d, "a", ENV_REUSE);
	ck_assert(holds(d, "a", ""));
	env_fault_set(fault, &plan);
	ck_assert_int_eq(append(f, "x"), -EIO);
	ck_assert_int_eq(env_file_sync(f), -EIO);
	ck_assert_int_eq(env_file_seek(f, 9), -EIO);
	ck_assert_int_eq(env_dir_sync(d), -EIO);
	ck_assert_int_eq(env_dir_unlink(d, "a"), -EIO);
	env_fault_set(fault, NULL);
	ck_assert_int_eq(append(f, "y"), 0);

	const struct env_call *calls = env_record_calls(over, &count);

	ck_assert_uint_eq(count, 2);
	ck_assert_int_eq(calls[0].kind, ENV_CALL_CREATE);
	ck_assert_int_eq(calls[1].kind, ENV_CALL_APPEND);
	ck_assert_uint_eq(calls[1].offset, 0);
	env_file_close(f);
	env_dir_close(d);
	env_free(over);
	env_free(fault);
}
END_TEST

START_TEST(an_open_file_follows_its_renames)
{
	struct env_file *f = open_file(dir, "a", ENV_CREATE);
	struct env_file *over = open_file(dir, "b", ENV_CREATE);

	ck_assert_int_eq(env_dir_rename(dir, "a", "b"), 0);
	ck_assert_int_eq(append(f, "1"), 0);
	ck_assert_int_eq(append(over, "lost: its name was taken"), 0);
	ck_assert_int_eq(env_file_sync(over), 0);
	ck_assert_int_eq(env_dir_unlink(dir, "b"), 0);
	ck_assert_int_eq(append(f, "lost: no name"), 0);
	env_file_close(f);
	env_file_close(over);
	ck_assert_str_eq(recording(), "create a 0 0 ; create b 0 0 ; rename a>b 0 0 ; "
				      "append b 0 1 1; unlink b 0 0 ; ");
}
END_TEST

START_TEST(folders_are_told_apart)
{
	struct env_dir *other = NULL;
	struct env_dir *again = NULL;
	struct env_file *f = open_file(dir, "a", ENV_CREATE);
	size_t count = 0;

	ck_assert_int_eq(env_open_dir(env, "/none", false, &other), -ENOENT);
	ck_assert_int_eq(env_open_dir(env, "/other", true, &other), 0);
	ck_assert_int_eq(env_open_dir(env, "/store", false, &again), 0);
	ck_assert_int_eq(env_dir_link(dir, "a", other, "a"), 0);
	ck_assert_int_eq(env_dir_unlink(other, "a"), 0);
	ck_assert_int_eq(append(f, "still named"), 0);
	ck_assert_int_eq(env_dir_link(dir, "a", again, "b"), 0);

	const struct env_call *calls = env_record_calls(env, &count);

	ck_assert_uint_eq(count, 5);
	ck_assert_uint_eq(calls[0].folder, 0);
	ck_assert_int_eq(calls[1].kind, ENV_CALL_LINK);
	ck_assert_uint_eq(calls[1].folder, 0);
	ck_assert_uint_eq(calls[1].to_folder, 1);
	ck_assert_int_eq(calls[2].kind, ENV_CALL_UNLINK);
	ck_assert_uint_eq(calls[2].folder, 1);
	ck_assert_str_eq(calls[3].name, "a");
	ck_assert_int_eq(calls[4].kind, ENV_CALL_LINK);
	ck_assert_uint_eq(calls[4].to_folder, 0);
	env_file_close(f);
	env_dir_close(again);
	env_dir_close(other);
}
END_TEST

START_TEST(a_sync_stands_before_what_was_appended_beside_it)
{
	struct record_log log;
	struct record_pending sync;
	struct record_pending beside;
	struct record_pending failed;

	record_log_init(&log);
	ck_assert_int_eq(record_log_begin(&log, &beside, ENV_CALL_APPEND, "covered", NULL), 0);
	ck_assert_int_eq(record_log_end(&log, &beside, 0), 0);
	ck_assert_int_eq(record_log_begin(&log, &beside, ENV_CALL_APPEND, "beside", NULL), 0);
	ck_assert_int_eq(record_log_begin(&log, &failed, ENV_CALL_SYNC, "failed", NULL), 0);
	ck_assert_int_eq(record_log_begin(&log, &sync, ENV_CALL_SYNC, "sync", NULL), 0);
	ck_assert_int_eq(record_log_end(&log, &beside, 0), 0);
	ck_assert_int_eq(record_log_end(&log, &failed, -EIO), -EIO);
	ck_assert_int_eq(record_log_end(&log, &sync, 0), 0);
	ck_assert_uint_eq(log.count, 3);
	ck_assert_str_eq(log.calls[0].name, "covered");
	ck_assert_str_eq(log.calls[1].name, "sync");
	ck_assert_str_eq(log.calls[2].name, "beside");
	ck_assert_uint_eq(log.pending, 0);
	record_log_done(&log);
}
END_TEST

static void replay_on_file(struct env_dir *d, const struct env_call *c)
{
	enum env_open_mode mode = c->kind == ENV_CALL_CREATE ? ENV_REPLACE : ENV_REUSE;
	struct env_file *f = open_file(d, c->name, mode);

	if (c->kind == ENV_CALL_APPEND) {
		ck_assert_int_eq(env_file_seek(f, c->offset), 0);
		ck_assert_int_eq(env_file_append(f, &c->bytes, 1), 0);
	}
	if (c->kind == ENV_CALL_TRUNCATE)
		ck_assert_int_eq(env_file_truncate(f, c->offset), 0);
	if (c->kind == ENV_CALL_ALLOCATE)
		ck_assert_int_eq(env_file_allocate(f, c->offset, c->length), 0);
	if (c->kind == ENV_CALL_SYNC)
		ck_assert_int_eq(env_file_sync(f), 0);
	env_file_close(f);
}

static void replay(struct env_dir *d, const struct env_call *c)
{
	switch (c->kind) {
	case ENV_CALL_RENAME:
		ck_assert_int_eq(env_dir_rename(d, c->name, c->to), 0);
		break;
	case ENV_CALL_UNLINK:
		ck_assert_int_eq(env_dir_unlink(d, c->name), 0);
		break;
	case ENV_CALL_LINK:
		ck_assert_int_eq(env_dir_link(d, c->name, d, c->to), 0);
		break;
	case ENV_CALL_SYNC_DIR:
		ck_assert_int_eq(env_dir_sync(d), 0);
		break;
	case ENV_CALL_MARK:
		break;
	case ENV_CALL_CREATE:
	case ENV_CALL_APPEND:
	case ENV_CALL_SYNC:
	case ENV_CALL_TRUNCATE:
	case ENV_CALL_ALLOCATE:
		replay_on_file(d, c);
		break;
	}
}

/*
 * The promise of promises: what env_dir_write_small acknowledged is there after losing power
 * anywhere.
 */
START_TEST(every_prefix_rebuilds_a_disk_that_keeps_what_was_acknowledged)
{
	static const char *const contents[] = {"first", "second, longer", "third"};
	size_t count = 0;

	for (size_t i = 0; i < array_size(contents); i++) {
		ck_assert_int_eq(env_dir_write_small(dir, "CURRENT", slice_str(contents[i])), 0);
		ck_assert_int_eq(env_record_mark(env, i + 1), 0);
	}

	const struct env_call *calls = env_record_calls(env, &count);

	ck_assert_uint_eq(count, 3 * 6);
	for (size_t prefix = 0; prefix <= count; prefix++) {
		struct env *disk = env_mem_new();
		struct env_dir *d = NULL;
		uint64_t acknowledged = 0;

		ck_assert_int_eq(env_open_dir(disk, "/store", true, &d), 0);
		for (size_t i = 0; i < prefix; i++) {
			replay(d, &calls[i]);
			if (calls[i].kind == ENV_CALL_MARK)
				acknowledged = calls[i].offset;
		}
		env_mem_power_cut(disk);
		ck_assert(holds(d, "CURRENT", acknowledged ? contents[acknowledged - 1] : NULL) ||
			  (acknowledged < 3 && holds(d, "CURRENT", contents[acknowledged])));
		env_dir_close(d);
		env_free(disk);
	}
}
END_TEST

static const TTest *const *const tests[] = {
	&changes_are_remembered_with_their_data,
	&reads_and_failures_are_not_remembered,
	&an_open_file_follows_its_renames,
	&folders_are_told_apart,
	&a_sync_stands_before_what_was_appended_beside_it,
	&every_prefix_rebuilds_a_disk_that_keeps_what_was_acknowledged,
};

UNIT_ROUNDS("lsm/env/env_record", tests, setup, teardown, 0, 1)
