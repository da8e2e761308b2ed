#include "fs/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/config/engine_options.h"
#include "tests/unit/unit.h"

static char *const no_environment[] = {NULL};

/* Parse a command line whose words are separated by single blanks. */
static int parse_in(const char *line, char *const *environment, struct options *ret_options)
{
	static char copy[1000];
	static char program[] = "apexfs";
	char *argv[20] = {program};
	char *rest = copy;
	int argc = 1;

	snprintf(copy, sizeof(copy), "%s", line);
	while (rest)
		argv[argc++] = strsep(&rest, " ");
	fail_clear();
	return options_parse(argc, argv, environment, ret_options);
}

static int parse(const char *line, struct options *ret_options)
{
	return parse_in(line, no_environment, ret_options);
}

static const char *words_of(const struct options *o)
{
	return (const char *)o->words.ptr;
}

/* It is refused, in one line that has `part`. */
static void check_refused(const char *line, const char *part)
{
	struct options o;

	ck_assert_int_eq(parse(line, &o), -EINVAL);
	ck_assert_msg(strstr(fail_text(), part) != NULL, "%s: \"%s\"", line, fail_text());
	ck_assert_ptr_null(strchr(fail_text(), '\n'));
	options_done(&o);
}

START_TEST(two_places_are_all_that_is_needed)
{
	struct options o;

	ck_assert_int_eq(parse("store mnt", &o), 0);
	ck_assert_int_eq(o.action, OPTIONS_MOUNT);
	ck_assert_str_eq(o.store, "store");
	ck_assert_str_eq(o.mountpoint, "mnt");
	ck_assert(!o.foreground && !o.debug && !o.single_thread && !o.read_only);
	ck_assert(!o.allow_other && !o.default_permissions);
	ck_assert_str_eq(words_of(&o), "");
	ck_assert_uint_eq(config_number(o.config, "fuse", "max_threads"), 10);
	ck_assert_uint_eq(config_number(o.config, "store", "separator"), '/');
	options_done(&o);
}
END_TEST

START_TEST(flags_may_come_after_the_places)
{
	struct options o;

	ck_assert_int_eq(parse("store mnt -d -s", &o), 0);
	ck_assert(o.debug && o.foreground && o.single_thread);
	options_done(&o);
	ck_assert_int_eq(parse("-f store mnt", &o), 0);
	ck_assert(o.foreground && !o.debug);
	options_done(&o);
}
END_TEST

START_TEST(places_must_be_two)
{
	check_refused("mnt", "store.data_dir is not set");
	check_refused("store mnt more", "usage: apexfs");
	check_refused("-f", "usage: apexfs");
}
END_TEST

START_TEST(unknown_options_are_named)
{
	check_refused("-x store mnt", "unknown option -x");
	check_refused("--frob store mnt", "unknown long option");
	check_refused("store mnt -o", "option -o needs a value");
	check_refused("-o bogus store mnt", "unknown option 'bogus' in -o; the nearest word is");
	check_refused("-o rw,nonempty store mnt", "'nonempty'");
	check_refused("-o allow_others store mnt", "the nearest word is allow_other, the nearest "
						   "setting fuse.allow_other=");
	check_refused("-o size=5 store mnt", "unknown option size; the nearest is");
	check_refused("-o sync_mode=always store mnt", "the nearest is wal.sync_mode");
	check_refused("-o sync_mode store mnt", "the nearest setting wal.sync_mode=");
	check_refused("-o wal.sync_mode store mnt",
		      "wal.sync_mode needs a value, allowed: always, batch");
	check_refused("-o profile store mnt", "profile needs a value, allowed: balanced");
	check_refused("-o wal.sync_mod=always store mnt", "wal.sync_mode");
	check_refused("-o nowhere.name=1 store mnt", "nowhere");
	check_refused("-o fs.value_max=16m store mnt", "fs");
	check_refused("-o fuse.max_threads=0 store mnt", "fuse.max_threads");
}
END_TEST

START_TEST(values_that_do_not_go_together_are_refused)
{
	struct options o;

	ck_assert_int_eq(parse("--print-config -o compaction.l0_slowdown=3", &o), -ERANGE);
	ck_assert_str_eq(fail_text(), "command line: compaction.l0_slowdown=3: out of range, "
				      "allowed: 4 to 20 tables, as compaction.l0_threshold=4 "
				      "(default) and compaction.l0_stop=20 (default)");
	options_done(&o);
	ck_assert_int_eq(parse("-o profile=stress,compaction.l0_threshold=5 s m", &o), -ERANGE);
	ck_assert_ptr_nonnull(strstr(fail_text(), "as compaction.l0_slowdown=4 (profile stress)"));
	options_done(&o);
	ck_assert_int_eq(parse("-o wal.max_record_size=132k s m", &o), -ERANGE);
	ck_assert_ptr_nonnull(strstr(fail_text(), "allowed: 196671 to 1025m bytes, as "
						  "blob.large_value_threshold=64k (default)"));
	options_done(&o);
	check_refused("-o stats.file=x.json s m",
		      "command line: stats.file=x.json: not the absolute path of a file");
	check_refused("-o stats.file=/x/ s m", "not the absolute path");
	check_refused("-o store.separator=A s m", "store.separator=A: keys cannot be split on");
}
END_TEST

