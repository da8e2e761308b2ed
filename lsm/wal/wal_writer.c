#include "lsm/wal/wal_writer.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/base/error.h"
#include "lsm/wal/wal_codec.h"

struct wal_writer {
	/* Immutable. */
	struct env_file *file; /* owned */
	uint64_t number;
	uint32_t crc_seed;
	char name[ENV_NAME_MAX + 1];
	uint64_t
		old_end; /* before it each record is followed by zeros (wal_format.h); 0: no need */
	uint64_t reserved; /* the appending thread's: where the space taken ahead ends */
	uint64_t cursor;   /* the appending thread's: where the file's next append would go */
	/*
	 * Stored by the appending thread. Relaxed, as is `dead`: each is one fact, and no other
	 * memory is read on the strength of it.
	 */
	_Atomic uint64_t size;
	_Atomic bool dead; /* false -> true, by the appending or the syncing thread */
};

void wal_file_name(uint64_t number, char *ret_name)
{
	(void)snprintf(ret_name, ENV_NAME_MAX + 1, "%06" PRIu64 ".wal", number); /* 24 at most */
}

/* A writer around an open file, which it takes over. */
static struct wal_writer *writer_new(struct env_file *file, uint64_t number, uint64_t salt,
				     uint64_t size)
{
	struct wal_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->file = file;
	w->number = number;
	w->crc_seed = wal_crc_seed(number, salt);
	wal_file_name(number, w->name);
	w->reserved = size;
	w->cursor = size;
	atomic_init(&w->size, size);
	atomic_init(&w->dead, false);
	return w;
}

/* Zeros for a padding, and the end of a recycled log. */
static const uint8_t zeros[WAL_ALIGN + WAL_RECORD_HEADER_SIZE];

/* How many zeros are due behind a record that ends at `end`. */
static size_t end_mark_size(uint64_t end, uint64_t old_end)
{
	return end < old_end ? (size_t)min_of(old_end - end, (uint64_t)WAL_RECORD_HEADER_SIZE) : 0;
}

/* The header, over that of an older log where there is one; all of it durable. */
static int write_header(struct env_dir *dir, struct env_file *file, uint64_t number, uint64_t salt,
			uint64_t old_end)
{
	uint8_t bytes[WAL_FILE_HEADER_SIZE];
	const struct slice parts[] = {
		slice_of(bytes, sizeof(bytes)),
		slice_of(zeros, end_mark_size(sizeof(bytes), old_end)),
	};

	wal_file_header_encode(number, salt, old_end, bytes);
	int rc = env_file_append(file, parts, parts[1].len ? 2 : 1);
	if (!rc)
		rc = env_file_sync(file);
	return rc ? rc : env_dir_sync(dir);
}

/* Remove the file whose creation failed with rc; that error is the one to report, whatever comes of
 * it. */
static int discard(struct env_dir *dir, const char *name, int rc)
{
	char why[ERROR_TEXT_MAX];

	(void)snprintf(why, sizeof(why), "%s", fail_text());
	if (env_dir_unlink(dir, name))
		return fail(rc, "%s", why);
	return rc;
}

/* A writer for the open, empty log: its header, durable. The file stays the caller's on failure. */
static int begin_log(struct env_dir *dir, struct env_file *file, uint64_t number, uint64_t salt,
		     struct wal_writer **ret_writer)
{
	uint64_t old_end = 0;
	int rc = env_file_size(file, &old_end);

	if (!rc)
		rc = write_header(dir, file, number, salt, old_end);
	if (rc)
		return rc;
	struct wal_writer *w = writer_new(file, number, salt, WAL_FILE_HEADER_SIZE);
	if (!w)
		return -ENOMEM;
	w->old_end = old_end;
	w->reserved = max_of(old_end, (uint64_t)WAL_FILE_HEADER_SIZE);
	w->cursor += end_mark_size(WAL_FILE_HEADER_SIZE, old_end);
	*ret_writer = w;
	return 0;
}

