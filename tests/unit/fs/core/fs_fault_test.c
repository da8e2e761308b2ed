/*
 * The n-th call to the disk fails, for every n until nothing fails: an operation that was answered
 * with 0 is there after the process died, one that was answered with an error has not happened.
 */
#include <linux/falloc.h>
#include <unistd.h>

#include "tests/unit/fs/core/fs_fixture.h"

static int try_echo(struct fixture *f, const char *path, const char *text)
{
	uint64_t node = 0;
	int err = create_as(f, &f->me, path, 0666, false, &node);

	if (!err)
		err = write_node(f, node, 0, text);
	if (!err)
		fs_forget(f->fs, node, 1);
	return err;
}

static int try_chmod(struct fixture *f, const char *path)
{
	struct stat want = {.st_mode = 0600};
	struct stat st;
	uint64_t node = node_at(f, path);
	int err = fs_setattr(f->fs, &f->me, node, &want, FS_SET_MODE, &st);

	fs_forget(f->fs, node, 1);
	return err;
}

enum {
	BIG = 10000,
	PATCH_AT = 5000,
	PATCH = 3000,
	CUT = 6000,
	HOLE_AT = 2000,
	HOLE = 3000,
	SCRIPT_STEPS = 15,
};

/* A file too long to be put anew. */
static int try_big(struct fixture *f)
{
	static char bytes[BIG];
	uint64_t node = 0;
	int err = create_as(f, &f->me, "big", 0666, false, &node);

	memset(bytes, 'b', sizeof(bytes));
	if (!err)
		err = fs_write(f->fs, &f->me, node, 0, slice_of(bytes, sizeof(bytes)));
	if (!err)
		fs_forget(f->fs, node, 1);
	return err;
}

static int try_patch(struct fixture *f)
{
	static char bytes[PATCH];
	uint64_t node = node_at(f, "big");
	int err;

	memset(bytes, 'p', sizeof(bytes));
	err = fs_write(f->fs, &f->me, node, PATCH_AT, slice_of(bytes, sizeof(bytes)));
	fs_forget(f->fs, node, 1);
	return err;
}

static int try_copy(struct fixture *f)
{
	struct fs_copy copy = {.from = node_at(f, "big"), .len = BIG};
	uint64_t copied = 0;
	int err = create_as(f, &f->me, "copy", 0666, false, &copy.to);

	if (!err)
		err = fs_copy_range(f->fs, &f->me, &copy, &copied);
	if (!err) {
		ck_assert_uint_eq(copied, BIG);
		fs_forget(f->fs, copy.to, 1);
	}
	fs_forget(f->fs, copy.from, 1);
	return err;
}

static int try_cut(struct fixture *f)
{
	uint64_t node = node_at(f, "big");
	int err = truncate_node(f, &f->me, node, CUT);

	fs_forget(f->fs, node, 1);
	return err;
}

static int try_punch(struct fixture *f)
{
	uint64_t node = node_at(f, "copy");
	int err = fs_allocate(f->fs, &f->me, node, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			      HOLE_AT, HOLE);

	fs_forget(f->fs, node, 1);
	return err;
}

static bool has_hole(struct fixture *f)
{
	uint64_t node = node_at(f, "copy"), found = 0;
	int err = fs_seek(f->fs, node, HOLE_AT, SEEK_DATA, &found);

	ck_assert_int_eq(err, 0);
	fs_forget(f->fs, node, 1);
	return found == HOLE_AT + HOLE;
}

static int try_xattr(struct fixture *f)
{
	uint64_t node = node_at(f, "d/b");
	int err = fs_set_xattr(f->fs, &f->me, node, slice_str("user.x"), slice_str("1"), 0);

	fs_forget(f->fs, node, 1);
	return err;
}

static bool has_xattr(struct fixture *f)
{
	cleanup_buf struct buf names = {0};
	uint64_t node = node_at(f, "d/b");

	ck_assert_int_eq(fs_list_xattrs(f->fs, &f->me, node, &names), 0);
	fs_forget(f->fs, node, 1);
	return names.len > 0;
}

