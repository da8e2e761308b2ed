/*
 * Jobs that drop what tombstones hide, as a table.
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
	CASE_FILES = 8
};

/* Table n in run r of level l: it has no large values (PLAIN), some (LARGE), some and is compacting
 * (BUSY), or a tombstone (DELETES). */
#define PLAIN(l, r, n, from, to)                                                                   \
	{                                                                                          \
		.level = (l), .run = (r), .number = (n), .smallest = (from), .largest = (to)       \
	}
#define LARGE(l, r, n, from, to)                                                                   \
	{                                                                                          \
		.level = (l), .run = (r), .number = (n), .smallest = (from), .largest = (to),      \
		.blobs = {                                                                         \
			{.number = 5, .bytes = 10, .end = 100}                                     \
		}                                                                                  \
	}
#define DELETES(l, r, n, from, to)                                                                 \
	{                                                                                          \
		.level = (l), .run = (r), .number = (n), .smallest = (from), .largest = (to),      \
		.tombstones = 1                                                                    \
	}
#define BUSY(l, r, n, from, to)                                                                    \
	{                                                                                          \
		.level = (l), .run = (r), .number = (n), .smallest = (from), .largest = (to),      \
		.blobs = {{.number = 5, .bytes = 10, .end = 100}}, .compacting = true              \
	}

static const struct space_case {
	const char *name;
	struct spec files[CASE_FILES];
	int busy_level; /* 0: none */
	/* The outcome: */
	const char *inputs;      /* NULL: none, with this error: */
	int level, output_level; /* or the error */
} cases[] = {
	{"an empty tree hides nothing", {{0}}, 0, NULL, -ENOENT, 0},
	{"without tombstones nothing is hidden",
	 {LARGE(0, 0, 11, "a", "z"), LARGE(1, 1, 1, "a", "z")},
	 0,
	 NULL,
	 -ENOENT,
	 0},
	{"nor of small values",
	 {DELETES(0, 0, 11, "a", "z"), PLAIN(1, 1, 1, "a", "z"), LARGE(1, 1, 2, "zz", "zzz")},
	 0,
	 NULL,
	 -ENOENT,
	 0},
	{"a tombstone over nothing hides nothing",
	 {DELETES(1, 1, 1, "a", "c"), LARGE(1, 1, 2, "d", "e"), LARGE(2, 1, 3, "d", "e")},
	 0,
	 NULL,
	 -ENOENT,
	 0},
	{"one table of level 0 is enough, with what it overlaps",
	 {DELETES(0, 0, 11, "a", "c"), LARGE(0, 0, 12, "x", "z"), LARGE(1, 1, 1, "b", "d")},
	 0,
	 "11 1",
	 0,
	 1},
	{"also where only another table of level 0 lies in its range",
	 {DELETES(0, 0, 12, "a", "c"), LARGE(0, 0, 11, "b", "d")},
	 0,
	 "12 11",
	 0,
	 1},
	{"it goes down level by level to what it hides",
	 {DELETES(1, 1, 1, "b", "c"), LARGE(3, 1, 3, "a", "z")},
	 0,
	 "1",
	 1,
	 2},
	{"the upper level comes first",
	 {DELETES(1, 1, 1, "b", "c"), DELETES(2, 1, 2, "a", "d"), LARGE(3, 1, 3, "a", "z")},
	 0,
	 "1 2",
	 1,
	 2},
	{"the last level ends it in place, where it has several runs",
	 {DELETES(2, 9, 1, "b", "c"), LARGE(2, 4, 2, "a", "z")},
	 0,
	 "1 2",
	 2,
	 2},
	{"in one run there is nothing more to do",
	 {DELETES(2, 9, 1, "b", "c"), LARGE(2, 9, 2, "d", "z")},
	 0,
	 NULL,
	 -ENOENT,
	 0},
	{"what is compacting is waited for",
	 {DELETES(1, 1, 1, "b", "c"), BUSY(2, 1, 2, "a", "d")},
	 0,
	 NULL,
	 -EBUSY,
	 0},
	{"another table is taken meanwhile",
	 {DELETES(1, 1, 1, "b", "c"), DELETES(1, 1, 4, "x", "y"), BUSY(2, 1, 2, "a", "d"),
	  LARGE(2, 1, 3, "x", "z")},
	 0,
	 "4 3",
	 1,
	 2},
	{"a level that a job writes into is waited for",
	 {DELETES(1, 1, 1, "b", "c"), LARGE(2, 1, 2, "a", "d")},
	 2,
	 NULL,
	 -EBUSY,
	 0},
};

static const char *inputs_text(const struct compaction_job *job)
{
	char *text = text_space();

	for (size_t i = 0; i < job->input_count; i++)
		text_add_files(text, job->inputs[i].files, job->inputs[i].count);
	return text;
}

START_TEST(tombstones_are_merged_with_what_they_hide_as_the_table_says)
{
	for (size_t i = 0; i < array_size(cases); i++) {
		const struct space_case *c = &cases[i];
		struct version *v = spec_version(c->files);
		struct picker_cursor cursor = {0};
		struct compaction_job job = {0};

		cursor.busy[c->busy_level] = c->busy_level > 0;
		int err = picker_space(v, &options, &cursor, &job);
		ck_assert_msg(err == (c->inputs ? 0 : c->level), "%s: %d", c->name, err);
		if (!err) {
			ck_assert_msg(strcmp(inputs_text(&job), c->inputs) == 0, "%s: %s", c->name,
				      inputs_text(&job));
			ck_assert_msg(job.level == c->level && job.output_level == c->output_level,
				      "%s: from %d to %d", c->name, job.level, job.output_level);
		}
		compaction_job_done(&job);
		version_unref(v);
	}
}
END_TEST

static const TTest *const *const tests[] = {
	&tombstones_are_merged_with_what_they_hide_as_the_table_says,
};

UNIT_SUITE("lsm/tree/picker_space", tests)