/* Open the file, new or an older log's, and begin log `number` in it; without it after a failure.
 */
static int make_log(struct env_dir *dir, uint64_t number, uint64_t salt, enum env_open_mode mode,
		    struct wal_writer **ret_writer)
{
	char name[ENV_NAME_MAX + 1];
	struct env_file *file;

	wal_file_name(number, name);
	int rc = env_dir_open(dir, name, mode, &file);
	if (rc && mode == ENV_CREATE)
		return rc; /* what may be there is not ours */
	if (rc)
		return discard(dir, name, rc);
	rc = begin_log(dir, file, number, salt, ret_writer);
	if (!rc)
		return 0;
	env_file_close(file);
	return discard(dir, name, rc);
}

int wal_writer_create(struct env_dir *dir, uint64_t number, uint64_t salt,
		      struct wal_writer **ret_writer)
{
	return make_log(dir, number, salt, ENV_CREATE, ret_writer);
}

int wal_writer_recycle(struct env_dir *dir, uint64_t old, uint64_t number, uint64_t salt,
		       struct wal_writer **ret_writer)
{
	char from[ENV_NAME_MAX + 1], to[ENV_NAME_MAX + 1];

	wal_file_name(old, from);
	wal_file_name(number, to);
	int rc = env_dir_rename(dir, from, to);
	if (rc)
		return discard(dir, from, rc);
	return make_log(dir, number, salt, ENV_REUSE, ret_writer);
}

/* The salt of an existing log, from its checked header. */
static int read_salt(struct env_file *file, const char *name, uint64_t number, uint64_t *ret_salt)
{
	uint8_t bytes[WAL_FILE_HEADER_SIZE];
	int rc = env_file_read_exact(file, name, 0, bytes, sizeof(bytes));

	if (rc)
		return rc;
	return wal_file_header_decode(bytes, name, number, ret_salt);
}

/* Cut the file at offset, durably, and append there from now on. */
static int cut_at(struct env_file *file, const char *name, uint64_t offset)
{
	uint64_t size;
	int rc = env_file_size(file, &size);

	if (rc)
		return rc;
	if (offset > size)
		return fail(-EUCLEAN, "%s: %" PRIu64 " bytes, %" PRIu64 " at its recovery", name,
			    size, offset);
	rc = env_file_truncate(file, offset);
	if (rc)
		return rc;
	rc = env_file_sync(file);
	if (rc)
		return rc;
	return env_file_seek(file, offset);
}

int wal_writer_resume(struct env_dir *dir, uint64_t number, uint64_t offset,
		      struct wal_writer **ret_writer)
{
	char name[ENV_NAME_MAX + 1];
	cleanup_file struct env_file *file = NULL;
	uint64_t salt;

	assert(offset >= WAL_FILE_HEADER_SIZE && offset % WAL_ALIGN == 0);
	wal_file_name(number, name);
	int rc = env_dir_open(dir, name, ENV_REUSE, &file);
	if (rc)
		return rc;
	rc = read_salt(file, name, number, &salt);
	if (rc)
		return rc;
	rc = cut_at(file, name, offset);
	if (rc)
		return rc;
	struct wal_writer *w = writer_new(file, number, salt, offset);
	if (!w)
		return -ENOMEM;
	file = NULL; /* the writer's now */
	*ret_writer = w;
	return 0;
}

bool wal_writer_trim(struct wal_writer *w)
{
	uint64_t size = wal_writer_size(w);

	if (w->reserved <= size || env_file_truncate(w->file, size))
		return false;
	w->reserved = size;
	w->old_end = 0;
	return true;
}

void wal_writer_close(struct wal_writer *w)
{
	if (!w)
		return;
	env_file_close(w->file);
	free(w);
}

static int refuse_if_dead(const struct wal_writer *w)
{
	if (atomic_load_explicit(&w->dead, memory_order_relaxed))
		return fail(-EIO, "%s: no more writes after the failure of an earlier one",
			    w->name);
	return 0;
}

