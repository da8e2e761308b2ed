#include "lsm/config/settings.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/base/mutex.h"
#include "lsm/config/config_private.h"

struct settings {
	struct config_table table;     /* immutable; borrowed from config */
	struct settings_target target; /* immutable */
	struct mutex mu;
	struct config *config; /* borrowed; its values are guarded by mu */
	int changes;           /* guarded by mu; tried so far */
};

int settings_new(struct config *config, const struct settings_target *target,
		 struct settings **ret_settings)
{
	struct settings *s = malloc(sizeof(*s));

	if (!s)
		return -ENOMEM;
	*s = (struct settings){.table = config->table, .target = *target, .config = config};
	mutex_init(&s->mu, RANK_FS_CONFIG);
	*ret_settings = s;
	return 0;
}

void settings_free(struct settings *s)
{
	if (!s)
		return;
	mutex_done(&s->mu);
	free(s);
}

int settings_render(struct settings *s, struct buf *ret_text)
{
	mutex_guard(&s->mu);

	return config_render_values(s->config, ret_text);
}

size_t settings_count(const struct settings *s)
{
	return s->table.count;
}

void settings_name(const struct settings *s, size_t index, char name[CONFIG_NAME_MAX + 1])
{
	config_option_name(&s->table.options[index], name);
}

/* The index of "section.key", or -ENOENT with a sentence. */
static int find(const struct settings *s, const char *name)
{
	char known[CONFIG_NAME_MAX + 1];
	char shown[CONFIG_SHOWN_MAX];

	for (size_t i = 0; i < s->table.count; i++) {
		config_option_name(&s->table.options[i], known);
		if (strcmp(known, name) == 0)
			return (int)i;
	}
	config_option_name(config_table_nearest_name(&s->table, name), known);
	config_value_show(name, shown);
	return fail(-ENOENT, "unknown option %s; the nearest is %s", shown, known);
}

int settings_is_live(const struct settings *s, const char *name, bool *ret_live)
{
	int index = find(s, name);

	if (index < 0)
		return index;
	*ret_live = s->table.options[index].live;
	return 0;
}

int settings_render_value(struct settings *s, const char *name, struct buf *ret_text)
{
	int index = find(s, name);

	if (index < 0)
		return index;
	mutex_guard(&s->mu);

	return buf_printf(ret_text, "%s\n", s->config->values[index].text);
}

int settings_is_on(struct settings *s, const char *name, bool *ret_on)
{
	int index = find(s, name);

	if (index < 0)
		return index;
	assert(s->table.options[index].type == CONFIG_BOOL);
	mutex_guard(&s->mu);

	*ret_on = s->config->values[index].number != 0;
	return 0;
}

/* The value's text without the line feed that echo(1) leaves, as a string. */
static int take_text(const struct config_option *option, struct slice text,
		     char copy[CONFIG_TEXT_MAX + 1])
{
	char name[CONFIG_NAME_MAX + 1];

	if (text.len > 0 && text.ptr[text.len - 1] == '\n')
		text.len--;
	config_option_name(option, name);
	if (text.len > CONFIG_TEXT_MAX)
		return fail(-EINVAL, "%s: more than %d bytes", name, CONFIG_TEXT_MAX);
	if (text.len > 0 && memchr(text.ptr, '\0', text.len))
		return fail(-EINVAL, "%s: a NUL byte", name);
	if (text.len > 0)
		memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	return 0;
}

/* mu is held. */
static int change_locked(struct settings *s, int index, const char *text)
{
	struct config next = *s->config;
	cleanup_free struct config_value *values = config_copy_values(s->config);

	if (!values)
		return -ENOMEM;
	int rc = config_value_parse(&s->table.options[index], text, &values[index]);

	if (rc)
		return rc;
	if (s->changes < INT_MAX)
		s->changes++;
	values[index].source = CONFIG_LIVE;
	values[index].place = s->changes;
	next.values = values;
	rc = s->target.apply(s->target.arg, &next);
	if (!rc)
		config_adopt_values(s->config, move_ptr(&values));
	return rc;
}

int settings_change(struct settings *s, const char *name, struct slice text)
{
	char copy[CONFIG_TEXT_MAX + 1];
	int index = find(s, name);

	if (index < 0)
		return index;
	const struct config_option *option = &s->table.options[index];

	if (!option->live)
		return fail(-EPERM, "%s cannot change while the program runs", name);
	int rc = take_text(option, text, copy);

	if (rc)
		return rc;
	mutex_guard(&s->mu);

	return change_locked(s, index, copy);
}
