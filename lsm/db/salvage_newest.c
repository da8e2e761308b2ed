#include "lsm/db/salvage_newest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/base/error.h"
#include "lsm/tree/fold.h"
#include "lsm/tree/manifest_format.h"

struct newest_iter {
	struct iter base;
	struct iter *merged;             /* owned */
	const struct salvage_plan *plan; /* borrowed */
	struct salvage_values *values;   /* borrowed */
	struct salvage_losses *losses;   /* borrowed */
	struct long_work *work;          /* borrowed; may be NULL */
	struct slice value;              /* of the record that it stands on */
	/* The key being looked at: */
	struct buf key;       /* owned */
	struct fold fold;     /* owned; of its versions */
	struct record newest; /* of them; .key empty: none yet */
	struct record whole;  /* the last of them; .key empty: none is whole */
	/* The newest version of it whose value cannot be read: */
	bool wanting;
	uint64_t wanting_seqno;
	char why[ERROR_TEXT_MAX];
};

static bool is_there(const struct record *rec)
{
	return rec->key.len > 0;
}

/* A version whose value is lost is settled: another takes its place, or none does. */
static void tell_wanting(struct newest_iter *it)
{
	const struct record *instead = &it->whole;
	struct salvage_losses *l = it->losses;

	/* the twin may have it */
	if (!it->wanting || (is_there(instead) && instead->seqno == it->wanting_seqno))
		return;
	salvage_say(l, "%s: the value of the key ", it->why);
	salvage_say_key(l, buf_slice(&it->key));
	salvage_say(l, " in change %llu is lost, ", (unsigned long long)it->wanting_seqno);
	if (!is_there(instead))
		salvage_say(l, "there is no older one");
	else
		salvage_say(l, "%s change %llu takes its place",
			    instead->kind == RECORD_DELETE ? "the deletion in" : "the older one in",
			    (unsigned long long)instead->seqno);
	salvage_say_end(l);
}

/* ---- the versions of a key ---- */

static void note_wanting(struct newest_iter *it, const struct record *rec)
{
	if (it->wanting)
		return;
	it->wanting = true;
	it->wanting_seqno = rec->seqno;
	(void)snprintf(it->why, sizeof(it->why), "%s", fail_text());
}

/* No store gets as far as its manifest can count; one that had could not be opened. */
static int read_version(struct newest_iter *it, struct slice *ret_value)
{
	const struct record *rec = &it->merged->rec;

	if (rec->seqno > MANIFEST_COUNT_MAX)
		return fail(-EUCLEAN, "a table: seqno out of range");
	return rec->kind == RECORD_DELETE ? 0 : iter_value(it->merged, ret_value);
}

static int add_version(struct newest_iter *it)
{
	struct record rec = it->merged->rec;
	struct slice value = {0};
	int rc = read_version(it, &value);

	if (table_is_damage(rc)) {
		note_wanting(it, &rec);
		return 0;
	}
	if (!rc)
		rc = fold_add(&it->fold, &rec, value);
	if (rc)
		return rc;
	rec.key = buf_slice(&it->key);
	if (!is_there(&it->newest))
		it->newest = rec;
	if (rec.kind != RECORD_PATCH) {
		it->whole = rec;
		it->value = value;
	}
	return 0;
}

static bool at_key(const struct newest_iter *it)
{
	return iter_valid(it->merged) && slice_eq(buf_slice(&it->key), it->merged->rec.key);
}

/* The versions of the key that `merged` stands on, down to a whole one: there it stays. */
static int add_versions(struct newest_iter *it)
{
	int rc = buf_set(&it->key, it->merged->rec.key);

	fold_done(&it->fold);
	it->newest = it->whole = (struct record){0};
	it->wanting = false;
	while (!rc && at_key(it)) {
		rc = add_version(it);
		if (is_there(&it->whole))
			break;
		if (!rc)
			iter_next(it->merged);
	}
	return rc ? rc : iter_status(it->merged);
}

/* ---- what they make ---- */

