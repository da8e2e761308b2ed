/*
 * What a salvage tells: sentences about losses, the counts, and how far it is.
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
	struct long_work *work; /* borrowed; NULL: nobody asks how far it is */
	/* Of the changes that logs have lost, or may have, the first and the last; 0: none. */
	uint64_t first_change, last_change;
	/* Private: */
	struct buf text; /* owned; the sentence being made */
	int error;       /* -ENOMEM: a sentence could not be made */
};

void salvage_losses_done(struct salvage_losses *l);

/* Logs have lost these changes, or may have. It is told elsewhere. */
void salvage_lose_changes(struct salvage_losses *l, uint64_t first, uint64_t last);
/* Whether one of the changes behind `from` and before `to` may be among them. */
bool salvage_may_lack(const struct salvage_losses *l, uint64_t from, uint64_t to);

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
