#include "fs/virt/stats_render.h"

#include <inttypes.h>
#include <stdio.h>

#include "lsm/base/json.h"

enum {
	STATS_NUMBER_DIGITS = 20,          /* of UINT64_MAX */
	STATS_LINE_GROUPS = METRIC_HEALTH, /* of the other modules' lines */
};

#define STATS_PREFIX "apexfs_"

/* A line of another module: a number if it reads as one, else text. */
struct line {
	char name[METRIC_NAME_MAX];
	struct slice text;
	bool is_number;
	uint64_t number;
};

static void read_value(struct line *line)
{
	struct slice value = line->text;

	line->number = 0;
	line->is_number = value.len > 0 && value.len < STATS_NUMBER_DIGITS;
	for (size_t i = 0; i < value.len && line->is_number; i++) {
		line->is_number = value.ptr[i] >= '0' && value.ptr[i] <= '9';
		line->number = line->number * 10 + (uint64_t)(value.ptr[i] - '0');
	}
}

/* Take the next line with a name; false at the end. */
static bool line_next(struct slice *more, struct line *ret_line)
{
	while (more->len > 0) {
		const uint8_t *end = memchr(more->ptr, '\n', more->len);
		size_t len = end ? (size_t)(end - more->ptr) : more->len;
		const uint8_t *space = len > 0 ? memchr(more->ptr, ' ', len) : NULL;
		size_t name_len = space ? (size_t)(space - more->ptr) : len;

		(void)snprintf(ret_line->name, sizeof(ret_line->name), "%.*s",
			       (int)min_of(name_len, sizeof(ret_line->name) - 1),
			       (const char *)more->ptr);
		ret_line->text =
			slice_skip(slice_of(more->ptr, len), space ? name_len + 1 : name_len);
		*more = slice_skip(*more, len + (end ? 1 : 0));
		if (name_len == 0)
			continue;
		read_value(ret_line);
		return true;
	}
	return false;
}

static int text_lines(struct slice more, struct buf *text)
{
	struct line line;
	int rc = 0;

	while (!rc && line_next(&more, &line))
		rc = buf_printf(text, "%s %.*s\n", line.name, (int)line.text.len,
				(const char *)line.text.ptr);
	return rc;
}

static void json_lines(struct slice more, struct json *json)
{
	struct line line;

	while (line_next(&more, &line)) {
		json_name(json, line.name);
		if (line.is_number)
			json_uint(json, line.number);
		else
			json_string(json, line.text);
	}
}

/* The table of such a line has one row. */
static int prom_line(const struct line *line, struct buf *text)
{
	int rc;

	if (line->is_number)
		return buf_printf(text,
				  "# HELP " STATS_PREFIX "%s As in .stats.\n"
				  "# TYPE " STATS_PREFIX "%s gauge\n" STATS_PREFIX "%s %" PRIu64
				  "\n",
				  line->name, line->name, line->name, line->number);
	rc = buf_printf(text,
			"# HELP " STATS_PREFIX "%s_info As in .stats.\n"
			"# TYPE " STATS_PREFIX "%s_info gauge\n" STATS_PREFIX "%s_info{value=\"",
			line->name, line->name, line->name);
	if (!rc)
		rc = metric_append_label(text, line->text);
	return rc ? rc : buf_printf(text, "\"} 1\n");
}

static int prom_lines(struct slice more, struct buf *text)
{
	struct line line;
	int rc = 0;

	while (!rc && line_next(&more, &line))
		rc = prom_line(&line, text);
	return rc;
}

/* Where the other modules' lines go: before the last set. */
static bool lines_come_here(const struct stats_snapshot *s, size_t i)
{
	return i + 1 == s->count;
}

static int render_text(const struct stats_snapshot *s, unsigned groups, struct buf *text)
{
	int rc = 0;

	for (size_t i = 0; i < s->count && !rc; i++) {
		if (lines_come_here(s, i) && (groups & STATS_LINE_GROUPS))
			rc = text_lines(s->more, text);
		if (!rc)
			rc = metric_render_text(&s->sets[i], groups, text);
	}
	return rc;
}

static int render_json(const struct stats_snapshot *s, struct buf *text)
{
	struct json json;

	json_begin(&json, text);
	json_object_open(&json);
	for (size_t i = 0; i < s->count; i++) {
		if (lines_come_here(s, i))
			json_lines(s->more, &json);
		metric_render_json(&s->sets[i], &json);
	}
	json_object_close(&json);
	int rc = json_finish(&json);

	return rc ? rc : buf_append_byte(text, '\n');
}

static int render_prom(const struct stats_snapshot *s, struct buf *text)
{
	int rc = 0;

	for (size_t i = 0; i < s->count && !rc; i++) {
		if (lines_come_here(s, i))
			rc = prom_lines(s->more, text);
		if (!rc)
			rc = metric_render_prom(&s->sets[i], STATS_PREFIX, text);
	}
	return rc;
}

int stats_render(const struct stats_snapshot *snapshot, struct stats_form form, struct buf *text)
{
	switch (form.format) {
	case STATS_JSON:
		return render_json(snapshot, text);
	case STATS_PROM:
		return render_prom(snapshot, text);
	case STATS_TEXT:
		break;
	}
	return render_text(snapshot, form.groups, text);
}
