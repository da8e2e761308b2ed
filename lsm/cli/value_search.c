#include "lsm/cli/value_search.h"

#include <assert.h>

#include "lsm/cli/value_output.h"

/* A text that lies across the border of two pieces is in the second one, too, which begins so much
 * earlier. */
static int search_pieces(struct lsm_iter *it, struct slice text, struct buf *piece, bool *ret_found)
{
	uint64_t offset = 0;
	size_t len;

	for (;;) {
		struct lsm_range range = {.offset = offset, .into = piece->ptr, .len = VALUE_PIECE};
		int rc = lsm_iter_read(it, &range, &len);

		if (rc)
			return rc;
		*ret_found = memmem(piece->ptr, len, text.ptr, text.len) != NULL;
		if (*ret_found || len < VALUE_PIECE)
			return 0;
		offset += VALUE_PIECE - (text.len - 1);
	}
}

int value_search(struct lsm_iter *it, struct slice text, bool *ret_found)
{
	cleanup_buf struct buf piece = {0};
	struct slice value;

	assert(text.len <= LSM_KEY_MAX);
	if (text.len == 0 || lsm_iter_record(it)->value_len < text.len) {
		*ret_found = text.len == 0;
		return 0;
	}
	if (lsm_iter_record(it)->value_len <= VALUE_PIECE) {
		int rc = lsm_iter_value(it, &value);

		if (!rc)
			*ret_found = memmem(value.ptr, value.len, text.ptr, text.len) != NULL;
		return rc;
	}
	int rc = buf_reserve(&piece, VALUE_PIECE);

	return rc ? rc : search_pieces(it, text, &piece, ret_found);
}
