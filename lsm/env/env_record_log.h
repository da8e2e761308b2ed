/*
 * The list of remembered calls behind env_record.h.
 *
 * A call is remembered where it took effect. A change of bytes or names has done so by the time it
 * returns, so it is put last then. A sync promises only what had been done before it began: it is
 * put where the list ended at that moment, though other calls were remembered meanwhile. Otherwise
 * an append that ran beside a sync would look synced.
 *
 * Private to env_record*.c. Thread rule: any thread.
 */
#pragma once

#include "lsm/base/mutex.h"
#include "lsm/env/env_record.h"

struct record_log {
	struct mutex mu;
	/* guarded by mu */
	struct env_call *calls; /* owned, with their bytes; in the order of `tickets` */
	uint64_t *tickets;      /* owned; parallel to calls, ascending */
	size_t count;
	size_t cap;
	size_t pending; /* begun calls; each has room in the arrays */
	uint64_t next_ticket;
};

/* A call between record_log_begin and record_log_end. */
struct record_pending {
	uint64_t began;
	struct env_call call; /* what to remember; bytes owned */
	bool dropped;         /* set by the caller: not to be remembered after all */
};

void record_log_init(struct record_log *log);
void record_log_done(struct record_log *log);

/*
 * Prepare to remember a call of this kind: after it nothing more can fail. `name` and `to` may be
 * NULL. -ENOMEM leaves nothing to end.
 */
must_check int record_log_begin(struct record_log *log, struct record_pending *p,
				enum env_call_kind kind, const char *name, const char *to);

/* The call has returned rc: remember it if that is 0 and it is not dropped. The answer is rc. */
must_check int record_log_end(struct record_log *log, struct record_pending *p, int rc);
