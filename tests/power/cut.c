#include "tests/power/cut.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lsm/base/error.h"
#include "lsm/env/env_mem.h"
#include "tests/power/keep.h"
#include "tests/power/lead.h"
#include "tests/support/tap.h"

enum {
	SECOND_STORY = 100001, /* its first change; those of the first have lower numbers */
	THIRD_STORY = 200001,
	COPY_STORY = 300001,
	SECOND_CUTS = 2, /* of a run after a cut */
	DAMAGED_IN = 12, /* of states in which nothing is torn, one in so many has a log damaged */
	MARK_SHIFT = 32,
};

const char *const cut_folders[CUT_FOLDERS] = {"store", "copy"};

int promises_note(void *recorder, enum life_mark mark, uint32_t n)
{
	return env_record_mark(recorder, (uint64_t)mark << MARK_SHIFT | n);
}

void promises_pass(struct promises *p, const struct env_call *call)
{
	uint32_t n = (uint32_t)call->offset;

	switch ((enum life_mark)(call->offset >> MARK_SHIFT)) {
	case LIFE_OPENED:
		p->opened = true;
		break;
	case LIFE_ACKED:
		p->acked = n;
		break;
	case LIFE_SYNCED:
		p->synced = n;
		break;
	case LIFE_COPYING:
		p->copying = true;
		p->copied_at = n;
		p->copied_named = p->named;
		break;
	case LIFE_NAMING:
		p->named.begun = n;
		break;
	case LIFE_NAMED:
		p->named.done[p->namings->name[n]] = n;
		p->named.begun = 0;
		break;
	case LIFE_COPIED:
		p->copied = true;
		break;
	}
}

/* ---- a store after a cut ---- */

static uint64_t last_seqno(struct lsm *db)
{
	struct lsm_stats stats;

	lsm_stats_read(db, &stats);
	return stats.last_seqno;
}

static bool damage_is_told(struct lsm *db)
{
	struct lsm_stats stats;

	lsm_stats_read(db, &stats);
	return stats.recovery_damaged;
}

/* What the store that was found, in env, may have at its end. All that is unsynced kept, or nothing
 * of it, tears no record; but DISK_TAIL_NOTHING can leave one whose chunks are gone (lead.h), and
 * that counts as torn. */
static enum life_end end_of(const struct cut *c, struct env *env)
{
	if (c->end != LIFE_END_WHOLE || c->tail == DISK_TAIL_ALL)
		return c->end;
	if (c->tail != DISK_TAIL_NOTHING || logs_lead(env, cut_folders[CUT_STORE]))
		return LIFE_END_TORN;
	return LIFE_END_WHOLE;
}

/* The world found is a prefix of the history; l's story begins with it. */
static const char *open_found(const struct cut *c, struct life *l, uint32_t first_change)
{
	uint32_t low = c->promised.synced, high = c->promised.acked + 1;
	struct world found;
	const char *wrong = life_open(l);

	if (!wrong)
		wrong = story_read(l->db, &found);
	if (wrong)
		return wrong;
	if (c->damage)
		low = high = story_before(c->story, c->damage->seqno);
	if (!story_has(c->story, &found, low, high))
		return c->damage ? "not what came before the damage"
				 : "not a prefix of the history with all that was synced";
	if (c->damage && first_change == SECOND_STORY && c->damage->proven != damage_is_told(l->db))
		return "damage is not told, or a torn end is told as damage";
	if (!c->damage) /* else names may lead to what is lost, in part */
		wrong = namings_check(&c->story->namings, &c->promised.named, l->db);
	if (wrong)
		return wrong;
	story_begin(l->story, first_change, &found, last_seqno(l->db));
	return namings_begin(&l->story->namings, l->db);
}

/* Once closed, it opens and is as it was. */
static const char *close_and_compare(struct life *l)
{
	struct world found;
	const char *wrong = life_close(l);

	if (!wrong)
		wrong = life_open(l);
	if (!wrong)
		wrong = story_read(l->db, &found);
	if (wrong)
		return wrong;
	if (memcmp(&found, &l->story->after[l->story->count], sizeof(found)) != 0)
		return "changed by closing and opening";
	wrong = namings_check_all(&l->story->namings, l->db);
	return wrong ? wrong : life_close(l);
}

