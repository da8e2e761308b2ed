/*
 * Settings as text: the commented INI file that shows every default, and the values as they are.
 */
#include <string.h>

#include "lsm/config/config_private.h"
#include "lsm/config/profile.h"

static const char preface[] =
	"# Every option with its range and its default. Later sources win: the profile, one file "
	"like "
	"this,\n"
	"# the environment (APEXFS_SECTION_KEY), the command line (-o section.key=value). The file "
	"is "
	"the one\n"
	"# given with -c, or else the first found of STORE/apexfs.ini, ~/.config/apexfs.ini and "
	"/etc/apexfs.ini.\n"
	"# Options marked live can change while the store is mounted, by a write to "
	".apex/config.d/NAME.\n"
	"# Sizes take k, m or g (1024s). A line that begins with # or ; is a comment, and so is "
	"what "
	"follows\n"
	"# a ; after a space.\n";

static int render_option(const struct config_option *option, struct buf *text)
{
	char allowed[CONFIG_RANGE_TEXT_MAX];

	config_value_describe(option, allowed);
	return buf_printf(text, "# %s\n# %s%s\n%s = %s\n", option->help, allowed,
			  option->live ? "; live" : "", option->name, option->fallback);
}

int config_render_ini(const struct config_option *table, size_t count, struct buf *ret_text)
{
	const char *section = "";
	int rc = buf_append_slice(ret_text, slice_str(preface));

	for (size_t i = 0; i < count && rc == 0; i++) {
		if (strcmp(section, table[i].section) != 0) {
			section = table[i].section;
			rc = buf_printf(ret_text, "\n[%s]\n", section);
		} else {
			rc = buf_append_byte(ret_text, '\n');
		}
		if (rc == 0)
			rc = render_option(&table[i], ret_text);
	}
	return rc;
}

int config_render_origin(const struct config *c, const struct config_value *value, struct buf *text)
{
	static const char *const names[] = {
		[CONFIG_DEFAULT] = "default",
		[CONFIG_PROFILE] = "profile",
		[CONFIG_FILE] = "file",
		[CONFIG_ENVIRONMENT] = "environment",
		[CONFIG_COMMAND_LINE] = "command line",
		[CONFIG_LIVE] = "live",
	};

	if (value->source == CONFIG_FILE && value->place > 0)
		return buf_printf(text, "%s:%d", c->file, value->place);
	if (value->source == CONFIG_PROFILE)
		return buf_printf(text, "profile %s", config_profile_name(c));
	return buf_printf(text, "%s", names[value->source]);
}

void config_show_origin(const struct config *c, int index, char text[CONFIG_ORIGIN_MAX])
{
	cleanup_buf struct buf whole = {0};
	int rc = config_render_origin(c, &c->values[index], &whole);
	/* without memory it goes without */
	size_t len = rc ? 0 : min_of(whole.len, (size_t)CONFIG_ORIGIN_MAX - 1);

	if (len > 0)
		memcpy(text, whole.ptr + (whole.len - len), len);
	text[len] = '\0';
}

int config_render_values(const struct config *c, struct buf *ret_text)
{
	char name[CONFIG_NAME_MAX + 1];
	int rc = 0;

	for (size_t i = 0; i < c->table.count && rc == 0; i++) {
		const struct config_value *value = &c->values[i];

		config_option_name(&c->table.options[i], name);
		rc = buf_printf(ret_text, "%s=%s    # ", name, value->text);
		if (rc == 0)
			rc = config_render_origin(c, value, ret_text);
		if (rc == 0)
			rc = buf_append_byte(ret_text, '\n');
	}
	return rc;
}
