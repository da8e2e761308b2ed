#include "lsm/env/env_record_log.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

void record_log_init(struct record_log *log)
{
	*log = (struct record_log){0};
	mutex_init(&log->mu, RANK_ENV);
}

static void free_bytes(struct env_call *call)
{
	free((void *)call->bytes.ptr);
	call->bytes = (struct slice){0};
}

void record_log_done(struct record_log *log)
{
	for (size_t i = 0; i < log->count; i++)
		free_bytes(&log->calls[i]);
	free(log->calls);
	free(log->tickets);
	mutex_done(&log->mu);
}

static int reserve_locked(struct record_log *log)
{
	size_t cap = log->cap ? 2 * log->cap : 64;
	struct env_call *calls;
	uint64_t *tickets;

	if (log->count + log->pending < log->cap)
		return 0;
	calls = (struct env_call *)realloc(log->calls, cap * sizeof(*calls));
	if (!calls)
		return -ENOMEM;
	log->calls = calls;
	tickets = (uint64_t *)realloc(log->tickets, cap * sizeof(*tickets));
	if (!tickets)
		return -ENOMEM;
	log->tickets = tickets;
	log->cap = cap;
	return 0;
}

int record_log_begin(struct record_log *log, struct record_pending *p, enum env_call_kind kind,
		     const char *name, const char *to)
{
	mutex_guard(&log->mu);
	int rc = reserve_locked(log);

	if (rc)
		return rc;
	log->pending++;
	*p = (struct record_pending){.began = log->next_ticket++, .call = {.kind = kind}};
	(void)snprintf(p->call.name, sizeof(p->call.name), "%s", name ? name : "");
	(void)snprintf(p->call.to, sizeof(p->call.to), "%s", to ? to : "");
	return 0;
}

static void insert_locked(struct record_log *log, const struct env_call *call, uint64_t ticket)
{
	size_t at = log->count;

	assert(log->count < log->cap);
	while (at > 0 && log->tickets[at - 1] > ticket)
		at--;
	memmove(&log->calls[at + 1], &log->calls[at], (log->count - at) * sizeof(*log->calls));
	memmove(&log->tickets[at + 1], &log->tickets[at],
		(log->count - at) * sizeof(*log->tickets));
	log->calls[at] = *call;
	log->tickets[at] = ticket;
	log->count++;
}

int record_log_end(struct record_log *log, struct record_pending *p, int rc)
{
	bool as_begun = p->call.kind == ENV_CALL_SYNC || p->call.kind == ENV_CALL_SYNC_DIR;
	mutex_guard(&log->mu);

	log->pending--;
	if (rc || p->dropped)
		free_bytes(&p->call);
	else
		insert_locked(log, &p->call, as_begun ? p->began : log->next_ticket++);
	return rc;
}
