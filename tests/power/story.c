#include "tests/power/story.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	KEY_TEXT_MAX = 16,
};

void story_begin(struct story *s, uint32_t first, const struct world *base, uint64_t seqno)
{
	s->first = first;
	s->count = s->tried = 0;
	s->after[0] = *base;
	s->seqno[0] = seqno;
	s->conditional = s->refused = 0;
}

static struct slice key_name(int key, char text[KEY_TEXT_MAX])
{
	(void)snprintf(text, KEY_TEXT_MAX, "key%02d", key);
	return slice_str(text);
}

/* Mostly some hundred bytes; now and then more than a block. */
static size_t value_len(uint32_t n)
{
	return n % 29 == 0 ? 2000 + n * 131 % 3900 : n * 37 % 400;
}

/* The value that change n gives a key. */
static struct slice value_of(int key, uint32_t n, char text[STORY_VALUE_MAX])
{
	int len = snprintf(text, STORY_VALUE_MAX, "%d by %u ", key, n);
	size_t total = (size_t)len + value_len(n);

	memset(text + len, 'a' + (int)(n % 26), total - (size_t)len);
	return slice_of(text, total);
}

static bool is_value_of(int key, uint32_t n, struct slice value)
{
	char text[STORY_VALUE_MAX];

	return slice_eq(value, value_of(key, n, text));
}

/* ---- changes ---- */

static void add_to_batch(struct lsm_batch *batch, struct rng *rng, uint32_t number,
			 struct world *world)
{
	char key_text[KEY_TEXT_MAX], value_text[STORY_VALUE_MAX];
	int key = (int)rng_below(rng, STORY_KEYS);
	struct slice name = key_name(key, key_text);
	bool gone = rng_below(rng, 4) == 0;
	int err = gone ? lsm_batch_delete(batch, name)
		       : lsm_batch_put(batch, name, slice_of(NULL, 0),
				       value_of(key, number, value_text));

	assert(!err);
	world->by[key] = gone ? 0 : number;
}

/* A precondition that holds, or does not. */
static int add_condition(struct lsm_batch *batch, struct lsm *db, struct rng *rng, bool right)
{
	char text[KEY_TEXT_MAX];
	struct slice name = key_name((int)rng_below(rng, STORY_KEYS), text);
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
	struct lsm_batch *batch = lsm_batch_new();
	struct world unused = {0};

	assert(batch);
	add_to_batch(batch, rng, s->first + STORY_CHANGES_MAX, &unused);
	int err = add_condition(batch, db, rng, false);

	if (!err)
		err = lsm_write(db, batch, NULL, NULL);
	lsm_batch_free(batch);
	s->refused++;
	if (err == -ESTALE || err == -EEXIST)
		return 0;
	return err ? err : -EPROTO;
}

int story_change(struct story *s, struct lsm *db, struct rng *rng)
{
	struct lsm_batch *batch = lsm_batch_new();
	struct lsm_commit commit;
	struct world next = s->after[s->count];
	int err = 0;

	assert(batch && s->count < STORY_CHANGES_MAX);
	for (uint64_t left = 1 + rng_below(rng, 3); left > 0; left--)
		add_to_batch(batch, rng, s->first + s->count, &next);
	if (rng_below(rng, 8) == 0)
		err = try_refused(s, db, rng);
	if (!err && rng_below(rng, 8) == 0) {
		err = add_condition(batch, db, rng, true);
		s->conditional++;
	}
	/* noted first: what fails or is cut short may be on the disk all the same */
	s->after[s->count + 1] = next;
	s->tried = s->count + 1;
	if (!err)
		err = lsm_write(db, batch, NULL, &commit);
	lsm_batch_free(batch);
	if (err)
		return err;
	s->count++;
	s->seqno[s->count] = commit.seqno;
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

/* ---- reading ---- */

/* The number of the change that made this value; 0 when it is none that any change made. */
static uint32_t change_of(int key, struct slice value)
{
	unsigned by = 0;
	int named = -1;
	char head[32] = "";

	if (value.len)
		memcpy(head, value.ptr, value.len < 31 ? value.len : 31);
	if (sscanf(head, "%d by %u ", &named, &by) != 2 || named != key)
		return 0;
	return is_value_of(key, by, value) ? by : 0;
}

static const char *scan(struct lsm *db, struct world *ret_world)
{
	const char *wrong = NULL;
	struct lsm_iter *it;

	if (lsm_iter_new(db, NULL, &it))
		return "no iterator";
	for (lsm_iter_first(it); !wrong && lsm_iter_valid(it); lsm_iter_next(it)) {
		char text[KEY_TEXT_MAX];
		struct slice value, name = lsm_iter_record(it)->key;
		int key = 0;

		while (key < STORY_KEYS && !slice_eq(name, key_name(key, text)))
			key++;
		if (key == STORY_KEYS)
			wrong = "a key that nobody wrote";
		else if (lsm_iter_value(it, &value))
			wrong = "a value cannot be read";
		else if (!(ret_world->by[key] = change_of(key, value)))
			wrong = "a value that nobody wrote";
	}
	if (!wrong && lsm_iter_status(it))
		wrong = "a scan fails";
	lsm_iter_free(it);
	return wrong;
}

const char *story_read(struct lsm *db, struct world *ret_world)
{
	struct world found = {0};
	const char *wrong = scan(db, &found);

	for (int key = 0; key < STORY_KEYS && !wrong; key++) {
		char text[KEY_TEXT_MAX];
		struct lsm_record record;
		int err = lsm_get(db, key_name(key, text), NULL, &record);

		if (err && err != -ENOENT)
			return "a get fails";
		if ((err == 0) != (found.by[key] != 0))
			return "a scan and a get do not agree on what there is";
		if (err)
			continue;
		if (!is_value_of(key, found.by[key], record.value))
			wrong = "a scan and a get do not agree on a value";
		lsm_record_release(&record);
	}
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