/* Whether a change that the patches were made over, or one of them, may be lost. */
static bool may_lack(const struct newest_iter *it)
{
	const struct lsm_salvage_report *r = &it->losses->report;

	if (salvage_may_lack(it->losses, it->whole.seqno, it->newest.seqno))
		return true;
	return !is_there(&it->whole) &&
	       (!it->plan->named || it->wanting || r->tables_lost || r->blocks_lost);
}

static void tell_lacking(struct newest_iter *it)
{
	struct salvage_losses *l = it->losses;

	if (!may_lack(it))
		return;
	salvage_say(l, "the logs: changes of parts of the value of the key ");
	salvage_say_key(l, buf_slice(&it->key));
	salvage_say(l, " up to change %llu are applied to ", (unsigned long long)it->newest.seqno);
	if (is_there(&it->whole))
		salvage_say(l, "change %llu, but some before them may be lost",
			    (unsigned long long)it->whole.seqno);
	else
		salvage_say(l, "an empty one, but it may be lost what was there before");
	salvage_say_end(l);
}

static int fold_versions(struct newest_iter *it)
{
	const struct record none = {.kind = RECORD_DELETE};
	struct record rec = it->newest;
	uint64_t size;
	int rc = 0;

	if (rec.kind == RECORD_PATCH)
		tell_lacking(it);
	if (!is_there(&it->whole))
		rc = fold_add(&it->fold, &none, (struct slice){0});
	if (!rc)
		rc = fold_apply(&it->fold);
	if (!rc && rec.kind != RECORD_PUT)
		rc = value_meta_take(it->newest.meta, &size, &rec.meta);
	if (!rc)
		rc = salvage_value_make(it->values, &it->fold.view, &rec);
	if (rc)
		return rc;
	it->base.rec = rec;
	it->value = rec.value;
	return 0;
}

/* Can be taken as it is. */
static bool is_plain(const struct newest_iter *it)
{
	const struct record *rec = &it->newest;

	return rec->kind == RECORD_DELETE ||
	       (rec->kind == RECORD_PUT && !salvage_value_is_large(it->values, rec->value_len));
}

/* 0: there is a record of the key; -ENOENT: none. */
static int take_key(struct newest_iter *it)
{
	int rc = add_versions(it);

	if (rc)
		return rc;
	tell_wanting(it);
	if (!is_there(&it->newest))
		return -ENOENT;
	if (!is_plain(it))
		return fold_versions(it);
	it->base.rec = it->newest;
	return 0;
}

/* The rest of a record is counted with its table. */
static uint64_t bytes_in_blobs(const struct record *rec)
{
	return rec->kind == RECORD_LARGE ? rec->value_len : 0;
}

static void settle(struct newest_iter *it)
{
	int rc = -ENOENT;

	it->base.valid = false;
	while (rc == -ENOENT) {
		while (at_key(it))
			iter_next(it->merged);
		if (!iter_valid(it->merged))
			break;
		rc = take_key(it);
	}
	if (!rc)
		rc = long_work_step(it->work, bytes_in_blobs(&it->base.rec));
	it->base.valid = rc == 0;
	if (rc)
		it->base.status = rc != -ENOENT ? rc : iter_status(it->merged);
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
	settle(newest_of(base));
}

static int newest_value(struct iter *base, struct slice *ret_value)
{
	*ret_value = newest_of(base)->value;
	return 0;
}

static void newest_free(struct iter *base)
{
	struct newest_iter *it = newest_of(base);

	fold_done(&it->fold);
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

int salvage_newest(struct iter *merged, const struct salvage_plan *plan,
		   struct salvage_values *values, struct long_work *work, struct iter **ret_iter)
{
	struct newest_iter *it = calloc(1, sizeof(*it));

	if (!it) {
		iter_free(merged);
		return -ENOMEM;
	}
	it->base.ops = &newest_ops;
	it->merged = merged;
	it->plan = plan;
	it->values = values;
	it->losses = values->losses;
	it->work = work;
	*ret_iter = &it->base;
	return 0;
}
