/*
 * Reading: the descriptors, and the way of a chunk from the disk to where it is wanted.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/blob/blob_header.h"
#include "lsm/blob/blob_store_impl.h"
#include "lsm/blob/chunk.h"

/* A read under way: it has a reference to its file, which is open. */
struct reading {
	struct blob_file *file;
	struct env_file *in; /* file->reader, which does not change meanwhile */
	bool trusted;        /* the chunk is taken for right as it is */
};

/* The oldest open file that nobody reads, out of its file, for the caller to close; NULL: none. */
static struct env_file *take_idle_locked(struct blob_store *s)
{
	struct ring_link *l = ring_take(&s->idle);

	if (!l)
		return NULL;
	blob_uncount_locked(&s->counters.open_files, 1);
	return move_ptr(&container_of(l, struct blob_file, idle)->reader);
}

static struct env_file *take_surplus(struct blob_store *s)
{
	mutex_guard(&s->mu);

	uint64_t open = atomic_load_explicit(&s->counters.open_files, memory_order_relaxed);

	return open > s->options.max_open ? take_idle_locked(s) : NULL;
}

/* Close files that nobody reads, oldest first, while more than max_open are open. */
static void close_surplus(struct blob_store *s)
{
	struct env_file *surplus;

	while ((surplus = take_surplus(s)))
		env_file_close(surplus);
}

/* The older half, as those who read on will want the newer ones again. */
bool blob_store_make_way(struct blob_store *s)
{
	mutex_lock(&s->mu);
	size_t left = (s->idle.count + 1) / 2;
	mutex_unlock(&s->mu);
	bool closed = false;

	for (; left > 0; left--) {
		mutex_lock(&s->mu);
		struct env_file *idle = take_idle_locked(s);
		mutex_unlock(&s->mu);

		if (!idle)
			break;
		env_file_close(idle);
		closed = true;
	}
	return closed;
}

bool blob_make_way_for(struct blob_store *s, int error)
{
	if (!env_is_out_of_files(error))
		return false;
	return blob_store_make_way(s) || (s->owner.make_way && s->owner.make_way(s->owner.arg));
}

static int check_header(struct env_file *in, const char *name, uint64_t number)
{
	uint8_t header[BLOB_HEADER_SIZE];
	int rc = env_file_read_exact(in, name, 0, header, sizeof(header));

	return rc ? rc : blob_header_check(header, name, number);
}

static int open_checked(struct blob_store *s, uint64_t number, struct env_file **ret_in)
{
	char name[ENV_NAME_MAX + 1];
	cleanup_file struct env_file *in = NULL;
	int rc;

	blob_file_name(number, name);
	do
		rc = env_dir_open(s->dir, name, ENV_READ, &in);
	while (blob_make_way_for(s, rc));
	if (rc)
		return rc == -ENOENT ? blob_missing(s, number) : rc;
	if (!s->options.any_header)
		rc = check_header(in, name, number);
	if (!rc)
		*ret_in = move_ptr(&in);
	return rc;
}

/* Count the caller in; what is open stays open until reading_end. False: no such file. */
static bool count_in(struct blob_store *s, uint64_t number, struct reading *ret_reading)
{
	mutex_guard(&s->mu);
	struct blob_file *f = blob_find_locked(s, number);

	if (!f)
		return false;
	f->references++;
	f->readers++;
	if (ring_link_used(&f->idle))
		ring_remove(&s->idle, &f->idle);
	*ret_reading = (struct reading){.file = f, .in = f->reader};
	return true;
}

/* Two threads may both open it: the second one uses the first one's. */
static void keep_open(struct blob_store *s, struct reading *r, struct env_file *opened)
{
	struct blob_file *f = r->file;

	assert(opened);
	mutex_lock(&s->mu);
	if (!f->reader) {
		f->reader = move_ptr(&opened);
		blob_count_locked(&s->counters.open_files, 1);
	}
	r->in = f->reader;
	mutex_unlock(&s->mu);
	env_file_close(opened);
}

static void reading_end(struct blob_store *s, struct reading *r)
{
	struct blob_file *f = r->file;

	mutex_lock(&s->mu);
	f->readers--;
	if (f->readers == 0 && f->reader)
		ring_add(&s->idle, &f->idle);
	blob_unref_locked(f);
	mutex_unlock(&s->mu);
	close_surplus(s);
}

