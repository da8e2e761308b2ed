/*
 * Replays a set of logs into one history, and decides what is a torn end and what is damage
 * (lsm/wal/wal_format.h has the rule).
 */
#pragma once

#include "lsm/env/env.h"
#include "lsm/wal/wal_record.h"

/* Which ends of the history are taken. */
enum wal_policy {
	WAL_TAIL,   /* a torn one, not damage */
	WAL_WHOLE,  /* neither */
	WAL_PREFIX, /* both: the history ends before the damage, whatever follows it */
};

/* What is to be replayed. */
struct wal_set {
	const uint64_t *numbers; /* borrowed; ascending */
	size_t count;
	uint64_t after_seqno; /* the first change in them is the next one */
	/* The caller knows that every change up to it was on the disk; 0: of none. */
	uint64_t durable_seqno;
	/*
	 * The record of this change and all behind it are not to be taken, though they are whole:
	 * what they name elsewhere is not there. The history ends before it, torn or damaged as if
	 * the record were bad. 0: none.
	 */
	uint64_t bad_seqno;
	/* Borrowed; NULL allowed. During apply the number of the record's log stands here. */
	uint64_t *at_log;
	/* Borrowed; NULL allowed. For each log that is replayed: where its last record ends. */
	uint64_t *ends;
	uint32_t read_bytes; /* read at once; 0: WAL_READ_BYTES */
	enum wal_policy policy;
};

struct wal_recovery {
	uint64_t last_seqno; /* of the history: after_seqno if no record was replayed */
	uint64_t records;
	uint64_t payload_bytes;
	uint64_t durable_seqno; /* every change up to it had been on the disk: the highest that the
				   caller or a record says */
	uint64_t tail_number;   /* the log of the last record; the first log if there is none, 0 if
				   there are no logs */
	uint64_t tail_offset;   /* behind that record; a writer may resume there. Newer logs hold
				   nothing of worth. */
	bool torn;              /* the end was cut off in the middle of something */
	bool damaged;           /* ... by damage (WAL_PREFIX alone): no writer may resume anywhere,
				   and each log may be missing or make no sense */
	uint64_t torn_bytes;    /* bytes thrown away for that, zeros at the end not counted */
};

/*
 * Replay the logs, calling apply for every BATCH in order; a negative answer ends it and is
 * returned. Reads only.
 *
 * 0, also with a torn end (but for WAL_WHOLE). -EUCLEAN with a sentence naming file and offset:
 * damage (a bad record, a missing log, a gap in the seqnos, that cannot be a crash's; a history
 * that ends before durable_seqno); with WAL_PREFIX that is 0 and `damaged`, and the sentence is
 * left. Or the env's error, -ENOMEM. After an error throw away what was applied: the proof of
 * damage may stand behind records that were right.
 *
 * Two duties of the caller afterwards. Before it logs a change anywhere it cuts the tail
 * (wal_writer_resume) and durably removes or unlists the newer logs, else its new seqnos would meet
 * the old ones again. And it must not call the replayed changes durable before it has made them so:
 * after a mere end of the process they may stand in the kernel's page cache alone, and
 * wal_writer_resume syncs no log but its own.
 */
must_check int wal_recover(struct env_dir *dir, const struct wal_set *logs,
			   int (*apply)(void *arg, const struct wal_record *rec), void *arg,
			   struct wal_recovery *ret_recovery);
