#include "lsm/cli/value_output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

/* A value that can be read until a call fails. */
struct value {
	uint8_t *bytes;
	size_t len;
	uint64_t seqno;
	int calls_left;
	int error; /* of the call then */
};

static struct value value_new(size_t len)
{
	struct value v = {malloc(len + 1), len, 7, 1000, 0};

	ck_assert_ptr_nonnull(v.bytes);
	for (size_t i = 0; i < len; i++)
		v.bytes[i] = (uint8_t)(i * 31 / 7);
	return v;
}

static int read_value(void *arg, const struct lsm_range *range, size_t *ret_len,
		      uint64_t *ret_seqno)
{
	struct value *v = arg;
	size_t offset = min_of((size_t)range->offset, v->len);

	if (v->calls_left-- == 0)
		return v->error;
	*ret_len = min_of(range->len, v->len - offset);
	memcpy(range->into, v->bytes + offset, *ret_len);
	*ret_seqno = v->seqno;
	return 0;
}

/* To the end, or to the first failure. */
static int take_all(struct value_output *out, struct value *v, struct buf *taken)
{
	bool last = false;
	int rc = 0;

	while (!rc && !last) {
		struct slice piece;

		rc = value_output_next(out, read_value, v, &piece, &last);
		if (!rc)
			ck_assert_int_eq(buf_append_slice(taken, piece), 0);
	}
	return rc;
}

static void check_taken(const struct buf *taken, const struct value *v)
{
	ck_assert_uint_eq(taken->len, v->len);
	ck_assert(slice_eq(buf_slice(taken), slice_of(v->bytes, v->len)));
}

START_TEST(pieces_make_the_whole)
{
	static const size_t sizes[] = {
		0, 1, VALUE_PIECE - 1, VALUE_PIECE, VALUE_PIECE + 1, 3 * VALUE_PIECE};
	struct value_output out = {0};

	for (size_t i = 0; i < array_size(sizes); i++) {
		struct value v = value_new(sizes[i]);
		struct buf taken = {0};

		value_output_begin(&out);
		ck_assert_int_eq(take_all(&out, &v, &taken), 0);
		check_taken(&taken, &v);
		buf_done(&taken);
		free(v.bytes);
	}
	value_output_done(&out);
}
END_TEST

START_TEST(it_goes_on_where_it_stopped)
{
	struct value v = value_new(3 * VALUE_PIECE + 5);
	struct value_output out = {0};
	struct buf taken = {0};

	for (int calls = 0; calls < 3; calls++) {
		v.calls_left = 1;
		v.error = -ESTALE;
		ck_assert_int_eq(take_all(&out, &v, &taken), -ESTALE);
		ck_assert_uint_eq(taken.len, (size_t)(calls + 1) * VALUE_PIECE);
	}
	v.calls_left = 1;
	ck_assert_int_eq(take_all(&out, &v, &taken), 0);
	check_taken(&taken, &v);
	buf_done(&taken);
	value_output_done(&out);
	free(v.bytes);
}
END_TEST

START_TEST(two_values_are_never_mixed)
{
	struct value v = value_new(2 * VALUE_PIECE);
	struct value_output out = {0};
	struct buf taken = {0};

	v.calls_left = 0;
	v.error = -ENOENT;
	ck_assert_int_eq(take_all(&out, &v, &taken), -ENOENT); /* nothing is out yet */
	v.calls_left = 1;
	v.error = -ESTALE;
	ck_assert_int_eq(take_all(&out, &v, &taken), -ESTALE);
	v.calls_left = 0;
	v.error = -ENOENT;
	ck_assert_int_eq(take_all(&out, &v, &taken), -EBUSY);
	v.calls_left = 1;
	v.seqno = 8;
	ck_assert_int_eq(take_all(&out, &v, &taken), -EBUSY);
	ck_assert_uint_eq(taken.len, VALUE_PIECE);
	buf_done(&taken);
	value_output_done(&out);
	free(v.bytes);
}
END_TEST

static const TTest *const *const tests[] = {
	&pieces_make_the_whole,
	&it_goes_on_where_it_stopped,
	&two_values_are_never_mixed,
};

UNIT_SUITE("lsm/cli/value_output", tests)
