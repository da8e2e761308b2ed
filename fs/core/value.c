#include "fs/core/value.h"

#include <errno.h>
#include <stdlib.h>

#include "lsm/base/compiler.h"

int value_splice(struct slice old, uint64_t offset, struct slice bytes, uint8_t **ret_owner,
		 struct slice *ret_value)
{
	size_t start = (size_t)offset;
	size_t end = start + bytes.len;
	size_t len = max_of(end, old.len);
	uint8_t *value = malloc(max_of(len, (size_t)1));

	if (!value)
		return -ENOMEM;

	size_t head = min_of(start, old.len);

	if (head > 0)
		memcpy(value, old.ptr, head);
	if (start > head)
		memset(value + head, 0, start - head);
	if (bytes.len > 0)
		memcpy(value + start, bytes.ptr, bytes.len);
	if (old.len > end)
		memcpy(value + end, old.ptr + end, old.len - end);
	*ret_owner = value;
	*ret_value = slice_of(value, len);
	return 0;
}

int value_resize(struct slice old, uint64_t size, uint8_t **ret_owner, struct slice *ret_value)
{
	if (size <= old.len) {
		*ret_value = slice_of(old.ptr, (size_t)size);
		return 0;
	}
	return value_splice(old, size, slice_of(NULL, 0), ret_owner, ret_value);
}
