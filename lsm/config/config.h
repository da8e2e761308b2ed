/*
 * Settings: one table of options per program, and the places where their values may come from.
 *
 * Later sources win: the table's defaults, a profile, an INI file (section and key), the
 * environment (APEXFS_SECTION_KEY), the command line (`section.key=value`). An unknown name, a bad
 * or an out-of-range value, or a key given twice in one file is refused with a sentence naming the
 * place, the allowed range and, for an unknown name, the nearest known one. Nothing is ever
 * replaced by a default in silence.
 *
 * Thread rule: one thread at a time; read-only use from any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lsm/base/buf.h"
#include "lsm/base/compiler.h"

enum config_type {
	CONFIG_BOOL,   /* on off yes no true false 1 0 */
	CONFIG_UINT,   /* decimal; or a word of `choices`, whose number is CONFIG_WORD */
	CONFIG_SIZE,   /* bytes, with an optional k, m or g (1024s); or a word, likewise */
	CONFIG_OCTAL,  /* octal digits */
	CONFIG_CHOICE, /* one of `choices`; the value is its index */
	CONFIG_BYTE,   /* one character, or 0xNN */
	CONFIG_TEXT,   /* up to CONFIG_TEXT_MAX bytes */
	CONFIG_RATE,   /* a decimal fraction of 1; the value is in millionths */
};

enum {
	CONFIG_TEXT_MAX = 1023,
	CONFIG_RATE_ONE = 1000000, /* 1.0 of a RATE */
};

#define CONFIG_WORD UINT64_MAX /* a UINT or SIZE that is not a number */

struct config_option {
	const char *section; /* "": written without one; these come first in a table */
	const char *name;
	enum config_type type;
	uint64_t minimum, maximum;  /* of UINT, SIZE, OCTAL and RATE */
	const char *const *choices; /* of CHOICE, and of UINT and SIZE or NULL; NULL-terminated */
	const char *fallback;       /* the default, as one would write it */
	const char *unit;           /* "bytes", "ms", "files", "" */
	const char *help;           /* one sentence */
	bool live;                  /* can change while the program runs (settings.h) */
};

enum config_source {
	CONFIG_DEFAULT,
	CONFIG_PROFILE,
	CONFIG_FILE,
	CONFIG_ENVIRONMENT,
	CONFIG_COMMAND_LINE,
	CONFIG_LIVE, /* changed while the program runs */
};

struct config;

/* All options at their defaults. The table is borrowed and outlives it. Asserts that the table's
 * defaults are good. -ENOMEM. */
must_check int config_new(const struct config_option *table, size_t count,
			  struct config **ret_config);
void config_free(struct config *c);

/* Both tables in one array, which the caller frees with free(). -ENOMEM. */
must_check int config_join(const struct config_option *first, size_t first_count,
			   const struct config_option *second, size_t second_count,
			   struct config_option **ret_table);

/*
 * Sections of other programs that share the file and the environment: options in them are passed
 * over unread. The list (NULL-terminated) and its words are borrowed.
 */
void config_set_foreign(struct config *c, const char *const *sections);

/*
 * The sources may be read in any order: what a later one in the list above has said stays.
 *
 * -ENOENT: no such file. -EINVAL: refused, the sentence says "file:line: why". After any failure
 * every value is as it was; so too for config_load_environment and config_set.
 */
must_check int config_load_file(struct config *c, const char *path);
/*
 * The first file that there is of `store`/apexfs.ini (store NULL: not that one),
 * ~/.config/apexfs.ini (HOME of the environment) and /etc/apexfs.ini; none is fine. Since nobody
 * named it, -EPERM when somebody but this user and root owns it or may write to it.
 */
must_check int config_load_usual_file(struct config *c, const char *store,
				      char *const *environment);
/* Each APEXFS_SECTION_KEY in the environment; unknown ones with that prefix are refused. -EINVAL.
 */
must_check int config_load_environment(struct config *c, char *const *environment);
/* "section.key=value", or "key=value" of what has no section. -EINVAL. */
must_check int config_set(struct config *c, const char *assignment);

/*
 * For a program that cannot take a value which its table allows: leave the sentence "ORIGIN:
 * section.name=VALUE: " and what follows, and return `code`, a negative errno.
 */
int config_refuse(const struct config *c, const char *section, const char *name, int code,
		  const char *fmt, ...) printf_like(5, 6);

uint64_t config_number(const struct config *c, const char *section, const char *name);
bool config_bool(const struct config *c, const char *section, const char *name);
const char *config_text(const struct config *c, const char *section, const char *name);
enum config_source config_source_of(const struct config *c, const char *section, const char *name);

/* The table as a commented INI file: meaning, range, default; what apexfs.ini at the top level
 * holds. */
must_check int config_render_ini(const struct config_option *table, size_t count,
				 struct buf *ret_text);
/*
 * A line "section.key=value    # origin" for each option, in the table's order. The origin is
 * "default", "profile NAME", "FILE:LINE", "environment", "command line" or "live".
 */
must_check int config_render_values(const struct config *c, struct buf *ret_text);
