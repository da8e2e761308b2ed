/*
 * Syncs finished files one after the other in a thread of its own, while their maker is at the
 * next.
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/base/error.h"
#include "lsm/base/helper.h"
#include "lsm/env/env.h"

struct late_sync {
	struct helper helper;
	struct helper_task task;
	struct env_file *file; /* owned; the one under way, or NULL */
	int err;               /* of the task, with its sentence */
	char why[ERROR_TEXT_MAX];
};

void late_sync_init(struct late_sync *s);
/* What is under way is waited for, its outcome dropped. */
void late_sync_done(struct late_sync *s);

/* Sync and close the file, which is taken over, when the one before it is synced; the answer is
 * that one's outcome. */
must_check int late_sync_begin(struct late_sync *s, struct env_file *file);
/* All are synced, or the error of one that is not. */
must_check int late_sync_wait(struct late_sync *s);
