#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "tests/mount/exerciser/operations.h"

enum {
	LENGTH_MAX = 300 << 10,
};

static bool is_mapped(const struct exercise *x, const struct model_node *node)
{
	for (int i = 0; i < EXERCISE_MAPPINGS; i++) {
		if (x->mappings[i].node == node)
			return true;
	}
	return false;
}

static void allocate_in_model(struct model_node *node, int mode, size_t offset, size_t len)
{
	size_t end = offset + len;

	if (!(mode & FALLOC_FL_KEEP_SIZE) && end > node->size)
		model_resize(node, end);
	end = min_of(end, node->size);
	if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE) && offset < end)
		memset(node->bytes + offset, 0, end - offset);
}

bool op_allocate(struct exercise *x)
{
	static const int modes[] = {
		0,
		FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_ZERO_RANGE,
		FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
	};
	struct exercise_handle *h = files_draw(x, false, true);
	int mode = modes[rng_below(&x->rng, array_size(modes))];

	if (!h)
		return !*x->trouble;
	size_t offset = rng_below(&x->rng, h->node->size + h->node->size / 4 + 1);
	size_t len = 1 + exercise_length(x) % LENGTH_MAX;

	if (offset + len > MODEL_FILE_MAX)
		return true;
	exercise_doing(x, "fallocate %s at %zu, %zu bytes, mode %#x", h->node->path, offset, len,
		       mode);
	int answer = exercise_answer(fallocate(h->fd, mode, (off_t)offset, (off_t)len));

	if (x->plain && answer == -EOPNOTSUPP)
		return true;
	if (!exercise_answers(x, answer, 0))
		return false;
	allocate_in_model(h->node, mode, offset, len);
	return true;
}

/* Nothing but zeros from there to there. */
static bool is_hole(struct exercise *x, const struct model_node *node, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		if (node->bytes[i] != 0)
			return exercise_trouble(x, "%s: data at %zu, in a hole to %zu", node->path,
						i, to);
	}
	return true;
}

/* Where data begins: the end of the file when there is none. */
static bool seek_data(struct exercise *x, const struct exercise_handle *h, size_t offset,
		      size_t *ret_data)
{
	off_t data = lseek(h->fd, (off_t)offset, SEEK_DATA);
	int answer = exercise_answer(data);

	if (answer != -ENXIO && !exercise_answers(x, answer, 0))
		return false;
	*ret_data = data < 0 ? h->node->size : (size_t)data;
	if (*ret_data < offset || *ret_data > h->node->size)
		return exercise_trouble(x, "%s: data at %zu", h->node->path, *ret_data);
	return is_hole(x, h->node, offset, *ret_data);
}

/*
 * The store may make data of a hole at any time, never the other way round. So if data begins at
 * the same place before and after the question for a hole, the three answers must agree.
 */
static bool seek_both(struct exercise *x, const struct exercise_handle *h, size_t offset)
{
	size_t before, after;

	if (!seek_data(x, h, offset, &before))
		return false;
	off_t hole = lseek(h->fd, (off_t)offset, SEEK_HOLE);

	if (!exercise_answers(x, exercise_answer(hole), 0) || !seek_data(x, h, offset, &after))
		return false;
	if ((size_t)hole < offset || (size_t)hole > h->node->size || after > before ||
	    (after == before && (before > offset) != ((size_t)hole == offset)))
		return exercise_trouble(x, "%s: a hole at %" PRId64 ", data at %zu, then at %zu",
					h->node->path, (int64_t)hole, before, after);
	return true;
}

bool op_seek(struct exercise *x)
{
	struct exercise_handle *h = files_draw(x, false, false);

	/* What is mapped may have changed without the daemon's knowing. */
	if (!h || h->node->size == 0 || is_mapped(x, h->node))
		return !*x->trouble;
	size_t offset = rng_below(&x->rng, h->node->size);

	exercise_doing(x, "seek data and hole of %s from %zu", h->node->path, offset);
	return seek_both(x, h, offset) &&
	       exercise_answers(x, exercise_answer(lseek(h->fd, (off_t)h->position, SEEK_SET)), 0);
}
