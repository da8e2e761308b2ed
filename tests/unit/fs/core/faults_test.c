#include "fs/core/faults.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lsm/base/error.h"
#include "lsm/base/log.h"
#include "tests/unit/unit.h"

START_TEST(damage_is_an_io_error_and_all_else_stays)
{
	static struct faults faults;

	log_set_level(LOG_LEVEL_ERROR);
	ck_assert_int_eq(faults_answer(&faults, 0), 0);
	ck_assert_int_eq(faults_answer(&faults, -ENOENT), -ENOENT);
	ck_assert_int_eq(faults_answer(&faults, -ENOSPC), -ENOSPC);
	ck_assert_int_eq(faults_answer(&faults, fail(-EBADMSG, "a")), -EIO);
	ck_assert_int_eq(faults_answer(&faults, fail(-EUCLEAN, "b")), -EIO);
}
END_TEST

START_TEST(each_sentence_is_logged_once)
{
	static struct faults faults;
	char lines[4096];
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	log_set_fd(ends[1]);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(faults_answer(&faults, fail(-EBADMSG, "1.sst: offset 7")), -EIO);
		ck_assert_int_eq(faults_answer(&faults, fail(-EBADMSG, "1.sst: offset 8")), -EIO);
	}
	log_set_fd(STDERR_FILENO);
	close(ends[1]);
	ssize_t len = read(ends[0], lines, sizeof(lines) - 1);

	ck_assert_int_gt(len, 0);
	lines[len] = '\0';
	close(ends[0]);
	char *first = strstr(lines, "1.sst: offset 7");
	char *second = strstr(lines, "1.sst: offset 8");

	ck_assert_ptr_nonnull(first);
	ck_assert_ptr_nonnull(second);
	ck_assert_ptr_null(strstr(first + 1, "1.sst: offset 7"));
	ck_assert_ptr_null(strstr(second + 1, "1.sst: offset 8"));
}
END_TEST

START_TEST(an_error_repeated_without_its_sentence_is_not_logged)
{
	static struct faults faults;
	char line;
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	log_set_fd(ends[1]);
	fail_clear();
	ck_assert_int_eq(faults_answer(&faults, -EBADMSG), -EIO);
	log_set_fd(STDERR_FILENO);
	close(ends[1]);
	ck_assert_int_eq(read(ends[0], &line, 1), 0);
	close(ends[0]);
}
END_TEST

static const TTest *const *const tests[] = {
	&damage_is_an_io_error_and_all_else_stays,
	&each_sentence_is_logged_once,
	&an_error_repeated_without_its_sentence_is_not_logged,
};

UNIT_SUITE("fs/core/faults", tests)
