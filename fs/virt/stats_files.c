#include "fs/virt/stats_files.h"

#include <errno.h>
#include <sys/stat.h>

static int render(const struct stats_files *files, enum stats_format format, struct buf *text)
{
	return stats_read(&files->stats, (struct stats_form){format, METRIC_ALL}, text);
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

static int render_prom(void *arg, void *object, struct buf *text)
{
	(void)object;
	return render(arg, STATS_PROM, text);
}

static const struct virt_file root_table[] = {
	{.name = ".stats", .mode = 0444, .render = render_text},
	{.name = ".stats.json", .mode = 0444, .render = render_json},
	{.name = ".stats.prom", .mode = 0444, .render = render_prom},
};

/* The object is a group's name, which lives for ever. */
static int render_group(void *arg, void *object, struct buf *text)
{
	const struct stats_files *files = arg;
	struct stats_form form = {STATS_TEXT, metric_group_of(object)};

	return stats_read(&files->stats, form, text);
}

static const struct virt_file group_file = {.mode = 0444, .render = render_group};

static int find_group(void *arg, struct slice name, struct virt_found *ret_found)
{
	(void)arg;
	for (unsigned i = 0; metric_group_name(i); i++) {
		if (!slice_eq(name, slice_str(metric_group_name(i))))
			continue;
		*ret_found = (struct virt_found){.file = &group_file,
						 .object = (void *)metric_group_name(i)};
		return 0;
	}
	return -ENOENT;
}

static int list_groups(void *arg, struct buf *names)
{
	int rc = 0;

	(void)arg;
	for (unsigned i = 0; metric_group_name(i) && !rc; i++)
		rc = virt_list_add(names, slice_str(metric_group_name(i)), S_IFREG);
	return rc;
}

static const struct virt_hooks group_hooks = {.find = find_group, .list = list_groups};

int stats_files_add(struct stats_files *files, struct virt *v)
{
	unsigned number;
	int rc;

	files->root = (struct virt_folder){
		.files = root_table, .file_count = array_size(root_table), .arg = files};
	files->groups = (struct virt_folder){
		.name = ".stats.d", .mode = 0555, .hooks = &group_hooks, .arg = files};
	rc = virt_add_files(v, VIRT_ROOT, &files->root);
	return rc ? rc : virt_add_folder(v, VIRT_ROOT, &files->groups, &number);
}
