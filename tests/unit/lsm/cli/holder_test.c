#include "lsm/cli/holder.h"

#include "tests/unit/unit.h"

static const char mounts[] = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
			     "90 22 0:50 / /mnt rw,nosuid - fuse.apexfs /store rw\n"
			     "91 22 0:51 / /a\\040b rw - fuse.apexfs /other rw\n"
			     "92 22 0:52 / /ssh rw - fuse.sshfs host: rw\n";

static struct holder parsed(const char *sentence)
{
	struct holder h;

	holder_parse(sentence, mounts, &h);
	return h;
}

START_TEST(a_mount_is_named)
{
	struct holder h = parsed("/store: the store is in use: pid=77 program=apexfs mount=/mnt");

	ck_assert_int_eq(h.pid, 77);
	ck_assert_str_eq(h.program, "apexfs");
	ck_assert_str_eq(h.mount, "/mnt");
	ck_assert_str_eq(parsed("s: the store is in use: pid=7 program=apexfs mount=/a b").mount,
			 "/a b");
}
END_TEST

START_TEST(what_is_not_mounted_any_more_is_no_mount)
{
	ck_assert_str_eq(parsed("s: the store is in use: pid=7 program=apexfs mount=/gone").mount,
			 "");
	ck_assert_str_eq(parsed("s: the store is in use: pid=7 program=apexfs mount=/ssh").mount,
			 "");
	ck_assert_str_eq(parsed("s: the store is in use: pid=7 program=apexfs mount=/mn").mount,
			 "");
}
END_TEST

START_TEST(another_program_is_none)
{
	struct holder h = parsed("s: the store is in use: pid=8 program=apexkv command=import");

	ck_assert_int_eq(h.pid, 8);
	ck_assert_str_eq(h.program, "apexkv");
	ck_assert_str_eq(h.mount, "");
	h = parsed("s: the store is in use: \\x01 anything");
	ck_assert_int_eq(h.pid, 0);
	ck_assert_str_eq(h.mount, "");
}
END_TEST

START_TEST(half_an_escape_at_the_end_is_no_escape)
{
	/* in memory of its own, so that the sanitizers see who reads on */
	char *list = strdup("1 - fuse.apexfs  \\0");
	struct holder h;

	ck_assert_ptr_nonnull(list);
	holder_parse("s: the store is in use: pid=7 program=apexfs mount=/mnt", list, &h);
	ck_assert_str_eq(h.mount, "");
	holder_parse("s: the store is in use: pid=7 program=apexfs mount=\\0", list, &h);
	ck_assert_str_eq(h.mount, "\\0");
	free(list);
}
END_TEST

static const char *store_around(const char *list, const char *path)
{
	static struct mounted found;

	return mounts_find_around(list, path, &found) ? found.store : NULL;
}

START_TEST(a_path_in_a_mount_is_known)
{
	ck_assert_str_eq(store_around(mounts, "/mnt"), "/store");
	ck_assert_str_eq(store_around(mounts, "/mnt/a/b"), "/store");
	ck_assert_str_eq(store_around(mounts, "/a b/c"), "/other");
	ck_assert_ptr_null(store_around(mounts, "/mntx"));
	ck_assert_ptr_null(store_around(mounts, "/ssh/x"));
	ck_assert_ptr_null(store_around(mounts, "/"));
	ck_assert_ptr_null(store_around("", "/mnt"));
	ck_assert_ptr_null(store_around("garbage\n\n1 2\n - fuse.apexfs \n", "/mnt"));
}
END_TEST

START_TEST(the_innermost_mount_counts)
{
	static const char nested[] = "1 0 0:1 / /m rw - fuse.apexfs /s rw\n"
				     "2 1 0:2 / /m/in rw - tmpfs none rw\n"
				     "3 1 0:3 / /m/in/two rw - fuse.apexfs /t rw\n"
				     "4 1 0:4 / /over rw - fuse.apexfs /u rw\n"
				     "5 1 0:5 / /over rw - ext4 /dev/x rw";

	ck_assert_str_eq(store_around(nested, "/m/x"), "/s");
	ck_assert_ptr_null(store_around(nested, "/m/in/x"));
	ck_assert_str_eq(store_around(nested, "/m/in/two/x"), "/t");
	ck_assert_ptr_null(store_around(nested, "/over/x"));
}
END_TEST

START_TEST(the_mount_of_a_store_is_found)
{
	struct mounted found;

	ck_assert(mounts_find_store(mounts, "/other", &found));
	ck_assert_str_eq(found.point, "/a b");
	ck_assert(!mounts_find_store(mounts, "host:", &found));
	ck_assert(!mounts_find_store(mounts, "/oth", &found));
}
END_TEST

static const TTest *const *const tests[] = {
	&a_mount_is_named,
	&what_is_not_mounted_any_more_is_no_mount,
	&another_program_is_none,
	&half_an_escape_at_the_end_is_no_escape,
	&a_path_in_a_mount_is_known,
	&the_innermost_mount_counts,
	&the_mount_of_a_store_is_found,
};

UNIT_SUITE("lsm/cli/holder", tests)