static int reading_begin(struct blob_store *s, uint64_t number, struct reading *ret_reading)
{
	struct reading r;

	if (!count_in(s, number, &r))
		return blob_missing(s, number);
	if (!r.in) {
		struct env_file *opened = NULL;
		int rc = open_checked(s, number, &opened);

		if (rc) {
			reading_end(s, &r);
			return rc;
		}
		keep_open(s, &r, opened);
	}
	*ret_reading = r;
	return 0;
}

/* The stored bytes of e's chunk, their checksum right if it is to be checked. */
static int read_stored(struct reading *r, const struct extent *e, uint8_t *into)
{
	char name[ENV_NAME_MAX + 1];
	const struct chunk c = {
		.stored = slice_of(into, e->stored_len), .raw_len = e->raw_len, .crc = e->crc};

	blob_file_name(e->file, name);
	int rc = env_file_read_exact(r->in, name, e->at, into, e->stored_len);

	if (rc || r->trusted)
		return rc;
	if (!chunk_crc_is_right(&c))
		return fail(-EBADMSG, "%s: offset %" PRIu64 ": chunk checksum is wrong", name,
			    e->at);
	return 0;
}

static int unpack(const struct extent *e, const uint8_t *stored, uint8_t *into)
{
	const struct chunk c = {.stored = slice_of(stored, e->stored_len), .raw_len = e->raw_len};

	if (chunk_unpack(&c, into))
		return fail(-EUCLEAN,
			    "%06" PRIu64 ".blob: offset %" PRIu64
			    ": chunk does not unpack to %" PRIu32 " bytes",
			    e->file, e->at, e->raw_len);
	return 0;
}

/* By way of `room`: the chunk as stored, and unpacked where only a part of it is wanted. */
static int read_in_room(struct reading *r, const struct extent *e, struct buf *room, uint8_t *into)
{
	bool whole = e->len == e->raw_len;
	bool packed = e->stored_len < e->raw_len;
	int rc = buf_reserve(room, e->stored_len + (packed && !whole ? (size_t)e->raw_len : 0));

	if (rc)
		return rc;
	rc = read_stored(r, e, room->ptr);
	if (rc)
		return rc;
	if (packed && whole)
		return unpack(e, room->ptr, into);

	uint8_t *raw = room->ptr;

	if (packed) {
		raw += e->stored_len;
		rc = unpack(e, room->ptr, raw);
		if (rc)
			return rc;
	}
	memcpy(into, raw + e->from, e->len);
	return 0;
}

static int read_part(struct blob_store *s, struct reading *r, const struct extent *e, uint8_t *into)
{
	if (e->stored_len == e->raw_len && e->len == e->raw_len)
		return read_stored(r, e, into);

	struct buf room = blob_spare_take(s);
	int rc = read_in_room(r, e, &room, into);

	blob_spare_give(s, &room);
	return rc;
}

static void count_read(struct blob_store *s, const struct extent *e, bool trusted, int rc)
{
	mutex_guard(&s->mu);

	blob_count_locked(&s->counters.checksum_errors, rc == -EBADMSG);
	blob_count_locked(&s->counters.checksums, !trusted && (!rc || rc == -EBADMSG));
	if (rc)
		return;
	blob_count_locked(&s->counters.chunks_read, 1);
	blob_count_locked(&s->counters.read_bytes, e->stored_len);
}

static int read_chunk(struct blob_store *s, const struct extent *e, bool trusted, void *into)
{
	struct reading r;
	int rc = reading_begin(s, e->file, &r);

	if (!rc) {
		r.trusted = trusted;
		rc = read_part(s, &r, e, into);
		reading_end(s, &r);
	}
	count_read(s, e, trusted, rc);
	return rc;
}

int blob_store_read(struct blob_store *s, const struct extent *e, void *into)
{
	return read_chunk(s, e, false, into);
}

int blob_store_fetch(struct blob_store *s, const struct extent *e, void *into)
{
	return read_chunk(s, e, atomic_load_explicit(&s->trust, memory_order_relaxed), into);
}

void blob_store_trust(struct blob_store *s, bool trust)
{
	atomic_store_explicit(&s->trust, trust, memory_order_relaxed);
}

void blob_store_read_ahead(struct blob_store *s, const struct extent *e)
{
	struct reading r;

	if (reading_begin(s, e->file, &r))
		return; /* the read itself will tell */
	env_file_read_ahead(r.in, e->at, e->stored_len);
	reading_end(s, &r);
}
