#include "tests/rot/rot_expect.h"

#include "lsm/blob/blob_format.h"
#include "lsm/tree/manifest_format.h"
#include "lsm/wal/wal_codec.h"
#include "tests/rot/rot_chunks.h"

static struct rot_expect whole(const struct rot_store *s)
{
	return (struct rot_expect){
		.recovery = LSM_RECOVER_TAIL, .low = s->changes, .high = s->changes};
}

static struct rot_expect refused(const struct rot_store *s)
{
	struct rot_expect e = whole(s);

	e.may_fail = e.must_fail = e.must_notice = true;
	return e;
}

/* The damaged file still has the bytes [offset, end) of the pristine one. */
static bool is_same(struct slice pristine, struct slice bytes, uint64_t offset, uint64_t end)
{
	return bytes.len >= end &&
	       memcmp(pristine.ptr + offset, bytes.ptr + offset, end - offset) == 0;
}

static struct rot_expect expect_manifest(const struct rot_store *s, size_t file, struct slice bytes)
{
	struct slice pristine = buf_slice(&s->files[file].bytes);
	struct rot_expect e = whole(s);
	bool bad = false;

	if (!is_same(pristine, bytes, 0, s->edits[0].end))
		return refused(s);
	for (size_t i = 1; i < s->edit_count; i++) {
		bool same = is_same(pristine, bytes, s->edits[i].offset, s->edits[i].end);

		if (same && bad)
			return refused(s);
		bad = bad || !same;
	}
	e.may_fail = bad;
	e.may_report = true;
	return e;
}

/* The world before the record with this seqno. */
static uint32_t world_before(const struct rot_store *s, uint64_t seqno)
{
	uint32_t n = s->changes;

	while (n > 0 && s->last_seqno[n] >= seqno)
		n--;
	return n;
}

static bool record_is_same(const struct rot_store *s, const struct rot_record *r, size_t file,
			   struct slice bytes)
{
	struct slice pristine = buf_slice(&s->files[r->file].bytes);

	return r->file != file || is_same(pristine, bytes, r->offset, r->end);
}

static bool is_proven(const struct rot_store *s, size_t first_bad, size_t file, struct slice bytes)
{
	uint64_t seqno = s->records[first_bad].first_seqno;

	if (s->noted_durable >= seqno)
		return true;
	for (size_t i = first_bad + 1; i < s->record_count; i++) {
		if (s->records[i].durable_seqno >= seqno &&
		    record_is_same(s, &s->records[i], file, bytes))
			return true;
	}
	return false;
}

/* Whether a record that proves it stands, whole, in another place than its own: swapped sectors can
 * have taken it there, and nothing in a record tells its offset. */
static bool is_proven_elsewhere(const struct rot_store *s, size_t first_bad, size_t file,
				struct slice bytes)
{
	for (size_t i = first_bad + 1; i < s->record_count; i++) {
		const struct rot_record *r = &s->records[i];
		const uint8_t *own = s->files[r->file].bytes.ptr + r->offset;

		if (r->file == file && r->durable_seqno >= s->records[first_bad].first_seqno &&
		    memmem(bytes.ptr, bytes.len, own, r->end - r->offset))
			return true;
	}
	return false;
}

/* The log of the last record: the history ends in it. */
static size_t newest_log(const struct rot_store *s)
{
	return s->record_count > 0 ? s->records[s->record_count - 1].file : SIZE_MAX;
}

bool rot_is_dead(const struct rot_store *s, size_t file, uint64_t offset)
{
	uint64_t end = WAL_FILE_HEADER_SIZE;

	if (s->files[file].kind == ROT_BLOB)
		return rot_chunk_is_dead(s, file, offset);
	if (s->files[file].kind != ROT_LOG)
		return false;
	for (size_t i = 0; i < s->record_count; i++)
		if (s->records[i].file == file)
			end = max_of(end, s->records[i].end);
	if (file != newest_log(s))
		return offset >= end;
	return offset >= end + WAL_RECORD_HEADER_SIZE &&
	       offset < wal_file_header_old_end(s->files[file].bytes.ptr);
}

static struct rot_expect expect_log(const struct rot_store *s, size_t file, struct slice bytes)
{
	struct rot_expect e = whole(s);
	size_t bad = 0;

	if (!is_same(buf_slice(&s->files[file].bytes), bytes, 0, WAL_FILE_HEADER_SIZE))
		return refused(s);
	e.may_report = true;
	while (bad < s->record_count && record_is_same(s, &s->records[bad], file, bytes))
		bad++;
	if (bad == s->record_count)
		return e;
	if (is_proven(s, bad, file, bytes))
		return refused(s);
	e.low = e.high = world_before(s, s->records[bad].first_seqno);
	e.may_fail = is_proven_elsewhere(s, bad, file, bytes);
	return e;
}

