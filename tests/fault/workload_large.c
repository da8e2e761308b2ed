/*
 * The workload's changes that the ledger keeps the outcome of: large values, patches, copies. They
 * are made to a few keys, so that they meet each other.
 */
#include <errno.h>
#include <string.h>

#include "lsm/base/error.h"
#include "tests/fault/workload_run.h"

enum {
	LARGE_MIN = 1025, /* above the least threshold */
	PUT_MAX = 12000,
	INLINE_MAX = 400,
	LONG_MAX = 6000,
	BEYOND_MAX = 1500, /* behind the end may a patch begin */
	STEPS_MAX = 4,     /* of a batch */
	/* So many pieces of a chunk, of a few bytes, that it is written anew. */
	MANY = 40,
	WINDOW = 4096,
	SPOT_MAX = 12,
};

static unsigned draw_key(struct run *r)
{
	return (unsigned)rng_below(&r->rng, LARGE_KEYS);
}

static bool draw_sync(struct run *r)
{
	return rng_below(&r->rng, SYNCED_PUT_EVERY) == 0;
}

/* Every third time what LZ4 makes small. */
static void fill(struct run *r, uint8_t *bytes, size_t len)
{
	if (rng_below(&r->rng, 3) == 0)
		memset(bytes, 'a' + (int)rng_below(&r->rng, 26), len);
	else
		rng_fill(&r->rng, bytes, len);
}

/* A value for the change begun. */
static struct slice draw_value(struct run *r, unsigned key)
{
	size_t len = LARGE_MIN + (size_t)rng_below(&r->rng, PUT_MAX - LARGE_MIN);
	uint8_t *bytes = ledger_keep_value(r->ledger, key, (struct slice){0}, len);

	fill(r, bytes, len);
	return slice_of(bytes, len);
}

/* So many bytes, somewhere in the value or a little behind it; at times it ends there. */
static void place_change(struct run *r, uint64_t len, struct lsm_patch *p)
{
	p->offset = rng_below(&r->rng, min_of(p->size + BEYOND_MAX, LEDGER_LARGE_MAX - len));
	if (p->offset + len > p->size || rng_below(&r->rng, 8) == 0)
		p->size = p->offset + len;
}

/* A patch of what the key has now, as part of the change begun. */
static struct lsm_patch draw_patch(struct run *r, unsigned key)
{
	uint8_t room[LEDGER_VALUE_MAX];
	struct slice base = ledger_value_now(r->ledger, key, room);
	struct lsm_patch p = {.size = base.len};
	uint64_t kind = rng_below(&r->rng, 10), len = 0;

	if (kind == 0) /* of the meta alone */
		return ledger_keep_value(r->ledger, key, base, base.len), p;
	if (kind == 1)
		p.size = rng_below(&r->rng, LEDGER_LARGE_MAX);
	else if (kind == 2)
		len = p.zeros = 1 + rng_below(&r->rng, LONG_MAX);
	else if (kind <= 4)
		len = LARGE_MIN + rng_below(&r->rng, LONG_MAX - LARGE_MIN);
	else
		len = 1 + rng_below(&r->rng, INLINE_MAX);
	if (len)
		place_change(r, len, &p);

	uint8_t *bytes = ledger_keep_value(r->ledger, key, base, p.size);

	if (p.zeros)
		memset(bytes + p.offset, 0, len);
	else
		fill(r, bytes + p.offset, len);
	if (len && !p.zeros)
		p.bytes = slice_of(bytes + p.offset, len);
	return p;
}

void op_put_large(struct run *r)
{
	unsigned key = draw_key(r);
	struct ledger_change change = {.count = 1, .touched[0] = {(uint16_t)key, true}};
	char text[LEDGER_KEY_TEXT], meta[LEDGER_META_TEXT];

	if (run_is_read_only(r))
		return;
	uint32_t number = ledger_begin(r->ledger, &change);
	struct slice value = draw_value(r, key);
	struct lsm_write_options options = {
		.sync = draw_sync(r),
		.meta = ledger_meta(key, number, meta),
	};

	run_answer_change(r, lsm_put(r->db, ledger_key(key, text), value, &options), options.sync);
}

void op_patch(struct run *r)
{
	unsigned key = draw_key(r);
	struct ledger_change change = {.count = 1, .touched[0] = {(uint16_t)key, true}};
	char text[LEDGER_KEY_TEXT], meta[LEDGER_META_TEXT];

	if (run_is_read_only(r))
		return;
	uint32_t number = ledger_begin(r->ledger, &change);
	struct lsm_patch patch = draw_patch(r, key);
	struct lsm_write_options options = {
		.sync = draw_sync(r),
		.meta = ledger_meta(key, number, meta),
	};

	run_answer_change(r, lsm_write_patch(r->db, ledger_key(key, text), &patch, &options),
			  options.sync);
}

