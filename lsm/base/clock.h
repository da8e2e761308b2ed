/*
 * The two clocks. Code that touches a store asks its env instead, so that tests can drive time.
 */
#pragma once

#include <stdint.h>

/* Nanoseconds since 1970, as the system has it; may jump. */
uint64_t clock_real_ns(void);

/* Nanoseconds since some moment in the past; never goes back. */
uint64_t clock_mono_ns(void);
