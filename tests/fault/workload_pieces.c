/*
 * The workload's reads of parts of values.
 */
#include <errno.h>
#include <string.h>

#include "lsm/base/error.h"
#include "tests/fault/workload_run.h"

enum {
	PIECES = 3, /* of one value */
	PIECE_MAX = 6000,
	BEHIND_MAX = 200, /* the end may one begin */
};

/* A part of the value that change `number` put into the key. */
struct piece {
	unsigned key;
	uint32_t number; /* 0: the key is absent */
	uint8_t into[PIECE_MAX];
	struct lsm_range range;
	struct slice wanted; /* in `room`, or the ledger's */
	uint8_t room[LEDGER_VALUE_MAX];
	size_t value_len;
};

static void draw_piece(struct run *r, struct piece *p)
{
	struct slice value = ledger_value(r->ledger, p->key, p->number, p->room);
	uint64_t offset = rng_below(&r->rng, value.len + BEHIND_MAX);
	size_t len = 1 + (size_t)rng_below(&r->rng, PIECE_MAX);

	p->range = (struct lsm_range){.offset = offset, .into = p->into, .len = len};
	p->value_len = value.len;
	p->wanted = slice_skip(value, min_of((size_t)offset, value.len));
	p->wanted.len = min_of(p->wanted.len, len);
}

static void check_piece(struct run *r, const char *what, const struct piece *p, size_t got)
{
	if (!slice_eq(slice_of(p->into, got), p->wanted))
		run_violate(r,
			    "%s: key %u by change %u: %zu bytes at %u of %zu, the first %zu of %zu "
			    "are right",
			    what, p->key, p->number, got, (unsigned)p->range.offset, p->value_len,
			    slice_common(slice_of(p->into, got), p->wanted), p->wanted.len);
}

/* By its key; at times with the record. */
static void read_piece(struct run *r, const char *what, const struct lsm_read_options *options,
		       struct piece *p)
{
	bool with_record = rng_below(&r->rng, 2) == 0;
	struct lsm_record record;
	char text[LEDGER_KEY_TEXT];
	struct slice key = ledger_key(p->key, text);
	size_t got = 0;

	draw_piece(r, p);
	if (rng_below(&r->rng, 4) == 0)
		lsm_read_ahead(r->db, key, p->range.offset, p->range.len);
	int err = lsm_read(r->db, key, options, &p->range, &got, with_record ? &record : NULL);

	if (err && (err != -ENOENT || p->number != 0)) {
		if (err == -ENOENT)
			run_violate(r, "%s: key %u by change %u is missing", what, p->key,
				    p->number);
		else
			run_judge_error(r, what, err, true);
		return;
	}
	if (err)
		return;
	if (p->number == 0)
		run_violate(r, "%s: key %u is there", what, p->key);
	else
		check_piece(r, what, p, got);
	if (with_record && record.value_len != p->value_len)
		run_violate(r, "%s: key %u by change %u: the record tells of another length", what,
			    p->key, p->number);
	if (with_record)
		lsm_record_release(&record);
}

static void read_pieces(struct run *r, const char *what, const struct lsm_read_options *options,
			const struct ledger_state *state)
{
	struct piece p = {.key = (unsigned)rng_below(&r->rng, LARGE_KEYS)};

	p.number = state->by[p.key];
	for (int i = 0; !r->ended && i < PIECES; i++)
		read_piece(r, what, options, &p);
}

void op_read(struct run *r)
{
	if (!r->ledger->doubtful)
		read_pieces(r, "read", NULL, ledger_now(r->ledger));
}

void op_read_snapshot(struct run *r)
{
	struct lsm_read_options options = {.snapshot = r->snapshot};

	if (r->snapshot)
		read_pieces(r, "read from a snapshot", &options, &r->at_snapshot);
}

static void iter_read_pieces(struct run *r, struct lsm_iter *it, struct piece *p)
{
	for (int i = 0; !r->ended && i < PIECES; i++) {
		size_t got = 0;

		draw_piece(r, p);
		int err = lsm_iter_read(it, &p->range, &got);

		if (err)
			run_judge_error(r, "read from an iterator", err, true);
		else
			check_piece(r, "read from an iterator", p, got);
	}
}

void op_iter_read(struct run *r)
{
	struct lsm_read_options options = {.snapshot = r->snapshot};
	const struct ledger_state *state = r->snapshot ? &r->at_snapshot : ledger_now(r->ledger);
	struct piece p = {.key = (unsigned)rng_below(&r->rng, LARGE_KEYS)};
	char text[LEDGER_KEY_TEXT];
	struct slice key = ledger_key(p.key, text);
	struct lsm_iter *it;

	p.number = state->by[p.key];
	if (p.number == 0 || (!r->snapshot && r->ledger->doubtful))
		return;
	int err = lsm_iter_new(r->db, &options, &it);

	if (err) {
		run_judge_error(r, "iterator", err, true);
		return;
	}
	lsm_iter_seek(it, key);
	if (lsm_iter_valid(it) && slice_eq(lsm_iter_record(it)->key, key))
		iter_read_pieces(r, it, &p);
	else if (lsm_iter_valid(it) || !lsm_iter_status(it))
		run_violate(r, "iterator: key %u by change %u is missing", p.key, p.number);
	else
		run_judge_error(r, "iterator", lsm_iter_status(it), true);
	lsm_iter_free(it);
}
