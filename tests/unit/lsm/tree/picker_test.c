#include "lsm/tree/picker.h"
#include "tests/unit/lsm/tree/tree_fixture.h"

static const struct picker_cursor idle; /* no job runs */

static const struct picker_options options = {
	.l0_threshold = 2,
	.size_ratio = 10,
	.base_level_bytes = 3000,
	.target_file_bytes = 1000,
};

enum {
	CASE_FILES = 12,
	NEW_RUN = 1000000, /* as `into`: a run of its own */
};

/* What is picked: numbers of the inputs from the two levels; first NULL for nothing. */
struct outcome {
	int level, output_level;
	const char *first, *second;
	bool trivial_move;
	uint64_t into; /* the run that is joined; 0 also: not looked at */
};

/* The numbers of the inputs from one level. */
static const char *inputs_text(const struct compaction_job *job, int level)
{
	char *text = text_space();

	for (size_t i = 0; i < job->input_count; i++) {
		if (job->inputs[i].level == level)
			text_add_files(text, job->inputs[i].files, job->inputs[i].count);
	}
	return text;
}

/* What holds of every job. */
static void expect_sound(const char *name, const struct compaction_job *job)
{
	const struct version_level *into = &job->version->levels[job->output_level];
	uint64_t bytes = 0;

	for (size_t i = 0; i < job->input_count; i++) {
		const struct job_input *in = &job->inputs[i];

		ck_assert(in->level == job->level || in->level == job->output_level);
		for (size_t k = 0; k < in->count; k++) {
			const struct table_file *f = in->files[k];

			ck_assert(slice_cmp(job->smallest, f->smallest) <= 0);
			ck_assert(slice_cmp(job->largest, f->largest) >= 0);
			ck_assert_msg(k == 0 ||
					      slice_cmp(in->files[k - 1]->largest, f->smallest) < 0,
				      "%s", name);
			ck_assert_msg(!f->compacting, "%s", name);
			bytes += f->size_bytes;
		}
	}
	ck_assert_uint_eq(job->input_bytes, bytes);
	ck_assert_int_eq(job->below_level, job->output_level + !job->new_run);
	ck_assert_msg(job->new_run || job->output_run == into->runs[0].number, "%s", name);
	ck_assert_msg(job->new_run || into->run_count == 1 || job->level == job->output_level, "%s",
		      name);
}

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
	ck_assert_msg(strcmp(inputs_text(job, job->level), o->first) == 0, "%s: first %s", name,
		      inputs_text(job, job->level));
	if (job->output_level != job->level)
		ck_assert_msg(strcmp(inputs_text(job, job->output_level), o->second) == 0,
			      "%s: second %s", name, inputs_text(job, job->output_level));
	ck_assert_msg(job->trivial_move == o->trivial_move, "%s: trivial_move", name);
	if (o->into)
		ck_assert_msg((job->new_run ? NEW_RUN : job->output_run) == o->into, "%s: run %llu",
			      name, (unsigned long long)job->output_run);
	expect_sound(name, job);
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
#define IN_RUN(l, r, n, from, to, bytes)                                                           \
	{                                                                                          \
		.level = (l), .run = (r), .number = (n), .smallest = (from), .largest = (to),      \
		.size_bytes = (bytes)                                                              \
	}
