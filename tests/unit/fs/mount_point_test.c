#include "fs/mount_point.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "tests/unit/unit.h"

/* A folder of the test's own, absolute and without links, and the current folder meanwhile. */
static char root[100];

static void setup(void)
{
	char made[] = "/tmp/apexfs-mount.XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(made));
	cleanup_free char *path = realpath(made, NULL);

	ck_assert_ptr_nonnull(path);
	snprintf(root, sizeof(root), "%s", path);
	ck_assert_int_eq(chdir(root), 0);
	ck_assert_int_eq(mkdir("store", 0700), 0);
	ck_assert_int_eq(mkdir("mnt", 0700), 0);
	fail_clear();
}

static void teardown(void)
{
	char command[200];

	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(system(command), 0);
}

static void check_store(const char *store, const char *below_root)
{
	cleanup_free char *path = NULL;
	char expected[300];

	snprintf(expected, sizeof(expected), "%s%s", root, below_root);
	ck_assert_int_eq(mount_point_store_path(store, &path), 0);
	ck_assert_str_eq(path, expected);
}

START_TEST(store_path_is_absolute_whether_it_exists_or_not)
{
	setup();
	check_store("store", "/store");
	check_store("./store/", "/store");
	check_store("new", "/new");
	check_store("store/new/", "/store/new");
	ck_assert_int_eq(symlink("store", "link"), 0);
	check_store("link", "/store");
	check_store("link/new", "/store/new");
	teardown();
}
END_TEST

START_TEST(store_without_a_parent_is_named)
{
	char *path = NULL;

	setup();
	ck_assert_int_eq(mount_point_store_path("absent/store", &path), -ENOENT);
	ck_assert_str_eq(fail_text(), "absent: No such file or directory");
	ck_assert_int_eq(mount_point_store_path("", &path), -ENOENT);
	ck_assert_ptr_null(path);
	teardown();
}
END_TEST

/* Checks mnt against the store; a refusal names `part`. */
static int check(const char *mountpoint, const char *store_below_root, const char *part)
{
	cleanup_free char *path = NULL;
	char store[300];

	snprintf(store, sizeof(store), "%s%s", root, store_below_root);
	int rc = mount_point_check(mountpoint, store, &path);

	if (rc)
		ck_assert_msg(strstr(fail_text(), part) != NULL, "\"%s\"", fail_text());
	else
		ck_assert_msg(path[0] == '/' && access(path, F_OK) == 0, "%s", path);
	return rc;
}

START_TEST(empty_folder_is_a_mount_point)
{
	setup();
	ck_assert_int_eq(check("mnt", "/store", ""), 0);
	ck_assert_int_eq(check("./mnt/", "/new", ""), 0);
	/* A common beginning of the names is no nesting. */
	ck_assert_int_eq(check("mnt", "/mnt2", ""), 0);
	teardown();
}
END_TEST

START_TEST(mount_point_must_be_a_folder)
{
	setup();
	cleanup_fd int fd = open("file", O_CREAT | O_WRONLY, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(check("file", "/store", "file: not a folder"), -ENOTDIR);
	ck_assert_int_eq(check("absent", "/store", "absent: No such"), -ENOENT);
	teardown();
}
END_TEST

START_TEST(mount_point_must_be_empty)
{
	setup();
	ck_assert_int_eq(mkdir("mnt/.hidden", 0700), 0);
	ck_assert_int_eq(check("mnt", "/store", "mnt: not empty"), -ENOTEMPTY);
	teardown();
}
END_TEST

START_TEST(mount_point_must_be_free)
{
	setup();
	ck_assert_int_eq(check("/proc", "/store", "mounted here already"), -EBUSY);
	teardown();
}
END_TEST

START_TEST(store_and_mount_point_must_not_overlap)
{
	setup();
	ck_assert_int_eq(mkdir("store/mnt", 0700), 0);
	ck_assert_int_eq(check("store", "/store", "overlap"), -EINVAL);
	ck_assert_int_eq(check("store/mnt", "/store", "overlap"), -EINVAL);
	ck_assert_int_eq(check("mnt", "/mnt/new", "overlap"), -EINVAL);
	ck_assert_int_eq(symlink("store", "link"), 0);
	ck_assert_int_eq(check("link", "/store", "overlap"), -EINVAL);
	teardown();
}
END_TEST

static const TTest *const *const tests[] = {
	&store_path_is_absolute_whether_it_exists_or_not,
	&store_without_a_parent_is_named,
	&empty_folder_is_a_mount_point,
	&mount_point_must_be_a_folder,
	&mount_point_must_be_empty,
	&mount_point_must_be_free,
	&store_and_mount_point_must_not_overlap,
};

UNIT_SUITE("fs/mount_point", tests)
