/*
 * Writing: files of one writer each, and how a chunk gets to the end of one.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/blob/blob_header.h"
#include "lsm/blob/blob_store_impl.h"
#include "lsm/blob/chunk.h"

/* Remove the file whose creation failed with rc; that error is the one to report, whatever comes of
 * it: the next open finds what may be left. */
static int discard(struct blob_store *s, const char *name, int rc)
{
	char why[ERROR_TEXT_MAX];

	(void)snprintf(why, sizeof(why), "%s", fail_text());
	if (env_dir_unlink(s->dir, name))
		return fail(rc, "%s", why);
	return rc;
}

/* Take note of a file that has its header; on failure `out` stays the caller's. */
static int adopt(struct blob_store *s, uint64_t number, struct env_file *out,
		 struct blob_file **ret_file)
{
	mutex_guard(&s->mu);
	struct blob_file *f;
	int rc = blob_file_new_locked(s, number, BLOB_HEADER_SIZE, &f);

	if (rc)
		return rc;
	f->appender = out;
	f->appending = true;
	s->names_dirty = true;
	*ret_file = f;
	return 0;
}

/* A new file with a header, and a reference for the caller. After a failure it is not there. */
static int make_file(struct blob_store *s, struct blob_file **ret_file)
{
	uint64_t number = s->owner.next_number(s->owner.arg);
	char name[ENV_NAME_MAX + 1];
	uint8_t header[BLOB_HEADER_SIZE];
	const struct slice part = slice_of(header, sizeof(header));
	struct env_file *out;
	int rc;

	assert(number >= 1 && number <= BLOB_NUMBER_MAX);
	blob_file_name(number, name);
	do
		rc = env_dir_open(s->dir, name, ENV_CREATE, &out);
	while (blob_make_way_for(s, rc));
	if (rc)
		return rc; /* what may be there is not ours */
	blob_header_encode(number, header);
	rc = env_file_append(out, &part, 1);
	if (!rc)
		rc = adopt(s, number, out, ret_file);
	if (!rc)
		return 0;
	env_file_close(out);
	return discard(s, name, rc);
}

struct env_file *blob_take_appender_locked(struct blob_file *f)
{
	if (f->appending || f->syncing || ring_link_used(&f->dirty))
		return NULL;
	return move_ptr(&f->appender);
}

/* Later chunks of the writer go to another file. The caller holds w->mu. */
static void complete(struct blob_store *s, struct blob_writer *w)
{
	struct blob_file *f = move_ptr(&w->file);

	mutex_lock(&s->mu);
	f->appending = false;
	struct env_file *out = blob_take_appender_locked(f);
	blob_unref_locked(f);
	mutex_unlock(&s->mu);
	env_file_close(out);
}

/* What the append at `at` means for everybody else; the caller of the write gets a reference. */
static void note_append(struct blob_file *f, uint64_t at, const struct chunk *c)
{
	struct blob_store *s = f->store;
	mutex_guard(&s->mu);

	/* Release: who reads it with acquire finds the bytes before it in the file. */
	atomic_store_explicit(&f->bytes, at + c->stored.len, memory_order_release);
	if (!ring_link_used(&f->dirty))
		ring_add(&s->dirty, &f->dirty);
	f->references++;
	blob_count_locked(&s->counters.bytes, c->stored.len);
	blob_count_locked(&s->counters.chunks_written, 1);
	blob_count_locked(&s->counters.written_bytes, c->stored.len);
	blob_count_locked(&s->counters.written_raw_bytes, c->raw_len);
}

/*
 * The caller holds w->mu. After a failed append the cursor stands where it stood, so that the next
 * chunk overwrites what the failed one may have left; what is longer than that chunk is dead.
 */
static int append(struct blob_store *s, struct blob_writer *w, const struct chunk *c,
		  struct extent *ret_extent, struct blob_file **ret_file)
{
	int rc = w->file ? 0 : make_file(s, &w->file);

	if (rc)
		return rc;
	struct blob_file *f = w->file;
	assert(f);
	/* Relaxed: only holders of w->mu store it. */
	uint64_t at = atomic_load_explicit(&f->bytes, memory_order_relaxed);

	rc = env_file_append(f->appender, &c->stored, 1);
	if (rc)
		return rc;
	note_append(f, at, c);
	*ret_extent = (struct extent){
		.file = f->number,
		.at = at,
		.stored_len = (uint32_t)c->stored.len,
		.raw_len = c->raw_len,
		.len = c->raw_len,
		.crc = c->crc,
	};
	*ret_file = f;
	if (at + c->stored.len >= s->options.file_bytes)
		complete(s, w);
	return 0;
}

/*
 * Each file that waits for its sync has its appender open, which a large value in small files would
 * multiply.
 */
static int close_synced(struct blob_store *s)
{
	mutex_lock(&s->mu);
	bool many = s->dirty.count > s->options.max_open + s->options.writers;

	mutex_unlock(&s->mu);
	return many ? blob_store_sync(s) : 0;
}

int blob_store_write(struct blob_store *s, const struct blob_write *write,
		     struct extent *ret_extent, struct blob_file **ret_file)
{
	assert(write->raw.len >= 1 && write->raw.len <= s->options.chunk_bytes);

	struct blob_writer *w = &s->writers[write->lane % s->options.writers];
	bool compress = s->options.compress && !write->as_it_is;
	int rc = close_synced(s);

	if (rc)
		return rc;
	struct buf room = blob_spare_take(s);
	struct chunk c;

	rc = chunk_pack(write->raw, compress, s->options.min_saving_pct, &room, &c);
	if (!rc) {
		mutex_lock(&w->mu);
		rc = append(s, w, &c, ret_extent, ret_file);
		mutex_unlock(&w->mu);
	}
	blob_spare_give(s, &room);
	return rc;
}

void blob_store_seal(struct blob_store *s)
{
	for (unsigned i = 0; i < s->options.writers; i++) {
		struct blob_writer *w = &s->writers[i];
		mutex_guard(&w->mu);

		if (w->file)
			complete(s, w);
	}
}

/* Chunks were written to it, and nobody but its writer wants it: they are all dead. */
static bool is_dead_locked(const struct blob_file *f)
{
	/* relaxed: what was appended has references, or had them before mu was taken */
	uint64_t bytes = atomic_load_explicit(&f->bytes, memory_order_relaxed);

	return f->appending && f->references == 1 && bytes > BLOB_HEADER_SIZE;
}

static bool any_is_dead(struct blob_store *s)
{
	mutex_guard(&s->mu);

	for (size_t i = s->file_count; i-- > 0;)
		if (is_dead_locked(s->files[i]))
			return true;
	return false;
}

static void complete_if_dead(struct blob_store *s, struct blob_writer *w)
{
	mutex_guard(&w->mu);

	if (!w->file)
		return;
	mutex_lock(&s->mu);
	bool dead = is_dead_locked(w->file);

	mutex_unlock(&s->mu);
	/* nobody appends meanwhile, so nobody comes to want it */
	if (dead)
		complete(s, w);
}

/* Looked for first: a writer's mutex may be held for the time of a write. */
void blob_complete_dead(struct blob_store *s)
{
	for (unsigned i = 0; any_is_dead(s) && i < s->options.writers; i++)
		complete_if_dead(s, &s->writers[i]);
}