#define BUSY_IN_RUN(l, r, n, from, to)                                                             \
	{                                                                                          \
		.level = (l), .run = (r), .number = (n), .smallest = (from), .largest = (to),      \
		.compacting = true                                                                 \
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
	 {0, 1, "2 1", "", false, 0}},
	{"overlap is followed from table to table",
	 {FILE_AT(0, 1, "a", "c"), FILE_AT(0, 2, "x", "z"), FILE_AT(0, 3, "e", "g"),
	  FILE_AT(0, 4, "c", "e")},
	 NULL,
	 0,
	 {0, 1, "4 3 1", "", false, 0}},
	{"the oldest of disjoint tables just moves",
	 {FILE_AT(0, 1, "m", "n"), FILE_AT(0, 2, "a", "b"), FILE_AT(0, 3, "p", "q")},
	 NULL,
	 0,
	 {0, 1, "1", "", true, 0}},
	{"overlapping tables of level 1 come along",
	 {FILE_AT(0, 1, "c", "f"), FILE_AT(0, 2, "d", "g"), SIZED(1, 3, "a", "b", 100),
	  SIZED(1, 4, "bb", "c", 100), SIZED(1, 5, "e", "e", 100), SIZED(1, 6, "g", "k", 100),
	  SIZED(1, 7, "l", "m", 100)},
	 NULL,
	 0,
	 {0, 1, "2 1", "4 5 6", false, 0}},
	{"what the level 1 tables add to the range draws in no more of level 0",
	 {FILE_AT(0, 1, "b", "c"), FILE_AT(0, 2, "h", "i"), FILE_AT(1, 3, "a", "j")},
	 NULL,
	 0,
	 {0, 1, "1", "3", false, 0}},
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
	 {1, 2, "1", "5", false, 0}},
	{"the cursor goes on behind the last one",
	 {FILE_AT(1, 1, "a", "b"), FILE_AT(1, 2, "c", "d"), FILE_AT(1, 3, "e", "f"),
	  FILE_AT(1, 4, "g", "h"), FILE_AT(2, 5, "e", "e")},
	 "d",
	 0,
	 {1, 2, "3", "5", false, 0}},
	{"a table that the cursor points into had its turn",
	 {FILE_AT(1, 1, "a", "b"), FILE_AT(1, 2, "c", "d"), FILE_AT(1, 3, "e", "f"),
	  FILE_AT(1, 4, "g", "h")},
	 "ca",
	 0,
	 {1, 2, "3", "", true, 0}},
	{"the cursor wraps around",
	 {FILE_AT(1, 1, "a", "b"), FILE_AT(1, 2, "c", "d"), FILE_AT(1, 3, "e", "f"),
	  FILE_AT(1, 4, "g", "h")},
	 "h",
	 0,
	 {1, 2, "1", "", true, 0}},
	{"a compacting table is passed over",
	 {BUSY_FILE(1, 1, "a", "b"), FILE_AT(1, 2, "c", "d"), FILE_AT(1, 3, "e", "f"),
	  FILE_AT(1, 4, "g", "h"), BUSY_FILE(2, 5, "d", "d")},
	 NULL,
	 0,
	 {1, 2, "3", "", true, 0}},
	{"a table with tombstones and nothing below is rewritten, not moved",
	 {WITH_TOMBSTONES(1, 1, "a", "b"), FILE_AT(1, 2, "c", "d"), FILE_AT(1, 3, "e", "f"),
	  FILE_AT(1, 4, "g", "h")},
	 NULL,
	 0,
	 {1, 2, "1", "", false, 0}},
	{"a table with tombstones moves while older versions may lie below",
	 {WITH_TOMBSTONES(1, 1, "a", "b"), FILE_AT(1, 2, "c", "d"), FILE_AT(1, 3, "e", "f"),
	  FILE_AT(1, 4, "g", "h"), FILE_AT(4, 5, "a", "a")},
	 NULL,
	 0,
	 {1, 2, "1", "", true, 0}},
	{"a table that overlaps too much two levels down does not move",
	 {SIZED(1, 1, "a", "k", 4000), SIZED(3, 5, "c", "d", 5000), SIZED(3, 6, "e", "f", 5000),
	  SIZED(3, 7, "g", "h", 1010)},
	 NULL,
	 0,
	 {1, 2, "1", "", false, 0}},
	{"the higher score goes first",
	 {FILE_AT(0, 1, "a", "b"), FILE_AT(0, 2, "a", "b"), SIZED(1, 3, "c", "d", 9000)},
	 NULL,
	 0,
	 {1, 2, "3", "", true, 0}},
	{"when the most urgent level is blocked the next gets its turn",
	 {FILE_AT(0, 1, "a", "b"), FILE_AT(0, 2, "a", "b"), SIZED(1, 3, "c", "d", 9000)},
	 NULL,
	 2,
	 {0, 1, "2 1", "", false, 0}},
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
		int err = picker_pick(v, &options, &cursor, &job);
		expect_job(leveled_cases[i].name, err, &job, &leveled_cases[i].outcome);
		compaction_job_done(&job);
		version_unref(v);
	}
}
END_TEST

/* ---- levels of several runs ---- */

struct runs_case {
	const char *name;
	struct spec files[CASE_FILES];
	int busy_level; /* 0: none */
	struct outcome outcome;
};

