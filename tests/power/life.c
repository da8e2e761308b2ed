#include "tests/power/life.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "lsm/db/db.h"
#include "lsm/tree/tree_impl.h"
#include "tests/power/naming.h"

/* What is large, and how it is kept. */
static void choose_large(struct rng *rng, struct lsm_options *o)
{
	static const unsigned gc_pct[] = {0, 50, 90};

	o->large_value_threshold = 1024U << rng_below(rng, 4);
	o->chunk_bytes = 4096U << rng_below(rng, 2);
	o->blob_file_bytes = 64 << 10;
	o->blob_gc_pct = gc_pct[rng_below(rng, array_size(gc_pct))];
}

struct lsm_options life_options(const struct life *l)
{
	struct lsm_options o;
	struct rng *rng = l->rng;

	lsm_options_init(&o);
	o.env = l->env;
	o.recovery = (enum lsm_recovery)rng_below(rng, 3);
	o.sync_mode = (enum lsm_sync_mode)rng_below(rng, 4);
	o.sync_interval_ms = rng_below(rng, 2) ? 1 : 3600000;
	o.sync_batch_records = (unsigned)(1 + rng_below(rng, 12));
	o.sync_batch_delay_us = rng_below(rng, 2) ? 50 : 3600000000U;
	o.memtable_bytes = UINT64_C(4096) << rng_below(rng, 3);
	o.memtables_max = (unsigned)(1 + rng_below(rng, 4));
	o.block_bytes = 256U << 2 * rng_below(rng, 3);
	o.compression = rng_below(rng, 2) ? LSM_COMPRESSION_LZ4 : LSM_COMPRESSION_NONE;
	o.value_inline_max = (uint32_t)rng_below(rng, 2) * 300;
	o.bloom_bits_per_key = (unsigned)rng_below(rng, 2) * 10;
	o.compaction_threads = (unsigned)rng_below(rng, 3);
	o.strategy = (enum lsm_strategy)rng_below(rng, 3);
	o.runs_max = (unsigned)(2 + rng_below(rng, 3));
	o.reserve_bytes = rng_below(rng, 2) * (16 << 10);
	o.l0_threshold = (unsigned)(1 + rng_below(rng, 4));
	o.l0_slowdown = 1000; /* no time is to be lost here */
	o.l0_stop = 1000;
	o.base_level_bytes = 16 << 10;
	o.target_file_bytes = 4096U << rng_below(rng, 2);
	o.cache_bytes = rng_below(rng, 2) << 20;
	choose_large(rng, &o);
	return o;
}

static int note(const struct life *l, enum life_mark mark, uint32_t n)
{
	return l->note ? l->note(l->note_arg, mark, n) : 0;
}

static bool happens(const struct life *l, unsigned one_in)
{
	return one_in && rng_below(l->rng, one_in) == 0;
}

static struct lsm_stats stats_of(struct lsm *db)
{
	struct lsm_stats stats;

	lsm_stats_read(db, &stats);
	return stats;
}

static bool names_a_place(const char *text)
{
	return strstr(text, "offset ") || (strstr(text, ".blob") && strstr(text, "missing"));
}

/* Refused for its torn end: who cuts torn ends off opens it, and finds one. */
static const char *open_torn(struct life *l, struct lsm_options *options)
{
	atomic_fetch_add(&l->counts->torn, 1);
	if (l->end == LIFE_END_WHOLE)
		return "is refused, and nothing in it can be torn";
	if (!names_a_place(lsm_error_text()))
		return "is refused without a file and offset";
	options->recovery = rng_below(l->rng, 2) ? LSM_RECOVER_TAIL : LSM_RECOVER_PREFIX;
	if (lsm_open(l->path, options, &l->db))
		return "does not open, torn";
	return stats_of(l->db).recovery_torn_bytes ? NULL : "was refused as torn, and is not";
}

static const char *open_store(struct life *l, struct lsm_options *options)
{
	int err = lsm_open(l->path, options, &l->db);

	if (err == -EUCLEAN && options->recovery == LSM_RECOVER_WHOLE)
		return open_torn(l, options);
	if (err)
		return "does not open";
	if (options->recovery == LSM_RECOVER_WHOLE && stats_of(l->db).recovery_torn_bytes)
		return "is torn, and was taken for whole";
	return NULL;
}

