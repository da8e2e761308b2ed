/*
 * Names of a folder as bytes: of each entry its type (fixed32), its length as a varint, its name.
 */
#include "fs/virt/virt.h"
#include "lsm/base/coding.h"

int virt_list_add(struct buf *names, struct slice name, mode_t type)
{
	size_t before = names->len;
	int rc = buf_append_fixed32(names, (uint32_t)type);

	if (!rc)
		rc = buf_append_sized(names, name);
	if (rc)
		names->len = before;
	return rc;
}

bool virt_list_next(struct slice *rest, struct virt_name *ret_name)
{
	struct slice left = *rest;
	struct slice name;
	uint32_t type;

	if (fixed32_take(&left, &type) || sized_take(&left, &name))
		return false;
	*ret_name = (struct virt_name){.name = name, .type = (mode_t)type};
	*rest = left;
	return true;
}
