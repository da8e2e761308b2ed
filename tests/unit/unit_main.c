#include <stdbool.h>
#include <string.h>

#include "tests/unit/unit.h"

static struct unit_suite *suites;

void unit_enlist(struct unit_suite *suite)
{
	suite->next = suites;
	suites = suite;
}

static int run(const struct unit_suite *s)
{
	Suite *suite = suite_create(s->name);
	TCase *cases = tcase_create(s->name);

	tcase_add_checked_fixture(cases, s->setup, s->teardown);
	tcase_set_timeout(cases, 300);
	for (size_t i = 0; i < s->test_count; i++)
		tcase_add_loop_test(cases, *s->tests[i], s->first, s->end);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed;
}

static bool is_among(const char *name, char **names, int count)
{
	for (int i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* usage: PROGRAM [SUITE]... */
int main(int argc, char **argv)
{
	int wanted = argc - 1, found = 0, failed = 0;

	for (const struct unit_suite *s = suites; s; s = s->next) {
		if (wanted && !is_among(s->name, argv + 1, wanted))
			continue;
		found++;
		failed += run(s);
	}
	if (found < wanted) {
		fprintf(stderr, "not all of these are suites of this program\n");
		return 2;
	}
	return failed ? 1 : 0;
}
