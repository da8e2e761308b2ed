#include "lsm/base/metric.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lsm/base/json.h"

static const char *const group_names[METRIC_GROUP_COUNT] = {
	"memory", "disk", "wal",           "cache",    "bloom",  "compaction", "levels",
	"ops",    "fs",   "amplification", "recovery", "stalls", "errors",     "health",
};

const char *metric_group_name(unsigned number)
{
	return number < METRIC_GROUP_COUNT ? group_names[number] : NULL;
}

unsigned metric_group_of(const char *name)
{
	for (unsigned i = 0; i < METRIC_GROUP_COUNT; i++) {
		if (strcmp(name, group_names[i]) == 0)
			return 1U << i;
	}
	return 0;
}

/* As much of it as fits behind the `len` bytes that are there; how many there are then. */
static size_t name_append(char *name, size_t len, const char *text, size_t text_len)
{
	size_t n = min_of(text_len, METRIC_NAME_MAX - 1 - len);

	memcpy(name + len, text, n);
	name[len + n] = '\0';
	return len + n;
}

/* The row's name with the word in the place of its star. */
static void fill_name(const struct metric *row, const char *word, char *ret_name)
{
	const char *star = row->axis ? strchr(row->name, '*') : NULL;
	size_t head = star ? (size_t)(star - row->name) : strlen(row->name);
	size_t len = name_append(ret_name, 0, row->name, head);

	if (!star)
		return;
	len = name_append(ret_name, len, word, strlen(word));
	(void)name_append(ret_name, len, star + 1, strlen(star + 1));
}

/* All but the name. False: there is nothing to show. */
static bool fill_value(const struct metric *row, const void *snapshot, size_t i,
		       struct metric_value *v)
{
	const char *at = (const char *)snapshot + row->offset + i * row->stride;

	v->row = row;
	v->text = NULL;
	v->factor = 0;
	v->number = 0;
	if (row->kind == METRIC_TEXT) {
		v->text = row->text(snapshot);
		return v->text != NULL;
	}
	if (row->unit == METRIC_FACTOR) {
		if (row->factor)
			v->factor = row->factor(snapshot);
		else
			memcpy(&v->factor, at, sizeof(v->factor));
		return true;
	}
	if (row->number)
		v->number = row->number(snapshot);
	else
		memcpy(&v->number, at, sizeof(v->number));
	return !row->sparse || v->number != 0;
}

/* Rows from `first` on with the same axis. */
static size_t block_end(const struct metric_set *set, size_t first)
{
	size_t end = first + 1;

	while (end < set->count && set->rows[first].axis &&
	       set->rows[end].axis == set->rows[first].axis)
		end++;
	return end;
}

/* The rows of a block say what they have of thing i. */
static int visit_thing(const struct metric_set *block, unsigned groups, size_t i,
		       int (*visit)(void *arg, const struct metric_value *value), void *arg)
{
	char word[METRIC_WORD_MAX] = "";

	for (const struct metric *row = block->rows; row < block->rows + block->count; row++) {
		struct metric_value value;
		char labels[METRIC_LABELS_MAX];

		if (!row->name || !(row->groups & groups) ||
		    !fill_value(row, block->snapshot, i, &value))
			continue;
		if (row->axis && !word[0])
			row->axis->describe(i, word, labels);
		fill_name(row, word, value.name);
		int rc = visit(arg, &value);

		if (rc)
			return rc;
	}
	return 0;
}

int metric_visit(const struct metric_set *set, unsigned groups,
		 int (*visit)(void *arg, const struct metric_value *value), void *arg)
{
	for (size_t first = 0, end; first < set->count; first = end) {
		const struct metric_axis *axis = set->rows[first].axis;
		size_t things = axis ? axis->count : 1;

		end = block_end(set, first);
		const struct metric_set block = {set->rows + first, end - first, set->snapshot};

		for (size_t i = 0; i < things; i++) {
			int rc = visit_thing(&block, groups, i, visit, arg);

			if (rc)
				return rc;
		}
	}
	return 0;
}

/* One value is one line, whatever a sentence quotes. */
static int append_sentence(struct buf *text, const char *s)
{
	int rc = 0;

	for (; *s && !rc; s++)
		rc = buf_append_byte(text, (uint8_t)*s < ' ' ? ' ' : (uint8_t)*s);
	return rc;
}

static int put_line(void *arg, const struct metric_value *v)
{
	struct buf *text = arg;

	if (v->row->kind != METRIC_TEXT) {
		if (v->row->unit == METRIC_FACTOR)
			return buf_printf(text, "%s %.3f\n", v->name, v->factor);
		return buf_printf(text, "%s %" PRIu64 "\n", v->name, v->number);
	}
	int rc = buf_printf(text, "%s ", v->name);

	if (!rc)
		rc = append_sentence(text, v->text);
	return rc ? rc : buf_append_byte(text, '\n');
}

int metric_render_text(const struct metric_set *set, unsigned groups, struct buf *text)
{
	return metric_visit(set, groups, put_line, text);
}

