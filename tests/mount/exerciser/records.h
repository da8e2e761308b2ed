/*
 * Files that several processes change at once, made of records that tell who wrote them: no record
 * is ever a mixture, none is lost, none is in the wrong place.
 *
 *	cells      each process writes any record, by write(2) or through a mapping, and reads any,
 *		   under a lock of its range
 *	races      the same without locks: only the end is judged
 *	journal    records are appended (O_APPEND): each is there once, each writer's in order
 *	here/journal, there/journal
 *		   the same in a folder that is renamed meanwhile
 *	current    whole files of one writer's records, renamed over it: it is always there, whole
 *	names/	   made, renamed and removed by all, so that any of the answers that a race allows
 *		   is right
 *
 * Thread rule: one thread per process.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lsm/base/compiler.h"
#include "lsm/base/rng.h"

enum {
	RECORD_WRITERS_MAX = 8,
	RECORD_BYTES = 512,
	RECORD_CELLS = 200,
	RECORD_TEXT_MAX = 512,
};

/* What all writers did; in memory that they share. */
struct record_counts {
	_Atomic uint64_t appended[RECORD_WRITERS_MAX]; /* to the journal */
	_Atomic uint64_t moved[RECORD_WRITERS_MAX];    /* to the one in the moving folder */
	_Atomic uint64_t operations;
};

struct records {
	const char *folder; /* borrowed: where the files are */
	uint32_t writer;
	struct record_counts *counts; /* borrowed */
	struct rng rng;
	uint64_t number;               /* of the writer's last record */
	char trouble[RECORD_TEXT_MAX]; /* "": none */
};

/* Make the files, before any writer is there. 0 or a negative errno. */
must_check int records_make(const char *folder);
void records_begin(struct records *r, const char *folder, uint32_t writer, uint64_t seed,
		   struct record_counts *counts);
/* One operation. False: `trouble` says what is wrong. */
must_check bool records_step(struct records *r);
/* When all writers have ended: everything. `writer` does not count. */
must_check bool records_check(struct records *r);
