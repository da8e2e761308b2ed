/*
 * Growable arrays of plain items.
 */
#pragma once

#include <stdlib.h>

#include "lsm/base/compiler.h"

/*
 * Room for `need` items: the array, perhaps moved, with *cap updated. NULL: out of memory, and the
 * array is as before.
 */
must_check static inline void *array_grow(void *items, size_t *cap, size_t need, size_t item_bytes)
{
	size_t new_cap = *cap ? *cap : 8;
	size_t total_bytes;

	if (items && need <= *cap)
		return items;
	while (new_cap < need)
		new_cap *= 2;
	if (__builtin_mul_overflow(new_cap, item_bytes, &total_bytes))
		return NULL;
	void *grown = realloc(items, total_bytes);
	if (grown)
		*cap = new_cap;
	return grown;
}
