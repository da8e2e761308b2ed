/*
 * Why changes of the virtual tree failed lately: what .apex/error shows. write(2) has room for an
 * errno only; the sentence behind it is kept here.
 *
 * Thread rule: any thread.
 */
#pragma once

#include "fs/core/fs.h"
#include "lsm/base/error.h"
#include "lsm/base/mutex.h"

enum {
	REASONS_MAX = 16,     /* the oldest are forgotten */
	REASON_NAME_MAX = 64, /* of a file's name; longer ones are cut */
};

struct reason {
	uint64_t time_ns; /* since 1970; 0: none */
	pid_t pid;
	int code; /* a negative errno */
	char name[REASON_NAME_MAX];
	char text[ERROR_TEXT_MAX];
};

struct reasons {
	struct mutex mu; /* RANK_FS_REASONS */
	/* guarded by mu */
	struct reason all[REASONS_MAX];
	unsigned next;
};

void reasons_init(struct reasons *r);
void reasons_done(struct reasons *r);

/* Note a failure, with the sentence that the calling thread left (lsm/base/error.h). */
void reasons_note(struct reasons *r, pid_t pid, struct slice name, int code);

/* A line for each, the newest first: "EINVAL batch: line 7: no key (pid 4711, 2026-01-31T..Z)". */
must_check int reasons_render(struct reasons *r, struct buf *text);
