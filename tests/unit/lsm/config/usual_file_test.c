/* Which settings file is read when none is named, and whose. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/config/config.h"
#include "tests/unit/unit.h"

static const struct config_option table[] = {
	{"shop", "doors", CONFIG_UINT, 1, 12, NULL, "2", "doors", "How many doors.", false},
};

static char root[64];
static char store[128], home[128], store_file[200], home_file[200], home_word[140];

static void begin(void)
{
	char folder[160];

	strcpy(root, "/tmp/usual_file_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	snprintf(store, sizeof(store), "%s/store", root);
	snprintf(home, sizeof(home), "%s/home", root);
	snprintf(folder, sizeof(folder), "%s/.config", home);
	ck_assert_int_eq(mkdir(store, 0700), 0);
	ck_assert_int_eq(mkdir(home, 0700), 0);
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	snprintf(store_file, sizeof(store_file), "%s/apexfs.ini", store);
	snprintf(home_file, sizeof(home_file), "%s/apexfs.ini", folder);
	snprintf(home_word, sizeof(home_word), "HOME=%s", home);
}

static void end(void)
{
	char folder[160];

	snprintf(folder, sizeof(folder), "%s/.config", home);
	unlink(store_file);
	unlink(home_file);
	ck_assert_int_eq(rmdir(folder), 0);
	ck_assert_int_eq(rmdir(home), 0);
	ck_assert_int_eq(rmdir(store), 0);
	ck_assert_int_eq(rmdir(root), 0);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(fchmod(fd, mode), 0);
}

/* What it answers, and the doors then. */
static int load(const char *of_store, uint64_t *ret_doors)
{
	char *environment[] = {home_word, NULL};
	struct config *c = NULL;

	ck_assert_int_eq(config_new(table, array_size(table), &c), 0);
	fail_clear();
	int rc = config_load_usual_file(c, of_store, environment);

	*ret_doors = config_number(c, "shop", "doors");
	config_free(c);
	return rc;
}

START_TEST(the_store_comes_before_the_home)
{
	uint64_t doors;

	begin();
	write_file(home_file, "[shop]\ndoors=4\n", 0600);
	ck_assert_int_eq(load(store, &doors), 0);
	ck_assert_uint_eq(doors, 4);
	write_file(store_file, "[shop]\ndoors=3\n", 0644);
	ck_assert_int_eq(load(store, &doors), 0);
	ck_assert_uint_eq(doors, 3);
	ck_assert_int_eq(load(NULL, &doors), 0);
	ck_assert_uint_eq(doors, 4);
	/* an absent store has none */
	ck_assert_int_eq(load("/nonexistent/x", &doors), 0);
	ck_assert_uint_eq(doors, 4);
	end();
}
END_TEST

START_TEST(a_bad_one_is_refused_not_passed_over)
{
	uint64_t doors;

	begin();
	write_file(home_file, "[shop]\ndoors=4\n", 0600);
	write_file(store_file, "[shop]\n\ndoors=99\n", 0600);
	ck_assert_int_eq(load(store, &doors), -EINVAL);
	ck_assert_ptr_nonnull(strstr(fail_text(), "store/apexfs.ini:3: shop.doors=99"));
	ck_assert_uint_eq(doors, 2);
	end();
}
END_TEST

START_TEST(one_that_others_could_have_written_is_refused)
{
	uint64_t doors;

	begin();
	write_file(store_file, "[shop]\ndoors=3\n", 0666);
	ck_assert_int_eq(load(store, &doors), -EPERM);
	ck_assert_ptr_nonnull(strstr(fail_text(), "others may write"));
	write_file(store_file, "[shop]\ndoors=3\n", 0620);
	ck_assert_int_eq(load(store, &doors), -EPERM);
	if (geteuid() == 0) {
		write_file(store_file, "[shop]\ndoors=3\n", 0600);
		ck_assert_int_eq(chown(store_file, 12345, 12345), 0);
		ck_assert_int_eq(load(store, &doors), -EPERM);
		ck_assert_ptr_nonnull(strstr(fail_text(), "another user"));
	}
	unlink(store_file);
	ck_assert_int_eq(mkfifo(store_file, 0600), 0); /* and nobody waits for a writer */
	ck_assert_int_eq(load(store, &doors), -EPERM);
	ck_assert_ptr_nonnull(strstr(fail_text(), "no regular file"));
	end();
}
END_TEST

static const TTest *const *const tests[] = {
	&the_store_comes_before_the_home,
	&a_bad_one_is_refused_not_passed_over,
	&one_that_others_could_have_written_is_refused,
};

UNIT_SUITE("lsm/config/usual_file", tests)
