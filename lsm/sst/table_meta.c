#include "lsm/sst/table_meta.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"

void table_meta_done(struct table_meta *meta)
{
	table_index_done(&meta->index);
	bloom_done(&meta->bloom);
	properties_done(&meta->properties);
}

static int load_footer(const struct block_source *source, uint64_t file_size,
		       struct footer *ret_footer)
{
	uint8_t bytes[SST_FOOTER_SIZE];

	if (file_size < SST_FOOTER_SIZE)
		return fail(-EUCLEAN,
			    "%s: offset %" PRIu64 ": the file ends, too short for a table",
			    source->name, file_size);

	int rc = env_file_read_exact(source->file, source->name, file_size - SST_FOOTER_SIZE, bytes,
				     sizeof(bytes));

	if (!rc)
		rc = footer_decode(bytes, source->name, file_size, ret_footer);
	if (!rc && ret_footer->table_id != source->table_id)
		rc = fail(-EUCLEAN,
			  "%s: offset %" PRIu64 ": table id is %" PRIu64 ", expected %" PRIu64,
			  source->name, file_size - SST_FOOTER_SIZE, ret_footer->table_id,
			  source->table_id);
	return rc;
}

/* The sentence that the parsers leave to the one who knows the file. */
static int explain(const struct block_source *source, struct block_handle handle, int rc,
		   const char *what)
{
	return rc == -EUCLEAN ? block_fail(source, handle.offset, rc, what) : rc;
}

static int load_filter(const struct block_source *source, struct table_meta *meta)
{
	cleanup_free struct heap_block *block = NULL;
	int rc = block_read(source, meta->footer.filter, &block);

	if (rc)
		return rc;
	return explain(source, meta->footer.filter,
		       bloom_parse(block_bytes(&block->view), &meta->bloom), "bad filter block");
}

static int load_properties(const struct block_source *source, struct table_meta *meta)
{
	cleanup_free struct heap_block *block = NULL;
	int rc = block_read(source, meta->footer.properties, &block);

	if (rc)
		return rc;
	return explain(source, meta->footer.properties,
		       properties_decode(block_bytes(&block->view), &meta->properties),
		       "bad properties block");
}

static int load_index(const struct block_source *source, struct table_meta *meta)
{
	cleanup_free struct heap_block *block = NULL;
	int rc = block_read(source, meta->footer.index, &block);

	if (rc)
		return rc;
	return explain(source, meta->footer.index,
		       table_index_parse(&block->view, table_meta_blocks_end(meta), &meta->index),
		       "bad index block");
}

int table_meta_load(const struct block_source *source, uint64_t file_size,
		    struct table_meta *ret_meta)
{
	struct table_meta meta = {0};
	int rc = load_footer(source, file_size, &meta.footer);

	if (!rc)
		rc = load_filter(source, &meta);
	if (!rc)
		rc = load_properties(source, &meta);
	if (!rc)
		rc = load_index(source, &meta);
	if (rc)
		table_meta_done(&meta);
	else
		*ret_meta = meta;
	return rc;
}

static bool handle_equal(struct block_handle a, struct block_handle b)
{
	return a.offset == b.offset && a.stored_len == b.stored_len;
}

bool table_meta_equal(const struct table_meta *a, const struct table_meta *b)
{
	return handle_equal(a->footer.index, b->footer.index) &&
	       handle_equal(a->footer.filter, b->footer.filter) &&
	       handle_equal(a->footer.properties, b->footer.properties) &&
	       table_index_equal(&a->index, &b->index) && bloom_equal(&a->bloom, &b->bloom) &&
	       properties_equal(&a->properties, &b->properties);
}
