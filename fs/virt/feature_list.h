/*
 * Feature flags: a name, on or off, a version that each change makes one higher, and a description;
 * how they stand in the store's note, and what people write to change one.
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lsm/base/buf.h"

enum {
	FEATURES_MAX = 128,
	FEATURE_NAME_MAX = 63, /* bytes */
	FEATURE_DESCRIPTION_MAX = 255,
};

/* More changes than there can be; who adds one to it does not wrap around. */
#define FEATURE_VERSION_MAX (UINT64_C(1) << 62)

struct feature {
	char name[FEATURE_NAME_MAX + 1];
	bool enabled;
	bool kept; /* it was changed, and so stands in the note */
	uint64_t version;
	char description[FEATURE_DESCRIPTION_MAX + 1];
};

struct feature_list {
	struct feature items[FEATURES_MAX];
	size_t count;
	uint64_t first_version; /* of one that is made now: no kept one that was removed had it, or
				   a higher one, so that no version of a name ever means two things
				 */
};

/* Letters, digits, '_', '-' and '.', the first no '.'. */
bool feature_name_is_valid(struct slice name);
/* NULL: there is none. */
struct feature *feature_find(struct feature_list *list, struct slice name);
/* The name is valid and not there. It is off and has first_version. NULL: there are FEATURES_MAX.
 */
struct feature *feature_add(struct feature_list *list, struct slice name);
/* It raises first_version if it was kept: then the note has to be written. */
void feature_remove(struct feature_list *list, struct feature *feature);

/*
 * The bytes of the note: "apexfeat", version 2 as a byte, varint first_version, then for each that
 * is kept: sized name, a byte 0 or 1, varint version, sized description. Version 1 has no
 * first_version: 0. Nothing stands for a list that has never been changed. A new field is a new
 * version.
 */
must_check int feature_list_encode(const struct feature_list *list, struct buf *ret_bytes);
/* Bytes that nobody vouches for, into an empty list. -EUCLEAN with a sentence. */
must_check int feature_list_decode(struct slice bytes, struct feature_list *ret_list);

/* Lines "version 3", "enabled on", "description ...". */
must_check int feature_render(const struct feature *feature, struct buf *text);

/* What a text asks for. */
struct feature_change {
	bool has_enabled, enabled;
	bool has_version;
	uint64_t version; /* that the writer has seen */
	bool has_description;
	struct slice description; /* lies in the text */
};

/*
 * Lines as feature_render makes them, in any order, or several of them on one line, description
 * last; a blank or '=' stands behind each name. On, off, true, false, 1 or 0 by itself is enabled.
 * An empty text asks for nothing. -EINVAL with a sentence.
 */
must_check int feature_change_parse(struct slice text, struct feature_change *ret_change);
/* -ESTALE with a sentence: it has another version than the change names. */
must_check int feature_check_version(const struct feature *feature,
				     const struct feature_change *change);
/* Change it, and count its version up. As feature_check_version. */
must_check int feature_apply(struct feature *feature, const struct feature_change *change);
