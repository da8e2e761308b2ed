/*
 * Names for the compiler attributes and macros the whole tree uses.
 */
#pragma once

#include <stddef.h>

/* The result of this function must be looked at. */
#define must_check __attribute__((warn_unused_result))

/* fmt is parameter number f, its arguments begin at number a (printf rules). */
#define printf_like(f, a) __attribute__((format(printf, f, a)))

/* Drop the result of a must_check function on purpose; the comment beside it says why. */
static inline void ignore_result(int result)
{
	(void)result;
}

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define array_size(a) (sizeof(a) / sizeof((a)[0]))

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#define min_of(a, b)                                                                               \
	({                                                                                         \
		__typeof__(a) min_a_ = (a);                                                        \
		__typeof__(a) min_b_ = (b);                                                        \
		min_a_ < min_b_ ? min_a_ : min_b_;                                                 \
	})
#define max_of(a, b)                                                                               \
	({                                                                                         \
		__typeof__(a) max_a_ = (a);                                                        \
		__typeof__(a) max_b_ = (b);                                                        \
		max_a_ > max_b_ ? max_a_ : max_b_;                                                 \
	})
