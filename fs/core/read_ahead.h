/*
 * Reading ahead for who reads a large file from front to back.
 *
 * There are no open files here to tell one reader from another, so a node remembers where the last
 * READ of it ended. The kernel sends several of them at once, in any order; what ends near the last
 * one is one reader going on. Then the next stretch of the file is asked for while this one is on
 * its way, a hint that costs one engine call a window. Two readers of one file in different places
 * read without it.
 *
 * Thread rule: any thread.
 */
#pragma once

#include "fs/core/node_table.h"

enum {
	READ_AHEAD_MIN = 64 << 10,  /* shorter READs are none of a large file */
	READ_AHEAD_SLACK = 1 << 20, /* as far as the kernel's own read-ahead may run */
	READ_AHEAD_WINDOW = 4 << 20,
};

/* After a READ of the node's file by its name found all of the range. */
void read_ahead_note(struct lsm *db, const struct node_view *view, const struct lsm_range *range);
