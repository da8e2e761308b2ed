/*
 * An ascending list of file numbers without repetition.
 *
 * Zero-initialise, end with number_list_done. Thread rule: one thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lsm/base/compiler.h"

struct number_list {
	uint64_t *numbers; /* owned */
	size_t count;
	size_t cap;
};

void number_list_done(struct number_list *l);
/* Make room for `extra` more, so that adding them cannot fail. -ENOMEM. */
must_check int number_list_reserve(struct number_list *l, size_t extra);
/* Add a number within reserved room; one that is there already stays single. */
void number_list_add(struct number_list *l, uint64_t number);
/* -EEXIST when it is there, -ENOMEM. */
must_check int number_list_insert(struct number_list *l, uint64_t number);
bool number_list_has(const struct number_list *l, uint64_t number);
/* Remove it, if it is there; the memory is kept. */
void number_list_remove(struct number_list *l, uint64_t number);
/* Remove all numbers below `limit`. */
void number_list_drop_below(struct number_list *l, uint64_t limit);

#define cleanup_number_list __attribute__((cleanup(number_list_done)))
