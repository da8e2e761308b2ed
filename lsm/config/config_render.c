/*
 * Settings as text: the commented INI file that shows every default, and the values as they are.
 */
#include <string.h>

#include "lsm/config/config_private.h"

static const char preface[] = "# Every option with its range and its default. Later sources win: "
			      "this file, the environment\n"
			      "# (APEXFS_SECTION_KEY), the command line (-o section.key=value).\n"
			      "# Sizes take k, m or g (1024s). A line that begins with # or ; is a "
			      "comment, and so is what follows\n"
			      "# a ; after a space.\n";

static int render_option(const struct config_option *option, struct buf *text)
{
	char allowed[CONFIG_RANGE_TEXT_MAX];

	config_value_describe(option, allowed);
	return buf_printf(text, "# %s\n# %s\n%s = %s\n", option->help, allowed, option->name,
			  option->fallback);
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

static const char *source_name(enum config_source source)
{
	static const char *const names[] = {
		[CONFIG_DEFAULT] = "default",
		[CONFIG_FILE] = "file",
		[CONFIG_ENVIRONMENT] = "environment",
		[CONFIG_COMMAND_LINE] = "command line",
	};

	return names[source];
}

int config_render_values(const struct config *c, struct buf *ret_text)
{
	int rc = 0;

	for (size_t i = 0; i < c->table.count && rc == 0; i++) {
		const struct config_option *option = &c->table.options[i];
		const struct config_value *value = &c->values[i];

		rc = buf_printf(ret_text, "%s.%s=%s    # %s\n", option->section, option->name,
				value->text, source_name(value->source));
	}
	return rc;
}
