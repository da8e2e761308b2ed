/*
 * Numbered records whose content follows from number and generation, and the checks of a store that
 * is to hold them.
 *
 * Thread rule: one thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lsm/lsm.h"

enum {
	RECORD_TEXT_MAX = 16, /* a key */
};

#define RECORD_VALUE_MAX (UINT64_C(128) << 10)

/* Generation of a record that is not there. */
#define RECORD_ABSENT 0

/* What a store is to hold. */
struct records {
	uint64_t count;
	uint32_t value_bytes; /* of each value; at most RECORD_VALUE_MAX */
	uint8_t *generations; /* owned; of each record, 1 .. 255, or RECORD_ABSENT */
	uint8_t *room;        /* owned: for one value */
};

/* All absent. Exits when out of memory. */
struct records records_new(uint64_t count, uint32_t value_bytes);
void records_free(struct records *r);

struct slice record_key(uint64_t number, char ret_text[RECORD_TEXT_MAX]);
/* It hardly compresses, so that the store is as large as its records. Good until the next call. */
struct slice record_value(struct records *r, uint64_t number, uint8_t generation);

/* Put (or delete: RECORD_ABSENT) and, when that succeeds, take note. */
must_check int records_put(struct records *r, struct lsm *db, uint64_t number, uint8_t generation);

/* The record is what was noted; else a TAP note says what is wrong. */
bool records_check(struct records *r, struct lsm *db, uint64_t number);
/* Every record is, by one scan, and there is nothing else. */
bool records_check_scan(struct records *r, struct lsm *db, bool forward);
