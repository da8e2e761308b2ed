#include "lsm/sst/table_builder.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "lsm/base/error.h"
#include "lsm/sst/block_builder.h"
#include "lsm/sst/block_writer.h"
#include "lsm/sst/bloom.h"
#include "lsm/sst/footer.h"
#include "lsm/sst/properties.h"

struct table_builder {
	struct table_options options;
	char name[ENV_NAME_MAX + 1];
	struct env_file *file; /* borrowed */
	struct block_writer writer;
	struct block_builder block; /* its last key and seqno are the last record's */
	struct block_builder index;
	uint64_t index_key_bytes; /* separators, not shortened */
	struct bloom_builder bloom;
	struct properties properties;
	struct buf raw; /* filter and properties on their way out; a separator */
};

enum {
	INDEX_RESTART_INTERVAL = 16,
};

int table_builder_new(struct env_file *file, const char *name, uint64_t id,
		      const struct table_options *options, struct table_builder **ret_builder)
{
	struct table_builder *b = calloc(1, sizeof(*b));

	assert(strlen(name) <= ENV_NAME_MAX);
	assert(options->block_size <= SST_BLOCK_MAX / 2);
	assert(options->filter_separator >= -1 && options->filter_separator <= UINT8_MAX);
	if (!b)
		return -ENOMEM;
	b->options = *options;
	memcpy(b->name, name, strlen(name) + 1);
	b->file = file;
	b->writer = (struct block_writer){.file = file, .name = b->name, .table_id = id};
	block_builder_init(&b->block, options->restart_interval);
	block_builder_init(&b->index, INDEX_RESTART_INTERVAL);
	b->bloom.bits_per_key = options->bloom_bits_per_key;
	b->bloom.separator = options->filter_separator;
	if (options->bloom_bits_per_key && options->filter_separator >= 0)
		b->properties.numbers[SST_FILTER_SEPARATOR] =
			(uint64_t)options->filter_separator + 1;
	*ret_builder = b;
	return 0;
}

void table_builder_free(struct table_builder *b)
{
	if (!b)
		return;
	block_writer_done(&b->writer);
	block_builder_done(&b->block);
	block_builder_done(&b->index);
	bloom_builder_done(&b->bloom);
	properties_done(&b->properties);
	buf_done(&b->raw);
	free(b);
}

uint64_t table_builder_entries(const struct table_builder *b)
{
	return b->properties.numbers[SST_ENTRIES];
}

uint64_t table_builder_size(const struct table_builder *b)
{
	return b->writer.offset + block_builder_size(&b->block) + block_builder_size(&b->index) +
	       bloom_builder_size(&b->bloom) + SST_FOOTER_SIZE;
}

static int put_block(struct table_builder *b, struct slice raw, enum sst_codec codec,
		     struct block_handle *ret_handle)
{
	return block_writer_put(&b->writer, raw, codec, b->options.min_saving_pct, ret_handle);
}

/*
 * A short key that is not less than last and less than next, where last < next: next's first byte
 * that differs decides, or last's made one greater.
 */
static int shorten_separator(struct slice last, struct slice next, struct buf *out)
{
	size_t common = slice_common(last, next);

	if (common < last.len && next.len > common + 1)
		return buf_set(out, slice_of(next.ptr, common + 1));
	if (last.len > common + 1 && last.ptr[common] + 1 < next.ptr[common]) {
		int rc = buf_set(out, slice_of(last.ptr, common + 1));

		if (!rc)
			out->ptr[common]++;
		return rc;
	}
	return buf_set(out, last);
}

/* next: the key of the first record after the block; NULL: there is none. */
static int add_separator(struct table_builder *b, const struct slice *next,
			 struct block_handle handle)
{
	struct slice last = buf_slice(&b->block.last_key);
	bool goes_on = next && slice_eq(last, *next);
	uint8_t value[BLOCK_HANDLE_MAX_BYTES];
	size_t value_len = (size_t)(block_handle_put(value, handle) - value);
	int rc =
		next && !goes_on ? shorten_separator(last, *next, &b->raw) : buf_set(&b->raw, last);

	if (rc)
		return rc;
	b->index_key_bytes += b->raw.len;
	if (b->index_key_bytes > SST_INDEX_KEYS_MAX)
		return fail(-EFBIG, "%s: too many blocks for one table", b->name);

	struct record entry = {
		.key = buf_slice(&b->raw),
		.seqno = goes_on ? b->block.last_seqno : 0,
		.kind = RECORD_PUT,
		.value_len = value_len,
		.value = slice_of(value, value_len),
	};

	return block_builder_add(&b->index, &entry, NULL);
}

static int end_block(struct table_builder *b, const struct slice *next)
{
	struct block_handle handle;
	struct slice raw;
	int rc = block_builder_finish(&b->block, &raw);

	if (!rc)
		rc = put_block(b, raw, b->options.codec, &handle);
	if (!rc)
		rc = add_separator(b, next, handle);
	if (rc)
		return rc;
	b->properties.numbers[SST_DATA_BLOCKS]++;
	block_builder_clear(&b->block);
	return 0;
}

