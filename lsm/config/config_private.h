/*
 * What the loaders of settings share.
 */
#pragma once

#include "lsm/config/config_table.h"
#include "lsm/config/config_value.h"

struct config {
	struct config_table table;
	struct config_value *values;         /* owned; one per option, in the table's order */
	const char *const *foreign_sections; /* borrowed, NULL-terminated; NULL: none */
	char *file;                          /* owned: the path of the last file read; NULL: none */
};

/*
 * Set section.name in `values` (an array like that of c), unless a source with more to say has done
 * so. A name of a foreign section changes nothing and answers 0. -EINVAL with a sentence that
 * begins with the option's name.
 */
must_check int config_assign(const struct config *c, struct config_value *values,
			     const char *section, const char *name, const char *text,
			     enum config_source source);

/* As config_assign, by an index of the table; -EINVAL also for what is out of range. */
must_check int config_assign_at(const struct config *c, struct config_value *values, int index,
				const char *text, enum config_source source);

bool config_is_foreign(const struct config *c, struct slice section);

/* A copy of all values, for a source that is taken whole or not at all. NULL: out of memory. */
struct config_value *config_copy_values(const struct config *c);
/* Make `values` (from config_copy_values) the values of c. */
void config_adopt_values(struct config *c, struct config_value *values);

/* Where a value of c comes from, for people: "default", "FILE:LINE" and so on. -ENOMEM. */
must_check int config_render_origin(const struct config *c, const struct config_value *value,
				    struct buf *text);

enum {
	CONFIG_ORIGIN_MAX = 65, /* bytes, with the terminator */
};

/* The same as a sentence can repeat it: of a long one the end. */
void config_show_origin(const struct config *c, int index, char text[CONFIG_ORIGIN_MAX]);

/* As config_refuse, by an index of the table. */
int config_refuse_at(const struct config *c, int index, int code, const char *fmt, ...)
	printf_like(4, 5);
