#include "fs/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/path/path.h"
#include "fs/stats_dump.h"
#include "lsm/base/error.h"
#include "lsm/base/log.h"
#include "lsm/config/config_table.h"
#include "lsm/config/config_value.h"
#include "lsm/config/engine_options.h"
#include "lsm/config/profile.h"
#include "lsm/lsm.h"

/* In the order of enum log_level. */
static const char *const log_levels[] = {"error", "warn", "info", "debug", NULL};

/* In the order of enum log_format. */
static const char *const log_formats[] = {"text", "json", NULL};

/* For an owner that the settings do not name. */
static const char *const mounting[] = {"mounting", NULL};

/* In the order of enum transport_kind. */
static const char *const transports[] = {"auto", "uring", "classic", NULL};

static const char *const automatic[] = {"auto", NULL};

/* In the order of enum ops_virtual_files. */
static const char *const virtual_files[] = {"by_name", "listed", "off", NULL};

enum {
	TIMEOUT_MAX = 31536000, /* a year */
};

const struct config_option daemon_options[] = {
	{"fs", "uid", CONFIG_UINT, 0, UINT32_MAX - 1, mounting, "mounting", "",
	 "Owner of files and folders that have no stored one: a number, or the mounting user.",
	 false},
	{"fs", "gid", CONFIG_UINT, 0, UINT32_MAX - 1, mounting, "mounting", "",
	 "Group of files and folders that have no stored one.", false},
	{"fs", "umask", CONFIG_OCTAL, 0, 0777, NULL, "022", "",
	 "Files and folders that have no stored mode have all permissions but these.", false},
	{"fs", "rename_max_keys", CONFIG_UINT, 0, 100000000, NULL, "1000000", "keys",
	 "A rename of a folder that moves more keys is not done: EXDEV, and mv copies.", true},
	{"fs", "xattr", CONFIG_BOOL, 0, 0, NULL, "off", "",
	 "Files and folders have extended attributes. Each write(2) then costs one request more.",
	 false},
	{"fuse", "transport", CONFIG_CHOICE, 0, 0, transports, "auto", "",
	 "How requests come: io_uring if root has set fuse.enable_uring, or /dev/fuse (classic).",
	 false},
	{"fuse", "queue_depth", CONFIG_UINT, 1, 64, automatic, "auto", "threads",
	 "With io_uring: so many requests of a CPU, at least 2, are worked on at once; auto: 4 to "
	 "8.",
	 false},
	{"fs", "virtual_files", CONFIG_CHOICE, 0, 0, virtual_files, "by_name", "",
	 "Whether the root of the mount lists .stats and .apex, has them by name only, or not at "
	 "all.",
	 false},
	{"batch", "max_bytes", CONFIG_SIZE, 4096, UINT64_C(1) << 29, NULL, "64m", "bytes",
	 "A batch that is staged, and a line of any, may have so many bytes.", false},
	{"search", "max_results", CONFIG_UINT, 1, 100000000, NULL, "10000", "paths",
	 "A search answers so many paths at most.", true},
	{"fuse", "max_threads", CONFIG_UINT, 1, 256, NULL, "10", "threads",
	 "With /dev/fuse: so many requests are worked on at the same time.", false},
	{"fuse", "max_background", CONFIG_UINT, 1, 65535, NULL, "12", "requests",
	 "The kernel keeps so many reads ahead and the like in flight.", false},
	{"fuse", "max_write", CONFIG_SIZE, 4096, 1 << 20, NULL, "1m", "bytes",
	 "The kernel hands over so much of a write(2) at once.", false},
	{"fuse", "allow_other", CONFIG_BOOL, 0, 0, NULL, "off", "",
	 "Other users may come in, as far as modes and owners let them.", false},
	{"fuse", "request_timeout", CONFIG_UINT, 0, 3600, NULL, "0", "s",
	 "A change that waits for flush or compaction longer fails with ETIMEDOUT; 0: it waits.",
	 true},
	{"fuse", "shutdown_timeout", CONFIG_UINT, 0, 3600, NULL, "0", "s",
	 "When closing takes longer after the mount's end the process ends; the log has the rest.",
	 false},
	{"fuse", "clone_fd", CONFIG_BOOL, 0, 0, NULL, "off", "",
	 "With /dev/fuse: give each thread a device descriptor of its own.", false},
	{"fuse", "max_readahead", CONFIG_SIZE, 4096, 16 << 20, NULL, "512k", "bytes",
	 "The kernel reads ahead so far in a large file. More than 128k only where root mounts.",
	 false},
	{"fuse", "entry_timeout", CONFIG_UINT, 0, TIMEOUT_MAX, NULL, "31536000", "s",
	 "The kernel keeps a name so long before it asks again.", false},
	{"fuse", "attr_timeout", CONFIG_UINT, 0, TIMEOUT_MAX, NULL, "31536000", "s",
	 "The kernel keeps attributes so long, if nothing changes them.", false},
	{"fuse", "negative_timeout", CONFIG_UINT, 0, TIMEOUT_MAX, NULL, "31536000", "s",
	 "The kernel remembers so long that a name is absent.", false},
	{"features", "steer", CONFIG_BOOL, 0, 0, NULL, "on", "",
	 "The features compaction_paused, read_only and verify_reads do what they say; off: they "
	 "are mere flags.",
	 false},
	{"stats", "enable", CONFIG_BOOL, 0, 0, NULL, "on", "",
	 "Operations and requests are counted and timed; else only sizes are shown.", false},
	{"stats", "file", CONFIG_TEXT, 0, 0, NULL, "", "",
	 "Write the statistics into this file, an absolute path: JSON, or for Prometheus if it "
	 "ends "
	 "in .prom.",
	 false},
	{"stats", "interval", CONFIG_UINT, 1, 86400, NULL, "10", "s", "... so often.", true},
	{"log", "level", CONFIG_CHOICE, 0, 0, log_levels, "warn", "",
	 "Which messages are logged: these and the graver ones.", true},
	{"log", "file", CONFIG_TEXT, 0, 0, NULL, "", "",
	 "The file that messages are appended to; empty: syslog, or with -f standard error.",
	 false},
	{"log", "format", CONFIG_CHOICE, 0, 0, log_formats, "text", "",
	 "How messages stand in a file or on standard error.", true},
};

