#include "fs/transport/offer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "tests/unit/unit.h"

/* What is made of a parameter that reads so. */
static int check_text(const char *text)
{
	char path[] = "/tmp/apexfs-offer.XXXXXX";
	cleanup_fd int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	fail_clear();
	int rc = offer_check(path);

	ck_assert_int_eq(unlink(path), 0);
	return rc;
}

START_TEST(parameter_decides)
{
	ck_assert_int_eq(check_text("Y\n"), 0);
	ck_assert_int_eq(check_text("1\n"), 0);
	ck_assert_int_eq(check_text("N\n"), -EOPNOTSUPP);
	ck_assert_ptr_nonnull(strstr(fail_text(), "is N"));
	ck_assert_int_eq(check_text("\n"), -EOPNOTSUPP);
	ck_assert_int_eq(check_text(""), -EOPNOTSUPP);
	ck_assert_ptr_nonnull(strstr(fail_text(), "unreadable"));
}
END_TEST

START_TEST(kernel_without_it_is_named_as_one)
{
	ck_assert_int_eq(offer_check("/tmp/there-is-no-such-parameter"), -EOPNOTSUPP);
	ck_assert_ptr_nonnull(strstr(fail_text(), "6.14"));
}
END_TEST

static const TTest *const *const tests[] = {
	&parameter_decides,
	&kernel_without_it_is_named_as_one,
};

UNIT_SUITE("fs/transport/offer", tests)
