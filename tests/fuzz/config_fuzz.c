/*
 * Settings: an INI file, an environment, assignments of a command line, single values. Whatever is
 * refused changes nothing, and whatever is taken is in its range and reads the same again. The
 * first byte of an input says which.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lsm/base/error.h"
#include "lsm/config/config_private.h"
#include "tests/fuzz/feed.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/settings_file.h"
#include "tests/fuzz/words.h"

static const char *const modes[] = {"always", "batch", "interval", NULL};
static const char *const words[] = {"auto", NULL};
static const char *const foreign[] = {"bench", "log_x", NULL};

static const struct config_option table[] = {
	{"", "kind", CONFIG_CHOICE, 0, 0, modes, "batch", "", "A choice without a section.", true},
	{"store", "create", CONFIG_BOOL, 0, 0, NULL, "on", "", "A switch.", false},
	{"store", "separator", CONFIG_BYTE, 0, 0, NULL, "/", "", "A byte.", false},
	{"store", "name", CONFIG_TEXT, 0, 0, NULL, "", "", "A text.", false},
	{"log", "mode", CONFIG_CHOICE, 0, 0, modes, "interval", "", "A choice.", false},
	{"log", "delay_us", CONFIG_UINT, 10, 1000000, NULL, "500", "us", "A number.", false},
	{"log", "mask", CONFIG_OCTAL, 0, 0777, NULL, "022", "", "Octal digits.", false},
	{"log", "owner", CONFIG_UINT, 0, 99, words, "auto", "", "A number or a word.", false},
	{"cache", "size", CONFIG_SIZE, 0, UINT64_C(1) << 40, NULL, "8m", "bytes", "A size.", false},
	{"log", "share", CONFIG_RATE, 100, 500000, NULL, "0.01", "", "A rate.", true},
	{"cache", "all", CONFIG_SIZE, 1, UINT64_MAX, NULL, "1", "bytes", "Any size.", false},
};

static struct config *new_config(void)
{
	struct config *c;

	expect(config_new(table, array_size(table), &c) == 0);
	config_set_foreign(c, foreign);
	return c;
}

/* A value that was taken means the same when it is read again. */
static void expect_sound_value(const struct config_option *o, const struct config_value *v)
{
	struct config_value again = {0};

	expect(config_value_parse(o, v->text, &again) == 0);
	expect(again.number == v->number && strcmp(again.text, v->text) == 0);
	if (o->choices == words && strcmp(v->text, words[0]) == 0)
		expect(v->number == CONFIG_WORD);
	else if (o->type == CONFIG_UINT || o->type == CONFIG_SIZE || o->type == CONFIG_OCTAL ||
		 o->type == CONFIG_RATE)
		expect(v->number >= o->minimum && v->number <= o->maximum);
	else if (o->type == CONFIG_CHOICE)
		expect(v->number < array_size(modes) - 1);
	else if (o->type != CONFIG_TEXT)
		expect(v->number <= (o->type == CONFIG_BOOL ? 1 : UINT8_MAX));
}

static void expect_sound(const struct config *c)
{
	for (size_t i = 0; i < array_size(table); i++)
		expect_sound_value(&table[i], &c->values[i]);
}

/* 0 or -EINVAL with a sentence, and then nothing is changed. */
static void expect_outcome(const struct config *c, int rc, const struct buf *before)
{
	cleanup_buf struct buf after = {0};

	expect(config_render_values(c, &after) == 0);
	expect(rc == 0 || rc == -EINVAL);
	if (rc) {
		expect(fail_text()[0] && slice_eq(buf_slice(before), buf_slice(&after)));
		for (const char *at = fail_text(); *at; at++)
			expect((uint8_t)*at >= 0x20 && (uint8_t)*at != 0x7f);
	}
	expect_sound(c);
}

