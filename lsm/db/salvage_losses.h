/*
 * What a salvage tells: sentences about losses, and the counts.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/base/buf.h"
#include "lsm/lsm.h"
#include "lsm/sst/table_salvage.h"

struct salvage_losses {
	void (*lost)(void *arg, const char *what); /* NULL: nobody listens */
	void *arg;
	struct lsm_salvage_report report;
	/* Private: */
	struct buf text; /* owned; the sentence being made */
	int error;       /* -ENOMEM: a sentence could not be made */
};

void salvage_losses_done(struct salvage_losses *l);

/*
 * A sentence in parts: begin, add..., end. What fails on the way is l->error.
 */
void salvage_say(struct salvage_losses *l, const char *fmt, ...) printf_like(2, 3);
/* A key in quotes, in printable form. */
void salvage_say_key(struct salvage_losses *l, struct slice key);
/* " among the keys from ... to ..."; a bound without ptr is not known. */
void salvage_say_keys(struct salvage_losses *l, struct slice first, struct slice last);
void salvage_say_end(struct salvage_losses *l);

/* A whole sentence without keys. */
void salvage_lost(struct salvage_losses *l, const char *fmt, ...) printf_like(2, 3);
