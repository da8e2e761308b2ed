/*
 * Options whose ranges depend on each other's values.
 *
 * Thread rule: as config.h.
 */
#pragma once

#include "lsm/config/config.h"

/* An option is at least what another one says, and so much more; both are UINT or SIZE without
 * choices. */
struct config_relation {
	const char *section, *name;
	const char *base_section, *base_name;
	uint64_t more;
};

/*
 * -ERANGE: two values do not go together. The sentence blames the one that was said last, by the
 * stronger source, further down in the file or by the later change, and names the other:
 * "FILE:3: compaction.l0_slowdown=3: out of range, allowed: 4 to 20 tables, as
 * compaction.l0_threshold=4 (default) and compaction.l0_stop=20 (default)".
 */
must_check int config_check_relations(const struct config *c,
				      const struct config_relation *relations, size_t count);
