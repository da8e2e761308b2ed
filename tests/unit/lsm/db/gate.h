/*
 * A gate before the creation of tables (or other opens, see struct gate): flushes and compactions
 * stand there, inside the env, until a test lets them go on. Gates an env_mem or any other env by
 * standing in for some of its calls.
 */
#pragma once

#include "lsm/base/mutex.h"
#include "tests/unit/lsm/db/db_fixture.h"

struct gate {
	struct env env; /* what the store opens; the rest is passed on to `inner` */
	struct env *inner;
	struct env_dir_ops dir_ops; /* the inner folder's, but for `open` and `list` */
	int (*inner_open)(struct env_dir *, const char *, enum env_open_mode, struct env_file **);
	int (*inner_list)(struct env_dir *, int (*)(void *, const char *), void *);
	enum env_open_mode mode; /* what stands before the gate; a test may change it before it */
	const char *suffix;      /* opens a store. NULL: the listing of a folder */
	struct mutex mu;
	struct cond changed;
	bool shut;        /* guarded by mu */
	unsigned ahead;   /* so many pass first, though it is shut; guarded by mu */
	unsigned waiting; /* guarded by mu */
};

/* One a test program: the calls carry no argument of their own. */
static struct gate gate;

static inline void gate_pass(void)
{
	mutex_guard(&gate.mu);

	if (gate.ahead > 0) {
		gate.ahead--;
		return;
	}
	gate.waiting++;
	cond_broadcast(&gate.changed);
	while (gate.shut)
		cond_wait(&gate.changed, &gate.mu);
	gate.waiting--;
}

static inline int gate_list(struct env_dir *d, int (*visit)(void *arg, const char *name), void *arg)
{
	if (!gate.suffix)
		gate_pass();
	return gate.inner_list(d, visit, arg);
}

static inline int gate_open_file(struct env_dir *d, const char *name, enum env_open_mode mode,
				 struct env_file **ret_file)
{
	if (gate.suffix && mode == gate.mode && strstr(name, gate.suffix))
		gate_pass();
	return gate.inner_open(d, name, mode, ret_file);
}

static inline int gate_open_dir(struct env *e, const char *path, bool create,
				struct env_dir **ret_dir)
{
	(void)e;
	int err = env_open_dir(gate.inner, path, create, ret_dir);

	if (err)
		return err;
	gate.dir_ops = *(*ret_dir)->ops;
	gate.inner_open = gate.dir_ops.open;
	gate.dir_ops.open = gate_open_file;
	gate.inner_list = gate.dir_ops.list;
	gate.dir_ops.list = gate_list;
	(*ret_dir)->ops = &gate.dir_ops; /* nobody else has it yet */
	return 0;
}

static inline uint64_t gate_real_ns(struct env *e)
{
	(void)e;
	return env_real_ns(gate.inner);
}

static inline uint64_t gate_mono_ns(struct env *e)
{
	(void)e;
	return env_mono_ns(gate.inner);
}

static inline struct env *gate_over(struct env *inner, bool shut)
{
	static const struct env_ops ops = {
		.open_dir = gate_open_dir,
		.real_ns = gate_real_ns,
		.mono_ns = gate_mono_ns,
	};

	gate = (struct gate){.env = {.ops = &ops},
			     .inner = inner,
			     .mode = ENV_CREATE,
			     .suffix = ".sst",
			     .shut = shut};
	mutex_init(&gate.mu, RANK_ENV);
	cond_init(&gate.changed);
	return &gate.env;
}

/* Until somebody stands before the gate. */
static inline void gate_wait(void)
{
	mutex_guard(&gate.mu);

	while (gate.waiting == 0)
		cond_wait(&gate.changed, &gate.mu);
}

static inline bool gate_is_waited_at(void)
{
	mutex_guard(&gate.mu);

	return gate.waiting > 0;
}

static inline void gate_set(bool shut)
{
	mutex_guard(&gate.mu);

	gate.shut = shut;
	cond_broadcast(&gate.changed);
}