const char *life_open(struct life *l)
{
	struct lsm_options options = life_options(l);

	if (l->end == LIFE_END_DAMAGED)
		options.recovery = LSM_RECOVER_PREFIX;
	atomic_fetch_add(&l->counts->modes[options.sync_mode], 1);
	atomic_fetch_add(&l->counts->strategies[options.strategy], 1);
	atomic_fetch_add(&l->counts->recoveries[options.recovery], 1);
	const char *wrong = open_store(l, &options);

	if (!wrong && l->end != LIFE_END_DAMAGED && stats_of(l->db).recovery_damaged)
		wrong = "is taken for damaged";
	l->end = LIFE_END_WHOLE;
	if (wrong)
		return wrong;
	return note(l, LIFE_OPENED, 0) ? "out of memory" : NULL;
}

const char *life_close(struct life *l)
{
	struct lsm *closing = l->db;

	l->db = NULL;
	if (lsm_close(closing))
		return "does not close";
	return note(l, LIFE_SYNCED, l->story->count) ? "out of memory" : NULL;
}

/* The next edit of the manifest begins a new one. */
static void roll_manifest(struct lsm *db)
{
	mutex_guard(&db->tree->log_mu);

	db->tree->roll_bytes = 1;
}

static const char *sync_store(struct life *l)
{
	if (lsm_sync(l->db))
		return "does not sync";
	return note(l, LIFE_SYNCED, l->story->count) ? "out of memory" : NULL;
}

static const char *flush(struct life *l)
{
	return lsm_flush(l->db) ? "does not flush" : NULL;
}

static const char *compact(struct life *l)
{
	bool all = rng_below(l->rng, 2);
	char from[16], to[16];

	(void)snprintf(from, sizeof(from), "key%02d", (int)rng_below(l->rng, 12));
	(void)snprintf(to, sizeof(to), "key%02d", (int)(12 + rng_below(l->rng, 12)));
	if (lsm_compact(l->db, slice_str(all ? "" : from), slice_str(all ? "" : to)))
		return "does not compact";
	return NULL;
}

static const char *reopen(struct life *l)
{
	const char *wrong = life_close(l);

	return wrong ? wrong : life_open(l);
}

static const char *checkpoint(struct life *l)
{
	if (note(l, LIFE_COPYING, l->story->count))
		return "out of memory";
	if (lsm_checkpoint(l->db, l->copy_path))
		return "makes no checkpoint";
	return note(l, LIFE_COPIED, l->story->count) ? "out of memory" : NULL;
}

/* A snapshot is made or dropped; what one shows is on the disk from then on. */
static const char *name(struct life *l)
{
	struct story *s = l->story;

	if (!naming_begin(&s->namings, l->rng, &s->after[s->count]))
		return NULL;
	bool makes = s->namings.world[s->namings.tried].there;

	if (note(l, LIFE_NAMING, s->namings.tried))
		return "out of memory";
	if (naming_end(&s->namings, l->db))
		return "does not make or drop a snapshot";
	atomic_fetch_add(&l->counts->namings, 1);
	if (note(l, LIFE_NAMED, s->namings.tried) || (makes && note(l, LIFE_SYNCED, s->count)))
		return "out of memory";
	return NULL;
}

static const char *one_change(struct life *l)
{
	if (story_change(l->story, l->db, l->rng))
		return "does not take a change, or takes one that it must refuse";
	if (note(l, LIFE_ACKED, l->story->count))
		return "out of memory";
	return note(l, LIFE_SYNCED, story_durable(l->story, l->db)) ? "out of memory" : NULL;
}

const char *life_run(struct life *l)
{
	const char *wrong = NULL;

	for (uint32_t n = 0; !wrong && n < l->odds->changes; n++) {
		wrong = one_change(l);
		if (!wrong && happens(l, l->odds->sync))
			wrong = sync_store(l);
		if (!wrong && happens(l, l->odds->roll))
			roll_manifest(l->db);
		if (!wrong && happens(l, l->odds->flush))
			wrong = flush(l);
		if (!wrong && happens(l, l->odds->compact))
			wrong = compact(l);
		if (!wrong && happens(l, l->odds->name))
			wrong = name(l);
		if (!wrong && l->odds->copy_at == n + 1)
			wrong = checkpoint(l);
		if (!wrong && happens(l, l->odds->reopen))
			wrong = reopen(l);
	}
	atomic_fetch_add(&l->counts->refused, l->story->refused);
	atomic_fetch_add(&l->counts->large, l->story->large);
	atomic_fetch_add(&l->counts->patches, l->story->patches);
	atomic_fetch_add(&l->counts->copies, l->story->copies);
	l->story->refused = l->story->large = l->story->patches = l->story->copies = 0;
	return wrong;
}
