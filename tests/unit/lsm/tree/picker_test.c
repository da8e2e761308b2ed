#include "lsm/tree/picker.h"
#include "tests/unit/lsm/tree/tree_fixture.h"

static const struct picker_options options = {
	.l0_threshold = 2,
	.size_ratio = 10,
	.base_level_bytes = 3000,
	.target_file_bytes = 1000,
};

enum {
	CASE_FILES = 12,
};

/* What is picked: numbers of the inputs; first "" for nothing. */
struct outcome {
	int level, output_level;
	const char *first, *second;
	bool trivial_move;
};

static void expect_job(const char *name, int err, const struct compaction_job *job,
		       const struct outcome *o)
{
	if (!o->first) {
		ck_assert_msg(err == -ENOENT, "%s: %d", name, err);
		return;
	}
	ck_assert_msg(err == 0, "%s: %d", name, err);
	ck_assert_msg(job->level == o->level, "%s: level %d", name, job->level);
	ck_assert_msg(job->output_level == o->output_level, "%s: to %d", name, job->output_level);
	ck_assert_msg(strcmp(files_text(&job->inputs[0]), o->first) == 0, "%s: first %s", name,
		      files_text(&job->inputs[0]));
	ck_assert_msg(strcmp(files_text(&job->inputs[1]), o->second) == 0, "%s: second %s", name,
		      files_text(&job->inputs[1]));
	ck_assert_msg(job->trivial_move == o->trivial_move, "%s: trivial_move", name);
	for (int i = 0; i < JOB_INPUT_LEVELS; i++) {
		for (size_t k = 0; k < job->inputs[i].count; k++) {
			const struct table_file *f = job->inputs[i].files[k];

			ck_assert(slice_cmp(job->smallest, f->smallest) <= 0);
			ck_assert(slice_cmp(job->largest, f->largest) >= 0);
		}
	}
}

#define FILE_AT(l, n, from, to)                                                                    \
	{                                                                                          \
		.level = (l), .number = (n), .smallest = (from), .largest = (to)                   \
	}
#define SIZED(l, n, from, to, bytes)                                                               \
	{                                                                                          \
		.level = (l), .number = (n), .smallest = (from), .largest = (to),                  \
		.size_bytes = (bytes)                                                              \
	}
#define BUSY_FILE(l, n, from, to)                                                                  \
	{                                                                                          \
		.level = (l), .number = (n), .smallest = (from), .largest = (to),                  \
		.compacting = true                                                                 \
	}
#define WITH_TOMBSTONES(l, n, from, to)                                                            \
	{                                                                                          \
		.level = (l), .number = (n), .smallest = (from), .largest = (to), .tombstones = 1  \
	}

