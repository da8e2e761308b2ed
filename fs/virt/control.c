#include <errno.h>
#include <stdlib.h>

#include "fs/virt/control_impl.h"
#include "fs/virt/control_text.h"

static int render_readme(void *arg, void *object, struct buf *text)
{
	(void)arg;
	(void)object;
	return control_text_readme(text);
}

static int render_version(void *arg, void *object, struct buf *text)
{
	(void)arg;
	(void)object;
	return control_text_version(text);
}

static int render_health(void *arg, void *object, struct buf *text)
{
	const struct control *c = arg;
	struct lsm_stats stats;

	(void)object;
	lsm_stats_read(c->options.db, &stats);
	return control_text_health(&stats, text);
}

static int render_levels(void *arg, void *object, struct buf *text)
{
	const struct control *c = arg;
	struct lsm_stats stats;

	(void)object;
	lsm_stats_read(c->options.db, &stats);
	return control_text_levels(&stats, text);
}

static const struct virt_file apex_files[] = {
	{.name = "README", .mode = 0400, .render = render_readme},
	{.name = "version", .mode = 0400, .render = render_version},
	{.name = "health", .mode = 0400, .render = render_health},
	{.name = "levels", .mode = 0400, .render = render_levels},
};

static int add_all(struct control *c, struct virt *v)
{
	int rc = virt_add_folder(v, VIRT_ROOT, &c->apex_folder, &c->apex);

	if (!rc)
		rc = control_levers_add(c, v);
	if (!rc)
		rc = control_batch_add(c, v);
	if (!rc)
		rc = control_search_add(c, v);
	if (!rc)
		rc = control_features_add(c, v);
	if (!rc)
		rc = control_snapshots_add(c, v);
	if (!rc)
		rc = control_watch_add(c, v);
	return rc ? rc : control_config_add(c, v);
}

int control_new(const struct control_options *options, struct virt *v, struct control **ret_control)
{
	struct control *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->options = *options;
	stages_init(&c->stages, options->batch_max);
	mutex_init(&c->batch.mu, RANK_FS_VIRT);
	mutex_init(&c->features.mu, RANK_FS_FEATURES);
	mutex_init(&c->watch.mu, RANK_FS_WATCH);
	c->apex_folder = (struct virt_folder){.name = ".apex",
					      .mode = 0700,
					      .files = apex_files,
					      .file_count = array_size(apex_files),
					      .arg = c};
	int rc = add_all(c, v);

	if (rc) {
		control_free(c);
		return rc;
	}
	*ret_control = c;
	return 0;
}

void control_free(struct control *c)
{
	if (!c)
		return;
	control_watch_end(c);
	stages_done(&c->stages);
	mutex_done(&c->watch.mu);
	mutex_done(&c->batch.mu);
	mutex_done(&c->features.mu);
	free(c);
}
