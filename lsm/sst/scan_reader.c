#include "lsm/sst/scan_reader.h"

#include <errno.h>

enum {
	PIECE_SIZE = 256 * 1024, /* one read, and as much again asked for ahead */
	/* Of a scan that may end soon: the second block comes with so much. A disk is hardly slower
	 * with it, and the steps from one small block to more would each wait for it. */
	STEP_PIECE_FIRST = 16 * 1024,
	STEP_PIECE_MAX = 64 * 1024,
};

void scan_reader_init(struct scan_reader *r, struct table *t)
{
	size_t piece = t->read_ahead_bytes ? t->read_ahead_bytes : (size_t)PIECE_SIZE;

	*r = (struct scan_reader){.table = t, .piece_min = piece, .piece_max = piece};
}

void scan_reader_init_steps(struct scan_reader *r, struct table *t)
{
	*r = (struct scan_reader){.table = t, .piece_max = STEP_PIECE_MAX};
}

void scan_reader_done(struct scan_reader *r)
{
	buf_done(&r->window);
	buf_done(&r->block_room);
	buf_done(&r->value_image);
	buf_done(&r->value_room);
}

/* Where block h is in the window; NULL: not there, or not all of it. */
static const uint8_t *in_window(const struct scan_reader *r, struct block_handle h)
{
	if (h.offset < r->window_offset || block_handle_end(h) > r->window_offset + r->window.len)
		return NULL;
	return r->window.ptr + (h.offset - r->window_offset);
}

static int fill_window(struct scan_reader *r, uint64_t from, uint64_t least)
{
	const struct block_source *source = &r->table->source;
	uint64_t blocks_end = table_meta_blocks_end(&r->table->meta);
	size_t len = max_of(least, min_of(blocks_end - from, (uint64_t)r->piece));

	buf_clear(&r->window);

	int rc = buf_reserve(&r->window, len);

	if (!rc)
		rc = env_file_read_exact(source->file, source->name, from, r->window.ptr, len);
	if (rc)
		return rc;
	r->window.len = len;
	r->window_offset = from;
	if (r->piece > 0 && from + len < blocks_end)
		env_file_read_ahead(source->file, from + len,
				    min_of(blocks_end - from - len, (uint64_t)r->piece));
	return 0;
}

/*
 * The value blocks of data block i begin where the one before it ends; when all fits a piece, they
 * come along.
 */
static int load_block(struct scan_reader *r, size_t i, struct block_handle h)
{
	const struct index_entry *entries = r->table->meta.index.entries;
	uint64_t from = i ? block_handle_end(entries[i - 1].block) : 0;
	bool follows = i > 0 && i == r->next_block && from == h.offset;

	r->piece = follows ? min_of(max_of(2 * r->piece, (size_t)STEP_PIECE_FIRST), r->piece_max)
			   : r->piece_min;
	if (block_handle_end(h) - from > r->piece)
		from = h.offset;
	return fill_window(r, from, block_handle_end(h) - from);
}

static int open_block(struct scan_reader *r, size_t i, const struct block **ret_block)
{
	const struct block_source *source = &r->table->source;
	struct block_handle h = r->table->meta.index.entries[i].block;
	struct slice raw;
	int rc = in_window(r, h) ? 0 : load_block(r, i, h);

	if (!rc)
		rc = block_open_image(source, h, in_window(r, h), &r->block_room, &raw);
	if (rc)
		return rc;
	r->block = block_view(raw);
	if (r->block.restart_count == 0)
		return block_fail(source, h.offset, -EUCLEAN, "not a data block");
	*ret_block = &r->block;
	r->next_block = i + 1;
	return 0;
}

/* After a failure nothing of the piece is used again: a new attempt asks the disk. */
int scan_reader_block(struct scan_reader *r, size_t i, const struct block **ret_block)
{
	int rc = open_block(r, i, ret_block);

	if (rc)
		buf_clear(&r->window);
	return rc;
}

/* The window stays as it is: the data block at hand may lie in it. */
static int load_value(struct scan_reader *r, struct block_handle h, const uint8_t **ret_image)
{
	const struct block_source *source = &r->table->source;
	size_t len = h.stored_len + SST_TRAILER_SIZE;

	buf_clear(&r->value_image);

	int rc = buf_reserve(&r->value_image, len);

	if (!rc)
		rc = env_file_read_exact(source->file, source->name, h.offset, r->value_image.ptr,
					 len);
	if (!rc)
		*ret_image = r->value_image.ptr;
	return rc;
}

int scan_reader_value(struct scan_reader *r, struct block_handle handle, uint64_t value_len,
		      struct slice *ret_value)
{
	struct slice raw;
	int rc = table_check_value_handle(r->table, handle);

	if (rc)
		return rc;

	const uint8_t *image = in_window(r, handle);

	if (!image)
		rc = load_value(r, handle, &image);
	if (!rc)
		rc = block_open_image(&r->table->source, handle, image, &r->value_room, &raw);
	if (rc)
		return rc;
	if (raw.len != value_len)
		return table_value_misfit(r->table, handle);
	*ret_value = raw;
	return 0;
}
