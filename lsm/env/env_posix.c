#include "lsm/env/env_posix.h"

#include "lsm/base/clock.h"
#include "lsm/env/env_posix_dir.h"

static uint64_t posix_real_ns(struct env *e)
{
	(void)e;
	return clock_real_ns();
}

static uint64_t posix_mono_ns(struct env *e)
{
	(void)e;
	return clock_mono_ns();
}

static void posix_free(struct env *e)
{
	(void)e;
}

static const struct env_ops posix_ops = {
	.open_dir = posix_dir_open,
	.real_ns = posix_real_ns,
	.mono_ns = posix_mono_ns,
	.free = posix_free,
};

struct env *env_posix(void)
{
	static struct env instance = {.ops = &posix_ops};

	return &instance;
}
