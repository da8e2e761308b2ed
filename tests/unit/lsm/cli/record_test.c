/*
 * Records as text and back: lsm/cli/record_input.h and record_output.h.
 */
#include <errno.h>
#include <unistd.h>

#include "lsm/base/error.h"
#include "lsm/base/rng.h"
#include "lsm/cli/record_estimate.h"
#include "lsm/cli/record_input.h"
#include "lsm/cli/value_output.h"
#include "tests/unit/unit.h"

static struct buf key, value, meta;

static int parse(enum record_format format, const char *line)
{
	buf_clear(&key);
	buf_clear(&value);
	buf_clear(&meta);
	fail_clear();
	switch (format) {
	case RECORD_KV:
		return record_parse_kv(slice_str(line), &key, &value);
	case RECORD_TSV:
		return record_parse_tsv(slice_str(line), &key, &value);
	default:
		return record_parse_json(slice_str(line), &key, &value, &meta);
	}
}

static void expect_pair(enum record_format format, const char *line, struct slice k, struct slice v)
{
	ck_assert_msg(parse(format, line) == 0, "%s: %s", line, fail_text());
	ck_assert_msg(slice_eq(buf_slice(&key), k) && slice_eq(buf_slice(&value), v), "%s", line);
}

static void expect_refused(enum record_format format, const char *line, const char *why)
{
	ck_assert_int_eq(parse(format, line), -EINVAL);
	ck_assert_msg(strstr(fail_text(), why) != NULL, "%s: %s", line, fail_text());
}

START_TEST(kv_lines)
{
	expect_pair(RECORD_KV, "a=b", slice_str("a"), slice_str("b"));
	expect_pair(RECORD_KV, "a=b=c", slice_str("a"), slice_str("b=c"));
	expect_pair(RECORD_KV, " a =", slice_str(" a "), slice_str(""));
	expect_pair(RECORD_KV, "\\x23a\\x3d=\\n", slice_str("#a="), slice_str("\n"));
	ck_assert_int_eq(parse(RECORD_KV, "# a=b"), -ENODATA);
	ck_assert_int_eq(parse(RECORD_KV, ""), -ENODATA);
	expect_refused(RECORD_KV, "a", "no =");
	expect_refused(RECORD_KV, "a=\\q", "no escape");
	expect_refused(RECORD_TSV, "a=b", "no tab");
}
END_TEST

START_TEST(json_lines)
{
	expect_pair(RECORD_JSON, "{\"key\":\"a\",\"value\":\"b\"}", slice_str("a"), slice_str("b"));
	expect_pair(RECORD_JSON, " { \"value\" : \"\" , \"key\" : \"k\" } ", slice_str("k"),
		    slice_str(""));
	expect_pair(RECORD_JSON, "{\"key_hex\":\"00Ff\",\"value_hex\":\"\"}", slice_of("\0\xff", 2),
		    slice_str(""));
	expect_pair(RECORD_JSON, "{\"key\":\"\\u00e4\\ud83d\\ude00\",\"value\":\"\\\"\\\\\\/\\b\"}",
		    slice_str("\xc3\xa4\xf0\x9f\x98\x80"), slice_str("\"\\/\b"));
	expect_pair(RECORD_JSON, "{\"key\":\"k\",\"value\":\"v\",\"meta_hex\":\"01\"}",
		    slice_str("k"), slice_str("v"));
	ck_assert(slice_eq(buf_slice(&meta), slice_of("\1", 1)));
}
END_TEST

START_TEST(json_that_is_none_is_refused)
{
	static const char *const lines[][2] = {
		{"", "object"},
		{"[]", "object"},
		{"{}", "string"},
		{"{\"key\":\"a\"}", "no value"},
		{"{\"value\":\"a\"}", "no key"},
		{"{\"key\":\"a\",\"value\":1}", "string"},
		{"{\"key\":\"a\",\"value\":\"b\"", "} is missing"},
		{"{\"key\":\"a\",\"value\":\"b\"}x", "behind the object"},
		{"{\"key\":\"a\",\"key\":\"b\",\"value\":\"\"}", "twice"},
		{"{\"key\":\"a\",\"key_hex\":\"00\",\"value\":\"\"}", "twice"},
		{"{\"key\":\"a\",\"other\":\"b\"}", "another name"},
		{"{\"key\":\"a", "not closed"},
		{"{\"key\":\"\\ud800\"}", "surrogate"},
		{"{\"key\":\"\\udc00\"}", "surrogate"},
		{"{\"key\":\"\\u12\"}", "hex digits"},
		{"{\"key\":\"\\q\"}", "no escape"},
		{"{\"key\":\"\t\"}", "control"},
		{"{\"key\":\"\xff\"}", "UTF-8"},
		{"{\"key\":\"\xed\xa0\x80\"}", "UTF-8"},
		{"{\"key_hex\":\"0\"}", "hex digits"},
		{"{\"key_hex\":\"0g\"}", "hex digits"},
		{"{\"key\" \"a\"}", "a : belongs"},
	};

	for (size_t i = 0; i < array_size(lines); i++)
		expect_refused(RECORD_JSON, lines[i][0], lines[i][1]);
}
END_TEST

