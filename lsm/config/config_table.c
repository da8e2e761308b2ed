#include "lsm/config/config_table.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

int config_table_find(const struct config_table *table, const char *section, const char *name)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct config_option *o = &table->options[i];

		if (strcmp(o->section, section) == 0 && strcmp(o->name, name) == 0)
			return (int)i;
	}
	return -1;
}

void config_option_name(const struct config_option *o, char text[CONFIG_NAME_MAX + 1])
{
	int len = snprintf(text, CONFIG_NAME_MAX + 1, "%s%s%s", o->section,
			   o->section[0] ? "." : "", o->name);

	assert(len > 0 && len <= CONFIG_NAME_MAX);
	(void)len;
}

/* "SECTION_NAME"; the length. */
static size_t environment_name(const struct config_option *o, char text[CONFIG_NAME_MAX + 1])
{
	int len = snprintf(text, CONFIG_NAME_MAX + 1, "%s%s%s", o->section,
			   o->section[0] ? "_" : "", o->name);

	assert(len > 0 && len <= CONFIG_NAME_MAX);
	for (int i = 0; i < len; i++)
		text[i] = (char)toupper((unsigned char)text[i]);
	return (size_t)len;
}

int config_table_find_environment(const struct config_table *table, struct slice name)
{
	for (size_t i = 0; i < table->count; i++) {
		char text[CONFIG_NAME_MAX + 1];
		size_t len = environment_name(&table->options[i], text);

		if (slice_eq(slice_of(text, len), name))
			return (int)i;
	}
	return -1;
}

bool config_table_has_section(const struct config_table *table, struct slice section)
{
	for (size_t i = 0; i < table->count; i++) {
		if (slice_eq(slice_str(table->options[i].section), section))
			return true;
	}
	return false;
}

/*
 * The edit distance (Levenshtein 1966) by the usual dynamic program (Wagner and Fischer 1974), one
 * row kept: row[j] is the distance between what of a was seen and the first j bytes of b.
 */
static size_t edit_distance(const char *a, const char *b)
{
	size_t row[CONFIG_NAME_MAX + 1];
	size_t b_len = strlen(b);

	assert(b_len <= CONFIG_NAME_MAX);
	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < b_len; j++) {
			size_t replaced = diagonal + (a[i] != b[j]);
			size_t skipped = min_of(row[j], row[j + 1]) + 1;

			diagonal = row[j + 1];
			row[j + 1] = min_of(replaced, skipped);
		}
	}
	return row[b_len];
}

void config_nearer(const char *known, const char *wanted, const char **nearest, size_t *distance)
{
	size_t d = edit_distance(wanted, known);

	if (!known[0] || d >= *distance)
		return;
	*nearest = known;
	*distance = d;
}

/* `bare`: the names alone count, not the sections. */
static const struct config_option *nearest(const struct config_table *table, const char *wanted,
					   bool bare)
{
	const struct config_option *found = &table->options[0];
	size_t found_distance = SIZE_MAX;

	for (size_t i = 0; i < table->count; i++) {
		const struct config_option *o = &table->options[i];
		char known[CONFIG_NAME_MAX + 1];

		if (bare)
			snprintf(known, sizeof(known), "%s", o->name);
		else
			config_option_name(o, known);

		size_t distance = edit_distance(wanted, known);

		if (distance < found_distance) {
			found = o;
			found_distance = distance;
		}
	}
	return found;
}

const struct config_option *config_table_nearest(const struct config_table *table,
						 const char *section, const char *name)
{
	char wanted[2 * CONFIG_NAME_MAX]; /* cut: what is that long is near to nothing */

	snprintf(wanted, sizeof(wanted), "%s%s%s", section, section[0] ? "." : "", name);
	return nearest(table, wanted, !section[0]);
}

const struct config_option *config_table_nearest_name(const struct config_table *table,
						      const char *name)
{
	char wanted[2 * CONFIG_NAME_MAX];

	snprintf(wanted, sizeof(wanted), "%s", name);
	return nearest(table, wanted, !strchr(wanted, '.'));
}

bool config_table_is_sound(const struct config_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct config_option *o = &table->options[i];
		char text[CONFIG_NAME_MAX + 1];

		/* an INI file has no way back to options without a section */
		if (!o->section[0] && i > 0 && table->options[i - 1].section[0])
			return false;
		if (!o->name[0] || strlen(o->section) + 1 + strlen(o->name) > CONFIG_NAME_MAX)
			return false;
		/* The search answers the first; a second of the same name finds another's index.
		 * Unique names of the environment make unique names in files. */
		environment_name(o, text);
		if (config_table_find_environment(table, slice_str(text)) != (int)i)
			return false;
	}
	return table->count > 0;
}
