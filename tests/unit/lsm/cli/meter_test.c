#include "lsm/cli/meter.h"

#include "tests/unit/unit.h"

#define SECOND UINT64_C(1000000000)

static const struct meter terminal = {
	.what = "import",
	.unit = HUMAN_COUNT,
	.total = 4000,
	.began_ns = SECOND,
	.shown_ns = SECOND,
	.on_terminal = true,
};

static const char *line_of(const struct meter *m, uint64_t done, uint64_t now_ns, int width)
{
	static char text[METER_WIDTH_MAX + 1];

	meter_line(m, done, now_ns, width, text);
	return text;
}

START_TEST(a_bar_has_share_rate_and_time_left)
{
	ck_assert_str_eq(line_of(&terminal, 1000, 11 * SECOND, 79),
			 "import [=======>                      ]  25% 1.0k, 100/s, 0:30 left");
	ck_assert_str_eq(line_of(&terminal, 4000, 11 * SECOND, 79),
			 "import [==============================] 100% 4.0k, 400/s");
	/* an estimate was too low */
	ck_assert_str_eq(line_of(&terminal, 5000, 11 * SECOND, 79),
			 "import [==============================] 100% 5.0k, 500/s");
}
END_TEST

START_TEST(a_narrow_terminal_is_never_filled)
{
	for (int width = 0; width < 100; width++)
		ck_assert_int_le((int)strlen(line_of(&terminal, 1000, 11 * SECOND, width)), width);
	ck_assert_ptr_null(strchr(line_of(&terminal, 1000, 11 * SECOND, 40), '['));
}
END_TEST

START_TEST(elsewhere_a_line_comes_every_ten_seconds)
{
	struct meter file = terminal;

	file.on_terminal = false;
	ck_assert(!meter_is_due(&file, 11 * SECOND - 1));
	ck_assert(meter_is_due(&file, 11 * SECOND));
	ck_assert(meter_is_due(&terminal, SECOND + SECOND / 10));
	ck_assert(!meter_is_due(&terminal, SECOND + SECOND / 10 - 1));
	ck_assert_str_eq(line_of(&file, 1000, 11 * SECOND, METER_WIDTH_MAX),
			 "import  25% 1.0k, 100/s, 0:30 left");
}
END_TEST

START_TEST(without_a_total_there_is_no_share)
{
	struct meter m = terminal;

	m.total = 0;
	m.unit = HUMAN_BYTES;
	ck_assert_str_eq(line_of(&m, 1536, 2 * SECOND, 79), "import 1.5 KiB, 1.5 KiB/s");
	ck_assert_str_eq(line_of(&m, 0, SECOND, 79), "import 0 B, 0 B/s");
}
END_TEST

START_TEST(numbers_for_people)
{
	static const struct {
		double number;
		enum human_unit unit;
		const char *text;
	} cases[] = {
		{0, HUMAN_COUNT, "0"},
		{999, HUMAN_COUNT, "999"},
		{1000, HUMAN_COUNT, "1.0k"},
		{12345, HUMAN_COUNT, "12.3k"},
		{999999, HUMAN_COUNT, "1.0M"},
		{1e15, HUMAN_COUNT, "1000T"},
		{1023, HUMAN_BYTES, "1023 B"},
		{1024, HUMAN_BYTES, "1.0 KiB"},
		{1 << 20, HUMAN_BYTES, "1.0 MiB"},
	};
	char text[HUMAN_MAX];

	for (size_t i = 0; i < array_size(cases); i++) {
		human_number(cases[i].number, cases[i].unit, text);
		ck_assert_str_eq(text, cases[i].text);
	}
	human_seconds(3723, text);
	ck_assert_str_eq(text, "1:02:03");
	human_seconds(1e9, text);
	ck_assert_str_eq(text, "long");
	human_latency(1500, text);
	ck_assert_str_eq(text, "1.5us");
	human_latency(2000000000, text);
	ck_assert_str_eq(text, "2.00s");
}
END_TEST

static const TTest *const *const tests[] = {
	&a_bar_has_share_rate_and_time_left,
	&a_narrow_terminal_is_never_filled,
	&elsewhere_a_line_comes_every_ten_seconds,
	&without_a_total_there_is_no_share,
	&numbers_for_people,
};

UNIT_SUITE("lsm/cli/meter", tests)
