/*
 * A long value that is written and read in pieces of 1 MiB, whose content follows from number and
 * generation of the piece; and the checks of a store that is to hold it.
 *
 * Thread rule: one thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lsm/lsm.h"

enum {
	STREAM_PIECE = 1 << 20,
};

struct stream {
	uint64_t pieces;
	uint8_t *generations; /* owned; of each piece */
	uint8_t *wanted;      /* owned: room for one piece */
	uint8_t *got;         /* owned: the same */
};

/* Exits when out of memory. */
struct stream stream_new(uint64_t pieces);
void stream_free(struct stream *s);

/* Write all of it, front to back, each piece as one patch. TAP notes say what fails. */
bool stream_write(struct stream *s, struct lsm *db, const char *key);
/* Write a piece anew, of the next generation, in patches of `step` bytes. */
bool stream_rewrite(struct stream *s, struct lsm *db, const char *key, uint64_t piece, size_t step);

/* The key has it: by lsm_read, or (by_iterator) lsm_iter_read. */
bool stream_check(struct stream *s, struct lsm *db, const char *key, bool by_iterator);
