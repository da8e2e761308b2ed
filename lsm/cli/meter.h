/*
 * How far long work has come, on standard error: on a terminal a bar with rate and time left,
 * elsewhere a line every ten seconds.
 *
 * Thread rule: one thread; while meter_follow's runs, only meter_unfollow is called.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include "lsm/base/long_work.h"
#include "lsm/base/thread.h"
#include "lsm/cli/human.h"

enum {
	METER_WIDTH_MAX = 200,
};

struct meter {
	const char *what; /* borrowed; a word */
	enum human_unit unit;
	uint64_t total;    /* 0: not known */
	uint64_t start;    /* what was done before it began */
	uint64_t began_ns; /* clock_mono_ns */
	uint64_t shown_ns;
	bool on_terminal, is_drawn;
	/* meter_follow: */
	struct thread thread;
	struct long_work *work; /* borrowed */
	int wake_fd;            /* owned */
};

/* total: 0 when it is not known. */
void meter_begin(struct meter *m, const char *what, enum human_unit unit, uint64_t total);
/* So much is done by now; shown when it is time. Cheap: looks at the clock, no more. */
void meter_update(struct meter *m, uint64_t done);
/* Take the bar off the terminal. */
void meter_end(struct meter *m);

/* A thread updates the meter from `work` (borrowed until meter_unfollow, which ends the meter
 * too). Without a thread there is no bar. */
void meter_follow(struct meter *m, struct long_work *work);
void meter_unfollow(struct meter *m);

/* Seconds since it began. */
double meter_seconds(const struct meter *m);

/* The text shown at a time when so much is done, at most `width` columns; for meter_update. */
void meter_line(const struct meter *m, uint64_t done, uint64_t now_ns, int width,
		char ret_text[METER_WIDTH_MAX + 1]);
/* Whether it is to be shown at that time. */
bool meter_is_due(const struct meter *m, uint64_t now_ns);
