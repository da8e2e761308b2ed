/*
 * What an open table keeps in memory: everything in the file behind the data and value blocks.
 *
 * Thread rule: does not change once made.
 */
#pragma once

#include "lsm/sst/block_source.h"
#include "lsm/sst/bloom.h"
#include "lsm/sst/footer.h"
#include "lsm/sst/properties.h"
#include "lsm/sst/table_index.h"

struct table_meta {
	struct footer footer;
	struct table_index index;
	struct bloom bloom;
	struct properties properties;
};

/* Read and check it. Errors as table_open's. */
must_check int table_meta_load(const struct block_source *source, uint64_t file_size,
			       struct table_meta *ret_meta);
void table_meta_done(struct table_meta *meta);

/* Whether both were read from the same bytes. */
bool table_meta_equal(const struct table_meta *a, const struct table_meta *b);

/* Where data and value blocks end. */
static inline uint64_t table_meta_blocks_end(const struct table_meta *meta)
{
	return meta->footer.filter.offset;
}
