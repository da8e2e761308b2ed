#include "fs/virt/stats.h"

#include <errno.h>
#include <stdlib.h>

#include "lsm/base/cleanup.h"

#define FILES(member, how, in_unit, about)                                                         \
	{                                                                                          \
		.name = "fs_" #member, .kind = METRIC_##how, .unit = METRIC_##in_unit,             \
		.groups = METRIC_FS, .offset = offsetof(struct fs_stats, member), .help = (about)  \
	}

static const struct metric files_table[] = {
	FILES(nodes, GAUGE, ITEMS, "Files and folders that the kernel knows."),
	FILES(unlinked_nodes, GAUGE, ITEMS, "Files among them that have no name any more."),
	FILES(unlinked_bytes, GAUGE, BYTES,
	      "Memory for what was written to files that have no name."),
	FILES(held_now, GAUGE, ITEMS, "Creations and truncations that wait for their write."),
	FILES(held_total, COUNTER, ITEMS, "Creations and truncations that were held."),
	FILES(held_merged, COUNTER, ITEMS, "Those that became one put with their write."),
};

_Static_assert(array_size(files_table) * sizeof(uint64_t) == sizeof(struct fs_stats),
	       "every counter of fs/core has its line");

/* What one rendering needs besides the requests' snapshot. */
struct reading {
	struct lsm_stats engine;
	struct fs_stats files;
	struct stats_snapshot snapshot;
};

static void add_set(struct stats_snapshot *s, const struct metric *rows, size_t count,
		    const void *of)
{
	s->sets[s->count++] = (struct metric_set){rows, count, of};
}

static void read_modules(const struct stats *stats, struct reading *r, void *requests)
{
	size_t count;
	const struct metric *rows = lsm_stats_metrics(&count);

	lsm_stats_read(stats->db, &r->engine);
	add_set(&r->snapshot, rows, count, &r->engine);
	fs_stats_read(stats->fs, &r->files);
	add_set(&r->snapshot, files_table, array_size(files_table), &r->files);
	if (!requests)
		return;
	stats->requests.read(stats->requests.arg, requests);
	add_set(&r->snapshot, stats->requests.rows, stats->requests.count, requests);
}

int stats_read(const struct stats *stats, struct stats_form form, struct buf *text)
{
	const struct metric_source *requests = &stats->requests;
	cleanup_free struct reading *r = calloc(1, sizeof(*r));
	cleanup_free void *about_requests =
		requests->rows ? calloc(1, requests->snapshot_size) : NULL;
	cleanup_buf struct buf more = {0};
	int rc = 0;

	if (!r || (requests->rows && !about_requests))
		return -ENOMEM;
	read_modules(stats, r, about_requests);
	if (stats->more)
		rc = stats->more(stats->more_arg, &more);
	if (rc)
		return rc;
	r->snapshot.more = buf_slice(&more);
	return stats_render(&r->snapshot, form, text);
}
