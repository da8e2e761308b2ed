#include "fs/virt/batch_import.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "fs/virt/batch_text.h"
#include "fs/virt/control_text.h"
#include "fs/virt/cut_write.h"
#include "lsm/base/error.h"

struct batch_import *batch_import_new(struct fs *fs, size_t line_max)
{
	struct batch_import *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->line_max = line_max;
	b->changes = fs_changes_new(fs);
	if (!b->changes) {
		free(b);
		return NULL;
	}
	return b;
}

void batch_import_free(struct batch_import *b)
{
	if (!b)
		return;
	fs_changes_free(b->changes);
	buf_done(&b->partial);
	buf_done(&b->memory);
	free(b);
}

/* What one text came to, so far. */
struct tally {
	uint64_t lines, puts, deletes;
};

static int take_line(struct batch_import *b, struct slice text, struct tally *tally)
{
	struct batch_line line;
	int rc = batch_line_parse(text, &b->memory, &line);

	tally->lines++;
	if (rc)
		return rc;
	switch (line.kind) {
	case BATCH_LINE_PUT:
		tally->puts++;
		return fs_changes_put(b->changes, line.key, line.value);
	case BATCH_LINE_DELETE:
		tally->deletes++;
		return fs_changes_delete(b->changes, line.key);
	case BATCH_LINE_NONE:
		break;
	}
	return 0;
}

/* The sentence, with the place in the text and what has been done before it. */
static int fail_at(const struct batch_import *b, const struct tally *tally, int rc)
{
	char why[ERROR_TEXT_MAX];

	(void)snprintf(why, sizeof(why), "%s", fail_text()[0] ? fail_text() : strerror(-rc));
	if (b->lines == 0)
		return fail(rc, "line %" PRIu64 ": %s", tally->lines, why);
	return fail(rc, "line %" PRIu64 ": %s; the first %" PRIu64 " lines are applied",
		    b->lines + tally->lines, why, b->lines);
}

static int take_lines(struct batch_import *b, struct slice text, struct tally *tally)
{
	struct slice line;
	int rc = 0;

	while (!rc && control_line_next(&text, &line)) {
		fail_clear();
		rc = take_line(b, line, tally);
	}
	return rc ? fail_at(b, tally, rc) : 0;
}

static int apply(struct batch_import *b, struct fs_stale *stale, const struct tally *tally,
		 size_t bytes)
{
	int rc = fs_changes_apply(b->changes, stale);

	if (rc)
		return rc;
	b->lines += tally->lines;
	b->puts += tally->puts;
	b->deletes += tally->deletes;
	b->bytes += bytes;
	return 0;
}

/* How much of the text is whole lines. */
static size_t whole_lines(struct slice text)
{
	const uint8_t *end = text.len > 0 ? memrchr(text.ptr, '\n', text.len) : NULL;

	return end ? (size_t)(end - text.ptr) + 1 : 0;
}

static int check_cut(const struct batch_import *b, uint64_t offset, struct slice piece,
		     size_t whole)
{
	size_t cut = piece.len - whole;
	size_t before = offset == b->next_offset ? b->part : 0;

	if (cut == 0)
		return 0;
	if (before + piece.len < BATCH_PIECE_MIN)
		return fail(-EINVAL, "the last line has no line feed");
	if (cut + (whole ? 0 : b->partial.len) > b->line_max)
		return fail(-E2BIG, "line %" PRIu64 ": longer than %zu bytes", b->lines + 1,
			    b->line_max);
	return 0;
}

/* The lines of partial + the piece up to `whole`, the last of which ends there. */
static int take_piece(struct batch_import *b, struct slice piece, size_t whole, struct tally *tally)
{
	struct slice rest = slice_of(piece.ptr, whole);
	size_t kept = b->partial.len;
	struct slice line;
	int rc = 0;

	if (kept > 0 && control_line_next(&rest, &line)) {
		rc = buf_append_slice(&b->partial, line);
		if (!rc)
			rc = take_lines(b, buf_slice(&b->partial), tally);
		b->partial.len = kept;
	}
	return rc ? rc : take_lines(b, rest, tally);
}

int batch_import_piece(struct batch_import *b, uint64_t offset, struct slice piece,
		       struct fs_stale *stale)
{
	size_t whole = whole_lines(piece);
	struct tally tally = {0};
	int rc = check_cut(b, offset, piece, whole);

	if (b->partial.len > 0 && offset != b->next_offset)
		return fail(-EINVAL, "line %" PRIu64 " was cut, and this does not follow on it",
			    b->lines + 1);
	/* so that nothing can fail once it is applied */
	if (!rc)
		rc = buf_reserve(&b->partial, piece.len);
	if (rc)
		return rc;
	fs_changes_clear(b->changes);
	if (whole > 0) {
		rc = take_piece(b, piece, whole, &tally);
		if (!rc)
			rc = apply(b, stale, &tally, b->partial.len + whole);
		if (rc)
			return rc;
		buf_clear(&b->partial);
	}
	buf_add(&b->partial, piece.ptr + whole, piece.len - whole);
	b->next_offset = offset + piece.len;
	b->part = cut_write_may_go_on(offset, piece.len) ? piece.len : 0;
	return 0;
}

int batch_import_whole(struct batch_import *b, struct slice text, struct fs_stale *stale)
{
	struct tally tally = {0};

	fs_changes_clear(b->changes);
	int rc = take_lines(b, text, &tally);

	return rc ? rc : apply(b, stale, &tally, text.len);
}