static void try_file(struct feed *f)
{
	cleanup_buf struct buf before = {0};
	struct config *c = new_config();
	char path[SETTINGS_PATH_MAX];

	settings_file(f->rest, path);
	expect(config_render_values(c, &before) == 0);
	fail_clear();
	int rc = config_load_file(c, path);

	expect_outcome(c, rc, &before);
	if (!rc) { /* the same file once more, over itself */
		cleanup_buf struct buf once = {0}, twice = {0};

		expect(config_render_values(c, &once) == 0);
		expect(config_load_file(c, path) == 0);
		expect(config_render_values(c, &twice) == 0);
		expect(slice_eq(buf_slice(&once), buf_slice(&twice)));
	}
	config_free(c);
}

static void try_environment(struct feed *f)
{
	cleanup_buf struct buf before = {0};
	struct config *c = new_config();
	struct words w = words_of(f);

	expect(config_render_values(c, &before) == 0);
	fail_clear();
	expect_outcome(c, config_load_environment(c, w.at), &before);
	words_done(&w);
	config_free(c);
}

static void try_assignments(struct feed *f)
{
	struct config *c = new_config();
	struct words w = words_of(f);

	for (size_t i = 0; i < w.count; i++) {
		cleanup_buf struct buf before = {0};

		expect(config_render_values(c, &before) == 0);
		fail_clear();
		int rc = config_set(c, w.at[i]);

		expect_outcome(c, rc, &before);
		expect(rc || strchr(w.at[i], '='));
	}
	words_done(&w);
	config_free(c);
}

static void try_value(struct feed *f)
{
	const struct config_option *o = &table[feed_byte(f) % array_size(table)];
	struct words w = words_of(f);
	struct config_value v = {0};

	if (w.count > 0) {
		int rc = config_value_parse(o, w.at[0], &v);

		expect(rc == 0 || ((rc == -EINVAL || rc == -ERANGE) && v.text[0] == '\0'));
		if (!rc) {
			expect(strcmp(v.text, w.at[0]) == 0);
			expect_sound_value(o, &v);
		}
	}
	words_done(&w);
}

static void (*const tries[])(struct feed *f) = {
	try_file,
	try_environment,
	try_assignments,
	try_value,
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct feed f = feed_of(bytes, len);

	tries[feed_byte(&f) % array_size(tries)](&f);
	return 0;
}

static void take_seed(const struct fuzz_sink *sink, const char *name, uint8_t which,
		      struct slice bytes)
{
	cleanup_buf struct buf seed = {0};

	feed_put_byte(&seed, which);
	feed_put(&seed, bytes);
	sink->take(sink->arg, name, buf_slice(&seed));
}

void fuzz_seeds(const struct fuzz_sink *sink)
{
	static const char *const variables[] = {
		"APEXFS_LOG_DELAY_US=20", "APEXFS_CACHE_SIZE=1g",   "PATH=/bin",
		"APEXFS_LOG_X_Y=1",       "APEXFS_STORE_CREATE=no",
	};
	static const char *const assignments[] = {
		"store.separator=0x3a", "store.name=a b", "log.mode=batch",
		"cache.all=16383p",     "cache.size=64k",
	};
	static const char value_texts[] = "0x00\0on\0always\0"
					  "0.05\0"
					  "12\0"
					  "3m\0";
	cleanup_buf struct buf ini = {0}, environment = {0}, line = {0};

	expect(config_render_ini(table, array_size(table), &ini) == 0);
	take_seed(sink, "rendered", 0, buf_slice(&ini));
	take_seed(sink, "short", 0,
		  slice_str("[log]\r\n\tmode : batch ; now\n\n[bench]\nx=1\n[cache]\nsize=4k"));
	for (size_t i = 0; i < array_size(variables); i++)
		words_put(&environment, variables[i]);
	take_seed(sink, "environment", 1, buf_slice(&environment));
	for (size_t i = 0; i < array_size(assignments); i++)
		words_put(&line, assignments[i]);
	take_seed(sink, "assignments", 2, buf_slice(&line));
	for (uint8_t i = 0; i < array_size(table); i++) {
		cleanup_buf struct buf value = {0};
		char name[16];

		feed_put_byte(&value, i);
		words_put(&value, table[i].fallback);
		feed_put(&value, slice_of(value_texts, sizeof(value_texts)));
		(void)snprintf(name, sizeof(name), "value%u", i);
		take_seed(sink, name, 3, buf_slice(&value));
	}
}
