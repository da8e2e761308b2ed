#include "fs/virt/stats_render.h"

#include <stdlib.h>

#include "lsm/base/version.h"
#include "lsm/lsm.h"
#include "tests/unit/unit.h"

static const struct lsm_stats some_engine = {
	.memtable_records = 3,
	.memtable_bytes = 5000,
	.memtable_max_bytes = 33554432,
	.full_memtable_records = 4,
	.full_memtable_bytes = 7000,
	.table_files = 2,
	.table_records = 100,
	.table_bytes = 1024 * 1024,
	.log_bytes = 10240,
	.recovery_ns = UINT64_MAX,
	.health = LSM_HEALTH_OK,
	.levels = {{.files = 1}, {.files = 2, .score = 0.5}},
	.ops = {[LSM_OP_GET] = {.count = 9, .p99 = 1234}},
};
/* As another module's: the last set. */
static const struct requests {
	uint64_t all, failed;
} some_requests = {.all = 11, .failed = 0};

static const struct metric request_rows[] = {
	{.name = "failed", .sparse = true, .groups = METRIC_FS, .offset = 8, .help = "Failed."},
	{.name = "all", .groups = METRIC_FS | METRIC_HEALTH, .help = "All."},
};

static const struct stats_form as_text = {STATS_TEXT, METRIC_ALL};
static const struct stats_form as_json = {STATS_JSON, METRIC_ALL};
static const struct stats_form as_prom = {STATS_PROM, METRIC_ALL};

/* Owned by the caller, with a NUL at the end. */
static char *render(const struct lsm_stats *engine, const char *more, struct stats_form form)
{
	struct stats_snapshot snapshot = {.count = 2, .more = slice_str(more)};
	struct buf text = {0};

	snapshot.sets[0].rows = lsm_stats_metrics(&snapshot.sets[0].count);
	snapshot.sets[0].snapshot = engine;
	snapshot.sets[1] =
		(struct metric_set){request_rows, array_size(request_rows), &some_requests};
	ck_assert_int_eq(stats_render(&snapshot, form, &text), 0);
	ck_assert_int_eq(buf_append_byte(&text, 0), 0);
	return (char *)text.ptr;
}

static void check_has(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "no \"%s\" in:\n%s", part, text);
}

START_TEST(text_begins_with_the_eight_classic_fields)
{
	static const char head[] = "mem_records 7\n"
				   "mem_kb 11\n"
				   "sst_files 2\n"
				   "sst_records 100\n"
				   "sst_kb 1024\n"
				   "wal_kb 10\n"
				   "total_records 107\n"
				   "memtable_max_size 33554432\n";
	char *text = render(&some_engine, "", as_text);

	ck_assert_int_eq(strncmp(text, head, strlen(head)), 0);
	free(text);
}
END_TEST

START_TEST(text_has_a_line_for_each_level_operation_and_counter)
{
	char *text = render(&some_engine, "", as_text);

	check_has(text, "\nversion " LSM_VERSION "\n");
	check_has(text, "\nhealth ok\n");
	check_has(text, "\nlevel0_files 1\n");
	check_has(text, "\nlevel1_score 0.500\n");
	check_has(text, "\nlevel6_files 0\n");
	check_has(text, "\nget_count 9\n");
	check_has(text, "\nget_p99_ns 1234\n");
	check_has(text, "\nall 11\n");
	check_has(text, "\nrecovery_ns 18446744073709551615\n");
	ck_assert_ptr_null(strstr(text, "health_text"));
	free(text);
}
END_TEST

START_TEST(every_line_of_the_text_is_a_name_and_a_value)
{
	char *text = render(&some_engine, "a 1\nb two\n", as_text);
	char *rest = text;
	char *line;

	while ((line = strsep(&rest, "\n")) != NULL && rest) {
		char *space = strchr(line, ' ');

		ck_assert_msg(space && space > line && space[1], "\"%s\"", line);
		ck_assert_msg(strspn(line, "abcdefghijklmnopqrstuvwxyz_0123456789") ==
				      (size_t)(space - line),
			      "\"%s\"", line);
	}
	free(text);
}
END_TEST