START_TEST(list_mixes_words_and_settings)
{
	struct options o;

	ck_assert_int_eq(parse("-o rw,nosuid,wal.sync_mode=always,noexec,log.level=debug s m", &o),
			 0);
	ck_assert_str_eq(words_of(&o), "nosuid,noexec");
	ck_assert_uint_eq(config_number(o.config, "wal", "sync_mode"), 0);
	ck_assert_uint_eq(config_number(o.config, "log", "level"), 3);
	options_done(&o);
}
END_TEST

START_TEST(lists_add_up_and_the_last_value_wins)
{
	struct options o;

	ck_assert_int_eq(
		parse("-o noatime,fuse.max_threads=4 s m -o fuse.max_threads=8 -o nodev", &o), 0);
	ck_assert_str_eq(words_of(&o), "noatime,nodev");
	ck_assert_uint_eq(config_number(o.config, "fuse", "max_threads"), 8);
	options_done(&o);
}
END_TEST

START_TEST(backslash_takes_a_comma_into_a_value)
{
	struct options o;

	ck_assert_int_eq(parse("-o store.separator=\\,,nodev s m", &o), 0);
	ck_assert_uint_eq(config_number(o.config, "store", "separator"), ',');
	ck_assert_str_eq(words_of(&o), "nodev");
	options_done(&o);
}
END_TEST

START_TEST(empty_items_and_mount_words_change_nothing)
{
	struct options o;

	ck_assert_int_eq(parse("-o ,defaults,,_netdev, s m", &o), 0);
	ck_assert_str_eq(words_of(&o), "");
	options_done(&o);
}
END_TEST

START_TEST(the_last_of_ro_and_rw_wins)
{
	struct options o;

	ck_assert_int_eq(parse("-o rw,ro s m", &o), 0);
	ck_assert(o.read_only);
	ck_assert_str_eq(words_of(&o), "ro");
	options_done(&o);
	ck_assert_int_eq(parse("-o ro,rw s m", &o), 0);
	ck_assert(!o.read_only);
	ck_assert_str_eq(words_of(&o), "");
	options_done(&o);
}
END_TEST

START_TEST(read_only_store_is_mounted_read_only)
{
	struct options o;

	ck_assert_int_eq(parse("-o store.read_only=on s m", &o), 0);
	ck_assert(o.read_only);
	ck_assert_str_eq(words_of(&o), "ro");
	options_done(&o);
}
END_TEST

START_TEST(a_word_shows_in_the_setting_that_means_the_same)
{
	struct options o;

	ck_assert_int_eq(parse("-o ro,allow_other s m", &o), 0);
	ck_assert(config_bool(o.config, "store", "read_only"));
	ck_assert(config_bool(o.config, "fuse", "allow_other"));
	ck_assert_int_eq(config_source_of(o.config, "store", "read_only"), CONFIG_COMMAND_LINE);
	options_done(&o);
	ck_assert_int_eq(parse("-o ro,store.read_only=on s m", &o), 0);
	options_done(&o);
}
END_TEST

START_TEST(allow_other_switches_permission_checks_on)
{
	struct options o;

	ck_assert_int_eq(parse("-o allow_other s m", &o), 0);
	ck_assert(o.allow_other && o.default_permissions);
	ck_assert_str_eq(words_of(&o), "allow_other,default_permissions");
	options_done(&o);
	ck_assert_int_eq(parse("-o default_permissions,allow_other s m", &o), 0);
	ck_assert_str_eq(words_of(&o), "default_permissions,allow_other");
	options_done(&o);
}
END_TEST

START_TEST(allow_other_may_be_a_setting)
{
	struct options o;

	ck_assert_int_eq(parse("-o fuse.allow_other=on s m", &o), 0);
	ck_assert(o.allow_other && o.default_permissions);
	ck_assert_str_eq(words_of(&o), "allow_other,default_permissions");
	options_done(&o);
	ck_assert_int_eq(parse("-o allow_other,fuse.allow_other=on s m", &o), 0);
	ck_assert_str_eq(words_of(&o), "allow_other,default_permissions");
	options_done(&o);
}
END_TEST

START_TEST(data_dir_is_the_store_that_is_not_named)
{
	char variable[] = "APEXFS_STORE_DATA_DIR=from environment";
	char *const environment[] = {variable, NULL};
	struct options o;

	ck_assert_int_eq(parse_in("mnt", environment, &o), 0);
	ck_assert_str_eq(o.store, "from environment");
	ck_assert_str_eq(o.mountpoint, "mnt");
	options_done(&o);
	ck_assert_int_eq(parse_in("-o store.data_dir=elsewhere mnt", environment, &o), 0);
	ck_assert_str_eq(o.store, "elsewhere");
	options_done(&o);
	ck_assert_int_eq(parse_in("named mnt", environment, &o), 0);
	ck_assert_str_eq(o.store, "named");
	options_done(&o);
}
END_TEST

