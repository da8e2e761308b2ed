#include "lsm/wal/wal_reader.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "lsm/base/buf.h"
#include "lsm/base/crc32c.h"
#include "lsm/base/error.h"
#include "lsm/wal/wal_codec.h"
#include "lsm/wal/wal_writer.h"

struct wal_reader {
	struct env_file *file; /* owned */
	uint64_t size;         /* of the file when it was opened */
	uint64_t offset;       /* of the next record; a multiple of WAL_ALIGN, never over size */
	uint64_t old_end;      /* up to here bytes may be an older log's; 0: none are */
	uint64_t own_end;      /* before it: what is surely this log's, records whole or torn */
	uint64_t window_at;    /* where in the file `window` begins */
	struct buf window;     /* owned */
	uint64_t read_bytes;   /* its usual length */
	uint32_t crc_seed;
	char name[ENV_NAME_MAX + 1];
	/* Of a damaged log: */
	bool patchy;         /* bytes that cannot be read are zeros */
	bool headless;       /* the file header is wrong, the salt was given */
	uint64_t unreadable; /* bytes */
};

static int read_bytes(struct wal_reader *r, uint64_t at, uint64_t len)
{
	if (r->patchy)
		return env_file_read_patchy(r->file, r->name, at, r->window.ptr, len,
					    &r->unreadable);
	return env_file_read_exact(r->file, r->name, at, r->window.ptr, len);
}

/*
 * Bytes [at, at + len) of the file, which it has, good until the next view: out of the window,
 * which moves and grows as needed.
 */
static int view(struct wal_reader *r, uint64_t at, uint64_t len, const uint8_t **ret_bytes)
{
	assert(at <= r->size && len <= r->size - at);
	/* there is one also of an empty file */
	if (!r->window.ptr || at < r->window_at || at + len > r->window_at + r->window.len) {
		uint64_t want = min_of(r->size - at, max_of(len, r->read_bytes));

		buf_clear(&r->window);
		int rc = buf_reserve(&r->window, max_of(want, UINT64_C(1)));
		if (rc)
			return rc;
		rc = read_bytes(r, at, want);
		if (rc)
			return rc;
		r->window_at = at;
		r->window.len = want;
	}
	*ret_bytes = r->window.ptr + (at - r->window_at);
	return 0;
}

/* Also where an older log's bytes end, which the header says beside. */
static int read_salt(struct wal_reader *r, uint64_t number, uint64_t *ret_salt)
{
	const uint8_t *bytes;
	int rc;

	if (r->size < WAL_FILE_HEADER_SIZE)
		return fail(-EUCLEAN, "%s: offset 0: %" PRIu64 " bytes, too short for a log",
			    r->name, r->size);
	rc = view(r, 0, WAL_FILE_HEADER_SIZE, &bytes);
	if (!rc)
		rc = wal_file_header_decode(bytes, r->name, number, ret_salt);
	if (!rc)
		r->old_end = min_of(wal_file_header_old_end(bytes), r->size);
	return rc;
}

static int read_header(struct wal_reader *r, uint64_t number, const uint64_t *known_salt)
{
	uint64_t salt;
	int rc = env_file_size(r->file, &r->size);

	if (rc)
		return rc;
	rc = read_salt(r, number, &salt);
	if (known_salt && (rc == -EUCLEAN || rc == -EBADMSG)) {
		r->headless = true;
		r->old_end = r->size; /* for all that is known */
		salt = *known_salt;
	} else if (rc) {
		return rc;
	}
	r->crc_seed = wal_crc_seed(number, salt);
	r->offset = min_of(r->size, (uint64_t)WAL_FILE_HEADER_SIZE);
	return 0;
}

static int open_log(struct env_dir *dir, uint64_t number, struct wal_reader *r,
		    const uint64_t *known_salt)
{
	int rc;

	wal_file_name(number, r->name);
	rc = env_dir_open(dir, r->name, ENV_READ, &r->file);
	if (!rc)
		rc = read_header(r, number, known_salt);
	if (!rc)
		env_file_read_ahead(r->file, 0, 0);
	return rc;
}

int wal_reader_open(struct env_dir *dir, uint64_t number, struct wal_reader **ret_reader)
{
	return wal_reader_open_sized(dir, number, WAL_READ_BYTES, ret_reader);
}

int wal_reader_open_sized(struct env_dir *dir, uint64_t number, uint32_t read_bytes,
			  struct wal_reader **ret_reader)
{
	struct wal_reader *r = calloc(1, sizeof(*r));
	int rc = -ENOMEM;

	if (r) {
		r->read_bytes = read_bytes;
		rc = open_log(dir, number, r, NULL);
	}
	if (rc)
		wal_reader_close(r);
	else
		*ret_reader = r;
	return rc;
}

int wal_reader_open_damaged(struct env_dir *dir, uint64_t number, const uint64_t *salt,
			    struct wal_reader **ret_reader)
{
	struct wal_reader *r = calloc(1, sizeof(*r));
	int rc = -ENOMEM;

	if (r) {
		r->patchy = true;
		r->read_bytes = WAL_READ_BYTES;
		rc = open_log(dir, number, r, salt);
	}
	if (rc)
		wal_reader_close(r);
	else
		*ret_reader = r;
	return rc;
}

uint64_t wal_reader_unreadable(const struct wal_reader *r)
{
	return r->unreadable;
}

bool wal_reader_has_header(const struct wal_reader *r)
{
	return !r->headless;
}

void wal_reader_close(struct wal_reader *r)
{
	if (!r)
		return;
	env_file_close(r->file);
	buf_done(&r->window);
	free(r);
}

static bool all_zero(const uint8_t *bytes, uint64_t len)
{
	return len == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0);
}

