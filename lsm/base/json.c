#include "lsm/base/json.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void emit(struct json *j, const void *ptr, size_t len)
{
	if (!j->error)
		j->error = buf_append(j->out, ptr, len);
}

static void emit_text(struct json *j, const char *text)
{
	emit(j, text, strlen(text));
}

/* What must stand before an item: a comma, or nothing. */
static void item_begin(struct json *j)
{
	if (j->depth == 0) {
		assert(!j->complete);
		return;
	}
	if (j->has_items[j->depth - 1])
		emit_text(j, ",");
	j->has_items[j->depth - 1] = true;
}

static void value_begin(struct json *j)
{
	if (j->depth > 0 && j->is_object[j->depth - 1]) {
		assert(j->after_name);
		j->after_name = false;
		return;
	}
	item_begin(j);
}

static void value_end(struct json *j)
{
	if (j->depth == 0)
		j->complete = true;
}

static void open_level(struct json *j, bool is_object)
{
	value_begin(j);
	assert(j->depth < JSON_DEPTH_MAX);
	j->has_items[j->depth] = false;
	j->is_object[j->depth] = is_object;
	j->depth++;
	emit_text(j, is_object ? "{" : "[");
}

static void close_level(struct json *j, bool is_object)
{
	assert(j->depth > 0 && !j->after_name && j->is_object[j->depth - 1] == is_object);
	j->depth--;
	emit_text(j, is_object ? "}" : "]");
	value_end(j);
}

void json_begin(struct json *j, struct buf *out)
{
	*j = (struct json){.out = out};
}

void json_object_open(struct json *j)
{
	open_level(j, true);
}

void json_object_close(struct json *j)
{
	close_level(j, true);
}

void json_array_open(struct json *j)
{
	open_level(j, false);
}

void json_array_close(struct json *j)
{
	close_level(j, false);
}

/*
 * The length of the UTF-8 sequence at the front of s, 0 when there is none: RFC 3629 section 4,
 * which leaves out overlong forms, surrogates and what lies above U+10FFFF.
 */
static size_t utf8_length(struct slice s)
{
	uint8_t first = s.ptr[0];
	size_t len = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	uint8_t second_min = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	uint8_t second_max = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;

	if (len == 1)
		return 1;
	if (first < 0xc2 || first > 0xf4 || s.len < len)
		return 0;
	if (s.ptr[1] < second_min || s.ptr[1] > second_max)
		return 0;
	for (size_t i = 2; i < len; i++) {
		if ((s.ptr[i] & 0xc0) != 0x80)
			return 0;
	}
	return len;
}

static bool stands_for_itself(uint8_t byte)
{
	return byte >= 0x20 && byte != '"' && byte != '\\';
}

static void emit_escaped(struct json *j, uint8_t byte)
{
	static const char short_from[] = "\"\\\b\f\n\r\t";
	static const char short_to[] = "\"\\bfnrt";
	const char *found = byte ? strchr(short_from, byte) : NULL;
	char text[8];

	if (found)
		snprintf(text, sizeof(text), "\\%c", short_to[found - short_from]);
	else
		snprintf(text, sizeof(text), "\\u%04x", byte);
	emit_text(j, text);
}

static void emit_quoted(struct json *j, struct slice s)
{
	size_t start = 0; /* what lies before it is written */
	size_t i = 0;

	emit_text(j, "\"");
	while (i < s.len) {
		size_t len = utf8_length(slice_skip(s, i));

		if (len > 0 && stands_for_itself(s.ptr[i])) {
			i += len;
			continue;
		}
		emit(j, slice_skip(s, start).ptr, i - start);
		if (len > 0)
			emit_escaped(j, s.ptr[i]);
		else
			emit_text(j, "\\ufffd");
		start = ++i;
	}
	emit(j, slice_skip(s, start).ptr, i - start);
	emit_text(j, "\"");
}

void json_name(struct json *j, const char *name)
{
	assert(j->depth > 0 && j->is_object[j->depth - 1] && !j->after_name);
	item_begin(j);
	emit_quoted(j, slice_str(name));
	emit_text(j, ":");
	j->after_name = true;
}

void json_uint(struct json *j, uint64_t v)
{
	char text[24];

	value_begin(j);
	snprintf(text, sizeof(text), "%" PRIu64, v);
	emit_text(j, text);
	value_end(j);
}

/* Write v with the fewest digits, of 15 and 17, that give it back. */
static void emit_double(struct json *j, double v)
{
	static const char plain[] = "+-0123456789e";
	char text[32];

	snprintf(text, sizeof(text), "%.15g", v);
	if (strtod(text, NULL) != v)
		snprintf(text, sizeof(text), "%.17g", v);

	/* The decimal point is the locale's, in one byte or more; JSON's is a dot. */
	size_t whole = strspn(text, plain);
	size_t point = strcspn(text + whole, plain);

	emit(j, text, whole);
	if (point > 0)
		emit_text(j, ".");
	emit_text(j, text + whole + point);
}

void json_double(struct json *j, double v)
{
	value_begin(j);
	if (isfinite(v))
		emit_double(j, v);
	else
		emit_text(j, "null"); /* JSON has no infinity and no NaN */
	value_end(j);
}

void json_bool(struct json *j, bool v)
{
	value_begin(j);
	emit_text(j, v ? "true" : "false");
	value_end(j);
}

void json_string(struct json *j, struct slice s)
{
	value_begin(j);
	emit_quoted(j, s);
	value_end(j);
}

int json_finish(struct json *j)
{
	assert(j->depth == 0 && j->complete);
	return j->error;
}
