/*
 * Jobs that empty blob files, as a table.
 */
#include "lsm/tree/picker.h"
#include "tests/unit/lsm/tree/tree_fixture.h"

static const struct picker_options options = {
	.l0_threshold = 4,
	.size_ratio = 10,
	.base_level_bytes = 100000,
	.target_file_bytes = 1000,
};

enum {
	CASE_FILES = 8,
	NEW_RUN = 1000000, /* as `into`: a run of its own */
};

/* In run r of level l, table n names blob file b. */
#define NAMING(l, r, n, from, to, b)                                                               \
	{                                                                                          \
		.level = (l), .run = (r), .number = (n), .smallest = (from), .largest = (to),      \
		.blobs = {                                                                         \
			{.number = (b), .bytes = 10, .end = 100}                                   \
		}                                                                                  \
	}
#define BUSY_NAMING(l, r, n, from, to, b)                                                          \
	{                                                                                          \
		.level = (l), .run = (r), .number = (n), .smallest = (from), .largest = (to),      \
		.blobs = {{.number = (b), .bytes = 10, .end = 100}}, .compacting = true            \
	}
#define PLAIN(l, r, n, from, to)                                                                   \
	{                                                                                          \
		.level = (l), .run = (r), .number = (n), .smallest = (from), .largest = (to)       \
	}

/* Blob files 5 and 9 are leaving. */
static const struct leaving_case {
	const char *name;
	struct spec files[CASE_FILES];
	int busy_level; /* 0: none */
	/* The outcome: */
	const char *inputs; /* NULL: none */
	int level, output_level;
	uint64_t into;
	int below_level;
} cases[] = {
	{"an empty tree names nothing", {{0}}, 0, NULL, 0, 0, 0, 0},
	{"tables that name other files stay",
	 {PLAIN(1, 1, 1, "a", "b"), NAMING(1, 1, 2, "c", "d", 4), NAMING(2, 1, 3, "c", "d", 8)},
	 0,
	 NULL,
	 0,
	 0,
	 0,
	 0},
	{"a table is written anew in its place",
	 {PLAIN(1, 7, 1, "a", "b"), NAMING(1, 7, 2, "c", "d", 5), NAMING(1, 7, 3, "e", "f", 5)},
	 0,
	 "2",
	 1,
	 1,
	 7,
	 2},
	{"in its own run, whatever lies over it",
	 {NAMING(1, 9, 1, "a", "c", 4), NAMING(1, 3, 2, "b", "d", 9), PLAIN(1, 3, 3, "e", "f")},
	 0,
	 "2",
	 1,
	 1,
	 3,
	 1},
	{"also where it is the newest of several runs",
	 {NAMING(1, 9, 1, "a", "c", 9), PLAIN(1, 3, 2, "b", "d")},
	 0,
	 "1",
	 1,
	 1,
	 9,
	 1},
	{"in the last level", {NAMING(6, 2, 1, "a", "c", 9)}, 0, "1", 6, 6, 2, 7},
	{"deeper levels come first, level 0 last",
	 {NAMING(0, 0, 11, "a", "z", 5), NAMING(1, 1, 1, "a", "c", 5),
	  NAMING(3, 1, 2, "a", "c", 5)},
	 0,
	 "2",
	 3,
	 3,
	 1,
	 4},
	{"a table that is compacting is passed over",
	 {BUSY_NAMING(1, 1, 1, "a", "b", 5), NAMING(1, 1, 2, "c", "d", 5)},
	 0,
	 "2",
	 1,
	 1,
	 1,
	 2},
	{"and waited for when it is the only one",
	 {BUSY_NAMING(1, 1, 1, "a", "b", 5), PLAIN(1, 1, 2, "c", "d")},
	 0,
	 NULL,
	 0,
	 0,
	 0,
	 0},
	{"a level that a job writes into is passed over",
	 {NAMING(1, 1, 1, "a", "b", 5), NAMING(2, 1, 2, "a", "b", 5)},
	 2,
	 "1",
	 1,
	 1,
	 1,
	 2},
	{"of level 0 all that overlap go down, and are written anew",
	 {NAMING(0, 0, 11, "a", "c", 5), PLAIN(0, 0, 12, "b", "d"), PLAIN(0, 0, 13, "x", "z")},
	 0,
	 "12 11",
	 0,
	 1,
	 NEW_RUN,
	 1},
	{"into the run that is there",
	 {NAMING(0, 0, 11, "a", "c", 5), PLAIN(1, 4, 1, "b", "d"), PLAIN(1, 4, 2, "e", "f")},
	 0,
	 "11 1",
	 0,
	 1,
	 4,
	 2},
	{"or above the several that are there",
	 {NAMING(0, 0, 11, "a", "c", 5), PLAIN(1, 4, 1, "b", "d"), PLAIN(1, 3, 2, "e", "f")},
	 0,
	 "11",
	 0,
	 1,
	 NEW_RUN,
	 1},
	{"level 0 waits for the job that writes into level 1",
	 {NAMING(0, 0, 11, "a", "c", 5)},
	 1,
	 NULL,
	 0,
	 0,
	 0,
	 0},
	{"a table of level 0 whose group is busy is passed over for another",
	 {NAMING(0, 0, 11, "a", "c", 5), BUSY_NAMING(0, 0, 12, "b", "d", 4),
	  NAMING(0, 0, 13, "x", "z", 9)},
	 0,
	 "13",
	 0,
	 1,
	 NEW_RUN,
	 1},
};

