#include "lsm/base/slice.h"

bool slice_contains(struct slice s, struct slice text)
{
	return text.len == 0 ||
	       (s.len >= text.len && memmem(s.ptr, s.len, text.ptr, text.len) != NULL);
}
