/*
 * The Prometheus form of a live store's statistics against the lint, and the lint against what it
 * is to find.
 */
#include <errno.h>

#include "fs/ops/ops.h"
#include "fs/ops/ops_count.h"
#include "fs/virt/stats.h"
#include "fs/virt/virt.h"
#include "lsm/env/env_mem.h"
#include "tests/support/prom_lint.h"
#include "tests/unit/unit.h"

static struct env *env;
static struct lsm *db;
static struct fs *fs;
static struct ops ops;
static struct stats stats;

static int more_lines(void *arg, struct buf *text)
{
	(void)arg;
	return buf_printf(text, "pid 5\ntransport dev\\fu\"se\n");
}

static void setup(void)
{
	struct lsm_options options;

	lsm_options_init(&options);
	env = env_mem_new();
	options.env = env;
	ck_assert_int_eq(lsm_open("store", &options, &db), 0);
	struct fs_options fs_options = {
		.db = db, .separator = '/', .umask = 022, .value_max = 1 << 20};

	ck_assert_int_eq(fs_new(&fs_options, &fs), 0);
	ops = (struct ops){0};
	ck_assert_int_eq(virt_new(&(struct virt_options){0}, &ops.virt), 0);
	ck_assert_int_eq(ops_counters_new(&ops.counters), 0);
	stats = (struct stats){
		.db = db, .fs = fs, .requests = ops_metric_source(&ops), .more = more_lines};
}

static void teardown(void)
{
	ops_counters_free(ops.counters);
	virt_free(ops.virt);
	ck_assert_int_eq(fs_free(fs), 0);
	ck_assert_int_eq(lsm_close(db), 0);
	env_free(env);
}

static void be_busy(void)
{
	for (int i = 0; i < 100; i++) {
		ck_assert_int_eq(lsm_put(db, slice_str("key"), slice_str("value"), NULL), 0);
		ops_count_begin(ops.counters, OPS_LOOKUP);
		ops_count_end(ops.counters, i % 2 ? -ENOENT : 0);
		ops_count_begin(ops.counters, OPS_OPEN);
		ops_count_end(ops.counters, -ENOSYS);
	}
	ck_assert_int_eq(lsm_flush(db), 0);
}

static void check_good(struct slice text)
{
	char why[PROM_WHY_MAX] = "";

	ck_assert_msg(prom_lint(text, why) == 0, "%s", why);
}

static void render(struct buf *text)
{
	ck_assert_int_eq(stats_read(&stats, (struct stats_form){STATS_PROM, METRIC_ALL}, text), 0);
}

START_TEST(prometheus_form_passes_the_lint)
{
	cleanup_buf struct buf text = {0};

	setup();
	render(&text);
	check_good(buf_slice(&text));
	be_busy();
	buf_clear(&text);
	render(&text);
	check_good(buf_slice(&text));
	ck_assert_int_eq(buf_append_byte(&text, 0), 0);
	ck_assert_ptr_nonnull(strstr((const char *)text.ptr,
				     "\napexfs_fuse_request_errors_total"
				     "{request=\"lookup\",errno=\"ENOENT\"} 50\n"));
	ck_assert_ptr_nonnull(strstr((const char *)text.ptr,
				     "\napexfs_op_duration_seconds_count{op=\"put\"} 100\n"));
	teardown();
}
END_TEST