static const char *live_again(const struct cut *c, struct life *l, uint32_t first_change)
{
	const char *wrong = open_found(c, l, first_change);

	if (!wrong)
		wrong = life_run(l);
	if (!wrong)
		wrong = close_and_compare(l);
	if (wrong && l->db) {
		char said[ERROR_TEXT_MAX];

		(void)snprintf(said, sizeof(said), "%s", lsm_error_text());
		ignore_result(lsm_close(l->db)); /* it is what broke its promise */
		ignore_result(fail(-EIO, "%s", said));
	}
	return wrong;
}

/* ---- a checkpoint after a cut ---- */

static bool is_store(struct env *env, const char *folder)
{
	struct slice bytes;

	return env_mem_file(env, folder, "CURRENT", &bytes) == 0;
}

/*
 * The copy is whole, and then it is what the store was when it was made; or, before it was done,
 * there is none.
 */
static const char *check_copy(const struct cut *c, struct env *env)
{
	static const struct life_odds odds = {.changes = 3, .flush = 3, .name = 3};
	struct life life = {
		.env = env,
		.path = cut_folders[CUT_COPY],
		.rng = c->rng,
		.odds = &odds,
		.counts = &c->counts->life,
	};
	struct cut of_copy = *c;

	if (!c->promised.copied && !is_store(env, life.path)) {
		atomic_fetch_add(&c->counts->half_copies, 1);
		return NULL;
	}
	atomic_fetch_add(&c->counts->copies, 1);
	life.story = calloc(1, sizeof(*life.story));
	assert(life.story);
	of_copy.damage = NULL;
	of_copy.promised.synced = c->promised.copied_at;
	of_copy.promised.acked = c->promised.copied_at - 1; /* and not one more */
	of_copy.promised.named = c->promised.copied_named;
	const char *wrong = live_again(&of_copy, &life, COPY_STORY);

	free(life.story);
	return wrong;
}

/* Note what is wrong; `before` is the generator as it was when this cut was made. */
static bool report(const struct cut *c, const struct rng *before, const char *which,
		   const char *wrong)
{
	struct rng again = *before;
	char said[ERROR_TEXT_MAX];

	(void)snprintf(said, sizeof(said), "%s", lsm_error_text());
	struct env *env = disk_cut(c->disk, cut_folders, c->tail, &again);

	if (c->damage)
		tap_note("change %" PRIu64 " is damaged: %s, offset %" PRIu64 ", bits %02x",
			 c->damage->seqno, c->damage->log, c->damage->at, c->damage->bits);
	tap_note("seed %" PRIu64 ", %s cut after call %zu, tail %d, %u acknowledged, %u synced: "
		 "%s (%s); the files: %s",
		 c->seed, which, c->call, (int)c->tail, c->promised.acked, c->promised.synced,
		 wrong, said, keep_files(env, cut_folders, CUT_FOLDERS));
	env_free(env);
	return false;
}

/* ---- damage on top of it ---- */

/* Damage to what had been on the disk is refused, and nothing changes; else it is a torn end. */
static const char *refuse_damage(const struct cut *c, struct env *env)
{
	struct lsm_options options;
	struct lsm *db;

	lsm_options_init(&options);
	options.env = env;
	options.read_only = !c->damage->proven || rng_below(c->rng, 2);
	int err = lsm_open(cut_folders[CUT_STORE], &options, &db);

	if (!err && lsm_close(db))
		return "damaged, does not close";
	if (err && err != -EUCLEAN)
		return "damaged, does not open";
	if (c->damage->proven != (err == -EUCLEAN))
		return err ? "a torn end is taken for damage" : "damage is taken for a torn end";
	return err && !strstr(lsm_error_text(), c->damage->log) ? "damage is not told where" : NULL;
}

/* In some of the states in which nothing is torn (c->end knows). False: nothing was damaged. */
static bool damage_some(const struct cut *c, struct env *env, struct damage *ret_damage)
{
	if (c->end != LIFE_END_WHOLE || rng_below(c->rng, DAMAGED_IN) ||
	    !damage_choose(env, cut_folders[CUT_STORE], c->rng, ret_damage))
		return false;
	damage_do(ret_damage, env, cut_folders[CUT_STORE]);
	atomic_fetch_add(&c->counts->damaged, 1);
	atomic_fetch_add(&c->counts->proven, ret_damage->proven);
	return true;
}