START_TEST(bad_health_says_why_on_one_line)
{
	struct lsm_stats engine = some_engine;

	engine.health = LSM_HEALTH_READ_ONLY;
	strcpy(engine.health_text, "000001.wal:\nno space");
	char *text = render(&engine, "", as_text);

	check_has(text, "\nhealth_text 000001.wal: no space\n");
	free(text);
}
END_TEST

START_TEST(lines_of_others_come_before_the_last_set_and_unchanged)
{
	char *text = render(&some_engine, "fuse_read 5\ntransport dev fuse", as_text);

	ck_assert_str_eq(strstr(text, "fuse_read"), "fuse_read 5\ntransport dev fuse\nall 11\n");
	free(text);
}
END_TEST

START_TEST(json_is_one_object_with_the_same_names)
{
	char *text = render(&some_engine, "fuse_read 5\ntransport devfuse\nnothing\n", as_json);

	ck_assert_int_eq(strncmp(text, "{\"mem_records\":7,\"mem_kb\":11,", 28), 0);
	check_has(text, "\"version\":\"" LSM_VERSION "\"");
	check_has(text, "\"health\":\"ok\"");
	check_has(text, "\"level1_score\":0.5");
	check_has(text, "\"get_p99_ns\":1234,");
	check_has(text, "\"fuse_read\":5,\"transport\":\"devfuse\",\"nothing\":\"\",\"all\":11}\n");
	free(text);
}
END_TEST

START_TEST(text_and_json_have_the_same_number_of_values)
{
	char *text = render(&some_engine, "a 1\n", as_text);
	char *json = render(&some_engine, "a 1\n", as_json);
	size_t lines = 0;
	size_t names = 0;

	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	for (const char *p = json; *p; p++)
		names += p[0] == '"' && p[1] == ':';
	ck_assert_uint_eq(lines, names);
	free(text);
	free(json);
}
END_TEST

START_TEST(group_has_its_lines_only)
{
	char *text = render(&some_engine, "pid 5\n", (struct stats_form){STATS_TEXT, METRIC_WAL});

	ck_assert_int_eq(strncmp(text, "wal_kb 10\nlog_files 0\n", 22), 0);
	ck_assert_ptr_null(strstr(text, "mem_kb"));
	ck_assert_ptr_null(strstr(text, "pid"));
	free(text);
	text = render(&some_engine, "pid 5\n", (struct stats_form){STATS_TEXT, METRIC_HEALTH});
	check_has(text, "\nhealth ok\n");
	check_has(text, "\npid 5\nall 11\n");
	free(text);
}
END_TEST

START_TEST(prometheus_has_families_with_labels)
{
	char *text = render(&some_engine, "pid 5\ntransport dev\"fuse\n", as_prom);

	check_has(text, "# TYPE apexfs_level_files gauge\napexfs_level_files{level=\"0\"} 1\n"
			"apexfs_level_files{level=\"1\"} 2\n");
	check_has(text, "\n# TYPE apexfs_op_duration_seconds summary\n");
	check_has(text, "\napexfs_op_duration_seconds{op=\"get\",quantile=\"0.99\"} 0.000001234\n");
	check_has(text, "\napexfs_op_duration_seconds_count{op=\"get\"} 9\n");
	check_has(text, "\napexfs_recovery_seconds 18446744073.709551615\n");
	check_has(text, "\napexfs_pid 5\n");
	check_has(text, "\napexfs_transport_info{value=\"dev\\\"fuse\"} 1\n");
	check_has(text, "\napexfs_all_total 11\n");
	ck_assert_ptr_null(strstr(text, "mem_kb"));
	free(text);
}
END_TEST

static const TTest *const *const tests[] = {
	&text_begins_with_the_eight_classic_fields,
	&text_has_a_line_for_each_level_operation_and_counter,
	&every_line_of_the_text_is_a_name_and_a_value,
	&bad_health_says_why_on_one_line,
	&lines_of_others_come_before_the_last_set_and_unchanged,
	&json_is_one_object_with_the_same_names,
	&text_and_json_have_the_same_number_of_values,
	&group_has_its_lines_only,
	&prometheus_has_families_with_labels,
};

UNIT_SUITE("fs/virt/stats_render", tests)
