/*
 * The daemon's command line and settings.
 *
 *	apexfs [-f] [-d] [-s] [-c FILE] [-o OPTIONS] [STORE] MOUNTPOINT
 *	apexfs --print-config [-c FILE] [-o OPTIONS] [STORE [MOUNTPOINT]]
 *
 * Without STORE it is store.data_dir.
 * OPTIONS is a list as mount(8) passes it: `section.key=value` for a setting of the table, and
 * words for the mount (apexfs -h lists both). Anything unknown is refused: nothing is ignored in
 * silence.
 *
 * Thread rule: one thread.
 */
#pragma once

#include <stdbool.h>

#include "lsm/base/buf.h"
#include "lsm/config/config.h"

enum options_action {
	OPTIONS_MOUNT,
	OPTIONS_HELP,
	OPTIONS_VERSION,
	OPTIONS_PRINT_CONFIG,
};

struct options {
	enum options_action action;
	const char *store;      /* as given; borrowed from argv, or from config */
	const char *mountpoint; /* as given; borrowed from argv */
	bool foreground;
	bool debug; /* implies foreground */
	bool single_thread;
	bool read_only;
	bool allow_other;
	bool default_permissions;
	struct buf words;            /* owned; for libfuse: "nosuid,noatime", and a NUL */
	struct config_option *table; /* owned; what config reads */
	struct config *config;       /* owned */
};

/* The daemon's own settings; its whole table is engine_options and these. */
extern const struct config_option daemon_options[];
extern const size_t daemon_options_count;

/*
 * Read the command line (its strings stay borrowed), the settings file named there or the usual one
 * (config_load_usual_file), and the environment. With OPTIONS_HELP and OPTIONS_VERSION the rest is
 * unset, with OPTIONS_PRINT_CONFIG the places may be. -EINVAL, -ERANGE when two values do not go
 * together, or what reading the file met, with a sentence. End *options in either case.
 */
must_check int options_parse(int argc, char **argv, char *const *environment,
			     struct options *ret_options);
void options_done(struct options *options);

/* The usage and the table, for -h. -ENOMEM. */
must_check int options_render_help(struct buf *text);
