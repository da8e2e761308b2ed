/*
 * Cleanup attributes for locals with early returns.
 *
 *	cleanup_free char *name = NULL;
 *
 * To keep the object, hand it on with `move_ptr(&name)`.
 */
#pragma once

#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free_ptr(void *ptr)
{
	free(*(void **)ptr);
}

static inline void cleanup_close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* only read from, or already failed: nothing left to learn */
}

#define cleanup_free __attribute__((cleanup(cleanup_free_ptr)))
#define cleanup_fd   __attribute__((cleanup(cleanup_close_fd)))

/* Take the value out of a pointer variable and leave NULL there. */
#define move_ptr(p)                                                                                \
	({                                                                                         \
		__typeof__(*(p)) moved_ = *(p);                                                    \
		*(p) = NULL;                                                                       \
		moved_;                                                                            \
	})
