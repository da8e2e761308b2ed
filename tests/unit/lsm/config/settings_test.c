#include "lsm/config/settings.h"

#include <errno.h>
#include <string.h>

#include "lsm/base/error.h"
#include "lsm/base/thread.h"
#include "lsm/config/config_relation.h"
#include "tests/unit/unit.h"

static const struct config_option table[] = {
	{"shop", "doors", CONFIG_UINT, 1, 12, NULL, "2", "doors", "How many doors.", true},
	{"shop", "area", CONFIG_SIZE, 1024, 1 << 20, NULL, "4k", "bytes", "How large.", false},
	{"shop", "guards", CONFIG_UINT, 1, 20, NULL, "12", "", "Who stand at them.", true},
	{"shop", "open", CONFIG_BOOL, 0, 0, NULL, "off", "", "Whether one may enter.", true},
	{"shop", "sign", CONFIG_TEXT, 0, 0, NULL, "", "", "What it says.", true},
};

static const struct config_relation guarded = {"shop", "guards", "shop", "doors", 0};

/* A program that takes over what it is given, unless it is told to refuse. */
struct program {
	struct config *config;
	struct settings *settings;
	uint64_t doors;
	int refuse; /* 0 or an errno */
	unsigned calls;
};

static int apply(void *arg, const struct config *config)
{
	struct program *p = arg;

	p->calls++;
	if (p->refuse)
		return fail(p->refuse, "the program says no");
	int rc = config_check_relations(config, &guarded, 1);

	if (rc)
		return rc;
	p->doors = config_number(config, "shop", "doors");
	return 0;
}

static void begin(struct program *p)
{
	struct settings_target target = {.apply = apply, .arg = p};

	*p = (struct program){0};
	ck_assert_int_eq(config_new(table, array_size(table), &p->config), 0);
	ck_assert_int_eq(settings_new(p->config, &target, &p->settings), 0);
	fail_clear();
}

static void end(struct program *p)
{
	settings_free(p->settings);
	config_free(p->config);
}

static void check_shown(struct program *p, const char *name, const char *wanted)
{
	cleanup_buf struct buf text = {0};

	ck_assert_int_eq(settings_render_value(p->settings, name, &text), 0);
	ck_assert_int_eq(buf_append_byte(&text, '\0'), 0);
	ck_assert_str_eq((const char *)text.ptr, wanted);
}

static int change(struct program *p, const char *name, const char *text)
{
	return settings_change(p->settings, name, slice_str(text));
}

START_TEST(a_change_takes_effect_and_is_shown_as_live)
{
	cleanup_buf struct buf text = {0};
	struct program p;

	begin(&p);
	ck_assert_int_eq(change(&p, "shop.doors", "7\n"), 0);
	ck_assert_uint_eq(p.doors, 7);
	check_shown(&p, "shop.doors", "7\n");
	ck_assert_int_eq(settings_render(p.settings, &text), 0);
	ck_assert_int_eq(buf_append_byte(&text, '\0'), 0);
	ck_assert_str_eq((const char *)text.ptr, "shop.doors=7    # live\n"
						 "shop.area=4k    # default\n"
						 "shop.guards=12    # default\n"
						 "shop.open=off    # default\n"
						 "shop.sign=    # default\n");
	ck_assert_uint_eq(config_number(p.config, "shop", "doors"), 7);
	end(&p);
}
END_TEST

static void check_refused(const char *name, struct slice text, int rc, const char *why)
{
	struct program p;

	begin(&p);
	ck_assert_int_eq(settings_change(p.settings, name, text), rc);
	ck_assert_msg(strstr(fail_text(), why) != NULL, "\"%s\" lacks \"%s\"", fail_text(), why);
	ck_assert_uint_eq(p.calls, 0);
	check_shown(&p, "shop.doors", "2\n");
	end(&p);
}

START_TEST(what_is_refused_is_refused_with_its_reason)
{
	char overlong[CONFIG_TEXT_MAX + 3];

	memset(overlong, 'x', sizeof(overlong));
	check_refused("shop.dors", slice_str("3"), -ENOENT, "the nearest is shop.doors");
	check_refused("doors", slice_str("3"), -ENOENT, "the nearest is shop.doors");
	check_refused("", slice_str("3"), -ENOENT, "unknown option");
	check_refused("shop.area", slice_str("8k"), -EPERM, "cannot change while");
	check_refused("shop.doors", slice_str("many"), -EINVAL, "allowed: 1 to 12 doors");
	check_refused("shop.doors", slice_str(""), -EINVAL, "allowed: 1 to 12 doors");
	check_refused("shop.doors", slice_str("3\n\n"), -EINVAL, "not a value");
	check_refused("shop.doors", slice_of("3\0", 2), -EINVAL, "NUL");
	check_refused("shop.doors", slice_str("0"), -ERANGE, "allowed: 1 to 12 doors");
	check_refused("shop.doors", slice_str("-1\n"), -ERANGE, "allowed: 1 to 12 doors");
	check_refused("shop.doors", slice_str("18446744073709551616"), -ERANGE, "out of range");
	check_refused("shop.doors", slice_str("13\n"), -ERANGE, "out of range");
	check_refused("shop.sign", slice_of(overlong, sizeof(overlong)), -EINVAL, "more than");
}
END_TEST

