/*
 * The text of one value, read as its option's type says.
 *
 * Thread rule: pure functions.
 */
#pragma once

#include "lsm/config/config.h"

struct config_value {
	uint64_t number;                /* 0 for TEXT */
	char text[CONFIG_TEXT_MAX + 1]; /* as it was written */
	enum config_source source;
	/* Where in its source: the line of the file read last, also of a value that was not taken;
	 * of a live one, which change it was, from 1 on; else 0. */
	int place;
};

/*
 * Read text into number and text of *ret_value. -EINVAL, or -ERANGE when a number is too
 * small or too large, with a sentence "section.name=...: why", and *ret_value as it was.
 */
must_check int config_value_parse(const struct config_option *option, const char *text,
				  struct config_value *ret_value);

enum {
	CONFIG_SHOWN_MAX = 48,       /* bytes, with the terminator */
	CONFIG_RANGE_TEXT_MAX = 160, /* bytes, with the terminator; longer texts are cut */
};

/* What the option accepts, in words: "64k to 4g bytes", "always, batch, ...". */
void config_value_describe(const struct config_option *option, char text[CONFIG_RANGE_TEXT_MAX]);

/* What a person wrote, as a sentence can repeat it: cut, and '?' for what does not print. */
void config_value_show(const char *text, char shown[CONFIG_SHOWN_MAX]);
