/*
 * The 64-bit hash of byte strings: XXH3 (xxHash 0.8, whose output is frozen, so it may stand in
 * files).
 */
#pragma once

#include "lsm/base/slice.h"

uint64_t hash64(struct slice s, uint64_t seed);
