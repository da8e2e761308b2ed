#include "fs/core/stale.h"

#include "lsm/base/coding.h"

/* An item: the node's number, the offset, the length of the name (0: none), the name. */

static int add(struct fs_stale *stale, uint64_t node, uint64_t from, struct slice name)
{
	size_t before = stale->items.len;
	int err = buf_append_fixed64(&stale->items, node);

	if (!err)
		err = buf_append_varint(&stale->items, from);
	if (!err)
		err = buf_append_sized(&stale->items, name);
	if (err)
		stale->items.len = before;
	else
		stale->count++;
	return err;
}

int fs_stale_add_inode(struct fs_stale *stale, uint64_t node)
{
	return add(stale, node, 0, slice_of(NULL, 0));
}

int fs_stale_add_end(struct fs_stale *stale, uint64_t node, uint64_t from)
{
	return add(stale, node, from, slice_of(NULL, 0));
}

int fs_stale_add_name(struct fs_stale *stale, uint64_t folder, struct slice name)
{
	return add(stale, folder, 0, name);
}

/*
 * The kernel (fuse_reverse_inval_entry, until 6.18 at least) takes the folder's lock to look for a
 * name that it is to forget, also when it does not have it; lookups and listings hold that lock
 * until their answer is in place. "." is a name that it never has.
 */
int fs_stale_add_folder(struct fs_stale *stale, uint64_t folder)
{
	int err = fs_stale_add_name(stale, folder, slice_str("."));

	return err ? err : fs_stale_add_inode(stale, folder);
}

bool fs_stale_next(struct slice *rest, struct fs_stale_item *ret_item)
{
	struct slice left = *rest;
	struct fs_stale_item item;

	if (fixed64_take(&left, &item.node) || varint_take(&left, &item.from) ||
	    sized_take(&left, &item.name))
		return false;
	if (item.name.len == 0)
		item.name = slice_of(NULL, 0);
	*ret_item = item;
	*rest = left;
	return true;
}