const size_t daemon_options_count = array_size(daemon_options);

/* The words of mount(8) that a mount may have. */
static const struct word {
	const char *text;
	bool for_libfuse; /* passed on as it is; else it is the default, or ours to say */
} words[] = {
	{"defaults", false}, {"_netdev", false}, /* for mount(8) alone, which passes it on all the
						    same */
	{"rw", false},       {"ro", false},         {"suid", true},
	{"nosuid", true},    {"dev", true},         {"nodev", true},
	{"exec", true},      {"noexec", true},      {"async", true},
	{"sync", true},      {"dirsync", true},     {"atime", true},
	{"noatime", true},   {"allow_other", true}, {"default_permissions", true},
};

static int word_pass_on(struct options *o, const char *text)
{
	int rc = o->words.len > 0 ? buf_append_byte(&o->words, ',') : 0;

	return rc ? rc : buf_append(&o->words, text, strlen(text));
}

/* It may be a setting without its value, or meant to be one. */
static int word_refuse(const struct options *o, const char *text)
{
	const struct config_table table = {.options = o->table,
					   .count = engine_options_count + daemon_options_count};
	char shown[CONFIG_SHOWN_MAX];
	char setting[CONFIG_NAME_MAX + 1];
	const char *word = "";
	size_t distance = SIZE_MAX;

	config_option_name(config_table_nearest_name(&table, text), setting);
	if (strcmp(setting, text) == 0)
		return config_set(o->config, text);
	for (size_t i = 0; i < array_size(words); i++)
		config_nearer(words[i].text, text, &word, &distance);
	config_value_show(text, shown);
	return fail(-EINVAL,
		    "unknown option '%s' in -o; the nearest word is %s, the nearest setting %s=",
		    shown, word, setting);
}

static int word_take(struct options *o, const char *text)
{
	if (strcmp(text, "ro") == 0)
		o->read_only = true;
	else if (strcmp(text, "rw") == 0)
		o->read_only = false;
	else if (strcmp(text, "allow_other") == 0)
		o->allow_other = true;
	else if (strcmp(text, "default_permissions") == 0)
		o->default_permissions = true;
	for (size_t i = 0; i < array_size(words); i++) {
		if (strcmp(text, words[i].text) == 0)
			return words[i].for_libfuse ? word_pass_on(o, text) : 0;
	}
	return word_refuse(o, text);
}

/* One item of a list: a setting has an equals sign, a word has none. */
static int item_take(struct options *o, const char *item)
{
	return strchr(item, '=') ? config_set(o->config, item) : word_take(o, item);
}

/*
 * The next item of a list whose commas are escaped by a backslash, as mount(8) has it; cut out in
 * place.
 */
static char *item_next(char **rest)
{
	char *item = *rest;
	char *from = item;
	char *to = item;

	while (*from && *from != ',') {
		if (*from == '\\' && from[1])
			from++;
		*to++ = *from++;
	}
	*rest = *from ? from + 1 : NULL;
	*to = '\0';
	return item;
}