static const struct {
	const char *name;
	struct spec files[CASE_FILES];
	const char *after; /* cursor of level 1 */
	int busy_level;    /* 0: none */
	struct outcome outcome;
} leveled_cases[] = {
	{"an empty tree has nothing to do", {{0}}, NULL, 0, {0}},
	{"below the threshold nothing happens", {FILE_AT(0, 1, "a", "z")}, NULL, 0, {0}},
	{"overlapping tables of level 0 go together",
	 {FILE_AT(0, 1, "a", "c"), FILE_AT(0, 2, "b", "d")},
	 NULL,
	 0,
	 {0, 1, "2 1", "", false}},
	{"overlap is followed from table to table",
	 {FILE_AT(0, 1, "a", "c"), FILE_AT(0, 2, "x", "z"), FILE_AT(0, 3, "e", "g"),
	  FILE_AT(0, 4, "c", "e")},
	 NULL,
	 0,
	 {0, 1, "4 3 1", "", false}},
	{"the oldest of disjoint tables just moves",
	 {FILE_AT(0, 1, "m", "n"), FILE_AT(0, 2, "a", "b"), FILE_AT(0, 3, "p", "q")},
	 NULL,
	 0,
	 {0, 1, "1", "", true}},
	{"overlapping tables of level 1 come along",
	 {FILE_AT(0, 1, "c", "f"), FILE_AT(0, 2, "d", "g"), SIZED(1, 3, "a", "b", 100),
	  SIZED(1, 4, "bb", "c", 100), SIZED(1, 5, "e", "e", 100), SIZED(1, 6, "g", "k", 100),
	  SIZED(1, 7, "l", "m", 100)},
	 NULL,
	 0,
	 {0, 1, "2 1", "4 5 6", false}},
	{"what the level 1 tables add to the range draws in no more of level 0",
	 {FILE_AT(0, 1, "b", "c"), FILE_AT(0, 2, "h", "i"), FILE_AT(1, 3, "a", "j")},
	 NULL,
	 0,
	 {0, 1, "1", "3", false}},
	{"a compacting table of level 0 blocks its group",
	 {BUSY_FILE(0, 1, "a", "c"), FILE_AT(0, 2, "b", "d")},
	 NULL,
	 0,
	 {0}},
	{"a compacting table of level 1 blocks the group above it",
	 {FILE_AT(0, 1, "a", "c"), FILE_AT(0, 2, "b", "d"), BUSY_FILE(1, 3, "d", "e")},
	 NULL,
	 0,
	 {0}},
	{"a job that writes into level 1 blocks level 0 even where nothing is marked",
	 {FILE_AT(0, 1, "a", "c"), FILE_AT(0, 2, "b", "d")},
	 NULL,
	 1,
	 {0}},
	{"a level above its target gives its first table away",
	 {FILE_AT(1, 1, "a", "b"), FILE_AT(1, 2, "c", "d"), FILE_AT(1, 3, "e", "f"),
	  FILE_AT(1, 4, "g", "h"), FILE_AT(2, 5, "b", "b")},
	 NULL,
	 0,
	 {1, 2, "1", "5", false}},
	{"the cursor goes on behind the last one",
	 {FILE_AT(1, 1, "a", "b"), FILE_AT(1, 2, "c", "d"), FILE_AT(1, 3, "e", "f"),
	  FILE_AT(1, 4, "g", "h"), FILE_AT(2, 5, "e", "e")},
	 "d",
	 0,
	 {1, 2, "3", "5", false}},
	{"a table that the cursor points into had its turn",
	 {FILE_AT(1, 1, "a", "b"), FILE_AT(1, 2, "c", "d"), FILE_AT(1, 3, "e", "f"),
	  FILE_AT(1, 4, "g", "h")},
	 "ca",
	 0,
	 {1, 2, "3", "", true}},
	{"the cursor wraps around",
	 {FILE_AT(1, 1, "a", "b"), FILE_AT(1, 2, "c", "d"), FILE_AT(1, 3, "e", "f"),
	  FILE_AT(1, 4, "g", "h")},
	 "h",
	 0,
	 {1, 2, "1", "", true}},
	{"a compacting table is passed over",
	 {BUSY_FILE(1, 1, "a", "b"), FILE_AT(1, 2, "c", "d"), FILE_AT(1, 3, "e", "f"),
	  FILE_AT(1, 4, "g", "h"), BUSY_FILE(2, 5, "d", "d")},
	 NULL,
	 0,
	 {1, 2, "3", "", true}},
	{"a table with tombstones and nothing below is rewritten, not moved",
	 {WITH_TOMBSTONES(1, 1, "a", "b"), FILE_AT(1, 2, "c", "d"), FILE_AT(1, 3, "e", "f"),
	  FILE_AT(1, 4, "g", "h")},
	 NULL,
	 0,
	 {1, 2, "1", "", false}},
	{"a table with tombstones moves while older versions may lie below",
	 {WITH_TOMBSTONES(1, 1, "a", "b"), FILE_AT(1, 2, "c", "d"), FILE_AT(1, 3, "e", "f"),
	  FILE_AT(1, 4, "g", "h"), FILE_AT(4, 5, "a", "a")},
	 NULL,
	 0,
	 {1, 2, "1", "", true}},
	{"a table that overlaps too much two levels down does not move",
	 {SIZED(1, 1, "a", "k", 4000), SIZED(3, 5, "c", "d", 5000), SIZED(3, 6, "e", "f", 5000),
	  SIZED(3, 7, "g", "h", 1010)},
	 NULL,
	 0,
	 {1, 2, "1", "", false}},
	{"the higher score goes first",
	 {FILE_AT(0, 1, "a", "b"), FILE_AT(0, 2, "a", "b"), SIZED(1, 3, "c", "d", 9000)},
	 NULL,
	 0,
	 {1, 2, "3", "", true}},
	{"when the most urgent level is blocked the next gets its turn",
	 {FILE_AT(0, 1, "a", "b"), FILE_AT(0, 2, "a", "b"), SIZED(1, 3, "c", "d", 9000)},
	 NULL,
	 2,
	 {0, 1, "2 1", "", false}},
	{"the last level never has to give anything away",
	 {SIZED(6, 1, "a", "b", UINT64_C(1) << 60)},
	 NULL,
	 0,
	 {0}},
};

START_TEST(the_leveled_picker_follows_its_table)
{
	for (size_t i = 0; i < array_size(leveled_cases); i++) {
		struct version *v = spec_version(leveled_cases[i].files);
		struct picker_cursor cursor = {0};
		struct compaction_job job = {0};

		if (leveled_cases[i].after)
			cursor.after[1] = slice_str(leveled_cases[i].after);
		if (leveled_cases[i].busy_level)
			cursor.busy[leveled_cases[i].busy_level] = true;
		int err = picker_leveled(v, &options, &cursor, &job);
		expect_job(leveled_cases[i].name, err, &job, &leveled_cases[i].outcome);
		compaction_job_done(&job);
		version_unref(v);
	}
}
END_TEST

