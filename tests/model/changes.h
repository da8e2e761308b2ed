/*
 * Random changes, made to the store and to the model.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "tests/model/run.h"

void put_one(struct run *run);
void patch_one(struct run *run);
void delete_one(struct run *run);
/* Puts, patches, deletions and copies. */
void write_batch(struct run *run);
/* A batch with preconditions, of which one is wrong in a third of the cases. */
void write_conditional(struct run *run);
