/*
 * Counting and timing requests: how many of each kind, how long they took from their arrival to
 * their answer, and which errors they were answered with. Of each kind a thread times its first
 * OPS_TIMED_FIRST and then one in OPS_TIMED_EVERY, which stands for all of these.
 *
 * Thread rule: any thread; one request at a time in each.
 */
#pragma once

#include "lsm/base/histogram.h"
#include "lsm/base/metric.h"

struct ops;
struct ops_counters;

enum {
	OPS_TIMED_FIRST = 32,
	OPS_TIMED_EVERY = 8,
	OPS_ERRNO_MAX = 133, /* EHWPOISON; what is above is counted as 0 */
};

/* Requests that are counted: the operations we have. */
enum ops_request {
	OPS_LOOKUP,
	OPS_FORGET, /* also each node of a batch */
	OPS_GETATTR,
	OPS_SETATTR,
	OPS_READLINK,
	OPS_MKNOD,
	OPS_MKDIR,
	OPS_UNLINK,
	OPS_RMDIR,
	OPS_SYMLINK,
	OPS_RENAME,
	OPS_LINK,
	OPS_OPEN,
	OPS_READ,
	OPS_WRITE,
	OPS_FLUSH,
	OPS_RELEASE,
	OPS_FSYNC,
	OPS_OPENDIR,
	OPS_READDIR,
	OPS_READDIRPLUS,
	OPS_RELEASEDIR,
	OPS_FSYNCDIR,
	OPS_STATFS,
	OPS_SETXATTR,
	OPS_GETXATTR,
	OPS_LISTXATTR,
	OPS_REMOVEXATTR,
	OPS_ACCESS,
	OPS_CREATE,
	OPS_COPY_FILE_RANGE,
	OPS_LSEEK,
	OPS_FALLOCATE,
	OPS_REQUEST_COUNT,
};

/* -ENOMEM. */
must_check int ops_counters_new(struct ops_counters **ret_counters);
/* NULL is allowed. */
void ops_counters_free(struct ops_counters *counters);

/* The calling thread begins a request; counters may be NULL: then nothing is counted. */
void ops_count_begin(struct ops_counters *counters, enum ops_request request);
/* How many have begun, forgets apart, if the calling thread's is the only one under way; 0: it is
 * not, or nothing is counted. */
uint64_t ops_count_alone(const struct ops_counters *counters);
/* So many nodes are forgotten. Nobody waits for that: it is not timed. */
void ops_count_forgets(struct ops_counters *counters, uint64_t nodes);
/* It is about to be answered: 0, or a negative errno. Only the first call for a request counts. */
void ops_count_end(struct ops_counters *counters, int rc);

/* What is shown. */
struct ops_stats {
	struct histogram_summary kinds[OPS_REQUEST_COUNT]; /* ns; count is exact */
	uint64_t looks; /* of the requests, those about virtual files (virt_looks) */
	/* Sums of the next two: */
	uint64_t requests; /* all but forgets */
	uint64_t errors;
	uint64_t by_errno[OPS_ERRNO_MAX + 1];
	uint64_t by_kind_and_errno[OPS_REQUEST_COUNT * (OPS_ERRNO_MAX + 1)];
};
/* counters may be NULL. */
void ops_stats_read(const struct ops_counters *counters, struct ops_stats *ret_stats);
const struct metric *ops_stats_metrics(size_t *ret_count);
