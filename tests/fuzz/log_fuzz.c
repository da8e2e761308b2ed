/*
 * A set of logs: recovery refuses it, or answers a history without a gap on which writing can go
 * on. Each log is also read by itself, to its end and over every bad place.
 *
 *	input: count of logs (u8), seqno before them (u64), the logs (sized; the last takes the
 *rest)
 */
#include <errno.h>

#include "lsm/base/crc32c.h"
#include "lsm/env/env_mem.h"
#include "lsm/mem/record.h"
#include "lsm/wal/wal_reader.h"
#include "lsm/wal/wal_recover.h"
#include "lsm/wal/wal_writer.h"
#include "tests/fuzz/feed.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/seal.h"

enum {
	LOGS_MAX = 3,
};

#define DISK_DIR "store"

struct history {
	uint64_t last_seqno;
	uint64_t records;
};

static int apply(void *arg, const struct wal_record *rec)
{
	struct history *h = arg;

	expect(rec->type == WAL_BATCH && rec->count > 0 && rec->payload.len > 0);
	expect(rec->first_seqno == h->last_seqno + 1);
	expect(rec->durable_seqno < rec->first_seqno);
	expect(crc32c(0, rec->payload.ptr, rec->payload.len) == rec->payload_crc);
	h->last_seqno += rec->count;
	h->records++;
	return 0;
}

static void expect_refusal(int rc)
{
	expect(rc == -EUCLEAN || rc == -EBADMSG);
}

/* Every good record of one log, the bad places skipped. */
static void read_alone(struct env_dir *dir, uint64_t number, uint64_t size)
{
	struct wal_reader *r;
	struct wal_record rec;
	uint64_t last = 0, left;
	int rc = wal_reader_open(dir, number, &r);

	if (rc) {
		expect_refusal(rc);
		return;
	}
	do {
		uint64_t at = wal_reader_offset(r);

		expect(at > last && at <= size && at % WAL_ALIGN == 0);
		rc = wal_reader_next(r, &rec);
		if (rc) {
			expect(rc == -EBADMSG || rc == -ENODATA);
			rc = wal_reader_resync(r);
			expect(rc == 0 || rc == -ENODATA);
		}
		last = at;
	} while (!rc);
	expect(wal_reader_bytes_after(r, last, &left) == 0 && left <= size - last);
	wal_reader_close(r);
}

/* What a caller of wal_recover does next: cut the tail, drop what is newer, log a change. */
static void go_on(struct env *env, struct env_dir *dir, const struct wal_set *logs,
		  const struct wal_recovery *found)
{
	struct wal_set rest = {.numbers = logs->numbers, .after_seqno = logs->after_seqno};
	struct history again = {.last_seqno = logs->after_seqno};
	struct wal_recovery after = {0};
	struct wal_writer *w;
	struct wal_record rec = {
		.type = WAL_BATCH,
		.count = 1,
		.first_seqno = found->last_seqno + 1,
		.payload = slice_str("change"),
		.payload_crc = crc32c(0, "change", 6),
	};

	for (size_t i = 0; i < logs->count; i++) {
		char name[ENV_NAME_MAX + 1];

		wal_file_name(logs->numbers[i], name);
		if (logs->numbers[i] > found->tail_number)
			expect(env_mem_remove_file(env, DISK_DIR, name) == 0);
		else
			rest.count++;
	}
	expect(wal_writer_resume(dir, found->tail_number, found->tail_offset, &w) == 0);
	expect(wal_writer_append(w, &rec) == 0);
	wal_writer_close(w);
	expect(wal_recover(dir, &rest, apply, &again, &after) == 0);
	expect(!after.torn && after.records == found->records + 1);
	expect(after.last_seqno == rec.first_seqno && again.last_seqno == after.last_seqno);
	expect(after.tail_number == found->tail_number);
}

/* What WAL_TAIL answered (rc, found) against the other policies. */
static void recover_otherwise(struct env_dir *dir, const struct wal_set *logs, int rc,
			      const struct wal_recovery *found)
{
	struct wal_set other = *logs;
	struct wal_recovery again = {0};
	struct history h = {.last_seqno = logs->after_seqno};

	other.policy = WAL_PREFIX;
	expect(wal_recover(dir, &other, apply, &h, &again) == 0);
	expect(again.last_seqno == h.last_seqno && again.records == h.records);
	expect(again.damaged == (rc != 0));
	expect(rc || (again.last_seqno == found->last_seqno && again.torn == found->torn));
	h = (struct history){.last_seqno = logs->after_seqno};
	other.policy = WAL_WHOLE;
	int whole = wal_recover(dir, &other, apply, &h, &again);

	expect((whole == 0) == (rc == 0 && !found->torn));
}

static void recover(struct env *env, struct env_dir *dir, const struct wal_set *logs)
{
	struct history h = {.last_seqno = logs->after_seqno};
	struct wal_recovery found = {0};
	int rc = wal_recover(dir, logs, apply, &h, &found);

	recover_otherwise(dir, logs, rc, &found);
	if (rc) {
		expect_refusal(rc);
		return;
	}
	expect(found.last_seqno == h.last_seqno && found.records == h.records);
	expect(found.tail_offset % WAL_ALIGN == 0 && found.torn == (found.torn_bytes > 0));
	if (logs->count > 0 && found.last_seqno < RECORD_SEQNO_MAX)
		go_on(env, dir, logs, &found);
}