static int put_member(void *arg, const struct metric_value *v)
{
	struct json *json = arg;

	json_name(json, v->name);
	if (v->row->kind == METRIC_TEXT)
		json_string(json, slice_str(v->text));
	else if (v->row->unit == METRIC_FACTOR)
		json_double(json, v->factor);
	else
		json_uint(json, v->number);
	return 0;
}

void metric_render_json(const struct metric_set *set, struct json *json)
{
	ignore_result(metric_visit(set, METRIC_ALL, put_member, json)); /* the JSON keeps it */
}

/* ---- Prometheus ---- */

/* The name of a row's family, without what its kind adds. */
static void fill_family(const struct metric *row, const char *prefix, char *ret_family)
{
	const char *name = row->family ? row->family : row->name;
	size_t len = strlen(name);
	bool is_ns = !row->family && len > 3 && strcmp(name + len - 3, "_ns") == 0;

	(void)snprintf(ret_family, METRIC_NAME_MAX, "%s%.*s%s", prefix,
		       (int)(is_ns ? len - 3 : len), name, is_ns ? "_seconds" : "");
	/* the word is a label there: `level*_files` */
	char *star = strchr(ret_family, '*');

	if (star)
		memmove(star, star + 1, strlen(star));
	len = strlen(ret_family);
	if (row->kind == METRIC_COUNTER)
		(void)snprintf(ret_family + len, METRIC_NAME_MAX - len, "_total");
	else if (row->kind == METRIC_TEXT)
		(void)snprintf(ret_family + len, METRIC_NAME_MAX - len, "_info");
}

static int put_heading(const struct metric *row, const char *family, struct buf *text)
{
	static const char *const types[] = {
		[METRIC_COUNTER] = "counter",
		[METRIC_GAUGE] = "gauge",
		[METRIC_SUMMARY] = "summary",
		[METRIC_TEXT] = "gauge",
	};

	return buf_printf(text, "# HELP %s %s\n# TYPE %s %s\n", family, row->help, family,
			  types[row->kind]);
}

/* `{a="1",b="2"}`, or nothing. */
static int put_labels(const struct metric *row, size_t i, struct buf *text)
{
	char word[METRIC_WORD_MAX];
	char labels[METRIC_LABELS_MAX] = "";
	const char *more = row->labels ? row->labels : "";

	if (row->axis)
		row->axis->describe(i, word, labels);
	if (!labels[0] && !more[0])
		return 0;
	return buf_printf(text, "{%s%s%s}", labels, labels[0] && more[0] ? "," : "", more);
}

int metric_append_label(struct buf *text, struct slice value)
{
	int rc = 0;

	for (size_t i = 0; i < value.len && !rc; i++) {
		uint8_t byte = value.ptr[i];

		if (byte == '\\' || byte == '"')
			rc = buf_append_byte(text, '\\');
		if (!rc)
			rc = buf_append_byte(text, byte < ' ' || byte > '~' ? ' ' : byte);
	}
	return rc;
}

static int put_info(const struct metric_value *v, const char *family, struct buf *text)
{
	int rc = buf_printf(text, "%s{value=\"", family);

	if (!rc)
		rc = metric_append_label(text, slice_str(v->text));
	return rc ? rc : buf_printf(text, "\"} 1\n");
}

static int put_sample(const struct metric_value *v, const char *family, size_t i, struct buf *text)
{
	const struct metric *row = v->row;

	if (row->kind == METRIC_TEXT)
		return put_info(v, family, text);
	int rc = buf_printf(text, "%s%s", family, row->ending ? row->ending : "");

	if (!rc)
		rc = put_labels(row, i, text);
	if (rc)
		return rc;
	if (row->unit == METRIC_FACTOR)
		return buf_printf(text, " %.6g\n", v->factor);
	if (row->unit == METRIC_NS)
		return buf_printf(text, " %" PRIu64 ".%09" PRIu64 "\n", v->number / 1000000000,
				  v->number % 1000000000);
	return buf_printf(text, " %" PRIu64 "\n", v->number);
}

/* Rows that follow each other and have one family are under one heading. */
int metric_render_prom(const struct metric_set *set, const char *prefix, struct buf *text)
{
	char before[METRIC_NAME_MAX] = "";
	char family[METRIC_NAME_MAX];
	int rc = 0;

	for (size_t r = 0; r < set->count && !rc; r++) {
		const struct metric *row = &set->rows[r];
		size_t things = row->axis ? row->axis->count : 1;

		if (row->family && !row->family[0])
			continue;
		fill_family(row, prefix, family);
		for (size_t i = 0; i < things && !rc; i++) {
			struct metric_value value;

			if (!fill_value(row, set->snapshot, i, &value))
				continue;
			if (strcmp(before, family) != 0)
				rc = put_heading(row, family, text);
			(void)snprintf(before, sizeof(before), "%s", family);
			if (!rc)
				rc = put_sample(&value, family, i, text);
		}
	}
	return rc;
}
