/*
 * What a writer has done, in memory that it shares with the test: each change is noted before its
 * system call and again when that has answered, so nothing acknowledged goes unnoticed.
 *
 * Thread rule: the writer process writes. The test may read it once that process has ended.
 */
#pragma once

#include "lsm/base/compiler.h"
#include "tests/kill/change.h"

enum {
	HISTORY_MAX = 8192, /* changes of one writer in one cycle; it then waits for the end */
	HISTORY_CALL_MAX = 64,
};

struct history {
	uint32_t started; /* changes begun */
	uint32_t acked;   /* of these, answered with success: all, or all but the last */
	/* How it ended: the call that failed, its errno, and when; 0: none did. */
	int error;
	uint64_t error_ns;
	char call[HISTORY_CALL_MAX];
	struct change changes[HISTORY_MAX];
};

/* Shared with children forked from now on; NULL without memory. */
struct history *history_new(void);
void history_free(struct history *h);
/* For the next cycle. */
void history_clear(struct history *h);

/* There is room. start_ns is set here. */
void history_start(struct history *h, const struct change *change);
/* The change last started has been answered with success. */
void history_ack(struct history *h);
/* It has not: the end. */
void history_fail(struct history *h, const char *call, int error);

/* The change under way at the end; NULL when there was none. */
const struct change *history_in_flight(const struct history *h);
/* The last acknowledged one; NULL when there is none. */
const struct change *history_last_acked(const struct history *h);

/* Note the last few changes, with their times before now_ns. */
void history_note(const struct history *h, uint32_t writer, uint64_t now_ns);