START_TEST(what_the_program_refuses_has_not_happened)
{
	struct program p;

	begin(&p);
	p.refuse = -ENOSPC;
	ck_assert_int_eq(change(&p, "shop.doors", "3"), -ENOSPC);
	ck_assert_str_eq(fail_text(), "the program says no");
	check_shown(&p, "shop.doors", "2\n");
	ck_assert_int_eq(config_source_of(p.config, "shop", "doors"), CONFIG_DEFAULT);
	end(&p);
}
END_TEST

/* Whichever of two changes came last is the one that is refused. */
START_TEST(what_another_option_does_not_allow_is_out_of_range)
{
	struct program p;

	begin(&p);
	ck_assert_int_eq(change(&p, "shop.guards", "6"), 0);
	ck_assert_int_eq(change(&p, "shop.doors", "5"), 0);
	ck_assert_int_eq(change(&p, "shop.guards", "3"), -ERANGE);
	ck_assert_str_eq(fail_text(), "shop.guards=3: out of range, allowed: 5 to 20, as "
				      "shop.doors=5 (live)");
	ck_assert_int_eq(change(&p, "shop.doors", "7"), -ERANGE);
	ck_assert_str_eq(fail_text(), "shop.doors=7: out of range, allowed: 1 to 6 doors, as "
				      "shop.guards=6 (live)");
	check_shown(&p, "shop.guards", "6\n");
	check_shown(&p, "shop.doors", "5\n");
	end(&p);
}
END_TEST

START_TEST(a_switch_can_be_asked_for)
{
	struct program p;
	bool on = true;

	begin(&p);
	ck_assert_int_eq(settings_is_on(p.settings, "shop.open", &on), 0);
	ck_assert(!on);
	ck_assert_int_eq(change(&p, "shop.open", "yes\n"), 0);
	ck_assert_int_eq(settings_is_on(p.settings, "shop.open", &on), 0);
	ck_assert(on);
	ck_assert_int_eq(settings_is_on(p.settings, "shop.opened", &on), -ENOENT);
	end(&p);
}
END_TEST

START_TEST(the_options_are_listed)
{
	char name[CONFIG_NAME_MAX + 1];
	struct program p;
	bool live = false;

	begin(&p);
	ck_assert_uint_eq(settings_count(p.settings), array_size(table));
	settings_name(p.settings, 1, name);
	ck_assert_str_eq(name, "shop.area");
	ck_assert_int_eq(settings_is_live(p.settings, "shop.doors", &live), 0);
	ck_assert(live);
	ck_assert_int_eq(settings_is_live(p.settings, "shop.area", &live), 0);
	ck_assert(!live);
	ck_assert_int_eq(settings_is_live(p.settings, "shop.no", &live), -ENOENT);
	end(&p);
}
END_TEST

enum {
	ROUNDS = 2000,
};

static void change_often(void *arg)
{
	struct program *p = arg;
	char text[8];

	for (unsigned i = 0; i < ROUNDS; i++) {
		(void)snprintf(text, sizeof(text), "%u\n", 1 + i % 12);
		ck_assert(change(p, "shop.doors", text) == 0);
	}
}

START_TEST(changes_and_looks_of_several_threads_do_not_mix)
{
	struct thread threads[3] = {0};
	struct program p;

	begin(&p);
	for (size_t i = 0; i < array_size(threads); i++)
		ck_assert_int_eq(thread_start(&threads[i], "change", change_often, &p), 0);
	for (unsigned i = 0; i < ROUNDS; i++) {
		cleanup_buf struct buf text = {0};

		ck_assert(settings_render(p.settings, &text) == 0);
		ck_assert(slice_starts_with(buf_slice(&text), slice_str("shop.doors=")));
	}
	for (size_t i = 0; i < array_size(threads); i++)
		thread_join(&threads[i]);
	ck_assert_uint_eq(p.calls, array_size(threads) * ROUNDS);
	ck_assert_uint_eq(config_number(p.config, "shop", "doors"), p.doors);
	end(&p);
}
END_TEST

static const TTest *const *const tests[] = {
	&a_change_takes_effect_and_is_shown_as_live,
	&what_is_refused_is_refused_with_its_reason,
	&what_the_program_refuses_has_not_happened,
	&what_another_option_does_not_allow_is_out_of_range,
	&a_switch_can_be_asked_for,
	&the_options_are_listed,
	&changes_and_looks_of_several_threads_do_not_mix,
};

UNIT_SUITE("lsm/config/settings", tests)
