/*
 * A write(2) of two requests. The kernel writes through its page cache, and what ends a page, or a
 * large folio, of which it does not have the beginning goes by itself (fuse_fill_write_pages in its
 * fs/fuse/file.c). So a write that begins within a page and crosses its end comes in two, and a
 * command or a line may be cut anywhere: the first part waits for the other one here. A part that
 * ends a line is none: nobody can tell it from a whole write.
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include "fs/virt/virt_folder.h"

struct cut_write {
	struct buf bytes; /* owned; empty: nothing waits */
	uint64_t offset;  /* of these */
	bool refused;     /* see cut_write_end */
};

/* Whether what stands there may be the first part of a cut write. */
bool cut_write_may_go_on(uint64_t offset, size_t len);

/*
 * Take the next write. *ret_whole is what it comes to with the part that waited, and lives until
 * cut_write_end; its bytes are empty while it is only such a part. -EINVAL: it does not follow on
 * what waits, or on a write that was refused. -ENOMEM; then nothing was taken.
 */
must_check int cut_write_take(struct cut_write *c, const struct virt_write *write,
			      struct virt_write *ret_whole);

/*
 * What cut_write_take answered has been done, or refused: with rc. The program was already told
 * that the first part of a cut write is written, and may go on with the rest of it, or with
 * something else: after a refused one nothing is taken any more.
 */
void cut_write_end(struct cut_write *c, int rc);

static inline void cut_write_done(struct cut_write *c)
{
	buf_done(&c->bytes);
}