static int write_batch(struct run *r, struct lsm_batch *batch, bool sync)
{
	struct lsm_write_options options = {.sync = sync};

	return lsm_write(r->db, batch, &options, NULL);
}

/* Pieces here and there in one chunk's place. The first ones make the value reach that far. */
static int add_many(struct run *r, struct lsm_batch *batch, unsigned key, struct slice meta)
{
	uint8_t room[LEDGER_VALUE_MAX];
	struct slice base = ledger_value_now(r->ledger, key, room);
	uint64_t window = rng_below(&r->rng, LEDGER_LARGE_MAX / WINDOW) * WINDOW;
	uint64_t size = max_of(window + WINDOW, (uint64_t)base.len);
	uint8_t *bytes = ledger_keep_value(r->ledger, key, base, size);
	char text[LEDGER_KEY_TEXT];
	int err = 0;

	for (unsigned i = 0; !err && i < MANY; i++) {
		size_t len = 1 + (size_t)rng_below(&r->rng, SPOT_MAX);
		uint64_t at = window + rng_below(&r->rng, WINDOW - len);
		const struct lsm_patch patch = {
			.size = size, .offset = at, .bytes = slice_of(bytes + at, len)};

		rng_fill(&r->rng, bytes + at, len);
		err = lsm_batch_patch(batch, ledger_key(key, text), meta, &patch);
	}
	return err;
}

void op_patch_many(struct run *r)
{
	unsigned key = draw_key(r);
	struct ledger_change change = {.count = 1, .touched[0] = {(uint16_t)key, true}};
	bool sync = draw_sync(r);
	char meta[LEDGER_META_TEXT];

	if (run_is_read_only(r))
		return;
	uint32_t number = ledger_begin(r->ledger, &change);
	struct lsm_batch *batch = lsm_batch_new();
	int err = batch ? add_many(r, batch, key, ledger_meta(key, number, meta)) : -ENOMEM;

	if (!err)
		err = write_batch(r, batch, sync);
	lsm_batch_free(batch);
	run_answer_change(r, err, sync);
}

/* What a batch does to a key. */
enum step {
	STEP_PUT,
	STEP_PATCH,
	STEP_DELETE,
	STEP_PUT_SMALL,
};

static int add_step(struct run *r, struct lsm_batch *batch, enum step step, unsigned key)
{
	uint32_t number = r->ledger->begun;
	uint8_t room[LEDGER_VALUE_MAX];
	char text[LEDGER_KEY_TEXT], meta_text[LEDGER_META_TEXT];
	struct slice name = ledger_key(key, text), meta = ledger_meta(key, number, meta_text);
	struct lsm_patch patch;

	switch (step) {
	case STEP_PUT:
		return lsm_batch_put(batch, name, meta, draw_value(r, key));
	case STEP_PATCH:
		patch = draw_patch(r, key);
		return lsm_batch_patch(batch, name, meta, &patch);
	case STEP_DELETE: /* what a patch finds after it */
		(void)ledger_keep_value(r->ledger, key, (struct slice){0}, 0);
		return lsm_batch_delete(batch, name);
	case STEP_PUT_SMALL:
		return lsm_batch_put(batch, name, (struct slice){0},
				     ledger_value(r->ledger, key, number, room));
	}
	return -EINVAL;
}

void op_batch_large(struct run *r)
{
	struct ledger_change change = {.count = 2 + (uint32_t)rng_below(&r->rng, STEPS_MAX - 1)};
	enum step steps[STEPS_MAX];
	bool sync = draw_sync(r);

	for (uint32_t i = 0; i < change.count; i++) {
		steps[i] = (enum step)rng_below(&r->rng, STEP_PUT_SMALL + 1);
		change.touched[i].key = (uint16_t)draw_key(r);
		if (steps[i] == STEP_PUT_SMALL)
			change.touched[i].key += LARGE_KEYS;
		change.touched[i].put = steps[i] != STEP_DELETE;
	}
	if (run_is_read_only(r))
		return;
	(void)ledger_begin(r->ledger, &change);
	struct lsm_batch *batch = lsm_batch_new();
	int err = batch ? 0 : -ENOMEM;

	for (uint32_t i = 0; !err && i < change.count; i++)
		err = add_step(r, batch, steps[i], change.touched[i].key);
	if (!err)
		err = write_batch(r, batch, sync);
	lsm_batch_free(batch);
	run_answer_change(r, err, sync);
}

/*
 * Behind what may end in many zeros. Half of such a log record, written over zeros, could be all of
 * it: then the change is there though its write has failed, which lsm_write allows.
 */