static void expect_cases(enum picker_strategy strategy, const struct runs_case *cases, size_t count)
{
	struct picker_options o = options;

	o.strategy = strategy;
	o.runs_max = 3;
	for (size_t i = 0; i < count; i++) {
		struct version *v = spec_version(cases[i].files);
		struct picker_cursor cursor = {0};
		struct compaction_job job = {0};

		if (cases[i].busy_level)
			cursor.busy[cases[i].busy_level] = true;
		int err = picker_pick(v, &o, &cursor, &job);
		expect_job(cases[i].name, err, &job, &cases[i].outcome);
		compaction_job_done(&job);
		version_unref(v);
	}
}

static const struct runs_case leveled_runs_cases[] = {
	{"runs that were left are merged in place, into the newest",
	 {IN_RUN(1, 5, 1, "a", "f", 100), IN_RUN(1, 8, 2, "b", "c", 100),
	  IN_RUN(1, 8, 3, "d", "e", 100), IN_RUN(2, 1, 4, "a", "z", 100)},
	 0,
	 {1, 1, "2 3 1", "", false, 8}},
	{"runs that do not overlap only get one number",
	 {IN_RUN(1, 5, 1, "a", "c", 100), IN_RUN(1, 8, 2, "d", "f", 100)},
	 0,
	 {1, 1, "2 1", "", true, 8}},
	{"the last level's runs are merged too",
	 {IN_RUN(6, 5, 1, "a", "c", 100), IN_RUN(6, 8, 2, "b", "f", 100)},
	 0,
	 {6, 6, "2 1", "", false, 8}},
	{"more runs are more urgent",
	 {IN_RUN(1, 5, 1, "a", "c", 100), IN_RUN(1, 8, 2, "b", "f", 100),
	  IN_RUN(2, 3, 3, "a", "c", 100), IN_RUN(2, 5, 4, "b", "f", 100),
	  IN_RUN(2, 6, 5, "b", "f", 100)},
	 0,
	 {2, 2, "5 4 3", "", false, 6}},
	{"level 0 waits until level 1 is one run",
	 {FILE_AT(0, 11, "a", "c"), FILE_AT(0, 12, "b", "d"), IN_RUN(1, 5, 1, "a", "c", 100),
	  BUSY_IN_RUN(1, 8, 2, "b", "f")},
	 0,
	 {0}},
	{"nothing is moved on top of several runs",
	 {SIZED(1, 1, "a", "b", 9000), IN_RUN(2, 3, 3, "a", "c", 100),
	  BUSY_IN_RUN(2, 5, 4, "b", "f")},
	 0,
	 {0}},
	{"a job that writes into the level forbids the merge in place",
	 {IN_RUN(2, 3, 3, "a", "c", 100), IN_RUN(2, 5, 4, "b", "f", 100)},
	 2,
	 {0}},
	{"a single run is joined under its number",
	 {FILE_AT(0, 11, "a", "c"), FILE_AT(0, 12, "b", "d"), IN_RUN(1, 7, 1, "b", "c", 100)},
	 0,
	 {0, 1, "12 11", "1", false, 7}},
	{"an empty level gets a new run",
	 {FILE_AT(0, 11, "a", "c"), FILE_AT(0, 12, "b", "d")},
	 0,
	 {0, 1, "12 11", "", false, NEW_RUN}},
	{"several runs two levels down limit no move",
	 {SIZED(1, 1, "a", "k", 4000), IN_RUN(3, 4, 5, "c", "d", 50000),
	  IN_RUN(3, 6, 6, "c", "d", 10)},
	 3,
	 {1, 2, "1", "", true, NEW_RUN}},
};

START_TEST(leveled_first_merges_what_another_strategy_left)
{
	expect_cases(PICKER_LEVELED, leveled_runs_cases, array_size(leveled_runs_cases));
}
END_TEST