START_TEST(a_file_name_tells_the_format)
{
	enum record_format format = RECORD_NUL;

	ck_assert(record_format_find(NULL, "a.tsv", &format) && format == RECORD_TSV);
	ck_assert(record_format_find(NULL, "x.y/a", &format) && format == RECORD_KV);
	ck_assert(record_format_find(NULL, "a.jsonl", &format) && format == RECORD_JSON);
	ck_assert(record_format_find("nul", "a.tsv", &format) && format == RECORD_NUL);
	ck_assert(record_format_find(NULL, "-", &format) && format == RECORD_KV);
	ck_assert(!record_format_find("xml", "a.tsv", &format));
}
END_TEST

/* Random bytes, with many of those that mean something. */
static struct slice random_bytes(struct rng *rng, uint8_t room[64], size_t least)
{
	static const uint8_t special[] = "\0\\\n\t\r=#\"{}x0\xc3\xa4\xff\x7f";
	size_t len = least + rng_below(rng, 64 - least);

	for (size_t i = 0; i < len; i++)
		room[i] = rng_below(rng, 2) ? special[rng_below(rng, sizeof(special) - 1)]
					    : (uint8_t)rng_next(rng);
	return slice_of(room, len);
}

/* Printed in pieces, as a large value is. */
static void print(FILE *file, enum record_format format, const struct lsm_record *r, size_t cut)
{
	const struct record_style style = {
		.format = format, .keys = true, .values = true, .meta = true};

	if (cut == 0) {
		record_output_piece(file, &style, r, r->value, true, true);
		return;
	}
	record_output_piece(file, &style, r, slice_of(r->value.ptr, cut), true, false);
	record_output_piece(file, &style, r, slice_skip(r->value, cut), false, true);
}

static void expect_back(enum record_format format, const struct lsm_record *r, const char *path)
{
	struct record_input in = {0};

	ck_assert_int_eq(record_input_open(&in, path, format), 0);
	ck_assert_msg(record_input_next(&in) == 0, "format %d: %s", format, fail_text());
	ck_assert(slice_eq(buf_slice(&in.key), r->key));
	ck_assert(slice_eq(buf_slice(&in.value), r->value));
	if (format == RECORD_JSON)
		ck_assert(slice_eq(buf_slice(&in.meta), r->meta));
	ck_assert_int_eq(record_input_next(&in), -ENODATA);
	record_input_close(&in);
}

START_TEST(what_is_printed_is_read_back)
{
	char path[] = "/tmp/apexkv-record.XXXXXX";
	uint8_t k[64], v[64], m[64];
	struct rng rng;
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	rng_seed(&rng, unit_seed());
	for (unsigned round = 0; round < 2000 / UNIT_SLOWNESS; round++) {
		struct lsm_record r = {.key = random_bytes(&rng, k, 1),
				       .value = random_bytes(&rng, v, 0),
				       .meta = random_bytes(&rng, m, 0)};
		size_t cut = r.value.len > 1 ? rng_below(&rng, r.value.len) : 0;

		for (int format = RECORD_KV; format <= RECORD_NUL; format++) {
			FILE *file = fopen(path, "we");

			ck_assert_ptr_nonnull(file);
			print(file, (enum record_format)format, &r, cut);
			ck_assert_int_eq(fclose(file), 0);
			expect_back((enum record_format)format, &r, path);
		}
	}
	(void)close(fd);
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(nul_pairs_that_end_too_early_are_refused)
{
	struct buf out = {0};

	ck_assert_int_eq(record_parse_nul(slice_str("a\\0b\\\\"), &out), 0);
	ck_assert(slice_eq(buf_slice(&out), slice_of("a\0b\\", 4)));
	ck_assert_int_eq(record_parse_nul(slice_str("a\\"), &out), -EINVAL);
	ck_assert_int_eq(record_parse_nul(slice_str("\\n"), &out), -EINVAL);
	buf_done(&out);
}
END_TEST

static double share(const char *at, const char *first, const char *last)
{
	return key_share_before(slice_str(at), slice_str(first), slice_str(last));
}

START_TEST(a_key_has_a_place_between_two_others)
{
	ck_assert(share("a", "b", "c") <= 0 && share("b", "b", "c") <= 0);
	ck_assert(share("d", "b", "c") >= 1 && share("user/99", "user/10", "user/98") >= 1);
	ck_assert_double_eq_tol(share("user/50", "user/00", "user/99"), 0.5, 0.01);
	ck_assert_double_eq_tol(share("b\x80", "b", "c"), 0.5, 0.01);
	ck_assert_double_eq_tol(share("n:15000", "n:00000", "n:19999"), 0.75, 0.01);
	ck_assert_double_eq_tol(share("u/2", "u/1/mail", "u/3/name"), 0.5, 0.1);
	ck_assert_double_eq_tol(share("x", "x", "x"), 0, 0.01);
	ck_assert_double_eq_tol(share("ab", "aa", "ab"), 1, 0.01);
	/* alike in all that is looked at */
	ck_assert_double_eq_tol(share("p", "o", "p"), 1, 0.01);
}
END_TEST

static const TTest *const *const tests[] = {
	&kv_lines,
	&json_lines,
	&json_that_is_none_is_refused,
	&a_file_name_tells_the_format,
	&what_is_printed_is_read_back,
	&nul_pairs_that_end_too_early_are_refused,
	&a_key_has_a_place_between_two_others,
};

UNIT_SUITE("lsm/cli/record", tests)