static int refuse_length(const struct wal_writer *w, uint64_t payload_len)
{
	return fail(-E2BIG, "%s: record of %" PRIu64 " bytes, limit %" PRIu64, w->name, payload_len,
		    (uint64_t)WAL_PAYLOAD_MAX);
}

/* After a failed write or sync nobody knows what the file holds: never touch it again. */
static int die(struct wal_writer *w, int rc)
{
	atomic_store_explicit(&w->dead, true, memory_order_relaxed);
	return rc;
}

int wal_writer_reserve(struct wal_writer *w, uint64_t payload_len, uint64_t step_bytes)
{
	uint64_t size = wal_writer_size(w);
	int rc = refuse_if_dead(w);

	if (rc)
		return rc;
	if (payload_len > WAL_PAYLOAD_MAX)
		return refuse_length(w, payload_len);

	uint64_t end = size + WAL_RECORD_HEADER_SIZE + payload_len + wal_padding(payload_len);
	uint64_t from = max_of(w->reserved, size);

	if (end <= from)
		return 0;
	rc = env_file_allocate(w->file, from, max_of(end - from, step_bytes));
	if (rc == 0) {
		w->reserved = from + max_of(end - from, step_bytes);
		return 0;
	}
	if (rc != -ENOSPC || step_bytes <= end - from)
		return rc;
	/* The last step of a disk that is nearly full. */
	rc = env_file_allocate(w->file, from, end - from);
	if (rc == 0)
		w->reserved = end;
	return rc;
}

/*
 * The bytes of a record that ends at `end`, and what must follow it, over what followed the one
 * before. The step back comes first: after the append nothing may fail, or a record would be
 * answered with an error and be in the log all the same.
 */
static int write_record(struct wal_writer *w, struct slice header, struct slice payload,
			uint64_t end)
{
	uint64_t begin = wal_writer_size(w);
	size_t end_mark = end_mark_size(end, w->old_end);
	/* One append, so one system call a record, and the payload is not copied. */
	struct slice parts[3] = {header};
	size_t count = 1;

	if (payload.len)
		parts[count++] = payload;
	if (wal_padding(payload.len) + end_mark)
		parts[count++] = slice_of(zeros, wal_padding(payload.len) + end_mark);
	int rc = w->cursor == begin ? 0 : env_file_seek(w->file, begin);

	if (!rc)
		rc = env_file_append(w->file, parts, count);
	w->cursor = end + end_mark;
	return rc;
}

int wal_writer_append(struct wal_writer *w, const struct wal_record *rec)
{
	uint8_t header[WAL_RECORD_HEADER_SIZE];

	if (rec->payload.len > WAL_PAYLOAD_MAX)
		return refuse_length(w, rec->payload.len);
	assert(rec->type == WAL_MARK ? rec->count == 0 && rec->payload.len == 0
				     : rec->count > 0 && rec->payload.len > 0);
	assert(rec->durable_seqno < rec->first_seqno);

	int rc = refuse_if_dead(w);
	if (rc)
		return rc;
	wal_record_header_encode(rec, w->crc_seed, header);

	uint64_t end = wal_writer_size(w) + sizeof(header) + rec->payload.len +
		       wal_padding(rec->payload.len);

	rc = write_record(w, slice_of(header, sizeof(header)), rec->payload, end);
	if (rc)
		return die(w, rc);
	atomic_store_explicit(&w->size, end, memory_order_relaxed);
	return 0;
}

int wal_writer_sync(struct wal_writer *w)
{
	int rc = refuse_if_dead(w);

	if (rc)
		return rc;
	rc = env_file_sync(w->file);
	return rc ? die(w, rc) : 0;
}

uint64_t wal_writer_number(const struct wal_writer *w)
{
	return w->number;
}

uint64_t wal_writer_size(const struct wal_writer *w)
{
	return atomic_load_explicit(&w->size, memory_order_relaxed);
}