static const struct runs_case tiered_cases[] = {
	{"an empty tree has nothing to do", {{0}}, 0, {0}},
	{"below the threshold nothing happens", {FILE_AT(0, 11, "a", "z")}, 0, {0}},
	{"all of level 0 becomes a run above those of level 1",
	 {FILE_AT(0, 11, "a", "c"), FILE_AT(0, 12, "b", "d"), FILE_AT(0, 13, "x", "z"),
	  IN_RUN(1, 8, 1, "a", "z", 100)},
	 0,
	 {0, 1, "13 12 11", "", false, NEW_RUN}},
	{"tables in the order of keys become a run as they are",
	 {FILE_AT(0, 11, "a", "c"), FILE_AT(0, 12, "d", "f"), IN_RUN(1, 8, 1, "a", "z", 100)},
	 0,
	 {0, 1, "12 11", "", true, NEW_RUN}},
	{"tombstones with nothing below are worth a rewrite",
	 {FILE_AT(0, 11, "a", "c"), WITH_TOMBSTONES(0, 12, "d", "f")},
	 0,
	 {0, 1, "12 11", "", false, NEW_RUN}},
	{"tombstones above an older run of the output level are not",
	 {FILE_AT(0, 11, "a", "c"), WITH_TOMBSTONES(0, 12, "d", "f"),
	  IN_RUN(1, 8, 1, "d", "d", 100)},
	 0,
	 {0, 1, "12 11", "", true, NEW_RUN}},
	{"a compacting table blocks its level",
	 {FILE_AT(0, 11, "a", "c"), BUSY_FILE(0, 12, "x", "y")},
	 0,
	 {0}},
	{"a job that writes into level 1 blocks level 0",
	 {FILE_AT(0, 11, "a", "c"), FILE_AT(0, 12, "b", "d")},
	 1,
	 {0}},
	{"fewer runs than allowed may stay",
	 {IN_RUN(1, 8, 1, "a", "z", 100000), IN_RUN(1, 9, 2, "a", "z", 100000)},
	 0,
	 {0}},
	{"runs that are small for their level are merged in place",
	 {IN_RUN(1, 7, 1, "a", "k", 900), IN_RUN(1, 8, 2, "b", "m", 900),
	  IN_RUN(1, 9, 3, "c", "d", 900), IN_RUN(2, 3, 5, "a", "z", 100)},
	 0,
	 {1, 1, "3 2 1", "", false, 9}},
	{"runs that fill their level become one of the next",
	 {IN_RUN(1, 7, 1, "a", "k", 1000), IN_RUN(1, 8, 2, "b", "m", 1000),
	  IN_RUN(1, 9, 3, "c", "d", 1000), IN_RUN(2, 3, 5, "a", "z", 100)},
	 0,
	 {1, 2, "3 2 1", "", false, NEW_RUN}},
	{"level 1 can be pushed down while a job writes into it",
	 {IN_RUN(1, 7, 1, "a", "k", 1000), IN_RUN(1, 8, 2, "b", "m", 1000),
	  IN_RUN(1, 9, 3, "c", "d", 1000)},
	 1,
	 {1, 2, "3 2 1", "", false, NEW_RUN}},
	{"a job that writes into level 2 blocks level 1",
	 {IN_RUN(1, 7, 1, "a", "k", 1000), IN_RUN(1, 8, 2, "b", "m", 1000),
	  IN_RUN(1, 9, 3, "c", "d", 1000)},
	 2,
	 {0}},
	{"a compacting run blocks all of its level",
	 {IN_RUN(1, 7, 1, "a", "k", 1000), BUSY_IN_RUN(1, 8, 2, "b", "m"),
	  IN_RUN(1, 9, 3, "c", "d", 1000)},
	 0,
	 {0}},
	{"disjoint runs go down without a copy",
	 {IN_RUN(1, 7, 1, "a", "b", 1000), IN_RUN(1, 8, 2, "c", "d", 1000),
	  IN_RUN(1, 9, 3, "e", "f", 1000)},
	 0,
	 {1, 2, "3 2 1", "", true, NEW_RUN}},
	{"the last of all levels is merged in place, however large",
	 {IN_RUN(6, 7, 1, "a", "k", UINT64_C(1) << 50), IN_RUN(6, 8, 2, "b", "m", 1000),
	  IN_RUN(6, 9, 3, "c", "d", 1000)},
	 0,
	 {6, 6, "3 2 1", "", false, 9}},
	{"newer runs three times the last level's oldest are too much garbage",
	 {IN_RUN(1, 7, 1, "a", "k", 500), IN_RUN(1, 8, 2, "b", "m", 1500)},
	 0,
	 {1, 1, "2 1", "", false, 8}},
	{"less than that may stay",
	 {IN_RUN(1, 7, 1, "a", "k", 500), IN_RUN(1, 8, 2, "b", "m", 1499)},
	 0,
	 {0}},
	{"and so may what is not in the last level",
	 {IN_RUN(1, 7, 1, "a", "k", 500), IN_RUN(1, 8, 2, "b", "m", 1500),
	  IN_RUN(2, 3, 5, "a", "z", 100)},
	 0,
	 {0}},
	{"the fullest level goes first",
	 {FILE_AT(0, 11, "a", "c"), FILE_AT(0, 12, "b", "d"), IN_RUN(1, 6, 4, "a", "k", 1000),
	  IN_RUN(1, 7, 1, "a", "k", 1000), IN_RUN(1, 8, 2, "b", "m", 1000),
	  IN_RUN(1, 9, 3, "c", "d", 1000)},
	 0,
	 {1, 2, "3 2 1 4", "", false, NEW_RUN}},
	{"levels of leveled compaction stay as they are, even above their targets",
	 {SIZED(1, 1, "a", "k", 100000), SIZED(2, 2, "a", "k", 100000)},
	 0,
	 {0}},
};

