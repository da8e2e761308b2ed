#include "lsm/cli/top_sample.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/base/array.h"
#include "lsm/base/clock.h"
#include "lsm/base/error.h"

enum {
	READ_STEP = 16 << 10,
};

void top_sample_done(struct top_sample *s)
{
	buf_done(&s->text);
	free(s->lines);
	*s = (struct top_sample){0};
}

static int note_line(struct top_sample *s, char *line)
{
	char *blank = strchr(line, ' ');
	struct top_line *grown;

	if (!blank || blank == line || !blank[1])
		return 0;
	grown = array_grow(s->lines, &s->cap, s->count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	*blank = '\0';
	s->lines = grown;
	s->lines[s->count++] = (struct top_line){.name = line, .value = blank + 1};
	return 0;
}

/* The text is in s, with a NUL behind it. */
static int take_apart(struct top_sample *s)
{
	char *rest = (char *)s->text.ptr, *line;
	int rc = 0;

	s->count = 0;
	while (!rc && (line = strsep(&rest, "\n")) != NULL)
		rc = note_line(s, line);
	return rc;
}

/* What would end the text, or move the cursor, becomes a dot. */
static int finish(struct top_sample *s)
{
	for (size_t i = 0; i < s->text.len; i++) {
		uint8_t byte = s->text.ptr[i];

		if ((byte < 0x20 && byte != '\n') || byte >= 0x7f)
			s->text.ptr[i] = '.';
	}
	int rc = buf_append_byte(&s->text, '\0');

	return rc ? rc : take_apart(s);
}

int top_sample_parse(struct top_sample *s, struct slice text)
{
	int rc = buf_set(&s->text, text);

	return rc ? rc : finish(s);
}

static int read_all(struct top_sample *s, FILE *file, const char *path)
{
	size_t got = 1;

	buf_clear(&s->text);
	while (got > 0) {
		int rc = buf_reserve(&s->text, READ_STEP);

		if (rc)
			return rc;
		errno = 0;
		got = fread(s->text.ptr + s->text.len, 1, READ_STEP, file);
		s->text.len += got;
		if (ferror(file))
			return fail(errno ? -errno : -EIO, "%s: %s", path,
				    strerror(errno ? errno : EIO));
		if (s->text.len > TOP_TEXT_MAX)
			return fail(-EFBIG, "%s: too long for statistics", path);
	}
	return 0;
}

int top_sample_read(struct top_sample *s, const char *path)
{
	FILE *file = fopen(path, "re");

	if (!file)
		return fail(-errno, "%s: %s", path, strerror(errno));
	int rc = read_all(s, file, path);

	(void)fclose(file); /* only read */
	s->time_ns = clock_mono_ns();
	return rc ? rc : finish(s);
}

const char *top_text(const struct top_sample *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++) {
		if (strcmp(s->lines[i].name, name) == 0)
			return s->lines[i].value;
	}
	return NULL;
}

bool top_number(const struct top_sample *s, const char *name, double *ret_number)
{
	const char *text = top_text(s, name);
	char *end = NULL;
	double number = text ? strtod(text, &end) : 0;

	if (!text || end == text || !(fabs(number) <= TOP_NUMBER_MAX))
		return false;
	*ret_number = number;
	return true;
}