static const char *inputs_text(const struct compaction_job *job)
{
	char *text = text_space();

	for (size_t i = 0; i < job->input_count; i++)
		text_add_files(text, job->inputs[i].files, job->inputs[i].count);
	return text;
}

static void expect_job(const struct leaving_case *c, const struct compaction_job *job)
{
	ck_assert_msg(strcmp(inputs_text(job), c->inputs) == 0, "%s: %s", c->name,
		      inputs_text(job));
	ck_assert_msg(job->level == c->level && job->output_level == c->output_level,
		      "%s: from %d to %d", c->name, job->level, job->output_level);
	ck_assert_msg((job->new_run ? NEW_RUN : job->output_run) == c->into, "%s: run %llu",
		      c->name, (unsigned long long)job->output_run);
	ck_assert_msg(job->below_level == c->below_level, "%s: below %d", c->name,
		      job->below_level);
	/* A move would empty nothing. */
	ck_assert_msg(!job->trivial_move, "%s", c->name);
	ck_assert_uint_eq(job->leaving.count, 2);
	ck_assert(number_list_has(&job->leaving, 5) && number_list_has(&job->leaving, 9));
}

START_TEST(tables_that_name_leaving_files_are_rewritten_as_the_table_says)
{
	for (size_t i = 0; i < array_size(cases); i++) {
		struct version *v = spec_version(cases[i].files);
		struct number_list leaving = {0};
		struct picker_cursor cursor = {0};
		struct compaction_job job = {0};

		ck_assert_int_eq(number_list_insert(&leaving, 9), 0);
		ck_assert_int_eq(number_list_insert(&leaving, 5), 0);
		cursor.busy[cases[i].busy_level] = cases[i].busy_level > 0;
		int err = picker_leave_blobs(v, &leaving, &options, &cursor, &job);
		ck_assert_msg(err == (cases[i].inputs ? 0 : -ENOENT), "%s: %d", cases[i].name, err);
		if (!err)
			expect_job(&cases[i], &job);
		compaction_job_done(&job);
		number_list_done(&leaving);
		version_unref(v);
	}
}
END_TEST

static const TTest *const *const tests[] = {
	&tables_that_name_leaving_files_are_rewritten_as_the_table_says,
};

UNIT_SUITE("lsm/tree/picker_blobs", tests)