START_TEST(the_tiered_picker_follows_its_table)
{
	expect_cases(PICKER_TIERED, tiered_cases, array_size(tiered_cases));
}
END_TEST

static const struct runs_case lazy_cases[] = {
	{"an empty tree has nothing to do", {{0}}, 0, {0}},
	{"level 0 is merged into level 1 while that is the last",
	 {FILE_AT(0, 11, "a", "c"), FILE_AT(0, 12, "b", "d"), FILE_AT(0, 13, "x", "z"),
	  IN_RUN(1, 8, 1, "b", "b", 100), IN_RUN(1, 8, 2, "e", "z", 100)},
	 0,
	 {0, 1, "12 11", "1", false, 8}},
	{"... and is a run of its own when it is not",
	 {FILE_AT(0, 11, "a", "c"), FILE_AT(0, 12, "b", "d"), FILE_AT(0, 13, "x", "z"),
	  IN_RUN(1, 8, 1, "b", "b", 100), IN_RUN(2, 7, 2, "e", "z", 100)},
	 0,
	 {0, 1, "13 12 11", "", false, NEW_RUN}},
	{"runs that fill their level join the last level's run",
	 {IN_RUN(1, 7, 1, "d", "k", 1000), IN_RUN(1, 8, 2, "f", "m", 1000),
	  IN_RUN(1, 9, 3, "e", "f", 1000), IN_RUN(2, 3, 4, "a", "c", 100),
	  IN_RUN(2, 3, 5, "l", "n", 100)},
	 0,
	 {1, 2, "3 2 1", "5", false, 3}},
	{"runs that are small for their level are merged in place",
	 {IN_RUN(1, 7, 1, "d", "k", 900), IN_RUN(1, 8, 2, "f", "m", 900),
	  IN_RUN(1, 9, 3, "e", "f", 900), IN_RUN(2, 3, 4, "a", "c", 100)},
	 0,
	 {1, 1, "3 2 1", "", false, 9}},
	{"levels above the last are tiered",
	 {IN_RUN(1, 7, 1, "d", "k", 1000), IN_RUN(1, 8, 2, "f", "m", 1000),
	  IN_RUN(1, 9, 3, "e", "f", 1000), IN_RUN(2, 3, 4, "a", "z", 100),
	  IN_RUN(2, 4, 5, "a", "z", 100), IN_RUN(3, 2, 6, "a", "z", 100)},
	 0,
	 {1, 2, "3 2 1", "", false, NEW_RUN}},
	{"a last level that outgrew its target moves as a whole",
	 {IN_RUN(2, 3, 4, "a", "c", 20000), IN_RUN(2, 3, 5, "e", "f", 10000)},
	 0,
	 {2, 3, "4 5", "", true, NEW_RUN}},
	{"... with its tombstones",
	 {SIZED(2, 4, "a", "c", 30000), WITH_TOMBSTONES(2, 5, "e", "f")},
	 0,
	 {2, 3, "4 5", "", true, NEW_RUN}},
	{"... but not while one of its tables is merged",
	 {IN_RUN(2, 3, 4, "a", "c", 40000), BUSY_IN_RUN(2, 3, 5, "e", "f")},
	 0,
	 {0}},
	{"the last of all levels stays", {SIZED(6, 4, "a", "c", UINT64_C(1) << 50)}, 0, {0}},
	{"several runs in the last level are merged first",
	 {IN_RUN(1, 7, 1, "d", "k", 1000), IN_RUN(1, 8, 2, "f", "m", 1000),
	  IN_RUN(1, 9, 3, "e", "f", 1000), IN_RUN(2, 3, 4, "a", "z", 100),
	  IN_RUN(2, 4, 5, "a", "z", 100)},
	 0,
	 {2, 2, "5 4", "", false, 4}},
	{"... and what would join them waits",
	 {IN_RUN(1, 7, 1, "d", "k", 1000), IN_RUN(1, 8, 2, "f", "m", 1000),
	  IN_RUN(1, 9, 3, "e", "f", 1000), IN_RUN(2, 3, 4, "a", "z", 100),
	  BUSY_IN_RUN(2, 4, 5, "a", "z")},
	 0,
	 {0}},
	{"... level 0 too",
	 {FILE_AT(0, 11, "a", "c"), FILE_AT(0, 12, "b", "d"), IN_RUN(1, 8, 1, "b", "b", 100),
	  BUSY_IN_RUN(1, 7, 2, "e", "z")},
	 0,
	 {0}},
};

