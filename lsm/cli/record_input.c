#include "lsm/cli/record_input.h"

#include <errno.h>
#include <string.h>

#include "lsm/base/error.h"
#include "lsm/base/escape.h"

static const struct {
	const char *name;
	enum record_format format;
} format_names[] = {
	{"kv", RECORD_KV},      {"tsv", RECORD_TSV}, {"json", RECORD_JSON},
	{"jsonl", RECORD_JSON}, {"nul", RECORD_NUL},
};

bool record_format_find(const char *name, const char *path, enum record_format *ret_format)
{
	const char *dot = path ? strrchr(path, '.') : NULL;
	const char *wanted = name ? name : dot && !strchr(dot, '/') ? dot + 1 : "kv";

	for (size_t i = 0; i < array_size(format_names); i++) {
		if (strcmp(format_names[i].name, wanted) == 0) {
			*ret_format = format_names[i].format;
			return true;
		}
	}
	*ret_format = RECORD_KV;
	return !name;
}

int record_input_open(struct record_input *in, const char *path, enum record_format format)
{
	in->format = format;
	return line_input_open(&in->lines, path);
}

void record_input_close(struct record_input *in)
{
	line_input_close(&in->lines);
	buf_done(&in->key);
	buf_done(&in->value);
	buf_done(&in->meta);
}

uint64_t record_input_place(const struct record_input *in)
{
	return in->format == RECORD_NUL ? in->pairs : in->lines.number;
}

/* Key and value on both sides of a byte, with escapes. */
static int parse_split(struct slice line, char split, struct buf *key, struct buf *value)
{
	const uint8_t *at = line.len > 0 ? memchr(line.ptr, split, line.len) : NULL;

	if (!at)
		return fail(-EINVAL, split == '=' ? "there is no = in the line"
						  : "there is no tab in the line");
	size_t key_len = (size_t)(at - line.ptr);
	int rc = escape_parse_slice(slice_of(line.ptr, key_len), key);

	return rc ? rc : escape_parse_slice(slice_skip(line, key_len + 1), value);
}

int record_parse_kv(struct slice line, struct buf *ret_key, struct buf *ret_value)
{
	if (line.len == 0 || line.ptr[0] == '#')
		return -ENODATA;
	return parse_split(line, '=', ret_key, ret_value);
}

int record_parse_tsv(struct slice line, struct buf *ret_key, struct buf *ret_value)
{
	return parse_split(line, '\t', ret_key, ret_value);
}

int record_parse_nul(struct slice text, struct buf *ret_bytes)
{
	while (text.len > 0) {
		const uint8_t *backslash = memchr(text.ptr, '\\', text.len);
		size_t plain = backslash ? (size_t)(backslash - text.ptr) : text.len;
		int rc = buf_append(ret_bytes, text.ptr, plain);

		text = slice_skip(text, plain);
		if (rc || !backslash)
			return rc;
		if (text.len < 2 || (text.ptr[1] != '\\' && text.ptr[1] != '0'))
			return fail(-EINVAL, "a \\ that is neither \\\\ nor \\0");
		rc = buf_append_byte(ret_bytes, text.ptr[1] == '0' ? '\0' : '\\');
		if (rc)
			return rc;
		text = slice_skip(text, 2);
	}
	return 0;
}

static int next_line(struct record_input *in)
{
	struct slice line;
	int rc = line_input_next(&in->lines, &line);

	if (rc)
		return rc;
	buf_clear(&in->key);
	buf_clear(&in->value);
	buf_clear(&in->meta);
	switch (in->format) {
	case RECORD_JSON:
		return record_parse_json(line, &in->key, &in->value, &in->meta);
	case RECORD_TSV:
		return record_parse_tsv(line, &in->key, &in->value);
	default:
		rc = record_parse_kv(line, &in->key, &in->value);
		return rc == -ENODATA ? -EAGAIN : rc;
	}
}

static int next_pair(struct record_input *in)
{
	struct slice text;
	int rc = line_input_next_nul(&in->lines, &text);

	in->pairs += rc != -ENODATA;
	buf_clear(&in->key);
	buf_clear(&in->value);
	if (!rc)
		rc = record_parse_nul(text, &in->key);
	if (rc)
		return rc;
	rc = line_input_next_nul(&in->lines, &text);
	if (rc == -ENODATA)
		return fail(-EINVAL, "the input ends behind a key");
	return rc ? rc : record_parse_nul(text, &in->value);
}

int record_input_next(struct record_input *in)
{
	int rc;

	fail_clear();
	do
		rc = in->format == RECORD_NUL ? next_pair(in) : next_line(in);
	while (rc == -EAGAIN);
	if (!rc && in->key.len == 0)
		return fail(-EINVAL, "a key has at least one byte");
	return rc;
}
