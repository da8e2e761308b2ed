/*
 * The tree: the current version, the manifest that makes each change of it durable, the open
 * tables, and the jobs that change it (flush, compaction). It knows of logs only their numbers.
 *
 * When the manifest cannot be written, or it or the folder not synced, nobody knows what is
 * durable: from then on every call that needs an edit answers that error, until the store is opened
 * again.
 *
 * Thread rule: any thread. tree_flush by one thread at a time; compactions by several. Jobs do
 * their I/O without a lock.
 */
#pragma once

#include "lsm/blob/blob_store.h"
#include "lsm/env/env.h"
#include "lsm/mem/iter.h"
#include "lsm/sst/table.h"
#include "lsm/tree/picker.h"
#include "lsm/tree/snapshot_list.h"
#include "lsm/tree/version.h"

struct tree;

struct tree_options {
	struct env *env;      /* borrowed */
	struct env_dir *dir;  /* borrowed */
	struct cache *blocks; /* borrowed */
	unsigned max_open_tables;
	uint32_t read_ahead_bytes; /* of one read of a compaction; 0: 256 KiB */
	bool map_tables;           /* read through mappings (ENV_MAP) */
	bool direct_tables;        /* written past the page cache (ENV_CREATE_DIRECT) */
	struct table_options table;
	struct picker_options picker;
	uint32_t large_value_threshold; /* longer folded values become extents */
	struct blob_options blob;
	uint64_t compaction_rate; /* as in struct tree_tuning */
	unsigned blob_gc_pct; /* a blob file of whose bytes tables name less is emptied; 0: none */
	/* table.filter_separator: the byte by which keys are split, which is noted in the store
	 * from now on; -1: not said; or TREE_SEPARATOR_NOTED. Another one than is noted is refused,
	 * unless this is set. */
	bool change_separator;
	bool read_only; /* no new manifest, no removal of files, no jobs; beside another one's tree,
			   whose removal of a table is -ESTALE to who reads it here */
	/*
	 * Asked at open of each log that is newer than all that the manifest names: what a crash
	 * left while it was made (0), or one that holds changes, whose edit is lost (an error with
	 * a sentence)? NULL: there are none.
	 */
	int (*check_stray_log)(struct env_dir *dir, uint64_t number);
	/*
	 * A manifest grows by this, or to twice its first edit if that is more, before the next
	 * begins: rewriting stays a small part of the work.
	 */
	uint64_t manifest_roll_bytes;
};

enum {
	TREE_SEPARATOR_NOTED = -2, /* the one noted; '/' where none is */
};

/* What may change while the tree is open; at open it is what the options say. */
struct tree_tuning {
	struct table_options table; /* of tables begun from now on */
	struct picker_options picker;
	uint32_t large_value_threshold;
	unsigned blob_gc_pct;
	uint64_t compaction_rate; /* bytes a second that compactions write, in all; 0: no limit */
};

/* What opening found besides the version. */
struct tree_recovery {
	uint64_t store_id;
	uint64_t flushed_seqno; /* every change up to it is in tables */
	uint64_t durable_seqno; /* every change up to it was on the disk; 0: of none is it known */
	uint64_t *logs;         /* owned by the caller (free): numbers still needed, ascending */
	size_t log_count;
};

/* Make an empty tree in an empty folder: first manifest, CURRENT. Durable when it returns. */
must_check int tree_create(struct env_dir *dir, uint64_t store_id);

/*
 * Open the tree that CURRENT names, begin a new manifest (unless read_only), and remove what no
 * version needs: tables, manifests and logs that a crash left (tree_release_found_blobs for blob
 * files). -ENOENT: no CURRENT. -EUCLEAN, -EBADMSG with a sentence: damage, also when a table or a
 * log that the manifest names is missing or has another size, or a blob file is missing or ends
 * before what tables name in it; or check_stray_log's error. -EINVAL: another separator is noted.
 * After an error no file has been removed.
 */
must_check int tree_open(const struct tree_options *options, struct tree_recovery *ret_recovery,
			 struct tree **ret_tree);
/*
 * Begin a tree in an empty folder that is no store yet: no CURRENT names it until tree_publish,
 * whatever happens meanwhile.
 */
must_check int tree_begin(const struct tree_options *options, uint64_t store_id,
			  struct tree **ret_tree);
/* Durably make it a store. After a failure CURRENT is there or not; the tree is whole either way.
 */
must_check int tree_publish(struct tree *t);
/* All jobs have ended, and all versions but the tree's own and all blob files are released. NULL is
 * allowed. */
void tree_close(struct tree *t);

/* Where the large values of its records are. The tree's own; what is held of it is returned before
 * tree_close. */
