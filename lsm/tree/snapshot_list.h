/*
 * Named snapshots: a list of names, each with the seqno up to which its reader sees.
 *
 * Zero-initialise, end with snapshot_list_done. Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/base/compiler.h"
#include "lsm/base/slice.h"

enum {
	SNAPSHOT_NAME_MAX = 255, /* bytes; at least 1 */
	SNAPSHOT_NAMES_MAX = 1024,
};

struct named_snapshot {
	uint64_t seqno;
	uint64_t time_ns; /* when it was made, since 1970 */
	uint8_t name_len;
	uint8_t name[SNAPSHOT_NAME_MAX];
};

struct snapshot_list {
	struct named_snapshot *items; /* owned; ascending by name, none twice */
	size_t count, cap;
};

static inline struct slice named_snapshot_name(const struct named_snapshot *s)
{
	return slice_of(s->name, s->name_len);
}

static inline bool snapshot_name_is_valid(struct slice name)
{
	return name.len >= 1 && name.len <= SNAPSHOT_NAME_MAX;
}

/* One without a time; the name is valid. */
struct named_snapshot named_snapshot_of(struct slice name, uint64_t seqno);

void snapshot_list_done(struct snapshot_list *l);
/* Make room for `extra` more, so that adding them cannot fail. -ENOMEM. */
must_check int snapshot_list_reserve(struct snapshot_list *l, size_t extra);
/* NULL: it is not there. Good until the list changes. */
const struct named_snapshot *snapshot_list_find(const struct snapshot_list *l, struct slice name);
/* -EEXIST when the name is there, -ENOMEM. */
must_check int snapshot_list_insert(struct snapshot_list *l, const struct named_snapshot *s);
/* False: it was not there. The memory is kept. */
bool snapshot_list_remove(struct snapshot_list *l, struct slice name);
/* Remove those with a higher seqno. */
void snapshot_list_drop_above(struct snapshot_list *l, uint64_t seqno);
/* Append all of `from` to an empty list. -ENOMEM. */
must_check int snapshot_list_copy(struct snapshot_list *l, const struct snapshot_list *from);
bool snapshot_list_equal(const struct snapshot_list *a, const struct snapshot_list *b);
/* 0: there is none. */
uint64_t snapshot_list_newest_seqno(const struct snapshot_list *l);

#define cleanup_snapshot_list __attribute__((cleanup(snapshot_list_done)))
