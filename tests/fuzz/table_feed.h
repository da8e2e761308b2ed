/*
 * A table on a disk in memory, built of records that come out of an input.
 *
 *	table: flags (u8), restart interval (u8), records (record_feed.h)
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/env/env_mem.h"
#include "lsm/sst/table.h"
#include "lsm/sst/table_builder.h"
#include "tests/fuzz/record_feed.h"

enum {
	TABLE_NUMBER = 1,
	TABLE_ID = 77,
};

#define DISK_DIR "store"

struct disk {
	struct env *env;
	struct env_dir *dir;
	struct table_counters counters;
	struct table_env tables;
};

static inline void disk_open(struct disk *d)
{
	*d = (struct disk){.env = env_mem_new()};
	expect(d->env && env_open_dir(d->env, DISK_DIR, true, &d->dir) == 0);
	d->tables = (struct table_env){.dir = d->dir, .counters = &d->counters};
	expect(cache_new(1 << 20, 1, &d->tables.blocks) == 0);
}

static inline void disk_close(struct disk *d)
{
	cache_free(d->tables.blocks);
	env_dir_close(d->dir);
	env_free(d->env);
}

static inline struct table_options table_feed_options(struct feed *f)
{
	uint8_t flags = feed_byte(f);

	return (struct table_options){
		.block_size = 64U << flags % 4,
		.restart_interval = 1 + feed_byte(f) % 20,
		.codec = flags & 4 ? SST_LZ4 : SST_STORED,
		.bloom_bits_per_key = flags & 8 ? 10 : 0,
		.filter_separator = flags & 16 ? '/' : -1,
		.value_inline_max = flags & 32 ? 40 : 4096,
	};
}

/* True: the feed's records, to its end, are the table; false: there are none. The summary's keys
 * are left out. */
static inline bool table_feed_build(struct disk *d, struct feed *f,
				    const struct table_options *options,
				    struct table_summary *ret_summary)
{
	struct record_feed records = {.feed = f};
	struct table_builder *b;
	char name[ENV_NAME_MAX + 1];
	struct env_file *file;
	struct record rec;

	table_file_name(TABLE_NUMBER, name);
	expect(env_dir_open(d->dir, name, ENV_REPLACE, &file) == 0);
	expect(table_builder_new(file, name, TABLE_ID, options, &b) == 0);
	while (record_feed_next(&records, &rec))
		expect(table_builder_add(b, &rec) == 0);
	record_feed_done(&records);

	bool any = table_builder_entries(b) > 0;

	if (any)
		expect(table_builder_finish(b, ret_summary) == 0);
	table_builder_free(b);
	if (any) {
		ret_summary->smallest_key = (struct slice){0};
		ret_summary->largest_key = (struct slice){0};
	}
	env_file_close(file);
	return any;
}

/* ---- for seeds ---- */

enum {
	FLAGS_PLAIN = 0,
	FLAGS_FILTERED = 1 | 8 | 16,
	FLAGS_OUTSIDE = 32 | 8,
	FLAGS_PACKED = 3 | 4 | 8 | 16 | 32,
};

static inline void table_feed_seed(struct buf *out, uint8_t flags)
{
	feed_put_byte(out, flags);
	feed_put_byte(out, 3);
	record_feed_seed(out, 24);
}
