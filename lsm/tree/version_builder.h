/*
 * Makes a version out of another and edits. Used with one edit for each change at run time, and
 * with all edits of a manifest at open; so it trusts none of them.
 *
 * Zero-initialise (an empty tree) or version_builder_init; end with version_builder_done. Thread
 * rule: one thread at a time.
 */
#pragma once

#include "lsm/tree/version_edit.h"

struct builder_file {
	int level;
	uint64_t run;
	struct table_file *file; /* a reference */
};

struct version_builder {
	struct builder_file *files; /* owned; by number: new ones almost always go to the end */
	size_t count, cap;
};

void version_builder_done(struct version_builder *b);

/* Begin with base's tables. -ENOMEM. */
must_check int version_builder_init(struct version_builder *b, const struct version *base);

/*
 * Removals first, then additions. A table that the edit moves (removes and adds under one number)
 * keeps its file object when the edit was given that object. -EUCLEAN: a table removed that is not
 * there, or added that is: *ret_reason, a constant. -ENOMEM. After an error only
 * version_builder_done.
 */
must_check int version_builder_apply(struct version_builder *b, const struct version_edit *e,
				     const char **ret_reason);

/*
 * The version, with one reference. -EUCLEAN with *ret_reason: tables of one run overlap.
 * -ENOMEM.
 */
must_check int version_builder_finish(const struct version_builder *b, struct version **ret_version,
				      const char **ret_reason);

#define cleanup_builder __attribute__((cleanup(version_builder_done)))
