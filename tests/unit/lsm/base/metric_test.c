#include "lsm/base/metric.h"

#include <errno.h>
#include <stdlib.h>

#include "lsm/base/json.h"
#include "tests/unit/unit.h"

static const struct sample {
	uint64_t puts, wait_ns;
	struct {
		uint64_t files, bytes;
	} levels[2];
	double ratio;
	uint64_t errors[3];
	const char *word;
} some = {
	.puts = 7,
	.wait_ns = 1500000000,
	.levels = {{1, 100}, {2, 200}},
	.ratio = 0.25,
	.errors = {0, 5, 0},
	.word = "say \"no\\\"\nor",
};

static void describe_level(size_t i, char *ret_word, char *ret_labels)
{
	(void)snprintf(ret_word, METRIC_WORD_MAX, "%zu", i);
	(void)snprintf(ret_labels, METRIC_LABELS_MAX, "level=\"%zu\"", i);
}

static void describe_error(size_t i, char *ret_word, char *ret_labels)
{
	(void)snprintf(ret_word, METRIC_WORD_MAX, "e%zu", i);
	(void)snprintf(ret_labels, METRIC_LABELS_MAX, "errno=\"E%zu\"", i);
}

static const struct metric_axis levels = {2, describe_level};
static const struct metric_axis errors = {3, describe_error};

static uint64_t twice(const void *s)
{
	return 2 * ((const struct sample *)s)->puts;
}

static const char *word(const void *s)
{
	return ((const struct sample *)s)->word;
}

#define AT(member) .offset = offsetof(struct sample, member)

static const struct metric rows[] = {
	{.name = "puts", AT(puts), .groups = METRIC_OPS, .help = "Puts."},
	{.name = "old", .family = "", .kind = METRIC_GAUGE, .number = twice, .groups = METRIC_OPS},
	{.name = "wait_ns", .unit = METRIC_NS, AT(wait_ns), .groups = METRIC_STALLS, .help = "W."},
	{.name = "level*_files",
	 .kind = METRIC_GAUGE,
	 .axis = &levels,
	 AT(levels[0].files),
	 .stride = sizeof(some.levels[0]),
	 .groups = METRIC_LEVELS,
	 .help = "Files."},
	{.name = "level*_bytes",
	 .kind = METRIC_GAUGE,
	 .axis = &levels,
	 AT(levels[0].bytes),
	 .stride = sizeof(some.levels[0]),
	 .groups = METRIC_LEVELS | METRIC_DISK,
	 .help = "Bytes."},
	{.name = "ratio",
	 .kind = METRIC_GAUGE,
	 .unit = METRIC_FACTOR,
	 AT(ratio),
	 .groups = METRIC_CACHE,
	 .help = "Ratio."},
	{.name = "error_*",
	 .family = "errors",
	 .sparse = true,
	 .axis = &errors,
	 AT(errors),
	 .stride = sizeof(uint64_t),
	 .groups = METRIC_ERRORS,
	 .help = "Errors."},
	{.name = "word", .kind = METRIC_TEXT, .text = word, .groups = METRIC_HEALTH, .help = "W."},
	{.family = "only_there", .kind = METRIC_GAUGE, AT(puts), .help = "O."},
};

static struct metric_set set_of(const struct sample *s)
{
	return (struct metric_set){rows, array_size(rows), s};
}

static void check_text(struct buf *text, const char *wanted)
{
	ck_assert_int_eq(buf_append_byte(text, 0), 0);
	ck_assert_str_eq((const char *)text->ptr, wanted);
}

START_TEST(text_tells_all_of_each_thing_and_one_value_a_line)
{
	cleanup_buf struct buf text = {0};
	struct metric_set set = set_of(&some);

	ck_assert_int_eq(metric_render_text(&set, METRIC_ALL, &text), 0);
	check_text(&text, "puts 7\nold 14\nwait_ns 1500000000\n"
			  "level0_files 1\nlevel0_bytes 100\nlevel1_files 2\nlevel1_bytes 200\n"
			  "ratio 0.250\nerror_e1 5\nword say \"no\\\" or\n");
}
END_TEST

START_TEST(group_shows_its_rows_only)
{
	cleanup_buf struct buf text = {0};
	struct metric_set set = set_of(&some);

	ck_assert_int_eq(metric_render_text(&set, METRIC_DISK | METRIC_STALLS, &text), 0);
	check_text(&text, "wait_ns 1500000000\nlevel0_bytes 100\nlevel1_bytes 200\n");
}
END_TEST

