/*
 * Finding options in a table by the names people write.
 *
 * Thread rule: pure functions.
 */
#pragma once

#include "lsm/config/config.h"

enum {
	CONFIG_NAME_MAX = 63, /* bytes of "section.name", without the terminator */
};

struct config_table {
	const struct config_option *options; /* borrowed */
	size_t count;
};

/* The index of section.name, -1 when there is none. */
int config_table_find(const struct config_table *table, const char *section, const char *name);

/* The index of the option that the environment calls `name` (without the APEXFS_ prefix), or -1. */
int config_table_find_environment(const struct config_table *table, struct slice name);

/* "section.name", or "name" where there is no section. */
void config_option_name(const struct config_option *option, char text[CONFIG_NAME_MAX + 1]);

bool config_table_has_section(const struct config_table *table, struct slice section);

/*
 * The option whose name is the fewest insertions, deletions and replacements away from section.name
 * (the first of equals). With an empty section only the part after the dot counts.
 */
const struct config_option *config_table_nearest(const struct config_table *table,
						 const char *section, const char *name);

/* As config_table_nearest for "section.name" in one. */
const struct config_option *config_table_nearest_name(const struct config_table *table,
						      const char *name);

/*
 * Begin with *distance SIZE_MAX and offer known names (of at most CONFIG_NAME_MAX bytes, borrowed;
 * "" counts for none): *nearest is the first of those that are the fewest edits away from `wanted`.
 */
void config_nearer(const char *known, const char *wanted, const char **nearest, size_t *distance);

/* Whether every name is short enough and unique, in files as well as in the environment, and those
 * without a section come first. */
bool config_table_is_sound(const struct config_table *table);
