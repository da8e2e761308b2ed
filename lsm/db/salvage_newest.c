#include "lsm/db/salvage_newest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/base/error.h"

struct newest_iter {
	struct iter base;
	struct iter *merged;           /* owned */
	struct salvage_losses *losses; /* borrowed */
	struct buf key;                /* owned; being looked at */
	bool settled;                  /* a version of it was passed on */
	/* The newest version of it, if its value cannot be read: */
	bool wanting;
	uint64_t wanting_seqno;
	char why[ERROR_TEXT_MAX];
};

/* A version whose value is lost is settled: another takes its place, or none does. */
static void tell_wanting(struct newest_iter *it, const struct record *instead)
{
	struct salvage_losses *l = it->losses;

	if (!it->wanting)
		return;
	it->wanting = false;
	salvage_say(l, "%s: the value of the key ", it->why);
	salvage_say_key(l, buf_slice(&it->key));
	salvage_say(l, " in change %llu is lost, ", (unsigned long long)it->wanting_seqno);
	if (!instead)
		salvage_say(l, "there is no older one");
	else
		salvage_say(l, "%s change %llu takes its place",
			    instead->kind == RECORD_DELETE ? "the deletion in" : "the older one in",
			    (unsigned long long)instead->seqno);
	salvage_say_end(l);
}

static int begin_key(struct newest_iter *it, struct slice key)
{
	if (it->key.len && slice_eq(buf_slice(&it->key), key))
		return 0;
	tell_wanting(it, NULL);
	it->settled = false;
	return buf_set(&it->key, key);
}

/* 0: the version at hand is the one; -ENOENT: it is not. */
static int try_version(struct newest_iter *it)
{
	const struct record *rec = &it->merged->rec;
	struct slice value;
	int rc = begin_key(it, rec->key);

	if (rc)
		return rc;
	if (it->settled)
		return -ENOENT;
	rc = rec->kind == RECORD_PUT ? iter_value(it->merged, &value) : 0;
	if (table_is_damage(rc)) {
		if (!it->wanting) {
			it->wanting = true;
			it->wanting_seqno = rec->seqno;
			(void)snprintf(it->why, sizeof(it->why), "%s", fail_text());
		}
		return -ENOENT;
	}
	if (rc)
		return rc;
	if (it->wanting && rec->seqno == it->wanting_seqno)
		it->wanting = false; /* the twin has it */
	tell_wanting(it, rec);
	it->settled = true;
	return 0;
}

static void settle(struct newest_iter *it)
{
	int rc = -ENOENT;

	it->base.valid = false;
	while (iter_valid(it->merged) && (rc = try_version(it)) == -ENOENT)
		iter_next(it->merged);
	if (iter_valid(it->merged) && rc == 0) {
		it->base.valid = true;
		it->base.rec = it->merged->rec;
		return;
	}
	it->base.status = rc != -ENOENT ? rc : iter_status(it->merged);
	tell_wanting(it, NULL);
}

static struct newest_iter *newest_of(struct iter *base)
{
	return container_of(base, struct newest_iter, base);
}

static void newest_first(struct iter *base)
{
	iter_first(newest_of(base)->merged);
	settle(newest_of(base));
}

static void newest_next(struct iter *base)
{
	iter_next(newest_of(base)->merged);
	settle(newest_of(base));
}

static int newest_value(struct iter *base, struct slice *ret_value)
{
	return iter_value(newest_of(base)->merged, ret_value);
}

static void newest_free(struct iter *base)
{
	struct newest_iter *it = newest_of(base);

	iter_free(it->merged);
	buf_done(&it->key);
	free(it);
}

static const struct iter_ops newest_ops = {
	.first = newest_first,
	.next = newest_next,
	.value = newest_value,
	.free = newest_free,
};

int salvage_newest(struct iter *merged, struct salvage_losses *losses, struct iter **ret_iter)
{
	struct newest_iter *it = calloc(1, sizeof(*it));

	if (!it) {
		iter_free(merged);
		return -ENOMEM;
	}
	it->base.ops = &newest_ops;
	it->merged = merged;
	it->losses = losses;
	*ret_iter = &it->base;
	return 0;
}