/* A key not seen before: the filter and the smallest key hear of it. */
static int note_key(struct table_builder *b, struct slice key)
{
	struct slice last = buf_slice(&b->block.last_key);

	if (table_builder_entries(b) == 0) {
		int rc = buf_set(&b->properties.smallest_key, key);

		return rc ? rc : bloom_builder_add(&b->bloom, key, 0);
	}
	if (slice_eq(last, key))
		return 0;
	return bloom_builder_add(&b->bloom, key, slice_common(last, key));
}

static bool goes_outside(const struct table_builder *b, const struct record *rec)
{
	return rec->value_len > b->options.value_inline_max;
}

static void assert_follows(const struct table_builder *b, const struct record *rec)
{
	assert(rec->key.len > 0 && rec->key.len <= RECORD_KEY_MAX);
	assert(rec->meta.len <= RECORD_META_MAX && rec->seqno <= RECORD_SEQNO_MAX);
	assert(rec->value.len == rec->value_len && rec->value_len <= RECORD_VALUE_MAX);
	assert(table_builder_entries(b) == 0 ||
	       record_cmp(buf_slice(&b->block.last_key), b->block.last_seqno, rec->key,
			  rec->seqno) < 0);
}

/* Whether the open block has to end before a record that takes `cost` bytes in it. */
static bool is_full_for(const struct table_builder *b, size_t cost)
{
	const struct table_options *o = &b->options;

	if (b->block.entries == 0)
		return false;
	return block_builder_size(&b->block) + cost > o->block_size ||
	       (o->index_interval > 0 && b->block.entries >= o->index_interval);
}

int table_builder_add(struct table_builder *b, const struct record *rec)
{
	bool outside = goes_outside(b, rec);
	struct block_handle handle;
	int rc = 0;

	assert_follows(b, rec);
	if (is_full_for(b, block_builder_cost(rec, !outside)))
		rc = end_block(b, &rec->key);
	if (!rc)
		rc = note_key(b, rec->key);
	if (!rc && outside) {
		rc = put_block(b, rec->value, b->options.codec, &handle);
		b->properties.numbers[SST_VALUE_BLOCKS]++;
	}
	if (!rc)
		rc = block_builder_add(&b->block, rec, outside ? &handle : NULL);
	if (!rc)
		properties_count(&b->properties, rec);
	return rc;
}

/* A filter's bits are random: not worth an attempt to shrink them. */
static int write_filter(struct table_builder *b, struct block_handle *ret_handle)
{
	buf_clear(&b->raw);

	int rc = bloom_builder_finish(&b->bloom, &b->raw);

	return rc ? rc : put_block(b, buf_slice(&b->raw), SST_STORED, ret_handle);
}

static int write_properties(struct table_builder *b, struct block_handle *ret_handle)
{
	buf_clear(&b->raw);

	int rc = properties_encode(&b->properties, &b->raw);

	return rc ? rc : put_block(b, buf_slice(&b->raw), SST_STORED, ret_handle);
}

static int write_index(struct table_builder *b, struct block_handle *ret_handle)
{
	struct slice raw;
	int rc = block_builder_finish(&b->index, &raw);

	return rc ? rc : put_block(b, raw, b->options.codec, ret_handle);
}

static int write_tail(struct table_builder *b)
{
	struct footer footer = {.table_id = b->writer.table_id};
	uint8_t bytes[SST_FOOTER_SIZE];
	int rc = write_filter(b, &footer.filter);

	if (!rc)
		rc = write_properties(b, &footer.properties);
	if (!rc)
		rc = write_index(b, &footer.index);
	if (rc)
		return rc;
	footer_encode(&footer, bytes);
	return block_writer_put_raw(&b->writer, slice_of(bytes, sizeof(bytes)));
}

int table_builder_finish(struct table_builder *b, struct table_summary *ret_summary)
{
	const uint64_t *n = b->properties.numbers;

	assert(b->block.entries > 0);

	int rc = end_block(b, NULL);

	if (!rc)
		rc = buf_set(&b->properties.largest_key, buf_slice(&b->block.last_key));
	if (!rc)
		rc = write_tail(b);
	if (!rc)
		rc = block_writer_flush(&b->writer);
	if (!rc)
		rc = env_file_sync(b->file);
	if (rc)
		return rc;
	*ret_summary = (struct table_summary){
		.file_size = b->writer.offset,
		.entries = n[SST_ENTRIES],
		.tombstones = n[SST_TOMBSTONES],
		.smallest_seqno = n[SST_SMALLEST_SEQNO],
		.largest_seqno = n[SST_LARGEST_SEQNO],
		.smallest_key = buf_slice(&b->properties.smallest_key),
		.largest_key = buf_slice(&b->properties.largest_key),
	};
	return 0;
}
