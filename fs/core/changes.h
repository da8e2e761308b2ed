/*
 * Changes of many keys at once that do not come through the kernel, as a batch file's do: one batch
 * of the store, all or nothing, after which every node that the kernel knows tells the truth again.
 *
 * Keys are bytes; a put makes a file with the attributes that the key's record has, else the
 * default ones. A folder that loses its last key is gone: unlike unlink, this leaves no record for
 * it.
 *
 * Thread rule: a fs_changes belongs to one thread at a time.
 */
#pragma once

#include "fs/core/fs.h"
#include "fs/core/stale.h"

struct fs_changes;

/* NULL: out of memory. */
struct fs_changes *fs_changes_new(struct fs *fs);
void fs_changes_free(struct fs_changes *c);
void fs_changes_clear(struct fs_changes *c);
uint64_t fs_changes_count(const struct fs_changes *c);

/* As lsm_batch_put and lsm_batch_delete; the bytes are copied. -EFBIG: over value_max. */
must_check int fs_changes_put(struct fs_changes *c, struct slice key, struct slice value);
must_check int fs_changes_delete(struct fs_changes *c, struct slice key);

/*
 * Apply them; what the kernel is to forget then is added to *stale, also when the answer is
 * -ENOMEM though all is applied. Any other error: nothing is.
 */
must_check int fs_changes_apply(struct fs_changes *c, struct fs_stale *stale);
