/*
 * Where the data blocks of a damaged table are.
 */
#include <errno.h>
#include <stdlib.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/coding.h"
#include "lsm/sst/block_search.h"
#include "lsm/sst/properties.h"
#include "lsm/sst/table_salvage_impl.h"

/* Damage is an answer here, no error. */
static int unless_damage(int rc)
{
	return table_is_damage(rc) ? 0 : rc;
}

static int push_block(struct salvage_table *t, struct block_handle handle)
{
	if (t->count == t->cap) {
		size_t cap = 2 * t->cap + 64;
		struct block_handle *grown = realloc(t->blocks, cap * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		t->blocks = grown;
		t->cap = cap;
	}
	t->blocks[t->count++] = handle;
	return 0;
}

/* The index names the blocks, good or not. Takes over *index. */
static int adopt_index(struct salvage_table *t, const struct table_index *index)
{
	int rc = 0;

	t->index = *index;
	t->count = 0;
	for (size_t i = 0; i < index->count && !rc; i++)
		rc = push_block(t, index->entries[i].block);
	return rc;
}

static int load_index(struct salvage_table *t, const struct footer *footer)
{
	cleanup_free struct heap_block *block = NULL;
	struct table_index index = {0};
	int rc = block_read(&t->blocks_source, footer->index, &block);

	if (!rc)
		rc = table_index_parse(&block->view, footer->filter.offset, &index);
	return rc ? unless_damage(rc) : adopt_index(t, &index);
}

/* ---- without an index ---- */

struct finder {
	struct salvage_table *table;
	struct salvage_place at; /* the last record of the blocks found */
};

/* Read a block and see whether it is a data block behind `from`; *walk tells about it. */
static int examine(struct salvage_table *t, struct block_handle handle,
		   const struct salvage_place *from, struct salvage_block *walk)
{
	cleanup_free struct heap_block *block = NULL;
	int rc = block_read(&t->blocks_source, handle, &block);

	*walk = (struct salvage_block){.from = from};
	if (rc)
		return rc;
	walk->block = &block->view;
	rc = salvage_block_walk(walk, &t->source);
	walk->block = NULL;
	return rc;
}

static void move_to(struct finder *f, struct salvage_block *walk)
{
	buf_done(&f->at.key);
	f->at = walk->end;
	walk->end = (struct salvage_place){0};
}

/* Blocks found from `offset` on are values that only looked like data blocks. */
static int drop_blocks(struct finder *f, uint64_t offset)
{
	const struct salvage_place start = {0};
	struct salvage_table *t = f->table;
	struct salvage_block walk;
	int rc;

	if (t->count == 0 || t->blocks[t->count - 1].offset < offset)
		return 0;
	while (t->count > 0 && t->blocks[t->count - 1].offset >= offset)
		t->count--;
	if (t->count == 0) {
		buf_done(&f->at.key);
		f->at = (struct salvage_place){0};
		return 0;
	}
	rc = examine(t, t->blocks[t->count - 1], &start, &walk);
	if (!rc)
		move_to(f, &walk);
	buf_done(&walk.end.key);
	return rc;
}

static int take_data_block(struct finder *f, struct block_handle handle)
{
	const struct salvage_place start = {0};
	struct salvage_block walk;
	int rc = examine(f->table, handle, &start, &walk);

	if (!rc)
		rc = drop_blocks(f, walk.values_offset);
	buf_done(&walk.end.key);
	if (rc)
		return rc;
	rc = examine(f->table, handle, &f->at, &walk);
	if (!rc)
		rc = push_block(f->table, handle);
	if (!rc)
		move_to(f, &walk);
	buf_done(&walk.end.key);
	return rc;
}

/*
 * An index block looks like a data block, but no record has seqno 0, as its last separator does.
 */
static int take_index_block(struct finder *f, struct block_handle handle)
{
	cleanup_free struct heap_block *block = NULL;
	struct table_index index = {0};
	int rc = block_read(&f->table->blocks_source, handle, &block);

	if (!rc && block->view.restart_count == 0)
		rc = -EUCLEAN;
	if (!rc)
		rc = table_index_parse(&block->view, handle.offset, &index);
	if (rc)
		return rc;
	if (index.entries[index.count - 1].seqno != 0) {
		table_index_done(&index);
		return -EUCLEAN;
	}
	f->table->blocks_end = handle.offset;
	return adopt_index(f->table, &index);
}

static int take_block(void *arg, struct block_handle handle)
{
	struct finder *f = arg;
	int rc = take_data_block(f, handle);

	if (table_is_damage(rc))
		rc = take_index_block(f, handle);
	return table_is_damage(rc) ? -ENOENT : rc;
}

static int search_blocks(struct salvage_table *t)
{
	struct finder f = {.table = t};
	struct block_search search = {
		.source = &t->blocks_source,
		.file_size = t->blocks_end,
		.accept = take_block,
		.arg = &f,
	};
	struct block_handle found = {0};
	uint64_t from = 0;
	int rc = block_search_init(&search);

	while (!rc && t->index.count == 0) {
		rc = block_search_next(&search, from, &found);
		from = block_handle_end(found);
	}
	block_search_done(&search);
	buf_done(&f.at.key);
	return rc == -ENOENT ? 0 : unless_damage(rc);
}

/* ---- the footer ---- */

/* Garbage behind a table's end does not hide it, if the end is known. */
static uint64_t table_end(uint64_t file_size, uint64_t known_size)
{
	return known_size && known_size < file_size ? known_size : file_size;
}

static int read_footer(struct env_file *file, const char *name, uint64_t end,
		       uint8_t bytes[SST_FOOTER_SIZE])
{
	if (end < SST_FOOTER_SIZE)
		return -EUCLEAN;
	return env_file_read_exact(file, name, end - SST_FOOTER_SIZE, bytes, SST_FOOTER_SIZE);
}

int salvage_find_blocks(struct salvage_table *t)
{
	uint64_t end = table_end(t->file_size, t->source.size_bytes);
	uint8_t bytes[SST_FOOTER_SIZE];
	struct footer footer;
	int rc = read_footer(t->file, t->name, end, bytes);

	t->blocks_end = end;
	if (!rc)
		rc = footer_decode(bytes, t->name, end, &footer);
	if (!rc && footer.table_id == t->source.id) {
		t->has_footer = true;
		t->blocks_end = footer.filter.offset;
		rc = load_index(t, &footer);
	}
	rc = unless_damage(rc);
	if (rc || t->index.count > 0)
		return rc;
	salvage_tell(t, TABLE_NOTHING_LOST);
	return search_blocks(t);
}

void table_description_done(struct table_description *d)
{
	buf_done(&d->smallest);
	buf_done(&d->largest);
	*d = (struct table_description){0};
}

static int describe_properties(const struct block_source *source, const struct footer *footer,
			       struct table_description *d)
{
	cleanup_free struct heap_block *block = NULL;
	struct properties properties;
	int rc = block_read(source, footer->properties, &block);

	if (!rc)
		rc = properties_decode(block_bytes(&block->view), &properties);
	if (rc)
		return unless_damage(rc);
	d->entries = properties.numbers[SST_ENTRIES];
	d->largest_seqno = properties.numbers[SST_LARGEST_SEQNO];
	d->smallest = properties.smallest_key;
	d->largest = properties.largest_key;
	return 0;
}

static int describe(struct env_file *file, const char *name, struct table_description *d)
{
	struct table_counters counters = {0};
	uint8_t bytes[SST_FOOTER_SIZE];
	struct footer footer;
	int rc = env_file_size(file, &d->size_bytes);

	if (!rc)
		rc = read_footer(file, name, d->size_bytes, bytes);
	if (rc)
		return unless_damage(rc);
	if (footer_decode(bytes, name, d->size_bytes, &footer)) {
		d->id = fixed64_get(bytes + SST_FOOTER_TABLE_ID_AT);
		return 0;
	}
	d->id = footer.table_id;
	d->id_proven = true;

	const struct block_source source = {
		.file = file, .name = name, .table_id = d->id, .counters = &counters};

	return describe_properties(&source, &footer, d);
}

int table_describe(struct env_dir *dir, uint64_t number, struct table_description *ret_description)
{
	cleanup_file struct env_file *file = NULL;
	struct table_description d = {0};
	char name[ENV_NAME_MAX + 1];
	int rc;

	table_file_name(number, name);
	rc = env_dir_open(dir, name, ENV_READ, &file);
	if (!rc)
		rc = describe(file, name, &d);
	if (rc)
		table_description_done(&d);
	else
		*ret_description = d;
	return rc;
}
