#include "fs/virt/stats_files.h"

#include "fs/virt/stats_render.h"

static int render(const struct stats_files *files, enum stats_format format, struct buf *text)
{
	struct lsm_stats engine;
	struct fs_stats counters;
	cleanup_buf struct buf more = {0};
	int rc = 0;

	lsm_stats_read(files->db, &engine);
	fs_stats_read(files->fs, &counters);
	if (files->more)
		rc = files->more(files->more_arg, &more);
	if (rc)
		return rc;
	struct stats_measured measured = {
		.engine = &engine, .files = &counters, .more = buf_slice(&more)};

	return stats_render(&measured, format, text);
}

static int render_text(void *arg, void *object, struct buf *text)
{
	(void)object;
	return render(arg, STATS_TEXT, text);
}

static int render_json(void *arg, void *object, struct buf *text)
{
	(void)object;
	return render(arg, STATS_JSON, text);
}

static const struct virt_file stats_table[] = {
	{.name = ".stats", .mode = 0444, .render = render_text},
	{.name = ".stats.json", .mode = 0444, .render = render_json},
};

int stats_files_add(struct stats_files *files, struct virt *v)
{
	files->table = (struct virt_folder){
		.files = stats_table, .file_count = array_size(stats_table), .arg = files};
	return virt_add_files(v, VIRT_ROOT, &files->table);
}
