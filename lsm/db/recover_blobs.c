#include "lsm/db/recover_blobs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "lsm/base/array.h"
#include "lsm/base/error.h"
#include "lsm/blob/value_format.h"
#include "lsm/db/write.h"

void chunk_claims_done(struct chunk_claims *c)
{
	free(c->list);
	buf_done(&c->extents);
	blob_refs_done(&c->files);
	*c = (struct chunk_claims){.db = c->db};
}

int logged_extents(const struct record *change, struct slice *ret_extents)
{
	struct slice user_meta;
	struct patch patch;
	uint64_t size;
	int err = 0;

	*ret_extents = slice_of(NULL, 0);
	if (change->kind == RECORD_PATCH) {
		err = patch_decode(change->meta, change->value, &patch);
		if (!err && patch.op == PATCH_EXTENTS)
			*ret_extents = patch.extents;
	} else if (change->kind == RECORD_LARGE) {
		err = value_meta_take(change->meta, &size, &user_meta);
		if (!err)
			err = extent_list_check(change->value, size);
		if (!err)
			*ret_extents = change->value;
	}
	return err;
}

/* The file, found at open or, beside a writer, made since; -ENOENT. */
static int find_file(struct lsm *db, uint64_t number, struct blob_file **ret_file)
{
	struct blob_store *blobs = tree_blobs(db->tree);
	char name[ENV_NAME_MAX + 1];
	uint64_t bytes;
	int err = blob_store_find(blobs, number, ret_file);

	if (err != -ENOENT || !db->options.read_only)
		return err;
	blob_file_name(number, name);
	err = env_dir_file_size(db->dir, name, &bytes);
	return err ? err : blob_store_add(blobs, number, bytes, ret_file);
}

static int hold_file(struct chunk_claims *c, struct blob_ref *ref, struct memtable *memtable)
{
	int err = ref->file ? 0 : find_file(c->db, ref->number, &ref->file);

	if (err == -ENOENT)
		return 0; /* chunk_claims_check says what that means */
	return err ? err : db_keep_file_locked(c->db, memtable, ref->file);
}

/* Hold on to the files that the extents name, if they are there. */
static int hold_files(struct chunk_claims *c, struct slice extents, struct memtable *memtable)
{
	int err = 0;

	for (size_t i = 0; !err && i < extent_list_count(extents); i++) {
		struct extent e;

		err = extent_list_get(extents, i, &e);
		if (!err)
			err = hold_file(c, blob_refs_find(&c->files, e.file), memtable);
	}
	return err;
}

static int add_claim(struct chunk_claims *c, const struct wal_record *rec, size_t extents_at)
{
	struct chunk_claim *grown = array_grow(c->list, &c->cap, c->count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	c->list = grown;
	c->list[c->count++] = (struct chunk_claim){
		.first_seqno = rec->first_seqno,
		.last_seqno = rec->first_seqno + rec->count - 1,
		.extents_at = extents_at,
		.extents_len = c->extents.len - extents_at,
	};
	return 0;
}

/* The settled ones take no memory for long. */
static void settle_up_to(struct chunk_claims *c, uint64_t durable_seqno)
{
	while (c->first < c->count && c->list[c->first].last_seqno <= durable_seqno)
		c->first++;
	if (c->first == c->count) {
		c->first = 0;
		c->count = 0;
		buf_clear(&c->extents);
	}
}

/* Whether the changes have their forms, and name any chunk. */
static int check_forms(struct slice changes, bool *ret_names_chunks)
{
	struct record change;
	bool names = false;
	int err;

	while ((err = batch_take(&changes, &change)) == 0) {
		struct slice extents;

		err = logged_extents(&change, &extents);
		if (err)
			return err;
		names = names || extents.len;
	}
	*ret_names_chunks = names;
	return err == -ENODATA ? 0 : err;
}

int chunk_claims_note(struct chunk_claims *c, const struct wal_record *rec,
		      struct memtable *memtable)
{
	struct slice rest = rec->payload;
	struct record change;
	bool names_chunks;
	int err = check_forms(rest, &names_chunks);

	if (err)
		return err;
	settle_up_to(c, rec->durable_seqno);
	if (!names_chunks)
		return 0;
	size_t extents_at = c->extents.len;

	while ((err = batch_take(&rest, &change)) == 0) {
		struct slice extents;

		err = logged_extents(&change, &extents);
		if (!err && extents.len)
			err = buf_append_slice(&c->extents, extents);
		if (!err && extents.len)
			err = blob_refs_note_list(&c->files, extents);
		if (err)
			return err;
	}
	if (err != -ENODATA)
		return err;
	err = add_claim(c, rec, extents_at);
	if (err)
		return err;
	return hold_files(c, slice_of(c->extents.ptr + extents_at, c->extents.len - extents_at),
			  memtable);
}

static bool is_missing(int err)
{
	return err == -ENOENT || err == -EUCLEAN || err == -EBADMSG;
}

/* 0; -EUCLEAN, -EBADMSG or -ENOENT when a chunk is not there; or an error of the disk. */
static int look_at(struct chunk_claims *c, const struct chunk_claim *claim, struct buf *room)
{
	struct slice list = slice_of(c->extents.ptr + claim->extents_at, claim->extents_len);
	int err = 0;

	for (size_t i = 0; !err && i < extent_list_count(list); i++) {
		struct extent e;

		err = extent_list_get(list, i, &e);
		if (err)
			break;
		if (!blob_refs_find(&c->files, e.file)->file)
			return fail(-ENOENT, "%06" PRIu64 ".blob: missing", e.file);
		buf_clear(room);
		err = buf_reserve(room, e.len);
		if (!err)
			err = blob_store_read(tree_blobs(c->db->tree), &e, room->ptr);
	}
	return err;
}

/*
 * With nothing torn every file named is there, and as long as the chunks named in it. Or no flush
 * would ever get past the record that names it. Beside a writer they grow meanwhile.
 */
static int check_files(const struct chunk_claims *c)
{
	for (size_t i = 0; i < c->files.count; i++) {
		char name[ENV_NAME_MAX + 1];

		if (c->files.refs[i].file)
			continue;
		blob_file_name(c->files.refs[i].number, name);
		return fail(-EUCLEAN, "%s: missing, but the log names it", name);
	}
	return c->db->options.read_only ? 0 : blob_refs_check_ends(&c->files);
}

int chunk_claims_check(struct chunk_claims *c, uint64_t durable_seqno, uint64_t *ret_torn)
{
	cleanup_buf struct buf room = {0};
	uint64_t torn = 0;

	settle_up_to(c, durable_seqno);
	for (size_t i = c->first; !torn && i < c->count; i++) {
		int err = look_at(c, &c->list[i], &room);

		if (is_missing(err))
			torn = c->list[i].first_seqno;
		else if (err)
			return err;
	}
	int err = torn ? 0 : check_files(c);

	if (!err)
		*ret_torn = torn;
	return err;
}

int chunk_claims_resync(struct chunk_claims *c)
{
	int err = 0;

	for (size_t i = 0; !err && i < c->files.count; i++)
		if (c->files.refs[i].file)
			err = blob_file_resync(c->files.refs[i].file);
	if (!err && c->files.count)
		err = env_dir_sync(c->db->dir);
	return err;
}
