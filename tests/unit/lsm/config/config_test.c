#include "lsm/config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "tests/unit/unit.h"

static const char *const colours[] = {"red", "green", "blue", NULL};

static const char *const nobody[] = {"nobody", NULL};

static const struct config_option table[] = {
	{"shop", "open", CONFIG_BOOL, 0, 0, NULL, "yes", "", "Whether one may enter.", false},
	{"shop", "doors", CONFIG_UINT, 1, 12, NULL, "2", "doors", "How many doors.", false},
	{"shop", "area", CONFIG_SIZE, 1024, 1 << 20, NULL, "4k", "bytes", "How large.", false},
	{"shop", "owner", CONFIG_UINT, 0, 99, nobody, "nobody", "", "Whose it is.", false},
	{"shop", "mask", CONFIG_OCTAL, 0, 0777, NULL, "022", "", "What is not allowed.", false},
	{"paint", "colour", CONFIG_CHOICE, 0, 0, colours, "green", "", "What colour.", false},
	{"paint", "mark", CONFIG_BYTE, 0, 0, NULL, "/", "", "What mark.", false},
	{"paint", "name_text", CONFIG_TEXT, 0, 0, NULL, "plain", "", "What it says.", false},
	{"paint", "share", CONFIG_RATE, 1000, 900000, NULL, "0.5", "", "How much of it.", true},
};

static struct config *new_config(void)
{
	struct config *c = NULL;

	ck_assert_int_eq(config_new(table, array_size(table), &c), 0);
	return c;
}

static char folder[64];
static char ini_path[128];