struct blob_store *tree_blobs(struct tree *t);

/*
 * All blob files that opening found in the folder are kept until this call, since the logs may name
 * them: whoever replays those takes references, and then calls this. What nobody has a reference to
 * goes with the next tree_purge. Not for a reader beside a writer. Before any job begins.
 */
void tree_release_found_blobs(struct tree *t);

/*
 * From now on no blob file is removed, whoever lets go of it: before memtables end whose changes
 * only logs hold. What nothing names is found at the next open. All jobs have ended.
 */
void tree_keep_blobs(struct tree *t);

/* From now on; jobs under way end as they began. table.filter_separator stays as it is. */
void tree_tune(struct tree *t, const struct tree_tuning *tuning);
struct tree_tuning tree_tuning(struct tree *t);

/*
 * Blocks and chunks that tree_get, tree_iters and views of values read are taken for right as they
 * are, from now on; at open they are not. Jobs and tree_verify check always, but for what a flush
 * folds patches over, which is read as a get reads it.
 */
void tree_trust_reads(struct tree *t, bool trust);

/* 0; -EROFS when it is open read-only; or the error that broke it, with its sentence. */
must_check int tree_check_writable(struct tree *t);
/* Whether it is broken; cheap. */
bool tree_is_broken(const struct tree *t);

/* The current version, with a reference for the caller. */
struct version *tree_current(struct tree *t);

/* The separator that is noted; -1: none. */
int tree_separator(const struct tree *t);

/* Every change up to it is in tables. */
uint64_t tree_flushed_seqno(struct tree *t);

/*
 * For one who reads beside a writer, opening: -ESTALE when changes have been flushed since the
 * manifest was read, so that logs which it named then, and what these name, may be gone.
 */
must_check int tree_check_fresh(struct tree *t);

/* A number never used before in this store; lost numbers do no harm. */
uint64_t tree_new_file_number(struct tree *t);

/* The salt for a log or the id for a table, from the store's id and the number. */
uint64_t tree_file_id(const struct tree *t, uint64_t number);

/* Durably note that log `number` exists (its file is made and synced) and may hold changes. */
must_check int tree_add_log(struct tree *t, uint64_t number);

/*
 * Durably note that every change up to seqno, not below any noted before, is on the disk: so logs
 * that are cut short later are found out. Wanted where logs end for long: at a clean close. By one
 * thread at a time.
 */
must_check int tree_note_durable(struct tree *t, uint64_t seqno);

/*
 * Durably note a named snapshot, all of whose changes are on the disk. -EEXIST: the name is taken;
 * -EMLINK: there are SNAPSHOT_NAMES_MAX; -ENOSPC: nothing has happened. By one thread at a time.
 */
must_check int tree_name_snapshot(struct tree *t, const struct named_snapshot *s);
/* Durably forget one. -ENOENT. -ENOSPC: nothing has happened. By one thread at a time. */
must_check int tree_drop_snapshot(struct tree *t, struct slice name);
/* Durably keep these bytes instead of the last ones. -E2BIG; -ENOSPC: nothing has happened. */
must_check int tree_set_note(struct tree *t, struct slice note);
/* Append them. -ENOMEM. */
must_check int tree_note(struct tree *t, struct buf *ret_note);
/* All that there are, into an empty list. -ENOMEM. */
must_check int tree_snapshots(struct tree *t, struct snapshot_list *ret_list);

/*
 * Write `source` (all changes with seqnos up to flushed_seqno that no table holds yet) out as a
 * level 0 table, and durably install it; from then on the logs below keep_log are needed no more.
 * Versions that no reader can see (snapshots: ascending seqnos that must stay readable, besides the
 * newest) are left out. An empty source installs only the numbers. On failure the tree is as
 * before.
 */
struct tree_flush_job {
	struct iter *source;   /* borrowed */
	struct iter *versions; /* borrowed: another one over the same, to look patches up */
	uint64_t flushed_seqno;
	uint64_t keep_log;
	const uint64_t *snapshots;
	size_t snapshot_count;
	bool frugal; /* room is short: what patches have cut to pieces stays so (value_writer.h) */
};
must_check int tree_flush(struct tree *t, const struct tree_flush_job *job);

/*
 * Whether a compaction is wanted that no running one covers, or else a blob file is to be emptied;
 * marks its inputs. -ENOENT: neither. The job is ended by tree_compact or tree_drop_job.
 */
must_check int tree_pick(struct tree *t, struct compaction_job *ret_job);

/*
 * The disk is full: from now on tree_pick looks first for tables with tombstones and the large
 * values that they hide, wanted by the strategy or not, until there is none. Any thread, no lock.
 */
