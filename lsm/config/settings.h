/*
 * The settings of a program that runs: shown with their origins, and changed one by one.
 *
 *	wal.sync_interval_ms=500    # /etc/apexfs.ini:12
 *
 * A change is checked as in any other source, then handed to the program, which puts it into effect
 * or refuses it; only then it is the setting's value. Nothing of it is kept for the next start.
 *
 * Thread rule: any thread. One change at a time, under RANK_FS_CONFIG: `apply` may take the
 * engine's locks, and none of fs/.
 */
#pragma once

#include "lsm/base/slice.h"
#include "lsm/config/config_table.h"

struct settings;

struct settings_target {
	/*
	 * Put into effect what may differ from before: all values of `config`, of which one has
	 * just changed. 0, or a negative errno with a sentence, and then nothing has changed.
	 */
	int (*apply)(void *arg, const struct config *config);
	void *arg; /* borrowed */
};

/* config is borrowed, and belongs to the settings until settings_free. -ENOMEM. */
must_check int settings_new(struct config *config, const struct settings_target *target,
			    struct settings **ret_settings);
void settings_free(struct settings *s);

/* As config_render_values. */
must_check int settings_render(struct settings *s, struct buf *ret_text);

/* The options, in the table's order; `name` is "section.key". */
size_t settings_count(const struct settings *s);
void settings_name(const struct settings *s, size_t index, char name[CONFIG_NAME_MAX + 1]);
/* Whether it can change now. -ENOENT: there is no such option. */
must_check int settings_is_live(const struct settings *s, const char *name, bool *ret_live);
/* Its value as it would be written, and a line feed. -ENOENT; -ENOMEM. */
must_check int settings_render_value(struct settings *s, const char *name, struct buf *ret_text);

/* Of a BOOL, asserted. -ENOENT. */
must_check int settings_is_on(struct settings *s, const char *name, bool *ret_on);

/*
 * Change one option to what `text` says (a line feed at its end does not count). With a sentence:
 * -ENOENT: no such option, the nearest is named. -EPERM: it cannot change while the program runs.
 * -EINVAL: no value of this option. -ERANGE: too small or too large, by itself or beside another
 * option; the sentence has the range. Or what putting it into effect met. After any of them all is
 * as before.
 */
must_check int settings_change(struct settings *s, const char *name, struct slice text);
