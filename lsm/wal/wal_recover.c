#include "lsm/wal/wal_recover.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>

#include "lsm/base/error.h"
#include "lsm/wal/wal_reader.h"
#include "lsm/wal/wal_writer.h"

/*
 * The logs are read once, in order, and every record that continues the history is applied at once.
 * The history ends at the first place that does not: a record that is not whole and right, one that
 * leaves seqnos out, or zeros with records behind them. From there on the rest of that log and all
 * newer ones are searched for a proof that what is missing had been on the disk. So a proof can
 * come after apply has been called, which wal_recover.h says; the alternative would be to read
 * every log twice at every start for the sake of a case that ends with an error.
 */
struct replay {
	struct env_dir *dir;
	const struct wal_set *logs;
	int (*apply)(void *arg, const struct wal_record *rec);
	void *arg;
	bool ended; /* the history has: the logs after this one are not replayed */
	uint64_t at_number,
		at_offset;         /* the place being looked at: where the history would go on */
	struct wal_recovery found; /* its tail: behind the last record taken in */
};

static void close_reader(struct wal_reader **r)
{
	wal_reader_close(*r);
}

#define cleanup_reader __attribute__((cleanup(close_reader)))

/* The seqno that continues the history. */
static uint64_t due(const struct replay *p)
{
	return p->found.last_seqno + 1;
}

/* A listed log that is not there, or whose header is wrong, is damage: both were synced before its
 * first use. */
static int open_log(const struct replay *p, size_t index, struct wal_reader **ret_reader)
{
	char name[ENV_NAME_MAX + 1];
	uint32_t read_bytes = p->logs->read_bytes ? p->logs->read_bytes : (uint32_t)WAL_READ_BYTES;
	int rc = wal_reader_open_sized(p->dir, p->logs->numbers[index], read_bytes, ret_reader);

	if (rc == -ENOENT) {
		wal_file_name(p->logs->numbers[index], name);
		return fail(-EUCLEAN, "%s: log is missing", name);
	}
	return rc == -EBADMSG ? -EUCLEAN : rc; /* the sentence stands */
}

static int refuse(const struct replay *p, uint64_t proof_number, uint64_t proof_offset)
{
	char name[ENV_NAME_MAX + 1];
	char proof_name[ENV_NAME_MAX + 1];

	wal_file_name(p->at_number, name);
	wal_file_name(proof_number, proof_name);
	return fail(-EUCLEAN,
		    "%s: offset %" PRIu64 ": no valid record of change %" PRIu64
		    ", yet the record in %s at offset %" PRIu64 " proves that it was on the disk",
		    name, p->at_offset, due(p), proof_name, proof_offset);
}

/* The history ends before what the caller knows to have been on the disk: at a place that is bad,
 * which may be in a newer log than its tail, or at its tail, behind which there is nothing. */
static int refuse_by_caller(const struct replay *p)
{
	char name[ENV_NAME_MAX + 1];

	wal_file_name(p->ended ? p->at_number : p->found.tail_number, name);
	return fail(-EUCLEAN,
		    "%s: offset %" PRIu64 ": no valid record of change %" PRIu64
		    ", yet the manifest proves that it was on the disk",
		    name, p->ended ? p->at_offset : p->found.tail_offset, due(p));
}

/*
 * Search from the reader's place to its end for a record that proves the change due to have
 * been durable. 0 and its offset, -ENODATA, or an error.
 */
static int find_proof(const struct replay *p, struct wal_reader *r, uint64_t *ret_offset)
{
	struct wal_record rec;

	for (;;) {
		uint64_t at = wal_reader_offset(r);
		int rc = wal_reader_next(r, &rec);

		if (rc == -EBADMSG || rc == -ENODATA)
			rc = wal_reader_resync(r);
		else if (rc == 0 && rec.durable_seqno >= due(p)) {
			*ret_offset = at;
			return 0;
		}
		if (rc)
			return rc;
	}
}