START_TEST(print_config_needs_no_places)
{
	struct options o;

	ck_assert_int_eq(parse("--print-config -o wal.sync_mode=batch", &o), 0);
	ck_assert_int_eq(o.action, OPTIONS_PRINT_CONFIG);
	ck_assert_uint_eq(config_number(o.config, "wal", "sync_mode"), 1);
	options_done(&o);
	ck_assert_int_eq(parse("--print-config s m", &o), 0);
	options_done(&o);
	check_refused("--print-config s m more", "usage");
	check_refused("--print-config -o wal.sync_mode=x", "wal.sync_mode");
}
END_TEST

START_TEST(help_and_version_need_no_places)
{
	struct options o;

	ck_assert_int_eq(parse("-h", &o), 0);
	ck_assert_int_eq(o.action, OPTIONS_HELP);
	options_done(&o);
	ck_assert_int_eq(parse("--version", &o), 0);
	ck_assert_int_eq(o.action, OPTIONS_VERSION);
	options_done(&o);
}
END_TEST

/* The file's name; unlink it. */
static void write_settings(char *path, const char *text)
{
	cleanup_fd int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

START_TEST(command_line_beats_environment_beats_file)
{
	char path[] = "/tmp/apexfs-options.XXXXXX";
	char level[] = "APEXFS_LOG_LEVEL=info";
	char max_threads[] = "APEXFS_FUSE_MAX_THREADS=5";
	char other[] = "HOME=/";
	char *const environment[] = {level, max_threads, other, NULL};
	char line[100];
	struct options o;

	write_settings(path, "[log]\nlevel = warn\n[fuse]\nmax_threads = 4\nclone_fd = on\n");
	snprintf(line, sizeof(line), "-o log.level=debug -c %s s m", path);
	ck_assert_int_eq(parse_in(line, environment, &o), 0);
	ck_assert_uint_eq(config_number(o.config, "log", "level"), 3);
	ck_assert_uint_eq(config_number(o.config, "fuse", "max_threads"), 5);
	ck_assert(config_bool(o.config, "fuse", "clone_fd"));
	options_done(&o);
	unlink(path);
}
END_TEST

START_TEST(bad_settings_file_is_named)
{
	char path[] = "/tmp/apexfs-options.XXXXXX";
	char line[100];
	struct options o;

	write_settings(path, "[store]\nmax_value = 4k\n");
	snprintf(line, sizeof(line), "-c %s s m", path);
	check_refused(line, path);
	unlink(path);
	ck_assert_int_eq(parse(line, &o), -ENOENT);
	ck_assert_ptr_nonnull(strstr(fail_text(), path));
	options_done(&o);
}
END_TEST

START_TEST(bad_environment_is_refused)
{
	char bad[] = "APEXFS_FUSE_MAX_THREADS=lots";
	char *const environment[] = {bad, NULL};
	struct options o;

	ck_assert_int_eq(parse_in("s m", environment, &o), -EINVAL);
	ck_assert_ptr_nonnull(strstr(fail_text(), "environment: fuse.max_threads"));
	options_done(&o);
}
END_TEST

START_TEST(help_names_every_setting)
{
	struct buf text = {0};
	char name[100];

	ck_assert_int_eq(options_render_help(&text), 0);
	ck_assert_int_eq(buf_append_byte(&text, 0), 0);
	for (size_t i = 0; i < engine_options_count + daemon_options_count; i++) {
		const struct config_option *option =
			i < engine_options_count ? &engine_options[i]
						 : &daemon_options[i - engine_options_count];

		snprintf(name, sizeof(name), " %s%s%s=", option->section,
			 option->section[0] ? "." : "", option->name);
		ck_assert_msg(strstr((char *)text.ptr, name) != NULL, "%s", name);
	}
	buf_done(&text);
}
END_TEST

static const TTest *const *const tests[] = {
	&two_places_are_all_that_is_needed,
	&flags_may_come_after_the_places,
	&places_must_be_two,
	&unknown_options_are_named,
	&values_that_do_not_go_together_are_refused,
	&list_mixes_words_and_settings,
	&lists_add_up_and_the_last_value_wins,
	&backslash_takes_a_comma_into_a_value,
	&empty_items_and_mount_words_change_nothing,
	&the_last_of_ro_and_rw_wins,
	&read_only_store_is_mounted_read_only,
	&a_word_shows_in_the_setting_that_means_the_same,
	&allow_other_switches_permission_checks_on,
	&allow_other_may_be_a_setting,
	&data_dir_is_the_store_that_is_not_named,
	&print_config_needs_no_places,
	&help_and_version_need_no_places,
	&command_line_beats_environment_beats_file,
	&bad_settings_file_is_named,
	&bad_environment_is_refused,
	&help_names_every_setting,
};

UNIT_SUITE("fs/options", tests)
