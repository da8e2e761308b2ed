#include "fs/core/absent.h"

#include <errno.h>
#include <stdlib.h>

#include "lsm/base/hash.h"

int absent_init(struct absent *a)
{
	a->words = calloc(ABSENT_BITS / ABSENT_WORD, sizeof(*a->words));
	return a->words ? 0 : -ENOMEM;
}

void absent_done(struct absent *a)
{
	free(a->words);
	a->words = NULL;
}

static uint64_t bit_of(uint64_t folder, struct slice name)
{
	return hash64(name, folder) & (ABSENT_BITS - 1);
}

void absent_add(struct absent *a, uint64_t folder, struct slice name)
{
	uint64_t bit = bit_of(folder, name);

	atomic_fetch_or(&a->words[bit / ABSENT_WORD], UINT64_C(1) << (bit % ABSENT_WORD));
}

bool absent_may_have(const struct absent *a, uint64_t folder, struct slice name)
{
	uint64_t bit = bit_of(folder, name);

	return atomic_load(&a->words[bit / ABSENT_WORD]) >> (bit % ABSENT_WORD) & 1;
}