static const struct spec deep[] = {
	FILE_AT(0, 10, "a", "c"),
	FILE_AT(0, 11, "m", "n"),
	FILE_AT(0, 12, "c", "d"),
	FILE_AT(1, 1, "a", "b"),
	FILE_AT(1, 2, "c", "e"),
	FILE_AT(1, 3, "k", "m"),
	FILE_AT(2, 4, "d", "d"),
	FILE_AT(2, 5, "e", "f"),
	BUSY_FILE(2, 6, "x", "z"),
	FILE_AT(1, 7, "y", "y"),
	{0},
};

START_TEST(the_range_picker_follows_its_table)
{
	static const struct {
		const char *name;
		int level;
		const char *from, *to;
		int err;
		struct outcome outcome;
	} cases[] = {
		{"level 0 moves with its group", 0, "b", "b", 0, {0, 1, "12 10", "1 2", false}},
		{"level 0 without an end", 0, "", "", 0, {0, 1, "12 11 10", "1 2 3", false}},
		{"nothing there", 0, "p", "q", -ENOENT, {0}},
		{"level 1 moves to where older data lies",
		 1,
		 "d",
		 "k",
		 0,
		 {1, 2, "2 3", "4 5", false}},
		{"no data below this part: rewritten in place",
		 1,
		 "k",
		 "m",
		 0,
		 {1, 1, "3", "", false}},
		{"level 2 is the last with data", 2, "", "g", 0, {2, 2, "4 5", "", false}},
		{"an input is compacting", 2, "a", "", -EBUSY, {0}},
		{"an input below is compacting", 1, "y", "y", -EBUSY, {0}},
		{"an empty level", 4, "", "", -ENOENT, {0}},
	};
	struct version *v = spec_version(deep);

	for (size_t i = 0; i < array_size(cases); i++) {
		struct compaction_job job = {0};
		int err = picker_range(v, cases[i].level, slice_str(cases[i].from),
				       slice_str(cases[i].to), &options, &job);

		ck_assert_msg(err == cases[i].err, "%s: %d", cases[i].name, err);
		if (!err)
			expect_job(cases[i].name, err, &job, &cases[i].outcome);
		compaction_job_done(&job);
	}
	version_unref(v);
}
END_TEST

START_TEST(level_0_leaves_even_an_otherwise_empty_tree)
{
	static const struct spec files[] = {FILE_AT(0, 1, "a", "c"), FILE_AT(0, 2, "b", "d"), {0}};
	struct version *v = spec_version(files);
	struct compaction_job job = {0};

	ck_assert_int_eq(picker_range(v, 0, slice_str(""), slice_str(""), &options, &job), 0);
	ck_assert_int_eq(job.output_level, 1);
	compaction_job_done(&job);
	version_unref(v);
}
END_TEST

START_TEST(scores_are_shares_of_the_targets)
{
	static const struct spec files[] = {
		FILE_AT(0, 1, "a", "c"),
		SIZED(1, 2, "a", "b", 1500),
		SIZED(2, 3, "a", "b", 60000),
		SIZED(6, 4, "a", "b", 1),
		{0},
	};
	struct version *v = spec_version(files);

	ck_assert(picker_leveled_score(v, 0, &options) == 0.5);
	ck_assert(picker_leveled_score(v, 1, &options) == 0.5);
	ck_assert(picker_leveled_score(v, 2, &options) == 2.0);
	ck_assert(picker_leveled_score(v, 3, &options) == 0.0);
	ck_assert(picker_leveled_score(v, 6, &options) == 0.0);
	version_unref(v);
}
END_TEST

START_TEST(debt_falls_from_level_to_level)
{
	static const struct spec none[] = {
		FILE_AT(0, 1, "a", "c"), SIZED(1, 2, "a", "b", 3000), {0}};
	static const struct spec some[] = {
		FILE_AT(0, 1, "a", "c"),
		FILE_AT(0, 4, "a", "c"),
		SIZED(1, 2, "a", "b", 2500),
		SIZED(2, 3, "a", "b", 30000),
		{0},
	};
	struct version *v = spec_version(none);

	ck_assert_uint_eq(picker_debt(v, &options), 0);
	version_unref(v);
	v = spec_version(some);
	/* 2000 leave level 0; level 1 then has 1500 too many, and level 2 as many. */
	ck_assert_uint_eq(picker_debt(v, &options), 2000 + 1500 + 1500);
	version_unref(v);
}
END_TEST

int main(void)
{
	static const TTest *const *tests[] = {
		&the_leveled_picker_follows_its_table,
		&the_range_picker_follows_its_table,
		&level_0_leaves_even_an_otherwise_empty_tree,
		&scores_are_shares_of_the_targets,
		&debt_falls_from_level_to_level,
	};

	return unit_run("picker", tests, array_size(tests));
}
