/*
 * .apex/config: all settings with their origins. .apex/config.d/section.key: one of them, to read
 * and, if it is live, to change.
 */
#include <errno.h>
#include <stdlib.h>

#include "fs/virt/control_impl.h"

enum {
	SETTING_MAX = 4096, /* bytes of a write: more than any setting takes */
};

static int render_config(void *arg, void *object, struct buf *text)
{
	const struct control_settings *s = &((struct control *)arg)->options.settings;

	(void)object;
	return s->render(s->arg, text);
}

static const struct virt_file config_files[] = {
	{.name = "config", .mode = 0400, .render = render_config},
};

/* The object of a setting's file is its name. */
static int render_setting(void *arg, void *object, struct buf *text)
{
	const struct control_settings *s = &((struct control *)arg)->options.settings;

	return s->render_value(s->arg, object, text);
}

static int change_setting(void *arg, void **object, const struct virt_write *write)
{
	if (write->bytes.len > SETTING_MAX)
		return fail(-EINVAL, "a setting has at most %d bytes", SETTING_MAX);
	return control_setting_change(arg, *object, write->bytes);
}

static const struct virt_file live_setting = {
	.mode = 0600, .render = render_setting, .write = change_setting, .object_done = free};
static const struct virt_file fixed_setting = {
	.mode = 0400, .render = render_setting, .object_done = free};

static int find_setting(void *arg, struct slice name, struct virt_found *ret_found)
{
	const struct control_settings *s = &((struct control *)arg)->options.settings;

	char *setting = strndup((const char *)name.ptr, name.len);
	bool live;

	if (!setting)
		return -ENOMEM;
	int rc = s->is_live(s->arg, setting, &live);

	if (rc) {
		free(setting);
		return rc;
	}
	ret_found->file = live ? &live_setting : &fixed_setting;
	ret_found->object = setting;
	return 0;
}

static int list_settings(void *arg, struct buf *names)
{
	const struct control_settings *s = &((struct control *)arg)->options.settings;
	int rc = 0;

	char name[CONTROL_SETTING_NAME_MAX + 1];

	for (size_t i = 0; i < s->count(s->arg) && !rc; i++) {
		s->name(s->arg, i, name);
		rc = virt_list_add(names, slice_str(name), S_IFREG);
	}
	return rc;
}

static const struct virt_hooks config_hooks = {.find = find_setting, .list = list_settings};

int control_config_add(struct control *c, struct virt *v)
{
	unsigned number;

	if (!c->options.settings.count)
		return 0;
	c->config_files = (struct virt_folder){
		.files = config_files, .file_count = array_size(config_files), .arg = c};
	c->config_d = (struct virt_folder){
		.name = "config.d", .mode = 0700, .hooks = &config_hooks, .arg = c};
	int rc = virt_add_files(v, c->apex, &c->config_files);

	return rc ? rc : virt_add_folder(v, c->apex, &c->config_d, &number);
}
