/*
 * What the numbers of requests are called and mean.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "fs/ops/ops.h"
#include "fs/ops/ops_count.h"
#include "fs/virt/virt.h"

static const char *const request_names[] = {
	[OPS_LOOKUP] = "lookup",
	[OPS_FORGET] = "forget",
	[OPS_GETATTR] = "getattr",
	[OPS_SETATTR] = "setattr",
	[OPS_READLINK] = "readlink",
	[OPS_MKNOD] = "mknod",
	[OPS_MKDIR] = "mkdir",
	[OPS_UNLINK] = "unlink",
	[OPS_RMDIR] = "rmdir",
	[OPS_SYMLINK] = "symlink",
	[OPS_RENAME] = "rename",
	[OPS_LINK] = "link",
	[OPS_OPEN] = "open",
	[OPS_READ] = "read",
	[OPS_WRITE] = "write",
	[OPS_FLUSH] = "flush",
	[OPS_RELEASE] = "release",
	[OPS_FSYNC] = "fsync",
	[OPS_OPENDIR] = "opendir",
	[OPS_READDIR] = "readdir",
	[OPS_READDIRPLUS] = "readdirplus",
	[OPS_RELEASEDIR] = "releasedir",
	[OPS_FSYNCDIR] = "fsyncdir",
	[OPS_STATFS] = "statfs",
	[OPS_SETXATTR] = "setxattr",
	[OPS_GETXATTR] = "getxattr",
	[OPS_LISTXATTR] = "listxattr",
	[OPS_REMOVEXATTR] = "removexattr",
	[OPS_ACCESS] = "access",
	[OPS_CREATE] = "create",
	[OPS_COPY_FILE_RANGE] = "copy_file_range",
	[OPS_LSEEK] = "lseek",
	[OPS_FALLOCATE] = "fallocate",
};

_Static_assert(array_size(request_names) == OPS_REQUEST_COUNT, "a name for each request");

/* ENOENT as "ENOENT"; what has no name as its number. */
static void errno_name(size_t number, char *ret_name)
{
	const char *name = number ? strerrorname_np((int)number) : "other";

	if (name)
		(void)snprintf(ret_name, METRIC_WORD_MAX, "%s", name);
	else
		(void)snprintf(ret_name, METRIC_WORD_MAX, "E%zu", number);
}

static void lower(char *word)
{
	for (; *word; word++)
		*word = (char)tolower((unsigned char)*word);
}

static void describe_kind(size_t i, char *ret_word, char *ret_labels)
{
	(void)snprintf(ret_word, METRIC_WORD_MAX, "%s", request_names[i]);
	(void)snprintf(ret_labels, METRIC_LABELS_MAX, "request=\"%s\"", request_names[i]);
}

static void describe_errno(size_t i, char *ret_word, char *ret_labels)
{
	errno_name(i, ret_word);
	(void)snprintf(ret_labels, METRIC_LABELS_MAX, "errno=\"%.40s\"", ret_word);
	lower(ret_word);
}

static void describe_cell(size_t i, char *ret_word, char *ret_labels)
{
	const char *kind = request_names[i / (OPS_ERRNO_MAX + 1)];
	char name[METRIC_WORD_MAX];

	errno_name(i % (OPS_ERRNO_MAX + 1), name);
	(void)snprintf(ret_labels, METRIC_LABELS_MAX, "request=\"%s\",errno=\"%.40s\"", kind, name);
	lower(name);
	(void)snprintf(ret_word, METRIC_WORD_MAX, "%.20s_%.20s", kind, name);
}

static const struct metric_axis kinds = {OPS_REQUEST_COUNT, describe_kind};
static const struct metric_axis errnos = {OPS_ERRNO_MAX + 1, describe_errno};
static const struct metric_axis cells = {OPS_REQUEST_COUNT * (OPS_ERRNO_MAX + 1), describe_cell};

#define KIND(member, named, in_unit)                                                               \
	.name = (named), .unit = METRIC_##in_unit, .groups = METRIC_FS, .axis = &kinds,            \
	.offset = offsetof(struct ops_stats, kinds[0].member),                                     \
	.stride = sizeof(struct histogram_summary)
#define DURATION                                                                                   \
	.family = "fuse_request_duration_seconds", .kind = METRIC_SUMMARY,                         \
	.help = "How long requests of the kernel took, until they were answered."

static const struct metric table[] = {
	{KIND(count, "fuse_*", ITEMS), DURATION, .ending = "_count"},
	{KIND(sum, "fuse_*_sum_ns", NS), DURATION, .ending = "_sum"},
	{KIND(p50, "fuse_*_p50_ns", NS), DURATION, .labels = "quantile=\"0.5\""},
	{KIND(p95, "fuse_*_p95_ns", NS), DURATION, .labels = "quantile=\"0.95\""},
	{KIND(p99, "fuse_*_p99_ns", NS), DURATION, .labels = "quantile=\"0.99\""},
	{KIND(max, "fuse_*_max_ns", NS), .family = "fuse_request_duration_max_seconds",
	 .kind = METRIC_GAUGE, .help = "The longest request that was timed since the mount."},
	{.name = "fuse_error_*",
	 .family = "",
	 .kind = METRIC_COUNTER,
	 .groups = METRIC_FS | METRIC_ERRORS,
	 .sparse = true,
	 .axis = &errnos,
	 .offset = offsetof(struct ops_stats, by_errno),
	 .stride = sizeof(uint64_t),
	 .help = "Requests answered with the error."},
	{.name = "fuse_*",
	 .family = "fuse_request_errors",
	 .kind = METRIC_COUNTER,
	 .groups = METRIC_FS | METRIC_ERRORS,
	 .sparse = true,
	 .axis = &cells,
	 .offset = offsetof(struct ops_stats, by_kind_and_errno),
	 .stride = sizeof(uint64_t),
	 .help = "Requests answered with an error, by kind; a name that is absent is ENOENT."},
	{.name = "fuse_errors",
	 .family = "",
	 .kind = METRIC_COUNTER,
	 .groups = METRIC_FS | METRIC_ERRORS,
	 .offset = offsetof(struct ops_stats, errors),
	 .help = "Requests answered with an error."},
	{.name = "fuse_virtual",
	 .family = "fuse_virtual_requests",
	 .kind = METRIC_COUNTER,
	 .groups = METRIC_FS,
	 .offset = offsetof(struct ops_stats, looks),
	 .help = "Lookups, attributes and reads of virtual files and folders, this one too."},
	{.name = "fuse_requests",
	 .family = "",
	 .kind = METRIC_COUNTER,
	 .groups = METRIC_FS,
	 .offset = offsetof(struct ops_stats, requests),
	 .help = "All requests but forgets, for which nobody waits."},
};

const struct metric *ops_stats_metrics(size_t *ret_count)
{
	*ret_count = array_size(table);
	return table;
}

static void read_stats(void *arg, void *ret_snapshot)
{
	const struct ops *ops = arg;

	struct ops_stats *stats = ret_snapshot;
	uint64_t looks = ops->counters ? virt_looks(ops->virt) : 0;

	ops_stats_read(ops->counters, stats);
	stats->looks = looks; /* read first: each is one of the requests */
}

struct metric_source ops_metric_source(struct ops *ops)
{
	struct metric_source source = {
		.snapshot_size = sizeof(struct ops_stats), .read = read_stats, .arg = ops};

	source.rows = ops_stats_metrics(&source.count);
	return source;
}
