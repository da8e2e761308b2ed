/*
 * The in-memory file system against a simple model of it.
 */
#include "lsm/base/rng.h"
#include "lsm/env/env_mem.h"
#include "tests/unit/lsm/env/env_testing.h"

static struct env *env;
static struct env_dir *dir;

static void setup(void)
{
	env = env_mem_new();
	ck_assert_ptr_nonnull(env);
	ck_assert_int_eq(env_open_dir(env, "/store", true, &dir), 0);
}

static void teardown(void)
{
	env_dir_close(dir);
	env_free(env);
}

/* A file as the model has it. */
struct model_file {
	uint8_t bytes[64];
	size_t len;
	bool exists;
};

enum {
	MODEL_FILES = 6,
	MODEL_STEPS = 10000,
};

struct model {
	struct model_file now[MODEL_FILES];
	struct model_file
		durable[MODEL_FILES]; /* every sync of the model is of bytes and names at once */
};

static const char *model_name(size_t i)
{
	static const char *const all[MODEL_FILES] = {"f0", "f1", "f2", "f3", "f4", "f5"};

	return all[i];
}

static void model_write(struct model_file *m, size_t file, struct rng *rng)
{
	cleanup_file struct env_file *f = NULL;
	size_t offset = rng_below(rng, 32);
	uint8_t bytes[32];
	struct slice part = slice_of(bytes, rng_below(rng, sizeof(bytes)));

	f = open_file(dir, model_name(file), m->exists ? ENV_REUSE : ENV_CREATE);
	m->exists = true;
	rng_fill(rng, bytes, sizeof(bytes));
	ck_assert_int_eq(env_file_seek(f, offset), 0);
	ck_assert_int_eq(env_file_append(f, &part, 1), 0);
	if (part.len == 0)
		return;
	memcpy(m->bytes + offset, bytes, part.len);
	m->len = max_of(m->len, offset + part.len);
}

static void model_resize(struct model_file *m, size_t file, struct rng *rng)
{
	size_t size = rng_below(rng, sizeof(m->bytes));

	if (!m->exists)
		return;

	cleanup_file struct env_file *f = open_file(dir, model_name(file), ENV_REUSE);

	ck_assert_int_eq(env_file_truncate(f, size), 0);
	if (size < m->len)
		memset(m->bytes + size, 0, m->len - size);
	m->len = size;
}

static void model_rename(struct model *m, size_t from, size_t to)
{
	int rc = env_dir_rename(dir, model_name(from), model_name(to));

	ck_assert_int_eq(rc, m->now[from].exists ? 0 : -ENOENT);
	if (rc || from == to)
		return;
	m->now[to] = m->now[from];
	m->now[from] = (struct model_file){0};
}

static void model_unlink(struct model *m, size_t file)
{
	int rc = env_dir_unlink(dir, model_name(file));

	ck_assert_int_eq(rc, m->now[file].exists ? 0 : -ENOENT);
	m->now[file] = (struct model_file){0};
}

static void model_sync(struct model *m)
{
	for (size_t i = 0; i < MODEL_FILES; i++) {
		cleanup_file struct env_file *f = NULL;

		if (!m->now[i].exists)
			continue;
		f = open_file(dir, model_name(i), ENV_READ);
		ck_assert_int_eq(env_file_sync(f), 0);
	}
	ck_assert_int_eq(env_dir_sync(dir), 0);
	memcpy(m->durable, m->now, sizeof(m->now));
}

static void model_check(const struct model *m)
{
	for (size_t i = 0; i < MODEL_FILES; i++) {
		struct slice bytes;
		int rc = env_mem_file(env, "/store", model_name(i), &bytes);

		ck_assert(rc == (m->now[i].exists ? 0 : -ENOENT));
		if (!rc)
			ck_assert(slice_eq(bytes, slice_of(m->now[i].bytes, m->now[i].len)));
	}
}

START_TEST(random_changes_and_power_cuts_match_a_model)
{
	struct model m = {0};
	struct rng rng;

	rng_seed(&rng, unit_seed());
	for (size_t step = 0; step < MODEL_STEPS; step++) {
		uint64_t what = rng_below(&rng, 32);
		size_t file = rng_below(&rng, MODEL_FILES);

		if (what < 14) {
			model_write(&m.now[file], file, &rng);
		} else if (what < 19) {
			model_resize(&m.now[file], file, &rng);
		} else if (what < 24) {
			model_rename(&m, file, rng_below(&rng, MODEL_FILES));
		} else if (what < 28) {
			model_unlink(&m, file);
		} else if (what < 30) {
			model_sync(&m);
		} else {
			env_mem_power_cut(env);
			memcpy(m.now, m.durable, sizeof(m.now));
		}
		model_check(&m);
	}
}
END_TEST

static const TTest *const *const tests[] = {
	&random_changes_and_power_cuts_match_a_model,
};

UNIT_ROUNDS("lsm/env/env_mem_model", tests, setup, teardown, 0, 1)
