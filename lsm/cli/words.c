#include "lsm/cli/words.h"

#include <errno.h>
#include <stdlib.h>

#include "lsm/base/array.h"
#include "lsm/base/error.h"
#include "lsm/base/escape.h"

void words_done(struct words *w)
{
	buf_done(&w->bytes);
	free(w->starts);
	*w = (struct words){0};
}

struct slice words_at(const struct words *w, size_t i)
{
	size_t start = w->starts[i];

	return slice_of(w->bytes.ptr + start, w->starts[i + 1] - start - 1);
}

static bool is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* The next word begins where the bytes end. */
static int note_start(struct words *w)
{
	size_t *grown = array_grow(w->starts, &w->cap, w->count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	w->starts = grown;
	w->starts[w->count] = w->bytes.len;
	return 0;
}

/* What a backslash, the line's first byte, begins. */
static int take_backslash(struct words *w, struct slice *line)
{
	uint8_t byte = 0;

	if (line->len > 1 && (strchr("\"'# \t", line->ptr[1]) && line->ptr[1])) {
		byte = line->ptr[1];
		*line = slice_skip(*line, 2);
	} else if (!escape_take(line, &byte)) {
		return fail(-EINVAL, "a \\ that begins no escape of C, nor \\# or a blank");
	}
	return buf_append_byte(&w->bytes, byte);
}

/* A part in quotes, the first of which is the line's first byte. */
static int take_quoted(struct words *w, struct slice *line)
{
	uint8_t quote = line->ptr[0];
	int rc = 0;

	*line = slice_skip(*line, 1);
	while (!rc && line->len > 0 && line->ptr[0] != quote) {
		if (quote == '"' && line->ptr[0] == '\\') {
			rc = take_backslash(w, line);
		} else {
			rc = buf_append_byte(&w->bytes, line->ptr[0]);
			*line = slice_skip(*line, 1);
		}
	}
	if (rc)
		return rc;
	if (line->len == 0)
		return fail(-EINVAL, "a %c that is not closed", quote);
	*line = slice_skip(*line, 1);
	return 0;
}

static int take_word(struct words *w, struct slice *line)
{
	int rc = 0;

	while (!rc && line->len > 0 && !is_blank(line->ptr[0])) {
		uint8_t byte = line->ptr[0];

		if (byte == '"' || byte == '\'') {
			rc = take_quoted(w, line);
		} else if (byte == '\\') {
			rc = take_backslash(w, line);
		} else {
			rc = buf_append_byte(&w->bytes, byte);
			*line = slice_skip(*line, 1);
		}
	}
	if (!rc)
		rc = buf_append_byte(&w->bytes, '\0');
	if (rc)
		return rc;
	w->count++;
	return note_start(w);
}

static int parse(struct words *w, struct slice line)
{
	int rc = note_start(w);

	while (!rc) {
		while (line.len > 0 && is_blank(line.ptr[0]))
			line = slice_skip(line, 1);
		if (line.len == 0 || line.ptr[0] == '#')
			break;
		rc = take_word(w, &line);
	}
	return rc;
}

int words_parse(struct words *w, struct slice line)
{
	int rc;

	buf_clear(&w->bytes);
	w->count = 0;
	rc = parse(w, line);
	if (rc)
		w->count = 0;
	return rc;
}
