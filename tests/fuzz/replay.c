/*
 * Feeds a fuzz target its seeds and the files of its corpus: whole, cut off at every length, and
 * with every single bit flipped. So every build tests the parsers, with whatever sanitizer it has,
 * and needs no libFuzzer.
 *
 * usage: X_replay DAMAGES CORPUS      at most DAMAGES cuts and as many flips of each input
 *        X_replay --write FOLDER      write the seeds into files there, for libFuzzer
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "lsm/base/buf.h"
#include "lsm/base/log.h"
#include "lsm/env/env_posix.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/expect.h"
#include "tests/support/tap.h"

enum {
	INPUT_MAX = 1 << 20,
};

/*
 * A length that is believed unchecked asks for gigabytes; an honest one for a few megabytes. Where
 * memory cannot be had the targets see -ENOMEM, which none of them takes.
 */
#define MEMORY_MAX (UINT64_C(512) << 20)

/* Where AddressSanitizer runs it is asked instead, as it maps terabytes for itself. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "max_allocation_size_mb=64";
}

/* gcc's names for them; clang's builds are libFuzzer's, which has limits of its own. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(__clang__)
static const bool is_sanitized = true;
#else
static const bool is_sanitized = false;
#endif

static void bound_memory(void)
{
	struct rlimit limit = {.rlim_cur = MEMORY_MAX, .rlim_max = MEMORY_MAX};

	if (!is_sanitized && setrlimit(RLIMIT_DATA, &limit))
		tap_note("no limit on memory: %s", strerror(errno));
}

static uint64_t runs;

/* Each input stands alone on the heap, so that a read beyond its end is one beyond an object. */
static void feed_one(struct slice input)
{
	uint8_t *copy = malloc(input.len ? input.len : 1);

	expect(copy);
	if (input.len)
		memcpy(copy, input.ptr, input.len);
	expect(LLVMFuzzerTestOneInput(copy, input.len) == 0);
	free(copy);
	runs++;
}

static void feed_flipped(struct slice input, size_t bit)
{
	uint8_t *copy = malloc(input.len);

	expect(copy);
	memcpy(copy, input.ptr, input.len);
	copy[bit / 8] = (uint8_t)(copy[bit / 8] ^ 1U << bit % 8);
	feed_one(slice_of(copy, input.len));
	free(copy);
}

struct replay {
	size_t damages;
};

/* Every place when there are few enough, else as many, evenly spread; odd steps meet every bit of
 * a byte. */
static size_t step_over(size_t places, size_t damages)
{
	return places <= damages ? 1 : (places / damages) | 1;
}

static void replay_input(void *arg, const char *name, struct slice input)
{
	const struct replay *r = arg;
	uint64_t before = runs;

	/* first, so that the last line before a crash names the input */
	tap_note("%s: %zu bytes", name, input.len);
	feed_one(input);
	for (size_t len = 0; len < input.len; len += step_over(input.len, r->damages))
		feed_one(slice_of(input.ptr, len));
	for (size_t bit = 0; bit < 8 * input.len; bit += step_over(8 * input.len, r->damages))
		feed_flipped(input, bit);
	tap_result(true, "%s and %llu damages of it", name,
		   (unsigned long long)(runs - before - 1));
}

static void replay_file(struct env_dir *dir, const char *name, struct replay *r)
{
	uint8_t *bytes = NULL;
	size_t len = 0;

	expect(env_dir_read_small(dir, name, INPUT_MAX, &bytes, &len) == 0);
	replay_input(r, name, slice_of(bytes, len));
	free(bytes);
}

/* A target without found bugs has no folder. */
static void replay_corpus(const char *folder, struct replay *r)
{
	struct dirent **names;
	struct env_dir *dir;
	int count = scandir(folder, &names, NULL, alphasort);

	if (count < 0 && errno == ENOENT)
		return;
	expect(count >= 0);
	expect(env_open_dir(env_posix(), folder, false, &dir) == 0);
	for (int i = 0; i < count; i++) {
		if (names[i]->d_name[0] != '.')
			replay_file(dir, names[i]->d_name, r);
		free(names[i]);
	}
	free(names);
	env_dir_close(dir);
}

static void write_seed(void *arg, const char *name, struct slice seed)
{
	struct env_file *file;

	expect(env_dir_open(arg, name, ENV_REPLACE, &file) == 0);
	expect(env_file_append(file, &seed, 1) == 0);
	env_file_close(file);
}

static int write_seeds(const char *folder)
{
	struct env_dir *dir;

	expect(env_open_dir(env_posix(), folder, false, &dir) == 0);
	fuzz_seeds(&(struct fuzz_sink){.take = write_seed, .arg = dir});
	env_dir_close(dir);
	return 0;
}

int main(int argc, char **argv)
{
	struct replay r;

	if (argc != 3) {
		fprintf(stderr, "usage: %s DAMAGES CORPUS | --write FOLDER\n", argv[0]);
		return 2;
	}
	log_set_level(LOG_LEVEL_ERROR);
	if (strcmp(argv[1], "--write") == 0)
		return write_seeds(argv[2]);
	bound_memory();
	r.damages = strtoul(argv[1], NULL, 10);
	expect(r.damages > 0);
	feed_one(slice_of(NULL, 0));
	fuzz_seeds(&(struct fuzz_sink){.take = replay_input, .arg = &r});
	replay_corpus(argv[2], &r);
	tap_note("%llu runs", (unsigned long long)runs);
	return tap_end();
}