void tree_want_space(struct tree *t);
must_check int tree_pick_range(struct tree *t, int level, struct slice from, struct slice to,
			       struct compaction_job *ret_job);
void tree_drop_job(struct tree *t, struct compaction_job *job);

struct tree_compact_limits {
	const uint64_t *snapshots; /* ascending; must stay readable, besides the newest */
	size_t snapshot_count;
	struct long_work *work; /* borrowed; NULL: nobody asks */
};
/* From now on, for good, jobs give up soon, with -ECANCELED. */
void tree_stop_jobs(struct tree *t);
/*
 * Run the job and durably install its result; ends the job either way. On failure the tree is as
 * before. -ECANCELED: stopped, by tree_stop_jobs or limits->work.
 */
must_check int tree_compact(struct tree *t, struct compaction_job *job,
			    const struct tree_compact_limits *limits);

/*
 * Make in the folder `to`, empty but for its lock, a tree with this id that holds what the tables
 * hold now: every change up to the flushed seqno, none after it. Its tables and blob files are hard
 * links. Durable when it returns; a crash before leaves no CURRENT there, or the whole tree. After
 * a failure nothing is left there that could be removed. -EXDEV: `to` is on another file system.
 * Jobs may run beside it.
 */
must_check int tree_checkpoint(struct tree *t, struct env_dir *to, uint64_t store_id);

/*
 * Remove from the disk the tables that no version holds any more, old logs, and blob files that
 * nobody holds. Does I/O; a failed unlink is retried by the next call. True when tables have gone,
 * and so have let go of their blob files.
 */
bool tree_purge(struct tree *t);

/*
 * Take an old log off the list of what tree_purge removes: its file is the caller's, who makes
 * another log of it or removes it; the next open does, too. -ENOENT: there is none.
 */
must_check int tree_take_obsolete_log(struct tree *t, uint64_t *ret_number);

/* As table_cache_make_way, for files that are not the tree's: true when it is worth another try. */
bool tree_make_way(struct tree *t, int error);

/*
 * Look key up in the version's tables, newest first; as table_get. One table a run is asked.
 */
must_check int tree_get(struct tree *t, const struct version *v, struct slice key, uint64_t seqno,
			struct table_hit *ret_hit);

/* The level, and the number of the table, that tree_get found this record in. -ENOENT: in none. */
must_check int tree_locate(struct tree *t, const struct version *v, const struct record *rec,
			   unsigned *ret_level, uint64_t *ret_table);

/*
 * False: no key in the version begins with prefix. Uses key ranges and filters only: true proves
 * nothing.
 */
bool tree_may_contain_prefix(struct tree *t, const struct version *v, struct slice prefix);

struct tree_scan {
	struct slice prefix; /* tables that cannot have a key with it are left out; empty: none */
	enum table_access access;
};
/*
 * Append to `sources` (room for tree_iter_count(v) more) one iterator per run; they hold what they
 * need of v. With a prefix they are for scans that stay within it. On failure those appended are in
 * *count all the same: the caller frees them.
 */
must_check int tree_iters(struct tree *t, struct version *v, const struct tree_scan *scan,
			  struct iter **sources, size_t *count);
/* Upper bound of what tree_iters appends. */
size_t tree_iter_count(const struct version *v);

/*
 * Check every byte of every table of the version, every chunk that their records name, and the
 * manifest. 0, or the first error; the sentence names it. The work (may be NULL) is told of the
 * bytes to check, and checked, of tables and of chunks as stored. -ECANCELED.
 */
must_check int tree_verify(struct tree *t, struct version *v, struct long_work *work,
			   uint64_t *ret_tables);

struct tree_stats {
	struct {
		uint64_t files, runs, bytes, entries, tombstones;
		double score;
		uint64_t read_bytes, written_bytes, jobs; /* by compactions into the level */
	} levels[TREE_LEVELS];
	uint64_t flushes, flush_bytes, compactions, compaction_read_bytes, compaction_written_bytes,
		trivial_moves;
	uint64_t paced_ns; /* compactions waited for the rate limit */
	uint64_t debt_bytes;
	uint64_t manifest_bytes;
	uint64_t open_tables;
	uint64_t table_memory_bytes; /* indexes and filters of open tables */
	uint64_t blob_live_bytes;    /* that tables name in blob files; each name counts */
	uint64_t blob_moved_bytes;   /* out of blob files that were mostly dead */
};
/* v: the version to describe. Takes no lock that a job holds for long. */
void tree_stats_read(struct tree *t, const struct version *v, struct tree_stats *ret_stats);
const struct table_counters *tree_table_counters(const struct tree *t);