START_TEST(text_that_there_is_not_has_no_line)
{
	cleanup_buf struct buf text = {0};
	struct sample silent = some;
	struct metric_set set = set_of(&silent);

	silent.word = NULL;
	ck_assert_int_eq(metric_render_text(&set, METRIC_HEALTH, &text), 0);
	ck_assert_uint_eq(text.len, 0);
}
END_TEST

START_TEST(json_has_the_names_of_the_text)
{
	cleanup_buf struct buf text = {0};
	struct metric_set set = set_of(&some);
	struct json json;

	json_begin(&json, &text);
	json_object_open(&json);
	metric_render_json(&set, &json);
	json_object_close(&json);
	ck_assert_int_eq(json_finish(&json), 0);
	check_text(&text,
		   "{\"puts\":7,\"old\":14,\"wait_ns\":1500000000,\"level0_files\":1,"
		   "\"level0_bytes\":100,\"level1_files\":2,\"level1_bytes\":200,\"ratio\":0.25,"
		   "\"error_e1\":5,\"word\":\"say \\\"no\\\\\\\"\\nor\"}");
}
END_TEST

START_TEST(prometheus_has_one_heading_a_family_and_base_units)
{
	cleanup_buf struct buf text = {0};
	struct metric_set set = set_of(&some);

	ck_assert_int_eq(metric_render_prom(&set, "t_", &text), 0);
	check_text(&text, "# HELP t_puts_total Puts.\n# TYPE t_puts_total counter\n"
			  "t_puts_total 7\n"
			  "# HELP t_wait_seconds_total W.\n# TYPE t_wait_seconds_total counter\n"
			  "t_wait_seconds_total 1.500000000\n"
			  "# HELP t_level_files Files.\n# TYPE t_level_files gauge\n"
			  "t_level_files{level=\"0\"} 1\nt_level_files{level=\"1\"} 2\n"
			  "# HELP t_level_bytes Bytes.\n# TYPE t_level_bytes gauge\n"
			  "t_level_bytes{level=\"0\"} 100\nt_level_bytes{level=\"1\"} 200\n"
			  "# HELP t_ratio Ratio.\n# TYPE t_ratio gauge\nt_ratio 0.25\n"
			  "# HELP t_errors_total Errors.\n# TYPE t_errors_total counter\n"
			  "t_errors_total{errno=\"E1\"} 5\n"
			  "# HELP t_word_info W.\n# TYPE t_word_info gauge\n"
			  "t_word_info{value=\"say \\\"no\\\\\\\" or\"} 1\n"
			  "# HELP t_only_there O.\n# TYPE t_only_there gauge\nt_only_there 7\n");
}
END_TEST

static int stop_at_the_third(void *arg, const struct metric_value *value)
{
	unsigned *visits = arg;

	(void)value;
	return ++*visits == 3 ? -EINTR : 0;
}

START_TEST(visit_ends_with_the_first_error)
{
	struct metric_set set = set_of(&some);
	unsigned visits = 0;

	ck_assert_int_eq(metric_visit(&set, METRIC_ALL, stop_at_the_third, &visits), -EINTR);
	ck_assert_uint_eq(visits, 3);
}
END_TEST

START_TEST(groups_have_names)
{
	for (unsigned i = 0; i < METRIC_GROUP_COUNT; i++)
		ck_assert_uint_eq(metric_group_of(metric_group_name(i)), 1U << i);
	ck_assert_uint_eq(metric_group_of("memory"), METRIC_MEMORY);
	ck_assert_uint_eq(metric_group_of("health"), METRIC_HEALTH);
	ck_assert_uint_eq(metric_group_of("no such"), 0);
	ck_assert_ptr_null(metric_group_name(METRIC_GROUP_COUNT));
}
END_TEST

static const TTest *const *const tests[] = {
	&text_tells_all_of_each_thing_and_one_value_a_line,
	&group_shows_its_rows_only,
	&text_that_there_is_not_has_no_line,
	&json_has_the_names_of_the_text,
	&prometheus_has_one_heading_a_family_and_base_units,
	&visit_ends_with_the_first_error,
	&groups_have_names,
};

UNIT_SUITE("lsm/base/metric", tests)