static void put_log(struct env *env, uint64_t number, struct slice bytes)
{
	cleanup_buf struct buf content = {0};
	char name[ENV_NAME_MAX + 1];

	feed_put(&content, bytes);
	seal_log(content.ptr, content.len, SEAL_FILL);
	wal_file_name(number, name);
	expect(env_mem_set_file(env, DISK_DIR, name, buf_slice(&content)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const uint64_t numbers[LOGS_MAX] = {1, 2, 3};
	struct feed f = feed_of(bytes, len);
	struct wal_set logs = {.numbers = numbers, .count = feed_byte(&f) % (LOGS_MAX + 1)};
	struct env *env = env_mem_new();
	struct env_dir *dir;

	expect(env && env_open_dir(env, DISK_DIR, true, &dir) == 0);
	logs.after_seqno = feed_64(&f) & RECORD_SEQNO_MAX;
	for (size_t i = 0; i < logs.count; i++) {
		bool last = i + 1 == logs.count;
		struct slice log = last ? f.rest : feed_sized(&f);

		put_log(env, numbers[i], log);
		read_alone(dir, numbers[i], log.len);
	}
	recover(env, dir, &logs);
	env_dir_close(dir);
	env_free(env);
	return 0;
}

/* ---- seeds ---- */

struct seed_record {
	uint64_t log;
	uint32_t count; /* 0: a MARK */
	uint64_t durable_seqno;
	const char *payload;
};

/* Records of one history, over logs 1.. in turn; `reserve`: zeros behind each log. */
static void write_logs(struct env_dir *dir, const struct seed_record *records, size_t count,
		       bool reserve)
{
	struct wal_writer *w = NULL;
	uint64_t seqno = 1;

	for (size_t i = 0; i < count; i++) {
		const struct seed_record *s = &records[i];
		struct wal_record rec = {
			.type = s->count ? WAL_BATCH : WAL_MARK,
			.count = s->count,
			.first_seqno = seqno,
			.time_ns = 1000 + i,
			.durable_seqno = s->durable_seqno,
			.payload = slice_str(s->payload),
			.payload_crc = crc32c(0, s->payload, strlen(s->payload)),
		};

		if (!w || wal_writer_number(w) != s->log) {
			wal_writer_close(w);
			expect(wal_writer_create(dir, s->log, 77 * s->log, &w) == 0);
			if (reserve)
				expect(wal_writer_reserve(w, 8, 256) == 0);
		}
		expect(wal_writer_append(w, &rec) == 0);
		seqno += s->count;
	}
	wal_writer_close(w);
}

static void take_seed(const struct fuzz_sink *sink, const char *name, struct env *env,
		      uint8_t log_count, enum seal_mode mode)
{
	cleanup_buf struct buf seed = {0};

	feed_put_byte(&seed, log_count);
	feed_put_64(&seed, 0);
	for (uint64_t number = 1; number <= log_count; number++) {
		cleanup_buf struct buf log = {0};
		char file[ENV_NAME_MAX + 1];
		struct slice bytes;

		wal_file_name(number, file);
		expect(env_mem_file(env, DISK_DIR, file, &bytes) == 0);
		feed_put(&log, bytes);
		if (mode == SEAL_CLEAR)
			seal_log(log.ptr, log.len, SEAL_CLEAR);
		if (number < log_count)
			feed_put_sized(&seed, buf_slice(&log));
		else
			feed_put(&seed, buf_slice(&log));
	}
	sink->take(sink->arg, name, buf_slice(&seed));
}

/* The second log is made of the first: its few records stand before most of the older ones. */
static void seed_recycled(const struct fuzz_sink *sink, const char *name, enum seal_mode mode)
{
	static const struct seed_record older[] = {
		{1, 1, 0, "a longer record of the older log"},
		{1, 2, 0, "its second record"},
		{1, 1, 0, "its last"},
	};
	struct wal_record rec = {
		.type = WAL_BATCH,
		.count = 1,
		.first_seqno = 1,
		.time_ns = 1000,
		.payload = slice_str("newer"),
		.payload_crc = crc32c(0, "newer", 5),
	};
	struct env *env = env_mem_new();
	struct wal_writer *w;
	struct env_dir *dir;

	expect(env && env_open_dir(env, DISK_DIR, true, &dir) == 0);
	write_logs(dir, older, array_size(older), false);
	expect(wal_writer_recycle(dir, 1, 2, 154, &w) == 0);
	expect(wal_writer_append(w, &rec) == 0);
	wal_writer_close(w);
	/* an input's logs are 1, 2 ...: the other one is new and empty, and not the last */
	expect(wal_writer_create(dir, 1, 77, &w) == 0);
	wal_writer_close(w);
	take_seed(sink, name, env, 2, mode);
	env_dir_close(dir);
	env_free(env);
}

void fuzz_seeds(const struct fuzz_sink *sink)
{
	static const struct seed_record records[] = {
		{1, 1, 0, "first"},      {1, 2, 1, "two changes"},
		{1, 1, 1, "x"},          {1, 0, 4, ""},
		{2, 1, 3, "second log"}, {2, 3, 5, "12345678"},
		{2, 1, 5, "of 9 bytes"}, {2, 0, 9, ""},
	};

	for (unsigned reserve = 0; reserve <= 1; reserve++) {
		struct env *env = env_mem_new();
		struct env_dir *dir;

		expect(env && env_open_dir(env, DISK_DIR, true, &dir) == 0);
		write_logs(dir, records, array_size(records), reserve);
		take_seed(sink, reserve ? "reserved_one" : "one", env, 1, SEAL_CLEAR);
		take_seed(sink, reserve ? "reserved_two" : "two", env, 2, SEAL_CLEAR);
		if (!reserve)
			take_seed(sink, "sealed", env, 2, SEAL_FILL);
		env_dir_close(dir);
		env_free(env);
	}
	seed_recycled(sink, "recycled", SEAL_CLEAR);
	seed_recycled(sink, "recycled_sealed", SEAL_FILL);
}