/* ---- the second cut ---- */

static bool check_second(const struct cut *c)
{
	static const struct life_odds odds = {.changes = 1};
	struct rng before = *c->rng;
	struct env *env = disk_cut(c->disk, cut_folders, c->tail, c->rng);
	struct life life = {
		.env = env,
		.path = cut_folders[CUT_STORE],
		.story = calloc(1, sizeof(struct story)),
		.rng = c->rng,
		.odds = &odds,
		.counts = &c->counts->life,
		.end = end_of(c, env),
	};

	assert(life.story);
	atomic_fetch_add(&c->counts->second, 1);
	const char *wrong = live_again(c, &life, THIRD_STORY);

	free(life.story);
	env_free(env);
	return wrong ? report(c, &before, "second", wrong) : true;
}

/*
 * Cut the run that followed the first cut, at some of its calls; `disk` is as before that run. What
 * a mere kill left was not on the disk before the store had been opened again: until then the first
 * history is the one that counts.
 */
static bool cut_again(const struct cut *first, struct disk *disk, struct env *recorder,
		      const struct story *story)
{
	struct promises promised = {.namings = &story->namings};
	size_t count, applied = 0;
	const struct env_call *calls = env_record_calls(recorder, &count);

	for (int k = 0; k < SECOND_CUTS && applied < count; k++) {
		size_t until = applied + 1 + rng_below(first->rng, count - applied);
		struct cut c = *first;

		for (; applied < until; applied++) {
			if (calls[applied].kind == ENV_CALL_MARK)
				promises_pass(&promised, &calls[applied]);
			disk_apply(disk, &calls[applied]);
		}
		c.disk = disk;
		c.call = applied - 1;
		c.tail = (enum disk_tail)rng_below(c.rng, DISK_TAIL_ANY + 1);
		if (promised.opened) {
			c.damage = NULL;
			c.end = LIFE_END_WHOLE;
			c.story = story;
			c.promised = promised;
		}
		if (!check_second(&c))
			return false;
	}
	return true;
}

bool cut_check(const struct cut *given)
{
	struct cut copy = *given;
	const struct cut *c = &copy;
	struct damage damage;
	const struct life_odds odds = {
		.changes = (uint32_t)(1 + rng_below(c->rng, 6)),
		.sync = 4,
		.flush = 6,
		.compact = 10,
		.reopen = 8,
		.roll = 4,
		.name = 4,
	};
	struct rng before = *c->rng;
	struct env *env = disk_cut(c->disk, cut_folders, c->tail, c->rng);

	copy.end = end_of(c, env);
	if (damage_some(c, env, &damage)) {
		copy.damage = &damage;
		copy.end = LIFE_END_DAMAGED;
	}
	struct env *recorder = env_record_new(env);
	struct disk *disk = calloc(1, sizeof(*disk));
	struct life life = {
		.env = recorder,
		.path = cut_folders[CUT_STORE],
		.story = calloc(1, sizeof(struct story)),
		.rng = c->rng,
		.odds = &odds,
		.note = promises_note,
		.note_arg = recorder,
		.counts = &c->counts->life,
		.end = c->end,
	};
	bool twice = rng_below(c->rng, 2);

	assert(recorder && life.story && disk);
	if (twice && c->tail == DISK_TAIL_ALL && !c->damage)
		disk_copy(disk, c->disk); /* as after a kill: the power goes later */
	else if (twice)
		disk_load(disk, env, cut_folders, CUT_FOLDERS);
	atomic_fetch_add(&c->counts->first, 1);
	const char *wrong = c->damage ? refuse_damage(c, env) : NULL;

	if (!wrong)
		wrong = live_again(c, &life, SECOND_STORY);
	bool good = wrong ? report(c, &before, "first", wrong) : true;

	if (good && c->promised.copying) {
		wrong = check_copy(c, env);
		good = wrong ? report(c, &before, "checkpoint: first", wrong) : true;
	}
	if (good && twice)
		good = cut_again(c, disk, recorder, life.story);
	disk_done(disk);
	free(disk);
	free(life.story);
	env_free(recorder);
	env_free(env);
	return good;
}