static void write_ini(const char *text, size_t len)
{
	strcpy(folder, "/tmp/config_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(ini_path, sizeof(ini_path), "%s/a.ini", folder);

	FILE *f = fopen(ini_path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
}

static int load_bytes(struct config *c, const char *text, size_t len)
{
	write_ini(text, len);
	fail_clear();

	int rc = config_load_file(c, ini_path);

	ck_assert_int_eq(unlink(ini_path), 0);
	ck_assert_int_eq(rmdir(folder), 0);
	return rc;
}

static int load(struct config *c, const char *text)
{
	return load_bytes(c, text, strlen(text));
}

#define assert_sentence_has(part)                                                                  \
	ck_assert_msg(strstr(fail_text(), part) != NULL, "\"%s\" lacks \"%s\"", fail_text(), part)

/* The file is refused with a sentence "...a.ini:LINE: ...", and changes nothing. */
static void assert_file_refused(const char *text, int line, const char *why)
{
	struct config *c = new_config();
	char place[160];

	ck_assert_int_eq(load(c, text), -EINVAL);
	snprintf(place, sizeof(place), "%s:%d: ", ini_path, line);
	assert_sentence_has(place);
	assert_sentence_has(why);
	for (size_t i = 0; i < array_size(table); i++)
		ck_assert_int_eq(config_source_of(c, table[i].section, table[i].name),
				 CONFIG_DEFAULT);
	ck_assert_uint_eq(config_number(c, "shop", "doors"), 2);
	config_free(c);
}

static void assert_set_refused(const char *assignment, const char *why)
{
	struct config *c = new_config();

	fail_clear();
	ck_assert_int_eq(config_set(c, assignment), -EINVAL);
	assert_sentence_has(why);
	config_free(c);
}

START_TEST(everything_begins_at_its_default)
{
	struct config *c = new_config();

	ck_assert(config_bool(c, "shop", "open"));
	ck_assert_uint_eq(config_number(c, "shop", "doors"), 2);
	ck_assert_uint_eq(config_number(c, "shop", "area"), 4096);
	ck_assert_uint_eq(config_number(c, "shop", "owner"), CONFIG_WORD);
	ck_assert_uint_eq(config_number(c, "shop", "mask"), 022);
	ck_assert_uint_eq(config_number(c, "paint", "colour"), 1);
	ck_assert_uint_eq(config_number(c, "paint", "mark"), '/');
	ck_assert_str_eq(config_text(c, "paint", "name_text"), "plain");
	ck_assert_int_eq(config_source_of(c, "paint", "mark"), CONFIG_DEFAULT);
	config_free(c);
}
END_TEST

START_TEST(later_sources_win)
{
	struct config *c = new_config();
	char variable[] = "APEXFS_SHOP_AREA=8k";
	char long_name[] = "APEXFS_PAINT_NAME_TEXT=from = environment";
	char foreign[] = "APEX_OTHER=1";
	char *environment[] = {variable, foreign, long_name, NULL};

	ck_assert_int_eq(load(c, "[shop]\nopen = no\narea=2k\ndoors=7\n"), 0);
	ck_assert_int_eq(config_load_environment(c, environment), 0);
	ck_assert_int_eq(config_set(c, "shop.doors=9"), 0);
	ck_assert(!config_bool(c, "shop", "open"));
	ck_assert_uint_eq(config_number(c, "shop", "area"), 8192);
	ck_assert_uint_eq(config_number(c, "shop", "doors"), 9);
	ck_assert_str_eq(config_text(c, "paint", "name_text"), "from = environment");
	ck_assert_int_eq(config_source_of(c, "shop", "open"), CONFIG_FILE);
	ck_assert_int_eq(config_source_of(c, "shop", "area"), CONFIG_ENVIRONMENT);
	ck_assert_int_eq(config_source_of(c, "shop", "doors"), CONFIG_COMMAND_LINE);
	ck_assert_int_eq(config_source_of(c, "paint", "colour"), CONFIG_DEFAULT);
	config_free(c);
}
END_TEST

START_TEST(sources_may_be_read_in_any_order)
{
	struct config *c = new_config();
	char doors[] = "APEXFS_SHOP_DOORS=8";
	char area[] = "APEXFS_SHOP_AREA=8k";
	char *environment[] = {doors, area, NULL};

	ck_assert_int_eq(config_set(c, "shop.doors=9"), 0);
	ck_assert_int_eq(config_load_environment(c, environment), 0);
	ck_assert_int_eq(load(c, "[shop]\nopen = no\narea=2k\ndoors=7\n"), 0);
	ck_assert_uint_eq(config_number(c, "shop", "doors"), 9);
	ck_assert_uint_eq(config_number(c, "shop", "area"), 8192);
	ck_assert(!config_bool(c, "shop", "open"));
	/* what loses is checked all the same */
	ck_assert_int_eq(load(c, "[shop]\ndoors=99\n"), -EINVAL);
	ck_assert_int_eq(load(c, "[shop]\ndoors=1\ndoors=1\n"), -EINVAL);
	config_free(c);
}
END_TEST

START_TEST(ini_files_may_be_indented_and_commented)
{
	struct config *c = new_config();

	ck_assert_int_eq(load(c, "\n# one\n; two\n  [shop]\r\n\tdoors : 3 ; three\n"
				 "   open = off\n[paint]\nname_text =\n[shop]\narea = 1k"),
			 0);
	ck_assert_uint_eq(config_number(c, "shop", "doors"), 3);
	ck_assert(!config_bool(c, "shop", "open"));
	ck_assert_uint_eq(config_number(c, "shop", "area"), 1024);
	ck_assert_str_eq(config_text(c, "paint", "name_text"), "");
	config_free(c);
}
END_TEST

START_TEST(two_files_may_give_the_same_key)
{
	struct config *c = new_config();

	ck_assert_int_eq(load(c, "[shop]\ndoors=3\n"), 0);
	ck_assert_int_eq(load(c, "[shop]\ndoors=4\n"), 0);
	ck_assert_uint_eq(config_number(c, "shop", "doors"), 4);
	config_free(c);
}
END_TEST

START_TEST(every_form_of_a_value_is_read)
{
	static const struct {
		const char *text;
		const char *section, *name;
		uint64_t number;
	} rows[] = {
		{"shop.area=1024", "shop", "area", 1024},
		{"shop.area=1m", "shop", "area", 1 << 20},
		{"shop.area=1M", "shop", "area", 1 << 20},
		{"shop.area=16K", "shop", "area", 16384},
		{"shop.doors=012", "shop", "doors", 12},
		{"shop.doors=1", "shop", "doors", 1},
		{"paint.colour=red", "paint", "colour", 0},
		{"paint.colour=blue", "paint", "colour", 2},
		{"paint.mark=:", "paint", "mark", ':'},
		{"paint.mark=0x00", "paint", "mark", 0},
		{"paint.mark=0xfF", "paint", "mark", 255},
		{"paint.mark==", "paint", "mark", '='},
		{"paint.mark=\xe9", "paint", "mark", 0xe9},
	};
	static const char *const yes[] = {"on", "yes", "true", "1"};
	static const char *const no[] = {"off", "no", "false", "0"};
	struct config *c = new_config();
	char text[64];

	for (size_t i = 0; i < array_size(rows); i++) {
		ck_assert_msg(config_set(c, rows[i].text) == 0, "%s: %s", rows[i].text,
			      fail_text());
		ck_assert_uint_eq(config_number(c, rows[i].section, rows[i].name), rows[i].number);
	}
	for (size_t i = 0; i < array_size(yes); i++) {
		snprintf(text, sizeof(text), "shop.open=%s", no[i]);
		ck_assert_int_eq(config_set(c, text), 0);
		ck_assert(!config_bool(c, "shop", "open"));
		snprintf(text, sizeof(text), "shop.open=%s", yes[i]);
		ck_assert_int_eq(config_set(c, text), 0);
		ck_assert(config_bool(c, "shop", "open"));
	}
	config_free(c);
}
END_TEST

START_TEST(an_unknown_option_is_refused_with_the_nearest)
{
	assert_set_refused("shop.dors=1", "unknown option shop.dors; the nearest is shop.doors");
	assert_set_refused("pant.colour=red", "the nearest is paint.colour");
	assert_set_refused("doors=1", "unknown option doors; the nearest is shop.doors");
	assert_set_refused("paint.color=red", "the nearest is paint.colour");
	assert_set_refused(".=1", "unknown option");
	assert_set_refused("=", "unknown option");
	assert_set_refused("shop.a\nb=1", "unknown option shop.a?b;");
	assert_file_refused("[shop]\ndoors=3\ndoor=3\n", 3, "the nearest is shop.doors");
	assert_file_refused("doors=3\n", 1, "unknown option doors; the nearest is shop.doors");
	assert_file_refused("\n[shpo]\narea=2k\n", 2,
			    "unknown section [shpo]; the nearest is [shop]");
}
END_TEST

/* Nothing in it would say so. */
START_TEST(an_unknown_section_is_refused_though_it_is_empty)
{
	char text[120] = "[shop]\n[";

	assert_file_refused("[shop]\n\n  [pain] ; wall\n", 3,
			    "unknown section [pain]; the nearest is [paint]");
	assert_file_refused("[shop]\ndoors=3\n[]\n", 3, "unknown section []");
	assert_file_refused("[Shop]\n", 1, "the nearest is [shop]");
	assert_file_refused("[ shop ]\n", 1, "unknown section [ shop ]");
	assert_file_refused("\xef\xbb\xbf[shap]\n", 1, "unknown section [shap]");
	memset(text + 8, 'x', 90);
	text[98] = ']';
	assert_file_refused(text, 2, "xxx...]; the nearest is");

	struct config *c = new_config();
	static const char *const foreign[] = {"mount", NULL};

	config_set_foreign(c, foreign);
	ck_assert_int_eq(load(c, "\xef\xbb\xbf[mount]\n[shop]\n[paint]"), 0);
	ck_assert_int_eq(load(c, "[moun]"), -EINVAL);
	assert_sentence_has("the nearest is [mount]");
	config_free(c);
}
END_TEST

START_TEST(an_option_without_a_value_says_what_it_takes)
{
	assert_set_refused("shop.doors", "shop.doors needs a value, allowed: 1 to 12 doors");
	assert_set_refused("shop.dors",
			   "not of the form section.key=value; the nearest is shop.doors");
	assert_set_refused("doors", "not of the form section.key=value; the nearest is shop.doors");
}
END_TEST

START_TEST(a_program_may_refuse_a_value_with_its_origin)
{
	struct config *c = new_config();
	char place[200];

	ck_assert_int_eq(load(c, "[shop]\n\ndoors=7\n"), 0);
	ck_assert_int_eq(config_refuse(c, "shop", "doors", -EDOM, "%d are too many", 7), -EDOM);
	(void)snprintf(place, sizeof(place), "%s:3: shop.doors=7: 7 are too many", ini_path);
	ck_assert_str_eq(fail_text(), place);
	ck_assert_int_eq(config_set(c, "shop.doors=8"), 0);
	ck_assert_int_eq(config_refuse(c, "shop", "doors", -EDOM, "no"), -EDOM);
	ck_assert_str_eq(fail_text(), "command line: shop.doors=8: no");
	config_free(c);
}
END_TEST

START_TEST(an_option_name_of_any_length_is_refused_in_one_line)
{
	char text[3000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_set_refused(text, "xxx...: not of the form section.key=value; the nearest is");
	text[sizeof(text) - 3] = '=';
	assert_set_refused(text, "xxx...; the nearest is");
	text[1000] = '.';
	assert_set_refused(text, "xxx...; the nearest is");
}
END_TEST

/* A mistake found in other engines. Whatever the source, a bad setting ends with an error and its
 * name, and the option is what it was before: set, not at its default. */
START_TEST(a_bad_setting_is_never_replaced_by_its_default)
{
	char bad[] = "APEXFS_SHOP_DOORS=13";
	char *const environment[] = {bad, NULL};
	struct config *c = new_config();

	ck_assert_int_eq(config_set(c, "shop.doors=7"), 0);
	ck_assert_int_eq(config_set(c, "shop.doors=seven"), -EINVAL);
	assert_sentence_has("shop.doors");
	ck_assert_int_eq(config_load_environment(c, environment), -EINVAL);
	assert_sentence_has("shop.doors");
	ck_assert_int_eq(load(c, "[shop]\ndoors = 1e1\n"), -EINVAL);
	assert_sentence_has("shop.doors");
	ck_assert_uint_eq(config_number(c, "shop", "doors"), 7);
	config_free(c);
}
END_TEST

START_TEST(a_bad_number_is_refused)
{
	static const char *const bad[] = {
		"",   "x",  "1x", "+1",  " 1", "1 ",  "0x1",
		"1k", "1.", "-",  "--1", "-x", "-1x", "18446744073709551616x"};
	static const char *const far[] = {"-1", "-99999999999999999999999", "18446744073709551615",
					  "18446744073709551616", "99999999999999999999999"};
	char text[64];

	for (size_t i = 0; i < array_size(bad); i++) {
		snprintf(text, sizeof(text), "shop.doors=%s", bad[i]);
		assert_set_refused(text, "not a value of this option, allowed: 1 to 12 doors");
	}
	for (size_t i = 0; i < array_size(far); i++) {
		snprintf(text, sizeof(text), "shop.doors=%s", far[i]);
		assert_set_refused(text, "out of range, allowed: 1 to 12 doors");
	}
	assert_file_refused("[shop]\n\ndoors = many\n", 3, "shop.doors=many: not a value");
}
END_TEST

START_TEST(a_bad_size_is_refused)
{
	static const char *const bad[] = {"", "k", "1kb", "1t", "k1", "1 k", "-k", "1k-"};
	static const char *const far[] = {"-1k", "18014398509481984k", "17179869184g",
					  "99999999999999999999999k", "99999999999999999999999"};
	char text[64];

	for (size_t i = 0; i < array_size(bad); i++) {
		snprintf(text, sizeof(text), "shop.area=%s", bad[i]);
		assert_set_refused(text, "not a value of this option, allowed: 1k to 1m bytes");
	}
	for (size_t i = 0; i < array_size(far); i++) {
		snprintf(text, sizeof(text), "shop.area=%s", far[i]);
		assert_set_refused(text, "out of range, allowed: 1k to 1m bytes");
	}
}
END_TEST

START_TEST(numbers_may_be_octal_or_a_word)
{
	static const char *const bad[] = {"", "8", "029", "0x2", "-"};
	struct config *c = new_config();
	char text[64];

	ck_assert_int_eq(config_set(c, "shop.mask=77"), 0);
	ck_assert_uint_eq(config_number(c, "shop", "mask"), 077);
	ck_assert_int_eq(config_set(c, "shop.mask=0"), 0);
	ck_assert_uint_eq(config_number(c, "shop", "mask"), 0);
	ck_assert_int_eq(config_set(c, "shop.owner=7"), 0);
	ck_assert_uint_eq(config_number(c, "shop", "owner"), 7);
	ck_assert_int_eq(config_set(c, "shop.owner=nobody"), 0);
	ck_assert_uint_eq(config_number(c, "shop", "owner"), CONFIG_WORD);
	config_free(c);
	for (size_t i = 0; i < array_size(bad); i++) {
		snprintf(text, sizeof(text), "shop.mask=%s", bad[i]);
		assert_set_refused(text, "not a value of this option, allowed: octal, 000 to 777");
	}
	assert_set_refused("shop.mask=1000", "out of range, allowed: octal, 000 to 777");
	assert_set_refused("shop.mask=-1", "out of range, allowed: octal, 000 to 777");
	assert_set_refused("shop.mask=7777777777777777777777777", "out of range, allowed: octal");
	assert_set_refused("shop.owner=none", "not a value of this option");
	assert_set_refused("shop.owner=100", "out of range, allowed: 0 to 99 or nobody");
	assert_set_refused("shop.owner=18446744073709551615",
			   "out of range, allowed: 0 to 99 or nobody");
}
END_TEST

START_TEST(rates_are_decimal_fractions)
{
	static const char *const bad[] = {"",     ".",   ".5",        "0.",  "0.1.",
					  "1e-2", "-.1", "0.0000001", "0.1x"};
	struct config *c = new_config();
	char text[64];

	ck_assert_uint_eq(config_number(c, "paint", "share"), 500000);
	ck_assert_int_eq(config_set(c, "paint.share=0.012345"), 0);
	ck_assert_uint_eq(config_number(c, "paint", "share"), 12345);
	ck_assert_int_eq(config_set(c, "paint.share=0.9"), 0);
	ck_assert_uint_eq(config_number(c, "paint", "share"), 900000);
	config_free(c);
	for (size_t i = 0; i < array_size(bad); i++) {
		snprintf(text, sizeof(text), "paint.share=%s", bad[i]);
		assert_set_refused(text, "not a value of this option, allowed: 0.001 to 0.9");
	}
	assert_set_refused("paint.share=0.0009", "out of range, allowed: 0.001 to 0.9");
	assert_set_refused("paint.share=1", "out of range");
	assert_set_refused("paint.share=99999999999999999999", "out of range");
}
END_TEST

START_TEST(options_without_a_section_are_written_bare)
{
	static const struct config_option bare[] = {
		{"", "kind", CONFIG_CHOICE, 0, 0, colours, "green", "", "What kind.", false},
		{"shop", "doors", CONFIG_UINT, 1, 12, NULL, "2", "doors", "How many.", false},
	};
	char variable[] = "APEXFS_KIND=red";
	char *environment[] = {variable, NULL};
	struct config *c = NULL;

	ck_assert_int_eq(config_new(bare, array_size(bare), &c), 0);
	ck_assert_int_eq(load(c, "kind = blue\n[shop]\ndoors = 3\n"), 0);
	ck_assert_uint_eq(config_number(c, "", "kind"), 2);
	ck_assert_int_eq(config_load_environment(c, environment), 0);
	ck_assert_uint_eq(config_number(c, "", "kind"), 0);
	ck_assert_int_eq(config_set(c, "kind=green"), 0);
	ck_assert_uint_eq(config_number(c, "", "kind"), 1);
	ck_assert_int_eq(config_set(c, "kin=green"), -EINVAL);
	assert_sentence_has("the nearest is kind");
	config_free(c);
}
END_TEST

START_TEST(what_is_out_of_range_is_refused)
{
	assert_set_refused("shop.doors=0", "shop.doors=0: out of range, allowed: 1 to 12 doors");
	assert_set_refused("shop.doors=13", "out of range, allowed: 1 to 12 doors");
	assert_set_refused("shop.area=1023", "out of range, allowed: 1k to 1m bytes");
	assert_set_refused("shop.area=1048577", "out of range");
	assert_set_refused("shop.area=16777215g", "out of range");
	assert_file_refused("[shop]\ndoors=13\n", 2, "out of range, allowed: 1 to 12 doors");
}
END_TEST

START_TEST(other_bad_values_are_refused)
{
	char text[CONFIG_TEXT_MAX + 100];

	assert_set_refused("shop.open=maybe", "allowed: on, off, yes, no, true, false, 1, 0");
	assert_set_refused("shop.open=", "not a value");
	assert_set_refused("paint.colour=yellow", "allowed: red, green, blue");
	assert_set_refused("paint.colour=Red", "not a value");
	assert_set_refused("paint.mark=", "one character, or 0x00 to 0xff");
	assert_set_refused("paint.mark=ab", "not a value");
	assert_set_refused("paint.mark=0x1", "not a value");
	assert_set_refused("paint.mark=0xg0", "not a value");
	assert_set_refused("paint.mark=0x123", "not a value");
	assert_set_refused("paint.name_text=a\nb", "=a?b: not a value");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memcpy(text, "paint.name_text=", 16);
	assert_set_refused(text, "too long");
	text[16 + CONFIG_TEXT_MAX] = '\0';

	struct config *c = new_config();

	ck_assert_int_eq(config_set(c, text), 0);
	ck_assert_uint_eq(strlen(config_text(c, "paint", "name_text")), CONFIG_TEXT_MAX);
	config_free(c);
}
END_TEST

START_TEST(a_key_given_twice_in_one_file_is_refused)
{
	assert_file_refused("[shop]\ndoors=3\n[paint]\n[shop]\ndoors=3\n", 5,
			    "shop.doors is given twice, first in line 2");
}
END_TEST

START_TEST(lines_that_are_no_ini_are_refused)
{
	assert_file_refused("[shop]\ndoors 3\n", 2, "neither [section], key = value nor a comment");
	assert_file_refused("[shop\ndoors=3\n", 1, "neither [section]");
	/* The first wrong line is named, whatever is wrong with it. */
	assert_file_refused("[shop]\nnonsense\ndoors=99\n", 2, "neither [section]");
	assert_file_refused("[shop]\ndoors=99\nnonsense\n", 2, "out of range");
}
END_TEST

START_TEST(overlong_lines_are_refused)
{
	char text[1000];

	memset(text, 'x', sizeof(text));
	memcpy(text, "[paint]\nname_text=", 18);
	text[sizeof(text) - 1] = '\0';
	assert_file_refused(text, 2, "a line of more than");
	memset(text + 18, ' ', sizeof(text) - 19);
	assert_file_refused(text, 2, "a line of more than");
}
END_TEST

START_TEST(a_nul_byte_is_refused)
{
	static const char text[] = "[shop]\ndoors=1\0002\n";
	struct config *c = new_config();

	ck_assert_int_eq(load_bytes(c, text, sizeof(text) - 1), -EINVAL);
	assert_sentence_has("a.ini:2: a NUL byte");
	ck_assert_uint_eq(config_number(c, "shop", "doors"), 2);
	config_free(c);
}
END_TEST

START_TEST(a_file_is_taken_whole_or_not_at_all)
{
	assert_file_refused("[shop]\ndoors=3\nopen=off\narea=0\n", 4, "out of range");
}
END_TEST

START_TEST(files_that_cannot_be_read_are_errors)
{
	struct config *c = new_config();

	ck_assert_int_eq(config_load_file(c, "/nonexistent/a.ini"), -ENOENT);
	assert_sentence_has("/nonexistent/a.ini: No such file");
	ck_assert_int_eq(config_load_file(c, "/"), -EISDIR);
	assert_sentence_has("/: cannot be read");
	config_free(c);
}
END_TEST

START_TEST(an_unknown_variable_is_refused)
{
	struct config *c = new_config();
	char good[] = "APEXFS_SHOP_DOORS=5";
	char bad[] = "APEXFS_SHOP_DOOR=5";
	char *environment[] = {good, bad, NULL};

	ck_assert_int_eq(config_load_environment(c, environment), -EINVAL);
	assert_sentence_has(
		"environment: unknown option APEXFS_SHOP_DOOR; the nearest is shop.doors");
	ck_assert_uint_eq(config_number(c, "shop", "doors"), 2);

	char bare[] = "APEXFS_=5";
	char *bare_environment[] = {bare, NULL};

	ck_assert_int_eq(config_load_environment(c, bare_environment), -EINVAL);
	config_free(c);
}
END_TEST

START_TEST(a_bad_variable_is_refused)
{
	struct config *c = new_config();
	char bad[] = "APEXFS_SHOP_DOORS=13";
	char *environment[] = {bad, NULL};

	ck_assert_int_eq(config_load_environment(c, environment), -EINVAL);
	assert_sentence_has("environment: shop.doors=13: out of range");
	config_free(c);
}
END_TEST

START_TEST(foreign_sections_are_passed_over)
{
	static const char *const foreign[] = {"mount", "two_words", NULL};
	struct config *c = new_config();
	char variable[] = "APEXFS_MOUNT_WHATEVER=5";
	char second[] = "APEXFS_TWO_WORDS_X=5";
	char *environment[] = {variable, second, NULL};

	ck_assert_int_eq(config_load_environment(c, environment), -EINVAL);
	config_set_foreign(c, foreign);
	ck_assert_int_eq(config_load_environment(c, environment), 0);
	ck_assert_int_eq(load(c, "[mount]\nwhatever=1\nwhatever=2\n[shop]\ndoors=3\n"), 0);
	ck_assert_uint_eq(config_number(c, "shop", "doors"), 3);
	ck_assert_int_eq(config_set(c, "mount.whatever=1"), -EINVAL);
	config_free(c);
}
END_TEST

START_TEST(the_rendered_file_gives_the_defaults_back)
{
	cleanup_buf struct buf text = {0};
	struct config *c = new_config();

	ck_assert_int_eq(config_render_ini(table, array_size(table), &text), 0);
	ck_assert_int_eq(load(c, "[shop]\ndoors=9\n"), 0);
	ck_assert_int_eq(load_bytes(c, (const char *)text.ptr, text.len), 0);
	ck_assert_uint_eq(config_number(c, "shop", "doors"), 2);
	for (size_t i = 0; i < array_size(table); i++)
		ck_assert_int_eq(config_source_of(c, table[i].section, table[i].name), CONFIG_FILE);
	ck_assert_int_eq(buf_append_byte(&text, '\0'), 0);
	ck_assert_ptr_nonnull(strstr((const char *)text.ptr,
				     "\n[shop]\n# Whether one may enter.\n"
				     "# on, off, yes, no, true, false, 1, 0\nopen = yes\n\n"
				     "# How many doors.\n# 1 to 12 doors\ndoors = 2\n"));
	config_free(c);
}
END_TEST

START_TEST(values_are_rendered_with_their_source)
{
	cleanup_buf struct buf text = {0};
	struct config *c = new_config();
	char wanted[500], variable[] = "APEXFS_PAINT_MARK=!";
	char *environment[] = {variable, NULL};

	ck_assert_int_eq(load(c, "[shop]\n\nmask=077\ndoors=3\n"), 0);
	ck_assert_int_eq(config_load_environment(c, environment), 0);
	ck_assert_int_eq(config_set(c, "shop.doors=9"), 0);
	ck_assert_int_eq(config_render_values(c, &text), 0);
	ck_assert_int_eq(buf_append_byte(&text, '\0'), 0);
	snprintf(wanted, sizeof(wanted),
		 "shop.open=yes    # default\n"
		 "shop.doors=9    # command line\n"
		 "shop.area=4k    # default\n"
		 "shop.owner=nobody    # default\n"
		 "shop.mask=077    # %s:3\n"
		 "paint.colour=green    # default\n"
		 "paint.mark=!    # environment\n"
		 "paint.name_text=plain    # default\n"
		 "paint.share=0.5    # default\n",
		 ini_path);
	ck_assert_str_eq((const char *)text.ptr, wanted);
	config_free(c);
}
END_TEST

START_TEST(two_tables_join_into_one)
{
	static const struct config_option second[] = {
		{"shelf", "boards", CONFIG_UINT, 1, 9, NULL, "3", "", "How many boards.", false},
	};
	cleanup_free struct config_option *both = NULL;
	struct config *c = NULL;

	ck_assert_int_eq(config_join(table, array_size(table), second, 1, &both), 0);
	ck_assert_int_eq(config_new(both, array_size(table) + 1, &c), 0);
	ck_assert_int_eq(config_set(c, "shelf.boards=5"), 0);
	ck_assert_uint_eq(config_number(c, "shelf", "boards"), 5);
	ck_assert_uint_eq(config_number(c, "shop", "doors"), 2);
	config_free(c);
}
END_TEST

static const TTest *const *const tests[] = {
	&everything_begins_at_its_default,
	&later_sources_win,
	&sources_may_be_read_in_any_order,
	&ini_files_may_be_indented_and_commented,
	&two_files_may_give_the_same_key,
	&every_form_of_a_value_is_read,
	&an_unknown_option_is_refused_with_the_nearest,
	&an_unknown_section_is_refused_though_it_is_empty,
	&an_option_without_a_value_says_what_it_takes,
	&a_program_may_refuse_a_value_with_its_origin,
	&an_option_name_of_any_length_is_refused_in_one_line,
	&a_bad_setting_is_never_replaced_by_its_default,
	&a_bad_number_is_refused,
	&a_bad_size_is_refused,
	&numbers_may_be_octal_or_a_word,
	&rates_are_decimal_fractions,
	&options_without_a_section_are_written_bare,
	&what_is_out_of_range_is_refused,
	&other_bad_values_are_refused,
	&a_key_given_twice_in_one_file_is_refused,
	&lines_that_are_no_ini_are_refused,
	&overlong_lines_are_refused,
	&a_nul_byte_is_refused,
	&a_file_is_taken_whole_or_not_at_all,
	&files_that_cannot_be_read_are_errors,
	&an_unknown_variable_is_refused,
	&a_bad_variable_is_refused,
	&foreign_sections_are_passed_over,
	&the_rendered_file_gives_the_defaults_back,
	&values_are_rendered_with_their_source,
	&two_tables_join_into_one,
};

UNIT_SUITE("lsm/config/config", tests)
