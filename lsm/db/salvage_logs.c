#include "lsm/db/salvage_logs.h"

#include <errno.h>

#include "lsm/base/error.h"
#include "lsm/db/recover.h"
#include "lsm/db/recover_blobs.h"
#include "lsm/tree/file_id.h"
#include "lsm/tree/manifest_format.h"
#include "lsm/wal/wal_reader.h"
#include "lsm/wal/wal_writer.h"

/* One walk over a log. */
struct log_walk {
	struct salvage_plan *plan;
	struct salvage_losses *losses;
	struct salvage_log_end *end;
	struct memtable *memtable;
	struct wal_reader *reader;
	uint64_t number;
	char name[ENV_NAME_MAX + 1];
	bool damaged, found;
};

static uint64_t max_seqno(uint64_t a, uint64_t b)
{
	return max_of(a, b);
}

/* until: the change that does come next; 0: none does. */
static void say_changes(struct salvage_losses *l, uint64_t due, uint64_t until)
{
	salvage_lose_changes(l, max_of(due, UINT64_C(1)), until ? until - 1 : RECORD_SEQNO_MAX);
	if (due && until > due)
		salvage_say(l, ", changes %llu to %llu are lost", (unsigned long long)due,
			    (unsigned long long)until - 1);
	else if (until)
		salvage_say(l, ", changes before %llu may be lost", (unsigned long long)until);
	else if (due)
		salvage_say(l, ", changes from %llu on may be lost", (unsigned long long)due);
	else
		salvage_say(l, ", its changes are lost");
	salvage_say_end(l);
}

void salvage_log_tell_gap(struct salvage_losses *losses, struct salvage_log_end *end,
			  uint64_t until)
{
	char name[ENV_NAME_MAX + 1];

	if (!end->gap)
		return;
	end->gap = false;
	losses->report.logs_damaged += !end->log_counted;
	losses->report.bytes_lost += end->bytes;
	wal_file_name(end->log, name);
	salvage_say(losses, "%s: offset %llu: %llu bytes are no whole record", name,
		    (unsigned long long)end->offset, (unsigned long long)end->bytes);
	say_changes(losses, end->due, until);
}

/* The same; this log is counted at its end. */
static void tell_gap(struct log_walk *w, uint64_t until)
{
	if (w->end->gap && w->end->log == w->number) {
		w->end->log_counted = true;
		w->damaged = true;
	}
	salvage_log_tell_gap(w->losses, w->end, until);
}

/* The record at `offset` is right: are there any missing before it? */
static void check_due(struct log_walk *w, const struct wal_record *rec, uint64_t offset)
{
	uint64_t due = w->end->due;

	if (w->end->gap) {
		tell_gap(w, rec->first_seqno);
	} else if (due && rec->first_seqno > due) {
		w->damaged = true;
		salvage_say(w->losses, "%s: offset %llu: change %llu follows", w->name,
			    (unsigned long long)offset, (unsigned long long)rec->first_seqno);
		say_changes(w->losses, due, rec->first_seqno);
	}
	w->end->due = max_seqno(due, rec->first_seqno + rec->count);
}

static int check_batch(const struct wal_record *rec, uint64_t last)
{
	uint32_t count;
	int err;

	if (rec->first_seqno == 0 || last > MANIFEST_COUNT_MAX)
		return fail(-EUCLEAN, "seqno out of range");
	err = batch_check(rec->payload, &count);
	if (!err && count != rec->count)
		err = fail(-EUCLEAN, "%u changes instead of %u", count, rec->count);
	return err;
}

static void tell_batch_lost(struct log_walk *w, const struct wal_record *rec, uint64_t last,
			    uint64_t offset)
{
	w->damaged = true;
	w->losses->report.bytes_lost += rec->payload.len;
	salvage_lose_changes(w->losses, rec->first_seqno, last);
	salvage_lost(w->losses, "%s: offset %llu: %s, changes %llu to %llu are lost", w->name,
		     (unsigned long long)offset, fail_text(), (unsigned long long)rec->first_seqno,
		     (unsigned long long)last);
}

/* why: fail_text. */
static void tell_change_lost(struct log_walk *w, const struct record *change, uint64_t seqno,
			     uint64_t offset)
{
	w->damaged = true;
	w->losses->report.bytes_lost += change->meta.len + change->value.len;
	salvage_lose_changes(w->losses, seqno, seqno);
	salvage_say(w->losses, "%s: offset %llu: %s: change %llu of the key ", w->name,
		    (unsigned long long)offset, fail_text(), (unsigned long long)seqno);
	salvage_say_key(w->losses, change->key);
	salvage_say(w->losses, " is lost");
	salvage_say_end(w->losses);
}

static int apply_run(struct log_walk *w, const struct wal_record *run)
{
	int err = run->count ? db_apply_logged(w->memtable, run) : 0;

	if (!err)
		w->losses->report.log_records += run->count;
	return err;
}

