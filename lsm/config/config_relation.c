#include "lsm/config/config_relation.h"

#include <assert.h>
#include <errno.h>

#include "lsm/config/config_private.h"

/* Whether a was said after b. */
static bool is_later(const struct config_value *a, const struct config_value *b)
{
	return a->source != b->source ? a->source > b->source : a->place > b->place;
}

/* `narrowed`: the option with the range that the other one leaves it. */
static int refuse(const struct config *c, int index, const struct config_option *narrowed,
		  int other)
{
	char origin[CONFIG_ORIGIN_MAX];
	char other_name[CONFIG_NAME_MAX + 1];
	char allowed[CONFIG_RANGE_TEXT_MAX];

	config_show_origin(c, other, origin);
	config_option_name(&c->table.options[other], other_name);
	config_value_describe(narrowed, allowed);
	return config_refuse_at(c, index, -ERANGE, "out of range, allowed: %s, as %s=%s (%s)",
				allowed, other_name, c->values[other].text, origin);
}

static int check(const struct config *c, const struct config_relation *relation)
{
	int index = config_table_find(&c->table, relation->section, relation->name);
	int base = config_table_find(&c->table, relation->base_section, relation->base_name);

	assert(index >= 0 && base >= 0);
	uint64_t number = c->values[index].number;
	uint64_t least = c->values[base].number + relation->more; /* ranges are far from 2^64 */

	if (number >= least)
		return 0;
	if (is_later(&c->values[base], &c->values[index])) {
		struct config_option narrowed = c->table.options[base];

		narrowed.maximum = number - min_of(number, relation->more);
		return refuse(c, base, &narrowed, index);
	}
	struct config_option narrowed = c->table.options[index];

	narrowed.minimum = least;
	return refuse(c, index, &narrowed, base);
}

int config_check_relations(const struct config *c, const struct config_relation *relations,
			   size_t count)
{
	int rc = 0;

	for (size_t i = 0; i < count && !rc; i++)
		rc = check(c, &relations[i]);
	return rc;
}
