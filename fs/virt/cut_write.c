#include "fs/virt/cut_write.h"

#include <errno.h>
#include <unistd.h>

#include "lsm/base/error.h"

bool cut_write_may_go_on(uint64_t offset, size_t len)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	return len > 0 && offset % page != 0 && (offset + len) % page == 0;
}

static bool is_first_part(const struct virt_write *write)
{
	struct slice bytes = write->bytes;

	return cut_write_may_go_on(write->offset, bytes.len) && bytes.ptr[bytes.len - 1] != '\n';
}

int cut_write_take(struct cut_write *c, const struct virt_write *write,
		   struct virt_write *ret_whole)
{
	bool waits = c->bytes.len > 0;

	if (c->refused || (waits && write->offset != c->offset + c->bytes.len))
		return fail(-EINVAL, "a write before this one was cut: open the file anew");
	*ret_whole = *write;
	if (!waits && !is_first_part(write))
		return 0;
	int rc = buf_append_slice(&c->bytes, write->bytes);

	if (rc)
		return rc;
	if (!waits)
		c->offset = write->offset;
	ret_whole->offset = c->offset;
	ret_whole->bytes = waits ? buf_slice(&c->bytes) : slice_of(c->bytes.ptr, 0);
	return 0;
}

void cut_write_end(struct cut_write *c, int rc)
{
	c->refused = rc && c->bytes.len > 0;
	buf_clear(&c->bytes);
}
