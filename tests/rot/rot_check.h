/*
 * Opens a damaged store, reads everything in every way, and judges what it answers.
 *
 * Each answer must be the right one, or an error (-EUCLEAN, -EBADMSG) with a sentence that names a
 * file of the store and an offset in it (a missing file: only its name). Right is what one single
 * world of the history allowed has. With LSM_RECOVER_PREFIX an earlier world may be right: then
 * statistics tell it, and a line in the log, which names file and offset.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/base/log.h"
#include "tests/rot/rot_store.h"

/* What may be found. */
struct rot_expect {
	enum lsm_recovery recovery; /* how it is opened */
	uint32_t low, high;         /* the world after one of these numbers of changes */
	bool may_tell;              /* ... or of these, if it is told that a log was damaged */
	bool must_tell;
	uint32_t told_low, told_high;
	bool may_fail;    /* an error is a good answer */
	bool may_report;  /* ... of lsm_verify */
	bool must_fail;   /* opening for writing must answer an error */
	bool must_notice; /* some error, a verify that fails, or a torn end that is reported */
	const char *file; /* the errors name this file; NULL: any */
	bool missing;     /* a file is: the sentence has no offset */
};

/* What happened; counts add up. */
struct rot_tally {
	uint64_t states;     /* checked */
	uint64_t refused;    /* opening failed */
	uint64_t reported;   /* opened; a read or verify reported the damage */
	uint64_t torn;       /* opened; the end of the log was taken for torn */
	uint64_t unnoticed;  /* nothing was said, everything was right */
	uint64_t told;       /* opened; a log was cut at its damage, and it is told */
	uint64_t writing;    /* opened for writing, and right */
	uint64_t modes[3];   /* states, by enum lsm_recovery */
	bool last_torn;      /* the last one that rot_check saw was: torn */
	uint64_t wrong;      /* a violation */
	char complaint[768]; /* about the first violation */
};

/* A sink for the log (log_set_sink): listens for the line, drops all. */
void rot_hear(enum log_level level, const char *text);

/* Read-only; `what` describes the damage. False: a violation (counted). */
bool rot_check(const struct rot_store *s, struct env *env, const struct rot_expect *e,
	       const char *what, struct rot_tally *tally);
/* The same on a copy opened for writing; when that succeeds: put, close, open, read;
 * then no end is torn and no log damaged any more. */
bool rot_check_writing(const struct rot_store *s, struct env *env, const struct rot_expect *e,
		       const char *what, struct rot_tally *tally);
