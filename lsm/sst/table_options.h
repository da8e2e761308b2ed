/*
 * How tables are built. The reader needs none of it: a table describes itself.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lsm/sst/sst_format.h"

struct table_options {
	size_t block_size;         /* bytes of a data block before compression, about */
	unsigned index_interval;   /* records of a data block, at most; 0: as many as fit */
	unsigned restart_interval; /* entries between restart points, >= 1 */
	enum sst_codec codec;
	unsigned min_saving_pct;     /* a block that saves less is stored as it is */
	unsigned bloom_bits_per_key; /* 0: no filter */
	int filter_separator;        /* a byte value, or -1 */
	size_t value_inline_max;     /* longer values go to blocks of their own */
};
