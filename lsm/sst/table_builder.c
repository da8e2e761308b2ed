#include "lsm/sst/table_builder.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "lsm/base/error.h"
#include "lsm/sst/block_filler.h"
#include "lsm/sst/block_writer.h"
#include "lsm/sst/footer.h"

struct table_builder {
	struct table_options options;
	char name[ENV_NAME_MAX + 1];
	struct block_writer writer;
	struct block_filler filler;
	struct block_builder index;
	uint64_t index_key_bytes; /* separators, not shortened */
	struct buf raw;           /* filter and properties on their way out; a separator */
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
	b->writer = (struct block_writer){.file = file, .name = b->name, .table_id = id};
	block_filler_init(&b->filler, &b->options);
	block_builder_init(&b->index, INDEX_RESTART_INTERVAL);
	if (options->bloom_bits_per_key && options->filter_separator >= 0)
		b->filler.properties.numbers[SST_FILTER_SEPARATOR] =
			(uint64_t)options->filter_separator + 1;
	*ret_builder = b;
	return 0;
}

void table_builder_free(struct table_builder *b)
{
	if (!b)
		return;
	block_writer_done(&b->writer);
	block_filler_done(&b->filler);
	block_builder_done(&b->index);
	buf_done(&b->raw);
	free(b);
}

uint64_t table_builder_entries(const struct table_builder *b)
{
	return block_filler_entries(&b->filler);
}

uint64_t table_builder_size(const struct table_builder *b)
{
	return b->writer.offset + block_builder_size(&b->filler.block) +
	       block_builder_size(&b->index) + bloom_builder_size(&b->filler.bloom) +
	       SST_FOOTER_SIZE;
}

static int put_block(struct table_builder *b, struct slice raw, enum sst_codec codec,
		     struct block_handle *ret_handle)
{
	return block_writer_put(&b->writer, raw, codec, b->options.min_saving_pct, ret_handle);
}

static int add_separator(struct table_builder *b, struct slice key, uint64_t seqno,
			 struct block_handle handle)
{
	uint8_t value[BLOCK_HANDLE_MAX_BYTES];
	size_t value_len = (size_t)(block_handle_put(value, handle) - value);

	b->index_key_bytes += key.len;
	if (b->index_key_bytes > SST_INDEX_KEYS_MAX)
		return fail(-EFBIG, "%s: too many blocks for one table", b->name);

	struct record entry = {
		.key = key,
		.seqno = seqno,
		.kind = RECORD_PUT,
		.value_len = value_len,
		.value = slice_of(value, value_len),
	};

	return block_builder_add(&b->index, &entry, NULL);
}

/* next: the key of the first record after the block; NULL: there is none. */
static int end_block(struct table_builder *b, const struct slice *next)
{
	struct block_handle handle;
	struct slice raw;
	uint64_t seqno;
	int rc = block_builder_finish(&b->filler.block, &raw);

	if (!rc)
		rc = put_block(b, raw, b->options.codec, &handle);
	if (!rc)
		rc = block_filler_separator(&b->filler, next, &b->raw, &seqno);
	if (!rc)
		rc = add_separator(b, buf_slice(&b->raw), seqno, handle);
	if (rc)
		return rc;
	b->filler.properties.numbers[SST_DATA_BLOCKS]++;
	block_builder_clear(&b->filler.block);
	return 0;
}

int table_builder_add(struct table_builder *b, const struct record *rec)
{
	bool outside = block_filler_goes_outside(&b->filler, rec);
	struct block_handle handle;
	int rc = 0;

	if (block_filler_is_full_for(&b->filler, rec))
		rc = end_block(b, &rec->key);
	if (!rc && outside) {
		rc = put_block(b, rec->value, b->options.codec, &handle);
		b->filler.properties.numbers[SST_VALUE_BLOCKS]++;
	}
	return rc ? rc : block_filler_add(&b->filler, rec, outside ? &handle : NULL);
}

static int put_part_blocks(struct table_builder *b, const struct table_part *part)
{
	int rc = 0;

	for (size_t i = 0; i < part->block_count && !rc; i++) {
		struct block_handle handle;

		rc = block_writer_put_payload(&b->writer, table_part_payload(part, i), &handle);
		if (!rc)
			rc = add_separator(b, table_part_separator(part, i), 0, handle);
	}
	return rc;
}

int table_builder_add_part(struct table_builder *b, const struct table_part *part)
{
	struct slice first = buf_slice(&part->filler.properties.smallest_key);
	int rc = 0;

	assert(part->block_count > 0 && part->filler.block.entries == 0);
	assert(table_builder_entries(b) == 0 ||
	       slice_cmp(buf_slice(&b->filler.block.last_key), first) < 0);
	if (b->filler.block.entries > 0)
		rc = end_block(b, &first);
	if (!rc)
		rc = put_part_blocks(b, part);
	return rc ? rc : block_filler_join(&b->filler, &part->filler);
}

/* A filter's bits are random: not worth an attempt to shrink them. */
static int write_filter(struct table_builder *b, struct block_handle *ret_handle)
{
	buf_clear(&b->raw);

	int rc = bloom_builder_finish(&b->filler.bloom, &b->raw);

	return rc ? rc : put_block(b, buf_slice(&b->raw), SST_STORED, ret_handle);
}

static int write_properties(struct table_builder *b, struct block_handle *ret_handle)
{
	buf_clear(&b->raw);

	int rc = properties_encode(&b->filler.properties, &b->raw);

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
	const uint64_t *n = b->filler.properties.numbers;

	assert(table_builder_entries(b) > 0);

	int rc = b->filler.block.entries > 0 ? end_block(b, NULL) : 0;

	if (!rc)
		rc = buf_set(&b->filler.properties.largest_key,
			     buf_slice(&b->filler.block.last_key));
	if (!rc)
		rc = write_tail(b);
	if (!rc)
		rc = block_writer_flush(&b->writer);
	if (rc)
		return rc;
	*ret_summary = (struct table_summary){
		.file_size = b->writer.offset,
		.entries = n[SST_ENTRIES],
		.tombstones = n[SST_TOMBSTONES],
		.smallest_seqno = n[SST_SMALLEST_SEQNO],
		.largest_seqno = n[SST_LARGEST_SEQNO],
		.smallest_key = buf_slice(&b->filler.properties.smallest_key),
		.largest_key = buf_slice(&b->filler.properties.largest_key),
	};
	return 0;
}