/* It is taken apart in place. */
static int list_take(struct options *o, char *list)
{
	int rc = 0;

	while (list && !rc) {
		const char *item = item_next(&list);

		if (*item)
			rc = item_take(o, item);
	}
	return rc;
}

/* What getopt found. */
struct found {
	const char *file; /* borrowed; NULL: none */
	struct buf lists; /* owned; all -o joined by commas, and a NUL */
};

/* What getopt_long answers for what has no short form. */
enum {
	LETTER_PRINT_CONFIG = 256,
};

static int flag_take(struct options *o, struct found *found, int letter)
{
	switch (letter) {
	case 'f':
		o->foreground = true;
		return 0;
	case 'd':
		o->debug = true;
		o->foreground = true;
		return 0;
	case 's':
		o->single_thread = true;
		return 0;
	case 'c':
		found->file = optarg;
		return 0;
	case 'h':
		o->action = OPTIONS_HELP;
		return 0;
	case 'V':
		o->action = OPTIONS_VERSION;
		return 0;
	case LETTER_PRINT_CONFIG:
		o->action = OPTIONS_PRINT_CONFIG;
		return 0;
	case 'o':
		if (found->lists.len > 0 && buf_append_byte(&found->lists, ',') != 0)
			return -ENOMEM;
		return buf_append(&found->lists, optarg, strlen(optarg));
	case ':':
		return fail(-EINVAL, "option -%c needs a value (apexfs -h)", optopt);
	default:
		if (optopt)
			return fail(-EINVAL, "unknown option -%c (apexfs -h)", optopt);
		return fail(-EINVAL, "unknown long option (apexfs -h)");
	}
}

/* [STORE] MOUNTPOINT; or neither, when nothing is to be mounted. */
static int places_take(int count, char **places, struct options *o)
{
	static const char usage[] =
		"usage: apexfs [-f] [-d] [-s] [-c FILE] [-o OPTIONS] [STORE] MOUNTPOINT";

	if (o->action == OPTIONS_PRINT_CONFIG) {
		o->store = count > 0 ? places[0] : NULL;
		o->mountpoint = count > 1 ? places[1] : NULL;
		return count > 2 ? fail(-EINVAL, usage) : 0;
	}
	if (count < 1 || count > 2)
		return fail(-EINVAL, usage);
	o->store = count == 2 ? places[0] : NULL;
	o->mountpoint = places[count - 1];
	return 0;
}

static int flags_take(int argc, char **argv, struct options *o, struct found *found)
{
	static const struct option long_options[] = {
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{"print-config", no_argument, NULL, LETTER_PRINT_CONFIG},
		{NULL, 0, NULL, 0}};
	int letter;
	int rc = 0;

	optind = 0; /* glibc: begin anew, also after an earlier use */
	opterr = 0; /* the sentences are ours */
	while (!rc && (letter = getopt_long(argc, argv, ":fdsc:o:hV", long_options, NULL)) != -1)
		rc = flag_take(o, found, letter);
	if (rc || o->action == OPTIONS_HELP || o->action == OPTIONS_VERSION)
		return rc;
	return places_take(argc - optind, argv + optind, o);
}

static const char *data_dir(const struct options *o)
{
	const char *folder = config_text(o->config, "store", "data_dir");

	return folder[0] ? folder : NULL;
}

/* Of the store, and so of its own settings file, the nearer sources say where it is. */
static int file_take(struct options *o, const struct found *found, char *const *environment)
{
	const char *store = o->store ? o->store : data_dir(o);

	return found->file ? config_load_file(o->config, found->file)
			   : config_load_usual_file(o->config, store, environment);
}

/* What the table alone cannot say. */
static int values_check(const struct config *c)
{
	uint64_t separator = config_number(c, "store", "separator");

	if (!path_separator_ok((uint8_t)separator))
		return config_refuse(c, "store", "separator", -EINVAL,
				     "keys cannot be split on a letter, a digit or one of %%.=~");
	const char *stats_file = config_text(c, "stats", "file");

	if (stats_file[0] && !stats_dump_path_ok(stats_file))
		return config_refuse(c, "stats", "file", -EINVAL,
				     "not the absolute path of a file");
	return engine_options_check(c);
}

/* Which of them wins does not depend on the order here. */
static int sources_take(struct options *o, struct found *found, char *const *environment)
{
	int rc = config_load_environment(o->config, environment);

	if (!rc && found->lists.len > 0) {
		rc = buf_append_byte(&found->lists, '\0');
		if (!rc)
			rc = list_take(o, (char *)found->lists.ptr);
	}
	if (!rc)
		rc = file_take(o, found, environment);
	if (rc)
		return rc;
	config_take_profile(o->config);
	rc = values_check(o->config);
	if (rc)
		return rc;
	if (!o->store)
		o->store = data_dir(o);
	if (!o->store && o->action == OPTIONS_MOUNT)
		return fail(-EINVAL, "no STORE is given, and store.data_dir is not set either");
	return 0;
}

