/*
 * Writes one table file from records in order.
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/base/buf.h"
#include "lsm/env/env.h"
#include "lsm/mem/record.h"
#include "lsm/sst/table_options.h"
#include "lsm/sst/table_part.h"

struct table_builder;

/*
 * What the finished table holds; keys are owned by the builder and good until table_builder_free.
 */
struct table_summary {
	uint64_t file_size;
	uint64_t entries;
	uint64_t tombstones;
	uint64_t smallest_seqno;
	uint64_t largest_seqno;
	struct slice smallest_key;
	struct slice largest_key;
};

/*
 * Begin a table in `file` (empty, borrowed until free; `name` is for error sentences, copied). `id`
 * goes into every checksum.
 */
must_check int table_builder_new(struct env_file *file, const char *name, uint64_t id,
				 const struct table_options *options,
				 struct table_builder **ret_builder);

/*
 * Add the next record (rec->value is loaded). Asserts record order. After an error only free is
 * allowed.
 */
must_check int table_builder_add(struct table_builder *b, const struct record *rec);

/*
 * Add the records of a part that has ended, made with the same options; all its keys are after
 * those before. After an error only free is allowed.
 */
must_check int table_builder_add_part(struct table_builder *b, const struct table_part *part);

/* Bytes the file would have if finished now, about: what is written plus what is buffered. */
uint64_t table_builder_size(const struct table_builder *b);
uint64_t table_builder_entries(const struct table_builder *b);

/* Write the rest; the file is the caller's to sync. At least one record was added. */
must_check int table_builder_finish(struct table_builder *b, struct table_summary *ret_summary);

/* Free it, finished or not; the file is the caller's to close and, if unfinished, to remove. */
void table_builder_free(struct table_builder *b);