/* Of a batch whose changes can be told apart: those that make sense, in runs. */
static int apply_sensible(struct log_walk *w, const struct wal_record *rec, uint64_t offset)
{
	struct slice rest = rec->payload;
	struct wal_record run = *rec;
	struct record change;
	int err;

	run.count = 0;
	run.payload.len = 0;
	while ((err = batch_take(&rest, &change)) == 0) {
		struct slice extents;

		if (logged_extents(&change, &extents) == 0) {
			run.count++;
			run.payload.len = (size_t)(rest.ptr - run.payload.ptr);
			continue;
		}
		tell_change_lost(w, &change, run.first_seqno + run.count, offset);
		err = apply_run(w, &run);
		if (err)
			return err;
		run.first_seqno += run.count + 1;
		run.count = 0;
		run.payload = slice_of(rest.ptr, 0);
	}
	return err == -ENODATA ? apply_run(w, &run) : err;
}

static int take_batch(struct log_walk *w, const struct wal_record *rec, uint64_t offset)
{
	uint64_t last = rec->first_seqno + rec->count - 1;
	int err;

	if (last <= w->plan->flushed_seqno)
		return 0;
	err = check_batch(rec, last);
	if (err == -EUCLEAN) {
		tell_batch_lost(w, rec, last, offset);
		return 0;
	}
	if (!err)
		err = apply_sensible(w, rec, offset);
	if (err)
		return err;
	w->plan->newest_seqno = max_seqno(w->plan->newest_seqno, last);
	return 0;
}

static int take_record(struct log_walk *w, const struct wal_record *rec, uint64_t offset)
{
	w->found = true;
	check_due(w, rec, offset);
	return rec->type == WAL_BATCH ? take_batch(w, rec, offset) : 0;
}

/* No record at `offset` (rc: bad bytes, or zeros). On to the next; -ENODATA: there is none. */
static int skip_gap(struct log_walk *w, uint64_t offset)
{
	uint64_t behind = 0;
	int rc = wal_reader_bytes_after(w->reader, offset, &behind);

	if (rc)
		return rc;
	if (behind == 0 && !wal_reader_has_old_bytes(w->reader))
		return -ENODATA;
	rc = wal_reader_resync(w->reader);
	if (rc && (rc != -ENODATA || behind == 0))
		return rc;
	tell_gap(w, 0); /* an older log's: both cannot be the end */
	w->end->gap = true;
	w->end->log = w->number;
	w->end->log_counted = false;
	w->end->offset = offset;
	w->end->bytes = rc ? behind : wal_reader_offset(w->reader) - offset;
	return rc;
}

static int walk_records(struct log_walk *w)
{
	int rc;

	do {
		uint64_t offset = wal_reader_offset(w->reader);
		struct wal_record rec;

		rc = wal_reader_next(w->reader, &rec);
		if (rc == 0)
			rc = take_record(w, &rec, offset);
		else if (rc == -EBADMSG || rc == -ENODATA)
			rc = skip_gap(w, offset);
	} while (rc == 0);
	return rc == -ENODATA ? 0 : rc;
}

static void tell_unreadable(struct log_walk *w)
{
	uint64_t bytes = wal_reader_unreadable(w->reader);

	if (bytes == 0)
		return;
	w->damaged = true;
	salvage_say(w->losses, "%s: %llu bytes cannot be read", w->name, (unsigned long long)bytes);
	say_changes(w->losses, w->end->due, 0);
}

/* why: a sentence that names the file, or a missing one's errno. */
static void tell_log_lost(struct log_walk *w, int why)
{
	w->losses->report.logs_lost++;
	if (why == -ENOENT)
		salvage_say(w->losses, "%s: offset 0: the log is missing", w->name);
	else
		salvage_say(w->losses, "%s", fail_text());
	say_changes(w->losses, w->end->due, 0);
}

static int open_log(struct log_walk *w, struct env_dir *dir, uint64_t number)
{
	uint64_t salt = file_id_make(w->plan->store_id, number);

	return wal_reader_open_damaged(dir, number, w->plan->has_store_id ? &salt : NULL,
				       &w->reader);
}

static int walk_log(struct log_walk *w)
{
	int err = walk_records(w);

	if (err)
		return err;
	tell_unreadable(w);
	/* A header was on the disk before any record: without it and them, there may have been
	 * some. */
	if (!wal_reader_has_header(w->reader) && !w->found) {
		(void)fail(-EUCLEAN, "%s: offset 0: no file header and no record", w->name);
		tell_log_lost(w, -EUCLEAN);
		return 0;
	}
	w->losses->report.logs_read++;
	bool damaged = w->damaged || !wal_reader_has_header(w->reader);

	w->losses->report.logs_damaged += damaged;
	if (damaged && w->end->log == w->number)
		w->end->log_counted = true;
	return 0;
}

int salvage_log(struct env_dir *dir, uint64_t number, struct salvage_plan *plan,
		struct salvage_losses *losses, struct salvage_log_end *end,
		struct memtable *memtable)
{
	struct log_walk w = {
		.plan = plan, .losses = losses, .end = end, .memtable = memtable, .number = number};
	int err;

	wal_file_name(number, w.name);
	err = open_log(&w, dir, number);
	if (err == -ENOENT || table_is_damage(err)) {
		tell_log_lost(&w, err);
		return 0;
	}
	if (err)
		return err;
	err = walk_log(&w);
	wal_reader_close(w.reader);
	return err;
}
