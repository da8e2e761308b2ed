#include "lsm/cli/top_view.h"

#include "lsm/cli/utf8.h"
#include "tests/unit/unit.h"

static const char first[] = "mem_records 4\nhealth ok\ntotal_records 1234\npid 77\ngets 100\n"
			    "records_written 10\nmemtable_bytes 1024\nmemtable_max_bytes 4096\n"
			    "cache_hits 3\ncache_misses 1\nlevel0_files 2\nlevel0_bytes 2048\n"
			    "level3_files 0\nget_count 5\nget_p50_ns 1500\nget_p99_ns 2500000\n"
			    "fuse_read_p99_ns 1\nno_number x\n\nlonely\n";
static const char second[] = "health degraded\ngets 300\nrecords_written 10\n";

static struct top_sample sample(const char *text, uint64_t time_ns)
{
	struct top_sample s = {0};

	ck_assert_int_eq(top_sample_parse(&s, slice_str(text)), 0);
	s.time_ns = time_ns;
	return s;
}

static char *rendered(const struct top_view *v, const struct top_sample *before,
		      const struct top_sample *now, int width, int height)
{
	struct buf out = {0};

	ck_assert_int_eq(top_view_render(v, before, now, width, height, false, &out), 0);
	ck_assert_int_eq(buf_append_byte(&out, 0), 0);
	return (char *)out.ptr;
}

START_TEST(lines_are_found_by_name)
{
	struct top_sample s = sample(first, 0);
	double number;

	ck_assert(top_number(&s, "gets", &number) && (int)number == 100);
	ck_assert_str_eq(top_text(&s, "health"), "ok");
	ck_assert(!top_number(&s, "get", &number) && !top_number(&s, "no_number", &number));
	ck_assert_ptr_null(top_text(&s, "lonely"));
	top_sample_done(&s);
	s = sample("huge 1e99\nbelow -1e99\nendless inf\nnone nan\n", 0);
	ck_assert(!top_number(&s, "huge", &number) && !top_number(&s, "below", &number));
	ck_assert(!top_number(&s, "endless", &number) && !top_number(&s, "none", &number));
	top_sample_done(&s);
}
END_TEST

START_TEST(a_picture_shows_what_there_is)
{
	struct top_sample now = sample(first, 1);
	struct top_view v = {.mount = "/mnt"};
	char *text = rendered(&v, NULL, &now, 80, 24);

	ck_assert_ptr_nonnull(strstr(text, "apexkv top /mnt   health ok   1.2k records   pid 77"));
	ck_assert_ptr_nonnull(strstr(text, "[######                  ] 1.0 KiB of 4.0 KiB"));
	ck_assert_ptr_nonnull(strstr(text, "75.0 % hits"));
	ck_assert_ptr_nonnull(strstr(text, "    0        2"));
	ck_assert_ptr_nonnull(
		strstr(text, "get                -         5     1.5us         -     2.5ms"));
	ck_assert_ptr_null(strstr(text, "fuse_read"));
	free(text);
	top_sample_done(&now);
}
END_TEST

START_TEST(rates_and_their_history)
{
	struct top_sample before = sample(first, 1), now = sample(second, 2000000001);
	struct top_view v = {.mount = "/mnt"};

	top_view_note(&v, &before, &now);
	char *text = rendered(&v, &before, &now, 80, 24);

	ck_assert_ptr_nonnull(strstr(text, "reads          100/s  #"));
	ck_assert_ptr_nonnull(strstr(text, "writes           0/s"));
	ck_assert_ptr_nonnull(strstr(text, "requests         -/s"));
	ck_assert_ptr_nonnull(strstr(text, "health degraded"));
	free(text);
	top_sample_done(&before);
	top_sample_done(&now);
}
END_TEST

START_TEST(it_never_passes_the_screen)
{
	struct top_sample before = sample(first, 1), now = sample(first, 1000000001);
	struct top_view v = {.mount = "/mnt", .utf8 = true};

	for (int i = 0; i < 3 * TOP_HISTORY; i++)
		top_view_note(&v, &before, &now);
	for (int width = 1; width < 1200; width += width < 100 ? 1 : 57) {
		int height = 1 + width % 60, lines = 0;
		char *text = rendered(&v, &before, &now, width, height), *rest = text, *line;

		while ((line = strsep(&rest, "\n")) != NULL && rest) {
			int columns = 0;

			for (struct slice s = slice_str(line); s.len > 0; columns++)
				s = slice_skip(s, max_of(utf8_len(s), (size_t)1));
			ck_assert_int_le(columns, width);
			lines++;
		}
		ck_assert_int_le(lines, height);
		free(text);
	}
	top_sample_done(&before);
	top_sample_done(&now);
}
END_TEST

static const TTest *const *const tests[] = {
	&lines_are_found_by_name,
	&a_picture_shows_what_there_is,
	&rates_and_their_history,
	&it_never_passes_the_screen,
};

UNIT_SUITE("lsm/cli/top", tests)
