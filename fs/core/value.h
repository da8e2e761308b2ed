/*
 * Whole values put together from parts.
 *
 * Thread rule: plain functions.
 */
#pragma once

#include "lsm/base/compiler.h"
#include "lsm/base/slice.h"

/*
 * `old` with bytes at offset, zeros where there was nothing before. *ret_owner is the memory of the
 * result (caller frees). -ENOMEM.
 */
must_check int value_splice(struct slice old, uint64_t offset, struct slice bytes,
			    uint8_t **ret_owner, struct slice *ret_value);

/* `old` cut or filled up with zeros to size; *ret_owner stays NULL when it was cut. -ENOMEM. */
must_check int value_resize(struct slice old, uint64_t size, uint8_t **ret_owner,
			    struct slice *ret_value);