static int end_copy(struct lsm_batch *batch)
{
	return lsm_batch_delete(batch, slice_str("none"));
}

/* There is nothing to be copied: that is the answer, and the batch stays empty. */
static void copy_nothing(struct run *r, unsigned from)
{
	char text[LEDGER_KEY_TEXT];
	struct lsm_batch *batch = lsm_batch_new();
	int err = batch ? lsm_batch_copy(batch, r->db, ledger_key(from, text), slice_str("to"),
					 (struct slice){0})
			: -ENOMEM;

	if (err == 0)
		run_violate(r, "copy: key %u is absent, and is copied", from);
	else if (err != -ENOENT)
		run_judge_error(r, "copy", err, true);
	else if (lsm_batch_count(batch) != 0)
		run_violate(r, "copy: a refused one is in the batch");
	lsm_batch_free(batch);
}

static int copy_value(struct run *r, struct lsm_batch *batch, unsigned from, unsigned to,
		      uint32_t number)
{
	char from_text[LEDGER_KEY_TEXT], to_text[LEDGER_KEY_TEXT], meta[LEDGER_META_TEXT];
	uint8_t room[LEDGER_VALUE_MAX];
	struct slice value = ledger_value_now(r->ledger, from, room);

	(void)ledger_keep_value(r->ledger, to, value, value.len);
	return lsm_batch_copy(batch, r->db, ledger_key(from, from_text), ledger_key(to, to_text),
			      ledger_meta(to, number, meta));
}

/* A copy to any key, or the move of a value. */
void op_copy(struct run *r)
{
	unsigned from = draw_key(r), to = (unsigned)rng_below(&r->rng, LEDGER_KEYS);
	bool move = rng_below(&r->rng, 3) == 0 && from != to, sync = draw_sync(r);
	struct ledger_change change = {
		.count = move ? 2 : 1,
		.touched = {{(uint16_t)to, true}, {(uint16_t)from, false}},
	};
	char text[LEDGER_KEY_TEXT];

	if (run_is_read_only(r))
		return;
	if (ledger_now(r->ledger)->by[from] == 0) {
		copy_nothing(r, from);
		return;
	}
	uint32_t number = ledger_begin(r->ledger, &change);
	struct lsm_batch *batch = lsm_batch_new();
	int err = batch ? copy_value(r, batch, from, to, number) : -ENOMEM;

	if (!err && move)
		err = lsm_batch_delete(batch, ledger_key(from, text));
	if (!err)
		err = end_copy(batch);
	if (!err)
		err = write_batch(r, batch, sync);
	lsm_batch_free(batch);
	run_answer_change(r, err, sync);
}

static int copy_part(struct run *r, struct lsm_batch *batch, unsigned from, unsigned to,
		     uint32_t number)
{
	char from_text[LEDGER_KEY_TEXT], to_text[LEDGER_KEY_TEXT], meta[LEDGER_META_TEXT];
	uint8_t from_room[LEDGER_VALUE_MAX], to_room[LEDGER_VALUE_MAX];
	struct slice source = ledger_value_now(r->ledger, from, from_room);
	struct slice target = ledger_value_now(r->ledger, to, to_room);
	struct lsm_range_copy copy = {
		.from = ledger_key(from, from_text),
		.from_offset = source.len ? rng_below(&r->rng, source.len) : 0,
		.to = ledger_key(to, to_text),
		.to_meta = ledger_meta(to, number, meta),
	};
	struct lsm_patch place = {.size = target.len};

	copy.len = rng_below(&r->rng, source.len - copy.from_offset + 1);
	place_change(r, copy.len, &place);
	copy.to_offset = place.offset;
	copy.to_size = place.size;

	uint8_t *bytes = ledger_keep_value(r->ledger, to, target, copy.to_size);

	if (copy.len)
		memcpy(bytes + copy.to_offset, source.ptr + copy.from_offset, copy.len);
	return lsm_batch_copy_range(batch, r->db, &copy);
}

void op_copy_range(struct run *r)
{
	unsigned from = draw_key(r), to = draw_key(r);
	bool sync = draw_sync(r);
	struct ledger_change change = {.count = 1, .touched[0] = {(uint16_t)to, true}};

	if (run_is_read_only(r))
		return;
	if (ledger_now(r->ledger)->by[from] == 0) {
		copy_nothing(r, from);
		return;
	}
	uint32_t number = ledger_begin(r->ledger, &change);
	struct lsm_batch *batch = lsm_batch_new();
	int err = batch ? copy_part(r, batch, from, to, number) : -ENOMEM;

	if (!err)
		err = end_copy(batch);
	if (!err)
		err = write_batch(r, batch, sync);
	lsm_batch_free(batch);
	run_answer_change(r, err, sync);
}
