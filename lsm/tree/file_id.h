/*
 * The numbers that make a store's checksums its own: the id of a table, the salt of a log. They
 * follow from the store's id and the file's number, and the store's id follows from any of them.
 *
 * Thread rule: pure functions.
 */
#pragma once

#include <stdint.h>

/* Distinct for each number of a store. */
uint64_t file_id_make(uint64_t store_id, uint64_t number);

/* The store whose file `number` has this id. */
uint64_t file_id_store(uint64_t id, uint64_t number);
