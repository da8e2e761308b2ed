/*
 * The memory that the store asks for, caught by the linker option --wrap: counted, and refused when
 * a plan says so. What the C library and LZ4 take for themselves is out of reach (LZ4 works on its
 * caller's stack; a stream of readdir is refused as a whole, in fdopendir).
 *
 * Under the address sanitizer the calls go on to its own allocator, so both see each other's work.
 *
 * Thread rule: allocations_begin and allocations_end while no other thread is at work; the rest any
 * thread.
 */
#pragma once

#include <stdint.h>

struct allocation_plan {
	uint64_t at;    /* the first to be refused, counted from 0 at allocations_begin */
	uint64_t count; /* how many */
};

/* Count from now on, and refuse as planned (NULL: none). Copied. */
void allocations_begin(const struct allocation_plan *plan);
void allocations_end(void);
uint64_t allocations_count(void);
/* How many were refused. */
uint64_t allocations_struck(void);
/* Blocks given out since allocations_begin and not given back. */
int64_t allocations_left(void);
