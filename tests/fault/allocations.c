#include "tests/fault/allocations.h"

#include <dirent.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

static struct {
	struct allocation_plan plan; /* changed by allocations_begin only */
	_Atomic bool on;
	_Atomic uint64_t count, struck;
	_Atomic int64_t left;
} allocations;

void allocations_begin(const struct allocation_plan *plan)
{
	allocations.plan = plan ? *plan : (struct allocation_plan){.at = UINT64_MAX};
	atomic_store(&allocations.count, 0);
	atomic_store(&allocations.struck, 0);
	atomic_store(&allocations.left, 0);
	atomic_store(&allocations.on, true);
}

void allocations_end(void)
{
	atomic_store(&allocations.on, false);
}

uint64_t allocations_count(void)
{
	return atomic_load(&allocations.count);
}

uint64_t allocations_struck(void)
{
	return atomic_load(&allocations.struck);
}

int64_t allocations_left(void)
{
	return atomic_load(&allocations.left);
}

static bool is_refused(void)
{
	uint64_t index;

	if (!atomic_load(&allocations.on))
		return false;
	index = atomic_fetch_add(&allocations.count, 1);
	if (index < allocations.plan.at || index - allocations.plan.at >= allocations.plan.count)
		return false;
	atomic_fetch_add(&allocations.struck, 1);
	errno = ENOMEM;
	return true;
}

static void *note(void *block)
{
	if (block)
		atomic_fetch_add(&allocations.left, 1);
	return block;
}

#define CATCH(type, name, ...)                                                                     \
	type __real_##name(__VA_ARGS__);                                                           \
	type __wrap_##name(__VA_ARGS__);                                                           \
	type __wrap_##name(__VA_ARGS__)

CATCH(void *, malloc, size_t size)
{
	return is_refused() ? NULL : note(__real_malloc(size));
}

CATCH(void *, calloc, size_t count, size_t size)
{
	return is_refused() ? NULL : note(__real_calloc(count, size));
}

CATCH(void *, realloc, void *old, size_t size)
{
	if (is_refused())
		return NULL;

	void *block = __real_realloc(old, size);

	return old ? block : note(block);
}

CATCH(void *, reallocarray, void *old, size_t count, size_t size)
{
	if (is_refused())
		return NULL;

	void *block = __real_reallocarray(old, count, size);

	return old ? block : note(block);
}

CATCH(void *, aligned_alloc, size_t alignment, size_t size)
{
	return is_refused() ? NULL : note(__real_aligned_alloc(alignment, size));
}

CATCH(char *, strdup, const char *text)
{
	return is_refused() ? NULL : note(__real_strdup(text));
}

CATCH(char *, strndup, const char *text, size_t len)
{
	return is_refused() ? NULL : note(__real_strndup(text, len));
}

CATCH(DIR *, fdopendir, int fd)
{
	return is_refused() ? NULL : __real_fdopendir(fd);
}

CATCH(void, free, void *block)
{
	if (block)
		atomic_fetch_sub(&allocations.left, 1);
	__real_free(block);
}
