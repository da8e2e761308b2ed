/*
 * Keeps borrowed bytes in memory: a get hands out slices into a memtable or a cached block, and a
 * pin that holds that memory until it is released.
 */
#pragma once

#include <stddef.h>

struct pin {
	void (*release)(void *owner); /* NULL: holds nothing */
	void *owner;
};

static inline void pin_release(struct pin *p)
{
	if (p->release)
		p->release(p->owner);
	*p = (struct pin){0};
}
