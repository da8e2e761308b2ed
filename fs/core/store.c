#include "fs/core/store.h"

#include <errno.h>

#include "lsm/base/clock.h"

int store_check_writable(const struct fs *fs)
{
	return fs->read_only ? -EROFS : lsm_check_writable(fs->db);
}

int store_batch_put(struct fs *fs, struct lsm_batch *batch, struct slice key, struct slice value,
		    const struct attr *attr)
{
	struct meta_bytes meta;

	attr_pack(&fs->defaults, fs->separator, key, attr, &meta);
	return lsm_batch_put(batch, key, meta_slice(&meta), value);
}

int store_batch_patch(struct fs *fs, struct lsm_batch *batch, struct slice key,
		      const struct lsm_patch *patch, const struct attr *attr)
{
	struct meta_bytes meta;

	attr_pack(&fs->defaults, fs->separator, key, attr, &meta);
	return lsm_batch_patch(batch, key, meta_slice(&meta), patch);
}

int store_commit(struct fs *fs, const struct lsm_batch *batch, enum store_room room,
		 int64_t *ret_time_ns)
{
	struct lsm_write_options options = {.use_reserve = room == STORE_FREES};
	struct lsm_commit commit;

	if (lsm_batch_count(batch) == 0) {
		*ret_time_ns = (int64_t)clock_real_ns();
		return 0;
	}

	int err = lsm_write(fs->db, batch, &options, &commit);

	if (!err)
		*ret_time_ns = (int64_t)commit.time_ns;
	return err;
}

/* A batch of one change, which gave this answer. */
static int commit_one(struct fs *fs, const struct lsm_batch *batch, int err, enum store_room room,
		      struct attr *attr)
{
	int64_t time_ns;

	if (!err)
		err = store_commit(fs, batch, room, &time_ns);
	if (!err)
		attr_committed(attr, time_ns);
	return err;
}

int store_put(struct fs *fs, struct slice key, struct slice value, enum store_room room,
	      struct attr *attr)
{
	cleanup_batch struct lsm_batch *batch = lsm_batch_new();

	if (!batch)
		return -ENOMEM;
	return commit_one(fs, batch, store_batch_put(fs, batch, key, value, attr), room, attr);
}

int store_patch(struct fs *fs, struct slice key, const struct lsm_patch *patch,
		enum store_room room, struct attr *attr)
{
	cleanup_batch struct lsm_batch *batch = lsm_batch_new();

	if (!batch)
		return -ENOMEM;
	return commit_one(fs, batch, store_batch_patch(fs, batch, key, patch, attr), room, attr);
}
