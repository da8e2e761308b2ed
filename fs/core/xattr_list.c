#include "fs/core/xattr_list.h"

#include <errno.h>
#include <string.h>

#include "fs/core/meta_format.h"
#include "lsm/base/coding.h"
#include "lsm/base/error.h"

static int take(struct slice *rest, struct xattr *x)
{
	int err = sized_take(rest, &x->name);

	return err ? err : sized_take(rest, &x->value);
}

static bool name_makes_sense(struct slice name)
{
	return name.len > 0 && name.len <= META_XATTR_NAME_MAX && !memchr(name.ptr, 0, name.len);
}

int xattr_list_check(struct slice list)
{
	struct slice before = slice_of(NULL, 0);
	struct xattr x;

	while (list.len > 0) {
		if (take(&list, &x) < 0)
			return fail(-EUCLEAN, "an extended attribute is cut off");
		if (!name_makes_sense(x.name))
			return fail(-EUCLEAN, "the name of an extended attribute makes no sense");
		if (slice_cmp(before, x.name) >= 0)
			return fail(-EUCLEAN, "extended attributes are out of order");
		before = x.name;
	}
	return 0;
}

bool xattr_list_next(struct slice *rest, struct xattr *ret_xattr)
{
	return rest->len > 0 && take(rest, ret_xattr) == 0;
}

bool xattr_list_find(struct slice list, struct slice name, struct slice *ret_value)
{
	struct xattr x;

	while (xattr_list_next(&list, &x)) {
		if (!slice_eq(x.name, name))
			continue;
		*ret_value = x.value;
		return true;
	}
	return false;
}

static int append(struct buf *list, const struct xattr *x)
{
	int err = buf_append_sized(list, x->name);

	return err ? err : buf_append_sized(list, x->value);
}

/* Append those before the name, and leave in *rest those behind it. */
static int append_before(struct slice *rest, struct slice name, struct buf *ret_list)
{
	struct slice from_here = *rest;
	struct xattr x;
	int err = 0;

	while (!err && xattr_list_next(rest, &x)) {
		int order = slice_cmp(x.name, name);

		if (order == 0)
			return 0;
		if (order > 0)
			break;
		err = append(ret_list, &x);
		from_here = *rest;
	}
	*rest = from_here;
	return err;
}

int xattr_list_with(struct slice list, const struct xattr *xattr, struct buf *ret_list)
{
	int err = append_before(&list, xattr->name, ret_list);

	if (!err)
		err = append(ret_list, xattr);
	return err ? err : buf_append_slice(ret_list, list);
}

int xattr_list_without(struct slice list, struct slice name, struct buf *ret_list)
{
	int err = append_before(&list, name, ret_list);

	return err ? err : buf_append_slice(ret_list, list);
}