START_TEST(the_lazy_leveling_picker_follows_its_table)
{
	expect_cases(PICKER_LAZY_LEVELING, lazy_cases, array_size(lazy_cases));
}
END_TEST

/* ---- ranges ---- */

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
		{"level 0 moves with its group", 0, "b", "b", 0, {0, 1, "12 10", "1 2", false, 0}},
		{"level 0 without an end", 0, "", "", 0, {0, 1, "12 11 10", "1 2 3", false, 0}},
		{"nothing there", 0, "p", "q", -ENOENT, {0}},
		{"level 1 moves to where older data lies",
		 1,
		 "d",
		 "k",
		 0,
		 {1, 2, "2 3", "4 5", false, 0}},
		{"no data below this part: rewritten in place",
		 1,
		 "k",
		 "m",
		 0,
		 {1, 1, "3", "", false, 0}},
		{"level 2 is the last with data", 2, "", "g", 0, {2, 2, "4 5", "", false, 0}},
		{"an input is compacting", 2, "a", "", -EBUSY, {0}},
		{"an input below is compacting", 1, "y", "y", -EBUSY, {0}},
		{"an empty level", 4, "", "", -ENOENT, {0}},
	};
	struct version *v = spec_version(deep);

	for (size_t i = 0; i < array_size(cases); i++) {
		struct compaction_job job = {0};
		int err = picker_range(v, cases[i].level, slice_str(cases[i].from),
				       slice_str(cases[i].to), &options, &idle, &job);

		ck_assert_msg(err == cases[i].err, "%s: %d", cases[i].name, err);
		if (!err)
			expect_job(cases[i].name, err, &job, &cases[i].outcome);
		compaction_job_done(&job);
	}
	version_unref(v);
}
END_TEST

static const struct spec deep_runs[] = {
	FILE_AT(0, 20, "a", "b"),         IN_RUN(1, 8, 1, "a", "c", 100),
	IN_RUN(1, 8, 2, "f", "g", 100),   IN_RUN(1, 7, 3, "b", "d", 100),
	IN_RUN(1, 7, 4, "g", "m", 100),   IN_RUN(1, 6, 5, "d", "e", 100),
	IN_RUN(2, 5, 6, "e", "h", 100),   IN_RUN(3, 4, 7, "a", "b", 100),
	IN_RUN(3, 3, 8, "b", "c", 100),   IN_RUN(3, 3, 9, "x", "y", 100),
	IN_RUN(3, 4, 10, "c1", "d", 100), {0},
};