/* A word says the same as a setting, which is to show it. */
static int setting_follow(struct options *o, bool word, const char *section, const char *name)
{
	char assignment[CONFIG_NAME_MAX + sizeof("=on")];

	if (!word || config_bool(o->config, section, name))
		return 0;
	(void)snprintf(assignment, sizeof(assignment), "%s.%s=on", section, name);
	return config_set(o->config, assignment);
}

/* What one option says about another. */
static int implied_take(struct options *o)
{
	int rc = setting_follow(o, o->read_only, "store", "read_only");

	if (!rc)
		rc = setting_follow(o, o->allow_other, "fuse", "allow_other");
	if (rc)
		return rc;
	if (config_bool(o->config, "fuse", "allow_other") && !o->allow_other) {
		o->allow_other = true;
		rc = word_pass_on(o, "allow_other");
	}
	/* Others may come in, but not further than modes and owners let them. */
	if (!rc && o->allow_other && !o->default_permissions) {
		o->default_permissions = true;
		rc = word_pass_on(o, "default_permissions");
	}
	o->read_only |= config_bool(o->config, "store", "read_only");
	if (!rc && o->read_only)
		rc = word_pass_on(o, "ro");
	return rc ? rc : buf_append_byte(&o->words, '\0');
}

static int config_begin(struct options *o)
{
	int rc = config_join(engine_options, engine_options_count, daemon_options,
			     daemon_options_count, &o->table);

	return rc ? rc
		  : config_new(o->table, engine_options_count + daemon_options_count, &o->config);
}

int options_parse(int argc, char **argv, char *const *environment, struct options *ret_options)
{
	struct found found = {0};

	*ret_options = (struct options){0};
	int rc = config_begin(ret_options);

	if (!rc)
		rc = flags_take(argc, argv, ret_options, &found);
	if (!rc &&
	    (ret_options->action == OPTIONS_MOUNT || ret_options->action == OPTIONS_PRINT_CONFIG)) {
		rc = sources_take(ret_options, &found, environment);
		if (!rc)
			rc = implied_take(ret_options);
	}
	buf_done(&found.lists);
	return rc;
}

void options_done(struct options *options)
{
	config_free(options->config);
	free(options->table);
	buf_done(&options->words);
	*options = (struct options){0};
}

static int render_words(struct buf *text)
{
	int rc = buf_printf(text, "words for -o:");

	for (size_t i = 0; i < array_size(words) && !rc; i++)
		rc = buf_printf(text, " %s", words[i].text);
	return rc ? rc : buf_printf(text, "\n");
}

static int render_table(const struct config_option *table, size_t count, struct buf *text)
{
	int rc = 0;

	char name[CONFIG_NAME_MAX + 1];

	for (size_t i = 0; i < count && !rc; i++) {
		config_option_name(&table[i], name);
		rc = buf_printf(text, "  %s=%s\n\t%s\n", name, table[i].fallback, table[i].help);
	}
	return rc;
}

int options_render_help(struct buf *text)
{
	static const char usage[] =
		"usage: apexfs [-f] [-d] [-s] [-c FILE] [-o OPTIONS] [STORE] MOUNTPOINT\n"
		"       apexfs --print-config [-c FILE] [-o OPTIONS] [STORE]\n"
		"Mount the key-value store in the folder STORE on the folder MOUNTPOINT.\n"
		"An absent or empty STORE becomes a store; without STORE it is store.data_dir.\n"
		"\n"
		"  -f          stay in the foreground, log to standard error\n"
		"  -d          as -f, and write each request to standard error\n"
		"  -s          work on one request at a time\n"
		"  -c FILE     read settings from FILE; else from the first that is there of\n"
		"              STORE/apexfs.ini, ~/.config/apexfs.ini, /etc/apexfs.ini\n"
		"  -o OPTIONS  a list of words and settings, separated by commas\n"
		"  -h, -V      this help, the version\n"
		"  --print-config  each setting and where its value comes from\n"
		"\n";
	int rc = buf_append(text, usage, strlen(usage));

	if (!rc)
		rc = render_words(text);
	if (!rc)
		rc = buf_printf(text, "settings for -o (and FILE, and the environment), with their "
				      "defaults:\n");
	if (!rc)
		rc = render_table(engine_options, engine_options_count, text);
	return rc ? rc : render_table(daemon_options, daemon_options_count, text);
}
