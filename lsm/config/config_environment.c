/*
 * Settings from the environment: APEXFS_SECTION_KEY=value.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/config/config_private.h"

static const char prefix[] = "APEXFS_";

/* Whether name is SECTION_... with one of the foreign sections. */
static bool names_foreign_section(const struct config *c, struct slice name)
{
	char lower[CONFIG_NAME_MAX + 1];
	size_t len = min_of(name.len, (size_t)CONFIG_NAME_MAX);

	for (size_t i = 0; i < len; i++)
		lower[i] = (char)tolower(name.ptr[i]);
	/* A section's name may have an underscore in it, so each one may be its end. */
	for (size_t i = 0; i < len; i++) {
		if (lower[i] == '_' && config_is_foreign(c, slice_of(lower, i)))
			return true;
	}
	return false;
}

static int unknown_variable(const struct config *c, struct slice name)
{
	char lower[2 * CONFIG_NAME_MAX];
	char shown[CONFIG_SHOWN_MAX];
	char near_name[CONFIG_NAME_MAX + 1];
	size_t len = min_of(name.len, sizeof(lower) - 1);

	for (size_t i = 0; i < len; i++)
		lower[i] = (char)tolower(name.ptr[i]);
	lower[len] = '\0';

	/* The first underscore stands for the dot: good enough to tell what is near. */
	char *gap = strchr(lower, '_');
	const struct config_option *near;

	if (gap) {
		*gap = '\0';
		near = config_table_nearest(&c->table, lower, gap + 1);
		*gap = '_';
	} else {
		near = config_table_nearest(&c->table, "", lower);
	}
	for (size_t i = 0; i < len; i++)
		lower[i] = (char)toupper((unsigned char)lower[i]);
	config_value_show(lower, shown);
	config_option_name(near, near_name);
	return fail(-EINVAL, "environment: unknown option %s%s; the nearest is %s", prefix, shown,
		    near_name);
}

static int take_variable(const struct config *c, struct config_value *values, const char *variable)
{
	const char *equals = strchr(variable, '=');

	if (strncmp(variable, prefix, strlen(prefix)) != 0 || !equals)
		return 0;

	const char *start = variable + strlen(prefix);
	struct slice name = slice_of(start, (size_t)(equals - start));
	int index = config_table_find_environment(&c->table, name);

	if (index < 0)
		return names_foreign_section(c, name) ? 0 : unknown_variable(c, name);

	int rc = config_assign_at(c, values, index, equals + 1, CONFIG_ENVIRONMENT);

	if (rc == -EINVAL)
		return fail(rc, "environment: %s", fail_text());
	return rc;
}

int config_load_environment(struct config *c, char *const *environment)
{
	cleanup_free struct config_value *values = config_copy_values(c);

	if (!values)
		return -ENOMEM;
	for (char *const *at = environment; *at; at++) {
		int rc = take_variable(c, values, *at);

		if (rc)
			return rc;
	}
	config_adopt_values(c, move_ptr(&values));
	return 0;
}
