/*
 * A record as a JSON object in one line (RFC 8259), of which only what a record needs is taken:
 * members whose values are strings, of known names, each once.
 */
#include <errno.h>

#include "lsm/base/error.h"
#include "lsm/base/hex.h"
#include "lsm/cli/record_input.h"
#include "lsm/cli/utf8.h"

static void skip_blanks(struct slice *text)
{
	while (text->len > 0 && text->ptr[0] && strchr(" \t\r\n", text->ptr[0]))
		*text = slice_skip(*text, 1);
}

/* Take the byte, after blanks. */
static bool take(struct slice *text, char byte)
{
	skip_blanks(text);
	if (text->len == 0 || text->ptr[0] != byte)
		return false;
	*text = slice_skip(*text, 1);
	return true;
}

/* Four hex digits. */
static bool take_unit(struct slice *text, uint32_t *ret_unit)
{
	uint32_t unit = 0;

	if (text->len < 4)
		return false;
	for (size_t i = 0; i < 4; i++) {
		int digit = hex_digit(text->ptr[i]);

		if (digit < 0)
			return false;
		unit = unit * 16 + (uint32_t)digit;
	}
	*text = slice_skip(*text, 4);
	*ret_unit = unit;
	return true;
}

/* Behind "\u": a character, which may take two units (RFC 8259, section 7). */
static int take_character(struct slice *text, struct buf *out)
{
	uint8_t bytes[UTF8_MAX];
	uint32_t c = 0, low = 0;

	if (!take_unit(text, &c))
		return fail(-EINVAL, "four hex digits belong behind \\u");
	if (c >= 0xd800 && c < 0xdc00) {
		bool escaped = text->len >= 2 && text->ptr[0] == '\\' && text->ptr[1] == 'u';

		if (escaped)
			*text = slice_skip(*text, 2);
		if (!escaped || !take_unit(text, &low) || low < 0xdc00 || low > 0xdfff)
			return fail(-EINVAL, "half of a surrogate pair");
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	} else if (c >= 0xdc00 && c <= 0xdfff) {
		return fail(-EINVAL, "half of a surrogate pair");
	}
	return buf_append(out, bytes, utf8_encode(c, bytes));
}

/* Behind a backslash. */
static int take_escape(struct slice *text, struct buf *out)
{
	static const char letters[] = "\"\\/bfnrt";
	static const char meanings[] = "\"\\/\b\f\n\r\t";
	uint8_t letter = text->len > 0 ? text->ptr[0] : 0;
	const char *known = letter ? strchr(letters, letter) : NULL;

	if (!known && letter != 'u')
		return fail(-EINVAL, "a \\ in a string that begins no escape");
	*text = slice_skip(*text, 1);
	if (letter == 'u')
		return take_character(text, out);
	return buf_append_byte(out, (uint8_t)meanings[known - letters]);
}

/* How many bytes from the start on stand for themselves. */
static size_t plain_len(struct slice text)
{
	size_t len = 0;

	while (len < text.len && text.ptr[len] != '"' && text.ptr[len] != '\\' &&
	       text.ptr[len] >= 0x20)
		len++;
	return len;
}

static int take_string(struct slice *text, struct buf *out)
{
	if (!take(text, '"'))
		return fail(-EINVAL, "a string in double quotes is wanted");
	for (;;) {
		size_t plain = plain_len(*text);
		int rc = 0;

		if (!utf8_is_valid(slice_of(text->ptr, plain)))
			return fail(-EINVAL, "a string that is no UTF-8");
		rc = buf_append(out, text->ptr, plain);
		*text = slice_skip(*text, plain);
		if (rc)
			return rc;
		if (text->len == 0)
			return fail(-EINVAL, "a string that is not closed");
		uint8_t byte = text->ptr[0];

		*text = slice_skip(*text, 1);
		if (byte == '"')
			return 0;
		if (byte != '\\')
			return fail(-EINVAL, "a control character in a string");
		rc = take_escape(text, out);
		if (rc)
			return rc;
	}
}

enum part {
	PART_KEY,
	PART_VALUE,
	PART_META,
	PARTS,
};

struct members {
	struct buf *parts[PARTS]; /* borrowed */
	bool given[PARTS];
	struct buf text; /* owned */
};

static int set_member(struct members *m, struct slice name)
{
	static const struct {
		const char *name;
		enum part part;
		bool hex;
	} known[] = {
		{"key", PART_KEY, false},      {"key_hex", PART_KEY, true},
		{"value", PART_VALUE, false},  {"value_hex", PART_VALUE, true},
		{"meta_hex", PART_META, true},
	};

	for (size_t i = 0; i < array_size(known); i++) {
		enum part part = known[i].part;

		if (!slice_eq(name, slice_str(known[i].name)))
			continue;
		if (m->given[part])
			return fail(-EINVAL, "\"%s\" is given twice", known[i].name);
		m->given[part] = true;
		return known[i].hex ? hex_parse(buf_slice(&m->text), m->parts[part])
				    : buf_append_slice(m->parts[part], buf_slice(&m->text));
	}
	return fail(-EINVAL, "a member of another name than key, key_hex, value, value_hex, "
			     "meta_hex");
}

static int take_member(struct slice *line, struct members *m)
{
	cleanup_buf struct buf name = {0};
	int rc = take_string(line, &name);

	if (rc)
		return rc;
	if (!take(line, ':'))
		return fail(-EINVAL, "a : belongs behind a member's name");
	buf_clear(&m->text);
	rc = take_string(line, &m->text);
	return rc ? rc : set_member(m, buf_slice(&name));
}

static int take_members(struct slice *line, struct members *m)
{
	int rc;

	if (!take(line, '{'))
		return fail(-EINVAL, "a line is a JSON object");
	do
		rc = take_member(line, m);
	while (!rc && take(line, ','));
	if (rc)
		return rc;
	if (!take(line, '}'))
		return fail(-EINVAL, "a } is missing");
	skip_blanks(line);
	return line->len > 0 ? fail(-EINVAL, "there is something behind the object") : 0;
}

int record_parse_json(struct slice line, struct buf *ret_key, struct buf *ret_value,
		      struct buf *ret_meta)
{
	struct members m = {.parts = {ret_key, ret_value, ret_meta}};
	int rc = take_members(&line, &m);

	buf_done(&m.text);
	if (!rc && !m.given[PART_KEY])
		return fail(-EINVAL, "there is no key");
	if (!rc && !m.given[PART_VALUE])
		return fail(-EINVAL, "there is no value");
	return rc;
}
