#include "fs/core/fs.h"

#include <errno.h>
#include <stdlib.h>

#include "fs/core/fs_internal.h"
#include "lsm/base/clock.h"
#include "lsm/base/error.h"

static int check_options(const struct fs_options *options)
{
	if (!path_separator_ok(options->separator))
		return fail(-EINVAL, "keys cannot be split on byte 0x%02x", options->separator);
	if (options->value_max > LSM_VALUE_MAX)
		return fail(-EINVAL, "values of %llu bytes are more than the store can have",
			    (unsigned long long)options->value_max);
	return 0;
}

int fs_build(const struct fs_options *options, struct fs **ret_fs)
{
	int err = check_options(options);

	if (err)
		return err;

	/* Stripes are aligned to cache lines. */
	struct fs *fs = aligned_alloc(_Alignof(struct fs), sizeof(*fs));

	if (!fs)
		return -ENOMEM;
	*fs = (struct fs){
		.db = options->db,
		.value_max = options->value_max,
		.rename_max_keys = options->rename_max_keys,
		.key_max = options->key_max ? options->key_max : (unsigned)LSM_KEY_MAX,
		.read = {.snapshot = options->snapshot},
		.defaults = {.uid = options->uid,
			     .gid = options->gid,
			     .file_mode = ATTR_FILE_MODE & ~options->umask,
			     .folder_mode = ATTR_FOLDER_MODE & ~options->umask,
			     .born_ns = (int64_t)clock_real_ns()},
		.separator = options->separator,
		.read_only = options->read_only,
	};
	err = absent_init(&fs->absent);
	if (!err)
		err = nodes_init(&fs->nodes);
	if (err) {
		absent_done(&fs->absent);
		free(fs);
		return err;
	}
	stripes_init(&fs->stripes, options->separator);
	hold_init(&fs->hold);
	*ret_fs = fs;
	return 0;
}

int fs_new(const struct fs_options *options, struct fs **ret_fs)
{
	struct fs *fs;
	int err = fs_build(options, &fs);

	if (err)
		return err;
	/* where nothing is written, nothing is held */
	err = options->read_only ? 0 : hold_timer_start(fs);
	if (err) {
		ignore_result(fs_free(fs)); /* nothing is held yet */
		return err;
	}
	*ret_fs = fs;
	return 0;
}

void fs_set_limits(struct fs *fs, const struct fs_limits *limits)
{
	atomic_store_explicit(&fs->value_max, limits->value_max, memory_order_relaxed);
	atomic_store_explicit(&fs->rename_max_keys, limits->rename_max_keys, memory_order_relaxed);
	atomic_store_explicit(&fs->key_max, limits->key_max, memory_order_relaxed);
}

int fs_free(struct fs *fs)
{
	if (!fs)
		return 0;
	hold_timer_stop(fs);

	int err = faults_answer(&fs->faults, hold_log_all(fs));

	hold_done(fs);
	nodes_done(&fs->nodes);
	stripes_done(&fs->stripes);
	absent_done(&fs->absent);
	free(fs);
	return err;
}

int fs_sync(struct fs *fs)
{
	if (fs->read_only)
		return 0;

	/* what cannot be logged keeps nothing else from the disk */
	int err = hold_log_all(fs);
	int sync_err = lsm_sync(fs->db);

	return faults_answer(&fs->faults, err ? err : sync_err);
}

int fs_freeze(struct fs *fs)
{
	stripes_lock_all(&fs->stripes);
	int err = hold_log_all_locked(fs);

	if (!err)
		lsm_freeze(fs->db);
	stripes_unlock_all(&fs->stripes);
	return faults_answer(&fs->faults, err);
}

int fs_statfs(struct fs *fs, struct statvfs *ret_space)
{
	struct lsm_space space;
	int err = lsm_space(fs->db, &space);

	if (err)
		return faults_answer(&fs->faults, err);

	unsigned long block = space.block_bytes ? space.block_bytes : ATTR_BLOCK_BYTES;

	*ret_space = (struct statvfs){
		.f_bsize = block,
		.f_frsize = block,
		.f_blocks = space.total_bytes / block,
		.f_bfree = space.free_bytes / block,
		.f_bavail = space.available_bytes / block,
		.f_files = space.total_files,
		.f_ffree = space.free_files,
		.f_favail = space.free_files,
		.f_namemax = PATH_NAME_MAX,
	};
	return 0;
}

void fs_stats_read(struct fs *fs, struct fs_stats *ret_stats)
{
	struct fs_stats stats = {0};

	nodes_stats(&fs->nodes, &stats);
	hold_stats(&fs->hold, &stats);
	*ret_stats = stats;
}
