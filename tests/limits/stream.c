#include "tests/limits/stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/base/compiler.h"
#include "lsm/base/rng.h"
#include "tests/support/tap.h"

struct stream stream_new(uint64_t pieces)
{
	struct stream s = {.pieces = pieces};

	s.generations = calloc(pieces, 1);
	s.wanted = malloc(STREAM_PIECE);
	s.got = malloc(STREAM_PIECE);
	if (!s.generations || !s.wanted || !s.got) {
		fprintf(stderr, "out of memory\n");
		exit(2);
	}
	return s;
}

void stream_free(struct stream *s)
{
	free(s->generations);
	free(s->wanted);
	free(s->got);
}

static void make_piece(struct stream *s, uint64_t piece)
{
	struct rng rng;

	rng_seed(&rng, piece << 8 | s->generations[piece]);
	rng_fill(&rng, s->wanted, STREAM_PIECE);
}

static bool complain(const char *what, uint64_t piece, int err)
{
	tap_note("%s of piece %" PRIu64 ": %d (%s)", what, piece, err, lsm_error_text());
	return false;
}

static bool write_part(struct stream *s, struct lsm *db, const char *key, uint64_t size,
		       uint64_t piece, size_t from, size_t len)
{
	const struct lsm_patch patch = {
		.size = size,
		.offset = piece * STREAM_PIECE + from,
		.bytes = slice_of(s->wanted + from, len),
	};
	int err = lsm_write_patch(db, slice_str(key), &patch, NULL);

	return !err || complain("write", piece, err);
}

bool stream_write(struct stream *s, struct lsm *db, const char *key)
{
	for (uint64_t i = 0; i < s->pieces; i++) {
		make_piece(s, i);
		if (!write_part(s, db, key, (i + 1) * STREAM_PIECE, i, 0, STREAM_PIECE))
			return false;
	}
	return true;
}

bool stream_rewrite(struct stream *s, struct lsm *db, const char *key, uint64_t piece, size_t step)
{
	s->generations[piece]++;
	make_piece(s, piece);
	for (size_t at = 0; at < STREAM_PIECE; at += step)
		if (!write_part(s, db, key, s->pieces * STREAM_PIECE, piece, at,
				min_of(step, STREAM_PIECE - at)))
			return false;
	return true;
}

static bool check_piece(struct stream *s, uint64_t piece, int err, size_t len)
{
	if (err || len != STREAM_PIECE)
		return complain("read", piece, err);
	make_piece(s, piece);
	return memcmp(s->got, s->wanted, STREAM_PIECE) == 0 || complain("content", piece, 0);
}

bool stream_check(struct stream *s, struct lsm *db, const char *key, bool by_iterator)
{
	struct lsm_iter *it = NULL;
	bool good = true;
	int err = by_iterator ? lsm_iter_new(db, NULL, &it) : 0;

	if (err)
		return complain("iterator", 0, err);
	if (by_iterator) {
		lsm_iter_seek(it, slice_str(key));
		good = lsm_iter_valid(it) &&
		       lsm_iter_record(it)->value_len == s->pieces * STREAM_PIECE;
		if (!good)
			(void)complain("seek", 0, lsm_iter_status(it));
	}
	for (uint64_t i = 0; good && i < s->pieces; i++) {
		const struct lsm_range range = {
			.offset = i * STREAM_PIECE, .into = s->got, .len = STREAM_PIECE};
		size_t len = 0;

		err = by_iterator ? lsm_iter_read(it, &range, &len)
				  : lsm_read(db, slice_str(key), NULL, &range, &len, NULL);
		good = check_piece(s, i, err, len);
	}
	lsm_iter_free(it);
	return good;
}