/* It was on the disk before something that is there now. */
static bool is_durable(const struct rot_store *s, const struct rot_record *r)
{
	bool durable = s->noted_durable >= r->last_seqno;

	for (size_t i = 0; !durable && i < s->record_count; i++)
		durable = s->records[i].durable_seqno >= r->last_seqno;
	return durable;
}

/* The history ends before the first record in whose chunk nothing can be trusted: no sync came
 * between it and the end. */
static void end_before(const struct rot_store *s, const struct rot_record *r, struct rot_expect *e)
{
	e->high = min_of(e->high, world_before(s, r->first_seqno));
	e->low = e->high;
}

static struct rot_expect expect_blob(const struct rot_store *s, size_t file, struct slice bytes)
{
	struct slice pristine = buf_slice(&s->files[file].bytes);
	bool header = is_same(pristine, bytes, 0, BLOB_HEADER_SIZE);
	struct rot_expect e = whole(s);

	for (size_t i = 0; i < s->chunk_count; i++) {
		const struct rot_chunk *c = &s->chunks[i];

		if (c->file != file || (header && is_same(pristine, bytes, c->at, c->end)))
			continue;
		if (c->record == ROT_OF_TABLE && bytes.len < c->end)
			return refused(s);
		e.must_notice = true;
		if (c->record == ROT_OF_TABLE || is_durable(s, &s->records[c->record]))
			e.may_fail = true;
		else
			end_before(s, &s->records[c->record], &e);
	}
	return e;
}

static struct rot_expect expect_no_blob(const struct rot_store *s, size_t file)
{
	struct rot_expect e = whole(s);

	e.missing = true;
	for (size_t i = 0; i < s->chunk_count; i++) {
		const struct rot_chunk *c = &s->chunks[i];

		if (c->file != file)
			continue;
		e.must_notice = true;
		if (c->record == ROT_OF_TABLE || is_durable(s, &s->records[c->record]))
			e.may_fail = e.must_fail = true;
		else
			end_before(s, &s->records[c->record], &e);
	}
	return e;
}

struct rot_expect rot_expect_bytes(const struct rot_store *s, size_t file, struct slice bytes)
{
	struct rot_expect e = whole(s);

	if (s->files[file].is_stray || slice_eq(buf_slice(&s->files[file].bytes), bytes))
		return e;
	switch (s->files[file].kind) {
	case ROT_ASIDE:
		return e;
	case ROT_CURRENT:
		return refused(s);
	case ROT_TABLE:
		e.may_fail = e.must_notice = true;
		return e;
	case ROT_BLOB:
		return expect_blob(s, file, bytes);
	case ROT_MANIFEST:
		return expect_manifest(s, file, bytes);
	case ROT_LOG:
		break;
	}
	return expect_log(s, file, bytes);
}

struct rot_expect rot_expect_other(const struct rot_store *s, size_t file, struct slice bytes)
{
	struct rot_expect e = rot_expect_bytes(s, file, bytes);

	if (s->files[file].kind == ROT_MANIFEST) {
		e = whole(s);
		e.may_fail = true;
	}
	return e;
}

struct rot_expect rot_expect_missing(const struct rot_store *s, size_t file)
{
	struct rot_expect e = refused(s);

	if (s->files[file].kind == ROT_BLOB)
		return expect_no_blob(s, file);
	e.missing = true;
	return s->files[file].kind == ROT_ASIDE || s->files[file].is_stray ? whole(s) : e;
}

/* The first record that does not stand in the log as it was, or of the log and newer ones when its
 * header does not; record_count: none. */
static size_t first_bad(const struct rot_store *s, size_t file, struct slice bytes)
{
	bool header = is_same(buf_slice(&s->files[file].bytes), bytes, 0, WAL_FILE_HEADER_SIZE);
	size_t bad = 0;

	/* files are sorted by name, so logs by age */
	while (bad < s->record_count && (header ? record_is_same(s, &s->records[bad], file, bytes)
						: s->records[bad].file < file))
		bad++;
	return bad;
}

static struct rot_expect expect_prefix(const struct rot_store *s, size_t file, struct slice bytes,
				       const struct rot_expect *tail)
{
	struct rot_expect e = *tail;

	if (s->files[file].kind != ROT_LOG || !bytes.ptr || !e.may_fail)
		return e;
	size_t bad = first_bad(s, file, bytes);

	e.may_tell = true;
	e.must_tell = e.must_fail;
	e.told_low =
		bad < s->record_count ? world_before(s, s->records[bad].first_seqno) : s->changes;
	e.told_high = e.told_low;
	e.may_fail = e.must_fail = false;
	e.may_report = true;
	return e;
}

struct rot_expect rot_expect_mode(const struct rot_store *s, size_t file, struct slice bytes,
				  const struct rot_expect *tail, enum lsm_recovery recovery)
{
	struct rot_expect e = *tail;

	if (recovery == LSM_RECOVER_PREFIX)
		e = expect_prefix(s, file, bytes, tail);
	e.recovery = recovery;
	return e;
}
