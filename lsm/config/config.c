#include "lsm/config/config.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lsm/base/error.h"
#include "lsm/config/config_private.h"

static void load_defaults(struct config *c)
{
	for (size_t i = 0; i < c->table.count; i++) {
		const struct config_option *option = &c->table.options[i];
		int rc = config_value_parse(option, option->fallback, &c->values[i]);

		assert(rc == 0); /* else the program's own table is wrong */
		(void)rc;
		c->values[i].source = CONFIG_DEFAULT;
	}
}

int config_new(const struct config_option *table, size_t count, struct config **ret_config)
{
	struct config *c = malloc(sizeof(*c));

	if (!c)
		return -ENOMEM;
	*c = (struct config){.table = {.options = table, .count = count}};
	assert(count < INT_MAX && config_table_is_sound(&c->table));
	c->values = calloc(count, sizeof(*c->values));
	if (!c->values) {
		config_free(c);
		return -ENOMEM;
	}
	load_defaults(c);
	*ret_config = c;
	return 0;
}

void config_free(struct config *c)
{
	if (!c)
		return;
	free(c->values);
	free(c->file);
	free(c);
}

int config_join(const struct config_option *first, size_t first_count,
		const struct config_option *second, size_t second_count,
		struct config_option **ret_table)
{
	struct config_option *table = calloc(first_count + second_count, sizeof(*table));

	if (!table)
		return -ENOMEM;
	for (size_t i = 0; i < first_count; i++)
		table[i] = first[i];
	for (size_t i = 0; i < second_count; i++)
		table[first_count + i] = second[i];
	*ret_table = table;
	return 0;
}

void config_set_foreign(struct config *c, const char *const *sections)
{
	c->foreign_sections = sections;
}

bool config_is_foreign(const struct config *c, struct slice section)
{
	for (const char *const *at = c->foreign_sections; at && *at; at++) {
		if (slice_eq(slice_str(*at), section))
			return true;
	}
	return false;
}

static int unknown_option(const struct config *c, const char *section, const char *name)
{
	const struct config_option *near = config_table_nearest(&c->table, section, name);
	char shown_section[CONFIG_SHOWN_MAX], shown_name[CONFIG_SHOWN_MAX];
	char near_name[CONFIG_NAME_MAX + 1];

	config_value_show(section, shown_section);
	config_value_show(name, shown_name);
	config_option_name(near, near_name);
	return fail(-EINVAL, "unknown option %s%s%s; the nearest is %s", shown_section,
		    section[0] ? "." : "", shown_name, near_name);
}

int config_assign_at(const struct config *c, struct config_value *values, int index,
		     const char *text, enum config_source source)
{
	assert(index >= 0 && (size_t)index < c->table.count);
	struct config_value *value = &values[index];
	struct config_value parsed = *value;
	int rc = config_value_parse(&c->table.options[index], text, &parsed);

	if (!rc && source >= value->source) {
		*value = parsed;
		value->source = source;
	}
	return rc == -ERANGE ? -EINVAL : rc;
}

int config_assign(const struct config *c, struct config_value *values, const char *section,
		  const char *name, const char *text, enum config_source source)
{
	if (config_is_foreign(c, slice_str(section)))
		return 0;

	int index = config_table_find(&c->table, section, name);

	if (index < 0)
		return unknown_option(c, section, name);
	return config_assign_at(c, values, index, text, source);
}

struct config_value *config_copy_values(const struct config *c)
{
	struct config_value *values = calloc(c->table.count, sizeof(*values));

	if (values)
		memcpy(values, c->values, c->table.count * sizeof(*values));
	return values;
}

void config_adopt_values(struct config *c, struct config_value *values)
{
	free(c->values);
	c->values = values;
}

/* name is "section.key" or "key"; it is cut in two in place. */
static int set_named(struct config *c, char *name, const char *value)
{
	char *dot = strchr(name, '.');
	const char *section = dot ? name : "";
	const char *key = dot ? dot + 1 : name;

	if (dot)
		*dot = '\0';

	int index = config_table_find(&c->table, section, key);

	if (index < 0)
		return unknown_option(c, section, key);
	return config_assign_at(c, c->values, index, value, CONFIG_COMMAND_LINE);
}

static int no_value(const struct config *c, const char *text)
{
	const struct config_option *near = config_table_nearest_name(&c->table, text);
	char near_name[CONFIG_NAME_MAX + 1];
	char allowed[CONFIG_RANGE_TEXT_MAX];
	char shown[CONFIG_SHOWN_MAX];

	config_option_name(near, near_name);
	config_value_show(text, shown);
	config_value_describe(near, allowed);
	if (strcmp(near_name, text) == 0)
		return fail(-EINVAL, "%s needs a value, allowed: %s", near_name, allowed);
	return fail(-EINVAL, "%s: not of the form section.key=value; the nearest is %s", shown,
		    near_name);
}

int config_set(struct config *c, const char *assignment)
{
	const char *equals = strchr(assignment, '=');

	if (!equals)
		return no_value(c, assignment);
	char *name = strndup(assignment, (size_t)(equals - assignment));

	if (!name)
		return -ENOMEM;

	int rc = set_named(c, name, equals + 1);

	free(name);
	return rc;
}

/* Who changes a value while the program runs knows where it comes from. */
static int refuse(const struct config *c, int index, int code, const char *why)
{
	const struct config_value *value = &c->values[index];
	char origin[CONFIG_ORIGIN_MAX];
	char name[CONFIG_NAME_MAX + 1];
	char shown[CONFIG_SHOWN_MAX];

	config_show_origin(c, index, origin);
	config_option_name(&c->table.options[index], name);
	config_value_show(value->text, shown);
	if (value->source == CONFIG_LIVE)
		return fail(code, "%s=%s: %s", name, shown, why);
	return fail(code, "%s: %s=%s: %s", origin, name, shown, why);
}

int config_refuse_at(const struct config *c, int index, int code, const char *fmt, ...)
{
	char why[ERROR_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	return refuse(c, index, code, why);
}

int config_refuse(const struct config *c, const char *section, const char *name, int code,
		  const char *fmt, ...)
{
	int index = config_table_find(&c->table, section, name);
	char why[ERROR_TEXT_MAX];
	va_list args;

	assert(index >= 0);
	va_start(args, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	return refuse(c, index, code, why);
}

static const struct config_value *value_of(const struct config *c, const char *section,
					   const char *name, unsigned types)
{
	int index = config_table_find(&c->table, section, name);

	assert(index >= 0 && (types & 1u << c->table.options[index].type));
	return &c->values[index];
}

uint64_t config_number(const struct config *c, const char *section, const char *name)
{
	unsigned types = 1u << CONFIG_UINT | 1u << CONFIG_SIZE | 1u << CONFIG_OCTAL |
			 1u << CONFIG_CHOICE | 1u << CONFIG_BYTE | 1u << CONFIG_RATE;

	return value_of(c, section, name, types)->number;
}

bool config_bool(const struct config *c, const char *section, const char *name)
{
	return value_of(c, section, name, 1u << CONFIG_BOOL)->number != 0;
}

const char *config_text(const struct config *c, const char *section, const char *name)
{
	return value_of(c, section, name, 1u << CONFIG_TEXT)->text;
}

enum config_source config_source_of(const struct config *c, const char *section, const char *name)
{
	return value_of(c, section, name, UINT_MAX)->source;
}
