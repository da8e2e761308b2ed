/*
 * Looking for bytes in the value that an iterator stands on, however long it is.
 */
#include <errno.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/lsm.h"

enum {
	PIECE_SIZE = 256 << 10, /* of a long value, looked at at a time */
};

_Static_assert(PIECE_SIZE > (int)LSM_KEY_MAX, "longer than any text");

/* A text that lies across the border of two pieces is in the second one, too, which begins so much
 * earlier. */
static int search_pieces(struct lsm_iter *it, struct slice text, uint8_t *piece, bool *ret_found)
{
	uint64_t offset = 0;
	bool found = false;
	size_t len;

	do {
		struct lsm_range range = {.offset = offset, .into = piece, .len = PIECE_SIZE};
		int err = lsm_iter_read(it, &range, &len);

		if (err)
			return err;
		found = slice_contains(slice_of(piece, len), text);
		offset += PIECE_SIZE - (text.len - 1);
	} while (!found && len == PIECE_SIZE);
	*ret_found = found;
	return 0;
}

int lsm_iter_value_contains(struct lsm_iter *it, struct slice text, bool *ret_found)
{
	uint64_t len = lsm_iter_record(it)->value_len;
	struct slice value;

	if (text.len > LSM_KEY_MAX)
		return fail(-EINVAL, "a text to look for has at most %d bytes", LSM_KEY_MAX);
	if (text.len == 0 || len < text.len) {
		*ret_found = text.len == 0;
		return 0;
	}
	if (len > PIECE_SIZE) {
		cleanup_free uint8_t *piece = malloc(PIECE_SIZE);

		return piece ? search_pieces(it, text, piece, ret_found) : -ENOMEM;
	}
	int err = lsm_iter_value(it, &value);

	if (!err)
		*ret_found = slice_contains(value, text);
	return err;
}
