#include "lsm/config/config_relation.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "tests/unit/unit.h"

static const struct config_option table[] = {
	{"shop", "doors", CONFIG_UINT, 1, 12, NULL, "2", "doors", "How many doors.", true},
	{"shop", "guards", CONFIG_UINT, 1, 20, NULL, "4", "", "Who stand at them.", true},
	{"shop", "keys", CONFIG_UINT, 1, 30, NULL, "20", "", "That they have.", true},
	{"shop", "area", CONFIG_SIZE, 1024, 1 << 20, NULL, "4k", "bytes", "How large.", true},
	{"shop", "ground", CONFIG_SIZE, 4096, 1 << 21, NULL, "8k", "bytes", "With it.", true},
};
static const struct config_relation relations[] = {
	{"shop", "guards", "shop", "doors", 0},
	{"shop", "keys", "shop", "guards", 0},
	{"shop", "ground", "shop", "area", 1000},
};

static struct config *config_of(const char *file, const char *assignment)
{
	char path[] = "/tmp/relation_test.XXXXXX";
	struct config *c = NULL;

	ck_assert_int_eq(config_new(table, array_size(table), &c), 0);
	if (file) {
		cleanup_fd int fd = mkstemp(path);

		ck_assert_int_eq(write(fd, file, strlen(file)), (ssize_t)strlen(file));
		ck_assert_msg(config_load_file(c, path) == 0, "%s", fail_text());
		ck_assert_int_eq(unlink(path), 0);
	}
	if (assignment)
		ck_assert_msg(config_set(c, assignment) == 0, "%s", fail_text());
	return c;
}

START_TEST(what_goes_together_is_accepted)
{
	static const char *const files[] = {
		NULL,
		"[shop]\ndoors = 4\n",
		"[shop]\nguards = 2\n",
		"[shop]\ndoors = 12\nguards = 12\n",
		"[shop]\narea = 7192\n",
		"[shop]\nground = 5096\n",
	};

	for (size_t i = 0; i < array_size(files); i++) {
		struct config *c = config_of(files[i], NULL);

		ck_assert_int_eq(config_check_relations(c, relations, array_size(relations)), 0);
		config_free(c);
	}
}
END_TEST

/* The later one is to blame. */
START_TEST(what_does_not_is_refused_with_place_range_and_reason)
{
	static const struct {
		const char *file, *assignment, *why;
	} cases[] = {
		{"[shop]\n\nguards = 1\n", NULL,
		 ":3: shop.guards=1: out of range, allowed: 2 to 20, as shop.doors=2 (default)"},
		{"[shop]\ndoors = 5\n", NULL,
		 ":2: shop.doors=5: out of range, allowed: 1 to 4 doors, as shop.guards=4 "
		 "(default)"},
		{"[shop]\ndoors = 7\nguards = 6\n", NULL,
		 ":3: shop.guards=6: out of range, allowed: 7 to 20, as shop.doors=7 (/tmp/"},
		{"[shop]\nguards = 6\ndoors = 7\n", NULL,
		 ":3: shop.doors=7: out of range, allowed: 1 to 6 doors, as shop.guards=6 (/tmp/"},
		{"[shop]\nguards = 6\n", "shop.doors=7",
		 "command line: shop.doors=7: out of range, allowed: 1 to 6 doors, as "
		 "shop.guards=6 (/tmp/"},
		{"[shop]\nguards = 1\nkeys = 9\n", NULL,
		 ":2: shop.guards=1: out of range, allowed: 2 to 9, as shop.doors=2 (default) and "
		 "shop.keys=9 (/tmp/"},
		{"[shop]\ndoors = 12\nkeys = 2\n", NULL,
		 ":2: shop.doors=12: out of range, allowed: 1 to 4 doors, as shop.guards=4 "
		 "(default)"},
		{"[shop]\narea = 8k\n", NULL,
		 ":2: shop.area=8k: out of range, allowed: 1k to 7192 bytes, as shop.ground=8k ("},
		{NULL, "shop.ground=5095",
		 "shop.ground=5095: out of range, allowed: 5096 to 2m bytes"},
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct config *c = config_of(cases[i].file, cases[i].assignment);

		fail_clear();
		ck_assert_int_eq(config_check_relations(c, relations, array_size(relations)),
				 -ERANGE);
		ck_assert_msg(strstr(fail_text(), cases[i].why) != NULL, "\"%s\" lacks \"%s\"",
			      fail_text(), cases[i].why);
		config_free(c);
	}
}
END_TEST

static const TTest *const *const tests[] = {
	&what_goes_together_is_accepted,
	&what_does_not_is_refused_with_place_range_and_reason,
};

UNIT_SUITE("lsm/config/config_relation", tests)
