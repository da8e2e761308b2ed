#include "fs/virt/stats_render.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "lsm/base/json.h"

enum {
	STATS_NAME_MAX = 64,
	STATS_NUMBER_DIGITS = 20, /* of UINT64_MAX */
};

/* Where names and values go. The first failed append sticks, as in struct json. */
struct sink {
	struct buf *text;  /* NULL when JSON is wanted */
	struct json *json; /* NULL when text is wanted */
	int error;
};

static void put_uint(struct sink *sink, const char *name, uint64_t value)
{
	if (sink->json) {
		json_name(sink->json, name);
		json_uint(sink->json, value);
	} else if (!sink->error) {
		sink->error = buf_printf(sink->text, "%s %" PRIu64 "\n", name, value);
	}
}

static void put_double(struct sink *sink, const char *name, double value)
{
	if (sink->json) {
		json_name(sink->json, name);
		json_double(sink->json, value);
	} else if (!sink->error) {
		sink->error = buf_printf(sink->text, "%s %.3f\n", name, value);
	}
}

static void put_text(struct sink *sink, const char *name, struct slice value)
{
	if (sink->json) {
		json_name(sink->json, name);
		json_string(sink->json, value);
		return;
	}
	if (!sink->error)
		sink->error = buf_printf(sink->text, "%s ", name);
	/* One value is one line, whatever a sentence quotes. */
	for (size_t i = 0; i < value.len && !sink->error; i++)
		sink->error = buf_append_byte(sink->text, value.ptr[i] < ' ' ? ' ' : value.ptr[i]);
	if (!sink->error)
		sink->error = buf_append_byte(sink->text, '\n');
}

/* A counter and where it stands in its struct. */
struct field {
	const char *name;
	size_t offset;
};

#define FILES_FIELD(member)                                                                        \
	{                                                                                          \
		"fs_" #member, offsetof(struct fs_stats, member)                                   \
	}

static const struct field files_fields[] = {
	FILES_FIELD(nodes),    FILES_FIELD(unlinked_nodes), FILES_FIELD(unlinked_bytes),
	FILES_FIELD(held_now), FILES_FIELD(held_total),     FILES_FIELD(held_merged),
};

_Static_assert(array_size(files_fields) * sizeof(uint64_t) == sizeof(struct fs_stats),
	       "every counter of fs/core has its line");

static void put_files(struct sink *sink, const struct fs_stats *files)
{
	for (size_t i = 0; i < array_size(files_fields); i++) {
		uint64_t value;

		memcpy(&value, (const char *)files + files_fields[i].offset, sizeof(value));
		put_uint(sink, files_fields[i].name, value);
	}
}

/* A line of another module: a number if it reads as one, else text. */
static void put_line(struct sink *sink, const char *name, struct slice value)
{
	uint64_t number = 0;
	bool is_number = value.len > 0 && value.len < STATS_NUMBER_DIGITS;

	for (size_t i = 0; i < value.len && is_number; i++) {
		is_number = value.ptr[i] >= '0' && value.ptr[i] <= '9';
		number = number * 10 + (uint64_t)(value.ptr[i] - '0');
	}
	if (is_number)
		put_uint(sink, name, number);
	else
		put_text(sink, name, value);
}

static void put_more(struct sink *sink, struct slice more)
{
	while (more.len > 0) {
		const uint8_t *end = memchr(more.ptr, '\n', more.len);
		struct slice line = slice_of(more.ptr, end ? (size_t)(end - more.ptr) : more.len);
		const uint8_t *space = line.len > 0 ? memchr(line.ptr, ' ', line.len) : NULL;
		size_t name_len = space ? (size_t)(space - line.ptr) : line.len;
		char name[STATS_NAME_MAX];

		snprintf(name, sizeof(name), "%.*s", (int)min_of(name_len, sizeof(name) - 1),
			 (const char *)line.ptr);
		if (name_len > 0)
			put_line(sink, name, slice_skip(line, space ? name_len + 1 : name_len));
		more = slice_skip(more, line.len + (end ? 1 : 0));
	}
}

static void engine_number(void *arg, const char *name, uint64_t value)
{
	put_uint(arg, name, value);
}

static void engine_ratio(void *arg, const char *name, double value)
{
	put_double(arg, name, value);
}

static void engine_text(void *arg, const char *name, const char *value)
{
	put_text(arg, name, slice_str(value));
}

static void put_all(struct sink *sink, const struct stats_measured *measured)
{
	struct lsm_stats_sink engine_sink = {
		.number = engine_number,
		.ratio = engine_ratio,
		.text = engine_text,
		.arg = sink,
	};

	lsm_stats_show(measured->engine, &engine_sink);
	put_files(sink, measured->files);
	put_more(sink, measured->more);
}

static int render_json(const struct stats_measured *measured, struct buf *text)
{
	struct json json;
	struct sink sink = {.json = &json};

	json_begin(&json, text);
	json_object_open(&json);
	put_all(&sink, measured);
	json_object_close(&json);
	int rc = json_finish(&json);

	return rc ? rc : buf_append_byte(text, '\n');
}

int stats_render(const struct stats_measured *measured, enum stats_format format, struct buf *text)
{
	struct sink sink = {.text = text};

	if (format == STATS_JSON)
		return render_json(measured, text);
	put_all(&sink, measured);
	return sink.error;
}
