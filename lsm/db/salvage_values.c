#include "lsm/db/salvage_values.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lsm/base/error.h"
#include "lsm/base/hash.h"
#include "lsm/db/options.h"

int salvage_values_open(struct env_dir *dir, const struct salvage_plan *plan,
			const struct lsm_options *options, struct salvage_losses *losses,
			struct blob_store *to, struct salvage_values *v)
{
	struct blob_options blob = db_blob_options(options);
	int err;

	blob.any_header = true;
	v->losses = losses;
	v->large_value_threshold = options->large_value_threshold;
	v->writer.blobs = to;
	err = blob_store_new(dir, &blob, (struct blob_owner){0}, &v->from);
	for (size_t i = 0; !err && i < plan->blobs.count; i++) {
		struct blob_file *file; /* ends with the store */

		err = blob_store_add(v->from, plan->blobs.numbers[i], 0, &file);
	}
	return err;
}

void salvage_values_done(struct salvage_values *v)
{
	value_writer_done(&v->writer);
	blob_store_free(v->from);
	buf_done(&v->room);
	buf_done(&v->meta);
	buf_done(&v->raw);
	*v = (struct salvage_values){0};
}

/* ---- reading ---- */

static void tell_lost(struct salvage_values *v)
{
	struct salvage_losses *l = v->losses;

	if (v->lost == v->lost_end)
		return;
	l->report.bytes_lost += v->lost_end - v->lost;
	salvage_say(l, "%s: bytes %" PRIu64 " to %" PRIu64 " of the value of the key ", v->lost_why,
		    v->lost, v->lost_end - 1);
	salvage_say_key(l, v->rec.key);
	salvage_say(l, " in change %" PRIu64 " are lost, zeros take their place", v->rec.seqno);
	salvage_say_end(l);
	v->lost = v->lost_end;
}

/* A part of the chunk at hand; what is lost side by side for one reason is told at once. */
static void lose(struct salvage_values *v, uint64_t offset, uint64_t len)
{
	if (v->lost_end != offset || strcmp(v->lost_why, v->why) != 0) {
		tell_lost(v);
		v->lost = offset;
		memcpy(v->lost_why, v->why, sizeof(v->why));
	}
	v->lost_end = offset + len;
}

static void note_why(struct salvage_values *v, const struct extent *e, int err)
{
	if (err != -EIO)
		(void)snprintf(v->why, sizeof(v->why), "%s", fail_text());
	else
		(void)snprintf(v->why, sizeof(v->why),
			       "%06" PRIu64 ".blob: offset %" PRIu64 ": the chunk cannot be read",
			       e->file, e->at);
}

/* The chunk that e names a part of becomes the one at hand. */
static int load_chunk(struct salvage_values *v, const struct extent *e)
{
	struct extent whole = *e;
	int err;

	if (extent_same_chunk(&v->chunk, e))
		return 0;
	whole.from = 0;
	whole.len = e->raw_len;
	v->chunk.file = 0;
	buf_clear(&v->raw);
	err = buf_reserve(&v->raw, e->raw_len);
	if (!err)
		err = blob_store_read(v->from, &whole, v->raw.ptr);
	if (err && !table_is_damage(err))
		return err;
	v->chunk_is_lost = err;
	v->losses->report.chunks_lost += v->chunk_is_lost;
	if (err)
		note_why(v, e, err);
	v->chunk = whole;
	return 0;
}

static int read_segment(struct salvage_values *v, const struct segment *s, uint8_t *into)
{
	int err = s->kind == SEGMENT_CHUNK ? load_chunk(v, &s->extent) : 0;

	if (err)
		return err;
	if (s->kind == SEGMENT_BYTES) {
		memcpy(into, s->bytes, (size_t)s->len);
	} else if (s->kind == SEGMENT_CHUNK && !v->chunk_is_lost) {
		memcpy(into, v->raw.ptr + s->extent.from, s->extent.len);
	} else {
		memset(into, 0, (size_t)s->len);
		if (s->kind == SEGMENT_CHUNK)
			lose(v, s->offset, s->len);
	}
	return 0;
}

/* Append the bytes [from, to) of the view to the (empty) room, those behind the last that is not a
 * hole left out. */
static int read_bytes(struct salvage_values *v, const struct value_view *view, uint64_t from,
		      uint64_t to)
{
	struct segment s = {0};

	buf_clear(&v->room);
	int err = buf_reserve(&v->room, (size_t)(to - from) + 1);

	for (uint64_t at = from; !err && at < to; at += s.len) {
		err = value_view_at(view, at, to, &s);
		if (!err)
			err = read_segment(v, &s, v->room.ptr + (at - from));
		if (!err && s.kind != SEGMENT_ZEROS)
			v->room.len = (size_t)(at + s.len - from);
	}
	return err;
}

/* ---- writing ---- */

static int make_put(struct salvage_values *v, const struct value_view *view)
{
	int err = read_bytes(v, view, 0, view->size);

	if (err)
		return err;
	v->room.len = (size_t)view->size;
	v->rec.kind = RECORD_PUT;
	v->rec.value = buf_slice(&v->room);
	return buf_set(&v->meta, v->rec.meta);
}

static int write_window(struct salvage_values *v, const struct value_view *view, uint64_t from,
			uint64_t to)
{
	int err = read_bytes(v, view, from, to);

	return err ? err : value_writer_bytes(&v->writer, from, buf_slice(&v->room));
}

static int write_chunks(struct salvage_values *v, const struct value_view *view)
{
	uint64_t chunk_bytes = blob_store_options(v->writer.blobs)->chunk_bytes;
	uint64_t end;
	int err = 0;

	for (uint64_t at = 0; !err && at < view->size; at = end) {
		struct segment s;

		err = value_view_at(view, at, view->size, &s);
		if (err)
			break;
		end = at + s.len;
		if (s.kind == SEGMENT_ZEROS)
			continue;
		end = at + min_of(view->size - at, chunk_bytes - at % chunk_bytes);
		err = write_window(v, view, at, end);
	}
	return err;
}

static int make_large(struct salvage_values *v, const struct value_view *view)
{
	int err;

	v->writer.lane = hash64(v->rec.key, 0);
	err = write_chunks(v, view);
	buf_clear(&v->meta);
	if (!err)
		err = value_meta_append(&v->meta, view->size, v->rec.meta);
	v->rec.kind = RECORD_LARGE;
	v->rec.value = buf_slice(&v->writer.extents);
	return err;
}

/* Let go of what the last value was made of. */
static void begin_value(struct salvage_values *v, const struct record *rec)
{
	struct blob_store *to = v->writer.blobs;

	value_writer_done(&v->writer);
	v->writer = (struct value_writer){.blobs = to};
	v->rec = *rec;
	v->lost = v->lost_end = 0;
	v->lost_why[0] = '\0';
}

int salvage_value_make(struct salvage_values *v, const struct value_view *view, struct record *rec)
{
	int err;

	begin_value(v, rec);
	err = salvage_value_is_large(v, view->size) ? make_large(v, view) : make_put(v, view);
	if (err)
		return err;
	tell_lost(v);
	v->rec.meta = buf_slice(&v->meta);
	v->rec.value_len = v->rec.value.len;
	*rec = v->rec;
	return 0;
}
