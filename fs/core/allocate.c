/*
 * fs_allocate: zeros without writing them.
 */
#include <errno.h>
#include <linux/falloc.h>

#include "fs/core/content.h"
#include "fs/core/node_lock.h"

/* What is asked for. */
struct allocation {
	uint64_t offset, end;
	bool zeros;      /* in the place of what is there */
	bool keeps_size; /* else the file reaches `end` */
};

static int understand(unsigned mode, uint64_t offset, uint64_t len, struct allocation *ret_wanted)
{
	struct allocation wanted = {
		.offset = offset,
		.keeps_size = (mode & FALLOC_FL_KEEP_SIZE) != 0,
		.zeros = (mode & ~(unsigned)FALLOC_FL_KEEP_SIZE) != 0,
	};

	if (len == 0 || __builtin_add_overflow(offset, len, &wanted.end))
		return -EINVAL;
	switch (mode) {
	case 0:
	case FALLOC_FL_KEEP_SIZE:
	case FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE:
	case FALLOC_FL_ZERO_RANGE:
	case FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE:
		*ret_wanted = wanted;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static int allocate_in_file(struct fs *fs, const struct fs_caller *caller,
			    const struct node_view *view, const struct allocation *wanted)
{
	cleanup_file_state struct file_state state = {0};
	int err = file_load(fs, view, &state);

	if (err)
		return err;
	if (!S_ISREG(state.attr.mode))
		return -ENODEV;
	if (wanted->end > fs->value_max)
		return -EFBIG;

	uint64_t old_size = state.attr.size;
	struct lsm_patch patch = {.size = old_size, .offset = min_of(wanted->offset, old_size)};

	if (!wanted->keeps_size)
		patch.size = max_of(old_size, wanted->end);
	if (wanted->zeros)
		patch.zeros = min_of(wanted->end, patch.size) - patch.offset;
	if (patch.size == old_size && patch.zeros == 0)
		return 0;
	return content_zero(fs, caller, view, &state, &patch);
}

static int allocate(struct fs *fs, const struct fs_caller *caller, uint64_t node,
		    const struct allocation *wanted)
{
	struct node_lock lock;
	int err = node_lock_change(fs, caller, node, &lock);

	if (err)
		return err;
	err = lock.view.key->name.folder ? -EISDIR
					 : allocate_in_file(fs, caller, &lock.view, wanted);
	node_unlock(fs, &lock);
	return err;
}

int fs_allocate(struct fs *fs, const struct fs_caller *caller, uint64_t node, unsigned mode,
		uint64_t offset, uint64_t len)
{
	struct allocation wanted;
	int err = understand(mode, offset, len, &wanted);

	return err ? err : faults_answer(&fs->faults, allocate(fs, caller, node, &wanted));
}