static void expect_big(struct fixture *f, const char *path, size_t size, bool patched)
{
	char *want = malloc(BIG + 1);

	ck_assert_ptr_nonnull(want);
	memset(want, 'b', BIG);
	if (patched)
		memset(want + PATCH_AT, 'p', PATCH);
	want[size] = '\0';
	expect_text(f, path, want);
	free(want);
}

static int script_step(struct fixture *f, int step)
{
	switch (step) {
	case 0:
		return try_echo(f, "a", "1");
	case 1:
		return mkdir_at(f, "d");
	case 2:
		return try_echo(f, "d/b", "2");
	case 3:
		return try_chmod(f, "d/b");
	case 4:
		return rename_at(f, "a", "d/b", 0);
	case 5:
		return try_echo(f, "implied/x", "3");
	case 6:
		return fs_sync(f->fs);
	case 7:
		return unlink_at(f, "implied/x");
	case 8:
		return rmdir_at(f, "implied");
	case 9:
		return try_big(f);
	case 10:
		return try_patch(f);
	case 11:
		return try_copy(f);
	case 12:
		return try_cut(f);
	case 13:
		return try_punch(f);
	default:
		return try_xattr(f);
	}
}

/* What must be so after that many steps. */
static void check(struct fixture *f, int done)
{
	if (done >= 1 && done < 5)
		expect_text(f, "a", "1");
	else
		ck_assert(!exists(f, "a"));
	ck_assert_int_eq(exists(f, "d"), done >= 2);
	if (done >= 3)
		expect_text(f, "d/b", done >= 5 ? "1" : "2");
	else if (done >= 2)
		ck_assert(!exists(f, "d/b"));
	if (done >= 3)
		ck_assert_uint_eq(stat_at(f, "d/b").st_mode, S_IFREG | (done == 4 ? 0600 : 0644));
	ck_assert_int_eq(exists(f, "implied"), done < 9);
	if (done < 9) {
		ck_assert_int_eq(exists(f, "implied/x"), done < 8);
		ck_assert_int_eq(exists(f, "implied/y"), false);
	}
	if (done >= 10)
		expect_big(f, "big", done >= 13 ? CUT : BIG, done >= 11);
	else
		ck_assert(!exists(f, "big"));
	if (done < 12)
		ck_assert(!exists(f, "copy"));
	else if (done < 14)
		expect_big(f, "copy", BIG, true);
	else
		ck_assert(has_hole(f));
	if (done >= 3)
		ck_assert_int_eq(has_xattr(f), done >= 15);
}

static bool run(const struct env_fault_plan *plan)
{
	struct fixture *f = fixture_new();
	int done = 0;

	kv_put(f, "implied/x", "0");
	env_fault_set(f->fault, plan);
	while (done < SCRIPT_STEPS && script_step(f, done) == 0)
		done++;
	bool struck = env_fault_struck(f->fault);

	ck_assert(struck || done == SCRIPT_STEPS);
	/* Also before the process dies nothing else is to be seen. */
	env_fault_set(f->fault, NULL);
	fixture_kill(f);
	check(f, done);
	fixture_free(f);
	return struck;
}

START_TEST(what_was_answered_is_what_has_happened)
{
	static const enum env_fault_how hows[] = {ENV_FAULT_ERROR, ENV_FAULT_SHORT, ENV_FAULT_TORN};
	static const int errors[] = {-EIO, -ENOSPC};

	for (size_t how = 0; how < array_size(hows); how++) {
		for (size_t error = 0; error < array_size(errors); error++) {
			struct env_fault_plan plan = {
				.how = hows[how], .error = errors[error], .writes_only = true};

			while (run(&plan))
				plan.at_call++;
			ck_assert_uint_gt(plan.at_call, SCRIPT_STEPS - 3);
		}
	}
}
END_TEST

static const TTest *const *const tests[] = {
	&what_was_answered_is_what_has_happened,
};

UNIT_SUITE("fs/core/fs_fault", tests)