START_TEST(a_range_takes_all_runs_along)
{
	static const struct {
		const char *name;
		int level;
		const char *from, *to;
		int err;
		struct outcome outcome;
	} cases[] = {
		{"on top of several runs", 0, "a", "a", 0, {0, 1, "20", "", true, NEW_RUN}},
		{"overlap is followed from run to run, and one run below is joined",
		 1,
		 "a",
		 "a",
		 0,
		 {1, 2, "1 3 5", "6", false, 5}},
		{"the other end of it", 1, "m", "n", 0, {1, 1, "2 4", "", false, 8}},
		{"one run over several", 2, "", "", 0, {2, 3, "6", "", true, NEW_RUN}},
		{"the last level becomes one run", 3, "", "", 0, {3, 3, "7 10 8 9", "", false, 4}},
		{"a part of it", 3, "b", "b", 0, {3, 3, "7 8", "", false, 4}},
		{"a single table is rewritten all the same",
		 3,
		 "y",
		 "",
		 0,
		 {3, 3, "9", "", false, 4}},
	};
	struct version *v = spec_version(deep_runs);

	for (size_t i = 0; i < array_size(cases); i++) {
		struct compaction_job job = {0};
		int err = picker_range(v, cases[i].level, slice_str(cases[i].from),
				       slice_str(cases[i].to), &options, &idle, &job);

		ck_assert_msg(err == cases[i].err, "%s: %d", cases[i].name, err);
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

	ck_assert_int_eq(picker_range(v, 0, slice_str(""), slice_str(""), &options, &idle, &job),
			 0);
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

	ck_assert(picker_score(v, 0, &options) == 0.5);
	ck_assert(picker_score(v, 1, &options) == 0.5);
	ck_assert(picker_score(v, 2, &options) == 2.0);
	ck_assert(picker_score(v, 3, &options) == 0.0);
	ck_assert(picker_score(v, 6, &options) == 0.0);
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

static void expect_debt(enum picker_strategy strategy, const struct spec *files, uint64_t expected)
{
	struct picker_options o = options;
	struct version *v = spec_version(files);

	o.strategy = strategy;
	o.runs_max = 2;
	ck_assert_uint_eq(picker_debt(v, &o), expected);
	version_unref(v);
}

START_TEST(debt_counts_runs_where_they_are_due)
{
	static const struct spec files[] = {
		FILE_AT(0, 1, "a", "c"),          FILE_AT(0, 4, "a", "c"),
		IN_RUN(1, 7, 2, "a", "b", 2500),  IN_RUN(1, 8, 3, "a", "b", 2000),
		IN_RUN(2, 6, 5, "a", "b", 20000), {0},
	};
	static const struct spec last[] = {
		IN_RUN(2, 7, 2, "a", "b", 2500), IN_RUN(2, 6, 5, "a", "b", 2000), {0}};

	expect_debt(PICKER_TIERED, files, 2000 + 4500);
	expect_debt(PICKER_TIERED, last, 4500);
	/* All of the last level is merged with what comes down. */
	expect_debt(PICKER_LAZY_LEVELING, files, 2000 + 4500 + 20000);
	expect_debt(PICKER_LAZY_LEVELING, last, 4500);
	/* Level 1 has 3500 too many once level 0 has come. */
	expect_debt(PICKER_LEVELED, files, 2000 + 4500 + 3500);
	expect_debt(PICKER_LEVELED, last, 4500);
}
END_TEST

START_TEST(scores_are_shares_of_the_runs)
{
	static const struct spec files[] = {
		FILE_AT(0, 1, "a", "c"),          IN_RUN(1, 7, 2, "a", "b", 1000),
		IN_RUN(1, 8, 3, "a", "b", 1000),  IN_RUN(2, 6, 4, "a", "b", 15000),
		IN_RUN(2, 5, 5, "c", "d", 15000), {0},
	};
	struct picker_options o = options;
	struct version *v = spec_version(files);

	o.runs_max = 4;
	o.strategy = PICKER_TIERED;
	ck_assert(picker_score(v, 0, &o) == 0.5);
	ck_assert(picker_score(v, 1, &o) == 0.5);
	ck_assert(picker_score(v, 2, &o) == 0.5);
	ck_assert(picker_score(v, 3, &o) == 0.0);
	o.strategy = PICKER_LAZY_LEVELING;
	ck_assert(picker_score(v, 1, &o) == 0.5);
	ck_assert(picker_score(v, 2, &o) == 2.0);
	o.strategy = PICKER_LEVELED;
	ck_assert(picker_score(v, 1, &o) == 2.0);
	version_unref(v);
}
END_TEST

static const TTest *const *const tests[] = {
	&the_leveled_picker_follows_its_table,
	&leveled_first_merges_what_another_strategy_left,
	&the_tiered_picker_follows_its_table,
	&the_lazy_leveling_picker_follows_its_table,
	&the_range_picker_follows_its_table,
	&a_range_takes_all_runs_along,
	&level_0_leaves_even_an_otherwise_empty_tree,
	&scores_are_shares_of_the_targets,
	&debt_falls_from_level_to_level,
	&debt_counts_runs_where_they_are_due,
	&scores_are_shares_of_the_runs,
};

UNIT_SUITE("lsm/tree/picker", tests)
