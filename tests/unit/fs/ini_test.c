/*
 * apexfs.ini at the top of the tree is made from the option tables, and says what they say; so are
 * the profiles' files in examples/.
 *
 * APEX_UPDATE=1 in the environment writes them anew.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "fs/options.h"
#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/config/engine_options.h"
#include "lsm/config/profile.h"
#include "tests/unit/unit.h"

/* Of a file of the tree. */
static const char *tree_path(const char *name)
{
	static char path[4096];
	const char *here = __FILE__;

	(void)snprintf(path, sizeof(path), "%.*s../../../%s",
		       (int)(strlen(here) - strlen("ini_test.c")), here, name);
	return path;
}

static const char *ini_path(void)
{
	return tree_path("apexfs.ini");
}

static void render(struct buf *ret_text)
{
	cleanup_free struct config_option *table = NULL;

	ck_assert_int_eq(config_join(engine_options, engine_options_count, daemon_options,
				     daemon_options_count, &table),
			 0);
	ck_assert_int_eq(
		config_render_ini(table, engine_options_count + daemon_options_count, ret_text), 0);
}

static void write_anew(const char *path, struct slice text)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text.ptr, 1, text.len, file), text.len);
	ck_assert_int_eq(fclose(file), 0);
}

static void check_file(const char *path, struct slice wanted)
{
	cleanup_buf struct buf found = {0};

	if (getenv("APEX_UPDATE"))
		write_anew(path, wanted);
	ck_assert_int_eq(buf_reserve(&found, wanted.len + 1), 0);

	FILE *file = fopen(path, "r");

	ck_assert_msg(file != NULL, "%s is missing", path);
	found.len = fread(found.ptr, 1, found.cap, file);
	fclose(file);
	ck_assert_msg(slice_eq(buf_slice(&found), wanted),
		      "%s differs from the tables: APEX_UPDATE=1 writes it anew", path);
}

START_TEST(apexfs_ini_says_what_the_tables_say)
{
	cleanup_buf struct buf wanted = {0};

	render(&wanted);
	check_file(ini_path(), buf_slice(&wanted));
}
END_TEST

/* examples/NAME.ini, each a good settings file that does what the profile does. */
START_TEST(there_is_an_example_for_each_profile)
{
	for (size_t i = 0; profile_names[i]; i++) {
		cleanup_buf struct buf wanted = {0};
		cleanup_free struct config_option *table = NULL;
		struct config *by_file, *by_name;
		char text[64];

		(void)snprintf(text, sizeof(text), "examples/%s.ini", profile_names[i]);
		ck_assert_int_eq(config_render_profile(i, &wanted), 0);
		check_file(tree_path(text), buf_slice(&wanted));
		ck_assert_int_eq(config_join(engine_options, engine_options_count, daemon_options,
					     daemon_options_count, &table),
				 0);
		size_t count = engine_options_count + daemon_options_count;

		ck_assert_int_eq(config_new(table, count, &by_file), 0);
		ck_assert_int_eq(config_new(table, count, &by_name), 0);
		ck_assert_msg(config_load_file(by_file, tree_path(text)) == 0, "%s", fail_text());
		(void)snprintf(text, sizeof(text), "profile=%s", profile_names[i]);
		ck_assert_int_eq(config_set(by_name, text), 0);
		config_take_profile(by_name);
		for (size_t k = 1; k < count; k++)
			ck_assert_int_eq(config_source_of(by_file, table[k].section,
							  table[k].name) != CONFIG_DEFAULT,
					 config_source_of(by_name, table[k].section,
							  table[k].name) != CONFIG_DEFAULT);
		config_free(by_file);
		config_free(by_name);
	}
}
END_TEST

START_TEST(apexfs_ini_is_a_good_settings_file_and_changes_nothing)
{
	struct config *c;

	ck_assert_int_eq(config_new(engine_options, engine_options_count, &c), 0);
	config_set_foreign(c, (const char *const[]){"fs", "fuse", "log", "batch", "search",
						    "features", "stats", NULL});
	ck_assert_msg(config_load_file(c, ini_path()) == 0, "%s", fail_text());

	struct lsm_options loaded, defaults;

	lsm_options_init(&loaded);
	lsm_options_init(&defaults);
	engine_options_apply(c, &loaded);
	ck_assert_uint_eq(loaded.memtable_bytes, defaults.memtable_bytes);
	ck_assert_uint_eq(loaded.l0_stop, defaults.l0_stop);
	config_free(c);
}
END_TEST

static const TTest *const *const tests[] = {
	&apexfs_ini_says_what_the_tables_say,
	&there_is_an_example_for_each_profile,
	&apexfs_ini_is_a_good_settings_file_and_changes_nothing,
};

UNIT_SUITE("fs/ini", tests)
