#include "lsm/tree/stall.h"
#include "tests/unit/unit.h"

static const struct stall_options options = {
	.l0_slowdown = 8,
	.l0_stop = 12,
	.memtables_max = 2,
};

START_TEST(the_table_of_states)
{
	static const struct {
		unsigned l0_files, full_memtables;
		bool need_memtable;
		enum stall_kind kind;
		uint32_t delay_us;
		const char *reason;
	} cases[] = {
		{0, 0, false, STALL_NONE, 0, ""},
		{7, 1, true, STALL_NONE, 0, ""},
		{0, 2, false, STALL_NONE, 0, ""},
		{0, 2, true, STALL_STOP, 0, "memtables"},
		{0, 3, true, STALL_STOP, 0, "memtables"},
		{8, 0, false, STALL_SLOW, 250, "level0"},
		{9, 0, true, STALL_SLOW, 500, "level0"},
		{11, 0, false, STALL_SLOW, 1000, "level0"},
		{12, 0, false, STALL_STOP, 0, "level0"},
		{500, 0, false, STALL_STOP, 0, "level0"},
		{9, 2, true, STALL_STOP, 0, "memtables"},
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct stall s = stall_decide(&options, cases[i].l0_files, cases[i].full_memtables,
					      cases[i].need_memtable);

		ck_assert_msg(s.kind == cases[i].kind, "case %zu", i);
		ck_assert_msg(s.delay_us == cases[i].delay_us, "case %zu: %u", i, s.delay_us);
		ck_assert_str_eq(s.reason, cases[i].reason);
	}
}
END_TEST

START_TEST(a_stop_right_at_the_slowdown_has_no_slope)
{
	const struct stall_options steep = {.l0_slowdown = 4, .l0_stop = 4, .memtables_max = 1};

	ck_assert_int_eq(stall_decide(&steep, 3, 0, false).kind, STALL_NONE);
	ck_assert_int_eq(stall_decide(&steep, 4, 0, false).kind, STALL_STOP);
}
END_TEST

START_TEST(a_long_slope_still_delays)
{
	const struct stall_options gentle = {
		.l0_slowdown = 1, .l0_stop = 100000, .memtables_max = 1};
	struct stall s = stall_decide(&gentle, 1, 0, false);

	ck_assert_int_eq(s.kind, STALL_SLOW);
	ck_assert_uint_eq(s.delay_us, 1);
}
END_TEST

static const TTest *const *const tests[] = {
	&the_table_of_states,
	&a_stop_right_at_the_slowdown_has_no_slope,
	&a_long_slope_still_delays,
};

UNIT_SUITE("lsm/tree/stall", tests)
