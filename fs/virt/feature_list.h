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

struct feature {
	char name[FEATURE_NAME_MAX + 1];
	bool enabled;
	uint64_t version; /* 0: as it came with the program */
	char description[FEATURE_DESCRIPTION_MAX + 1];
};

struct feature_list {
	struct feature items[FEATURES_MAX];
	size_t count;
};

/* Letters, digits, '_', '-' and '.', the first no '.'. */
bool feature_name_is_valid(struct slice name);
/* NULL: there is none. */
struct feature *feature_find(struct feature_list *list, struct slice name);
/* The name is valid and not there. NULL: there are FEATURES_MAX. */
struct feature *feature_add(struct feature_list *list, struct slice name);
void feature_remove(struct feature_list *list, struct feature *feature);

/*
 * The bytes of the note: "apexfeat", version 1 as a byte, then for each: sized name, a byte 0 or 1,
 * varint version, sized description. Nothing stands for an empty list. A new field is a new
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
