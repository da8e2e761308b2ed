/*
 * apexfs.ini at the top of the tree is made from the option tables, and says what they say.
 *
 * APEX_UPDATE=1 in the environment writes it anew.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "fs/options.h"
#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/config/engine_options.h"
#include "tests/unit/unit.h"

static const char *ini_path(void)
{
	static char path[4096];
	const char *here = __FILE__;

	(void)snprintf(path, sizeof(path), "%.*s../../../apexfs.ini",
		       (int)(strlen(here) - strlen("ini_test.c")), here);
	return path;
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

static void write_anew(struct slice text)
{
	FILE *file = fopen(ini_path(), "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text.ptr, 1, text.len, file), text.len);
	ck_assert_int_eq(fclose(file), 0);
}

START_TEST(apexfs_ini_says_what_the_tables_say)
{
	cleanup_buf struct buf wanted = {0};
	cleanup_buf struct buf found = {0};

	render(&wanted);
	if (getenv("APEX_UPDATE"))
		write_anew(buf_slice(&wanted));
	ck_assert_int_eq(buf_reserve(&found, wanted.len + 1), 0);

	FILE *file = fopen(ini_path(), "r");

	ck_assert_msg(file != NULL, "%s is missing", ini_path());
	found.len = fread(found.ptr, 1, found.cap, file);
	fclose(file);
	ck_assert_msg(slice_eq(buf_slice(&found), buf_slice(&wanted)),
		      "%s differs from the tables: APEX_UPDATE=1 writes it anew", ini_path());
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

int main(void)
{
	static const TTest *const *tests[] = {
		&apexfs_ini_says_what_the_tables_say,
		&apexfs_ini_is_a_good_settings_file_and_changes_nothing,
	};

	return unit_run("ini", tests, array_size(tests));
}
