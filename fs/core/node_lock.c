#include "fs/core/node_lock.h"

#include "fs/core/store.h"

void node_lock_view(struct fs *fs, struct node_view *view, struct node_lock *ret_lock)
{
	struct node_lock lock = {.view = *view};

	/* Between reading the name and taking its stripe a rename may give the node another. */
	for (;;) {
		stripe_set_add(&lock.stripes, stripe_of(&fs->stripes, &lock.view.key->name));
		stripes_lock(&fs->stripes, &lock.stripes);

		const struct node_key *locked_key = lock.view.key;

		(void)nodes_refresh(&fs->nodes, &lock.view); /* namelessness does not matter here */
		if (lock.view.key == locked_key)
			break;
		stripes_unlock(&fs->stripes, &lock.stripes);
		lock.stripes = (struct stripe_set){0};
	}
	*view = (struct node_view){0};
	*ret_lock = lock;
}

int node_lock_change(struct fs *fs, const struct fs_caller *caller, uint64_t id,
		     struct node_lock *ret_lock)
{
	struct node_view view;
	int err = store_check_writable(fs);

	if (!err)
		err = nodes_pin(&fs->nodes, id, &view);
	if (err)
		return err;
	err = hold_log_of(fs, caller->pid, view.key->name.bytes);
	if (err) {
		nodes_unpin(&fs->nodes, &view);
		return err;
	}
	node_lock_view(fs, &view, ret_lock);
	return 0;
}

void node_unlock(struct fs *fs, struct node_lock *lock)
{
	stripes_unlock(&fs->stripes, &lock->stripes);
	nodes_unpin(&fs->nodes, &lock->view);
}
