/*
 * Which bytes of a store's blob files stand for something: those of the chunks that its tables and
 * logs name, and the header of a file that holds one. All others are dead.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "tests/rot/rot_store.h"

/* List the chunks of a store whose files, records and edits are listed. */
void rot_list_chunks(struct rot_store *s);

/* Nothing names this byte of the blob file. */
bool rot_chunk_is_dead(const struct rot_store *s, size_t file, uint64_t offset);
