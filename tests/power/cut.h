/*
 * One power cut: the store as it would be found is opened, held against the history, written to,
 * and opened again; that run too is recorded, and cut at random places.
 */
#pragma once

#include "tests/power/damage.h"
#include "tests/power/disk.h"
#include "tests/power/life.h"
#include "tests/power/naming.h"

enum {
	CUT_STORE, /* folders of a recording, by env_call.folder */
	CUT_COPY,  /* a checkpoint's target */
	CUT_FOLDERS,
};

extern const char *const cut_folders[CUT_FOLDERS];

/* What the writer knew at some moment; the marks among the recorded calls tell. */
struct promises {
	bool opened;
	uint32_t acked, synced;
	bool copying, copied;
	uint32_t copied_at;            /* the changes that the copy holds */
	const struct namings *namings; /* borrowed: the story's, to know names by */
	struct naming_promises named;
	struct naming_promises copied_named; /* the names that the copy holds */
};

/* A struct life's note; recorder is an env_record. */
must_check int promises_note(void *recorder, enum life_mark mark, uint32_t n);
/* The recorded mark was passed. */
void promises_pass(struct promises *p, const struct env_call *call);

/* Counted over all cuts, by several processes. */
struct cut_counts {
	struct life_counts life;
	_Atomic uint64_t first, second;       /* states after one cut, and after another one */
	_Atomic uint64_t copies, half_copies; /* checkpoints found whole, or in the making */
	_Atomic uint64_t damaged, proven;     /* a log was; and it could not pass for a torn end */
};

struct cut {
	uint64_t seed;
	const struct disk *disk;
	const struct story *story;
	struct promises promised;
	enum disk_tail tail;
	enum life_end end;           /* what the store may have at its end, whatever the tail */
	const struct damage *damage; /* borrowed: to what was found; NULL: none */
	size_t call;                 /* after which the power goes */
	struct rng *rng;
	struct cut_counts *counts;
};

/* False: a promise was broken; it was noted, and the files are kept. */
must_check bool cut_check(const struct cut *c);
