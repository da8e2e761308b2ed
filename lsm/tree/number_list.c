#include "lsm/tree/number_list.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "lsm/base/array.h"

void number_list_done(struct number_list *l)
{
	free(l->numbers);
	*l = (struct number_list){0};
}

int number_list_reserve(struct number_list *l, size_t extra)
{
	uint64_t *grown = array_grow(l->numbers, &l->cap, l->count + extra, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	l->numbers = grown;
	return 0;
}

/* The index of the first number >= number. */
static size_t lower_bound(const struct number_list *l, uint64_t number)
{
	size_t low = 0, high = l->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (l->numbers[mid] < number)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool number_list_has(const struct number_list *l, uint64_t number)
{
	size_t at = lower_bound(l, number);

	return at < l->count && l->numbers[at] == number;
}

void number_list_add(struct number_list *l, uint64_t number)
{
	size_t at = lower_bound(l, number);

	if (at < l->count && l->numbers[at] == number)
		return;
	assert(l->count < l->cap);
	memmove(&l->numbers[at + 1], &l->numbers[at], (l->count - at) * sizeof(*l->numbers));
	l->numbers[at] = number;
	l->count++;
}

int number_list_insert(struct number_list *l, uint64_t number)
{
	if (number_list_has(l, number))
		return -EEXIST;
	int err = number_list_reserve(l, 1);
	if (err)
		return err;
	number_list_add(l, number);
	return 0;
}

void number_list_remove(struct number_list *l, uint64_t number)
{
	size_t at = lower_bound(l, number);

	if (at == l->count || l->numbers[at] != number)
		return;
	l->count--;
	memmove(&l->numbers[at], &l->numbers[at + 1], (l->count - at) * sizeof(*l->numbers));
}

void number_list_drop_below(struct number_list *l, uint64_t limit)
{
	size_t at = lower_bound(l, limit);

	if (at == 0)
		return;
	memmove(l->numbers, &l->numbers[at], (l->count - at) * sizeof(*l->numbers));
	l->count -= at;
}
