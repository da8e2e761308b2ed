#include "tests/rot/rot_chunks.h"

#include <assert.h>
#include <stdlib.h>

#include "lsm/blob/value_format.h"
#include "lsm/db/recover_blobs.h"
#include "lsm/mem/batch.h"
#include "lsm/sst/table.h"
#include "lsm/tree/file_name.h"
#include "lsm/tree/manifest.h"
#include "lsm/wal/wal_reader.h"

static size_t find_blob(const struct rot_store *s, uint64_t number)
{
	for (size_t i = 0; i < s->file_count; i++)
		if (s->files[i].kind == ROT_BLOB &&
		    file_name_parse(s->files[i].name).number == number)
			return i;
	assert(!"a blob file is named that is not there");
	return 0;
}

static void note_extents(struct rot_store *s, struct slice extents, size_t record)
{
	for (size_t i = 0; i < extent_list_count(extents); i++) {
		struct extent e;

		assert(extent_list_get(extents, i, &e) == 0);
		assert(s->chunk_count < array_size(s->chunks));
		s->chunks[s->chunk_count++] = (struct rot_chunk){
			.file = find_blob(s, e.file),
			.at = e.at,
			.end = e.at + e.stored_len,
			.record = record,
		};
	}
}

/* Every version in it, read or not: lsm_verify looks at them all. */
static void list_table(struct rot_store *s, const struct table_env *env,
		       const struct table_file *file)
{
	struct table *table;
	struct iter *it;
	struct slice value;

	assert(table_open(env, file->number, file->size_bytes, file->id, &table) == 0);
	assert(table_iter(table, &it) == 0);
	for (iter_first(it); iter_valid(it); iter_next(it)) {
		if (it->rec.kind != RECORD_LARGE)
			continue;
		assert(iter_value(it, &value) == 0);
		note_extents(s, value, ROT_OF_TABLE);
	}
	assert(iter_status(it) == 0);
	iter_free(it);
	table_unref(table);
}

static void list_tables(struct rot_store *s, struct env_dir *dir, size_t manifest)
{
	cleanup_manifest_state struct manifest_state state = {0};
	struct table_counters counters = {0};
	struct table_env env = {.dir = dir, .counters = &counters};

	assert(cache_new(0, 1, &env.blocks) == 0);
	assert(manifest_replay(s->files[manifest].name, buf_slice(&s->files[manifest].bytes),
			       &state) == 0);
	for (size_t i = 0; i < state.tables.count; i++)
		list_table(s, &env, state.tables.files[i].file);
	cache_free(env.blocks);
}

static void list_record(struct rot_store *s, const struct wal_record *rec, size_t record)
{
	struct slice rest = rec->payload, extents;
	struct record change;

	while (batch_take(&rest, &change) == 0) {
		assert(logged_extents(&change, &extents) == 0);
		note_extents(s, extents, record);
	}
}

/* The records as scanned: they follow each other by files. */
static size_t list_log(struct rot_store *s, struct env_dir *dir, size_t file, size_t record)
{
	struct wal_reader *reader;
	struct wal_record rec;

	assert(wal_reader_open(dir, file_name_parse(s->files[file].name).number, &reader) == 0);
	for (; record < s->record_count && s->records[record].file == file; record++) {
		assert(wal_reader_next(reader, &rec) == 0);
		assert(rec.first_seqno == s->records[record].first_seqno);
		if (rec.type == WAL_BATCH)
			list_record(s, &rec, record);
	}
	wal_reader_close(reader);
	return record;
}

void rot_list_chunks(struct rot_store *s)
{
	struct env_dir *dir;
	size_t record = 0;

	assert(env_open_dir(s->env, ROT_DIR, false, &dir) == 0);
	for (size_t i = 0; i < s->file_count; i++) {
		if (s->files[i].kind == ROT_MANIFEST)
			list_tables(s, dir, i);
		else if (s->files[i].kind == ROT_LOG)
			record = list_log(s, dir, i, record);
	}
	assert(record == s->record_count);
	env_dir_close(dir);
}

bool rot_chunk_is_dead(const struct rot_store *s, size_t file, uint64_t offset)
{
	bool is_used = false, is_named = false;

	for (size_t i = 0; i < s->chunk_count; i++) {
		const struct rot_chunk *c = &s->chunks[i];

		if (c->file != file)
			continue;
		is_used = true;
		is_named = is_named || (offset >= c->at && offset < c->end);
	}
	return !(is_named || (is_used && offset < BLOB_HEADER_SIZE));
}
