#include "tests/power/story.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lsm/base/hash.h"
#include "tests/power/edit.h"

enum {
	EDITS_MAX = 3, /* in a change */
	PARTS = 3,     /* in which a value is read */
};

void story_begin(struct story *s, uint32_t first, const struct world *base, uint64_t seqno)
{
	s->first = first;
	s->count = s->tried = 0;
	s->after[0] = *base;
	s->seqno[0] = seqno;
	s->conditional = s->refused = 0;
	s->large = s->patches = s->copies = 0;
	s->namings = (struct namings){0};
}

/* ---- changes ---- */

/* A precondition that holds, or does not. */
static int add_condition(struct lsm_batch *batch, struct lsm *db, struct rng *rng, bool right)
{
	char text[STORY_KEY_TEXT];
	struct slice name = story_key((int)rng_below(rng, STORY_KEYS), text);
	struct lsm_record record = {0};
	int err = lsm_stat(db, name, NULL, &record);

	if (err && err != -ENOENT)
		return err;
	uint64_t seqno = right ? record.seqno : record.seqno + 1 + rng_below(rng, 9);

	if (!right && record.seqno && rng_below(rng, 2))
		seqno = 0;
	if (!err)
		lsm_record_release(&record);
	return lsm_batch_expect(batch, name, seqno);
}

/* What a wrong precondition keeps out must leave no trace; the caller's next change shows it. */
static int try_refused(struct story *s, struct lsm *db, struct rng *rng)
{
	struct draft d;
	int err = draft_begin(&d, db, rng, s->first + STORY_CHANGES_MAX, &s->after[s->count]);

	if (!err)
		err = draft_edit(&d);
	if (!err)
		err = add_condition(d.batch, db, rng, false);
	if (!err)
		err = lsm_write(db, d.batch, NULL, NULL);
	draft_done(&d);
	s->refused++;
	if (err == -ESTALE || err == -EEXIST)
		return 0;
	return err ? err : -EPROTO;
}

static int draft_change(struct story *s, struct draft *d, struct rng *rng)
{
	int err = 0;

	for (uint64_t left = 1 + rng_below(rng, EDITS_MAX); !err && left > 0; left--)
		err = draft_edit(d);
	if (!err && rng_below(rng, 8) == 0)
		err = try_refused(s, d->db, rng);
	if (!err && rng_below(rng, 8) == 0) {
		err = add_condition(d->batch, d->db, rng, true);
		d->conditional = true;
		s->conditional++;
	}
	return err;
}

int story_change(struct story *s, struct lsm *db, struct rng *rng)
{
	struct draft d;
	uint64_t seqno = 0;

	assert(s->count < STORY_CHANGES_MAX);
	int err = draft_begin(&d, db, rng, s->first + s->count, &s->after[s->count]);

	if (!err)
		err = draft_change(s, &d, rng);
	/* noted first: what fails or is cut short may be on the disk all the same */
	s->after[s->count + 1] = d.next;
	s->tried = s->count + 1;
	if (!err)
		err = draft_write(&d, &seqno);
	s->large += d.large;
	s->patches += d.patches;
	s->copies += d.copies;
	draft_done(&d);
	if (err)
		return err;
	s->count++;
	s->seqno[s->count] = seqno;
	return 0;
}

uint32_t story_durable(const struct story *s, struct lsm *db)
{
	struct lsm_stats stats;
	uint32_t n = s->count;

	lsm_stats_read(db, &stats);
	while (n > 0 && s->seqno[n] > stats.durable_seqno)
		n--;
	return n;
}

uint32_t story_before(const struct story *s, uint64_t seqno)
{
	uint32_t n = s->count;

	while (n > 0 && s->seqno[n] >= seqno)
		n--;
	return n;
}

/* ---- reading ---- */

const char *story_scan(struct lsm *db, const struct lsm_snapshot *snapshot, struct world *ret_world)
{
	const struct lsm_read_options options = {.snapshot = snapshot};
	const char *wrong = NULL;
	struct lsm_iter *it;

	if (lsm_iter_new(db, &options, &it))
		return "no iterator";
	for (lsm_iter_first(it); !wrong && lsm_iter_valid(it); lsm_iter_next(it)) {
		const struct lsm_record *record = lsm_iter_record(it);
		int key = story_key_number(record->key);
		struct slice value;

		if (key == STORY_KEYS)
			wrong = "a key that nobody wrote";
		else if (lsm_iter_value(it, &value))
			wrong = "a value cannot be read";
		else if (value.len != record->value_len)
			wrong = "a value is not as long as its record says";
		else
			ret_world->hash[key] = story_hash(key, record->meta, value);
	}
	if (!wrong && lsm_iter_status(it))
		wrong = "a scan fails";
	lsm_iter_free(it);
	return wrong;
}

/* Some keys are read whole, the others in parts; then `room` has the value. */
static int read_value(struct lsm *db, int key, struct buf *room, struct lsm_record *ret_record)
{
	char text[STORY_KEY_TEXT];
	struct slice name = story_key(key, text);

	if (key % 2)
		return lsm_get(db, name, NULL, ret_record);
	int err = lsm_stat(db, name, NULL, ret_record);

	if (err)
		return err;
	size_t part = ret_record->value_len / PARTS + 1, len = 0;

	lsm_record_release(ret_record);
	buf_clear(room);
	for (int i = 0; !err && i < PARTS; i++) {
		err = buf_reserve(room, part);
		const struct lsm_range range = {
			.offset = room->len, .into = room->ptr + room->len, .len = part};

		if (!err)
			err = lsm_read(db, name, NULL, &range, &len,
				       i + 1 == PARTS ? ret_record : NULL);
		room->len += err ? 0 : len;
	}
	ret_record->value = buf_slice(room);
	return err;
}

static const char *check_value(struct lsm *db, int key, uint64_t hash)
{
	cleanup_buf struct buf room = {0};
	struct lsm_record record;
	int err = read_value(db, key, &room, &record);

	if (err && err != -ENOENT)
		return "a get fails";
	if ((err == 0) != (hash != 0))
		return "a scan and a get do not agree on what there is";
	if (err)
		return NULL;
	bool same = story_hash(key, record.meta, record.value) == hash;

	lsm_record_release(&record);
	return same ? NULL : "a scan and a get do not agree on a value";
}

const char *story_read(struct lsm *db, struct world *ret_world)
{
	struct world found = {0};
	const char *wrong = story_scan(db, NULL, &found);

	for (int key = 0; key < STORY_KEYS && !wrong; key++)
		wrong = check_value(db, key, found.hash[key]);
	if (!wrong)
		*ret_world = found;
	return wrong;
}

bool story_has(const struct story *s, const struct world *world, uint32_t low, uint32_t high)
{
	for (uint32_t n = low; n <= high && n <= s->tried; n++)
		if (memcmp(&s->after[n], world, sizeof(*world)) == 0)
			return true;
	return false;
}
