#include "lsm/cli/value_output.h"

#include <errno.h>

#include "lsm/base/error.h"

void value_output_done(struct value_output *v)
{
	buf_done(&v->piece);
}

void value_output_begin(struct value_output *v)
{
	v->done = 0;
}

int value_output_changed(void)
{
	return fail(-EBUSY, "a value was changed while it was written out");
}

int value_output_next(struct value_output *v, value_read read, void *arg, struct slice *ret_piece,
		      bool *ret_last)
{
	size_t len;
	uint64_t seqno;

	buf_clear(&v->piece);
	int rc = buf_reserve(&v->piece, VALUE_PIECE);

	if (rc)
		return rc;

	struct lsm_range range = {.offset = v->done, .into = v->piece.ptr, .len = VALUE_PIECE};

	rc = read(arg, &range, &len, &seqno);
	if (v->done > 0 && (rc == -ENOENT || (!rc && seqno != v->seqno)))
		rc = value_output_changed();
	if (rc)
		return rc;
	v->seqno = seqno;
	v->done += len;
	v->piece.len = len;
	*ret_piece = buf_slice(&v->piece);
	*ret_last = len < VALUE_PIECE;
	return 0;
}