/*
 * Look for a whole, right record at `at`, with a header's room there. 0 and *ret_rec; -EBADMSG and
 * *ret_wrong; or the env's error, -ENOMEM. Memory for a payload is taken only once its header's
 * checksum was right.
 */
static int examine(struct wal_reader *r, uint64_t at, struct wal_record *ret_rec,
		   const char **ret_wrong)
{
	const uint8_t *bytes;
	struct wal_record rec;
	int rc = view(r, at, WAL_RECORD_HEADER_SIZE, &bytes);

	if (rc)
		return rc;
	*ret_wrong = wal_record_header_decode(bytes, r->crc_seed,
					      r->size - at - WAL_RECORD_HEADER_SIZE, &rec);
	if (*ret_wrong)
		return -EBADMSG;

	size_t padding = wal_padding(rec.payload.len);

	rc = view(r, at, WAL_RECORD_HEADER_SIZE + rec.payload.len + padding, &bytes);
	if (rc)
		return rc;
	rec.payload.ptr = bytes + WAL_RECORD_HEADER_SIZE;
	if (crc32c(0, rec.payload.ptr, rec.payload.len) != rec.payload_crc)
		*ret_wrong = "payload fails its checksum";
	else if (!all_zero(rec.payload.ptr + rec.payload.len, padding))
		*ret_wrong = "bytes between the records are set";
	if (*ret_wrong)
		return -EBADMSG;
	*ret_rec = rec;
	return 0;
}

/* What wal_reader_next sees first: whether zeros, or nothing at all, stand where a header is due.
 */
static int at_end(struct wal_reader *r, bool *ret_end)
{
	const uint8_t *bytes;
	uint64_t len = min_of(r->size - r->offset, (uint64_t)WAL_RECORD_HEADER_SIZE);
	int rc = view(r, r->offset, len, &bytes);

	if (rc)
		return rc;
	*ret_end = all_zero(bytes, len);
	return 0;
}

static void note_own(struct wal_reader *r, uint64_t end)
{
	end = min_of(end, r->old_end);
	r->own_end = max_of(r->own_end, end);
}

int wal_reader_next(struct wal_reader *r, struct wal_record *ret_rec)
{
	const char *wrong = "record header is cut off";
	bool end;
	int rc = at_end(r, &end);

	if (rc)
		return rc;
	if (end)
		return -ENODATA;
	if (r->size - r->offset < WAL_RECORD_HEADER_SIZE)
		rc = -EBADMSG;
	else
		rc = examine(r, r->offset, ret_rec, &wrong);
	if (rc == -EBADMSG) {
		/* zeros would stand here, had not something been written */
		note_own(r, r->offset + WAL_RECORD_HEADER_SIZE);
		return fail(rc, "%s: offset %" PRIu64 ": %s", r->name, r->offset, wrong);
	}
	if (rc)
		return rc;
	r->offset +=
		WAL_RECORD_HEADER_SIZE + ret_rec->payload.len + wal_padding(ret_rec->payload.len);
	note_own(r, r->offset);
	return 0;
}

/* The first place from `at` on where a record header is possible; the file's size: there is none.
 */
static int find_possible(struct wal_reader *r, uint64_t at, uint64_t *ret_at)
{
	while (at <= r->size && r->size - at >= WAL_RECORD_HEADER_SIZE) {
		const uint8_t *bytes;
		int rc = view(r, at, WAL_RECORD_HEADER_SIZE, &bytes);

		if (rc)
			return rc;
		uint64_t viewed = r->window_at + r->window.len - at;

		for (uint64_t k = 0; k + WAL_RECORD_HEADER_SIZE <= viewed; k += WAL_ALIGN) {
			if (wal_record_header_is_possible(bytes + k)) {
				*ret_at = at + k;
				return 0;
			}
		}
		at += (viewed - WAL_RECORD_HEADER_SIZE) / WAL_ALIGN * WAL_ALIGN + WAL_ALIGN;
	}
	*ret_at = r->size;
	return 0;
}

int wal_reader_resync(struct wal_reader *r)
{
	struct wal_record rec;
	const char *wrong;
	uint64_t at = r->offset;

	/*
	 * Linear in the file: a payload is read only behind a header whose checksum, salted with
	 * what no user knows, is right, so nobody can plant many of them.
	 */
	for (;;) {
		int rc = find_possible(r, at + WAL_ALIGN, &at);

		if (rc)
			return rc;
		if (at == r->size)
			return -ENODATA;
		rc = examine(r, at, &rec, &wrong);
		if (rc == 0)
			r->offset = at;
		if (rc != -EBADMSG)
			return rc;
	}
}

uint64_t wal_reader_offset(const struct wal_reader *r)
{
	return r->offset;
}

bool wal_reader_has_old_bytes(const struct wal_reader *r)
{
	return r->offset < r->old_end;
}

int wal_reader_bytes_after(struct wal_reader *r, uint64_t offset, uint64_t *ret_bytes)
{
	uint64_t from = max_of(offset, r->old_end);
	uint64_t end = r->size;

	/* From the back: what is looked for stands, if anywhere, behind the zeros of allocated
	 * space. */
	while (end > from) {
		uint64_t len = min_of(end - from, r->read_bytes);
		const uint8_t *bytes;
		int rc = view(r, end - len, len, &bytes);

		if (rc)
			return rc;
		if (!all_zero(bytes, len)) {
			while (bytes[len - 1] == 0) {
				len--;
				end--;
			}
			break;
		}
		end -= len;
	}
	if (end <= from)
		end = r->own_end;
	*ret_bytes = end > offset ? end - offset : 0;
	return 0;
}
