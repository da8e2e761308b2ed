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

int main(void)
{
	static const TTest *const *tests[] = {
		&a_mount_is_named,
		&what_is_not_mounted_any_more_is_no_mount,
		&another_program_is_none,
		&half_an_escape_at_the_end_is_no_escape,
	};

	return unit_run("holder", tests, array_size(tests));
}
