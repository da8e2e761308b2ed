/*
 * Command lines: apexfs's (with its mount options, an environment and a settings file) and those of
 * apexkv's commands. The first byte of an input says whose.
 *
 *	input: 0, settings file (sized), count of variables (u8), words: variables, then arguments
 *	input: 1, command (u8), words: arguments
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fs/options.h"
#include "lsm/base/error.h"
#include "lsm/cli/command.h"
#include "lsm/config/engine_options.h"
#include "lsm/db/options.h"
#include "tests/fuzz/feed.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/settings_file.h"
#include "tests/fuzz/words.h"

/* An input may not open files of the machine: its own -c becomes -f. */
static void disarm(char *word)
{
	if (word[0] != '-')
		return;
	for (; *word; word++) {
		if (*word == 'c')
			*word = 'f';
	}
}

static void expect_sound(const struct options *o)
{
	struct lsm_options engine;

	expect(o->store && o->mountpoint);
	expect(!o->debug || o->foreground);
	expect(!o->allow_other || o->default_permissions);
	expect(o->words.len > 0 &&
	       memchr(o->words.ptr, 0, o->words.len) == o->words.ptr + o->words.len - 1);
	expect(!strstr((const char *)o->words.ptr, ",,"));
	/* what was accepted the engine takes */
	lsm_options_init(&engine);
	engine_options_apply(o->config, &engine);
	expect(db_options_check(&engine) == 0);
}

static void try_daemon(struct feed *f)
{
	struct slice settings = feed_sized(f);
	size_t variables = feed_byte(f) % 8;
	struct words given = words_of(f);
	char *arguments[WORDS_MAX + 4] = {0};
	struct options o;
	char path[SETTINGS_PATH_MAX];
	int argc = 0;

	variables = min_of(variables, given.count);
	settings_file(settings, path);
	arguments[argc++] = (char *)"apexfs";
	if (settings.len > 0) {
		arguments[argc++] = (char *)"-c";
		arguments[argc++] = path;
	}
	for (size_t i = variables; i < given.count; i++) {
		disarm(given.at[i]);
		arguments[argc++] = given.at[i];
	}
	/* arguments are done with: what is left in their place are the variables alone */
	char *environment[WORDS_MAX + 1] = {0};

	memcpy(environment, given.at, variables * sizeof(*environment));
	fail_clear();
	int rc = options_parse(argc, arguments, environment, &o);

	/* -EPERM and the like: a folder that it names may have an apexfs.ini */
	expect(rc == 0 || fail_text()[0]);
	if (!rc && o.action == OPTIONS_MOUNT)
		expect_sound(&o);
	options_done(&o);
	words_done(&given);
}

/* Complaints go to a sink, not between libFuzzer's lines. */
static enum exit_status parse_quietly(const struct command *command, int argc, char **argv,
				      struct invocation *ret_invocation, bool *ret_help)
{
	static FILE *sink;
	FILE *saved = stderr;

	if (!sink)
		sink = fopen("/dev/null", "we");
	expect(sink);
	stderr = sink;
	enum exit_status status = command_parse(command, argc, argv, ret_invocation, ret_help);

	stderr = saved;
	return status;
}

static void try_command(struct feed *f)
{
	size_t count = 0;

	while (commands[count])
		count++;
	const struct command *command = commands[feed_byte(f) % count];
	struct words given = words_of(f);
	char *arguments[WORDS_MAX + 2] = {(char *)command->name};
	struct invocation inv;
	bool help = false;

	memcpy(arguments + 1, given.at, given.count * sizeof(*arguments));
	enum exit_status status =
		parse_quietly(command, (int)given.count + 1, arguments, &inv, &help);

	expect(command_find(command->name) == command);
	if (status == STATUS_OK && !help) {
		expect(inv.argument_count >= command->arguments_min);
		expect(inv.argument_count <= command->arguments_max);
		for (int i = 0; i < inv.argument_count; i++)
			expect(inv.arguments[i]);
	}
	words_done(&given);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct feed f = feed_of(bytes, len);

	if (feed_byte(&f) % 2)
		try_command(&f);
	else
		try_daemon(&f);
	return 0;
}

static void seed_daemon(const struct fuzz_sink *sink)
{
	static const char *const words[] = {
		"APEXFS_LOG_LEVEL=debug",
		"HOME=/",
		"-fs",
		"-o",
		"ro,allow_other,noatime,store.separator=0x2c,store.separator=\\,",
		"-odefaults,fuse.max_threads=3",
		"/store",
		"/mnt",
	};
	cleanup_buf struct buf seed = {0};

	feed_put_byte(&seed, 0);
	feed_put_sized(&seed, slice_str("[store]\nmax_value_size=1m\n[log]\nlevel=info\n"));
	feed_put_byte(&seed, 2);
	for (size_t i = 0; i < array_size(words); i++)
		words_put(&seed, words[i]);
	sink->take(sink->arg, "daemon", buf_slice(&seed));
}

static void seed_command(const struct fuzz_sink *sink, uint8_t which, const char *const *words,
			 const char *name)
{
	cleanup_buf struct buf seed = {0};

	feed_put_byte(&seed, 1);
	feed_put_byte(&seed, which);
	for (; *words; words++)
		words_put(&seed, *words);
	sink->take(sink->arg, name, buf_slice(&seed));
}

void fuzz_seeds(const struct fuzz_sink *sink)
{
	static const char *const put[] = {"--escape", "a\\x00b", "value", NULL};
	static const char *const scan[] = {"--prefix=u\\n", "--from",   "a",      "--limit=10",
					   "--reverse",     "--escape", "--keys", NULL};

	seed_daemon(sink);
	for (uint8_t i = 0; commands[i]; i++) {
		char name[64];

		(void)snprintf(name, sizeof(name), "%s_put", commands[i]->name);
		seed_command(sink, i, put, name);
		(void)snprintf(name, sizeof(name), "%s_scan", commands[i]->name);
		seed_command(sink, i, scan, name);
	}
}
