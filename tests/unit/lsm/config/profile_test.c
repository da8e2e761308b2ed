#include "lsm/config/profile.h"

#include <errno.h>
#include <string.h>

#include "lsm/base/error.h"
#include "lsm/config/engine_options.h"
#include "tests/unit/unit.h"

static struct config *new_config(void)
{
	/* apexfs's own options, of which profiles name some */
	static const char *const foreign[] = {"fuse", NULL};
	struct config *c = NULL;

	ck_assert_int_eq(config_new(engine_options, engine_options_count, &c), 0);
	config_set_foreign(c, foreign);
	return c;
}

static void set(struct config *c, const char *assignment)
{
	ck_assert_msg(config_set(c, assignment) == 0, "%s", fail_text());
}

START_TEST(a_profile_takes_the_place_of_defaults_alone)
{
	struct config *c = new_config();

	set(c, "profile=low_memory");
	set(c, "memtable.max_full=3");
	config_take_profile(c);
	ck_assert_uint_eq(config_number(c, "memtable", "max_size"), 2 << 20);
	ck_assert_int_eq(config_source_of(c, "memtable", "max_size"), CONFIG_PROFILE);
	ck_assert_uint_eq(config_number(c, "memtable", "max_full"), 3);
	ck_assert_int_eq(config_source_of(c, "memtable", "max_full"), CONFIG_COMMAND_LINE);
	ck_assert_int_eq(config_source_of(c, "wal", "sync_mode"), CONFIG_DEFAULT);
	config_free(c);
}
END_TEST

START_TEST(the_balanced_profile_is_the_defaults)
{
	struct config *c = new_config();

	set(c, "profile=balanced");
	config_take_profile(c);
	for (size_t i = 1; i < engine_options_count; i++)
		ck_assert_int_eq(
			config_source_of(c, engine_options[i].section, engine_options[i].name),
			CONFIG_DEFAULT);
	config_free(c);
}
END_TEST

START_TEST(the_engine_takes_every_profile)
{
	for (size_t i = 0; profile_names[i]; i++) {
		struct config *c = new_config();
		struct lsm_options o;
		char assignment[64];

		snprintf(assignment, sizeof(assignment), "profile=%s", profile_names[i]);
		set(c, assignment);
		config_take_profile(c);
		ck_assert_str_eq(config_profile_name(c), profile_names[i]);
		lsm_options_init(&o);
		engine_options_apply(c, &o);
		o.create = false;
		/* it gets as far as the folder */
		struct lsm *db;

		ck_assert_int_eq(lsm_open("/nonexistent/store", &o, &db), -ENOENT);
		config_free(c);
	}
}
END_TEST

/* What each is for. */
START_TEST(profiles_differ_in_what_they_are_named_for)
{
	uint64_t write_memtable, read_cache, low_memory;
	struct config *c = new_config();

	set(c, "profile=high_write");
	config_take_profile(c);
	write_memtable = config_number(c, "memtable", "max_size");
	ck_assert_uint_eq(config_number(c, "compaction", "strategy"), LSM_LAZY_LEVELING);
	config_free(c);

	c = new_config();
	set(c, "profile=high_read");
	config_take_profile(c);
	read_cache = config_number(c, "cache", "block_cache_size");
	config_free(c);

	c = new_config();
	set(c, "profile=low_memory");
	config_take_profile(c);
	low_memory = config_number(c, "cache", "block_cache_size") +
		     config_number(c, "memtable", "max_size") *
			     (1 + config_number(c, "memtable", "max_full"));
	config_free(c);

	c = new_config();
	config_take_profile(c);
	ck_assert_uint_gt(write_memtable, config_number(c, "memtable", "max_size"));
	ck_assert_uint_gt(read_cache, config_number(c, "cache", "block_cache_size"));
	ck_assert_uint_le(low_memory, 16 << 20);
	config_free(c);
}
END_TEST

static const TTest *const *const tests[] = {
	&a_profile_takes_the_place_of_defaults_alone,
	&the_balanced_profile_is_the_defaults,
	&the_engine_takes_every_profile,
	&profiles_differ_in_what_they_are_named_for,
};

UNIT_SUITE("lsm/config/profile", tests)
