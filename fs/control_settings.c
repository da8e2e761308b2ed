#include "fs/control_settings.h"

#include "lsm/config/settings.h"

_Static_assert((int)CONTROL_SETTING_NAME_MAX >= (int)CONFIG_NAME_MAX, "room for every name");

static int render(void *arg, struct buf *text)
{
	return settings_render(arg, text);
}

static size_t count(void *arg)
{
	return settings_count(arg);
}

static void name_of(void *arg, size_t index, char name[CONTROL_SETTING_NAME_MAX + 1])
{
	settings_name(arg, index, name);
}

static int is_live(void *arg, const char *name, bool *ret_live)
{
	return settings_is_live(arg, name, ret_live);
}

static int render_value(void *arg, const char *name, struct buf *text)
{
	return settings_render_value(arg, name, text);
}

static int is_on(void *arg, const char *name, bool *ret_on)
{
	return settings_is_on(arg, name, ret_on);
}

static int change(void *arg, const char *name, struct slice text)
{
	return settings_change(arg, name, text);
}

struct control_settings control_settings_of(struct settings *settings)
{
	return (struct control_settings){
		.render = render,
		.count = count,
		.name = name_of,
		.is_live = is_live,
		.render_value = render_value,
		.is_on = is_on,
		.change = change,
		.arg = settings,
	};
}