/* Search one log from its reader's place on; count what is thrown away with it from lost_at on. */
static int search_log(struct replay *p, size_t index, struct wal_reader *r, uint64_t lost_at)
{
	uint64_t offset;
	uint64_t lost;
	int rc = find_proof(p, r, &offset);

	if (rc == 0)
		return refuse(p, p->logs->numbers[index], offset);
	if (rc != -ENODATA)
		return rc;
	rc = wal_reader_bytes_after(r, lost_at, &lost);
	if (rc)
		return rc;
	p->found.torn_bytes += lost;
	return 0;
}

/*
 * Whether the next log that holds anything begins with the change due. Then log `index` ended
 * where it is looked at, and what stands there is no record of the history: a torn one would have
 * that very seqno.
 */
static int goes_on(const struct replay *p, size_t index, bool *ret_goes_on)
{
	for (size_t i = index + 1; i < p->logs->count; i++) {
		cleanup_reader struct wal_reader *r = NULL;
		struct wal_record rec;
		int rc = open_log(p, i, &r);

		if (!rc)
			rc = wal_reader_next(r, &rec);
		if (rc == -ENODATA)
			continue;
		if (rc && rc != -EBADMSG)
			return rc;
		*ret_goes_on = rc == 0 && rec.first_seqno == due(p);
		return 0;
	}
	*ret_goes_on = false;
	return 0;
}

/*
 * No record that continues the history stands in log `index` at at_offset. If none stands in a
 * newer log either the history ends there: torn, if nothing proves damage.
 */
static int judge(struct replay *p, size_t index, struct wal_reader *r)
{
	bool is_end_of_log;
	int rc = goes_on(p, index, &is_end_of_log);

	if (rc || is_end_of_log)
		return rc;
	rc = search_log(p, index, r, p->at_offset);
	if (rc)
		return rc;
	for (size_t i = index + 1; i < p->logs->count; i++) {
		cleanup_reader struct wal_reader *newer = NULL;

		rc = open_log(p, i, &newer);
		if (rc)
			return rc;
		rc = search_log(p, i, newer, WAL_FILE_HEADER_SIZE);
		if (rc)
			return rc;
	}
	p->ended = true;
	return 0;
}

/* A right record, but not of the change due; r stands behind it. */
static int judge_gap(struct replay *p, size_t index, struct wal_reader *r,
		     const struct wal_record *rec)
{
	char name[ENV_NAME_MAX + 1];

	wal_file_name(p->logs->numbers[index], name);
	/* Lost writes leave seqnos out; nothing but a wrong set of logs repeats them. */
	if (rec->first_seqno < due(p))
		return fail(-EUCLEAN,
			    "%s: offset %" PRIu64 ": change %" PRIu64 " where %" PRIu64 " is due",
			    name, p->at_offset, rec->first_seqno, due(p));
	if (rec->durable_seqno >= due(p))
		return refuse(p, p->logs->numbers[index], p->at_offset);
	return judge(p, index, r);
}

/* No record here. It is the end of this log, unless a record stands behind it: then it is a hole.
 */
static int judge_end(struct replay *p, size_t index, struct wal_reader *r)
{
	uint64_t behind;
	int rc = wal_reader_bytes_after(r, p->at_offset, &behind);

	if (rc || (behind == 0 && !wal_reader_has_old_bytes(r)))
		return rc;
	rc = wal_reader_resync(r);
	if (rc == 0)
		return judge(p, index, r);
	if (rc != -ENODATA)
		return rc;
	if (index + 1 == p->logs->count)
		p->found.torn_bytes = behind;
	return 0;
}

/* The record is whole, yet apply makes no sense of it and has said why. */
static int refuse_content(const struct replay *p)
{
	char name[ENV_NAME_MAX + 1];

	wal_file_name(p->at_number, name);
	return fail(-EUCLEAN, "%s: offset %" PRIu64 ": %s", name, p->at_offset, fail_text());
}

