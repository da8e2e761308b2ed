#include "lsm/config/config_relation.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include "lsm/base/error.h"
#include "lsm/config/config_private.h"

/* Whether a was said after b. */
static bool is_later(const struct config_value *a, const struct config_value *b)
{
	return a->source != b->source ? a->source > b->source : a->place > b->place;
}

/* A relation's two options, as indexes of the table. */
struct ends {
	int option, base;
};

static struct ends ends_of(const struct config *c, const struct config_relation *relation)
{
	struct ends ends = {
		.option = config_table_find(&c->table, relation->section, relation->name),
		.base = config_table_find(&c->table, relation->base_section, relation->base_name),
	};

	assert(ends.option >= 0 && ends.base >= 0);
	return ends;
}

/*
 * Narrow the range of the option `index` to what the relation leaves of it. -1: the relation is of
 * others, or takes nothing, or all; else the other option.
 */
static int narrow(const struct config *c, const struct config_relation *relation, int index,
		  struct config_option *narrowed)
{
	struct ends ends = ends_of(c, relation);
	uint64_t least = c->values[ends.base].number + relation->more; /* far from 2^64 */
	uint64_t number = c->values[ends.option].number;
	uint64_t most = number - min_of(number, relation->more);

	if (index == ends.option && least > narrowed->minimum && least <= narrowed->maximum) {
		narrowed->minimum = least;
		return ends.base;
	}
	if (index == ends.base && most < narrowed->maximum && most >= narrowed->minimum) {
		narrowed->maximum = most;
		return ends.option;
	}
	return -1;
}

/* The reasons stand in the order of the relations. */
static int refuse(const struct config *c, const struct config_relation *relations, size_t count,
		  int index)
{
	struct config_option narrowed = c->table.options[index];
	char reasons[ERROR_TEXT_MAX] = "";
	char allowed[CONFIG_RANGE_TEXT_MAX];
	size_t len = 0;

	for (size_t i = 0; i < count && len < sizeof(reasons); i++) {
		int other = narrow(c, &relations[i], index, &narrowed);
		char origin[CONFIG_ORIGIN_MAX];
		char name[CONFIG_NAME_MAX + 1];

		if (other < 0)
			continue;
		config_show_origin(c, other, origin);
		config_option_name(&c->table.options[other], name);
		len += (size_t)snprintf(reasons + len, sizeof(reasons) - len, "%s%s=%s (%s)",
					len ? " and " : "", name, c->values[other].text, origin);
	}
	config_value_describe(&narrowed, allowed);
	return config_refuse_at(c, index, -ERANGE, "out of range, allowed: %s, as %s", allowed,
				reasons);
}

int config_check_relations(const struct config *c, const struct config_relation *relations,
			   size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct ends ends = ends_of(c, &relations[i]);
		const struct config_value *value = &c->values[ends.option];
		const struct config_value *base = &c->values[ends.base];

		if (value->number < base->number + relations[i].more)
			return refuse(c, relations, count,
				      is_later(base, value) ? ends.base : ends.option);
	}
	return 0;
}