START_TEST(lint_finds_what_is_wrong)
{
#define A "# HELP a_total A.\n# TYPE a_total counter\na_total 1\n"
#define S "# HELP s A.\n# TYPE s summary\n"
	static const char *const wrong[] = {
		"",
		A "a_total 2\n",
		A A,
		A "a_total{} 3\n",
		A "b 3\n",
		A "\n",
		A "# a comment\n",
		A "a_total{x=\"1\"} 3",
		A "a_total{x=\"1\" 3\n",
		A "a_total{x=1} 3\n",
		A "a_total{1=\"1\"} 3\n",
		A "a_total{x=\"\\t\"} 3\n",
		A "a_total{x=\"1} 3\n",
		A "a_total{x=\"1\"}3\n",
		A "a_total{x=\"1\"} three\n",
		A "a_total{x=\"1\"} -3\n",
		A "a_total{x=\"1\",quantile=\"0.5\"} 3\n",
		A "a_total_sum 3\n",
		"a_total 3\n",
		"# HELP a_total A.\na_total 3\n",
		"# TYPE a_total counter\na_total 3\n",
		"# HELP a_total \n# TYPE a_total counter\na_total 3\n",
		"# HELP a_total A.\n# TYPE b_total counter\nb_total 3\n",
		"# HELP a_total A.\n# TYPE a_total gauge\na_total 3\n",
		"# HELP a A.\n# TYPE a counter\na 3\n",
		"# HELP a A.\n# TYPE a number\na 3\n",
		"# HELP a_count A.\n# TYPE a_count gauge\na_count 3\n",
		"# HELP a_ns A.\n# TYPE a_ns gauge\na_ns 3\n",
		"# HELP a_kb A.\n# TYPE a_kb gauge\na_kb 3\n",
		"# HELP gauge_of_a A.\n# TYPE gauge_of_a gauge\ngauge_of_a 3\n",
		"# HELP a:b A.\n# TYPE a:b gauge\na:b 3\n",
		"# HELP aB A.\n# TYPE aB gauge\naB 3\n",
		A "# HELP b A.\n",
		S "s 3\n",
		S "s{quantile=\"1.5\"} 3\n",
		S "s{quantile=\"0.5\"} 3\ns{quantile=\"0.9\"} 2\n",
		S "s_count -1\n",
	};
	char why[PROM_WHY_MAX];

	check_good(slice_str(A));
	check_good(slice_str(A "a_total{x=\"a\\\\\\\"b\",y=\"2\"} 3\n"));
	check_good(
		slice_str(S "s{op=\"a\",quantile=\"0.5\"} 3e-3\ns_sum{op=\"a\"} 3\ns_count 1\n"));
	for (size_t i = 0; i < array_size(wrong); i++)
		ck_assert_msg(prom_lint(slice_str(wrong[i]), why) == -EINVAL, "passed:\n%s",
			      wrong[i]);
}
END_TEST

START_TEST(groups_are_parts_of_the_whole)
{
	setup();
	be_busy();
	for (unsigned i = 0; i < METRIC_GROUP_COUNT; i++) {
		cleanup_buf struct buf text = {0};

		ck_assert_int_eq(
			stats_read(&stats, (struct stats_form){STATS_TEXT, 1U << i}, &text), 0);
		ck_assert_msg(text.len > 0, "nothing in %s", metric_group_name(i));
	}
	teardown();
}
END_TEST

START_TEST(errors_and_requests_add_up)
{
	struct ops_stats s;
	uint64_t errors = 0;

	setup();
	be_busy();
	ops_count_forgets(ops.counters, 7);
	ops_count_begin(ops.counters, OPS_WRITE);
	ops_count_end(ops.counters, -4095); /* an errno that nobody knows */
	ops_count_end(ops.counters, -EIO);  /* answered already */
	ops_stats_read(ops.counters, &s);
	for (size_t i = 0; i < array_size(s.by_kind_and_errno); i++)
		errors += s.by_kind_and_errno[i];
	ck_assert_uint_eq(s.errors, errors);
	ck_assert_uint_eq(s.errors, 50 + 100 + 1);
	ck_assert_uint_eq(s.by_errno[ENOENT], 50);
	ck_assert_uint_eq(s.by_errno[ENOSYS], 100);
	ck_assert_uint_eq(s.by_errno[EIO], 0);
	ck_assert_uint_eq(s.by_errno[0], 1);
	ck_assert_uint_eq(s.requests, 201);
	ck_assert_uint_eq(s.kinds[OPS_FORGET].count, 7);
	ck_assert_uint_eq(s.kinds[OPS_LOOKUP].count, 100);
	ck_assert_uint_gt(s.kinds[OPS_LOOKUP].sum, 0);
	ops_stats_read(NULL, &s); /* switched off */
	ck_assert_uint_eq(s.requests + s.errors + s.kinds[OPS_LOOKUP].count, 0);
	teardown();
}
END_TEST

static const TTest *const *const tests[] = {
	&prometheus_form_passes_the_lint,
	&lint_finds_what_is_wrong,
	&groups_are_parts_of_the_whole,
	&errors_and_requests_add_up,
};

UNIT_SUITE("fs/virt/stats_prom", tests)