static int apply_record(struct replay *p, const struct wal_record *rec)
{
	p->found.durable_seqno = max_of(p->found.durable_seqno, rec->durable_seqno);
	if (rec->type == WAL_MARK)
		return 0;
	int rc = p->apply(p->arg, rec);
	if (rc == -EUCLEAN)
		return refuse_content(p);
	if (rc < 0)
		return rc;
	p->found.last_seqno += rec->count;
	p->found.records++;
	p->found.payload_bytes += rec->payload.len;
	return 0;
}

/* The records of the log that were taken in reach to here. */
static void note_end(const struct replay *p, size_t index, uint64_t offset)
{
	if (p->logs->ends)
		p->logs->ends[index] = offset;
}

/* The history reaches to here. A log without records leaves the tail in the one before it. */
static void note_tail(struct replay *p, uint64_t offset)
{
	p->found.tail_number = p->at_number;
	p->found.tail_offset = offset;
}

static int replay_log(struct replay *p, size_t index)
{
	cleanup_reader struct wal_reader *r = NULL;
	int rc = open_log(p, index, &r);

	if (rc)
		return rc;
	p->at_number = p->logs->numbers[index];
	if (p->logs->at_log)
		*p->logs->at_log = p->at_number;
	if (index == 0)
		note_tail(p, wal_reader_offset(r));
	note_end(p, index, wal_reader_offset(r));
	for (;;) {
		struct wal_record rec;

		p->at_offset = wal_reader_offset(r);
		rc = wal_reader_next(r, &rec);
		if (rc == -EBADMSG)
			return judge(p, index, r);
		if (rc == -ENODATA)
			return judge_end(p, index, r);
		if (rc)
			return rc;
		if (rec.first_seqno != due(p))
			return judge_gap(p, index, r, &rec);
		if (p->logs->bad_seqno && rec.first_seqno + rec.count > p->logs->bad_seqno)
			return judge(p, index, r);
		rc = apply_record(p, &rec);
		if (rc)
			return rc;
		note_tail(p, wal_reader_offset(r));
		note_end(p, index, wal_reader_offset(r));
	}
}

static int check_end(const struct replay *p)
{
	char name[ENV_NAME_MAX + 1];

	if (p->found.damaged)
		return 0; /* known already */
	if (p->found.last_seqno < p->logs->durable_seqno)
		return refuse_by_caller(p);
	if (!p->found.torn || p->logs->policy != WAL_WHOLE)
		return 0;
	wal_file_name(p->found.tail_number, name);
	return fail(-EUCLEAN,
		    "%s: offset %" PRIu64 ": the log is torn here, %" PRIu64 " bytes follow", name,
		    p->found.tail_offset, p->found.torn_bytes);
}

/* Damage ends the history, if that is what the caller wants. */
static int accept(struct replay *p, int rc)
{
	if (rc != -EUCLEAN || p->logs->policy != WAL_PREFIX)
		return rc;
	p->found.damaged = true;
	p->ended = true;
	return 0;
}

int wal_recover(struct env_dir *dir, const struct wal_set *logs,
		int (*apply)(void *arg, const struct wal_record *rec), void *arg,
		struct wal_recovery *ret_recovery)
{
	struct replay p = {
		.dir = dir,
		.logs = logs,
		.apply = apply,
		.arg = arg,
		.found = {.last_seqno = logs->after_seqno,
			  .durable_seqno = max_of(logs->after_seqno, logs->durable_seqno)},
	};

	for (size_t i = 0; i < logs->count && !p.ended; i++) {
		assert(i == 0 || logs->numbers[i - 1] < logs->numbers[i]);
		int rc = accept(&p, replay_log(&p, i));
		if (rc)
			return rc;
	}
	p.found.torn = p.found.torn_bytes > 0;
	int rc = accept(&p, check_end(&p));

	if (rc)
		return rc;
	if (!p.found.damaged)
		fail_clear(); /* of the sentence about the torn end: that is no error */
	*ret_recovery = p.found;
	return 0;
}
