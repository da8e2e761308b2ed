/*
 * Tables and logs that the last durable edit made needless and that nobody reads any more: listed
 * here, removed from the disk by tree_purge.
 */
#pragma once

#include "lsm/tree/tree.h"

/*
 * The last reference to a removed table is gone: the tree takes the object over. A short lock, no
 * I/O; the caller holds no mutex of rank RANK_TREE or above.
 */
void obsolete_add(struct tree *t, struct table_file *f);

/* Free the lists without touching the disk; the next open finds the files and removes them. */
void obsolete_done(struct tree *t);
