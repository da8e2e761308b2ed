/*
 * How much of each blob file a set of tables names, and which files are worth emptying.
 *
 * Zero-initialise, end with blob_use_done. Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/tree/number_list.h"
#include "lsm/tree/version.h"

struct blob_use_file {
	uint64_t number;
	uint64_t bytes;         /* that the tables name; what several name counts for each */
	uint64_t end;           /* of the last chunk that one of them names */
	uint64_t tables;        /* that name it */
	struct blob_file *file; /* borrowed from the tables; NULL where they know only the number */
};

struct blob_use {
	struct blob_use_file *files; /* owned; by ascending numbers after blob_use_sum */
	size_t count, cap;
};

void blob_use_done(struct blob_use *u);

/* Count in what a table names. -ENOMEM. */
must_check int blob_use_note(struct blob_use *u, const struct table_file *f);
/* When all tables are in: one entry a file. */
void blob_use_sum(struct blob_use *u);
/* Both, for all tables of a version. */
must_check int blob_use_note_version(struct blob_use *u, const struct version *v);

/*
 * Whether what is still named in a file of `size` bytes is to be moved into others, so that the
 * file can go: it is less than gc_pct per cent, and nobody but the tables has one of its
 * `references`. Whoever appends to the file has one, and so has a memtable or a batch that names
 * it, whose part of the file is only missing from the tables; what an old version's table holds
 * could not be removed anyway.
 */
bool blob_use_is_leaving(const struct blob_use_file *f, uint64_t size, uint64_t references,
			 unsigned gc_pct);

/* Add the numbers of all files of the summed-up use that are leaving now. -ENOMEM. */
must_check int blob_use_leaving(const struct blob_use *u, unsigned gc_pct,
				struct number_list *leaving);

#define cleanup_blob_use __attribute__((cleanup(blob_use_done)))
