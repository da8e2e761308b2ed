#include "fs/virt/stats_render.h"

#include <stdlib.h>

#include "lsm/base/version.h"
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
static const struct fs_stats some_files = {.nodes = 11, .held_merged = 12};

/* Owned by the caller, with a NUL at the end. */
static char *render(const struct lsm_stats *engine, const char *more, enum stats_format format)
{
	struct buf text = {0};
	struct stats_measured measured = {
		.engine = engine, .files = &some_files, .more = slice_str(more)};

	ck_assert_int_eq(stats_render(&measured, format, &text), 0);
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
	char *text = render(&some_engine, "", STATS_TEXT);

	ck_assert_int_eq(strncmp(text, head, strlen(head)), 0);
	free(text);
}
END_TEST

START_TEST(text_has_a_line_for_each_level_operation_and_counter)
{
	char *text = render(&some_engine, "", STATS_TEXT);

	check_has(text, "\nversion " LSM_VERSION "\n");
	check_has(text, "\nhealth ok\n");
	check_has(text, "\nlevel0_files 1\n");
	check_has(text, "\nlevel1_score 0.500\n");
	check_has(text, "\nlevel6_files 0\n");
	check_has(text, "\nget_count 9\n");
	check_has(text, "\nget_p99_ns 1234\n");
	check_has(text, "\nfs_nodes 11\n");
	check_has(text, "\nfs_held_merged 12\n");
	check_has(text, "\nrecovery_ns 18446744073709551615\n");
	ck_assert_ptr_null(strstr(text, "health_text"));
	free(text);
}
END_TEST

START_TEST(every_line_of_the_text_is_a_name_and_a_value)
{
	char *text = render(&some_engine, "a 1\nb two\n", STATS_TEXT);
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
	char *text = render(&engine, "", STATS_TEXT);

	check_has(text, "\nhealth_text 000001.wal: no space\n");
	free(text);
}
END_TEST

START_TEST(lines_of_others_come_last_and_unchanged)
{
	char *text = render(&some_engine, "fuse_read 5\ntransport dev fuse", STATS_TEXT);

	ck_assert_str_eq(strstr(text, "fuse_read"), "fuse_read 5\ntransport dev fuse\n");
	free(text);
}
END_TEST

START_TEST(json_is_one_object_with_the_same_names)
{
	char *text = render(&some_engine, "fuse_read 5\ntransport devfuse\nnothing\n", STATS_JSON);

	ck_assert_int_eq(strncmp(text, "{\"mem_records\":7,\"mem_kb\":11,", 28), 0);
	check_has(text, "\"version\":\"" LSM_VERSION "\"");
	check_has(text, "\"health\":\"ok\"");
	check_has(text, "\"level1_score\":0.5");
	check_has(text, "\"get_p99_ns\":1234,");
	check_has(text, "\"fuse_read\":5,\"transport\":\"devfuse\",\"nothing\":\"\"}\n");
	free(text);
}
END_TEST

START_TEST(text_and_json_have_the_same_number_of_values)
{
	char *text = render(&some_engine, "a 1\n", STATS_TEXT);
	char *json = render(&some_engine, "a 1\n", STATS_JSON);
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

int main(void)
{
	static const TTest *const *tests[] = {
		&text_begins_with_the_eight_classic_fields,
		&text_has_a_line_for_each_level_operation_and_counter,
		&every_line_of_the_text_is_a_name_and_a_value,
		&bad_health_says_why_on_one_line,
		&lines_of_others_come_last_and_unchanged,
		&json_is_one_object_with_the_same_names,
		&text_and_json_have_the_same_number_of_values,
	};

	return unit_run("stats_render", tests, array_size(tests));
}
