/*
 * Lists of extended attributes as they stand in a record's meta (meta_format.h has the bytes).
 *
 * Thread rule: plain functions.
 */
#pragma once

#include "lsm/base/buf.h"
#include "lsm/base/compiler.h"
#include "lsm/base/slice.h"

/* One of a list; borrowed from it. */
struct xattr {
	struct slice name; /* with the part before the first dot */
	struct slice value;
};

/* Check a list that nobody vouches for. -EUCLEAN with a sentence. */
must_check int xattr_list_check(struct slice list);

/* The functions below take lists that have been checked. */

/* Take the next one off the front; false: there is none. */
must_check bool xattr_list_next(struct slice *rest, struct xattr *ret_xattr);
must_check bool xattr_list_find(struct slice list, struct slice name, struct slice *ret_value);

/* Append the list with this one in the place of any of its name. -ENOMEM. */
must_check int xattr_list_with(struct slice list, const struct xattr *xattr, struct buf *ret_list);
/* Append the list without the one of that name. -ENOMEM. */
must_check int xattr_list_without(struct slice list, struct slice name, struct buf *ret_list);
